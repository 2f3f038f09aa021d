/* fused.c - the inverted residual for inference: expand, depthwise, project in one go.
 *
 * The expanded tensor is six times the input; written whole it would leave the caches. So a few
 * output rows are made at a time: the input rows that they need are expanded into a ring of rows
 * (those that the rows before already needed are still there), convolved into a small buffer, and
 * projected. Threads take bands of output rows, each with a ring of its own; a band's first rows
 * are expanded twice. Where the map has too few rows for that, the three layers run one after the
 * other, each shared out. No value depends on how the work is cut: each is one chain of its own.
 */
#include "kernels/conv.h"

#include <string.h>

#include "kernels/cut.h"
#include "kernels/gemm.h"

/* Floats of expanded rows that may be alive at a time: half of a 1 MiB second-level cache. */
#define LIVE_FLOATS (96 * 1024)
/* Fewest output pixels at a time: some tiles of them, so that weights are read for more than one. */
#define STEP_PIXELS 56
/* Least output rows in a band. Two rows of a band are expanded twice, which even at three (7 x 7 on
 * two threads) costs less than three layers that wait for each other. */
#define BAND_ROWS 3

typedef struct plan {
    int step;                       /* output rows at a time */
    int ring;                       /* rows in the ring */
    int bands;                      /* 0: layer by layer */
    size_t ring_floats, out_floats; /* a thread's, multiples of a cache line */
} plan;

static size_t cache_lines(size_t floats)
{
    return (floats + 15) / 16 * 16;
}

static plan make_plan(const at_inverted_residual *u, const at_pool *pool)
{
    const at_dw3x3 *g = &u->dw;
    const size_t row = (size_t)g->w * (size_t)g->c, out_row = (size_t)g->ow * (size_t)g->c;
    const int threads = at_pool_threads(pool);
    plan p = {.bands = 1};

    if (threads > 1)
        p.bands = g->oh / threads >= BAND_ROWS ? threads : 0;
    p.step = at_max_int(1, at_ceil_div(STEP_PIXELS, g->ow));
    if (p.bands == 0 || ((size_t)g->h * row + (size_t)g->oh * out_row) <= LIVE_FLOATS)
        p.step = g->oh;
    p.step = at_min_int(p.step, g->oh);
    p.ring = at_min_int((p.step - 1) * g->stride + 3, g->h);
    p.ring_floats = u->expand ? cache_lines((size_t)p.ring * row) : 0;
    p.out_floats = u->project ? cache_lines((size_t)p.step * out_row) : 0;
    return p;
}

size_t at_inverted_residual_workspace(const at_inverted_residual *u, const at_pool *pool)
{
    plan p = make_plan(u, pool);

    return (p.ring_floats + p.out_floats) * (size_t)at_max_int(p.bands, 1);
}

typedef struct unit_job {
    const at_kernels *kn;
    const at_inverted_residual *u;
    const float *x;
    float *y, *workspace;
    plan p;
} unit_job;

/* Input rows [iy0, iy1) expanded into rows of `out` from row `at` on. */
static void expand_rows(at_pool *pool, const unit_job *q, int iy0, int iy1, float *out)
{
    const at_inverted_residual *u = q->u;
    const at_epilogue e = {.bias = u->expand_bias, .act = u->expand_act};

    at_gemm_packed(pool, q->kn, (iy1 - iy0) * u->dw.w, u->dw.c, u->c_in,
                   q->x + (ptrdiff_t)iy0 * u->dw.w * u->c_in, u->c_in, 1, u->expand, out, u->dw.c,
                   &e);
}

/* Output rows [oy0, oy1) from their depthwise rows. */
static void project_rows(at_pool *pool, const unit_job *q, int oy0, int oy1, const float *in)
{
    const at_inverted_residual *u = q->u;
    const ptrdiff_t first = (ptrdiff_t)oy0 * u->dw.ow * u->c_out;
    const at_epilogue e = {.bias = u->project_bias,
                           .residual = u->residual ? q->x + first : NULL,
                           .residual_row = u->c_out,
                           .act = u->project_act};

    at_gemm_packed(pool, q->kn, (oy1 - oy0) * u->dw.ow, u->c_out, u->dw.c, in, u->dw.c, 1,
                   u->project, q->y + first, u->c_out, &e);
}

/* Brings input rows [*ready, end) into the ring, where row iy lies at iy % ring. */
static void fill_ring(const unit_job *q, float *ring, int *ready, int end)
{
    const ptrdiff_t row = (ptrdiff_t)q->u->dw.w * q->u->dw.c;

    while (*ready < end) {
        int slot = *ready % q->p.ring, n = at_min_int(end - *ready, q->p.ring - slot);
        expand_rows(NULL, q, *ready, *ready + n, ring + slot * row);
        *ready += n;
    }
}

static void depthwise_rows(const unit_job *q, int oy0, int oy1, const float *ring, float *out)
{
    const at_inverted_residual *u = q->u;
    const at_dw3x3 *g = &u->dw;

    for (int oy = oy0; oy < oy1; oy++, out += g->ow * g->c) {
        const float *row[3];
        for (int ky = 0; ky < 3; ky++) {
            int iy = oy * g->stride - g->pad_top + ky, slot = u->expand ? iy % q->p.ring : iy;
            row[ky] = iy < 0 || iy >= g->h
                          ? NULL
                          : (u->expand ? ring : q->x) + (ptrdiff_t)slot * g->w * g->c;
        }
        q->kn->dw3x3_row(g, row, u->dw_weight, u->dw_bias, u->dw_act, out);
    }
}

static void band_task(void *arg, int task, int thread)
{
    const unit_job *q = arg;
    const at_inverted_residual *u = q->u;
    const at_dw3x3 *g = &u->dw;
    const int rows = at_ceil_div(g->oh, q->p.bands);
    const int oy0 = task * rows, oy1 = at_min_int(oy0 + rows, g->oh);
    float *ring = q->workspace + (size_t)thread * (q->p.ring_floats + q->p.out_floats);
    float *out = ring + q->p.ring_floats;
    int ready = at_max_int(0, oy0 * g->stride - g->pad_top);

    for (int oy = oy0; oy < oy1; oy += q->p.step) {
        int end = at_min_int(oy + q->p.step, oy1);
        if (u->expand)
            fill_ring(q, ring, &ready, at_min_int(g->h, (end - 1) * g->stride - g->pad_top + 3));
        if (u->project) {
            depthwise_rows(q, oy, end, ring, out);
            project_rows(NULL, q, oy, end, out);
        } else {
            depthwise_rows(q, oy, end, ring, q->y + (ptrdiff_t)oy * g->ow * g->c);
        }
    }
}

static void layer_by_layer(at_pool *pool, const unit_job *q)
{
    const at_inverted_residual *u = q->u;
    float *expanded = q->workspace, *out = u->project ? expanded + q->p.ring_floats : q->y;

    if (u->expand)
        expand_rows(pool, q, 0, q->p.ring, expanded); /* as many rows as are read */
    at_depthwise(pool, q->kn, &u->dw, 1, u->expand ? expanded : q->x, u->dw_weight, u->dw_bias,
                 u->dw_act, out);
    if (u->project)
        project_rows(pool, q, 0, u->dw.oh, out);
}

void at_inverted_residual_run(at_pool *pool, const at_kernels *kn, const at_inverted_residual *u,
                              const float *x, float *y, float *workspace)
{
    unit_job q = {
        .kn = kn, .u = u, .x = x, .y = y, .workspace = workspace, .p = make_plan(u, pool)};

    if (q.p.bands)
        at_pool_run(pool, q.p.bands, band_task, &q);
    else
        layer_by_layer(pool, &q);
}
