/* detect_net.c - the detector's network for running: packed weights, buffers kept from call to
 * call. */
#include "vision/detect_net.h"

#include "base/error.h"
#include "base/mem.h"
#include "kernels/conv.h"
#include "kernels/gemm.h"
#include "vision/detect_q8.h"

#include <stdio.h>
#include <string.h>

enum { CHANNELS_MAX = 512 };

typedef struct unit {
    int in, out;
    float *point, *point_bias;         /* packed (in x out), (out) */
    float *depthwise, *depthwise_bias; /* (9 x out), (out) */
} unit;

struct at_detect_net {
    at_pool *pool;
    const at_kernels *kn;
    at_arena arena; /* weights */
    int stem_out;
    float *stem, *stem_bias;    /* packed (27 x stem_out) */
    unit unit[AT_DETECT_UNITS]; /* shared ones may be absent: all zero */
    at_detect_q8 *q8;           /* the same in eight bits, where the source has ranges; else NULL */

    int h, w; /* that the buffers are for */
    at_arena work;
    float *a, *b; /* features on their way, in turn */
    float *feature[AT_DETECT_LEVELS], *head[AT_DETECT_LEVELS];
    float *workspace;
};

/* ---- loading ----------------------------------------------------------------------------- */

typedef struct loader {
    at_detect_net *n;
    const at_weight_source *src;
    attune_error *err;
    int status;
} loader;

/* "detector.<name>.<part>" of the shape (rows, cols), or (cols) when rows is 0; cols -1 takes what
 * is there. NULL after a failure. */
static const float *fetch(loader *l, const char *name, const char *part, int rows, int *cols)
{
    char full[128];
    at_weight w;

    if (l->status != ATTUNE_OK)
        return NULL;
    snprintf(full, sizeof full, "detector.%s.%s", name, part);
    if (!l->src->find(l->src->user, full, &w)) {
        l->status = at_fail(l->err, ATTUNE_E_FORMAT, "the model has no \"%s\"", full);
        return NULL;
    }
    const int rank = rows > 0 ? 2 : 1, last = w.rank > 0 ? w.dim[w.rank - 1] : 0;
    if (w.rank != rank || (rows > 0 && w.dim[0] != rows) || (*cols >= 0 && last != *cols) ||
        last < 1 || last > CHANNELS_MAX) {
        l->status =
            at_fail(l->err, ATTUNE_E_FORMAT, "the model's \"%s\" has the wrong shape", full);
        return NULL;
    }
    *cols = last;
    return w.data;
}

/* A copy of "<name>.<part>", rows x *cols; rows 0: (*cols). */
static float *keep(loader *l, const char *name, const char *part, int rows, int *cols)
{
    const float *data = fetch(l, name, part, rows, cols);
    const size_t count = (size_t)*cols * (size_t)(rows > 0 ? rows : 1);

    if (!data)
        return NULL;
    float *p = at_arena_alloc(&l->n->arena, count, sizeof *p);
    if (p)
        memcpy(p, data, count * sizeof *p);
    else
        l->status = at_fail_nomem(l->err);
    return p;
}

/* The same, as the right-hand side of a matrix product. */
static float *pack(loader *l, const char *name, const char *part, int rows, int *cols)
{
    const at_kernels *kn = l->n->kn;
    const float *data = fetch(l, name, part, rows, cols);

    if (!data)
        return NULL;
    float *p = at_arena_alloc(&l->n->arena, at_gemm_packed_floats(kn, rows, *cols), sizeof *p);
    if (p)
        at_gemm_pack(NULL, kn, rows, *cols, data, *cols, 1, p);
    else
        l->status = at_fail_nomem(l->err);
    return p;
}

static int has_unit(const loader *l, int index)
{
    char full[128];
    at_weight w;

    snprintf(full, sizeof full, "detector.%s.conv1.weight", at_detect_unit_names[index]);
    return l->src->find(l->src->user, full, &w);
}

static void load_unit(loader *l, int index, int in, int out)
{
    const char *name = at_detect_unit_names[index];
    unit *u = &l->n->unit[index];

    u->in = in;
    u->out = out;
    u->point = pack(l, name, "conv1.weight", in, &u->out);
    u->point_bias = keep(l, name, "conv1.bias", 0, &u->out);
    u->depthwise = keep(l, name, "conv2.weight", 9, &u->out);
    u->depthwise_bias = keep(l, name, "conv2.bias", 0, &u->out);
}

static void load(loader *l)
{
    at_detect_net *n = l->n;
    int in, level_in[AT_DETECT_LEVELS] = {0}, *stem_out = &n->stem_out;

    *stem_out = -1;
    n->stem = pack(l, AT_DETECT_STEM, "weight", 27, stem_out);
    n->stem_bias = keep(l, AT_DETECT_STEM, "bias", 0, stem_out);
    in = *stem_out;
    for (int i = 0; i < AT_UNIT_NECK && l->status == ATTUNE_OK; i++) {
        load_unit(l, i, in, -1);
        in = n->unit[i].out;
        if (i >= AT_UNIT_STAGE + 5 && (i - AT_UNIT_STAGE) % 2 == 1)
            level_in[(i - AT_UNIT_STAGE - 5) / 2] = in;
    }
    /* the neck adds the coarser level's output to the finer level's input */
    for (int k = AT_DETECT_LEVELS - 1; k >= 0 && l->status == ATTUNE_OK; k--) {
        load_unit(l, AT_UNIT_NECK + k, level_in[k], k > 0 ? level_in[k - 1] : -1);
        in = n->unit[AT_UNIT_NECK + k].out;
        if (has_unit(l, AT_UNIT_SHARE + k)) {
            load_unit(l, AT_UNIT_SHARE + k, in, -1);
            in = n->unit[AT_UNIT_SHARE + k].out;
        }
        load_unit(l, AT_UNIT_HEAD + k, in, AT_DETECT_CHANNELS);
    }
}

int at_detect_net_create(at_detect_net **out, const at_weight_source *src, at_pool *pool,
                         const at_kernels *kn, attune_error *err)
{
    at_detect_net *n = at_calloc(1, sizeof *n);
    loader l = {n, src, err, ATTUNE_OK};

    *out = NULL;
    if (!n)
        return at_fail_nomem(err);
    n->pool = pool;
    n->kn = kn;
    n->arena.block_bytes = (size_t)1 << 19; /* the weights are some 300 kB */
    load(&l);
    if (l.status == ATTUNE_OK)
        l.status = at_detect_q8_create(&n->q8, src, pool, at_q8_best(), err);
    if (l.status != ATTUNE_OK)
        at_detect_net_free(&n);
    *out = n;
    return l.status;
}

void at_detect_net_free(at_detect_net **n)
{
    if (!n || !*n)
        return;
    at_detect_q8_free(&(*n)->q8);
    at_arena_free(&(*n)->arena);
    at_arena_free(&(*n)->work);
    at_free(*n);
    *n = NULL;
}

/* ---- buffers ----------------------------------------------------------------------------- */

static at_conv_size stem_size(const at_detect_net *n, int h, int w)
{
    return (at_conv_size){.h = h,
                          .w = w,
                          .c = 3,
                          .oh = h / 2,
                          .ow = w / 2,
                          .n = n->stem_out,
                          .stride = 2,
                          .pad_top = 1,
                          .pad_left = 1};
}

static size_t most(size_t a, size_t b)
{
    return a > b ? a : b;
}

static at_inverted_residual unit_layer(const at_detect_net *n, int index, int h, int w)
{
    const unit *u = &n->unit[index];

    return (at_inverted_residual){
        .dw = {h, w, u->out, h, w, 1, 1, 1},
        .c_in = u->in,
        .c_out = u->out,
        .dw_act = index >= AT_UNIT_HEAD ? AT_ACT_NONE : AT_ACT_RELU,
        .expand = u->point,
        .expand_bias = u->point_bias,
        .dw_weight = u->depthwise,
        .dw_bias = u->depthwise_bias,
    };
}

/* Of the stem and of every unit, at the size it runs at. */
static size_t workspace_floats(const at_detect_net *n, int h, int w)
{
    const at_conv_size stem = stem_size(n, h, w);
    size_t floats = at_conv3x3_workspace(&stem, n->pool);

    for (int i = 0; i < AT_DETECT_UNITS; i++) {
        const int shift = at_detect_shift(i);
        if (n->unit[i].out == 0)
            continue;
        const at_inverted_residual layer = unit_layer(n, i, h >> shift, w >> shift);
        floats = most(floats, at_inverted_residual_workspace(&layer, n->pool));
    }
    return floats;
}

/* Buffers for pictures of h x w. */
static int prepare(at_detect_net *n, int h, int w)
{
    if (n->h == h && n->w == w)
        return ATTUNE_OK;
    n->h = n->w = 0;

    size_t pixels = (size_t)h * (size_t)w / 4, feature = pixels * (size_t)n->stem_out;
    feature = most(feature, pixels * (size_t)n->unit[AT_UNIT_STEM].out);
    for (int stage = 1; stage < AT_DETECT_STAGES; stage++) {
        pixels /= at_detect_pooled(stage - 1) ? 4 : 1;
        for (int k = 0; k < 2; k++)
            feature =
                most(feature, pixels * (size_t)n->unit[AT_UNIT_STAGE + 2 * stage - 2 + k].out);
    }
    at_arena_reset(&n->work); /* keeps the memory: looks of a newcomer change sizes with each */
    for (int k = 0; k < AT_DETECT_LEVELS; k++) {
        const size_t cells = (size_t)(h >> (3 + k)) * (size_t)(w >> (3 + k));
        const unit *neck = &n->unit[AT_UNIT_NECK + k], *share = &n->unit[AT_UNIT_SHARE + k];
        feature = most(feature, cells * (size_t)most((size_t)neck->out, (size_t)share->out));
        n->feature[k] = at_arena_alloc(&n->work, cells * (size_t)neck->in, sizeof(float));
        n->head[k] = at_arena_alloc(&n->work, cells * AT_DETECT_CHANNELS, sizeof(float));
        if (!n->feature[k] || !n->head[k])
            return ATTUNE_E_NOMEM;
    }
    n->a = at_arena_alloc(&n->work, feature, sizeof(float));
    n->b = at_arena_alloc(&n->work, feature, sizeof(float));
    n->workspace = at_arena_alloc(&n->work, workspace_floats(n, h, w), sizeof(float));
    if (!n->a || !n->b || !n->workspace)
        return ATTUNE_E_NOMEM;
    n->h = h;
    n->w = w;
    return ATTUNE_OK;
}

/* ---- running ----------------------------------------------------------------------------- */

/* y (h, w, out) from x (h, w, in); they must not overlap. Returns y. */
static float *run_unit(at_detect_net *n, int index, int h, int w, const float *x, float *y)
{
    const at_inverted_residual layer = unit_layer(n, index, h, w);

    at_inverted_residual_run(n->pool, n->kn, &layer, x, y, n->workspace);
    return y;
}

/* y (h/2, w/2, c) = 2x2 max of x (h, w, c). Returns y. */
static float *max_pool(const float *x, int h, int w, int c, float *y)
{
    const ptrdiff_t row = (ptrdiff_t)w * c;
    float *out = y;

    for (int oy = 0; oy < h / 2; oy++) {
        const float *in = x + 2 * oy * row;
        for (int ox = 0; ox < w / 2; ox++, in += 2 * c, out += c) {
            for (int k = 0; k < c; k++) {
                const float top = in[k] > in[c + k] ? in[k] : in[c + k];
                const float *below = in + row + k;
                const float bottom = below[0] > below[c] ? below[0] : below[c];
                out[k] = top > bottom ? top : bottom;
            }
        }
    }
    return y;
}

/* y (2h, 2w, c) += nearest enlargement of x (h, w, c) */
static void add_enlarged(const at_kernels *kn, const float *x, int h, int w, int c, float *y)
{
    for (int oy = 0; oy < 2 * h; oy++)
        for (int ox = 0; ox < 2 * w; ox++, y += c)
            kn->add((size_t)c, y, x + ((ptrdiff_t)(oy / 2) * w + ox / 2) * c, y);
}

/* The buffer that x is not in. */
static float *other(const at_detect_net *n, const float *x)
{
    return x == n->a ? n->b : n->a;
}

static void run_backbone(at_detect_net *n, const float *input)
{
    const at_conv_size stem = stem_size(n, n->h, n->w);
    int h = n->h / 2, w = n->w / 2;

    at_conv3x3_forward(n->pool, n->kn, &stem, 1, input, n->stem, n->stem_bias, AT_ACT_RELU, n->a,
                       n->workspace);
    float *x = run_unit(n, AT_UNIT_STEM, h, w, n->a, n->b);
    for (int stage = 1; stage < AT_DETECT_STAGES; stage++) {
        const int first = AT_UNIT_STAGE + 2 * (stage - 1);
        const int level = stage - (AT_DETECT_STAGES - AT_DETECT_LEVELS);
        if (at_detect_pooled(stage - 1)) {
            x = max_pool(x, h, w, n->unit[first].in, other(n, x));
            h /= 2;
            w /= 2;
        }
        x = run_unit(n, first, h, w, x, other(n, x));
        x = run_unit(n, first + 1, h, w, x, level >= 0 ? n->feature[level] : other(n, x));
    }
}

int at_detect_net_run(at_detect_net *n, const float *x, int h, int w,
                      const float *head[AT_DETECT_LEVELS])
{
    if (h < 32 || w < 32 || h % 32 || w % 32)
        return ATTUNE_E_ARG;
    if (n->q8)
        return at_detect_q8_run(n->q8, x, h, w, head);
    const int status = prepare(n, h, w);
    if (status != ATTUNE_OK)
        return status;
    run_backbone(n, x);
    for (int k = AT_DETECT_LEVELS - 1; k >= 0; k--) {
        const int lh = h >> (3 + k), lw = w >> (3 + k);
        float *y = run_unit(n, AT_UNIT_NECK + k, lh, lw, n->feature[k], n->a);
        if (k > 0)
            add_enlarged(n->kn, y, lh, lw, n->unit[AT_UNIT_NECK + k].out, n->feature[k - 1]);
        if (n->unit[AT_UNIT_SHARE + k].out > 0)
            y = run_unit(n, AT_UNIT_SHARE + k, lh, lw, y, n->b);
        head[k] = run_unit(n, AT_UNIT_HEAD + k, lh, lw, y, n->head[k]);
    }
    return ATTUNE_OK;
}
