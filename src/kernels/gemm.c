/* gemm.c - packing, and the loops around the register tile. */
#include "kernels/gemm.h"

#include <assert.h>
#include <stdalign.h>
#include <string.h>

#include "kernels/cut.h"

/* A chunk's share of A should stay in a small second-level cache (256 KiB) while every panel of B
 * passes over it. */
#define A_CHUNK_FLOATS (48 * 1024)
/* Most tasks that a product is cut into on purpose: cores seldom run equally fast, and at the end
 * of a loop one of them waits for the other's last task. */
#define MOST_TASKS 32

size_t at_gemm_packed_floats(const at_kernels *kn, int k, int n)
{
    return (size_t)at_ceil_div(n, kn->nr) * (size_t)kn->nr * (size_t)k;
}

/* ---- packing ------------------------------------------------------------------------------ */

/* Floats worth a task: they take as long as AT_TASK_MACS. */
#define PACK_FLOATS (32 * 1024)
/* Columns are turned into rows so many at a time: what is written stays in the first-level cache. */
#define TURN_ROWS 16

typedef struct pack_job {
    int nr, k, n;
    const float *b;
    ptrdiff_t b_row, b_col;
    float *packed;
    int step; /* of a task: rows where they lie in one piece, else panels */
} pack_job;

/* Rows [from, to) of all panels: B is read as it lies. */
static void pack_rows(const pack_job *q, int from, int to)
{
    for (int p = from; p < to; p++) {
        const float *row = q->b + p * q->b_row;
        float *packed = q->packed + (ptrdiff_t)p * q->nr;
        for (int j = 0; j < q->n; j += q->nr, packed += (ptrdiff_t)q->k * q->nr) {
            int width = at_min_int(q->nr, q->n - j);
            memcpy(packed, row + j, (size_t)width * sizeof *packed);
            memset(packed + width, 0, (size_t)(q->nr - width) * sizeof *packed);
        }
    }
}

/* Rows [p0, p1) of one panel of `width` columns that lie in one piece each, four by four. */
static void turn_rows(const pack_job *q, int p0, int p1, int width, const float *b, float *packed)
{
    int j = 0;
    for (; j + 4 <= width; j += 4) {
        const float *column = b + j * q->b_col;
        int p = p0;
        for (int i = 0; i < 4; i++) /* too many streams for the processor to see by itself */
            __builtin_prefetch(column + i * q->b_col + p1);
        for (; p + 4 <= p1; p += 4) {
            float t[16];
            for (int i = 0; i < 16; i++)
                t[i] = column[i % 4 * q->b_col + p + i / 4];
            for (int i = 0; i < 4; i++)
                memcpy(packed + (p + i) * q->nr + j, t + 4 * i, 4 * sizeof *t);
        }
        for (; p < p1; p++)
            for (int i = 0; i < 4; i++)
                packed[p * q->nr + j + i] = column[i * q->b_col + p];
    }
    for (; j < width; j++)
        for (int p = p0; p < p1; p++)
            packed[p * q->nr + j] = b[j * q->b_col + p];
}

/* Panels [from, to) whole. */
static void pack_panels(const pack_job *q, int from, int to)
{
    for (int panel = from; panel < to; panel++) {
        const float *b = q->b + panel * q->nr * q->b_col;
        float *packed = q->packed + (ptrdiff_t)panel * q->k * q->nr;
        int width = at_min_int(q->nr, q->n - panel * q->nr);
        for (int p = 0; p < q->k; p += TURN_ROWS)
            turn_rows(q, p, at_min_int(p + TURN_ROWS, q->k), width, b, packed);
        for (int p = 0; p < q->k && width < q->nr; p++)
            memset(packed + p * q->nr + width, 0, (size_t)(q->nr - width) * sizeof *packed);
    }
}

static void pack_task(void *arg, int task, int thread)
{
    const pack_job *q = arg;
    int from = task * q->step, to = from + q->step;

    (void)thread;
    if (q->b_col == 1)
        pack_rows(q, from, at_min_int(to, q->k));
    else
        pack_panels(q, from, at_min_int(to, at_ceil_div(q->n, q->nr)));
}

void at_gemm_pack(at_pool *pool, const at_kernels *kn, int k, int n, const float *b,
                  ptrdiff_t b_row, ptrdiff_t b_col, float *packed)
{
    pack_job q = {
        .nr = kn->nr, .k = k, .n = n, .b = b, .b_row = b_row, .b_col = b_col, .packed = packed};
    int pieces = b_col == 1 ? k : at_ceil_div(n, kn->nr); /* none in an empty matrix */
    double tasks = (double)k * n / PACK_FLOATS;

    assert(b_row == 1 || b_col == 1);
    if (pieces == 0)
        return;
    q.step = tasks <= 1 ? pieces : at_ceil_div(pieces, at_min_int((int)tasks, pieces));
    at_pool_run(pool, at_ceil_div(pieces, q.step), pack_task, &q);
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

/* So many bytes of what is read later, as far as there is something. */
static const float *take_ahead(at_ahead *a, size_t bytes)
{
    for (int i = 0; a && i < AT_AHEAD; i++)
        if (a->bytes[i]) {
            const char *from = a->from[i];
            size_t step = a->bytes[i] < bytes ? a->bytes[i] : bytes;
            a->from[i] += step;
            a->bytes[i] -= step;
            return (const float *)(const void *)from;
        }
    return NULL;
}

/* How far before its use a panel comes that is used once, in floats: a few lines more than come anyhow,
 * across the ends of pages. */
#define LONE_AHEAD 1024

/* Rows [0, m) in tiles of nearly equal height (49 rows by 6: four of 6, five of 5, none of 1). While
 * the first runs, what follows the panel comes into the second-level cache: the next panel, or after the
 * last what was packed next, which is most often the next layer. Else every panel's first tile waits. A
 * lone tile has no others to hide that behind: its own panel comes a little ahead. */
static void panel_times_rows(const packed_job *q, int m, int n, const float *a, const float *panel,
                             float *c, at_epilogue *e)
{
    int tiles = at_ceil_div(m, q->kn->mr);

    for (int t = 0; t < tiles; t++) {
        int rows = at_ceil_div(m, tiles - t);
        e->next = tiles == 1 ? panel + LONE_AHEAD
                  : t == 0   ? panel + (ptrdiff_t)q->k * q->kn->nr
                           : take_ahead(e->ahead, (size_t)q->k * (size_t)q->kn->nr * sizeof(float));
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

    /* Few rows: share out the panels too, if they are worth it; few panels: rows, by whole tiles. */
    tasks = at_tasks_for((double)at_max_int(m, kn->mr) * n * k, MOST_TASKS);
    if (m_tasks * at_ceil_div(n, kn->nr) < tasks) {
        int tiles = at_ceil_div(m, kn->mr);
        m_tasks = at_min_int(at_ceil_div(tasks, at_ceil_div(n, kn->nr)), tiles);
        q.m_chunk = at_ceil_div(tiles, m_tasks) * at_ceil_div(m, tiles);
        m_tasks = at_ceil_div(m, q.m_chunk);
    }
    q.n_tasks = at_min_int(at_ceil_div(tasks, m_tasks), at_ceil_div(n, kn->nr));
    q.n_chunk = at_ceil_div(at_ceil_div(n, kn->nr), q.n_tasks) * kn->nr;
    q.n_tasks = at_ceil_div(n, q.n_chunk);
    at_pool_run(pool, m_tasks * q.n_tasks, packed_task, &q);
}

/* ---- dW (+)= A^T * D ----------------------------------------------------------------------- */

/* Rows of A and D at a time: so many that a tile of dW is seldom loaded and stored, so few that a
 * panel of D stays in cache while the strips of A^T pass by. */
#define TN_ROWS   256
#define TN_MAX_NR 64
/* Most floats of a block of dW^T. */
#define TN_TURNED (16 * 1024)

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
    int k_chunk, k_tasks; /* the k rows of dW in k_tasks of k_chunk */
    int turned;           /* dW^T = D^T * A is what is made */
} tn_job;

/* A strip of A is short pieces of its rows, which nothing foresees: where A is much the wider it is better
 * read by panels, and D by strips. The products and their order are the same. */
static int tn_turns(const tn_job *q)
{
    return q->k >= 2 * q->n && q->k % (q->kn->nr / 2) == 0 && q->n * q->kn->nr <= TN_TURNED;
}

/* How the work is cut: blocks of dW first, by columns and then by rows, since they need no summing
 * afterwards; then the rows of A and D. */
static void tn_cut(tn_job *q)
{
    int panels = at_ceil_div(q->n, q->kn->nr);
    int tasks = at_tasks_for((double)q->m * q->n * q->k, MOST_TASKS);

    q->n_tasks = at_min_int(panels, tasks);
    if (panels % q->n_tasks && panels < 2 * tasks) /* uneven blocks: let rows do some of it */
        q->n_tasks = at_ceil_div(panels, 2);
    q->n_chunk = at_ceil_div(panels, q->n_tasks) * q->kn->nr;
    q->n_tasks = at_ceil_div(q->n, q->n_chunk);
    /* Every strip of dW's rows reads D anew: eight tiles make that little. */
    q->k_tasks = at_min_int(at_ceil_div(tasks, q->n_tasks), q->k / (8 * q->kn->mr));
    q->k_chunk = at_ceil_div(q->k, at_max_int(q->k_tasks, 1));
    q->k_tasks = at_ceil_div(q->k, q->k_chunk);
    q->chunks = at_min_int(at_max_int(tasks / (q->n_tasks * q->k_tasks), 1),
                           at_ceil_div(q->m, 4 * TN_ROWS));
    q->rows = at_ceil_div(at_ceil_div(q->m, q->chunks), TN_ROWS) * TN_ROWS;
    q->chunks = at_ceil_div(q->m, q->rows);
    if (tn_turns(q)) { /* the same chunks, since sums depend on them, of whole panels of A */
        int wide = at_ceil_div(q->k, q->kn->nr);
        q->turned = 1;
        q->n_tasks = 1;
        q->n_chunk = q->n;
        q->k_tasks = at_min_int(wide, at_ceil_div(tasks, q->chunks));
        q->k_chunk = at_ceil_div(wide, q->k_tasks) * q->kn->nr;
        q->k_tasks = at_ceil_div(q->k, q->k_chunk);
    }
}

size_t at_gemm_tn_workspace(const at_kernels *kn, int m, int n, int k)
{
    tn_job q = {.kn = kn, .m = m, .n = n, .k = k};

    if (m <= 0 || n <= 0 || k <= 0)
        return 0;
    tn_cut(&q);
    return q.chunks > 1 ? (size_t)q.chunks * (size_t)k * (size_t)n : 0;
}

/* Some rows and one panel of columns of dw (+)= A[rows]^T * D[rows], in steps of TN_ROWS rows. A
 * panel of whole vectors is read where it lies; one that ends within a vector is packed, since what
 * comes after it may be nobody's. */
static void tn_panel(const tn_job *q, int r0, int r1, int k0, int k1, int j, int accumulate,
                     float *dw, ptrdiff_t dw_row)
{
    alignas(64) float panel[TN_ROWS * TN_MAX_NR];
    at_epilogue e = {.accumulate = accumulate};
    int n = at_min_int(q->kn->nr, q->n - j), whole = n % (q->kn->nr / 2) == 0;

    for (int r = r0; r < r1; r += TN_ROWS, e.accumulate = 1) {
        int rows = at_min_int(TN_ROWS, r1 - r), tiles = at_ceil_div(k1 - k0, q->kn->mr);
        const float *d = q->d + r * q->d_row + j, *b = whole ? d : panel;
        ptrdiff_t b_row = whole ? q->d_row : q->kn->nr;
        if (!whole)
            at_gemm_pack(NULL, q->kn, rows, n, d, q->d_row, 1, panel);
        for (int t = 0, i = k0; t < tiles; t++) {
            int height = at_ceil_div(k1 - i, tiles - t);
            e.next = t == 0 && whole && r + rows < r1 ? b + rows * b_row : NULL;
            q->kn->gemm_tile(height, n, rows, q->a + r * q->a_row + i, 1, q->a_row, b, b_row,
                             dw + i * dw_row + j, dw_row, &e);
            i += height;
        }
    }
}

/* Some rows and one panel of A: `width` rows of dw from k0 on, whose transpose is made first. */
static void tn_turned(const tn_job *q, int r0, int r1, int k0, int width, int accumulate, float *dw,
                      ptrdiff_t dw_row)
{
    alignas(64) float turned[TN_TURNED];
    const int nr = q->kn->nr, tiles = at_ceil_div(q->n, q->kn->mr);
    at_epilogue e = {.accumulate = accumulate};

    dw += k0 * dw_row;
    for (int i = 0; accumulate && i < width; i++)
        for (int j = 0; j < q->n; j++)
            turned[j * nr + i] = dw[i * dw_row + j];
    for (int r = r0; r < r1; r += TN_ROWS, e.accumulate = 1) {
        int rows = at_min_int(TN_ROWS, r1 - r);
        const float *a = q->a + r * q->a_row + k0;
        for (int t = 0, j = 0; t < tiles; t++) {
            int height = at_ceil_div(q->n - j, tiles - t);
            e.next = t == 0 && r + rows < r1 ? a + rows * q->a_row : NULL;
            q->kn->gemm_tile(height, width, rows, q->d + r * q->d_row + j, 1, q->d_row, a, q->a_row,
                             turned + j * nr, nr, &e);
            j += height;
        }
    }
    for (int i = 0; i < width; i++)
        for (int j = 0; j < q->n; j++)
            dw[i * dw_row + j] = turned[j * nr + i];
}

static void tn_task(void *arg, int task, int thread)
{
    const tn_job *q = arg;
    int block = task % (q->n_tasks * q->k_tasks), chunk = task / (q->n_tasks * q->k_tasks);
    int r0 = chunk * q->rows, r1 = at_min_int(r0 + q->rows, q->m);
    int j0 = block / q->k_tasks * q->n_chunk, j1 = at_min_int(j0 + q->n_chunk, q->n);
    int k0 = block % q->k_tasks * q->k_chunk, k1 = at_min_int(k0 + q->k_chunk, q->k);

    float *dw = q->chunks > 1 ? q->parts + (size_t)chunk * q->k * q->n : q->dw;
    ptrdiff_t dw_row = q->chunks > 1 ? q->n : q->dw_row;
    int accumulate = q->chunks > 1 ? 0 : q->accumulate;

    (void)thread;
    for (int k = k0; q->turned && k < k1; k += q->kn->nr)
        tn_turned(q, r0, r1, k, at_min_int(q->kn->nr, k1 - k), accumulate, dw, dw_row);
    for (int j = j0; !q->turned && j < j1; j += q->kn->nr)
        tn_panel(q, r0, r1, k0, k1, j, accumulate, dw, dw_row);
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
    at_pool_run(pool, q.chunks * q.n_tasks * q.k_tasks, tn_task, &q);
    if (q.chunks > 1)
        at_pool_run(pool, k, tn_sum_task, &q);
}
