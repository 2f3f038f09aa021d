/* fused.c - the inverted residual for inference: expand, depthwise, project in one go.
 *
 * The expanded tensor is six times the input; written whole it would leave the caches. So a few
 * output rows are made at a time: the input rows that they need are expanded into a ring of rows
 * (those that the rows before already needed are still there), convolved into a small buffer, and
 * projected. Threads take bands of output rows, each with a ring of its own; a band's first rows
 * are expanded twice. Where the map has too few rows for that, threads take channels to expand and
 * to convolve, and when all are done share out the projection, which needs them all. No value
 * depends on how the work is cut: each is one chain of its own.
 */
#include "kernels/conv.h"

#include <string.h>

#include "kernels/cut.h"
#include "kernels/gemm.h"

/* Floats of expanded rows that may be alive at a time: half of a 1 MiB second-level cache. */
#define LIVE_FLOATS (96 * 1024)
/* Fewest output pixels at a time: some tiles of them, so that weights are read for more than one. And
 * no fewer rows than a depthwise call makes. */
#define STEP_PIXELS 56
/* Least output rows in a band. With fewer than twice that, rows that are expanded twice and bands of
 * unequal height cost more than waiting for each other once, where the expansion takes SPLIT_MACS. */
#define BAND_ROWS  3
#define SPLIT_MACS (4 * 1024 * 1024)

typedef struct plan {
    int step;                       /* output rows at a time */
    int ring;                       /* rows in the ring */
    int bands;                      /* 0: by channels */
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
    const int threads = at_pool_threads(pool), rows = g->oh / threads;
    const double macs = u->expand ? (double)u->c_in * g->c * g->h * g->w : 0;
    plan p = {.bands = 1};

    if (threads > 1)
        p.bands = rows >= 2 * BAND_ROWS || (rows >= BAND_ROWS && macs < SPLIT_MACS) ? threads : 0;
    p.step = at_max_int(AT_DW_ROWS, at_ceil_div(STEP_PIXELS, g->ow));
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
    int channels; /* a task's, of those that go by channels: whole panels */
} unit_job;

/* Input rows [iy0, iy1), channels [from, to), expanded into rows of `out`. A panel begins at from. */
static void expand_rows(const unit_job *q, int iy0, int iy1, int from, int to, float *out)
{
    const at_inverted_residual *u = q->u;
    const at_epilogue e = {.bias = u->expand_bias + from, .act = u->expand_act};

    at_gemm_packed(NULL, q->kn, (iy1 - iy0) * u->dw.w, to - from, u->c_in,
                   q->x + (ptrdiff_t)iy0 * u->dw.w * u->c_in, u->c_in, 1,
                   u->expand + (ptrdiff_t)from * u->c_in, out + from, u->dw.c, &e);
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
        expand_rows(q, *ready, *ready + n, 0, q->u->dw.c, ring + slot * row);
        *ready += n;
    }
}

/* Output rows [oy0, oy1), channels [from, to). */
static void depthwise_rows(const unit_job *q, int oy0, int oy1, int from, int to, const float *ring,
                           float *out)
{
    const at_inverted_residual *u = q->u;
    const at_dw3x3 *g = &u->dw;

    for (int oy = oy0; oy < oy1; oy += AT_DW_ROWS, out += AT_DW_ROWS * g->ow * g->c) {
        const float *row[2 * AT_DW_ROWS + 1];
        int rows = at_min_int(AT_DW_ROWS, oy1 - oy);
        for (int i = 0; i < (rows - 1) * g->stride + 3; i++) {
            int iy = oy * g->stride - g->pad_top + i, slot = u->expand ? iy % q->p.ring : iy;
            row[i] = iy < 0 || iy >= g->h
                         ? NULL
                         : (u->expand ? ring : q->x) + (ptrdiff_t)slot * g->w * g->c;
        }
        q->kn->dw3x3_rows(g, rows, from, to, row, u->dw_weight, u->dw_bias, u->dw_act, out);
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
            depthwise_rows(q, oy, end, 0, g->c, ring, out);
            project_rows(NULL, q, oy, end, out);
        } else {
            depthwise_rows(q, oy, end, 0, g->c, ring, q->y + (ptrdiff_t)oy * g->ow * g->c);
        }
    }
}

/* Some panels' channels. */
static void channels_task(void *arg, int task, int thread)
{
    const unit_job *q = arg;
    const at_inverted_residual *u = q->u;
    const int from = task * q->channels, to = at_min_int(from + q->channels, u->dw.c);
    float *expanded = q->workspace, *out = u->project ? expanded + q->p.ring_floats : q->y;

    (void)thread;
    if (u->expand)
        expand_rows(q, 0, q->p.ring, from, to, expanded); /* as many rows as are read */
    depthwise_rows(q, 0, u->dw.oh, from, to, expanded, out);
}

static void by_channels(at_pool *pool, unit_job *q)
{
    const at_dw3x3 *g = &q->u->dw;
    const int panels = at_ceil_div(g->c, q->kn->nr);
    const double macs = (double)(q->u->expand ? q->u->c_in : 9) * g->c * g->h * g->w;

    q->channels = at_ceil_div(panels, at_tasks_for(2 * macs, panels)) * q->kn->nr;
    at_pool_run(pool, at_ceil_div(g->c, q->channels), channels_task, q);
    if (q->u->project)
        project_rows(pool, q, 0, q->u->dw.oh, q->workspace + q->p.ring_floats);
}

void at_inverted_residual_run(at_pool *pool, const at_kernels *kn, const at_inverted_residual *u,
                              const float *x, float *y, float *workspace)
{
    unit_job q = {
        .kn = kn, .u = u, .x = x, .y = y, .workspace = workspace, .p = make_plan(u, pool)};

    if (q.p.bands)
        at_pool_run(pool, q.p.bands, band_task, &q);
    else
        by_channels(pool, &q);
}
