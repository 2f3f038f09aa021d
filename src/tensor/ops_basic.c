/* ops_basic.c - element by element, rearranging, pooling. */
#include "tensor/graph.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

/* A loop over n floats in chunks, for the ops below: each uses the fields that it needs. */
typedef struct span_job {
    const at_kernels *kn;
    size_t n;
    const float *a, *b;
    float *y;
    at_act act;
    float k;
    int accumulate;
} span_job;

static void run_chunks(at_graph *g, span_job *j, void (*task)(void *, int, int))
{
    j->kn = g->kn;
    at_pool_run(g->pool, at_chunks(j->n), task, j);
}

/* ---- activation ------------------------------------------------------------------------- */

typedef struct unary_node {
    at_node node;
    at_tensor *x;
    at_act act;
    float k;
} unary_node;

static void act_task(void *arg, int task, int thread)
{
    span_job *j = arg;
    size_t at = (size_t)task * AT_CHUNK;
    (void)thread;
    j->kn->act(at_chunk_size(j->n, task), j->act, j->a + at, j->y + at);
}

static void act_bwd_task(void *arg, int task, int thread)
{
    span_job *j = arg;
    size_t at = (size_t)task * AT_CHUNK;
    (void)thread;
    j->kn->act_bwd(at_chunk_size(j->n, task), j->act, j->a + at, j->b + at, j->y + at,
                   j->accumulate);
}

static void act_backward(at_graph *g, at_node *node)
{
    unary_node *n = (unary_node *)node;
    if (!at_ready(g, n->x))
        return;
    span_job j = {
        .n = at_tensor_count(n->x), .a = n->x->data, .b = at_grad_in(g, node->y), .act = n->act};
    j.y = at_grad_out(g, n->x, &j.accumulate);
    if (j.y != NULL)
        run_chunks(g, &j, act_bwd_task);
}

at_tensor *at_activation(at_graph *g, at_tensor *x, at_act act)
{
    if (act == AT_ACT_NONE)
        return x;
    if (!at_ready(g, x))
        return NULL;
    at_tensor *y = at_result_like(g, x, at_wants(x));
    if (y == NULL)
        return NULL;
    span_job j = {.n = at_tensor_count(x), .a = x->data, .y = y->data, .act = act};
    run_chunks(g, &j, act_task);
    at_tell(g, y, &(at_told){.op = AT_OP_ACTIVATION, .in = &x, .n = 1, .act = act});
    if (!at_wants(y))
        return y;
    unary_node *n = at_record(g, sizeof *n, y, act_backward);
    if (n == NULL)
        return NULL;
    n->x = x;
    n->act = act;
    return y;
}

/* ---- sum, product, scale ---------------------------------------------------------------- */

typedef struct binary_node {
    at_node node;
    at_tensor *a, *b;
} binary_node;

static void add_task(void *arg, int task, int thread)
{
    span_job *j = arg;
    size_t at = (size_t)task * AT_CHUNK;
    (void)thread;
    j->kn->add(at_chunk_size(j->n, task), j->a + at, j->b + at, j->y + at);
}

/* b is a row vector: chunks are whole rows. */
typedef struct add_row_job {
    const at_kernels *kn;
    int rows, cols, block;
    const float *a, *b;
    float *y;
} add_row_job;

static void add_row_task(void *arg, int task, int thread)
{
    add_row_job *j = arg;
    int to = (task + 1) * j->block < j->rows ? (task + 1) * j->block : j->rows;
    (void)thread;
    for (int r = task * j->block; r < to; r++) {
        size_t at = (size_t)r * j->cols;
        j->kn->add((size_t)j->cols, j->a + at, j->b, j->y + at);
    }
}

/* b first: a may take y's buffer, and in a residual block it is the branch just computed. */
static void add_backward(at_graph *g, at_node *node)
{
    binary_node *n = (binary_node *)node;
    const float *dy = at_grad_in(g, node->y);
    size_t count = at_tensor_count(n->a);

    if (at_wants(n->b) && at_tensor_count(n->b) == count) {
        int accumulate;
        float *db = at_grad_out(g, n->b, &accumulate);
        if (db == NULL)
            return;
        at_copy_or_add(g, count, dy, db, accumulate);
    } else if (at_wants(n->b)) {
        at_sum_rows_into(g, at_tensor_rows(n->a), at_tensor_cols(n->a), dy, n->b);
    }
    if (at_wants(n->a) && g->status == ATTUNE_OK)
        at_grad_pass(g, n->a, node->y);
}

at_tensor *at_add(at_graph *g, at_tensor *a, at_tensor *b)
{
    if (!at_ready(g, a) || !at_ready(g, b))
        return NULL;
    size_t count = at_tensor_count(a);
    int cols = at_tensor_cols(a), whole = at_tensor_count(b) == count;
    assert(whole || at_tensor_count(b) == (size_t)cols);

    at_tensor *y = at_result_like(g, a, at_wants(a) || at_wants(b));
    if (y == NULL)
        return NULL;
    if (whole) {
        span_job j = {.n = count, .a = a->data, .b = b->data, .y = y->data};
        run_chunks(g, &j, add_task);
    } else {
        add_row_job j = {g->kn,   at_tensor_rows(a), cols,   at_block_rows(cols),
                         a->data, b->data,           y->data};
        at_pool_run(g->pool, (j.rows + j.block - 1) / j.block, add_row_task, &j);
    }
    at_tell(g, y, &(at_told){.op = AT_OP_ADD, .in = (at_tensor *[]){a, b}, .n = 2});
    if (!at_wants(y))
        return y;
    binary_node *n = at_record(g, sizeof *n, y, add_backward);
    if (n == NULL)
        return NULL;
    n->a = a;
    n->b = b;
    return y;
}

/* y (+)= a * b */
static void mul_task(void *arg, int task, int thread)
{
    span_job *j = arg;
    size_t at = (size_t)task * AT_CHUNK, n = at_chunk_size(j->n, task);
    const float *a = j->a + at, *b = j->b + at;
    float *y = j->y + at;
    (void)thread;
    if (j->accumulate)
        for (size_t i = 0; i < n; i++)
            y[i] += a[i] * b[i];
    else
        for (size_t i = 0; i < n; i++)
            y[i] = a[i] * b[i];
}

static void mul_backward_one(at_graph *g, at_tensor *y, at_tensor *x, at_tensor *other)
{
    if (!at_wants(x) || !at_ready(g, other))
        return;
    span_job j = {.n = at_tensor_count(x), .a = at_grad_in(g, y), .b = other->data};
    j.y = at_grad_out(g, x, &j.accumulate);
    if (j.y != NULL)
        run_chunks(g, &j, mul_task);
}

static void mul_backward(at_graph *g, at_node *node)
{
    binary_node *n = (binary_node *)node;
    mul_backward_one(g, node->y, n->a, n->b);
    mul_backward_one(g, node->y, n->b, n->a);
}

at_tensor *at_mul(at_graph *g, at_tensor *a, at_tensor *b)
{
    if (!at_ready(g, a) || !at_ready(g, b))
        return NULL;
    assert(at_tensor_count(a) == at_tensor_count(b));
    at_tensor *y = at_result_like(g, a, at_wants(a) || at_wants(b));
    if (y == NULL)
        return NULL;
    span_job j = {.n = at_tensor_count(a), .a = a->data, .b = b->data, .y = y->data};
    run_chunks(g, &j, mul_task);
    at_tell(g, y, &(at_told){.op = AT_OP_MUL, .in = (at_tensor *[]){a, b}, .n = 2});
    if (!at_wants(y))
        return y;
    binary_node *n = at_record(g, sizeof *n, y, mul_backward);
    if (n == NULL)
        return NULL;
    n->a = a;
    n->b = b;
    return y;
}

/* y (+)= k a */
static void scale_task(void *arg, int task, int thread)
{
    span_job *j = arg;
    size_t at = (size_t)task * AT_CHUNK, n = at_chunk_size(j->n, task);
    (void)thread;
    if (j->accumulate) {
        j->kn->axpy(n, j->k, j->a + at, j->y + at);
        return;
    }
    for (size_t i = 0; i < n; i++)
        j->y[at + i] = j->k * j->a[at + i];
}

static void scale_backward(at_graph *g, at_node *node)
{
    unary_node *n = (unary_node *)node;
    span_job j = {.n = at_tensor_count(n->x), .k = n->k};
    j.y = at_grad_inplace(g, n->x, node->y, &j.a, &j.accumulate);
    if (j.y != NULL)
        run_chunks(g, &j, scale_task);
}

at_tensor *at_scale(at_graph *g, at_tensor *a, float k)
{
    if (!at_ready(g, a))
        return NULL;
    at_tensor *y = at_result_like(g, a, at_wants(a));
    if (y == NULL)
        return NULL;
    span_job j = {.n = at_tensor_count(a), .a = a->data, .y = y->data, .k = k};
    run_chunks(g, &j, scale_task);
    at_tell(g, y, &(at_told){.op = AT_OP_SCALE, .in = &a, .n = 1, .value = k});
    if (!at_wants(y))
        return y;
    unary_node *n = at_record(g, sizeof *n, y, scale_backward);
    if (n == NULL)
        return NULL;
    n->x = a;
    n->k = k;
    return y;
}

/* ---- concat, slice ---------------------------------------------------------------------- */

/* Columns [from, to) of a matrix with `cols` columns, to or from one with to-from columns. */
static void copy_columns_out(int rows, int cols, int from, int to, const float *x, float *y)
{
    int n = to - from;
    for (int r = 0; r < rows; r++)
        memcpy(y + (size_t)r * n, x + (size_t)r * cols + from, (size_t)n * sizeof(float));
}

static void copy_columns_in(int rows, int cols, int from, int to, const float *y, float *x)
{
    int n = to - from;
    for (int r = 0; r < rows; r++)
        memcpy(x + (size_t)r * cols + from, y + (size_t)r * n, (size_t)n * sizeof(float));
}

static void add_columns(int rows, int n, const float *a, int a_cols, float *b, int b_cols)
{
    for (int r = 0; r < rows; r++)
        for (int i = 0; i < n; i++)
            b[(size_t)r * b_cols + i] += a[(size_t)r * a_cols + i];
}

typedef struct concat_node {
    at_node node;
    at_tensor **x;
    int n;
} concat_node;

static void concat_backward(at_graph *g, at_node *node)
{
    concat_node *n = (concat_node *)node;
    const float *dy = at_grad_in(g, node->y);
    int rows = at_tensor_rows(node->y), cols = at_tensor_cols(node->y), accumulate;
    for (int i = 0, from = 0; i < n->n; i++) {
        int width = at_tensor_cols(n->x[i]);
        float *dx = at_wants(n->x[i]) ? at_grad_out(g, n->x[i], &accumulate) : NULL;
        if (dx != NULL && accumulate)
            add_columns(rows, width, dy + from, cols, dx, width);
        else if (dx != NULL)
            copy_columns_out(rows, cols, from, from + width, dy, dx);
        from += width;
    }
}

at_tensor *at_concat(at_graph *g, at_tensor *const *x, int n)
{
    int cols = 0, wants = 0;
    assert(n > 0);
    for (int i = 0; i < n; i++) {
        if (!at_ready(g, x[i]))
            return NULL;
        assert(at_tensor_rows(x[i]) == at_tensor_rows(x[0]));
        cols += at_tensor_cols(x[i]);
        wants |= at_wants(x[i]);
    }
    int dim[AT_MAX_RANK], rows = at_tensor_rows(x[0]);
    memcpy(dim, x[0]->dim, sizeof dim);
    dim[x[0]->rank - 1] = cols;
    at_tensor *y = at_result(g, x[0]->rank, dim, wants);
    if (y == NULL)
        return NULL;
    for (int i = 0, from = 0; i < n; i++) {
        int width = at_tensor_cols(x[i]);
        copy_columns_in(rows, cols, from, from + width, x[i]->data, y->data);
        from += width;
    }
    at_tell(g, y, &(at_told){.op = AT_OP_CONCAT, .in = x, .n = n});
    if (!at_wants(y))
        return y;
    concat_node *c = at_record(g, sizeof *c, y, concat_backward);
    if (c == NULL)
        return NULL;
    c->n = n;
    c->x = at_graph_alloc(g, (size_t)n, sizeof(at_tensor *));
    if (c->x == NULL)
        return NULL;
    memcpy(c->x, x, (size_t)n * sizeof(at_tensor *));
    return y;
}

typedef struct slice_node {
    at_node node;
    at_tensor *x;
    int from, to;
} slice_node;

static void slice_backward(at_graph *g, at_node *node)
{
    slice_node *n = (slice_node *)node;
    int cols = at_tensor_cols(n->x), width = n->to - n->from;
    float *dx = at_grad_add(g, n->x);
    if (dx != NULL)
        add_columns(at_tensor_rows(n->x), width, at_grad_in(g, node->y), width, dx + n->from, cols);
}

static at_tensor *record_slice(at_graph *g, at_tensor *y, at_tensor *x, int from, int to,
                               void (*backward)(at_graph *, at_node *))
{
    if (!at_wants(y))
        return y;
    slice_node *n = at_record(g, sizeof *n, y, backward);
    if (n == NULL)
        return NULL;
    n->x = x;
    n->from = from;
    n->to = to;
    return y;
}

at_tensor *at_slice(at_graph *g, at_tensor *x, int from, int to)
{
    if (!at_ready(g, x))
        return NULL;
    int cols = at_tensor_cols(x), dim[AT_MAX_RANK];
    assert(from >= 0 && from < to && to <= cols);
    memcpy(dim, x->dim, sizeof dim);
    dim[x->rank - 1] = to - from;
    at_tensor *y = at_result(g, x->rank, dim, at_wants(x));
    if (y == NULL)
        return NULL;
    copy_columns_out(at_tensor_rows(x), cols, from, to, x->data, y->data);
    at_tell(g, y, &(at_told){.op = AT_OP_SLICE, .in = &x, .n = 1, .from = from, .to = to});
    return record_slice(g, y, x, from, to, slice_backward);
}

static void slice_rows_backward(at_graph *g, at_node *node)
{
    slice_node *n = (slice_node *)node;
    size_t row = at_tensor_count(n->x) / (size_t)n->x->dim[0];
    float *dx = at_grad_add(g, n->x);
    if (dx != NULL)
        at_copy_or_add(g, at_tensor_count(node->y), at_grad_in(g, node->y), dx + n->from * row, 1);
}

at_tensor *at_slice_rows(at_graph *g, at_tensor *x, int from, int to)
{
    if (!at_ready(g, x))
        return NULL;
    int dim[AT_MAX_RANK];
    assert(x->rank > 0 && from >= 0 && from < to && to <= x->dim[0]);
    size_t row = at_tensor_count(x) / (size_t)x->dim[0];
    memcpy(dim, x->dim, sizeof dim);
    dim[0] = to - from;
    at_tensor *y = at_result(g, x->rank, dim, at_wants(x));
    if (y == NULL)
        return NULL;
    memcpy(y->data, x->data + from * row, (to - from) * row * sizeof(float));
    return record_slice(g, y, x, from, to, slice_rows_backward);
}

/* ---- dropout ---------------------------------------------------------------------------- */

typedef struct dropout_job {
    size_t n;
    uint64_t seed, stream;
    float p;
    const float *x;
    float *y;
    unsigned char *kept;
    int accumulate;
} dropout_job;

/* Chunk `task` has random numbers of its own, so the mask is the same for any pool. */
static void dropout_task(void *arg, int task, int thread)
{
    dropout_job *j = arg;
    size_t from = (size_t)task * AT_CHUNK, to = from + at_chunk_size(j->n, task);
    float k = 1 / (1 - j->p);
    at_rng rng;
    (void)thread;
    at_rng_seed(&rng, j->seed, j->stream << 32 | (uint64_t)task);
    for (size_t i = from; i < to; i++) {
        j->kept[i] = at_rng_float(&rng) >= j->p;
        j->y[i] = j->kept[i] ? k * j->x[i] : 0;
    }
}

static void dropout_bwd_task(void *arg, int task, int thread)
{
    dropout_job *j = arg;
    size_t from = (size_t)task * AT_CHUNK, to = from + at_chunk_size(j->n, task);
    float k = 1 / (1 - j->p);
    (void)thread;
    for (size_t i = from; i < to; i++) {
        float d = j->kept[i] ? k * j->x[i] : 0;
        j->y[i] = j->accumulate ? j->y[i] + d : d;
    }
}

typedef struct dropout_node {
    at_node node;
    at_tensor *x;
    unsigned char *kept;
    float p;
} dropout_node;

static void dropout_backward(at_graph *g, at_node *node)
{
    dropout_node *n = (dropout_node *)node;
    dropout_job j = {.n = at_tensor_count(n->x), .p = n->p, .kept = n->kept};
    j.y = at_grad_inplace(g, n->x, node->y, &j.x, &j.accumulate);
    if (j.y != NULL)
        at_pool_run(g->pool, at_chunks(j.n), dropout_bwd_task, &j);
}

at_tensor *at_dropout(at_graph *g, at_tensor *x, float p)
{
    assert(p >= 0 && p < 1);
    if (g->mode != AT_TRAIN || p == 0)
        return x;
    if (!at_ready(g, x))
        return NULL;
    dropout_job j = {
        .n = at_tensor_count(x), .seed = g->seed, .stream = g->dropouts++, .p = p, .x = x->data};
    at_tensor *y = at_result_like(g, x, at_wants(x));
    j.kept = at_graph_alloc(g, j.n, 1);
    if (y == NULL || j.kept == NULL)
        return NULL;
    j.y = y->data;
    at_pool_run(g->pool, at_chunks(j.n), dropout_task, &j);
    if (!at_wants(y))
        return y;
    dropout_node *n = at_record(g, sizeof *n, y, dropout_backward);
    if (n == NULL)
        return NULL;
    n->x = x;
    n->kept = j.kept;
    n->p = p;
    return y;
}

/* ---- softmax ---------------------------------------------------------------------------- */

typedef struct softmax_job {
    const at_kernels *kn;
    int rows, cols, block;
    const float *x, *dy;
    float *y;
    int accumulate;
} softmax_job;

static void softmax_task(void *arg, int task, int thread)
{
    softmax_job *j = arg;
    int from = task * j->block, left = j->rows - from;
    size_t at = (size_t)from * j->cols;
    (void)thread;
    j->kn->softmax(left < j->block ? left : j->block, j->cols, j->x + at, j->y + at);
}

/* dx = y (dy - sum dy y); here x is the forward's y */
static void softmax_bwd_task(void *arg, int task, int thread)
{
    softmax_job *j = arg;
    int to = (task + 1) * j->block < j->rows ? (task + 1) * j->block : j->rows;
    (void)thread;
    for (int r = task * j->block; r < to; r++) {
        const float *y = j->x + (size_t)r * j->cols, *dy = j->dy + (size_t)r * j->cols;
        float *dx = j->y + (size_t)r * j->cols, dot = j->kn->dot((size_t)j->cols, dy, y);
        for (int i = 0; i < j->cols; i++) {
            float d = y[i] * (dy[i] - dot);
            dx[i] = j->accumulate ? dx[i] + d : d;
        }
    }
}

static void softmax_backward(at_graph *g, at_node *node)
{
    unary_node *n = (unary_node *)node;
    int cols = at_tensor_cols(n->x);
    if (!at_ready(g, node->y))
        return;
    softmax_job j = {.kn = g->kn,
                     .rows = at_tensor_rows(n->x),
                     .cols = cols,
                     .block = at_block_rows(cols),
                     .x = node->y->data};
    j.y = at_grad_inplace(g, n->x, node->y, &j.dy, &j.accumulate);
    if (j.y != NULL)
        at_pool_run(g->pool, (j.rows + j.block - 1) / j.block, softmax_bwd_task, &j);
}

at_tensor *at_softmax(at_graph *g, at_tensor *x)
{
    if (!at_ready(g, x))
        return NULL;
    int cols = at_tensor_cols(x);
    at_tensor *y = at_result_like(g, x, at_wants(x));
    if (y == NULL)
        return NULL;
    softmax_job j = {.kn = g->kn,
                     .rows = at_tensor_rows(x),
                     .cols = cols,
                     .block = at_block_rows(cols),
                     .x = x->data,
                     .y = y->data};
    at_pool_run(g->pool, (j.rows + j.block - 1) / j.block, softmax_task, &j);
    at_tell(g, y, &(at_told){.op = AT_OP_SOFTMAX, .in = &x, .n = 1});
    if (!at_wants(y))
        return y;
    unary_node *n = at_record(g, sizeof *n, y, softmax_backward);
    if (n == NULL)
        return NULL;
    n->x = x;
    return y;
}
