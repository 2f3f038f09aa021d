/* encoder_run.c - an encoder at run time: the tokens of one face, weights packed for the kernels. */
#include "base/error.h"
#include "kernels/gemm.h"
#include "model/encoder.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- freezing ------------------------------------------------------------------------------- */

/* What freezing takes. status: of the first failure. */
typedef struct freezer {
    const at_encoder_kind *kind;
    at_arena *arena;
    const at_weights *w;
    const at_kernels *kn;
    int status;
} freezer;

static float *take(freezer *f, size_t floats)
{
    float *p = at_arena_alloc(f->arena, floats, sizeof *p);
    f->status = p ? f->status : ATTUNE_E_NOMEM;
    return p;
}

/* An array that is known to be there. layer -1: of the whole. */
static const at_weight *array(const freezer *f, int layer, const char *name, const char *what)
{
    char full[80];
    if (layer < 0)
        snprintf(full, sizeof full, "%s%s%s", f->kind->prefix, name, what);
    else
        snprintf(full, sizeof full, "%slayer%d.%s%s", f->kind->prefix, layer, name, what);
    return at_weights_find(f->w, full);
}

static float *copy(freezer *f, const at_weight *from)
{
    float *to = take(f, from->count);
    if (to)
        memcpy(to, from->data, from->count * sizeof *to);
    return to;
}

static at_encoder_dense pack(freezer *f, int rows, int cols, const float *weight, float *bias)
{
    at_encoder_dense d = {rows, cols, take(f, at_gemm_packed_floats(f->kn, rows, cols)), bias};
    if (d.weight)
        at_gemm_pack(NULL, f->kn, rows, cols, weight, cols, 1, d.weight);
    return d;
}

/* bias: nullable. */
static at_encoder_dense dense(freezer *f, int layer, const char *name, const char *weight,
                              const char *bias)
{
    const at_weight *w = array(f, layer, name, weight);
    float *b = bias ? copy(f, array(f, layer, name, bias)) : NULL;
    return pack(f, w->dim[0], w->dim[1], w->data, b);
}

static at_encoder_norm norm(freezer *f, int layer, const char *name)
{
    return (at_encoder_norm){copy(f, array(f, layer, name, ".gamma")),
                             copy(f, array(f, layer, name, ".beta"))};
}

/* Columns of one head into those of both. */
static void put_columns(const at_weight *head, int rows, int from, float *both)
{
    const int cols = head->dim[head->rank - 1];
    for (int i = 0; i < rows; i++)
        memcpy(both + (size_t)i * AT_ENCODER_LOGITS + from, head->data + (size_t)i * cols,
               (size_t)cols * sizeof *both);
}

static at_encoder_dense both_heads(freezer *f, int width)
{
    float *weight = at_alloc((size_t)width * AT_ENCODER_LOGITS, sizeof *weight);
    float *bias = take(f, AT_ENCODER_LOGITS);
    at_encoder_dense d = {0};
    if (weight && bias) {
        put_columns(array(f, -1, "expression", ".weight"), width, 0, weight);
        put_columns(array(f, -1, "basic", ".weight"), width, AT_FACE_CLASSES, weight);
        put_columns(array(f, -1, "expression", ".bias"), 1, 0, bias);
        put_columns(array(f, -1, "basic", ".bias"), 1, AT_FACE_CLASSES, bias);
        d = pack(f, width, AT_ENCODER_LOGITS, weight, bias);
    } else {
        f->status = ATTUNE_E_NOMEM;
    }
    at_free(weight);
    return d;
}

int at_encoder_freeze(const at_encoder_kind *kind, at_encoder_net *out, at_arena *arena,
                      const at_weights *w, const at_kernels *kn, attune_error *err)
{
    freezer f = {kind, arena, w, kn, ATTUNE_OK};
    *out = (at_encoder_net){0};
    const int status = at_encoder_shape_of(kind, at_weights_source(w), &out->shape, err);
    if (status || !out->shape.layers)
        return status;
    out->project = dense(&f, -1, "project", ".weight", ".bias");
    out->where = dense(&f, -1, kind->where, "", NULL);
    out->norm = norm(&f, -1, "norm");
    out->pool = dense(&f, -1, "pool", ".weight", NULL);
    out->logits = both_heads(&f, out->shape.width);
    for (int i = 0; i < out->shape.layers; i++) {
        out->layer[i].attend = norm(&f, i, "attend");
        out->layer[i].seen = dense(&f, i, "seen", ".weight", ".bias");
        out->layer[i].found = dense(&f, i, "found", ".weight", ".bias");
        out->layer[i].feed = norm(&f, i, "feed");
        out->layer[i].widen = dense(&f, i, "widen", ".weight", ".bias");
        out->layer[i].narrow = dense(&f, i, "narrow", ".weight", ".bias");
    }
    return f.status ? at_fail_nomem(err) : ATTUNE_OK;
}

/* ---- running -------------------------------------------------------------------------------- */

/* One run: the tokens, and room. */
typedef struct run {
    const at_encoder_net *s;
    at_pool *pool;
    const at_kernels *kn;
    int n, width, span; /* tokens; channels of a token, and of a head */
    float *x, *normed;  /* (n, width) */
    float *wide;        /* (n, 3 width) */
    float *weight;      /* (n, n) of one head */
    float *panels;      /* of one head's keys, and of its values */
} run;

static size_t cache_lines(size_t floats)
{
    return (floats + 15) / 16 * 16;
}

static size_t most(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Floats of each region, in run's order. */
static void plan(const at_encoder_net *s, const at_kernels *kn, int n, size_t region[5])
{
    const size_t tokens = (size_t)n * (size_t)s->shape.width;
    const int span = s->shape.width / s->shape.heads;
    const size_t looks = (size_t)n * AT_ENCODER_HEADS;
    const size_t where = (size_t)n * (size_t)s->where.rows;
    region[0] = region[1] = cache_lines(tokens);
    region[2] = cache_lines(most(3 * tokens, most(where, looks)));
    region[3] = cache_lines((size_t)n * (size_t)n);
    region[4] =
        cache_lines(most(at_gemm_packed_floats(kn, span, n), at_gemm_packed_floats(kn, n, span)));
}

size_t at_encoder_workspace(const at_encoder_net *s, const at_kernels *kn, int tokens)
{
    size_t region[5], sum = 0;
    if (!s->shape.layers)
        return 0;
    plan(s, kn, tokens, region);
    for (int i = 0; i < 5; i++)
        sum += region[i];
    return sum;
}

/* y (rows, d->cols) = act(x d + bias), or with `add` y += x d + bias */
static void apply(const run *r, const at_encoder_dense *d, int rows, const float *x, float *y,
                  at_act act, int add)
{
    const at_epilogue e = {.bias = d->bias, .act = act, .accumulate = add};
    at_gemm_packed(r->pool, r->kn, rows, d->cols, d->rows, x, d->rows, 1, d->weight, y, d->cols,
                   &e);
}

/* Ba 2016, of each token. */
static void normalise(const run *r, const at_encoder_norm *norm, const float *x, float *y)
{
    const int w = r->width;
    for (int t = 0; t < r->n; t++, x += w, y += w) {
        double sum = 0, squares = 0;
        for (int i = 0; i < w; i++)
            sum += x[i];
        const double mean = sum / w;
        for (int i = 0; i < w; i++)
            squares += (x[i] - mean) * (x[i] - mean);
        const float mu = (float)mean, inv = (float)(1 / sqrt(squares / w + AT_ENCODER_EPS));
        for (int i = 0; i < w; i++)
            y[i] = (x[i] - mu) * inv * norm->gamma[i] + norm->beta[i];
    }
}

/* y (n, span) of rows `width` apart = softmax(q k^T / sqrt(span)) v (Vaswani 2017, eq. 1), each of q, k
 * and v within rows 3 * width apart. */
static void look(const run *r, const float *q, const float *k, const float *v, float *y)
{
    const int n = r->n, span = r->span, row = 3 * r->width;
    const float scale = 1 / sqrtf((float)span);
    at_gemm_pack(NULL, r->kn, span, n, k, 1, row, r->panels);
    at_gemm_packed(NULL, r->kn, n, n, span, q, row, 1, r->panels, r->weight, n, NULL);
    for (int i = 0; i < n * n; i++)
        r->weight[i] *= scale;
    r->kn->softmax(n, n, r->weight, r->weight);
    at_gemm_pack(NULL, r->kn, n, span, v, row, 1, r->panels);
    at_gemm_packed(NULL, r->kn, n, span, n, r->weight, n, 1, r->panels, y, r->width, NULL);
}

static void run_layer(const run *r, int i)
{
    const at_encoder_net *s = r->s;
    normalise(r, &s->layer[i].attend, r->x, r->normed);
    apply(r, &s->layer[i].seen, r->n, r->normed, r->wide, AT_ACT_NONE, 0);
    for (int h = 0; h < s->shape.heads; h++) {
        const float *q = r->wide + h * r->span;
        look(r, q, q + r->width, q + 2 * r->width, r->normed + h * r->span);
    }
    apply(r, &s->layer[i].found, r->n, r->normed, r->x, AT_ACT_NONE, 1);
    normalise(r, &s->layer[i].feed, r->x, r->normed);
    apply(r, &s->layer[i].widen, r->n, r->normed, r->wide, AT_ACT_RELU, 0);
    apply(r, &s->layer[i].narrow, r->n, r->wide, r->x, AT_ACT_NONE, 1);
}

/* y (width): each head's channels, the tokens weighed by softmax over its column of score (n, heads). */
static void pool_tokens(const run *r, const float *x, const float *score, float *y)
{
    const int heads = r->s->shape.heads;
    float *weight = r->weight;
    memset(y, 0, (size_t)r->width * sizeof *y);
    for (int h = 0; h < heads; h++) {
        for (int t = 0; t < r->n; t++)
            weight[t] = score[t * heads + h];
        r->kn->softmax(1, r->n, weight, weight);
        for (int t = 0; t < r->n; t++)
            r->kn->axpy((size_t)r->span, weight[t], x + (size_t)t * r->width + h * r->span,
                        y + h * r->span);
    }
}

static void add_logits(const run *r, const float *pooled, float *expression, float *basic)
{
    float logits[AT_ENCODER_LOGITS];
    apply(r, &r->s->logits, 1, pooled, logits, AT_ACT_NONE, 0);
    for (int i = 0; i < AT_FACE_CLASSES; i++)
        expression[i] += logits[i];
    for (int i = 0; i < AT_BASIC_CLASSES; i++)
        basic[i] += logits[AT_FACE_CLASSES + i];
}

/* Cuts the workspace into regions. */
static run begin(const at_encoder_net *s, const at_kernels *kn, int n, float *workspace)
{
    size_t region[5];
    run r = {
        .s = s, .kn = kn, .n = n, .width = s->shape.width, .span = s->shape.width / s->shape.heads};
    plan(s, kn, n, region);
    r.x = workspace;
    r.normed = r.x + region[0];
    r.wide = r.normed + region[1];
    r.weight = r.wide + region[2];
    r.panels = r.weight + region[3];
    return r;
}

float *at_encoder_where(const at_encoder_net *s, const at_kernels *kn, int n, float *workspace)
{
    return begin(s, kn, n, workspace).wide;
}

void at_encoder_run(const at_encoder_net *s, at_pool *pool, const at_kernels *kn,
                    const float *features, int n, float *workspace, float *expression, float *basic)
{
    run r = begin(s, kn, n, workspace);
    r.pool = pool;
    apply(&r, &s->project, n, features, r.x, AT_ACT_NONE, 0);
    apply(&r, &s->where, n, r.wide, r.x, AT_ACT_NONE, 1);
    for (int i = 0; i < s->shape.layers; i++)
        run_layer(&r, i);
    normalise(&r, &s->norm, r.x, r.normed);
    apply(&r, &s->pool, n, r.normed, r.wide, AT_ACT_NONE, 0);
    pool_tokens(&r, r.normed, r.wide, r.x);
    add_logits(&r, r.x, expression, basic);
}
