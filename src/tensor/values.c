/* values.c - where a tensor's values lie between operations: in f32, in f16, or nowhere yet.
 *
 * Which of them is decided here alone, when a tensor is made (passes). What passes has its f32 values
 * for the operation only that makes or asks for them: between operations there is the f16 store, or what
 * the values can be made from once more. A store is rounded once, by the operation that makes it, and all
 * who read, forwards and backwards, read the same numbers: whether they find them open or widen them
 * makes no difference. Those who work through rows never open a tensor: they widen into a block that is
 * still in cache.
 */
#include "tensor/graph.h"

#include <assert.h>
#include <string.h>

/* Micikevicius 2018: half precision for what is kept until the backward pass, f32 for parameters, sums
 * and losses. */
static int passes(const at_graph *g, const at_var *v)
{
    return g->precision == AT_MIXED && g->mode == AT_TRAIN && v->wants &&
           at_tensor_count(&v->t) >= g->least_half;
}

/* ---- between f32 and f16 ---------------------------------------------------------------- */

typedef struct convert_job {
    const at_kernels *kn;
    size_t n;
    float *values;
    uint16_t *half;
} convert_job;

static void narrow_task(void *arg, int task, int thread)
{
    convert_job *j = arg;
    size_t at = (size_t)task * AT_CHUNK;
    (void)thread;
    j->kn->f32_to_f16(at_chunk_size(j->n, task), j->values + at, j->half + at);
}

static void widen_task(void *arg, int task, int thread)
{
    convert_job *j = arg;
    size_t at = (size_t)task * AT_CHUNK;
    (void)thread;
    j->kn->f16_to_f32(at_chunk_size(j->n, task), j->half + at, j->values + at);
}

static void convert(at_graph *g, size_t n, float *values, uint16_t *half,
                    void (*task)(void *, int, int))
{
    convert_job j = {g->kn, n, values, half};
    at_pool_run(g->pool, at_chunks(n), task, &j);
}

/* ---- opening and closing ---------------------------------------------------------------- */

/* v's data is there until the operation that runs is done. */
static void note_open(at_graph *g, at_var *v)
{
    v->next_open = g->open;
    g->open = v;
}

static int take_open(at_graph *g, at_var *v)
{
    v->t.data = at_buffer_take(g, at_tensor_count(&v->t));
    if (v->t.data == NULL)
        return 0;
    note_open(g, v);
    return 1;
}

void at_values_defer(at_graph *g, at_var *v)
{
    v->passing = passes(g, v);
}

int at_values_begin(at_graph *g, at_var *v, int whole)
{
    size_t n = at_tensor_count(&v->t);
    v->passing = passes(g, v);
    if (!v->passing) {
        v->t.data = at_graph_alloc(g, n, sizeof(float));
        return v->t.data != NULL;
    }
    v->half = at_graph_alloc(g, n, sizeof *v->half);
    return v->half != NULL && (!whole || take_open(g, v));
}

void at_values_end(at_graph *g, at_var *v)
{
    if (v->half != NULL && v->t.data != NULL)
        convert(g, at_tensor_count(&v->t), v->t.data, v->half, narrow_task);
    at_values_close(g);
}

void at_values_close(at_graph *g)
{
    for (at_var *v = g->open, *next; v != NULL; v = next) {
        next = v->next_open;
        if (v->root == v)
            at_buffer_release(g, v->t.data);
        v->t.data = NULL;
        v->next_open = NULL;
    }
    g->open = NULL;
}

/* ---- rows ------------------------------------------------------------------------------- */

const float *at_rows(const at_kernels *kn, const at_tensor *x, int from, int rows, float *room)
{
    const at_var *root = at_var_of(x)->root;
    size_t cols = (size_t)at_tensor_cols(x), at = from * cols;
    if (x->data != NULL)
        return x->data + at;
    if (root->half == NULL)
        return at_deferred_rows(kn, x, root->deferred, from, rows, room);
    kn->f16_to_f32(rows * cols, root->half + at, room);
    return room;
}

const float *at_deferred_rows(const at_kernels *kn, const at_tensor *x, const at_deferred *d,
                              int from, int rows, float *room)
{
    if (d == NULL)
        return at_rows(kn, x, from, rows, room);
    kn->scale_shift_act(rows, at_tensor_cols(x), at_rows(kn, d->x, from, rows, room), d->scale,
                        d->shift, d->act, room);
    return room;
}

void at_ahead_add(at_ahead *a, const void *from, size_t bytes)
{
    for (int i = 0; i < AT_AHEAD; i++)
        if (a->bytes[i] == 0) {
            a->from[i] = from;
            a->bytes[i] = bytes;
            return;
        }
}

void at_ahead_rows(at_ahead *a, const at_tensor *x, const at_deferred *d, int from, int rows)
{
    const at_tensor *source = d != NULL ? d->x : x;
    const at_var *root = at_var_of(source)->root;
    size_t cols = (size_t)at_tensor_cols(source), at = (size_t)from * cols, n = (size_t)rows * cols;
    if (source->data != NULL)
        at_ahead_add(a, source->data + at, n * sizeof(float));
    else if (root->half != NULL)
        at_ahead_add(a, root->half + at, n * sizeof *root->half);
}

void at_deferred_sums(const at_kernels *kn, const at_deferred *def, int from, int rows, int cols,
                      const float *d, float *sums, float *room)
{
    kn->bn_bwd_reduce(rows, cols, at_rows(kn, def->x, from, rows, room), d, def->scale, def->shift,
                      def->act, sums, sums + cols);
}

float *at_rows_out(const at_tensor *y, int from, float *room)
{
    return y->data != NULL ? y->data + (size_t)from * at_tensor_cols(y) : room;
}

void at_rows_done(const at_kernels *kn, const at_tensor *y, int from, int rows, float *values)
{
    const at_var *v = at_var_of(y);
    size_t cols = (size_t)at_tensor_cols(y);
    if (y->data != NULL)
        return;
    kn->f32_to_f16(rows * cols, values, v->half + from * cols);
    kn->f16_to_f32(rows * cols, v->half + from * cols, values);
}

int at_take_room(at_graph *g, const at_tensor *x, size_t floats, float **room)
{
    *room = x->data == NULL ? at_buffer_take(g, at_pool_threads(g->pool) * floats) : NULL;
    return g->status == ATTUNE_OK;
}

/* ---- whole ------------------------------------------------------------------------------ */

typedef struct deferred_job {
    const at_kernels *kn;
    const at_tensor *x;
    const at_deferred *d;
    int rows, cols, block;
    float *data;
} deferred_job;

static void deferred_task(void *arg, int task, int thread)
{
    deferred_job *j = arg;
    int from = task * j->block, left = j->rows - from;
    (void)thread;
    at_deferred_rows(j->kn, j->x, j->d, from, left < j->block ? left : j->block,
                     j->data + (size_t)from * j->cols);
}

static void compute_deferred(at_graph *g, const at_var *v, float *data)
{
    deferred_job j = {.kn = g->kn,
                      .x = &v->t,
                      .d = v->deferred,
                      .rows = at_tensor_rows(&v->t),
                      .cols = at_tensor_cols(&v->t),
                      .data = data};
    j.block = at_block_rows(j.cols);
    at_pool_run(g->pool, (j.rows + j.block - 1) / j.block, deferred_task, &j);
}

/* The values of an owner that has none in f32 now. */
static int open_values(at_graph *g, at_var *v)
{
    if (!v->passing) { /* deferred until now, and from now on there */
        float *data = at_graph_alloc(g, at_tensor_count(&v->t), sizeof(float));
        if (data == NULL)
            return 0;
        compute_deferred(g, v, data);
        v->t.data = data;
        return 1;
    }
    if (!take_open(g, v))
        return 0;
    if (v->half != NULL)
        convert(g, at_tensor_count(&v->t), v->t.data, v->half, widen_task);
    else
        compute_deferred(g, v, v->t.data);
    return 1;
}

int at_ready(at_graph *g, at_tensor *x)
{
    if (x == NULL || g->status != ATTUNE_OK)
        return 0;
    at_var *v = at_var_of(x), *root = v->root;
    v->readers++;
    if (x->data != NULL)
        return 1;
    if (root->t.data == NULL && !open_values(g, root))
        return 0;
    if (v != root) {
        x->data = root->t.data;
        note_open(g, v);
    }
    return 1;
}

int at_ready_rows(at_graph *g, at_tensor *x)
{
    if (x == NULL || x->data != NULL || at_var_of(x)->root->half == NULL)
        return at_ready(g, x);
    at_var_of(x)->readers++;
    return g->status == ATTUNE_OK;
}

int at_ready_deferred(at_graph *g, at_tensor *x, const at_deferred **deferred)
{
    *deferred = NULL;
    if (x == NULL || x->data != NULL || at_var_of(x)->deferred == NULL || g->status != ATTUNE_OK)
        return at_ready_rows(g, x);
    at_var_of(x)->readers++;
    *deferred = at_var_of(x)->deferred;
    return 1;
}

int at_ready_reshape(at_graph *g, at_tensor *x)
{
    at_var *root = x != NULL ? at_var_of(x)->root : NULL;
    if (root == NULL || !root->passing || root->half != NULL)
        return at_ready_rows(g, x);
    if (!at_ready(g, x))
        return 0;
    root->half = at_graph_alloc(g, at_tensor_count(x), sizeof *root->half);
    if (root->half == NULL)
        return 0;
    convert(g, at_tensor_count(x), root->t.data, root->half, narrow_task);
    at_values_close(g);
    return 1;
}

/* ---- what an operation keeps beside tensors ---------------------------------------------- */

int at_kept_take(at_graph *g, at_kept *k, size_t n)
{
    *k = (at_kept){.n = n, .data = at_buffer_take(g, n)};
    return k->data != NULL;
}

int at_kept_close(at_graph *g, at_kept *k)
{
    if (g->precision != AT_MIXED || g->mode != AT_TRAIN || k->n < g->least_half)
        return 1;
    k->half = at_graph_alloc(g, k->n, sizeof *k->half);
    if (k->half == NULL)
        return 0;
    convert(g, k->n, k->data, k->half, narrow_task);
    at_buffer_release(g, k->data);
    k->data = NULL;
    return 1;
}

int at_kept_open(at_graph *g, at_kept *k)
{
    if (k->data != NULL)
        return 1;
    k->data = at_buffer_take(g, k->n);
    if (k->data == NULL)
        return 0;
    convert(g, k->n, k->data, k->half, widen_task);
    return 1;
}

void at_kept_release(at_graph *g, at_kept *k)
{
    at_buffer_release(g, k->data);
    k->data = NULL;
}
