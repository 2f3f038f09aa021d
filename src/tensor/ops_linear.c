/* ops_linear.c - linear layers and 1x1 convolutions, which are the same thing. */
#include "tensor/graph.h"

#include <assert.h>
#include <string.h>

typedef struct linear_node {
    at_node node;
    at_tensor *x, *weight, *bias;
    const at_deferred *deferred; /* how x was read */
} linear_node;

/* A loop over blocks of rows that stay in cache from one step of the work to the next. */
typedef struct linear_job {
    const at_kernels *kn;
    int rows, c, o, block;
    const at_tensor *x;
    const at_deferred *deferred; /* of x */
    const float *panels;
    float *room; /* a thread's share: one block of x, then one of y or dy */
    /* forward */
    const at_tensor *y;
    float *sums; /* (blocks,2,o) */
    /* backward */
    const at_pending *pending;
    const float *dy;
    int parts;      /* task i has the blocks [i*blocks/parts, (i+1)*blocks/parts) */
    float *dx, *dw; /* dw (parts,c,o); both nullable */
    float *dx_sums; /* (blocks,2,c), nullable */
    int accumulate; /* to dx */
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
 * be so many rows that the parts of dW are little beside x and dy. */
enum { BLOCKED_WEIGHTS = 1 << 16, PARTS = 16, MOST_PARTS = 64, MIN_ROWS = 4096 };

static int blocked(const at_graph *g, const at_tensor *x, const at_tensor *weight,
                   const at_tensor *bias)
{
    int c = at_tensor_rows(weight), o = at_tensor_cols(weight), rows = at_tensor_rows(x);
    return g->mode == AT_TRAIN && bias == NULL && rows >= MIN_ROWS && c * o <= BLOCKED_WEIGHTS &&
           (int64_t)PARTS * c * o <= (int64_t)rows * (c + o) / 4;
}

static linear_job start_job(at_graph *g, const at_tensor *x, const at_deferred *deferred,
                            const at_tensor *weight)
{
    int c = at_tensor_rows(weight), o = at_tensor_cols(weight);
    int rows = at_block_rows(c > o ? c : o) / 128 * 128;
    return (linear_job){.kn = g->kn,
                        .rows = at_tensor_rows(x),
                        .c = c,
                        .o = o,
                        .block = rows < 128   ? 128
                                 : rows > 512 ? 512
                                              : rows,
                        .x = x,
                        .deferred = deferred};
}

/* Parts of dW: more than PARTS, for threads to end at the same time, where that is next to nothing
 * beside x and dy. */
static int count_parts(const linear_job *j)
{
    int64_t parts = (int64_t)j->rows * (j->c + j->o) / 16 / ((int64_t)j->c * j->o);
    parts = parts < PARTS ? PARTS : parts > MOST_PARTS ? MOST_PARTS : parts;
    return parts < job_blocks(j) ? (int)parts : job_blocks(j);
}

static float *take_room(at_graph *g, linear_job *j)
{
    size_t floats = (size_t)j->block * (size_t)(j->c + j->o);
    j->room = at_buffer_take(g, at_pool_threads(g->pool) * floats);
    return j->room;
}

/* The first block of a task. */
static int first_block(const linear_job *j, int task)
{
    return (int)((int64_t)task * job_blocks(j) / j->parts);
}

/* ---- forward ---------------------------------------------------------------------------- */

/* What the product of a block lets come into cache: the rows of the next, unless it is another task's. */
static at_ahead forward_ahead(const linear_job *j, int next, int end)
{
    at_ahead ahead = {0};
    if (next < end)
        at_ahead_rows(&ahead, j->x, j->deferred, next * j->block, block_rows(j, next));
    return ahead;
}

static void forward_block(const linear_job *j, int block, int thread, at_ahead ahead)
{
    int from = block * j->block, rows = block_rows(j, block);
    float *room = j->room + (size_t)thread * j->block * (size_t)(j->c + j->o);
    float *y = at_rows_out(j->y, from, room + (size_t)j->block * j->c);
    float *sums = j->sums + (size_t)block * 2 * j->o;
    const float *x = at_deferred_rows(j->kn, j->x, j->deferred, from, rows, room);
    const at_epilogue e = {.ahead = &ahead};
    at_gemm_packed(NULL, j->kn, rows, j->o, j->c, x, j->c, 1, j->panels, y, j->o, &e);
    at_rows_done(j->kn, j->y, from, rows, y);
    memset(sums, 0, 2 * (size_t)j->o * sizeof(float));
    j->kn->sum_sumsq(rows, j->o, y, sums, sums + j->o);
}

static void forward_task(void *arg, int task, int thread)
{
    const linear_job *j = arg;
    int end = first_block(j, task + 1);
    for (int block = first_block(j, task); block < end; block++)
        forward_block(j, block, thread, forward_ahead(j, block + 1, end));
}

/* y, and the sums that a batch norm will want. */
static int forward_with_sums(at_graph *g, linear_job *j, at_tensor *y)
{
    int blocks = job_blocks(j);
    j->sums = at_buffer_take(g, (size_t)blocks * 2 * j->o);
    if (j->sums == NULL || take_room(g, j) == NULL)
        return 0;
    j->parts = blocks < MOST_PARTS ? blocks : MOST_PARTS;
    at_pool_run(g->pool, j->parts, forward_task, j);
    at_buffer_release(g, j->room);
    at_var_of(y)->sums = (at_sums){blocks, j->sums};
    return 1;
}

static void linear_backward(at_graph *g, at_node *node);

at_tensor *at_linear(at_graph *g, at_tensor *x, at_tensor *weight, at_tensor *bias)
{
    if (x == NULL || !at_ready(g, weight) || !at_ready_if_any(g, bias))
        return NULL;
    int c = at_tensor_rows(weight), o = at_tensor_cols(weight), rows = at_tensor_rows(x);
    assert(x->rank >= 1 && at_tensor_cols(x) == c);
    assert(bias == NULL || at_tensor_count(bias) == (size_t)o);

    int in_blocks = blocked(g, x, weight, bias), dim[AT_MAX_RANK];
    const at_deferred *deferred = NULL;
    if (in_blocks ? !at_ready_deferred(g, x, &deferred) : !at_ready(g, x))
        return NULL;
    memcpy(dim, x->dim, sizeof dim);
    dim[x->rank - 1] = o;
    int wants = at_wants(x) || at_wants(weight) || at_wants(bias);
    at_tensor *y = in_blocks ? at_result_rows(g, x->rank, dim, wants)
                             : at_result(g, x->rank, dim, wants);
    const float *panels = at_packed(g, weight, 0);
    if (y == NULL || panels == NULL)
        return NULL;
    if (in_blocks) {
        linear_job j = start_job(g, x, deferred, weight);
        j.panels = panels;
        j.y = y;
        if (!forward_with_sums(g, &j, y))
            return NULL;
    } else {
        const at_epilogue e = {.bias = bias != NULL ? bias->data : NULL};
        at_gemm_packed(g->pool, g->kn, rows, o, c, x->data, c, 1, panels, y->data, o, &e);
    }
    at_tell(g, y, &(at_told){.op = AT_OP_LINEAR, .in = (at_tensor *[]){x, weight, bias}, .n = 3});
    if (!at_wants(y))
        return y;
    linear_node *n = at_record(g, sizeof *n, y, linear_backward);
    if (n == NULL)
        return NULL;
    n->x = x;
    n->weight = weight;
    n->bias = bias;
    n->deferred = deferred;
    return y;
}

/* ---- backward --------------------------------------------------------------------------- */

static at_ahead backward_ahead(const linear_job *j, int next, int end)
{
    at_ahead ahead = {0};
    if (next < end) {
        int from = next * j->block, rows = block_rows(j, next);
        at_ahead_rows(&ahead, j->pending->x, NULL, from, rows);
        at_ahead_add(&ahead, j->dy + (size_t)from * j->o, (size_t)rows * j->o * sizeof(float));
        at_ahead_rows(&ahead, j->x, j->deferred, from, rows);
    }
    return ahead;
}

/* One block: what is pending on dy is done, then dW += x^T dy and dx = dy W^T, all in cache, and
 * the sums that the norm before needs of dx. */
static void backward_block(const linear_job *j, int block, float *dw, int add, float *room,
                           at_ahead ahead)
{
    int from = block * j->block, rows = block_rows(j, block);
    float *dy = room + (size_t)j->block * j->c;
    const at_epilogue e = {.accumulate = j->accumulate, .ahead = &ahead};
    at_pending_rows(j->kn, j->pending, from, rows, j->o, j->dy, dy, dy);
    if (dw != NULL) { /* so few rows take no workspace */
        const float *x = at_deferred_rows(j->kn, j->x, j->deferred, from, rows, room);
        at_gemm_tn(NULL, j->kn, rows, j->o, j->c, x, j->c, dy, j->o, dw, j->o, add, NULL);
    }
    if (j->dx == NULL)
        return;
    float *dx = j->dx + (size_t)from * j->c;
    at_gemm_packed(NULL, j->kn, rows, j->c, j->o, dy, j->o, 1, j->panels, dx, j->c, &e);
    if (j->dx_sums != NULL) {
        float *sums = j->dx_sums + (size_t)block * 2 * j->c;
        memset(sums, 0, 2 * (size_t)j->c * sizeof(float));
        at_deferred_sums(j->kn, j->deferred, from, rows, j->c, dx, sums, room);
    }
}

static void pending_task(void *arg, int task, int thread)
{
    const linear_job *j = arg;
    int first = first_block(j, task), end = first_block(j, task + 1);
    float *room = j->room + (size_t)thread * j->block * (size_t)(j->c + j->o);
    float *dw = j->dw != NULL ? j->dw + (size_t)task * j->c * j->o : NULL;
    for (int block = first; block < end; block++)
        backward_block(j, block, dw, block > first, room, backward_ahead(j, block + 1, end));
}

/* Room for dx, and for its sums if they can be had. */
static void take_dx(at_graph *g, linear_job *j, at_tensor *x)
{
    if (at_only_reader(x, j->deferred)) {
        at_sums *sums = &at_var_of(x)->sums;
        *sums = (at_sums){job_blocks(j), at_buffer_take(g, (size_t)job_blocks(j) * 2 * j->c)};
        j->dx_sums = sums->part;
    }
    j->dx = at_grad_out(g, x, &j->accumulate);
}

/* The whole backward, unless it is not one for this way: then 0. */
static int pending_backward(at_graph *g, linear_node *n)
{
    linear_job j = start_job(g, n->x, n->deferred, n->weight);
    int accumulate;
    j.dy = at_grad_in_pending(n->node.y, &j.pending);
    j.parts = count_parts(&j);
    if (j.pending == NULL || !blocked(g, n->x, n->weight, n->bias))
        return 0;

    if (at_wants(n->weight))
        j.dw = at_buffer_take(g, (size_t)j.parts * j.c * j.o);
    if (at_wants(n->x)) {
        take_dx(g, &j, n->x);
        j.panels = at_packed(g, n->weight, 1);
    }
    take_room(g, &j);
    if (g->status != ATTUNE_OK)
        return 1;
    at_pool_run(g->pool, j.parts, pending_task, &j);
    if (j.dw != NULL) {
        float *dw = at_grad_out(g, n->weight, &accumulate);
        if (dw != NULL)
            at_combine(g, j.parts, (size_t)j.c * j.o, j.dw, dw, accumulate);
    }
    at_buffer_release(g, j.dw);
    at_buffer_release(g, j.room);
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
    if (pending_backward(g, n) || !at_ready(g, n->x))
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
