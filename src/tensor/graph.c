/* graph.c - the pass: memory, parameters in use, the tape and its way back. */
#include "tensor/graph.h"

#include "base/error.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* The size of the first arena block; later passes get one block of all that the first took. */
#define ARENA_BLOCK ((size_t)4 << 20)

int at_graph_create(at_graph **out, at_pool *pool, const at_kernels *kn, attune_error *err)
{
    *out = NULL;
    at_graph *g = calloc(1, sizeof *g);
    if (g == NULL)
        return at_fail_nomem(err);
    g->pool = pool;
    g->kn = kn;
    g->least_half = AT_LEAST_HALF;
    g->arena.block_bytes = ARENA_BLOCK;
    *out = g;
    return ATTUNE_OK;
}

void at_graph_free(at_graph **g)
{
    if (g == NULL || *g == NULL)
        return;
    at_arena_free(&(*g)->arena);
    free(*g);
    *g = NULL;
}

void at_graph_begin(at_graph *g, at_mode mode, uint64_t seed)
{
    at_arena_reset(&g->arena);
    g->mode = mode;
    g->seed = seed;
    g->status = ATTUNE_OK;
    g->dropouts = 0;
    g->tape = NULL;
    g->open = NULL;
    g->free_buffers = NULL;
    memset(g->uses, 0, sizeof g->uses);
}

void at_graph_set_precision(at_graph *g, at_precision precision)
{
    g->precision = precision;
}

void at_graph_listen(at_graph *g, at_listener listener)
{
    g->listener = listener;
}

const at_param *at_param_of(const at_tensor *t)
{
    return at_var_of(t)->param;
}

int at_graph_status(const at_graph *g)
{
    return g->status;
}

/* ---- tensors ---------------------------------------------------------------------------- */

static at_var *new_var(at_graph *g, int rank, const int *dim)
{
    assert(rank >= 0 && rank <= AT_MAX_RANK);
    at_var *v = at_graph_alloc(g, 1, sizeof *v);
    if (v == NULL)
        return NULL;
    *v = (at_var){.t.rank = rank, .root = v};
    for (int i = 0; i < AT_MAX_RANK; i++)
        v->t.dim[i] = i < rank ? dim[i] : 1;
    return v;
}

at_tensor *at_result_deferred(at_graph *g, const at_tensor *x, int wants, const at_deferred *d)
{
    at_var *v = new_var(g, x->rank, x->dim);
    at_deferred *copy = at_graph_alloc(g, 1, sizeof *copy);
    if (v == NULL || copy == NULL)
        return NULL;
    *copy = *d;
    v->wants = wants && g->mode != AT_INFER;
    v->deferred = copy;
    at_values_defer(g, v);
    return &v->t;
}

static at_tensor *result(at_graph *g, int rank, const int *dim, int wants, int whole)
{
    at_var *v = new_var(g, rank, dim);
    if (v == NULL)
        return NULL;
    v->wants = wants && g->mode != AT_INFER;
    return at_values_begin(g, v, whole) ? &v->t : NULL;
}

at_tensor *at_result(at_graph *g, int rank, const int *dim, int wants)
{
    return result(g, rank, dim, wants, 1);
}

at_tensor *at_result_rows(at_graph *g, int rank, const int *dim, int wants)
{
    return result(g, rank, dim, wants, 0);
}

at_tensor *at_result_like(at_graph *g, const at_tensor *x, int wants)
{
    return at_result(g, x->rank, x->dim, wants);
}

at_tensor *at_tensor_new(at_graph *g, int rank, const int *dim, int with_grad)
{
    at_tensor *t = at_result(g, rank, dim, 0); /* its values are the caller's, who may keep them */
    if (t != NULL && with_grad && g->mode != AT_INFER) {
        at_var_of(t)->wants = 1;
        at_keep_grad(g, t);
    }
    if (t != NULL)
        at_tell(g, t, &(at_told){.op = AT_OP_VALUES});
    return g->status == ATTUNE_OK ? t : NULL;
}

void at_keep_grad(at_graph *g, at_tensor *t)
{
    if (!at_wants(t))
        return;
    at_var *root = at_var_of(t)->root;
    if (!root->keep) {
        size_t n = at_tensor_count(t);
        root->t.grad = at_graph_alloc(g, n, sizeof(float));
        if (root->t.grad == NULL)
            return;
        memset(root->t.grad, 0, n * sizeof(float));
        root->keep = root->written = 1;
    }
    t->grad = root->t.grad;
}

at_tensor *at_reshape(at_graph *g, at_tensor *x, int rank, const int *dim)
{
    if (!at_ready_reshape(g, x))
        return NULL;
    at_var *v = new_var(g, rank, dim);
    if (v == NULL)
        return NULL;
    assert(at_tensor_count(&v->t) == at_tensor_count(x));
    v->root = at_var_of(x)->root;
    v->t.data = v->root->passing ? NULL : x->data;
    v->t.grad = x->grad;
    at_tell(g, &v->t, &(at_told){.op = AT_OP_RESHAPE, .in = &x, .n = 1});
    return &v->t;
}

/* ---- parameters in use ------------------------------------------------------------------ */

/* A parameter asked for twice in a pass is one tensor: its panels are packed once. */
at_tensor *at_use(at_graph *g, at_param *p)
{
    if (p == NULL)
        return at_graph_nomem(g);
    at_var **slot = &g->uses[((uintptr_t)p / AT_ALIGN) % AT_USE_SLOTS];
    for (at_var *v = *slot; v != NULL; v = v->next_use)
        if (v->param == p)
            return &v->t;
    at_var *v = new_var(g, p->value.rank, p->value.dim);
    if (v == NULL)
        return NULL;
    v->param = p;
    v->t.data = p->value.data;
    v->packed[0] = p->panels_for == g->kn ? p->panels : NULL;
    if (g->mode != AT_INFER && p->trainable) {
        if (p->value.grad == NULL)
            p->value.grad = at_calloc(at_tensor_count(&p->value), sizeof(float));
        if (p->value.grad == NULL)
            return at_graph_nomem(g);
        v->t.grad = p->value.grad;
        v->wants = v->written = v->keep = 1;
    }
    v->next_use = *slot;
    *slot = v;
    return &v->t;
}

const float *at_packed(at_graph *g, at_tensor *weight, int transposed)
{
    at_var *v = at_var_of(weight);
    if (v->packed[transposed] != NULL)
        return v->packed[transposed];
    if (!at_ready(g, weight))
        return NULL;
    int rows = at_tensor_rows(weight), cols = at_tensor_cols(weight);
    int k = transposed ? cols : rows, n = transposed ? rows : cols;
    float *p = at_graph_alloc(g, at_gemm_packed_floats(g->kn, k, n), sizeof(float));
    if (p == NULL)
        return NULL;
    at_gemm_pack(g->pool, g->kn, k, n, weight->data, transposed ? 1 : cols, transposed ? cols : 1,
                 p);
    v->packed[transposed] = p;
    return p;
}

int at_params_pack(at_params *s, at_arena *a, const at_kernels *kn)
{
    for (int i = 0; i < s->count; i++) {
        at_param *p = s->list[i];
        if (p->value.rank != 2)
            continue;
        const int k = p->value.dim[0], n = p->value.dim[1];
        float *panels = at_arena_alloc(a, at_gemm_packed_floats(kn, k, n), sizeof *panels);
        if (panels == NULL)
            return ATTUNE_E_NOMEM;
        at_gemm_pack(NULL, kn, k, n, p->value.data, n, 1, panels);
        p->panels = panels;
        p->panels_for = kn;
    }
    return ATTUNE_OK;
}

/* ---- tape ------------------------------------------------------------------------------- */

void *at_record(at_graph *g, size_t size, at_tensor *y, void (*backward)(at_graph *, at_node *))
{
    at_values_end(g, at_var_of(y));
    at_node *node = at_graph_alloc(g, size, 1);
    if (node == NULL)
        return NULL;
    memset(node, 0, size);
    node->prev = g->tape;
    node->backward = backward;
    node->y = y;
    g->tape = node;
    return node;
}

void at_pending_rows(const at_kernels *kn, const at_pending *p, int from, int rows, int cols,
                     const float *d, float *out, float *room)
{
    kn->bn_bwd_apply(rows, cols, at_rows(kn, p->x, from, rows, room), d + (size_t)from * cols,
                     p->scale, p->shift, p->act, p->ka, p->kb, p->kc, out);
}

typedef struct pending_job {
    const at_kernels *kn;
    const at_pending *p;
    int rows, cols, block;
    float *d, *room;
} pending_job;

static void pending_task(void *arg, int task, int thread)
{
    pending_job *j = arg;
    int from = task * j->block, left = j->rows - from;
    float *room = j->room != NULL ? j->room + (size_t)thread * j->block * j->cols : NULL;
    at_pending_rows(j->kn, j->p, from, left < j->block ? left : j->block, j->cols, j->d,
                    j->d + (size_t)from * j->cols, room);
}

/* Does what is pending, in place. */
static void settle(at_graph *g, at_var *root)
{
    if (root->pending == NULL)
        return;
    int cols = at_tensor_cols(&root->t);
    pending_job j = {.kn = g->kn,
                     .p = root->pending,
                     .rows = at_tensor_rows(&root->t),
                     .cols = cols,
                     .block = at_block_rows(cols),
                     .d = root->t.grad};
    if (!at_take_room(g, j.p->x, (size_t)j.block * cols, &j.room))
        return;
    at_pool_run(g->pool, (j.rows + j.block - 1) / j.block, pending_task, &j);
    at_buffer_release(g, j.room);
    root->pending = NULL;
}

const float *at_grad_in(at_graph *g, at_tensor *y)
{
    at_var *root = at_var_of(y)->root;
    settle(g, root);
    return root->t.grad;
}

const float *at_grad_in_pending(const at_tensor *y, const at_pending **pending)
{
    *pending = at_var_of(y)->root->pending;
    return at_var_of(y)->root->t.grad;
}

int at_only_reader(const at_tensor *x, const at_deferred *d)
{
    const at_var *v = at_var_of(x);
    return d != NULL && v->readers == 1 && !v->root->written;
}

static float *take_grad(at_graph *g, at_var *root)
{
    if (root->t.grad == NULL)
        root->t.grad = at_buffer_take(g, at_tensor_count(&root->t));
    return root->t.grad;
}

float *at_grad_out(at_graph *g, at_tensor *x, int *accumulate)
{
    at_var *root = at_var_of(x)->root;
    settle(g, root); /* before anything is added */
    *accumulate = root->written;
    float *grad = take_grad(g, root);
    root->written = grad != NULL;
    return grad;
}

float *at_grad_add(at_graph *g, at_tensor *x)
{
    int accumulate;
    float *grad = at_grad_out(g, x, &accumulate);
    if (grad != NULL && !accumulate)
        memset(grad, 0, at_tensor_count(x) * sizeof(float));
    return grad;
}

float *at_grad_inplace(at_graph *g, at_tensor *x, at_tensor *y, const float **dy, int *accumulate)
{
    at_var *from = at_var_of(y)->root, *to = at_var_of(x)->root;
    *dy = at_grad_in(g, y);
    if (to->written || to->keep || from->keep)
        return at_grad_out(g, x, accumulate);
    to->t.grad = from->t.grad;
    to->written = 1;
    from->t.grad = NULL; /* so that it is not released twice */
    *accumulate = 0;
    return to->t.grad;
}

void at_grad_pass(at_graph *g, at_tensor *x, at_tensor *y)
{
    int accumulate;
    const float *dy;
    float *dx = at_grad_inplace(g, x, y, &dy, &accumulate);
    if (dx != NULL && dx != dy)
        at_copy_or_add(g, at_tensor_count(x), dy, dx, accumulate);
}

/* A gradient that counts as zero is overwritten by the first that would add to it. */
static void begin_param_grads(at_graph *g)
{
    for (int i = 0; i < AT_USE_SLOTS; i++)
        for (at_var *v = g->uses[i]; v != NULL; v = v->next_use)
            v->written = v->wants && !v->param->grad_is_zero;
}

/* Those that nothing was added to become zero. */
static void end_param_grads(at_graph *g)
{
    for (int i = 0; i < AT_USE_SLOTS; i++)
        for (at_var *v = g->uses[i]; v != NULL; v = v->next_use)
            if (v->written)
                v->param->grad_is_zero = 0;
            else if (v->wants)
                at_param_settle_grad(v->param);
}

int at_graph_backward(at_graph *g, at_tensor *loss)
{
    return at_graph_backward_scaled(g, loss, 1);
}

int at_graph_backward_scaled(at_graph *g, at_tensor *loss, float scale)
{
    if (loss == NULL || g->status != ATTUNE_OK)
        return g->status;
    assert(g->mode != AT_INFER && at_tensor_count(loss) == 1);
    if (!at_wants(loss))
        return ATTUNE_OK;
    int accumulate;
    begin_param_grads(g);
    float *seed = at_grad_out(g, loss, &accumulate);
    if (seed == NULL)
        return g->status;
    *seed = scale;
    for (at_node *n = g->tape; n != NULL && g->status == ATTUNE_OK; n = n->prev) {
        at_var *y = at_var_of(n->y)->root;
        if (!y->written) /* the loss does not depend on it */
            continue;
        n->backward(g, n);
        at_values_close(g);
        if (!y->keep) {
            at_buffer_release(g, y->t.grad);
            y->t.grad = NULL;
        }
    }
    end_param_grads(g);
    g->tape = NULL; /* a second backward would add everything again */
    return g->status;
}
