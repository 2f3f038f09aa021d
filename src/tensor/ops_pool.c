/* ops_pool.c - pooling and upsampling of images (b,h,w,c), one image a task. */
#include "tensor/graph.h"

#include <assert.h>
#include <string.h>

typedef struct pool_node {
    at_node node;
    at_tensor *x;
    unsigned char *chosen; /* max pool: which of the four each output took */
} pool_node;

typedef struct pool_job {
    const at_kernels *kn;
    int h, w, c; /* of x; the other side's size follows */
    const float *in;
    float *out;
    unsigned char *chosen;
    int accumulate;
} pool_job;

static at_tensor *finish(at_graph *g, at_tensor *y, at_tensor *x, unsigned char *chosen,
                         void (*backward)(at_graph *, at_node *))
{
    if (!at_wants(y))
        return y;
    pool_node *n = at_record(g, sizeof *n, y, backward);
    if (n == NULL)
        return NULL;
    n->x = x;
    n->chosen = chosen;
    return y;
}

/* ---- global average --------------------------------------------------------------------- */

static void average_task(void *arg, int task, int thread)
{
    pool_job *j = arg;
    int pixels = j->h * j->w;
    float *y = j->out + (size_t)task * j->c;
    (void)thread;
    memset(y, 0, (size_t)j->c * sizeof(float));
    j->kn->sum_rows(pixels, j->c, j->in + (size_t)task * pixels * j->c, y);
    for (int i = 0; i < j->c; i++)
        y[i] /= (float)pixels;
}

static void average_bwd_task(void *arg, int task, int thread)
{
    pool_job *j = arg;
    int pixels = j->h * j->w;
    const float *dy = j->in + (size_t)task * j->c;
    float *dx = j->out + (size_t)task * pixels * j->c, k = 1 / (float)pixels;
    (void)thread;
    if (!j->accumulate)
        memset(dx, 0, (size_t)pixels * j->c * sizeof(float));
    for (int p = 0; p < pixels; p++)
        j->kn->axpy((size_t)j->c, k, dy, dx + (size_t)p * j->c);
}

static void run_backward(at_graph *g, at_node *node, void (*task)(void *, int, int))
{
    pool_node *n = (pool_node *)node;
    const int *dim = n->x->dim;
    pool_job j = {.kn = g->kn,
                  .h = dim[1],
                  .w = dim[2],
                  .c = dim[3],
                  .in = at_grad_in(g, node->y),
                  .chosen = n->chosen};
    j.out = at_grad_out(g, n->x, &j.accumulate);
    if (j.out != NULL)
        at_pool_run(g->pool, dim[0], task, &j);
}

static void average_backward(at_graph *g, at_node *node)
{
    run_backward(g, node, average_bwd_task);
}

at_tensor *at_global_avg_pool(at_graph *g, at_tensor *x)
{
    if (!at_ready(g, x))
        return NULL;
    assert(x->rank == 4);
    at_tensor *y = at_result(g, 2, (int[]){x->dim[0], x->dim[3]}, at_wants(x));
    if (y == NULL)
        return NULL;
    pool_job j = {
        .kn = g->kn, .h = x->dim[1], .w = x->dim[2], .c = x->dim[3], .in = x->data, .out = y->data};
    at_pool_run(g->pool, x->dim[0], average_task, &j);
    at_tell(g, y, &(at_told){.op = AT_OP_GLOBAL_AVG_POOL, .in = &x, .n = 1});
    return finish(g, y, x, NULL, average_backward);
}

/* ---- 2x2 maximum ------------------------------------------------------------------------ */

static void max_task(void *arg, int task, int thread)
{
    pool_job *j = arg;
    int oh = j->h / 2, ow = j->w / 2, c = j->c;
    const float *image = j->in + (size_t)task * j->h * j->w * c;
    size_t at = (size_t)task * oh * ow * c;
    (void)thread;
    for (int p = 0; p < oh * ow; p++) {
        const float *x = image + ((size_t)(p / ow) * 2 * j->w + (size_t)(p % ow) * 2) * c;
        const float *corner[4] = {x, x + c, x + (size_t)j->w * c, x + (size_t)(j->w + 1) * c};
        for (int i = 0; i < c; i++, at++) {
            int best = 0;
            for (int q = 1; q < 4; q++)
                if (corner[q][i] > corner[best][i])
                    best = q;
            j->out[at] = corner[best][i];
            if (j->chosen != NULL)
                j->chosen[at] = (unsigned char)best;
        }
    }
}

static void max_bwd_task(void *arg, int task, int thread)
{
    pool_job *j = arg;
    int oh = j->h / 2, ow = j->w / 2, c = j->c;
    size_t size = (size_t)j->h * j->w * c, at = (size_t)task * oh * ow * c;
    float *image = j->out + (size_t)task * size;
    (void)thread;
    if (!j->accumulate)
        memset(image, 0, size * sizeof(float));
    for (int p = 0; p < oh * ow; p++) {
        float *dx = image + ((size_t)(p / ow) * 2 * j->w + (size_t)(p % ow) * 2) * c;
        for (int i = 0; i < c; i++, at++) {
            int q = j->chosen[at];
            dx[(size_t)(q / 2 * j->w + q % 2) * c + i] += j->in[at];
        }
    }
}

static void max_backward(at_graph *g, at_node *node)
{
    run_backward(g, node, max_bwd_task);
}

at_tensor *at_max_pool2(at_graph *g, at_tensor *x)
{
    if (!at_ready(g, x))
        return NULL;
    assert(x->rank == 4 && x->dim[1] >= 2 && x->dim[2] >= 2);
    at_tensor *y =
        at_result(g, 4, (int[]){x->dim[0], x->dim[1] / 2, x->dim[2] / 2, x->dim[3]}, at_wants(x));
    if (y == NULL)
        return NULL;
    pool_job j = {.h = x->dim[1], .w = x->dim[2], .c = x->dim[3], .in = x->data, .out = y->data};
    if (at_wants(y)) {
        j.chosen = at_graph_alloc(g, at_tensor_count(y), 1);
        if (j.chosen == NULL)
            return NULL;
    }
    at_pool_run(g->pool, x->dim[0], max_task, &j);
    at_tell(g, y, &(at_told){.op = AT_OP_MAX_POOL2, .in = &x, .n = 1});
    return finish(g, y, x, j.chosen, max_backward);
}

/* ---- nearest neighbour, twice the size ---------------------------------------------------- */

static void upsample_task(void *arg, int task, int thread)
{
    pool_job *j = arg;
    size_t c = (size_t)j->c, row = 2 * (size_t)j->w * c;
    const float *x = j->in + (size_t)task * j->h * j->w * c;
    float *y = j->out + (size_t)task * 2 * j->h * row;
    (void)thread;
    for (int iy = 0; iy < j->h; iy++, y += 2 * row) {
        for (int ix = 0; ix < j->w; ix++, x += c) {
            memcpy(y + 2 * (size_t)ix * c, x, c * sizeof(float));
            memcpy(y + (2 * (size_t)ix + 1) * c, x, c * sizeof(float));
        }
        memcpy(y + row, y, row * sizeof(float));
    }
}

static void upsample_bwd_task(void *arg, int task, int thread)
{
    pool_job *j = arg;
    size_t c = (size_t)j->c, row = 2 * (size_t)j->w * c;
    const float *dy = j->in + (size_t)task * 2 * j->h * row;
    float *dx = j->out + (size_t)task * j->h * j->w * c;
    (void)thread;
    for (int iy = 0; iy < j->h; iy++, dy += 2 * row) {
        for (int ix = 0; ix < j->w; ix++, dx += c) {
            const float *d = dy + 2 * (size_t)ix * c;
            for (size_t i = 0; i < c; i++) {
                float sum = (d[i] + d[c + i]) + (d[row + i] + d[row + c + i]);
                dx[i] = j->accumulate ? dx[i] + sum : sum;
            }
        }
    }
}

static void upsample_backward(at_graph *g, at_node *node)
{
    run_backward(g, node, upsample_bwd_task);
}

at_tensor *at_upsample2(at_graph *g, at_tensor *x)
{
    if (!at_ready(g, x))
        return NULL;
    assert(x->rank == 4);
    at_tensor *y =
        at_result(g, 4, (int[]){x->dim[0], 2 * x->dim[1], 2 * x->dim[2], x->dim[3]}, at_wants(x));
    if (y == NULL)
        return NULL;
    pool_job j = {.h = x->dim[1], .w = x->dim[2], .c = x->dim[3], .in = x->data, .out = y->data};
    at_pool_run(g->pool, x->dim[0], upsample_task, &j);
    at_tell(g, y, &(at_told){.op = AT_OP_UPSAMPLE2, .in = &x, .n = 1});
    return finish(g, y, x, NULL, upsample_backward);
}
