/* gemm.c - packing, and the loops around the register tile. */
#include "kernels/gemm.h"

#include <stdalign.h>
#include <string.h>

#include "kernels/cut.h"

/* A chunk's share of A should stay in a small second-level cache (256 KiB) while every panel of B
 * passes over it. */
#define A_CHUNK_FLOATS (48 * 1024)

size_t at_gemm_packed_floats(const at_kernels *kn, int k, int n)
{
    return (size_t)at_ceil_div(n, kn->nr) * (size_t)kn->nr * (size_t)k;
}

void at_gemm_pack(const at_kernels *kn, int k, int n, const float *b, ptrdiff_t b_row,
                  ptrdiff_t b_col, float *packed)
{
    for (int j0 = 0; j0 < n; j0 += kn->nr) {
        int width = at_min_int(kn->nr, n - j0);
        for (int p = 0; p < k; p++, packed += kn->nr) {
            const float *row = b + p * b_row + j0 * b_col;
            if (b_col == 1)
                memcpy(packed, row, (size_t)width * sizeof *packed);
            else
                for (int j = 0; j < width; j++)
                    packed[j] = row[j * b_col];
            memset(packed + width, 0, (size_t)(kn->nr - width) * sizeof *packed);
        }
    }
}

/* ---- C = epilogue(A * B) ------------------------------------------------------------------ */

typedef struct packed_job {
    const at_kernels *kn;
    int m, n, k;
    const float *a;
    ptrdiff_t a_row, a_col;
    const float *packed;
    float *c;
    ptrdiff_t c_row;
    at_epilogue e;
    int m_chunk, n_chunk, n_tasks; /* a task is m_chunk rows by n_chunk columns */
} packed_job;

/* Rows [0, m) in tiles of nearly equal height (49 rows by 6: four of 6, five of 5, none of 1). */
static void panel_times_rows(const packed_job *q, int m, int n, const float *a, const float *panel,
                             float *c, at_epilogue *e)
{
    int tiles = at_ceil_div(m, q->kn->mr);

    for (int t = 0; t < tiles; t++) {
        int rows = at_ceil_div(m, tiles - t);
        q->kn->gemm_tile(rows, n, q->k, a, q->a_row, q->a_col, panel, q->kn->nr, c, q->c_row, e);
        m -= rows;
        a += rows * q->a_row;
        c += rows * q->c_row;
        if (e->residual)
            e->residual += rows * e->residual_row;
    }
}

static void packed_task(void *arg, int task, int thread)
{
    const packed_job *q = arg;
    int i0 = task / q->n_tasks * q->m_chunk, j0 = task % q->n_tasks * q->n_chunk;
    int m = at_min_int(q->m_chunk, q->m - i0), j1 = at_min_int(j0 + q->n_chunk, q->n);

    (void)thread;
    for (int j = j0; j < j1; j += q->kn->nr) {
        at_epilogue e = q->e;
        if (e.bias)
            e.bias += j;
        if (e.residual)
            e.residual += i0 * e.residual_row + j;
        panel_times_rows(q, m, at_min_int(q->kn->nr, j1 - j), q->a + i0 * q->a_row,
                         q->packed + (ptrdiff_t)j * q->k, q->c + i0 * q->c_row + j, &e);
    }
}

void at_gemm_packed(at_pool *pool, const at_kernels *kn, int m, int n, int k, const float *a,
                    ptrdiff_t a_row, ptrdiff_t a_col, const float *packed, float *c,
                    ptrdiff_t c_row, const at_epilogue *e)
{
    packed_job q = {.kn = kn,
                    .m = m,
                    .n = n,
                    .k = k,
                    .a = a,
                    .a_row = a_row,
                    .a_col = a_col,
                    .packed = packed,
                    .c = c,
                    .c_row = c_row};
    int m_tasks, tasks;

    if (m <= 0 || n <= 0)
        return;
    if (e)
        q.e = *e;
    m_tasks = at_ceil_div(m, at_max_int(A_CHUNK_FLOATS / at_max_int(k, 1), 4 * kn->mr));
    q.m_chunk = at_ceil_div(at_ceil_div(m, m_tasks), kn->mr) * kn->mr;
    m_tasks = at_ceil_div(m, q.m_chunk);

    /* Few rows: share out the panels too, eight tasks in all if they are worth it. */
    tasks = at_tasks_for((double)m * n * k, 8);
    q.n_tasks = at_min_int(at_ceil_div(tasks, m_tasks), at_ceil_div(n, kn->nr));
    q.n_chunk = at_ceil_div(at_ceil_div(n, kn->nr), q.n_tasks) * kn->nr;
    q.n_tasks = at_ceil_div(n, q.n_chunk);
    at_pool_run(pool, m_tasks * q.n_tasks, packed_task, &q);
}

/* ---- dW (+)= A^T * D ----------------------------------------------------------------------- */

/* Rows of D packed at a time: a panel of them and a strip of A^T stay in the first-level cache. */
#define TN_ROWS   128
#define TN_MAX_NR 64

typedef struct tn_job {
    const at_kernels *kn;
    int m, n, k;
    const float *a;
    ptrdiff_t a_row;
    const float *d;
    ptrdiff_t d_row;
    float *dw;
    ptrdiff_t dw_row;
    int accumulate;
    float *parts;         /* (chunks x k x n) when chunks > 1 */
    int rows, chunks;     /* the m rows in chunks of rows */
    int n_chunk, n_tasks; /* the n columns in n_tasks of n_chunk */
} tn_job;

/* How the work is cut: column blocks first, since they need no summing afterwards, then rows. */
static void tn_cut(tn_job *q)
{
    int panels = at_ceil_div(q->n, q->kn->nr);
    int tasks = at_tasks_for((double)q->m * q->n * q->k, AT_SUM_PARTS);

    q->n_tasks = at_min_int(panels, tasks);
    if (panels % q->n_tasks && panels < 2 * tasks) /* uneven blocks: let rows do some of it */
        q->n_tasks = at_ceil_div(panels, 2);
    q->n_chunk = at_ceil_div(panels, q->n_tasks) * q->kn->nr;
    q->n_tasks = at_ceil_div(q->n, q->n_chunk);
    q->chunks = at_min_int(at_ceil_div(tasks, q->n_tasks), at_ceil_div(q->m, 4 * TN_ROWS));
    q->rows = at_ceil_div(at_ceil_div(q->m, q->chunks), TN_ROWS) * TN_ROWS;
    q->chunks = at_ceil_div(q->m, q->rows);
}

size_t at_gemm_tn_workspace(const at_kernels *kn, int m, int n, int k)
{
    tn_job q = {.kn = kn, .m = m, .n = n, .k = k};

    if (m <= 0 || n <= 0 || k <= 0)
        return 0;
    tn_cut(&q);
    return q.chunks > 1 ? (size_t)q.chunks * (size_t)k * (size_t)n : 0;
}

/* One panel of columns: dw (k x n) (+)= A[rows]^T * D[rows], in steps of TN_ROWS rows. */
static void tn_panel(const tn_job *q, int r0, int r1, int j, int n, int accumulate, float *dw,
                     ptrdiff_t dw_row)
{
    alignas(64) float panel[TN_ROWS * TN_MAX_NR];
    at_epilogue e = {.accumulate = accumulate};

    for (int r = r0; r < r1; r += TN_ROWS, e.accumulate = 1) {
        int rows = at_min_int(TN_ROWS, r1 - r), tiles = at_ceil_div(q->k, q->kn->mr);
        at_gemm_pack(q->kn, rows, n, q->d + r * q->d_row + j, q->d_row, 1, panel);
        for (int t = 0, i = 0; t < tiles; t++) {
            int height = at_ceil_div(q->k - i, tiles - t);
            q->kn->gemm_tile(height, n, rows, q->a + r * q->a_row + i, 1, q->a_row, panel,
                             q->kn->nr, dw + i * dw_row + j, dw_row, &e);
            i += height;
        }
    }
}

static void tn_task(void *arg, int task, int thread)
{
    const tn_job *q = arg;
    int chunk = task / q->n_tasks, j0 = task % q->n_tasks * q->n_chunk;
    int r0 = chunk * q->rows, r1 = at_min_int(r0 + q->rows, q->m);
    int j1 = at_min_int(j0 + q->n_chunk, q->n);

    (void)thread;
    for (int j = j0; j < j1; j += q->kn->nr) {
        int n = at_min_int(q->kn->nr, j1 - j);
        if (q->chunks > 1)
            tn_panel(q, r0, r1, j, n, 0, q->parts + (size_t)chunk * q->k * q->n, q->n);
        else
            tn_panel(q, r0, r1, j, n, q->accumulate, q->dw, q->dw_row);
    }
}

/* Row `task` of dW: the chunks' parts, added in order. */
static void tn_sum_task(void *arg, int task, int thread)
{
    const tn_job *q = arg;
    size_t n = (size_t)q->n, step = (size_t)q->k * n;
    const float *part = q->parts + (size_t)task * n;
    float *dw = q->dw + task * q->dw_row;

    (void)thread;
    if (q->accumulate)
        q->kn->add(n, dw, part, dw);
    else
        memcpy(dw, part, n * sizeof *dw);
    for (int i = 1; i < q->chunks; i++)
        q->kn->add(n, dw, part + (size_t)i * step, dw);
}

void at_gemm_tn(at_pool *pool, const at_kernels *kn, int m, int n, int k, const float *a,
                ptrdiff_t a_row, const float *d, ptrdiff_t d_row, float *dw, ptrdiff_t dw_row,
                int accumulate, float *workspace)
{
    tn_job q = {.kn = kn,
                .m = m,
                .n = n,
                .k = k,
                .a = a,
                .a_row = a_row,
                .d = d,
                .d_row = d_row,
                .dw = dw,
                .dw_row = dw_row,
                .accumulate = accumulate,
                .parts = workspace};

    if (n <= 0 || k <= 0)
        return;
    if (m <= 0) {
        for (int i = 0; i < k && !accumulate; i++)
            memset(dw + i * dw_row, 0, (size_t)n * sizeof *dw);
        return;
    }
    tn_cut(&q);
    at_pool_run(pool, q.chunks * q.n_tasks, tn_task, &q);
    if (q.chunks > 1)
        at_pool_run(pool, k, tn_sum_task, &q);
}
