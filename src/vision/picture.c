/* picture.c - planes as they lie, resampled one by one, then put together as upright RGB. */
#include "vision/picture.h"

#include "base/upright.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- formats ------------------------------------------------------------------------------- */

/* A plane's channels, and how many pixels across and down one of its samples stands for. */
typedef struct layout {
    int planes;
    struct {
        int channels, across, down;
    } plane[3];
} layout;

static const layout layouts[ATTUNE_FORMATS] = {
    [ATTUNE_RGB] = {1, {{3, 1, 1}}},
    [ATTUNE_BGR] = {1, {{3, 1, 1}}},
    [ATTUNE_RGBA] = {1, {{4, 1, 1}}},
    [ATTUNE_BGRA] = {1, {{4, 1, 1}}},
    [ATTUNE_GREY] = {1, {{1, 1, 1}}},
    [ATTUNE_NV12] = {2, {{1, 1, 1}, {2, 2, 2}}},
    [ATTUNE_I420] = {3, {{1, 1, 1}, {1, 2, 2}, {1, 2, 2}}},
    [ATTUNE_I422] = {3, {{1, 1, 1}, {1, 2, 1}, {1, 2, 1}}},
    [ATTUNE_I444] = {3, {{1, 1, 1}, {1, 1, 1}, {1, 1, 1}}},
};

static int samples(int pixels, int each)
{
    return (pixels + each - 1) / each;
}

static at_image plane_of(const attune_picture *p, int i)
{
    const layout *l = &layouts[p->format];

    return at_image_borrow(p->plane[i], samples(p->w, l->plane[i].across),
                           samples(p->h, l->plane[i].down), l->plane[i].channels, p->stride[i]);
}

static int outside(int v, int lo, int hi)
{
    return v < lo || v > hi;
}

static const char *plane_fault(const at_image *plane)
{
    const ptrdiff_t row = (ptrdiff_t)plane->w * plane->channels;
    const ptrdiff_t most = PTRDIFF_MAX / AT_IMAGE_MAX_SIDE;

    if (!plane->data)
        return "a plane is missing";
    if (plane->stride < row && plane->stride > -row)
        return "a stride is shorter than its row";
    return plane->stride > most || plane->stride < -most ? "a stride is out of range" : NULL;
}

const char *at_picture_fault(const attune_picture *p)
{
    const char *fault = NULL;

    if (!p)
        return "there is none";
    if (outside((int)p->format, 0, ATTUNE_FORMATS - 1))
        return "its format is unknown";
    if (outside((int)p->matrix, 0, ATTUNE_MATRICES - 1))
        return "its matrix is unknown";
    if (outside((int)p->range, 0, ATTUNE_RANGE_FULL))
        return "its range is unknown";
    if (outside(p->orientation, 0, 8))
        return "its orientation is not from 0 to 8";
    if (p->aspect_num < 0 || p->aspect_den < 0)
        return "its pixel aspect is negative";
    if (outside(p->w, 1, AT_IMAGE_MAX_SIDE) || outside(p->h, 1, AT_IMAGE_MAX_SIDE))
        return "its sides are not from 1 to 16384 pixels";
    for (int i = 0; i < layouts[p->format].planes && !fault; i++) {
        const at_image plane = plane_of(p, i);
        fault = plane_fault(&plane);
    }
    return fault;
}

int at_picture_check(const attune_picture *p)
{
    return at_picture_fault(p) ? ATTUNE_E_ARG : ATTUNE_OK;
}

void at_picture_size(const attune_picture *p, int *w, int *h)
{
    at_upright_size(p->w, p->h, p->orientation, p->aspect_num, p->aspect_den, w, h);
}

attune_picture at_picture_of(const at_image *im)
{
    return (attune_picture){.format = im->channels == 1 ? ATTUNE_GREY : ATTUNE_RGB,
                            .w = im->w,
                            .h = im->h,
                            .plane = {im->data},
                            .stride = {im->stride}};
}

/* RGB rows as we have them: nothing to put together. */
static int is_plain(const attune_picture *p)
{
    int w, h;

    at_picture_size(p, &w, &h);
    return p->format == ATTUNE_RGB && p->orientation <= 1 && w == p->w && h == p->h;
}

void at_picture_work_free(at_picture_work *work)
{
    for (int i = 0; i < 3; i++)
        at_image_free(&work->plane[i]);
    at_image_free(&work->half[0]);
    at_image_free(&work->half[1]);
    at_image_free(&work->rgb);
}

/* ---- colour -------------------------------------------------------------------------------- */

/* R = (y Y + rv V) etc. in 1/65536, with Y, U and V counted from their zero. */
typedef struct colour {
    int y, zero, rv, gu, gv, bu;
} colour;

/* ITU-R BT.601-7, BT.709-6 and BT.2020-2: luma is kr R + kg G + kb B; chroma is the difference of B
 * and R from it, scaled to the range. */
static colour colour_of(const attune_picture *p)
{
    static const struct {
        double kr, kb;
    } matrices[ATTUNE_MATRICES] = {{0.299, 0.114}, {0.2126, 0.0722}, {0.2627, 0.0593}};
    const double kr = matrices[p->matrix].kr, kb = matrices[p->matrix].kb, kg = 1 - kr - kb;
    const int usual_full = p->format == ATTUNE_GREY && p->range == ATTUNE_RANGE_USUAL;
    const int full = usual_full || p->range == ATTUNE_RANGE_FULL;
    const double unit = 65536 * (full ? 1 : 255.0 / 219), chroma = 65536 * (full ? 1 : 255.0 / 224);

    return (colour){.y = (int)lround(unit),
                    .zero = full ? 0 : 16,
                    .rv = (int)lround(chroma * 2 * (1 - kr)),
                    .gu = (int)lround(-chroma * 2 * (1 - kb) * kb / kg),
                    .gv = (int)lround(-chroma * 2 * (1 - kr) * kr / kg),
                    .bu = (int)lround(chroma * 2 * (1 - kb))};
}

static uint8_t clip(int v)
{
    v >>= 16;
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

/* step: bytes from one sample of u or v to the next */
static void yuv_row(const colour *c, int n, const uint8_t *y, const uint8_t *u, const uint8_t *v,
                    int step, uint8_t *rgb)
{
    for (int i = 0; i < n; i++, u += step, v += step, rgb += 3) {
        const int luma = (y[i] - c->zero) * c->y + 32768, cu = *u - 128, cv = *v - 128;
        rgb[0] = clip(luma + c->rv * cv);
        rgb[1] = clip(luma + c->gu * cu + c->gv * cv);
        rgb[2] = clip(luma + c->bu * cu);
    }
}

static void grey_row(const colour *c, int n, const uint8_t *y, uint8_t *rgb)
{
    for (int i = 0; i < n; i++, rgb += 3)
        rgb[0] = rgb[1] = rgb[2] = clip((y[i] - c->zero) * c->y + 32768);
}

/* Bytes red, green and blue of each pixel of size bytes. */
static void pick_row(int n, const uint8_t *in, int size, int red, int blue, uint8_t *rgb)
{
    for (int i = 0; i < n; i++, in += size, rgb += 3) {
        rgb[0] = in[red];
        rgb[1] = in[1];
        rgb[2] = in[blue];
    }
}

/* rgb (n) from row y of the planes, which are all as wide. */
static void rgb_row(attune_format format, const colour *c, const at_picture_work *work, int y,
                    uint8_t *rgb)
{
    const at_image *plane = work->plane;
    const int n = plane[0].w;
    const uint8_t *first = at_image_at(&plane[0], 0, y);

    switch (format) {
    case ATTUNE_BGR: pick_row(n, first, 3, 2, 0, rgb); break;
    case ATTUNE_RGBA: pick_row(n, first, 4, 0, 2, rgb); break;
    case ATTUNE_BGRA: pick_row(n, first, 4, 2, 0, rgb); break;
    case ATTUNE_GREY: grey_row(c, n, first, rgb); break;
    case ATTUNE_NV12: {
        const uint8_t *uv = at_image_at(&plane[1], 0, y);
        yuv_row(c, n, first, uv, uv + 1, 2, rgb);
        break;
    }
    case ATTUNE_I420:
    case ATTUNE_I422:
    case ATTUNE_I444:
        yuv_row(c, n, first, at_image_at(&plane[1], 0, y), at_image_at(&plane[2], 0, y), 1, rgb);
        break;
    case ATTUNE_RGB:
    default: memcpy(rgb, first, (size_t)n * 3); break;
    }
}

/* dst = work->plane as RGB, turned upright. */
static int put_together(at_image *dst, at_picture_work *work, const attune_picture *p)
{
    const at_turn turn = at_turn_of(p->orientation);
    const int w = work->plane[0].w, h = work->plane[0].h;
    const colour c = colour_of(p);
    int status = at_image_reserve(dst, turn.transpose ? h : w, turn.transpose ? w : h, 3);

    if (status == ATTUNE_OK)
        status = at_image_reserve(&work->rgb, w, 1, 3);
    for (int v = 0; status == ATTUNE_OK && v < h; v++) {
        const int place = turn.flip_v ? h - 1 - v : v;
        uint8_t *out = turn.transpose ? at_image_at(dst, place, 0) : at_image_at(dst, 0, place);
        ptrdiff_t step = turn.transpose ? dst->stride : 3;
        if (p->orientation <= 1) {
            rgb_row(p->format, &c, work, v, out);
            continue;
        }
        rgb_row(p->format, &c, work, v, work->rgb.data);
        if (turn.flip_u) {
            out += (w - 1) * step;
            step = -step;
        }
        for (int u = 0; u < w; u++)
            memcpy(out + u * step, work->rgb.data + 3 * u, 3);
    }
    return status;
}

/* ---- parts --------------------------------------------------------------------------------- */

/* Where [at, at + length) of an upright side lies on the stored one. */
static void to_stored(double at, double length, int upright, int stored, int flip, double *from,
                      double *extent)
{
    const double scale = (double)stored / upright;

    *from = flip ? fmax(stored - (at + length) * scale, 0)
                 : at * scale; /* but for rounding none is less */
    *extent = length * scale;
}

static at_window stored_window(const attune_picture *p, const at_rect *r)
{
    const at_turn t = at_turn_of(p->orientation);
    at_window s;
    int w, h;

    at_picture_size(p, &w, &h);
    if (t.transpose) {
        to_stored(r->y, r->h, h, p->w, t.flip_u, &s.x, &s.w);
        to_stored(r->x, r->w, w, p->h, t.flip_v, &s.y, &s.h);
    } else {
        to_stored(r->x, r->w, w, p->w, t.flip_u, &s.x, &s.w);
        to_stored(r->y, r->h, h, p->h, t.flip_v, &s.y, &s.h);
    }
    return s;
}

/* dst = window s of plane as w x h: halved while far too large, then filtered. */
static int shrink(at_image *dst, at_image half[2], const at_image *plane, at_window s, int w, int h)
{
    const int x = (int)floor(s.x), y = (int)floor(s.y);
    at_image from = at_image_view(plane, x, y, (int)ceil(s.x + s.w) - x, (int)ceil(s.y + s.h) - y);

    s.x -= x;
    s.y -= y;
    for (int k = 0; from.w >= 4 * w && from.h >= 4 * h; k ^= 1) {
        const int status = at_image_halve(&half[k], &from);
        if (status != ATTUNE_OK)
            return status;
        from = half[k];
        s = (at_window){s.x / 2, s.y / 2, s.w / 2, s.h / 2};
    }
    return at_image_resample(dst, &from, &s, w, h);
}

int at_rect_cut(at_rect *r, int w, int h)
{
    const int64_t right = (int64_t)r->x + r->w, below = (int64_t)r->y + r->h;

    r->x = r->x < 0 ? 0 : r->x;
    r->y = r->y < 0 ? 0 : r->y;
    r->w = (int)((right < w ? right : w) - r->x);
    r->h = (int)((below < h ? below : h) - r->y);
    return r->w > 0 && r->h > 0;
}

int at_picture_part(at_image *dst, at_picture_work *work, const attune_picture *p, const at_rect *r,
                    int w, int h)
{
    const int transpose = at_turn_of(p->orientation).transpose;
    const int plain = is_plain(p);
    const layout *l = &layouts[p->format];
    int full_w, full_h, status = ATTUNE_OK;

    at_picture_size(p, &full_w, &full_h);
    at_rect inside = *r;
    if (w < 1 || h < 1 || !at_rect_cut(&inside, full_w, full_h) ||
        memcmp(&inside, r, sizeof inside) != 0)
        return ATTUNE_E_ARG;
    const at_window s = stored_window(p, r);
    for (int i = 0; i < l->planes && status == ATTUNE_OK; i++) {
        const double across = l->plane[i].across, down = l->plane[i].down;
        const at_image plane = plane_of(p, i);
        const at_window part = {s.x / across, s.y / down, s.w / across, s.h / down};
        status = shrink(plain ? dst : &work->plane[i], work->half, &plane, part, transpose ? h : w,
                        transpose ? w : h);
    }
    return status != ATTUNE_OK || plain ? status : put_together(dst, work, p);
}

int at_picture_whole(at_image *dst, at_picture_work *work, const attune_picture *p)
{
    at_rect all = {0};

    at_picture_size(p, &all.w, &all.h);
    return at_picture_part(dst, work, p, &all, all.w, all.h);
}

/* ---- warps --------------------------------------------------------------------------------- */

/* s: from the centres of a plane's samples to the upright picture's. */
static void plane_to_upright(const attune_picture *p, int across, int down, double s[6])
{
    const at_turn t = at_turn_of(p->orientation);
    int w, h;

    at_picture_size(p, &w, &h);
    /* upright = scale * (across * (u + 1/2) or, flipped, the side less that) - 1/2 */
    const double su = (double)(t.transpose ? h : w) / p->w * (t.flip_u ? -1 : 1);
    const double sv = (double)(t.transpose ? w : h) / p->h * (t.flip_v ? -1 : 1);
    const double u = su * across, v = sv * down;
    const double u0 = (t.flip_u ? -su * p->w : 0) + 0.5 * u - 0.5;
    const double v0 = (t.flip_v ? -sv * p->h : 0) + 0.5 * v - 0.5;
    const double straight[6] = {u, 0, u0, 0, v, v0}, crossed[6] = {0, v, v0, u, 0, u0};

    memcpy(s, t.transpose ? crossed : straight, sizeof straight);
}

/* m := m s */
static void compose(const float m[6], const double s[6], float out[6])
{
    for (int i = 0; i < 6; i += 3) {
        out[i] = (float)(m[i] * s[0] + m[i + 1] * s[3]);
        out[i + 1] = (float)(m[i] * s[1] + m[i + 1] * s[4]);
        out[i + 2] = (float)(m[i] * s[2] + m[i + 1] * s[5] + m[i + 2]);
    }
}

/* Turned, mirrored and stretched by the same warp that cuts the part out, so that what comes of it
 * is upright. */
int at_picture_warp(at_image *dst, at_picture_work *work, const attune_picture *p, const float m[6],
                    int w, int h)
{
    const int plain = is_plain(p);
    const layout *l = &layouts[p->format];
    attune_picture upright = *p;
    int status = ATTUNE_OK;

    for (int i = 0; i < l->planes && status == ATTUNE_OK; i++) {
        const at_image plane = plane_of(p, i);
        double s[6];
        float own[6];
        plane_to_upright(p, l->plane[i].across, l->plane[i].down, s);
        compose(m, s, own);
        status = at_image_warp(plain ? dst : &work->plane[i], &plane, own, w, h);
    }
    upright.orientation = 1;
    return status != ATTUNE_OK || plain ? status : put_together(dst, work, &upright);
}
