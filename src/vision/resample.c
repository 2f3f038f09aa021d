/* resample.c - resize by a separable triangle filter, and affine warps with bilinear sampling. */
#include "vision/image.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

/* ---- resize ------------------------------------------------------------------------------ */

/* Output i of one axis is sum_k weight[i*most + k] * input[first[i] + k], k < taps[i]; the weights
 * after those are zero. */
typedef struct axis {
    int most, widest; /* room for weights of an output, at least 2; the largest of taps */
    int *first, *taps;
    float *weight;
} axis;

static void axis_free(axis *a)
{
    at_free(a->first);
    at_free(a->taps);
    at_free(a->weight);
}

/* out outputs over [start, start + length) of in inputs. */
static int axis_make(axis *a, double start, double length, int in, int out)
{
    const double scale = length / out, reach = scale > 1 ? scale : 1;

    *a = (axis){.most = (int)ceil(2 * reach) + 2};
    a->first = at_alloc((size_t)out, sizeof *a->first);
    a->taps = at_alloc((size_t)out, sizeof *a->taps);
    a->weight = at_calloc((size_t)out * (size_t)a->most, sizeof *a->weight);
    if (!a->first || !a->taps || !a->weight)
        return ATTUNE_E_NOMEM;
    for (int i = 0; i < out; i++) {
        const double centre = start + (i + 0.5) * scale;
        int from = (int)floor(centre - reach), to = (int)ceil(centre + reach), n = 0;
        float *weight = a->weight + (size_t)i * (size_t)a->most;
        double sum = 0;

        from = from < 0 ? 0 : from;
        to = to > in ? in : to;
        a->first[i] = -1;
        for (int k = from; k < to; k++) {
            const double w = 1 - fabs(k + 0.5 - centre) / reach;
            if (w <= 0)
                continue;
            if (a->first[i] < 0)
                a->first[i] = k;
            weight[n++] = (float)w;
            sum += w;
        }
        a->taps[i] = n;
        a->widest = n > a->widest ? n : a->widest;
        for (int k = 0; k < n; k++)
            weight[k] = (float)(weight[k] / sum);
    }
    return ATTUNE_OK;
}

/* row (+)= the weighted samples of one or two rows, added one after the other. */
static void blend_row(float *restrict row, size_t n, int first, const float weight[2],
                      const uint8_t *restrict a, const uint8_t *restrict b)
{
    const float wa = weight[0], wb = b ? weight[1] : 0;

    if (first && b)
        for (size_t i = 0; i < n; i++)
            row[i] = wa * (float)a[i] + wb * (float)b[i];
    else if (first)
        for (size_t i = 0; i < n; i++)
            row[i] = wa * (float)a[i];
    else if (b)
        for (size_t i = 0; i < n; i++)
            row[i] = row[i] + wa * (float)a[i] + wb * (float)b[i];
    else
        for (size_t i = 0; i < n; i++)
            row[i] += wa * (float)a[i];
}

/* Two rows a turn, since what costs here is reading and writing the sum. */
static void blend_rows(const at_image *src, const axis *ay, int oy, float *row)
{
    const size_t n = (size_t)src->w * (size_t)src->channels;
    const float *weight = ay->weight + (size_t)oy * (size_t)ay->most;
    const int taps = ay->taps[oy];

    for (int k = 0; k < taps; k += 2) {
        const int y = ay->first[oy] + k;
        blend_row(row, n, k == 0, weight + k, at_image_at(src, 0, y),
                  k + 1 < taps ? at_image_at(src, 0, y + 1) : NULL);
    }
}

static uint8_t to_byte(float v) /* v >= 0, half a unit added; weights sum to 1 up to rounding */
{
    return v >= 255 ? 255 : (uint8_t)v;
}

/* Of one channel with the same number of taps everywhere: a loop that the compiler can unroll. */
static inline void blend_grey(const float *row, const axis *ax, int w, int taps, uint8_t *out)
{
    for (int ox = 0; ox < w; ox++) {
        const float *in = row + ax->first[ox];
        const float *weight = ax->weight + (size_t)ox * (size_t)ax->most;
        float sum = 0.5F;
        for (int k = 0; k < taps; k++)
            sum += weight[k] * in[k];
        out[ox] = to_byte(sum);
    }
}

static void blend_colours(const float *row, const axis *ax, int w, int channels, uint8_t *out)
{
    for (int ox = 0; ox < w; ox++) {
        const float *in = row + (ptrdiff_t)ax->first[ox] * channels;
        const float *weight = ax->weight + (size_t)ox * (size_t)ax->most;
        float sum[4] = {0.5F, 0.5F, 0.5F, 0.5F};

        if (channels == 3) {
            for (int k = 0; k < ax->taps[ox]; k++, in += 3) {
                sum[0] += weight[k] * in[0];
                sum[1] += weight[k] * in[1];
                sum[2] += weight[k] * in[2];
            }
        } else {
            for (int k = 0; k < ax->taps[ox]; k++, in += channels)
                for (int c = 0; c < channels; c++)
                    sum[c] += weight[k] * in[c];
        }
        for (int c = 0; c < channels; c++)
            *out++ = to_byte(sum[c]);
    }
}

/* row ends in ax->most zeros: taps that an output lacks weigh nothing and read on from its end. */
static void blend_columns(const float *row, const axis *ax, int w, int channels, uint8_t *out)
{
    if (channels > 1)
        blend_colours(row, ax, w, channels, out);
    else if (ax->widest <= 2)
        blend_grey(row, ax, w, 2, out);
    else if (ax->widest == 3)
        blend_grey(row, ax, w, 3, out);
    else if (ax->widest == 4)
        blend_grey(row, ax, w, 4, out);
    else
        blend_grey(row, ax, w, ax->widest, out);
}

int at_image_resize(at_image *dst, const at_image *src, int w, int h)
{
    const at_window whole = {0, 0, src->w, src->h};

    return at_image_resample(dst, src, &whole, w, h);
}

int at_image_resample(at_image *dst, const at_image *src, const at_window *from, int w, int h)
{
    axis ax = {0}, ay = {0};
    float *row = NULL;

    int status = at_image_reserve(dst, w, h, src->channels);
    if (status != ATTUNE_OK)
        return status;
    if (w == src->w && h == src->h && from->w == w && from->h == h) /* the whole as it is */
        return at_image_copy(dst, src);
    status = axis_make(&ax, from->x, from->w, src->w, w);
    if (status == ATTUNE_OK)
        status = axis_make(&ay, from->y, from->h, src->h, h);
    if (status == ATTUNE_OK) {
        row = at_calloc((size_t)(src->w + ax.most) * (size_t)src->channels, sizeof *row);
        status = row ? ATTUNE_OK : ATTUNE_E_NOMEM;
    }
    for (int oy = 0; status == ATTUNE_OK && oy < h; oy++) {
        blend_rows(src, &ay, oy, row);
        blend_columns(row, &ax, w, src->channels, at_image_at(dst, 0, oy));
    }
    at_free(row);
    axis_free(&ax);
    axis_free(&ay);
    return status;
}

/* ---- warp -------------------------------------------------------------------------------- */

static int invert(const float m[6], float inv[6])
{
    const double det = (double)m[0] * m[4] - (double)m[1] * m[3];

    for (int i = 0; i < 6; i++)
        if (!isfinite(m[i]))
            return 0;
    if (fabs(det) < 1e-12)
        return 0;
    inv[0] = (float)(m[4] / det);
    inv[1] = (float)(-m[1] / det);
    inv[3] = (float)(-m[3] / det);
    inv[4] = (float)(m[0] / det);
    inv[2] = (float)(((double)m[1] * m[5] - (double)m[4] * m[2]) / det);
    inv[5] = (float)(((double)m[3] * m[2] - (double)m[0] * m[5]) / det);
    return 1;
}

/* The pixel nearest to (x, y). */
static const uint8_t *pixel(const at_image *im, int x, int y)
{
    x = x < 0 ? 0 : x >= im->w ? im->w - 1 : x;
    y = y < 0 ? 0 : y >= im->h ? im->h - 1 : y;
    return at_image_at(im, x, y);
}

/* More than a pixel outside nothing changes any more, and conversions stay in range. Plain
 * comparisons: fminf and floorf are calls on the processors that builds are made for. */
static float near_range(float v, int side)
{
    return v > (float)side + 1 ? (float)side + 1 : v >= -2 ? v : -2;
}

/* The 2 x 2 samples of channels bytes around a place fx, fy from the first. */
static inline void mix(const uint8_t *const p[4], float fx, float fy, int channels, uint8_t *out)
{
    const float weight[4] = {(1 - fx) * (1 - fy), fx * (1 - fy), (1 - fx) * fy, fx * fy};

    for (int c = 0; c < channels; c++) {
        const float v = 0.5F + weight[0] * (float)p[0][c] + weight[1] * (float)p[1][c] +
                        weight[2] * (float)p[2][c] + weight[3] * (float)p[3][c];
        out[c] = v >= 255 ? 255 : (uint8_t)v;
    }
}

/* floor, of what is in range. */
static inline int to_left(float v)
{
    return (int)(v + 2) - 2;
}

static void sample(const at_image *im, float x, float y, uint8_t *out)
{
    const float cx = near_range(x, im->w), cy = near_range(y, im->h);
    const int ix = to_left(cx), iy = to_left(cy);
    const uint8_t *p[4];

    for (int k = 0; k < 4; k++)
        p[k] = pixel(im, ix + (k & 1), iy + (k >> 1));
    mix(p, cx - (float)ix, cy - (float)iy, im->channels, out);
}

/* Output y, x < w, of a warp whose inverse is inv. */
typedef struct line {
    float inv[6], y;
    int w;
} line;

/* The source's place of output x. */
static inline void place(const line *l, int x, float *px, float *py)
{
    *px = l->inv[0] * (float)x + l->inv[1] * l->y + l->inv[2];
    *py = l->inv[3] * (float)x + l->inv[4] * l->y + l->inv[5];
}

static int has_square(const at_image *im, const line *l, int x)
{
    float px, py;

    place(l, x, &px, &py);
    return px >= 0 && py >= 0 && px < (float)(im->w - 1) && py < (float)(im->h - 1);
}

/* A line that is inside at both ends is so between: no sample needs to be looked at. */
static inline void sample_inside(const at_image *im, const line *l, int channels, uint8_t *out)
{
    for (int x = 0; x < l->w; x++, out += channels) {
        float cx, cy;
        place(l, x, &cx, &cy);
        const int ix = to_left(cx), iy = to_left(cy);
        const uint8_t *first = im->data + (ptrdiff_t)iy * im->stride + (ptrdiff_t)ix * channels;
        const uint8_t *const p[4] = {first, first + channels, first + im->stride,
                                     first + im->stride + channels};
        mix(p, cx - (float)ix, cy - (float)iy, channels, out);
    }
}

static void sample_line(const at_image *im, const line *l, uint8_t *out)
{
    const int inside = has_square(im, l, 0) && has_square(im, l, l->w - 1);

    if (inside && im->channels == 1)
        sample_inside(im, l, 1, out);
    else if (inside && im->channels == 3)
        sample_inside(im, l, 3, out);
    else
        for (int x = 0; x < l->w; x++, out += im->channels) {
            float px, py;
            place(l, x, &px, &py);
            sample(im, px, py, out);
        }
}

/* What of src the w x h output can see, with a margin of some pixels; never empty. Takes m along
 * to the view's coordinates. */
static at_image visible(const at_image *src, float m[6], const float inv[6], int w, int h,
                        int margin)
{
    float lo[2] = {1e9F, 1e9F}, hi[2] = {-1e9F, -1e9F};

    for (int k = 0; k < 4; k++) {
        const float u = k & 1 ? (float)w : 0, v = k & 2 ? (float)h : 0;
        for (int i = 0; i < 2; i++) {
            const float p = inv[3 * i] * u + inv[3 * i + 1] * v + inv[3 * i + 2];
            lo[i] = fminf(lo[i], p - (float)margin);
            hi[i] = fmaxf(hi[i], p + (float)margin);
        }
    }
    const float x0 = fminf(fmaxf(lo[0], 0), (float)src->w - 1);
    const float y0 = fminf(fmaxf(lo[1], 0), (float)src->h - 1);
    const float x1 = fminf(fmaxf(hi[0], x0), (float)src->w - 1);
    const float y1 = fminf(fmaxf(hi[1], y0), (float)src->h - 1);
    m[2] += m[0] * floorf(x0) + m[1] * floorf(y0);
    m[5] += m[3] * floorf(x0) + m[4] * floorf(y0);
    return at_image_view(src, (int)x0, (int)y0, (int)x1 - (int)x0 + 1, (int)y1 - (int)y0 + 1);
}

int at_image_warp(at_image *dst, const at_image *src, const float m[6], int w, int h)
{
    at_image small[2] = {{0}, {0}}, view;
    line l = {.w = w};
    float f[6], inv[6];
    int status;

    memcpy(f, m, sizeof f);
    if (src->w < 1 || src->h < 1 || !invert(f, inv))
        return ATTUNE_E_ARG;
    if ((status = at_image_reserve(dst, w, h, src->channels)) != ATTUNE_OK)
        return status;

    double scale = sqrt(fabs((double)f[0] * f[4] - (double)f[1] * f[3]));
    view = *src;
    if (scale < 0.5)
        view = visible(src, f, inv, w, h, (int)fmin(4 / scale, AT_IMAGE_MAX_SIDE));
    for (int k = 0; scale < 0.5 && view.w > 1 && view.h > 1; k ^= 1, scale *= 2) {
        if ((status = at_image_halve(&small[k], &view)) != ATTUNE_OK)
            goto done;
        view = small[k];
        /* pixel x of the half picture has its centre at 2x + 1/2 of the whole */
        f[2] += 0.5F * (f[0] + f[1]);
        f[5] += 0.5F * (f[3] + f[4]);
        f[0] *= 2;
        f[1] *= 2;
        f[3] *= 2;
        f[4] *= 2;
    }
    if (!invert(f, inv)) {
        status = ATTUNE_E_ARG;
        goto done;
    }
    memcpy(l.inv, inv, sizeof l.inv);
    for (int y = 0; y < h; y++) {
        l.y = (float)y;
        sample_line(&view, &l, at_image_at(dst, 0, y));
    }
done:
    at_image_free(&small[0]);
    at_image_free(&small[1]);
    return status;
}
