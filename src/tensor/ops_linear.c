/* ops_linear.c - linear layers and 1x1 convolutions, which are the same thing. */
#include "tensor/graph.h"

#include <assert.h>
#include <string.h>

typedef struct linear_node {
    at_node node;
    at_tensor *x, *weight, *bias;
} linear_node;

/* A loop over blocks of rows that stay in cache from one step of the work to the next. */
typedef struct linear_job {
    const at_kernels *kn;
    int rows, c, o, block;
    const float *x, *panels;
    /* forward */
    float *y, *sums; /* sums (blocks,2,o) */
    /* backward */
    const at_pending *pending;
    const float *dy;
    int parts;      /* task i has the blocks [i*blocks/parts, (i+1)*blocks/parts) */
    float *dx, *dw; /* dw (parts,c,o); both nullable */
    int accumulate; /* to dx */
    float *scratch; /* a thread's share: one block of dy */
} linear_job;

static int job_blocks(const linear_job *j)
{
    return (j->rows + j->block - 1) / j->block;
}

static int block_rows(const linear_job *j, int block)
{
    int left = j->rows - block * j->block;
    return left < j->block ? left : j->block;
}

/* Products of this size stay in a second-level cache while blocks of rows pass by; and there must
 * be so many rows that the parts of dW are little beside dy. */
enum { BLOCKED_WEIGHTS = 1 << 16, PARTS = 16, MIN_ROWS = 4096 };

/* ---- forward ---------------------------------------------------------------------------- */

static void forward_sums_task(void *arg, int task, int thread)
{
    const linear_job *j = arg;
    int rows = block_rows(j, task);
    size_t from = (size_t)task * j->block;
    float *y = j->y + from * j->o, *sums = j->sums + (size_t)task * 2 * j->o;
    (void)thread;
    at_gemm_packed(NULL, j->kn, rows, j->o, j->c, j->x + from * j->c, j->c, 1, j->panels, y, j->o,
                   NULL);
    memset(sums, 0, 2 * (size_t)j->o * sizeof(float));
    j->kn->sum_sumsq(rows, j->o, y, sums, sums + j->o);
}

/* y, and the sums that a batch norm will want. */
static int forward_with_sums(at_graph *g, linear_job *j, at_tensor *y)
{
    j->sums = at_buffer_take(g, (size_t)job_blocks(j) * 2 * j->o);
    if (j->sums == NULL)
        return 0;
    at_pool_run(g->pool, job_blocks(j), forward_sums_task, j);
    at_var_of(y)->sums = (at_sums){job_blocks(j), j->sums};
    return 1;
}

static void linear_backward(at_graph *g, at_node *node);

at_tensor *at_linear(at_graph *g, at_tensor *x, at_tensor *weight, at_tensor *bias)
{
    if (x == NULL || weight == NULL || g->status != ATTUNE_OK)
        return NULL;
    int c = at_tensor_rows(weight), o = at_tensor_cols(weight), rows = at_tensor_rows(x);
    assert(x->rank >= 1 && at_tensor_cols(x) == c);
    assert(bias == NULL || at_tensor_count(bias) == (size_t)o);

    int dim[AT_MAX_RANK];
    memcpy(dim, x->dim, sizeof dim);
    dim[x->rank - 1] = o;
    at_tensor *y = at_result(g, x->rank, dim, at_wants(x) || at_wants(weight) || at_wants(bias));
    const float *panels = at_packed(g, weight, 0);
    if (y == NULL || panels == NULL)
        return NULL;
    if (at_norm_may_follow(g, y, bias) && rows >= MIN_ROWS && c * o <= BLOCKED_WEIGHTS) {
        linear_job j = {.kn = g->kn,
                        .rows = rows,
                        .c = c,
                        .o = o,
                        .block = at_block_rows(o),
                        .x = x->data,
                        .panels = panels,
                        .y = y->data};
        if (!forward_with_sums(g, &j, y))
            return NULL;
    } else {
        const at_epilogue e = {.bias = bias != NULL ? bias->data : NULL};
        at_gemm_packed(g->pool, g->kn, rows, o, c, x->data, c, 1, panels, y->data, o, &e);
    }
    if (!at_wants(y))
        return y;
    linear_node *n = at_record(g, sizeof *n, y, linear_backward);
    if (n == NULL)
        return NULL;
    n->x = x;
    n->weight = weight;
    n->bias = bias;
    return y;
}

/* ---- backward --------------------------------------------------------------------------- */

/* Some blocks: what is pending on dy is done, then dW += x^T dy and dx = dy W^T, all in cache. */
static void pending_task(void *arg, int task, int thread)
{
    const linear_job *j = arg;
    int blocks = job_blocks(j), block = (int)((int64_t)task * blocks / j->parts);
    int end = (int)((int64_t)(task + 1) * blocks / j->parts), add = 0;
    float *dy = j->scratch + (size_t)thread * j->block * j->o;
    float *dw = j->dw != NULL ? j->dw + (size_t)task * j->c * j->o : NULL;
    const at_epilogue e = {.accumulate = j->accumulate};
    for (; block < end; block++, add = 1) {
        int rows = block_rows(j, block);
        size_t from = (size_t)block * j->block * j->c;
        at_pending_rows(j->kn, j->pending, block * j->block, rows, j->o, j->dy, dy);
        if (dw != NULL) /* so few rows take no workspace */
            at_gemm_tn(NULL, j->kn, rows, j->o, j->c, j->x + from, j->c, dy, j->o, dw, j->o, add,
                       NULL);
        if (j->dx != NULL)
            at_gemm_packed(NULL, j->kn, rows, j->c, j->o, dy, j->o, 1, j->panels, j->dx + from,
                           j->c, &e);
    }
}

static int backward_block(int c, int o)
{
    int rows = at_block_rows(c > o ? c : o) / 128 * 128;
    return rows < 128 ? 128 : rows > 512 ? 512 : rows;
}

/* The whole backward, unless it is not one for this way: then 0. */
static int pending_backward(at_graph *g, linear_node *n)
{
    linear_job j = {.kn = g->kn,
                    .rows = at_tensor_rows(n->x),
                    .c = at_tensor_rows(n->weight),
                    .o = at_tensor_cols(n->weight),
                    .x = n->x->data};
    int accumulate;
    j.dy = at_grad_in_pending(n->node.y, &j.pending);
    j.block = backward_block(j.c, j.o);
    j.parts = job_blocks(&j) < PARTS ? job_blocks(&j) : PARTS;
    if (j.pending == NULL || at_wants(n->bias) || j.rows < MIN_ROWS ||
        j.c * j.o > BLOCKED_WEIGHTS || j.parts * j.c > j.rows / 4)
        return 0;

    if (at_wants(n->weight))
        j.dw = at_buffer_take(g, (size_t)j.parts * j.c * j.o);
    if (at_wants(n->x)) {
        j.dx = at_grad_out(g, n->x, &j.accumulate);
        j.panels = at_packed(g, n->weight, 1);
    }
    j.scratch = at_buffer_take(g, (size_t)at_pool_threads(g->pool) * j.block * j.o);
    if (g->status != ATTUNE_OK)
        return 1;
    at_pool_run(g->pool, j.parts, pending_task, &j);
    if (j.dw != NULL) {
        float *dw = at_grad_out(g, n->weight, &accumulate);
        if (dw != NULL)
            at_combine(g, j.parts, (size_t)j.c * j.o, j.dw, dw, accumulate);
    }
    at_buffer_release(g, j.dw);
    at_buffer_release(g, j.scratch);
    return 1;
}

/* dW (c,o) += x^T dy */
static void weight_grad(at_graph *g, int rows, const at_tensor *x, const float *dy,
                        at_tensor *weight)
{
    int c = at_tensor_rows(weight), o = at_tensor_cols(weight), accumulate;
    float *dw = at_grad_out(g, weight, &accumulate);
    float *workspace = at_buffer_take(g, at_gemm_tn_workspace(g->kn, rows, o, c));
    if (dw == NULL || workspace == NULL)
        return;
    at_gemm_tn(g->pool, g->kn, rows, o, c, x->data, c, dy, o, dw, o, accumulate, workspace);
    at_buffer_release(g, workspace);
}

static void linear_backward(at_graph *g, at_node *node)
{
    linear_node *n = (linear_node *)node;
    if (pending_backward(g, n))
        return;
    int rows = at_tensor_rows(n->x);
    int c = at_tensor_rows(n->weight), o = at_tensor_cols(n->weight);
    const float *dy = at_grad_in(g, node->y);

    if (at_wants(n->weight))
        weight_grad(g, rows, n->x, dy, n->weight);
    if (at_wants(n->bias))
        at_sum_rows_into(g, rows, o, dy, n->bias);
    if (at_wants(n->x)) { /* dx = dy W^T */
        at_epilogue e = {0};
        const float *panels = at_packed(g, n->weight, 1);
        float *dx = at_grad_out(g, n->x, &e.accumulate);
        if (panels != NULL && dx != NULL)
            at_gemm_packed(g->pool, g->kn, rows, c, o, dy, o, 1, panels, dx, c, &e);
    }
}
