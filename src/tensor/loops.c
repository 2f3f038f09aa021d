/* loops.c - loops that the graph and several ops share. Each is cut by the problem's size alone; all
 * they take of the graph is its pool and its kernels. */
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
