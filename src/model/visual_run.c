/* The face stream at run time: batch norm folded into weights and biases, weights packed for the
 * kernels, inverted residuals fused. */
#include "model/visual.h"
#include "base/error.h"
#include "base/mem.h"
#include "kernels/conv.h"
#include "kernels/gemm.h"
#include "model/visual_q8.h"
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* A convolution ready to run. The depthwise weight is plain (9, c), the others are packed. */
typedef struct layer {
    float *weight, *bias;
} layer;

struct at_visual_net {
    const at_kernels *kn;
    at_arena arena; /* of all layers' arrays */
    layer stem, expand[AT_MB_BLOCKS], depthwise[AT_MB_BLOCKS], project[AT_MB_BLOCKS], last;
    layer heads; /* side by side, in the order of at_heads */
    at_encoder_net spatial, temporal;
    at_visual_q8 *q8; /* the convolutions in eight bits; NULL: in f32 */
    int mirrored[ATTUNE_UNITS];
};

/* ---- freezing ----------------------------------------------------------------------------- */

/* Whole huge pages: nine megabytes of small ones would take longer to get than to fill. */
#define ARENA_BLOCK ((size_t)4 << 20)

/* Room for the weights of the largest unit, the last convolution. */
enum { MOST_WEIGHTS = 320 * AT_MB_FEATURES };

/* What freezing takes. */
typedef struct freezer {
    at_visual_net *v;
    const at_weights *w;
    float *folded; /* room for MOST_WEIGHTS */
    attune_error *err;
} freezer;

static float *take_floats(const freezer *f, size_t floats)
{
    return at_arena_alloc(&f->v->arena, floats, sizeof(float));
}

static int freeze_depthwise(const freezer *f, layer *l, const char *unit, int channels)
{
    l->bias = take_floats(f, (size_t)channels);
    l->weight = take_floats(f, 9 * (size_t)channels);
    return l->bias && l->weight
               ? at_mb_fold_unit(f->w, unit, 9, channels, l->weight, l->bias, f->err)
               : at_fail_nomem(f->err);
}

/* rows x out weights, into the kernels' panels. */
static int freeze_dense(const freezer *f, layer *l, const char *unit, int rows, int out)
{
    const at_kernels *kn = f->v->kn;
    assert(rows * out <= MOST_WEIGHTS);
    l->bias = take_floats(f, (size_t)out);
    l->weight = take_floats(f, at_gemm_packed_floats(kn, rows, out));
    int status = l->bias && l->weight
                     ? at_mb_fold_unit(f->w, unit, rows, out, f->folded, l->bias, f->err)
                     : at_fail_nomem(f->err);
    if (!status)
        at_gemm_pack(NULL, kn, rows, out, f->folded, out, 1, l->weight);
    return status;
}

enum {
    LOGITS = AT_FACE_CLASSES + AT_BASIC_CLASSES + ATTUNE_STATES * AT_THRESHOLDS +
             ATTUNE_ENGAGEMENTS + 1 + ATTUNE_UNITS + AT_POSE_AXES + ATTUNE_STATES
};

/* The heads' columns side by side, so that the embedding is multiplied once. */
static int freeze_heads(const freezer *f, layer *heads)
{
    const at_kernels *kn = f->v->kn;
    float *all = f->folded, *one = all + (size_t)AT_VISUAL_EMBED * LOGITS;
    static_assert(2 * AT_VISUAL_EMBED * LOGITS <= MOST_WEIGHTS, "all heads, and one");
    heads->bias = take_floats(f, LOGITS);
    heads->weight = take_floats(f, at_gemm_packed_floats(kn, AT_VISUAL_EMBED, LOGITS));
    int status = heads->bias && heads->weight ? ATTUNE_OK : at_fail_nomem(f->err);
    for (int h = 0, from = 0; h < AT_FACE_HEADS && !status; h++) {
        int outputs = at_heads[h].outputs;
        status = at_visual_head_of(f->w, (at_head)h, one, heads->bias + from, f->err);
        for (int i = 0; i < AT_VISUAL_EMBED && !status; i++)
            memcpy(all + (size_t)i * LOGITS + from, one + (size_t)i * outputs,
                   (size_t)outputs * sizeof(float));
        from += outputs;
    }
    if (!status)
        at_gemm_pack(NULL, kn, AT_VISUAL_EMBED, LOGITS, all, LOGITS, 1, heads->weight);
    return status;
}

static int freeze_all(const freezer *f)
{
    at_visual_net *v = f->v;
    char unit[64];
    int status = freeze_dense(f, &v->stem, "visual.stem", 27, AT_MB_STEM);
    for (int i = 0; i < AT_MB_BLOCKS && !status; i++) {
        const at_mb_block *b = &at_mb_blocks[i];
        snprintf(unit, sizeof unit, "visual.block%d.expand", i);
        if (b->mid != b->in)
            status = freeze_dense(f, &v->expand[i], unit, b->in, b->mid);
        snprintf(unit, sizeof unit, "visual.block%d.depthwise", i);
        status = status ? status : freeze_depthwise(f, &v->depthwise[i], unit, b->mid);
        snprintf(unit, sizeof unit, "visual.block%d.project", i);
        status = status ? status : freeze_dense(f, &v->project[i], unit, b->mid, b->out);
    }
    int last = at_mb_blocks[AT_MB_BLOCKS - 1].out;
    status = status ? status : freeze_dense(f, &v->last, "visual.head", last, AT_MB_FEATURES);
    status = status ? status : freeze_heads(f, &v->heads);
    if (!status)
        status = at_encoder_freeze(&at_spatial, &v->spatial, &v->arena, f->w, v->kn, f->err);
    return status ? status
                  : at_encoder_freeze(&at_temporal, &v->temporal, &v->arena, f->w, v->kn, f->err);
}

int at_visual_freeze(at_visual_net **out, const at_weights *w, const at_kernels *kn,
                     attune_error *err)
{
    at_visual_net *v = at_calloc(1, sizeof *v);
    if (!v)
        return at_fail_nomem(err);
    v->kn = kn;
    for (int i = 0; i < ATTUNE_UNITS; i++)
        v->mirrored[i] = at_unit_mirrored(i);
    v->arena.block_bytes = ARENA_BLOCK;
    const freezer f = {v, w, at_alloc(MOST_WEIGHTS, sizeof(float)), err};
    int status = f.folded ? freeze_all(&f) : at_fail_nomem(err);
    at_free(f.folded);
    if (status)
        at_visual_free(&v);
    else
        *out = v;
    return status;
}

void at_visual_free(at_visual_net **pv)
{
    if (!pv || !*pv)
        return;
    at_visual_q8_free(&(*pv)->q8);
    at_arena_free(&(*pv)->arena);
    at_free(*pv);
    *pv = NULL;
}

void at_visual_use_f32(at_visual_net *v)
{
    if (v)
        at_visual_q8_free(&v->q8);
}

int at_visual_quantise(at_visual_net *v, const at_weights *w, const at_mb_ranges *ranges,
                       attune_error *err)
{
    at_visual_q8_free(&v->q8);
    return at_visual_q8_create(&v->q8, w, ranges, at_q8_best(), err);
}

/* ---- running ------------------------------------------------------------------------------ */

static int half(int n)
{
    return (n + 1) / 2;
}

static at_conv_size stem_size(int side)
{
    at_pad pad = at_pad_same(side, side, 2);
    return (at_conv_size){.h = side,
                          .w = side,
                          .c = 3,
                          .oh = half(side),
                          .ow = half(side),
                          .n = AT_MB_STEM,
                          .stride = 2,
                          .pad_top = pad.top,
                          .pad_left = pad.left};
}

/* Block i on a side x side map. */
static at_inverted_residual block_unit(const at_visual_net *v, int i, int side)
{
    const at_mb_block *b = &at_mb_blocks[i];
    at_pad pad = at_pad_same(side, side, b->stride);
    int to = b->stride == 2 ? half(side) : side;
    return (at_inverted_residual){
        .dw = {.h = side,
               .w = side,
               .c = b->mid,
               .oh = to,
               .ow = to,
               .stride = b->stride,
               .pad_top = pad.top,
               .pad_left = pad.left},
        .c_in = b->in,
        .c_out = b->out,
        .residual = b->stride == 1 && b->in == b->out,
        .expand_act = AT_ACT_RELU6,
        .dw_act = AT_ACT_RELU6,
        .project_act = AT_ACT_NONE,
        .expand = v->expand[i].weight,
        .expand_bias = v->expand[i].bias,
        .dw_weight = v->depthwise[i].weight,
        .dw_bias = v->depthwise[i].bias,
        .project = v->project[i].weight,
        .project_bias = v->project[i].bias,
    };
}

/* Three regions, each a multiple of a cache line: two maps that take turns, and scratch. */
typedef struct layout {
    size_t map, scratch;
} layout;

static size_t cache_lines(size_t floats)
{
    return (floats + 15) / 16 * 16;
}

static void at_least(size_t *have, size_t want)
{
    if (*have < want)
        *have = want;
}

static layout plan(const at_visual_net *v, const at_pool *pool, int side)
{
    at_conv_size stem = stem_size(side);
    layout l = {(size_t)side * side * 3, at_conv3x3_workspace(&stem, pool)};
    int s = stem.oh;
    at_least(&l.map, (size_t)s * s * AT_MB_STEM);
    for (int i = 0; i < AT_MB_BLOCKS; i++) {
        at_inverted_residual u = block_unit(v, i, s);
        at_least(&l.scratch, at_inverted_residual_workspace(&u, pool));
        s = u.dw.oh;
        at_least(&l.map, (size_t)s * s * u.c_out);
    }
    at_least(&l.map, (size_t)s * s * AT_MB_FEATURES);
    at_least(&l.scratch, at_encoder_workspace(&v->spatial, v->kn, s * s));
    if (v->q8)
        at_least(&l.scratch, at_visual_q8_workspace(v->q8, pool, side) / sizeof(float) + 1);
    l.map = cache_lines(l.map);
    l.scratch = cache_lines(l.scratch);
    return l;
}

size_t at_visual_workspace(const at_visual_net *v, const at_pool *pool, int side)
{
    layout l = plan(v, pool, side);
    return 2 * l.map + l.scratch;
}

/* Rows of the picture in a task. */
enum { PICTURE_ROWS = 28 };

typedef struct picture_job {
    const uint8_t *face;
    int side, mirrored;
    float *x;
} picture_job;

static float level(uint8_t v)
{
    return ((float)v - 127.5f) / 127.5f;
}

/* Straight on, a compiler takes several values at a time. */
static void picture_row(int side, int mirrored, const uint8_t *restrict from, float *restrict to)
{
    for (int i = 0; !mirrored && i < 3 * side; i++)
        to[i] = level(from[i]);
    for (int i = side - 1; mirrored && i >= 0; i--, to += 3)
        for (int c = 0; c < 3; c++)
            to[c] = level(from[3 * i + c]);
}

static void picture_task(void *arg, int task, int thread)
{
    const picture_job *j = arg;
    int from = task * PICTURE_ROWS;
    int to = from + PICTURE_ROWS < j->side ? from + PICTURE_ROWS : j->side;
    size_t row = (size_t)j->side * 3;
    (void)thread;
    for (int i = from; i < to; i++)
        picture_row(j->side, j->mirrored, j->face + (size_t)i * row, j->x + (size_t)i * row);
}

static void pool_map(const at_kernels *kn, const float *map, int pixels, float *mean)
{
    memset(mean, 0, AT_VISUAL_EMBED * sizeof *mean);
    kn->sum_rows(pixels, AT_VISUAL_EMBED, map, mean);
    for (int c = 0; c < AT_VISUAL_EMBED; c++)
        mean[c] /= (float)pixels;
}

static const float *take(float *out, int n, const float *logit)
{
    memcpy(out, logit, (size_t)n * sizeof *out);
    return logit + n;
}

static void run_heads(const at_visual_net *v, at_visual_result *out)
{
    at_epilogue e = {.bias = v->heads.bias};
    float logits[LOGITS];
    at_gemm_packed(NULL, v->kn, 1, LOGITS, AT_VISUAL_EMBED, out->embedding, AT_VISUAL_EMBED, 1,
                   v->heads.weight, logits, LOGITS, &e);
    const float *logit = take(out->expression, AT_FACE_CLASSES, logits);
    logit = take(out->basic, AT_BASIC_CLASSES, logit);
    logit = take(out->state, ATTUNE_STATES * AT_THRESHOLDS, logit);
    logit = take(out->engagement, ATTUNE_ENGAGEMENTS, logit);
    logit = take(&out->covered, 1, logit);
    for (int i = 0; i < ATTUNE_UNITS; i++)
        out->units[i] = 1 / (1 + expf(-*logit++));
    for (int i = 0; i < AT_POSE_AXES; i++)
        out->pose[i] = AT_POSE_DEGREES * *logit++;
    take(out->dominant, ATTUNE_STATES, logit);
}

/* What was read of the mirror image, said of the picture. */
static void unmirror(const at_visual_net *v, at_visual_result *out)
{
    float seen[ATTUNE_UNITS];
    memcpy(seen, out->units, sizeof seen);
    for (int i = 0; i < ATTUNE_UNITS; i++)
        out->units[i] = seen[v->mirrored[i]];
    out->pose[0] = -out->pose[0];
    out->pose[2] = -out->pose[2];
}

_Static_assert(sizeof(at_visual_result) % sizeof(float) == 0, "an array of floats");

static void average(at_visual_result *out, const at_visual_result *other)
{
    float *x = (float *)(void *)out;
    const float *y = (const float *)(const void *)other;
    for (size_t i = 0; i < sizeof *out / sizeof *x; i++)
        x[i] = 0.5f * (x[i] + y[i]);
}

/* The last feature map, in one of the two maps. Its side into last. */
static const float *run_layers(const at_visual_net *v, at_pool *pool, picture_job *picture,
                               const layout *l, float *workspace, int *last)
{
    const int side = picture->side;
    float *x = workspace, *y = x + l->map, *scratch = y + l->map, *t;
    picture->x = x;
    at_conv_size stem = stem_size(side);
    at_pool_run(pool, (side + PICTURE_ROWS - 1) / PICTURE_ROWS, picture_task, picture);
    at_conv3x3_forward(pool, v->kn, &stem, 1, x, v->stem.weight, v->stem.bias, AT_ACT_RELU6, y,
                       scratch);
    int s = stem.oh;
    for (int i = 0; i < AT_MB_BLOCKS; i++) {
        at_inverted_residual u = block_unit(v, i, s);
        t = x, x = y, y = t;
        at_inverted_residual_run(pool, v->kn, &u, x, y, scratch);
        s = u.dw.oh;
    }
    at_epilogue e = {.bias = v->last.bias, .act = AT_ACT_RELU6};
    int in = at_mb_blocks[AT_MB_BLOCKS - 1].out;
    at_gemm_packed(pool, v->kn, s * s, AT_MB_FEATURES, in, y, in, 1, v->last.weight, x,
                   AT_MB_FEATURES, &e);
    *last = s;
    return x;
}

static void look(const at_visual_net *v, at_pool *pool, const uint8_t *face, int side, int mirrored,
                 float *workspace, at_visual_result *out)
{
    layout l = plan(v, pool, side);
    float *scratch = workspace + 2 * l.map;
    picture_job picture = {face, side, mirrored, NULL};
    const float *features = workspace;
    int s;
    if (v->q8)
        s = at_visual_q8_run(v->q8, pool, face, side, mirrored, (uint8_t *)scratch, workspace);
    else
        features = run_layers(v, pool, &picture, &l, workspace, &s);
    pool_map(v->kn, features, s * s, out->embedding);
    run_heads(v, out);
    if (v->spatial.shape.layers)
        at_spatial_run(&v->spatial, pool, v->kn, features, s, s, scratch, out->expression,
                       out->basic);
    if (mirrored)
        unmirror(v, out);
}

void at_visual_run(const at_visual_net *v, at_pool *pool, const uint8_t *face, int side,
                   at_views views, float *workspace, at_visual_result *out)
{
    at_visual_result other;
    look(v, pool, face, side, views == AT_MIRRORED, workspace, out);
    if (views == AT_BOTH_WAYS) {
        look(v, pool, face, side, 1, workspace, &other);
        average(out, &other);
    }
}

size_t at_visual_time_workspace(const at_visual_net *v, int frames)
{
    return at_encoder_workspace(&v->temporal, v->kn, frames);
}

void at_visual_over_time(const at_visual_net *v, at_pool *pool, const float *token,
                         const int64_t *t_us, int n, float *workspace, at_visual_result *mean)
{
    if (v->temporal.shape.layers)
        at_temporal_run(&v->temporal, pool, v->kn, token, t_us, n, workspace, mean->expression,
                        mean->basic);
}

_Static_assert(sizeof(at_visual_result) % sizeof(float) == 0, "an array of floats");

void at_visual_result_none(at_visual_result *out)
{
    float *all = (float *)(void *)out;
    for (size_t i = 0; i < sizeof *out / sizeof *all; i++)
        all[i] = NAN;
    memset(out->embedding, 0, sizeof out->embedding);
    out->covered = -INFINITY; /* it hides nothing that anybody would know of */
}
