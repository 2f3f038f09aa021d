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
    at_image scaled;
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

float at_face_iou(const at_face *a, const at_face *b)
{
    const float w = fminf(a->x + a->w, b->x + b->w) - fmaxf(a->x, b->x);
    const float h = fminf(a->y + a->h, b->y + b->h) - fmaxf(a->y, b->y);
    const float both = w > 0 && h > 0 ? w * h : 0;
    const float all = a->w * a->h + b->w * b->h - both;
    return all > 0 ? both / all : 0;
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

/* The input (h, w, 3) in BGR from a picture that fills its top left; the rest is black. */
static void fill_input(const at_image *im, int h, int w, float *x)
{
    memset(x, 0, (size_t)h * (size_t)w * 3 * sizeof *x);
    for (int y = 0; y < im->h; y++) {
        const uint8_t *in = at_image_at(im, 0, y);
        float *out = x + (ptrdiff_t)y * w * 3;
        for (int i = 0; i < im->w; i++, in += 3, out += 3) {
            out[0] = in[2];
            out[1] = in[1];
            out[2] = in[0];
        }
    }
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

/* Faces in part r of p, in pixels of that part. */
static int run(at_detector *d, const attune_picture *p, at_rect r, int side, at_face *out, int max)
{
    const float *head[AT_DETECT_LEVELS];
    size_t n = 0;

    int status = scale_down(d, p, &r, side);
    const int h = (d->scaled.h + 31) / 32 * 32, w = (d->scaled.w + 31) / 32 * 32;
    if (status == ATTUNE_OK)
        status = reserve(d, h, w);
    if (status != ATTUNE_OK)
        return status;
    fill_input(&d->scaled, h, w, d->input);
    if ((status = at_detect_net_run(d->net, d->input, h, w, head)) != ATTUNE_OK)
        return status;
    for (int k = 0; k < AT_DETECT_LEVELS; k++)
        n += decode(head[k], h >> (3 + k), w >> (3 + k), 8 << k, d->o.threshold, d->candidate + n);
    const int kept = suppress(d->candidate, n, d->o.iou, out, max);
    for (int i = 0; i < kept; i++)
        to_source(&out[i], (float)r.w / (float)d->scaled.w, (float)r.h / (float)d->scaled.h, 0, 0);
    return kept;
}

int at_detector_search(at_detector *d, const attune_picture *p, at_face *out, int max)
{
    at_rect whole = {0};

    at_picture_size(p, &whole.w, &whole.h);
    return run(d, p, whole, d->o.side, out, max);
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
    const float reach = fmaxf(last->w, last->h); /* each way from the centre */
    const float cx = last->x + 0.5F * last->w, cy = last->y + 0.5F * last->h;

    if (!(fabsf(cx) < 1e6F && fabsf(cy) < 1e6F && reach > 0 && reach < 1e6F))
        return ATTUNE_E_ARG;
    at_rect r = {(int)floorf(cx - reach), (int)floorf(cy - reach), (int)(2 * reach) + 1,
                 (int)(2 * reach) + 1};
    int w, h;
    at_picture_size(p, &w, &h);
    if (!at_rect_cut(&r, w, h))
        return 0;
    const int n = run(d, p, r, d->o.side_near, out, max);
    for (int i = 0; i < n; i++)
        to_source(&out[i], 1, 1, (float)r.x, (float)r.y);
    return n;
}
