#include "vision/detect_q8.h"

#include "base/error.h"
#include "base/mem.h"
#include "kernels/q8_unit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct unit {
    at_q8_layer point, depthwise; /* zeros: there is no such unit */
} unit;

struct at_detect_q8 {
    at_pool *pool;
    const at_q8_kernels *kn;
    at_arena arena; /* weights */
    at_q8_layer stem;
    unit unit[AT_DETECT_UNITS];

    int h, w; /* that the buffers are for */
    at_arena work;
    uint8_t *canvas; /* the picture with a margin of a pixel above and to the left */
    uint8_t *a, *b;  /* features on their way, in turn */
    uint8_t *feature[AT_DETECT_LEVELS];
    float *head[AT_DETECT_LEVELS];
    uint8_t *workspace;
};

/* ---- loading ------------------------------------------------------------------------------------- */

typedef struct loader {
    at_detect_q8 *n;
    const at_weight_source *src;
    float stem, wide[AT_DETECT_UNITS], out[AT_DETECT_UNITS]; /* ranges */
    int status;
} loader;

static int find(const loader *l, const char *name, const char *part, at_weight *w)
{
    char full[128];

    snprintf(full, sizeof full, "detector.%s.%s", name, part);
    return l->src->find(l->src->user, full, w);
}

/* The ranges, if the source has them. */
static int read_ranges(loader *l)
{
    at_weight stem, wide, out;

    if (!find(l, "range", "stem", &stem) || !find(l, "range", "wide", &wide) ||
        !find(l, "range", "out", &out) || stem.count != 1 || wide.count != AT_DETECT_UNITS ||
        out.count != AT_DETECT_UNITS)
        return 0;
    l->stem = stem.data[0];
    memcpy(l->wide, wide.data, sizeof l->wide);
    memcpy(l->out, out.data, sizeof l->out);
    return 1;
}

/* What a unit reads, by its range: nothing else is known of how units follow each other. */
static void load_unit(loader *l, int index, float in_range, float out_range)
{
    const char *name = at_detect_unit_names[index];
    const at_q8_code in = at_q8_code_of_activation(in_range);
    const at_q8_code wide = at_q8_code_of_map(l->wide[index]);
    const at_q8_code out = at_q8_code_of_activation(out_range);
    unit *u = &l->n->unit[index];
    at_weight point, point_bias, dw, dw_bias;

    if (l->status || !find(l, name, "conv1.weight", &point))
        return;
    find(l, name, "conv1.bias", &point_bias);
    find(l, name, "conv2.weight", &dw);
    find(l, name, "conv2.bias", &dw_bias);
    l->status = at_q8_make_dense(&u->point, &l->n->arena, 1, point.dim[0], point.dim[1], point.data,
                                 point_bias.data, &in, &wide);
    if (!l->status)
        l->status = at_q8_make_depthwise(&u->depthwise, &l->n->arena, dw.dim[1], dw.data,
                                         dw_bias.data, &wide, index < AT_UNIT_HEAD ? &out : NULL);
}

static void load(loader *l)
{
    static const at_q8_code picture = {1, 0};
    const at_q8_code stem_out = at_q8_code_of_activation(l->stem);
    float range = l->stem;
    at_weight stem, bias;

    find(l, AT_DETECT_STEM, "weight", &stem);
    find(l, AT_DETECT_STEM, "bias", &bias);
    l->status = at_q8_make_dense(&l->n->stem, &l->n->arena, 3, 9, stem.dim[1], stem.data, bias.data,
                                 &picture, &stem_out);
    for (int i = 0; i < AT_UNIT_NECK; i++) {
        load_unit(l, i, range, l->out[i]);
        range = l->out[i];
    }
    for (int k = 0; k < AT_DETECT_LEVELS; k++) {
        const int shared = AT_UNIT_SHARE + k, neck = AT_UNIT_NECK + k;
        range = k > 0 ? l->out[at_detect_feature(k - 1)] : l->out[neck];
        load_unit(l, neck, l->out[at_detect_feature(k)], range);
        load_unit(l, shared, range, l->out[shared]);
        load_unit(l, AT_UNIT_HEAD + k, l->n->unit[shared].point.weight ? l->out[shared] : range, 0);
    }
}

int at_detect_q8_create(at_detect_q8 **out, const at_weight_source *src, at_pool *pool,
                        const at_q8_kernels *kn, attune_error *err)
{
    loader l = {.src = src};

    *out = NULL;
    if (!read_ranges(&l))
        return ATTUNE_OK;
    if (!(l.n = at_calloc(1, sizeof *l.n)))
        return at_fail_nomem(err);
    l.n->pool = pool;
    l.n->kn = kn;
    l.n->arena.block_bytes = (size_t)1 << 18;
    load(&l);
    if (l.status)
        at_detect_q8_free(&l.n);
    *out = l.n;
    return l.status ? at_fail_nomem(err) : ATTUNE_OK;
}

void at_detect_q8_free(at_detect_q8 **n)
{
    if (!n || !*n)
        return;
    at_arena_free(&(*n)->arena);
    at_arena_free(&(*n)->work);
    at_free(*n);
    *n = NULL;
}

/* ---- buffers ------------------------------------------------------------------------------------- */

static at_q8_unit unit_layer(const at_detect_q8 *n, int index, int h, int w)
{
    const unit *u = &n->unit[index];

    return (at_q8_unit){.h = h,
                        .oh = h,
                        .pad_top = 1,
                        .widen = u->point,
                        .dw = {.c = u->point.n,
                               .w = w,
                               .ow = w,
                               .stride = 1,
                               .pad_left = 1,
                               .pad = AT_Q8_MIDDLE,
                               .weight = u->depthwise.weight,
                               .q = u->depthwise.q}};
}

static ptrdiff_t canvas_row(int w)
{
    return 3 * ((ptrdiff_t)w + 1);
}

static void at_least(size_t *have, size_t want)
{
    if (*have < want)
        *have = want;
}

/* Bytes of the largest map and the largest workspace of all units, each at the size it runs at. */
static void most_bytes(const at_detect_q8 *n, int h, int w, size_t *map, size_t *workspace)
{
    *map = (size_t)(h / 2) * (size_t)(w / 2) * (size_t)n->stem.n;
    *workspace = 0;
    for (int i = 0; i < AT_DETECT_UNITS; i++) {
        const int shift = at_detect_shift(i);
        const at_q8_unit u = unit_layer(n, i, h >> shift, w >> shift);
        if (!u.widen.weight)
            continue;
        at_least(map, (size_t)u.h * (size_t)u.dw.w * (size_t)u.dw.c);
        at_least(workspace, at_q8_unit_workspace(&u, n->pool));
    }
}

static uint8_t *reserve(at_detect_q8 *n, size_t bytes)
{
    return at_arena_alloc(&n->work, bytes + AT_Q8_SLACK, 1);
}

/* Buffers for pictures of h x w. */
static int prepare(at_detect_q8 *n, int h, int w)
{
    size_t map, workspace;
    int whole = 1;

    if (n->h == h && n->w == w)
        return ATTUNE_OK;
    n->h = n->w = 0;
    most_bytes(n, h, w, &map, &workspace);
    at_arena_reset(&n->work);
    for (int k = 0; k < AT_DETECT_LEVELS; k++) {
        const size_t cells = (size_t)(h >> (3 + k)) * (size_t)(w >> (3 + k));
        n->feature[k] = reserve(n, cells * (size_t)n->unit[at_detect_feature(k)].point.n);
        n->head[k] = at_arena_alloc(&n->work, cells * AT_DETECT_CHANNELS, sizeof(float));
        whole = whole && n->feature[k] && n->head[k];
    }
    n->canvas = reserve(n, (size_t)(canvas_row(w) * (h + 1)));
    n->a = reserve(n, map);
    n->b = reserve(n, map);
    n->workspace = reserve(n, workspace);
    if (!whole || !n->canvas || !n->a || !n->b || !n->workspace)
        return ATTUNE_E_NOMEM;
    n->h = h;
    n->w = w;
    return ATTUNE_OK;
}

/* ---- running ------------------------------------------------------------------------------------- */

/* Black, the zero of the picture, is what the margin shows, and what can be read after it. */
static void fill_canvas(at_detect_q8 *n, const float *x)
{
    const ptrdiff_t row = canvas_row(n->w);

    memset(n->canvas, 0, (size_t)row);
    for (int y = 0; y < n->h; y++, x += 3 * n->w) {
        uint8_t *to = n->canvas + (y + 1) * row;
        memset(to, 0, 3);
        for (int i = 0; i < 3 * n->w; i++)
            to[3 + i] = (uint8_t)x[i];
    }
    memset(n->canvas + (n->h + 1) * row, 0, AT_Q8_SLACK);
}

/* Channels of the map that a unit reads, whole groups. */
static int channels_in(const unit *u)
{
    return (4 * u->point.quads + AT_Q8_GROUP - 1) / AT_Q8_GROUP * AT_Q8_GROUP;
}

static at_q8_map map_of(const uint8_t *x, int w, const unit *u)
{
    return (at_q8_map){x, (ptrdiff_t)w * channels_in(u), channels_in(u), 0};
}

/* y (h, w, out) from x (h, w, in); they must not overlap. Returns y. */
static uint8_t *run_unit(at_detect_q8 *n, int index, int h, int w, const uint8_t *x, uint8_t *y)
{
    const at_q8_unit u = unit_layer(n, index, h, w);
    const at_q8_map in = map_of(x, w, &n->unit[index]);

    at_q8_unit_run(n->pool, n->kn, &u, &in, y, n->workspace);
    return y;
}

/* y (h/2, w/2, c) = 2x2 max of x (h, w, c). Returns y. */
static uint8_t *max_pool(const uint8_t *x, int h, int w, int c, uint8_t *y)
{
    const ptrdiff_t row = (ptrdiff_t)w * c;
    uint8_t *out = y;

    for (int oy = 0; oy < h / 2; oy++) {
        const uint8_t *in = x + 2 * oy * row;
        for (int ox = 0; ox < w / 2; ox++, in += 2 * c, out += c) {
            for (int k = 0; k < c; k++) {
                const uint8_t top = in[k] > in[c + k] ? in[k] : in[c + k];
                const uint8_t *below = in + row + k;
                const uint8_t bottom = below[0] > below[c] ? below[0] : below[c];
                out[k] = top > bottom ? top : bottom;
            }
        }
    }
    return y;
}

/* y (2h, 2w, c) += nearest enlargement of x (h, w, c), of the same scale. */
static void add_enlarged(const uint8_t *x, int h, int w, int c, uint8_t *y)
{
    for (int oy = 0; oy < 2 * h; oy++)
        for (int ox = 0; ox < 2 * w; ox++, y += c) {
            const uint8_t *in = x + ((ptrdiff_t)(oy / 2) * w + ox / 2) * c;
            for (int k = 0; k < c; k++) {
                const int sum = y[k] + in[k];
                y[k] = (uint8_t)(sum > 255 ? 255 : sum);
            }
        }
}

/* The buffer that x is not in. */
static uint8_t *other(const at_detect_q8 *n, const uint8_t *x)
{
    return x == n->a ? n->b : n->a;
}

static void run_backbone(at_detect_q8 *n)
{
    const ptrdiff_t row = canvas_row(n->w);
    const at_q8_map picture = {n->canvas, 2 * row, 6, row};
    int h = n->h / 2, w = n->w / 2;

    at_q8_product(n->pool, n->kn, &n->stem, &picture, h, w, n->a);
    uint8_t *x = run_unit(n, AT_UNIT_STEM, h, w, n->a, n->b);
    for (int stage = 1; stage < AT_DETECT_STAGES; stage++) {
        const int first = AT_UNIT_STAGE + 2 * (stage - 1);
        const int level = stage - (AT_DETECT_STAGES - AT_DETECT_LEVELS);
        if (at_detect_pooled(stage - 1)) {
            x = max_pool(x, h, w, channels_in(&n->unit[first]), other(n, x));
            h /= 2;
            w /= 2;
        }
        x = run_unit(n, first, h, w, x, other(n, x));
        x = run_unit(n, first + 1, h, w, x, level >= 0 ? n->feature[level] : other(n, x));
    }
}

int at_detect_q8_run(at_detect_q8 *n, const float *x, int h, int w,
                     const float *head[AT_DETECT_LEVELS])
{
    const int status = prepare(n, h, w);

    if (status != ATTUNE_OK)
        return status;
    fill_canvas(n, x);
    run_backbone(n);
    for (int k = AT_DETECT_LEVELS - 1; k >= 0; k--) {
        const int lh = h >> (3 + k), lw = w >> (3 + k), neck = AT_UNIT_NECK + k;
        uint8_t *y = run_unit(n, neck, lh, lw, n->feature[k], n->a);
        if (k > 0)
            add_enlarged(y, lh, lw, n->unit[neck].point.n, n->feature[k - 1]);
        if (n->unit[AT_UNIT_SHARE + k].point.weight)
            y = run_unit(n, AT_UNIT_SHARE + k, lh, lw, y, n->b);
        const at_q8_unit u = unit_layer(n, AT_UNIT_HEAD + k, lh, lw);
        const at_q8_map in = map_of(y, lw, &n->unit[AT_UNIT_HEAD + k]);
        at_q8_unit_run_floats(n->pool, n->kn, &u, &in, n->head[k], n->workspace);
        head[k] = n->head[k];
    }
    return ATTUNE_OK;
}
