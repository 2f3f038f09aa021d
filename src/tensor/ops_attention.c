/* ops_attention.c - scaled dot-product attention, and attention pooling over time. */
#include "tensor/graph.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* ---- attention (Vaswani 2017, eq. 1) ---------------------------------------------------- */

typedef struct attention_node {
    at_node node;
    at_tensor *q, *k, *v, *bias;
    int heads;
    at_kept p; /* (b,heads,tq,tk) softmax */
} attention_node;

/* A task is one head of one batch item. Its matrices lie within rows of c floats. */
typedef struct attention_job {
    const at_kernels *kn;
    int heads, tq, tk, c, d; /* d = c / heads */
    float scale;             /* 1/sqrt(d) */
    const float *q, *k, *v, *bias;
    float *p, *y;
    const float *dy;
    float *dq, *dk, *dv; /* nullable; the accumulate flags go with them */
    int add_q, add_k, add_v;
    float *dbias;   /* (b,heads,tk) parts, nullable */
    float *scratch; /* a thread's share: scratch_floats */
    size_t scratch_floats;
} attention_job;

static attention_job start_attention(at_graph *g, const at_tensor *q, const at_tensor *k,
                                     const at_tensor *v, const at_tensor *bias, int heads)
{
    attention_job j = {.kn = g->kn,
                       .heads = heads,
                       .tq = q->dim[1],
                       .tk = k->dim[1],
                       .c = q->dim[2],
                       .d = q->dim[2] / heads,
                       .q = q->data,
                       .k = k->data,
                       .v = v->data,
                       .bias = bias != NULL ? bias->data : NULL};
    j.scale = 1 / sqrtf((float)j.d);
    return j;
}

static size_t packed_floats(const attention_job *j, int k, int n)
{
    return at_gemm_packed_floats(j->kn, k, n);
}

static float *take_scratch(at_graph *g, attention_job *j)
{
    j->scratch = at_buffer_take(g, (size_t)at_pool_threads(g->pool) * j->scratch_floats);
    return j->scratch;
}

/* c (m,n) (+)= a b with both given by strides; panels: room for b's. */
static void product(const attention_job *j, int m, int n, int k, const float *a, ptrdiff_t a_row,
                    ptrdiff_t a_col, const float *b, ptrdiff_t b_row, ptrdiff_t b_col, float *c,
                    ptrdiff_t c_row, int accumulate, float *panels)
{
    const at_epilogue e = {.accumulate = accumulate};
    at_gemm_pack(NULL, j->kn, k, n, b, b_row, b_col, panels);
    at_gemm_packed(NULL, j->kn, m, n, k, a, a_row, a_col, panels, c, c_row, &e);
}

static void attention_task(void *arg, int task, int thread)
{
    attention_job *j = arg;
    size_t item = (size_t)(task / j->heads), head = (size_t)(task % j->heads) * j->d;
    size_t at_q = item * j->tq * j->c + head, at_k = item * j->tk * j->c + head;
    float *p = j->p + (size_t)task * j->tq * j->tk;
    float *panels = j->scratch + (size_t)thread * j->scratch_floats;

    product(j, j->tq, j->tk, j->d, j->q + at_q, j->c, 1, j->k + at_k, 1, j->c, p, j->tk, 0, panels);
    for (int r = 0; r < j->tq; r++) {
        float *row = p + (size_t)r * j->tk;
        const float *bias = j->bias != NULL ? j->bias + item * j->tk : NULL;
        for (int i = 0; i < j->tk; i++)
            row[i] = row[i] * j->scale + (bias != NULL ? bias[i] : 0);
    }
    j->kn->softmax(j->tq, j->tk, p, p);
    product(j, j->tq, j->d, j->tk, p, j->tk, 1, j->v + at_k, j->c, 1, j->y + at_q, j->c, 0, panels);
}

/* With S the logits and P their softmax: dV = P^T dY, dP = dY V^T, dS = P (dP - sum_row dP P),
 * dbias = sum over rows of dS, dQ = scale dS K, dK = scale dS^T Q. */
static void attention_bwd_task(void *arg, int task, int thread)
{
    attention_job *j = arg;
    int tq = j->tq, tk = j->tk, c = j->c;
    size_t item = (size_t)(task / j->heads), head = (size_t)(task % j->heads) * j->d;
    size_t at_q = item * tq * c + head, at_k = item * tk * c + head;
    const float *p = j->p + (size_t)task * tq * tk, *dy = j->dy + at_q;
    float *ds = j->scratch + (size_t)thread * j->scratch_floats, *panels = ds + (size_t)tq * tk;
    float *dbias = j->dbias != NULL ? j->dbias + (size_t)task * tk : NULL;

    if (j->dv != NULL)
        product(j, tk, j->d, tq, p, 1, tk, dy, c, 1, j->dv + at_k, c, j->add_v, panels);
    product(j, tq, tk, j->d, dy, c, 1, j->v + at_k, 1, c, ds, tk, 0, panels);
    for (int r = 0; r < tq; r++) {
        const float *weight = p + (size_t)r * tk;
        float *row = ds + (size_t)r * tk, mean = j->kn->dot((size_t)tk, row, weight);
        for (int i = 0; i < tk; i++)
            row[i] = weight[i] * (row[i] - mean);
    }
    if (dbias != NULL) {
        memset(dbias, 0, (size_t)tk * sizeof(float));
        j->kn->sum_rows(tq, tk, ds, dbias);
    }
    for (size_t i = 0; i < (size_t)tq * tk; i++)
        ds[i] *= j->scale;
    if (j->dq != NULL)
        product(j, tq, j->d, tk, ds, tk, 1, j->k + at_k, c, 1, j->dq + at_q, c, j->add_q, panels);
    if (j->dk != NULL)
        product(j, tk, j->d, tq, ds, 1, tk, j->q + at_q, c, 1, j->dk + at_k, c, j->add_k, panels);
}

static size_t largest(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Adds the heads' parts of the bias's gradient, in order. */
static void bias_grad(at_graph *g, const attention_job *j, at_tensor *bias)
{
    float *dbias = at_grad_add(g, bias);
    if (dbias == NULL)
        return;
    for (int item = 0; item < bias->dim[0]; item++) {
        for (int h = 0; h < j->heads; h++)
            g->kn->add((size_t)j->tk, dbias + (size_t)item * j->tk,
                       j->dbias + ((size_t)item * j->heads + h) * j->tk,
                       dbias + (size_t)item * j->tk);
    }
}

static void attention_backward(at_graph *g, at_node *node)
{
    attention_node *n = (attention_node *)node;
    if (!at_ready(g, n->q) || !at_ready(g, n->k) || !at_ready(g, n->v) || !at_kept_open(g, &n->p))
        return;
    attention_job j = start_attention(g, n->q, n->k, n->v, n->bias, n->heads);
    int batch = n->q->dim[0];
    j.p = n->p.data;
    j.dy = at_grad_in(g, node->y);
    /* One tensor may be any two of q, k, v: the later ones then add to what the first wrote, head
     * by head, in the order of attention_bwd_task (v, q, k). */
    j.dv = at_wants(n->v) ? at_grad_out(g, n->v, &j.add_v) : NULL;
    j.dq = at_wants(n->q) ? at_grad_out(g, n->q, &j.add_q) : NULL;
    j.dk = at_wants(n->k) ? at_grad_out(g, n->k, &j.add_k) : NULL;
    if (at_wants(n->bias))
        j.dbias = at_buffer_take(g, (size_t)batch * j.heads * j.tk);
    size_t panels = largest(packed_floats(&j, j.tq, j.d), packed_floats(&j, j.tk, j.d));
    j.scratch_floats = (size_t)j.tq * j.tk + largest(panels, packed_floats(&j, j.d, j.tk));
    if (take_scratch(g, &j) == NULL || g->status != ATTUNE_OK)
        return;
    at_pool_run(g->pool, batch * j.heads, attention_bwd_task, &j);
    if (j.dbias != NULL)
        bias_grad(g, &j, n->bias);
    at_buffer_release(g, j.scratch);
    at_buffer_release(g, j.dbias);
    at_kept_release(g, &n->p);
}

at_tensor *at_attention(at_graph *g, at_tensor *q, at_tensor *k, at_tensor *v, int heads,
                        at_tensor *bias)
{
    if (!at_ready(g, q) || !at_ready(g, k) || !at_ready(g, v) || !at_ready_if_any(g, bias))
        return NULL;
    int batch = q->dim[0];
    assert(q->rank == 3 && k->rank == 3 && v->rank == 3 && q->dim[2] % heads == 0);
    assert(k->dim[0] == batch && v->dim[0] == batch && k->dim[1] == v->dim[1]);
    assert(k->dim[2] == q->dim[2] && v->dim[2] == q->dim[2]);
    assert(bias == NULL || at_tensor_count(bias) == (size_t)batch * k->dim[1]);

    attention_job j = start_attention(g, q, k, v, bias, heads);
    at_tensor *y =
        at_result_like(g, q, at_wants(q) || at_wants(k) || at_wants(v) || at_wants(bias));
    at_kept p;
    at_kept_take(g, &p, (size_t)batch * heads * j.tq * j.tk);
    j.scratch_floats = largest(packed_floats(&j, j.d, j.tk), packed_floats(&j, j.tk, j.d));
    if (y == NULL || p.data == NULL || take_scratch(g, &j) == NULL)
        return NULL;
    j.p = p.data;
    j.y = y->data;
    at_pool_run(g->pool, batch * heads, attention_task, &j);
    at_buffer_release(g, j.scratch);
    at_tell(
        g, y,
        &(at_told){
            .op = AT_OP_ATTENTION, .in = (at_tensor *[]){q, k, v, bias}, .n = 4, .heads = heads});
    if (!at_wants(y)) {
        at_kept_release(g, &p);
        return y;
    }
    attention_node *n = at_record(g, sizeof *n, y, attention_backward);
    if (n == NULL)
        return NULL;
    n->q = q;
    n->k = k;
    n->v = v;
    n->bias = bias;
    n->heads = heads;
    n->p = p;
    return at_kept_close(g, &n->p) ? y : NULL;
}

/* ---- attention pooling (Okabe 2018, attentive statistics) ------------------------------- */

typedef struct pooling_node {
    at_node node;
    at_tensor *x, *score;
    int with_std;
    float *weight; /* (b,t) softmax of the scores, 0 past the end */
} pooling_node;

/* A task is one sequence. */
typedef struct pooling_job {
    int t, c, with_std;
    const float *x, *score;
    const int *lengths;
    float *weight, *y;
    const float *dy;
    float *dx, *dscore; /* nullable */
    int add_x, add_score;
    double *scratch; /* a thread's share: (2,c) */
} pooling_job;

static void softmax_over_time(const float *score, int length, int t, float *weight)
{
    float max = length > 0 ? score[0] : 0;
    double sum = 0;
    for (int i = 1; i < length; i++)
        max = score[i] > max ? score[i] : max;
    for (int i = 0; i < length; i++)
        sum += weight[i] = expf(score[i] - max);
    for (int i = 0; i < length; i++)
        weight[i] = (float)(weight[i] / sum);
    memset(weight + length, 0, (size_t)(t - length) * sizeof(float));
}

static void pooling_task(void *arg, int task, int thread)
{
    pooling_job *j = arg;
    int c = j->c;
    const float *x = j->x + (size_t)task * j->t * c;
    float *weight = j->weight + (size_t)task * j->t;
    float *y = j->y + (size_t)task * (j->with_std ? 2 : 1) * c;
    double *mean = j->scratch + (size_t)thread * 2 * c, *variance = mean + c;

    softmax_over_time(j->score + (size_t)task * j->t, j->lengths != NULL ? j->lengths[task] : j->t,
                      j->t, weight);
    memset(mean, 0, 2 * (size_t)c * sizeof *mean);
    for (int s = 0; s < j->t; s++)
        for (int i = 0; i < c; i++)
            mean[i] += (double)weight[s] * x[(size_t)s * c + i];
    for (int i = 0; i < c; i++)
        y[i] = (float)mean[i];
    if (!j->with_std)
        return;
    for (int s = 0; s < j->t; s++) {
        for (int i = 0; i < c; i++) {
            double e = x[(size_t)s * c + i] - mean[i];
            variance[i] += weight[s] * e * e;
        }
    }
    for (int i = 0; i < c; i++)
        y[c + i] = (float)sqrt(variance[i] + AT_POOL_VARIANCE_FLOOR);
}

/* With mean m = sum w x and variance v = sum w (x-m)^2 (in which the slope by m is 0):
 * dx = w (dm + 2 dv (x-m)), dw = sum_c dm x + dv (x-m)^2, dv = ddeviation / (2 deviation). */
static void pooling_bwd_task(void *arg, int task, int thread)
{
    pooling_job *j = arg;
    int c = j->c;
    const float *x = j->x + (size_t)task * j->t * c, *weight = j->weight + (size_t)task * j->t;
    const float *y = j->y + (size_t)task * (j->with_std ? 2 : 1) * c;
    const float *dm = j->dy + (size_t)task * (j->with_std ? 2 : 1) * c;
    float *dx = j->dx != NULL ? j->dx + (size_t)task * j->t * c : NULL;
    float *dscore = j->dscore != NULL ? j->dscore + (size_t)task * j->t : NULL;
    double *dv = j->scratch + (size_t)thread * (2 * (size_t)c + j->t), *dw = dv + c, mean_dw = 0;

    for (int i = 0; i < c; i++)
        dv[i] = j->with_std ? dm[c + i] / (2.0 * y[c + i]) : 0;
    for (int s = 0; s < j->t; s++, x += c) {
        dw[s] = 0;
        for (int i = 0; i < c; i++) {
            double e = (double)x[i] - y[i];
            dw[s] += dm[i] * (double)x[i] + dv[i] * e * e;
            if (dx != NULL) {
                float d = (float)(weight[s] * (dm[i] + 2 * dv[i] * e));
                dx[i] = j->add_x ? dx[i] + d : d;
            }
        }
        mean_dw += weight[s] * dw[s];
        dx = dx != NULL ? dx + c : NULL;
    }
    for (int s = 0; s < j->t && dscore != NULL; s++) {
        float d = (float)(weight[s] * (dw[s] - mean_dw));
        dscore[s] = j->add_score ? dscore[s] + d : d;
    }
}

static void pooling_backward(at_graph *g, at_node *node)
{
    pooling_node *n = (pooling_node *)node;
    if (!at_ready(g, n->x) || !at_ready(g, node->y))
        return;
    pooling_job j = {.t = n->x->dim[1],
                     .c = n->x->dim[2],
                     .with_std = n->with_std,
                     .x = n->x->data,
                     .weight = n->weight,
                     .y = node->y->data,
                     .dy = at_grad_in(g, node->y)};
    size_t scratch = 2 * (size_t)j.c + j.t;
    if (at_wants(n->x))
        j.dx = at_grad_out(g, n->x, &j.add_x);
    if (at_wants(n->score))
        j.dscore = at_grad_out(g, n->score, &j.add_score);
    float *room = at_buffer_take(g, 2 * (size_t)at_pool_threads(g->pool) * scratch);
    if (g->status != ATTUNE_OK)
        return;
    j.scratch = (double *)(void *)room;
    at_pool_run(g->pool, n->x->dim[0], pooling_bwd_task, &j);
    at_buffer_release(g, room);
}

at_tensor *at_attention_pool(at_graph *g, at_tensor *x, at_tensor *score, const int *lengths,
                             int with_std)
{
    if (!at_ready(g, x) || !at_ready(g, score))
        return NULL;
    int batch = x->dim[0], t = x->dim[1], c = x->dim[2];
    assert(x->rank == 3 && at_tensor_count(score) == (size_t)batch * t);

    at_tensor *y =
        at_result(g, 2, (int[]){batch, with_std ? 2 * c : c}, at_wants(x) || at_wants(score));
    float *weight = at_graph_alloc(g, (size_t)batch * t, sizeof(float));
    float *room = at_buffer_take(g, 4 * (size_t)at_pool_threads(g->pool) * c);
    if (y == NULL || weight == NULL || room == NULL)
        return NULL;
    pooling_job j = {.t = t,
                     .c = c,
                     .with_std = with_std,
                     .x = x->data,
                     .score = score->data,
                     .lengths = lengths,
                     .weight = weight,
                     .y = y->data,
                     .scratch = (double *)(void *)room};
    at_pool_run(g->pool, batch, pooling_task, &j);
    at_buffer_release(g, room);
    at_tell(g, y,
            &(at_told){.op = AT_OP_ATTENTION_POOL,
                       .in = (at_tensor *[]){x, score},
                       .n = 2,
                       .with_std = with_std});
    if (!at_wants(y))
        return y;
    pooling_node *n = at_record(g, sizeof *n, y, pooling_backward);
    if (n == NULL)
        return NULL;
    n->x = x;
    n->score = score;
    n->with_std = with_std;
    n->weight = weight;
    return y;
}
