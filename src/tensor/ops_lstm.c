/* ops_lstm.c - LSTM layers (Hochreiter & Schmidhuber 1997, with forget gates) in one direction or
 * both.
 *
 *     i, f, o = logistic(x w_x + h' w_h + bias), g = tanh(same)     h', c' of the step before
 *     c = f c' + i g,   h = o tanh(c)
 *
 * Inside, time comes first: arrays are (step, row, ...), so a step's batch is one small matrix and
 * all steps together are one tall one. What depends on x alone is one product over all steps, and
 * so are the weights' gradients; only the recurrent product runs step by step, one direction a
 * thread. Rows are the sequences, longest first: those still running at a step are its first
 * active[step] rows. A reversed direction counts its steps from each sequence's own end.
 */
#include "tensor/graph.h"

#include <assert.h>
#include <string.h>

typedef struct direction {
    at_tensor *w_x, *w_h, *bias;
    int reverse;
    const float *panels; /* of w_h; in backward, of its transpose */
    at_kept in;          /* (steps,b,c) x in step order */
    at_kept gates;       /* (steps,b,4u) activated; in backward their gradients take their place */
    at_kept cell, tanh_cell, h; /* (steps,b,u) */
    float *dx;                  /* (steps,b,c) in backward */
    float *dh, *dc;             /* (b,u) in backward */
} direction;

typedef struct lstm_node {
    at_node node;
    at_tensor *x;
    int directions, b, t, c, u;
    int steps;   /* of the longest sequence */
    int *order;  /* (b) which sequence a row is */
    int *length; /* (b) of a row */
    int *active; /* (steps + 1) rows still running; 0 at the end */
    direction dir[2];
} lstm_node;

/* A pass over the graph's tensors for at_pool_run. */
typedef struct lstm_job {
    const lstm_node *n;
    const at_kernels *kn;
    const float *from;
    float *to;
    int accumulate;
} lstm_job;

/* The time that is step s of a row. */
static int time_of(const lstm_node *n, const direction *d, int row, int s)
{
    return d->reverse ? n->length[row] - 1 - s : s;
}

/* Sorts rows by length, longest first, equal ones in their own order. */
static int order_rows(at_graph *g, lstm_node *n, const int *lengths)
{
    n->order = at_graph_alloc(g, 2 * (size_t)n->b + (size_t)n->t + 1, sizeof(int));
    if (n->order == NULL)
        return 0;
    n->length = n->order + n->b;
    n->active = n->length + n->b;
    for (int i = 0; i < n->b; i++) {
        int length = lengths != NULL ? lengths[i] : n->t, j = i;
        assert(length >= 0 && length <= n->t);
        for (; j > 0 && n->length[j - 1] < length; j--) {
            n->length[j] = n->length[j - 1];
            n->order[j] = n->order[j - 1];
        }
        n->length[j] = length;
        n->order[j] = i;
    }
    n->steps = n->b > 0 ? n->length[0] : 0;
    for (int s = 0, rows = n->b; s <= n->steps; s++) {
        while (rows > 0 && n->length[rows - 1] <= s)
            rows--;
        n->active[s] = rows;
    }
    return 1;
}

/* ---- forward ---------------------------------------------------------------------------- */

/* One row of one direction: x in step order, zeros past its end. */
static void gather_task(void *arg, int task, int thread)
{
    lstm_job *j = arg;
    const lstm_node *n = j->n;
    const direction *d = &n->dir[task / n->b];
    int row = task % n->b;
    size_t width = (size_t)n->c, bytes = width * sizeof(float);
    const float *x = j->from + (size_t)n->order[row] * n->t * width;
    (void)thread;
    for (int s = 0; s < n->steps; s++) {
        float *in = d->in.data + ((size_t)s * n->b + row) * width;
        if (s < n->length[row])
            memcpy(in, x + (size_t)time_of(n, d, row, s) * width, bytes);
        else
            memset(in, 0, bytes);
    }
}

/* The rows of a step that do not run any longer. */
static void clear_ended(const lstm_node *n, int rows, float *step)
{
    memset(step + (size_t)rows * n->u, 0, (size_t)(n->b - rows) * n->u * sizeof(float));
}

static void forward_task(void *arg, int task, int thread)
{
    lstm_job *j = arg;
    const lstm_node *n = j->n;
    const direction *d = &n->dir[task];
    int u = n->u;
    size_t step = (size_t)n->b * u;
    const at_epilogue add = {.accumulate = 1};
    (void)thread;
    for (int s = 0; s < n->steps; s++) {
        int rows = n->active[s];
        float *gates = d->gates.data + 4 * s * step, *h = d->h.data + s * step;
        float *cell = d->cell.data + s * step, *tanh_cell = d->tanh_cell.data + s * step;
        if (s > 0)
            at_gemm_packed(NULL, j->kn, rows, 4 * u, u, h - step, u, 1, d->panels, gates, 4 * u,
                           &add);
        j->kn->lstm_cell(rows, u, gates, s > 0 ? cell - step : NULL, cell, tanh_cell, h);
        clear_ended(n, rows, h); /* read, times zero, by the product for w_h's gradient */
        clear_ended(n, rows, cell);
        clear_ended(n, rows, tanh_cell); /* all are converted, where half the bytes are kept */
    }
}

/* One row: y (t, directions*u) from the directions' h, zeros past its end. */
static void scatter_task(void *arg, int task, int thread)
{
    lstm_job *j = arg;
    const lstm_node *n = j->n;
    size_t u = (size_t)n->u, width = u * (size_t)n->directions;
    float *y = j->to + (size_t)n->order[task] * n->t * width;
    int length = n->length[task];
    (void)thread;
    for (int k = 0; k < n->directions; k++) {
        const direction *d = &n->dir[k];
        for (int s = 0; s < length; s++)
            memcpy(y + (size_t)time_of(n, d, task, s) * width + k * u,
                   d->h.data + ((size_t)s * n->b + task) * u, u * sizeof(float));
    }
    memset(y + length * width, 0, (size_t)(n->t - length) * width * sizeof(float));
}

enum { KEPT = 5 };

/* What direction k keeps. */
static void list_kept(lstm_node *n, int k, at_kept *list[KEPT])
{
    direction *d = &n->dir[k];
    at_kept *const all[KEPT] = {&d->in, &d->gates, &d->cell, &d->tanh_cell, &d->h};
    memcpy(list, all, sizeof all);
}

static void release(at_graph *g, lstm_node *n)
{
    at_kept *list[KEPT];
    for (int k = 0; k < n->directions; k++) {
        list_kept(n, k, list);
        for (int i = 0; i < KEPT; i++)
            at_kept_release(g, list[i]);
    }
}

/* at_kept_close or at_kept_open of all that is kept. */
static int each_kept(at_graph *g, lstm_node *n, int (*fn)(at_graph *g, at_kept *k))
{
    at_kept *list[KEPT];
    for (int k = 0; k < n->directions; k++) {
        list_kept(n, k, list);
        for (int i = 0; i < KEPT; i++)
            if (!fn(g, list[i]))
                return 0;
    }
    return 1;
}

static int take_buffers(at_graph *g, lstm_node *n)
{
    size_t rows = (size_t)n->steps * n->b, u = (size_t)n->u;
    for (int k = 0; k < n->directions; k++) {
        direction *d = &n->dir[k];
        at_kept_take(g, &d->in, rows * n->c);
        at_kept_take(g, &d->gates, rows * 4 * u);
        at_kept_take(g, &d->cell, rows * u);
        at_kept_take(g, &d->tanh_cell, rows * u);
        at_kept_take(g, &d->h, rows * u);
        d->panels = at_packed(g, d->w_h, 0);
    }
    return g->status == ATTUNE_OK;
}

static int run_forward(at_graph *g, lstm_node *n, float *y)
{
    lstm_job j = {.n = n, .kn = g->kn, .from = n->x->data, .to = y};
    at_pool_run(g->pool, n->directions * n->b, gather_task, &j);
    for (int k = 0; k < n->directions; k++) {
        direction *d = &n->dir[k];
        const float *panels = at_packed(g, d->w_x, 0);
        const at_epilogue e = {.bias = d->bias->data};
        if (panels == NULL)
            return 0;
        at_gemm_packed(g->pool, g->kn, n->steps * n->b, 4 * n->u, n->c, d->in.data, n->c, 1, panels,
                       d->gates.data, 4 * n->u, &e);
    }
    at_pool_run(g->pool, n->directions, forward_task, &j);
    at_pool_run(g->pool, n->b, scatter_task, &j);
    return 1;
}

/* ---- backward --------------------------------------------------------------------------- */

/* Gate gradients of all steps of one direction, last step first. j->from: dy. */
static void backward_task(void *arg, int task, int thread)
{
    lstm_job *j = arg;
    const lstm_node *n = j->n;
    const direction *d = &n->dir[task];
    int u = n->u;
    size_t step = (size_t)n->b * u, width = (size_t)u * n->directions;
    const at_epilogue add = {.accumulate = 1};
    (void)thread;
    memset(d->dc, 0, step * sizeof(float));
    for (int s = n->steps - 1; s >= 0; s--) {
        int rows = n->active[s], later = n->active[s + 1];
        float *gates = d->gates.data + 4 * s * step;
        for (int r = 0; r < rows; r++)
            memcpy(d->dh + (size_t)r * u,
                   j->from + ((size_t)n->order[r] * n->t + time_of(n, d, r, s)) * width + task * u,
                   (size_t)u * sizeof(float));
        if (later > 0)
            at_gemm_packed(NULL, j->kn, later, u, 4 * u, gates + 4 * step, 4 * u, 1, d->panels,
                           d->dh, u, &add);
        j->kn->lstm_cell_bwd(rows, u, gates, s > 0 ? d->cell.data + (s - 1) * step : NULL,
                             d->tanh_cell.data + s * step, d->dh, d->dc, gates);
        memset(gates + (size_t)4 * rows * u, 0, (size_t)4 * (n->b - rows) * u * sizeof(float));
    }
}

/* dW (k,4u) += a^T dgates over m rows */
static void weight_grad(at_graph *g, int m, int k, int o, const float *a, const float *dgates,
                        at_tensor *weight)
{
    int accumulate;
    float *dw = at_grad_out(g, weight, &accumulate);
    float *workspace = at_buffer_take(g, at_gemm_tn_workspace(g->kn, m, o, k));
    if (dw == NULL || workspace == NULL)
        return;
    at_gemm_tn(g->pool, g->kn, m, o, k, a, k, dgates, o, dw, o, accumulate, workspace);
    at_buffer_release(g, workspace);
}

static void direction_weight_grads(at_graph *g, const lstm_node *n, const direction *d)
{
    int o = 4 * n->u, m = n->steps * n->b;
    if (at_wants(d->w_x))
        weight_grad(g, m, n->c, o, d->in.data, d->gates.data, d->w_x);
    if (at_wants(d->w_h)) /* each step's gates with the h of the step before */
        weight_grad(g, m - n->b, n->u, o, d->h.data, d->gates.data + (size_t)n->b * o, d->w_h);
    if (at_wants(d->bias))
        at_sum_rows_into(g, m, o, d->gates.data, d->bias);
}

/* One row: the directions' dx into x's gradient, at j->to. */
static void scatter_dx_task(void *arg, int task, int thread)
{
    lstm_job *j = arg;
    const lstm_node *n = j->n;
    size_t c = (size_t)n->c;
    float *dx = j->to + (size_t)n->order[task] * n->t * c;
    (void)thread;
    if (!j->accumulate)
        memset(dx, 0, (size_t)n->t * c * sizeof(float));
    for (int k = 0; k < n->directions; k++) {
        const direction *d = &n->dir[k];
        for (int s = 0; s < n->length[task]; s++) {
            float *to = dx + (size_t)time_of(n, d, task, s) * c;
            j->kn->add(c, to, d->dx + ((size_t)s * n->b + task) * c, to);
        }
    }
}

static void input_grad(at_graph *g, lstm_node *n)
{
    lstm_job j = {.n = n, .kn = g->kn};
    for (int k = 0; k < n->directions; k++) { /* the inputs have served: their buffers take dx */
        direction *d = &n->dir[k];
        const float *panels = at_packed(g, d->w_x, 1);
        if (panels == NULL)
            return;
        d->dx = d->in.data;
        at_gemm_packed(g->pool, g->kn, n->steps * n->b, n->c, 4 * n->u, d->gates.data, 4 * n->u, 1,
                       panels, d->dx, n->c, NULL);
    }
    j.to = at_grad_out(g, n->x, &j.accumulate);
    if (j.to != NULL)
        at_pool_run(g->pool, n->b, scatter_dx_task, &j);
}

static void lstm_backward(at_graph *g, at_node *node)
{
    lstm_node *n = (lstm_node *)node;
    size_t state = (size_t)n->b * n->u;
    lstm_job j = {.n = n, .kn = g->kn, .from = at_grad_in(g, node->y)};

    for (int k = 0; k < n->directions; k++) {
        n->dir[k].panels = at_packed(g, n->dir[k].w_h, 1);
        n->dir[k].dh = at_buffer_take(g, 2 * state);
    }
    if (g->status != ATTUNE_OK || !each_kept(g, n, at_kept_open))
        return;
    for (int k = 0; k < n->directions; k++)
        n->dir[k].dc = n->dir[k].dh + state;
    at_pool_run(g->pool, n->directions, backward_task, &j);
    for (int k = 0; k < n->directions; k++) {
        direction_weight_grads(g, n, &n->dir[k]);
        at_buffer_release(g, n->dir[k].dh);
    }
    if (at_wants(n->x) && g->status == ATTUNE_OK)
        input_grad(g, n);
    release(g, n);
}

/* ---- entry points ----------------------------------------------------------------------- */

static void tell(const at_graph *g, at_tensor *y, const lstm_node *n)
{
    at_tensor *in[7] = {n->x};
    for (int k = 0; k < n->directions; k++) {
        in[3 * k + 1] = n->dir[k].w_x;
        in[3 * k + 2] = n->dir[k].w_h;
        in[3 * k + 3] = n->dir[k].bias;
    }
    at_tell(
        g, y,
        &(at_told){
            .op = AT_OP_LSTM, .in = in, .n = 3 * n->directions + 1, .reverse = n->dir[0].reverse});
}

static at_tensor *lstm(at_graph *g, at_tensor *x, const direction *dir, int directions,
                       const int *lengths)
{
    if (!at_ready(g, x))
        return NULL;
    int wants = at_wants(x);
    lstm_node fields = {
        .x = x, .directions = directions, .b = x->dim[0], .t = x->dim[1], .c = x->dim[2]};
    assert(x->rank == 3);
    for (int k = 0; k < directions; k++) {
        if (!at_ready(g, dir[k].w_x) || !at_ready(g, dir[k].w_h) || !at_ready(g, dir[k].bias))
            return NULL;
        fields.dir[k] = dir[k];
        fields.u = at_tensor_rows(dir[k].w_h);
        assert(at_tensor_cols(dir[k].w_h) == 4 * fields.u);
        assert(at_tensor_rows(dir[k].w_x) == fields.c);
        assert(at_tensor_cols(dir[k].w_x) == 4 * fields.u);
        assert(at_tensor_count(dir[k].bias) == (size_t)4 * fields.u);
        wants |= at_wants(dir[k].w_x) || at_wants(dir[k].w_h) || at_wants(dir[k].bias);
    }
    at_tensor *y = at_result(g, 3, (int[]){fields.b, fields.t, directions * fields.u}, wants);
    if (y == NULL || !order_rows(g, &fields, lengths) || !take_buffers(g, &fields) ||
        !run_forward(g, &fields, y->data))
        return NULL;
    tell(g, y, &fields);
    if (!at_wants(y)) {
        release(g, &fields);
        return y;
    }
    lstm_node *n = at_record(g, sizeof *n, y, lstm_backward);
    if (n == NULL)
        return NULL;
    fields.node = n->node;
    *n = fields;
    return each_kept(g, n, at_kept_close) ? y : NULL;
}

at_tensor *at_lstm(at_graph *g, at_tensor *x, at_tensor *w_x, at_tensor *w_h, at_tensor *bias,
                   const int *lengths, int reverse)
{
    const direction one = {.w_x = w_x, .w_h = w_h, .bias = bias, .reverse = reverse};
    return lstm(g, x, &one, 1, lengths);
}

at_tensor *at_bilstm(at_graph *g, at_tensor *x, at_tensor *const fwd[3], at_tensor *const bwd[3],
                     const int *lengths)
{
    const direction both[2] = {
        {.w_x = fwd[0], .w_h = fwd[1], .bias = fwd[2]},
        {.w_x = bwd[0], .w_h = bwd[1], .bias = bwd[2], .reverse = 1},
    };
    return lstm(g, x, both, 2, lengths);
}
