/* row_sums.c - the gradient of a row vector that was added to every row: a bias, a norm's shift. */
#include "tensor/graph.h"

#include <string.h>

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
