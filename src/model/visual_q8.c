#include "model/visual_q8.h"
#include "base/error.h"
#include "base/mem.h"
#include "kernels/q8_layer.h"
#include "kernels/q8_unit.h"
#include "tensor/ops.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

struct at_visual_q8 {
    const at_q8_kernels *kn;
    at_arena arena;
    at_q8_layer widen[AT_MB_BLOCKS]; /* of the first block: the stem */
    at_q8_layer depthwise[AT_MB_BLOCKS], project[AT_MB_BLOCKS], last;
};

static const at_q8_code picture_code = {1 / 127.5F, 127.5}; /* what visual.h says of the input */

/* ---- weights ------------------------------------------------------------------------------------- */

/* Room for the weights of the largest unit, the last convolution. */
enum { MOST_WEIGHTS = 320 * AT_MB_FEATURES };

typedef struct quantiser {
    at_visual_q8 *v;
    const at_weights *w;
    float *folded; /* (MOST_WEIGHTS) */
    float bias[AT_MB_FEATURES];
    attune_error *err;
} quantiser;

/* A product of pieces of `rows` bytes each; out NULL: floats. */
static int take_dense(quantiser *q, at_q8_layer *l, const char *unit, int pieces, int rows, int n,
                      const at_q8_code *in, const at_q8_code *out)
{
    const int status = at_mb_fold_unit(q->w, unit, pieces * rows, n, q->folded, q->bias, q->err);
    if (status)
        return status;
    return at_q8_make_dense(l, &q->v->arena, pieces, rows, n, q->folded, q->bias, in, out)
               ? at_fail_nomem(q->err)
               : ATTUNE_OK;
}

static int take_depthwise(quantiser *q, at_q8_layer *l, const char *unit, int n,
                          const at_q8_code *in, const at_q8_code *out)
{
    const int status = at_mb_fold_unit(q->w, unit, 9, n, q->folded, q->bias, q->err);
    if (status)
        return status;
    return at_q8_make_depthwise(l, &q->v->arena, n, q->folded, q->bias, in, out)
               ? at_fail_nomem(q->err)
               : ATTUNE_OK;
}

static int is_residual(int i)
{
    const at_mb_block *b = &at_mb_blocks[i];
    return b->stride == 1 && b->in == b->out;
}

/* The map after block i has the range of all that residuals tie it to. */
static float map_range(const at_mb_ranges *r, int i)
{
    float most;
    while (is_residual(i))
        i--;
    most = r->map[i];
    for (i++; i < AT_MB_BLOCKS && is_residual(i); i++)
        most = fmaxf(most, r->map[i]);
    return most;
}

static int take_block(quantiser *q, const at_mb_ranges *r, int i)
{
    const at_mb_block *b = &at_mb_blocks[i];
    const at_q8_code in = i ? at_q8_code_of_map(map_range(r, i - 1)) : picture_code;
    const at_q8_code wide = at_q8_code_of_activation(r->widened[i]);
    const at_q8_code deep = at_q8_code_of_activation(r->depthwise[i]);
    const at_q8_code out = at_q8_code_of_map(map_range(r, i));
    char unit[64];
    int status;

    snprintf(unit, sizeof unit, "visual.block%d.expand", i);
    status = i ? take_dense(q, &q->v->widen[i], unit, 1, b->in, b->mid, &in, &wide)
               : take_dense(q, &q->v->widen[i], "visual.stem", 3, 9, AT_MB_STEM, &in, &wide);
    snprintf(unit, sizeof unit, "visual.block%d.depthwise", i);
    status = status ? status : take_depthwise(q, &q->v->depthwise[i], unit, b->mid, &wide, &deep);
    snprintf(unit, sizeof unit, "visual.block%d.project", i);
    return status ? status : take_dense(q, &q->v->project[i], unit, 1, b->mid, b->out, &deep, &out);
}

static int take_all(quantiser *q, const at_mb_ranges *r)
{
    const int end = AT_MB_BLOCKS - 1;
    const at_q8_code in = at_q8_code_of_map(map_range(r, end));
    int status = ATTUNE_OK;

    for (int i = 0; i <= end && !status; i++)
        status = take_block(q, r, i);
    return status ? status
                  : take_dense(q, &q->v->last, "visual.head", 1, at_mb_blocks[end].out,
                               AT_MB_FEATURES, &in, NULL);
}

int at_visual_q8_create(at_visual_q8 **out, const at_weights *w, const at_mb_ranges *ranges,
                        const at_q8_kernels *kn, attune_error *err)
{
    at_visual_q8 *v = at_calloc(1, sizeof *v);
    quantiser *q = at_calloc(1, sizeof *q);
    int status = ATTUNE_OK;

    *out = NULL;
    if (v && q) {
        v->kn = kn;
        v->arena.block_bytes = (size_t)1 << 22;
        *q = (quantiser){.v = v, .w = w, .err = err};
        q->folded = at_alloc(MOST_WEIGHTS, sizeof *q->folded);
    }
    if (!v || !q || !q->folded)
        status = at_fail_nomem(err);
    status = status ? status : take_all(q, ranges);
    if (q)
        at_free(q->folded);
    at_free(q);
    if (status)
        at_visual_q8_free(&v);
    else
        *out = v;
    return status;
}

void at_visual_q8_free(at_visual_q8 **v)
{
    if (!v || !*v)
        return;
    at_arena_free(&(*v)->arena);
    at_free(*v);
    *v = NULL;
}

/* ---- running ------------------------------------------------------------------------------------- */

static int half(int n)
{
    return (n + 1) / 2;
}

/* Block i on a widened map of side x side. */
static at_q8_unit block_unit(const at_visual_q8 *v, int i, int side)
{
    const at_mb_block *b = &at_mb_blocks[i];
    const at_pad pad = at_pad_same(side, side, b->stride);
    const int to = b->stride == 2 ? half(side) : side;

    return (at_q8_unit){.h = side,
                        .oh = to,
                        .pad_top = pad.top,
                        .widen = v->widen[i],
                        .dw = {.c = b->mid,
                               .w = side,
                               .ow = to,
                               .stride = b->stride,
                               .pad_left = pad.left,
                               .weight = v->depthwise[i].weight,
                               .q = v->depthwise[i].q},
                        .project = v->project[i],
                        .residual = is_residual(i)};
}

/* The picture with a margin where the first layer reads past it, and where the kernels do. */
typedef struct canvas {
    at_pad pad;
    int rows;
    ptrdiff_t row;
} canvas;

static canvas canvas_of(int side)
{
    const at_pad pad = at_pad_same(side, side, 2);
    return (canvas){pad, 2 * half(side) + 1, 3 * (2 * (ptrdiff_t)half(side) + 1)};
}

static size_t cache_lines(size_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

/* Regions of the workspace: two maps that take turns, and scratch. */
typedef struct layout {
    size_t map, scratch;
} layout;

static void at_least(size_t *have, size_t want)
{
    if (*have < want)
        *have = want;
}

static layout plan(const at_visual_q8 *v, const at_pool *pool, int side)
{
    const canvas k = canvas_of(side);
    layout l = {(size_t)(k.rows * k.row), 0};
    int s = half(side);

    for (int i = 0; i < AT_MB_BLOCKS; i++) {
        const at_q8_unit u = block_unit(v, i, s);
        at_least(&l.scratch, at_q8_unit_workspace(&u, pool));
        s = u.oh;
        at_least(&l.map, (size_t)s * s * (size_t)u.project.n);
    }
    l.map = cache_lines(l.map + AT_Q8_SLACK);
    l.scratch = cache_lines(l.scratch);
    return l;
}

size_t at_visual_q8_workspace(const at_visual_q8 *v, const at_pool *pool, int side)
{
    const layout l = plan(v, pool, side);
    return 2 * l.map + l.scratch;
}

/* Grey, as near to the zero that f32 has there as a byte comes. */
static void fill_canvas(const canvas *k, const uint8_t *face, int side, int mirrored, uint8_t *out)
{
    memset(out, AT_Q8_MIDDLE, (size_t)(k->rows * k->row) + AT_Q8_SLACK);
    for (int y = 0; y < side; y++, face += 3 * side) {
        uint8_t *to = out + (y + k->pad.top) * k->row + 3 * k->pad.left;
        if (!mirrored)
            memcpy(to, face, 3 * (size_t)side);
        for (int x = 0; mirrored && x < side; x++)
            memcpy(to + 3 * x, face + 3 * (side - 1 - x), 3);
    }
}

int at_visual_q8_run(const at_visual_q8 *v, at_pool *pool, const uint8_t *face, int side,
                     int mirrored, uint8_t *workspace, float *features)
{
    const layout l = plan(v, pool, side);
    const canvas k = canvas_of(side);
    uint8_t *x = workspace, *y = x + l.map, *scratch = y + l.map, *t;
    at_q8_map map = {x, 2 * k.row, 6, k.row};
    int s = half(side);

    fill_canvas(&k, face, side, mirrored, x);
    for (int i = 0; i < AT_MB_BLOCKS; i++) {
        const at_q8_unit u = block_unit(v, i, s);
        at_q8_unit_run(pool, v->kn, &u, &map, y, scratch);
        s = u.oh;
        map = (at_q8_map){y, (ptrdiff_t)s * u.project.n, u.project.n, 0};
        t = x, x = y, y = t;
    }
    at_q8_product_floats(pool, v->kn, &v->last, &map, s * s, 0, 6, features);
    return s;
}
