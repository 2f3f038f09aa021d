/* helpers.c - loops that several ops share. Each is cut by the problem's size alone. */
#include "tensor/graph.h"

#include <string.h>

int at_block_rows(int cols)
{
    int rows = (1 << 15) / (cols > 0 ? cols : 1);
    return rows < 1 ? 1 : rows > 4096 ? 4096 : rows;
}

typedef struct combine_job {
    int parts;
    size_t n, step; /* floats a task */
    const float *part;
    float *dst;
    int accumulate;
} combine_job;

enum { COMBINE_STRIP = 256 };

static void combine_task(void *arg, int task, int thread)
{
    combine_job *j = arg;
    size_t from = (size_t)task * j->step, end = from + j->step < j->n ? from + j->step : j->n;
    (void)thread;
    for (; from < end; from += COMBINE_STRIP) {
        int n = end - from < COMBINE_STRIP ? (int)(end - from) : COMBINE_STRIP;
        double sum[COMBINE_STRIP] = {0};
        for (int p = 0; p < j->parts; p++) {
            const float *part = j->part + (size_t)p * j->n + from;
            for (int i = 0; i < n; i++)
                sum[i] += part[i];
        }
        float *dst = j->dst + from;
        for (int i = 0; i < n; i++)
            dst[i] = (float)(j->accumulate ? dst[i] + sum[i] : sum[i]);
    }
}

void at_combine(at_graph *g, int parts, size_t n, const float *part, float *dst, int accumulate)
{
    size_t strips = (size_t)AT_CHUNK * 2 / COMBINE_STRIP / (size_t)(parts > 0 ? parts : 1) + 1;
    combine_job j = {parts, n, strips * COMBINE_STRIP, part, dst, accumulate};
    at_pool_run(g->pool, (int)((n + j.step - 1) / j.step), combine_task, &j);
}

typedef struct sum_rows_job {
    const at_kernels *kn;
    int rows, cols, block;
    const float *d;
    float *part;
} sum_rows_job;

static void sum_rows_task(void *arg, int task, int thread)
{
    sum_rows_job *j = arg;
    int from = task * j->block;
    int rows = j->rows - from < j->block ? j->rows - from : j->block;
    float *part = j->part + (size_t)task * j->cols;
    (void)thread;
    memset(part, 0, (size_t)j->cols * sizeof(float));
    j->kn->sum_rows(rows, j->cols, j->d + (size_t)from * j->cols, part);
}

void at_sum_rows_into(at_graph *g, int rows, int cols, const float *d, at_tensor *vector)
{
    sum_rows_job j = {
        .kn = g->kn, .rows = rows, .cols = cols, .block = at_block_rows(cols), .d = d};
    int tasks = (rows + j.block - 1) / j.block, accumulate;
    float *dst = at_grad_out(g, vector, &accumulate);
    j.part = at_buffer_take(g, (size_t)tasks * cols);
    if (dst == NULL || j.part == NULL)
        return;
    at_pool_run(g->pool, tasks, sum_rows_task, &j);
    at_combine(g, tasks, (size_t)cols, j.part, dst, accumulate);
    at_buffer_release(g, j.part);
}

typedef struct copy_job {
    const at_kernels *kn;
    size_t n;
    const float *x;
    float *y;
    int accumulate;
} copy_job;

static void copy_task(void *arg, int task, int thread)
{
    copy_job *j = arg;
    size_t from = (size_t)task * AT_CHUNK, n = at_chunk_size(j->n, task);
    (void)thread;
    if (j->accumulate)
        j->kn->add(n, j->x + from, j->y + from, j->y + from);
    else
        memcpy(j->y + from, j->x + from, n * sizeof(float));
}

void at_copy_or_add(at_graph *g, size_t n, const float *x, float *y, int accumulate)
{
    copy_job j = {g->kn, n, x, y, accumulate};
    at_pool_run(g->pool, at_chunks(n), copy_task, &j);
}
