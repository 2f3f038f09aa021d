/* detect.c - from a picture to faces: scaling, the network, decoding, suppression. */
#include "vision/detect.h"

#include "base/error.h"
#include "base/mem.h"
#include "vision/detect_net.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE_MIN = 32, SIDE_MAX = 4096 };
#define VOTE_IOU 0.6F /* two cells that overlap more mean the same face */

struct at_detector {
    at_detect_net *net;
    at_detect_options o;
    at_picture_work work;
    at_image scaled; /* the part of the picture that was looked at last */
    at_rect part;
    float least;  /* score of what is looked for in it */
    float *input; /* (h, w, 3) */
    at_face *candidate;
    size_t input_floats, candidates;
};

float at_face_size(const at_face *f)
{
    const float(*p)[2] = f->landmark;
    const float dx = 0.5F * (p[3][0] + p[4][0] - p[0][0] - p[1][0]);
    const float dy = 0.5F * (p[3][1] + p[4][1] - p[0][1] - p[1][1]);
    return hypotf(dx, dy);
}

int at_face_quarters(const at_face *f)
{
    const float(*p)[2] = f->landmark;
    const float down = p[3][1] + p[4][1] - p[0][1] - p[1][1]; /* from the eyes to the mouth */
    const float right = p[3][0] + p[4][0] - p[0][0] - p[1][0];

    if (fabsf(down) >= fabsf(right))
        return down >= 0 ? 0 : 2;
    return right < 0 ? 1 : 3;
}

int at_face_surroundings(const at_face *f, float reach, at_rect *out)
{
    const float cx = f->x + 0.5F * f->w, cy = f->y + 0.5F * f->h;
    const float half = reach * fmaxf(f->w, f->h);

    if (!(fabsf(cx) < 1e6F && fabsf(cy) < 1e6F && half > 0 && half < 1e6F))
        return ATTUNE_E_ARG;
    *out = (at_rect){(int)floorf(cx - half), (int)floorf(cy - half), (int)(2 * half) + 1,
                     (int)(2 * half) + 1};
    return ATTUNE_OK;
}

float at_face_iou(const at_face *a, const at_face *b)
{
    const float w = fminf(a->x + a->w, b->x + b->w) - fmaxf(a->x, b->x);
    const float h = fminf(a->y + a->h, b->y + b->h) - fmaxf(a->y, b->y);
    const float both = w > 0 && h > 0 ? w * h : 0;
    const float all = a->w * a->h + b->w * b->h - both;
    return all > 0 ? both / all : 0;
}

void at_face_keep(at_keep *k, at_face *f)
{
    float *const place[] = {&f->x, &f->y, &f->w, &f->h};

    for (size_t i = 0; i < sizeof place / sizeof *place; i++)
        at_keep_places(k, place[i], 1);
    at_keep_floats(k, &f->score, 1);
    at_keep_places(k, f->landmark[0], AT_LANDMARKS * 2);
}

/* ---- life -------------------------------------------------------------------------------- */

static int whole_side(int side, int fallback)
{
    side = side > 0 ? side : fallback;
    side = side < SIDE_MIN ? SIDE_MIN : side > SIDE_MAX ? SIDE_MAX : side;
    return (side + 31) / 32 * 32;
}

int at_detector_create(at_detector **out, const at_weight_source *src, at_pool *pool,
                       const at_kernels *kn, const at_detect_options *o, attune_error *err)
{
    at_detector *d = at_calloc(1, sizeof *d);

    *out = NULL;
    if (!d)
        return at_fail_nomem(err);
    if (o)
        d->o = *o;
    d->o.side = whole_side(d->o.side, 320);
    d->o.side_near = whole_side(d->o.side_near, 192);
    d->o.threshold = d->o.threshold > 0 ? d->o.threshold : 0.7F;
    d->o.iou = d->o.iou > 0 ? d->o.iou : 0.4F;
    const int status = at_detect_net_create(&d->net, src, pool, kn, err);
    if (status != ATTUNE_OK)
        at_detector_free(&d);
    *out = d;
    return status;
}

void at_detector_free(at_detector **d)
{
    if (!d || !*d)
        return;
    at_detect_net_free(&(*d)->net);
    at_picture_work_free(&(*d)->work);
    at_image_free(&(*d)->scaled);
    at_free((*d)->input);
    at_free((*d)->candidate);
    at_free(*d);
    *d = NULL;
}

int at_detector_heads(at_detector *d, const float *x, int h, int w,
                      const float *head[AT_DETECT_LEVELS])
{
    return at_detect_net_run(d->net, x, h, w, head);
}

/* ---- decoding ---------------------------------------------------------------------------- */

static float sigmoid(float x)
{
    return 1 / (1 + expf(-x));
}

static int all_finite(const at_face *f)
{
    float sum = f->x + f->y + f->w + f->h + f->score;
    for (int i = 0; i < AT_LANDMARKS; i++)
        sum += f->landmark[i][0] + f->landmark[i][1];
    return isfinite(sum);
}

/* Cells of one level whose score is high enough, in the network's pixels; returns their number. */
static size_t decode(const float *head, int rows, int cols, int stride, float threshold,
                     at_face *out)
{
    const float s = (float)stride;
    /* neither probability may be below threshold^2: most cells go without an exponential */
    const float least = threshold < 1 ? logf(threshold * threshold / (1 - threshold * threshold))
                                      : INFINITY;
    size_t n = 0;

    for (int i = 0; i < rows; i++) {
        for (int j = 0; j < cols; j++, head += AT_DETECT_CHANNELS) {
            if (!(head[0] >= least && head[5] >= least))
                continue;
            at_face *f = &out[n];
            f->score = sqrtf(sigmoid(head[0]) * sigmoid(head[5]));
            if (f->score < threshold)
                continue;
            f->w = expf(head[3]) * s;
            f->h = expf(head[4]) * s;
            f->x = ((float)j + head[1]) * s - 0.5F * f->w;
            f->y = ((float)i + head[2]) * s - 0.5F * f->h;
            for (int k = 0; k < AT_LANDMARKS; k++) {
                f->landmark[k][0] = ((float)j + head[6 + 2 * k]) * s;
                f->landmark[k][1] = ((float)i + head[7 + 2 * k]) * s;
            }
            n += (size_t)all_finite(f);
        }
    }
    return n;
}

/* By falling score; ties by place, so that sorting is the same everywhere. */
static int by_score(const void *a, const void *b)
{
    const at_face *f = a, *g = b;
    if (f->score != g->score)
        return f->score > g->score ? -1 : 1;
    if (f->x != g->x)
        return f->x < g->x ? -1 : 1;
    return f->y < g->y ? -1 : f->y > g->y;
}

/* Cells that see the same face each have an opinion of it; their mean, weighted by score, is
 * steadier than the best cell's (box voting, Gidaris & Komodakis 2015): on real clips landmarks
 * jitter half as much, and move a third less when the picture is blurred, noisy or dark. */
static at_face vote(const at_face *f, size_t n, const at_face *best)
{
    enum { NUMBERS = 4 + 2 * AT_LANDMARKS };
    float sum[NUMBERS] = {0}, weight = 0;
    at_face mean = *best;

    for (size_t i = 0; i < n; i++) {
        if (at_face_iou(&f[i], best) < VOTE_IOU)
            continue;
        const float v[4] = {f[i].x, f[i].y, f[i].w, f[i].h};
        for (int k = 0; k < 4; k++)
            sum[k] += f[i].score * v[k];
        for (int k = 0; k < 2 * AT_LANDMARKS; k++)
            sum[4 + k] += f[i].score * f[i].landmark[k / 2][k % 2];
        weight += f[i].score;
    }
    mean.x = sum[0] / weight;
    mean.y = sum[1] / weight;
    mean.w = sum[2] / weight;
    mean.h = sum[3] / weight;
    for (int k = 0; k < 2 * AT_LANDMARKS; k++)
        mean.landmark[k / 2][k % 2] = sum[4 + k] / weight;
    return mean;
}

static int suppress(at_face *f, size_t n, float iou, at_face *out, int max)
{
    int kept = 0;

    qsort(f, n, sizeof *f, by_score);
    for (size_t i = 0; i < n && kept < max; i++) {
        int covered = 0;
        for (int k = 0; k < kept && !covered; k++)
            covered = at_face_iou(&f[i], &out[k]) > iou;
        if (!covered)
            out[kept++] = f[i];
    }
    for (int k = 0; k < kept; k++)
        out[k] = vote(f, n, &out[k]);
    return kept;
}

/* ---- pictures ---------------------------------------------------------------------------- */

static int reserve(at_detector *d, int h, int w)
{
    const size_t floats = (size_t)h * (size_t)w * 3;
    const size_t cells = (size_t)h * (size_t)w / 64 * 21 / 16; /* 1 + 1/4 + 1/16 of stride 8's */

    if (d->input_floats < floats) {
        at_free(d->input);
        d->input_floats = 0;
        d->input = at_alloc(floats, sizeof *d->input);
        if (!d->input)
            return ATTUNE_E_NOMEM;
        d->input_floats = floats;
    }
    if (d->candidates < cells) {
        at_free(d->candidate);
        d->candidates = 0;
        d->candidate = at_alloc(cells, sizeof *d->candidate);
        if (!d->candidate)
            return ATTUNE_E_NOMEM;
        d->candidates = cells;
    }
    return ATTUNE_OK;
}

/* How the network's pixel (x, y) lies in the scaled picture: at origin + x * right + y * down. */
typedef struct frame {
    int origin[2], right[2], down[2];
    int w, h; /* as the network sees it */
} frame;

static frame turned_frame(const at_image *im, int quarters)
{
    const int w = im->w, h = im->h;

    switch (quarters & 3) {
    case 1: return (frame){{w - 1, 0}, {0, 1}, {-1, 0}, h, w};
    case 2: return (frame){{w - 1, h - 1}, {-1, 0}, {0, -1}, w, h};
    case 3: return (frame){{0, h - 1}, {0, -1}, {1, 0}, h, w};
    default: return (frame){{0, 0}, {1, 0}, {0, 1}, w, h};
    }
}

/* The input (h, w, 3) in BGR from a picture that fills its top left; the rest is black. */
static void fill_input(const at_image *im, const frame *f, int h, int w, float *x)
{
    const ptrdiff_t step = f->right[0] * 3 + f->right[1] * im->stride;

    memset(x, 0, (size_t)h * (size_t)w * 3 * sizeof *x);
    for (int y = 0; y < f->h; y++) {
        const uint8_t *in =
            at_image_at(im, f->origin[0] + y * f->down[0], f->origin[1] + y * f->down[1]);
        float *out = x + (ptrdiff_t)y * w * 3;
        for (int i = 0; i < f->w; i++, in += step, out += 3) {
            out[0] = in[2];
            out[1] = in[1];
            out[2] = in[0];
        }
    }
}

static void point_to_scaled(const frame *f, float *x, float *y)
{
    const float u = *x, v = *y;

    *x = (float)f->origin[0] + u * (float)f->right[0] + v * (float)f->down[0];
    *y = (float)f->origin[1] + u * (float)f->right[1] + v * (float)f->down[1];
}

/* From the network's pixels to the scaled picture's. */
static void to_scaled(at_face *f, const frame *t)
{
    float cx = f->x + 0.5F * f->w, cy = f->y + 0.5F * f->h;

    if (t->right[0] == 1)
        return; /* the same pixels, and the same bits */
    point_to_scaled(t, &cx, &cy);
    if (t->right[0] == 0) {
        const float w = f->w;
        f->w = f->h;
        f->h = w;
    }
    f->x = cx - 0.5F * f->w;
    f->y = cy - 0.5F * f->h;
    for (int i = 0; i < AT_LANDMARKS; i++)
        point_to_scaled(t, &f->landmark[i][0], &f->landmark[i][1]);
}

/* d->scaled = part r of p with its longer side at side (or twice its own, whichever is less). */
static int scale_down(at_detector *d, const attune_picture *p, const at_rect *r, int side)
{
    const int longer = r->w > r->h ? r->w : r->h;
    const int target = side < 2 * longer ? side : 2 * longer;
    const int w = (int)(((int64_t)r->w * target + longer / 2) / longer);
    const int h = (int)(((int64_t)r->h * target + longer / 2) / longer);

    return at_picture_part(&d->scaled, &d->work, p, r, w < 1 ? 1 : w, h < 1 ? 1 : h);
}

/* From the network's pixels to the source's: centres of pixels fall on centres. */
static void to_source(at_face *f, float sx, float sy, float dx, float dy)
{
    f->x = (f->x + 0.5F) * sx - 0.5F + dx;
    f->y = (f->y + 0.5F) * sy - 0.5F + dy;
    f->w *= sx;
    f->h *= sy;
    for (int i = 0; i < AT_LANDMARKS; i++) {
        f->landmark[i][0] = (f->landmark[i][0] + 0.5F) * sx - 0.5F + dx;
        f->landmark[i][1] = (f->landmark[i][1] + 0.5F) * sy - 0.5F + dy;
    }
}

int at_detector_turn(at_detector *d, int quarters, at_face *out, int max)
{
    const frame t = turned_frame(&d->scaled, quarters);
    const int h = (t.h + 31) / 32 * 32, w = (t.w + 31) / 32 * 32;
    const float *head[AT_DETECT_LEVELS];
    const at_rect *r = &d->part;
    size_t n = 0;

    if (r->w < 1)
        return 0;
    int status = reserve(d, h, w);
    if (status != ATTUNE_OK)
        return status;
    fill_input(&d->scaled, &t, h, w, d->input);
    if ((status = at_detect_net_run(d->net, d->input, h, w, head)) != ATTUNE_OK)
        return status;
    for (int k = 0; k < AT_DETECT_LEVELS; k++)
        n += decode(head[k], h >> (3 + k), w >> (3 + k), 8 << k, d->least, d->candidate + n);
    const int kept = suppress(d->candidate, n, d->o.iou, out, max);
    for (int i = 0; i < kept; i++) {
        to_scaled(&out[i], &t);
        to_source(&out[i], (float)r->w / (float)d->scaled.w, (float)r->h / (float)d->scaled.h,
                  (float)r->x, (float)r->y);
    }
    return kept;
}

int at_detector_look(at_detector *d, const attune_picture *p, const at_look *look, at_face *out,
                     int max)
{
    at_rect r = look->part;
    int picture_w, picture_h;

    d->part = (at_rect){0};
    d->least = look->threshold > 0 ? look->threshold : d->o.threshold;
    at_picture_size(p, &picture_w, &picture_h);
    if (!at_rect_cut(&r, picture_w, picture_h))
        return 0;
    const int status = scale_down(d, p, &r, look->side);
    if (status != ATTUNE_OK)
        return status;
    d->part = r;
    return at_detector_turn(d, look->quarters, out, max);
}

int at_detector_search(at_detector *d, const attune_picture *p, at_face *out, int max)
{
    at_look whole = {.side = d->o.side};

    at_picture_size(p, &whole.part.w, &whole.part.h);
    return at_detector_look(d, p, &whole, out, max);
}

int at_detector_run(at_detector *d, const at_image *rgb, at_face *out, int max)
{
    const attune_picture p = at_picture_of(rgb);

    if (rgb->channels != 3 || at_picture_check(&p) != ATTUNE_OK)
        return ATTUNE_E_ARG;
    return at_detector_search(d, &p, out, max);
}

int at_detector_search_near(at_detector *d, const attune_picture *p, const at_face *last,
                            at_face *out, int max)
{
    at_look near = {.side = d->o.side_near, .quarters = at_face_quarters(last)};
    const int status = at_face_surroundings(last, 1, &near.part);

    return status < 0 ? status : at_detector_look(d, p, &near, out, max);
}
