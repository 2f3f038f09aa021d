/* ops_norm.c - batch normalisation fused with its activation, layer normalisation. */
#include "tensor/graph.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* ---- batch norm (Ioffe & Szegedy 2015) -------------------------------------------------- */

/* y = act(x*scale + shift) with scale = gamma*inv, shift = beta - mean*scale, inv = 1/sqrt(var +
 * eps). x is kept and the activation's derivative found again in backward, so y itself is not
 * needed there. */
typedef struct norm_node {
    at_node node;
    at_tensor *x, *gamma, *beta;
    at_act act;
    int batch_statistics;              /* mean and variance depend on x */
    float *mean, *inv, *scale, *shift; /* (c) each */
} norm_node;

/* A pass over the rows of x in blocks; what a block does is `part` or writes `y`. */
typedef struct norm_job {
    const at_kernels *kn;
    int rows, c, block;
    at_act act;
    const at_tensor *x;
    const float *dy;
    const float *scale, *shift;
    const float *ka, *kb, *kc;
    float *part; /* (blocks, 2, c): two sums of each block */
    float *y;
    float *room; /* a thread's share: a block of x; nullable */
} norm_job;

static int job_blocks(const norm_job *j)
{
    return (j->rows + j->block - 1) / j->block;
}

static int block_rows(const norm_job *j, int task)
{
    int left = j->rows - task * j->block;
    return left < j->block ? left : j->block;
}

static const float *block_of_x(const norm_job *j, int task, int thread)
{
    float *room = j->room != NULL ? j->room + (size_t)thread * j->block * j->c : NULL;
    return at_rows(j->kn, j->x, task * j->block, block_rows(j, task), room);
}

/* Runs `task` over all blocks. Returns 0 when memory is out. */
static int run_blocks(at_graph *g, norm_job *j, void (*task)(void *arg, int task, int thread))
{
    if (!at_take_room(g, j->x, (size_t)j->block * j->c, &j->room))
        return 0;
    at_pool_run(g->pool, job_blocks(j), task, j);
    at_buffer_release(g, j->room);
    return 1;
}

static void statistics_task(void *arg, int task, int thread)
{
    norm_job *j = arg;
    float *part = j->part + (size_t)task * 2 * j->c;
    memset(part, 0, 2 * (size_t)j->c * sizeof(float));
    j->kn->sum_sumsq(block_rows(j, task), j->c, block_of_x(j, task, thread), part, part + j->c);
}

static void backward_sums_task(void *arg, int task, int thread)
{
    norm_job *j = arg;
    size_t at = (size_t)task * j->block * j->c;
    float *part = j->part + (size_t)task * 2 * j->c;
    memset(part, 0, 2 * (size_t)j->c * sizeof(float));
    j->kn->bn_bwd_reduce(block_rows(j, task), j->c, block_of_x(j, task, thread), j->dy + at,
                         j->scale, j->shift, j->act, part, part + j->c);
}

static void backward_apply_task(void *arg, int task, int thread)
{
    norm_job *j = arg;
    size_t at = (size_t)task * j->block * j->c;
    j->kn->bn_bwd_apply(block_rows(j, task), j->c, block_of_x(j, task, thread), j->dy + at,
                        j->scale, j->shift, j->act, j->ka, j->kb, j->kc, j->y + at);
}

/* sum (2,c) of the blocks' parts, in block order. */
static void add_blocks(int blocks, int c, const float *part, double *sum)
{
    int n = 2 * c;
    memset(sum, 0, (size_t)n * sizeof *sum);
    for (int b = 0; b < blocks; b++, part += n)
        for (int i = 0; i < n; i++)
            sum[i] += part[i];
}

/* Room for two sums a column, in double. */
static double *take_sums(at_graph *g, int c)
{
    return (double *)(void *)at_buffer_take(g, 4 * (size_t)c);
}

/* Two sums of each column: found by another operation while it had t at hand, else by `task` over
 * blocks of the rows. */
static double *column_sums(at_graph *g, norm_job *j, at_tensor *t,
                           void (*task)(void *arg, int task, int thread))
{
    at_sums *found = &at_var_of(t)->sums;
    double *sum = take_sums(g, j->c);
    if (sum == NULL)
        return NULL;
    if (found->part == NULL) {
        found->blocks = job_blocks(j);
        found->part = j->part = at_buffer_take(g, (size_t)found->blocks * 2 * j->c);
        if (j->part == NULL || !run_blocks(g, j, task))
            return NULL;
    }
    add_blocks(found->blocks, j->c, found->part, sum);
    at_buffer_release(g, found->part);
    *found = (at_sums){0};
    return sum;
}

/* Mean and 1/deviation of the batch; moves the running ones. The running variance is the unbiased
 * one, as in the paper's inference formula. */
static int batch_statistics(at_graph *g, norm_job *j, norm_node *n, at_param *mean, at_param *var,
                            float momentum, float eps)
{
    double *sum = column_sums(g, j, n->x, statistics_task), m = j->rows;
    if (sum == NULL)
        return 0;
    for (int i = 0; i < j->c; i++) {
        double mu = sum[i] / m, variance = sum[j->c + i] / m - mu * mu;
        if (variance < 0)
            variance = 0;
        n->mean[i] = (float)mu;
        n->inv[i] = (float)(1 / sqrt(variance + eps));
        double unbiased = m > 1 ? variance * m / (m - 1) : variance;
        mean->value.data[i] += momentum * ((float)mu - mean->value.data[i]);
        var->value.data[i] += momentum * ((float)unbiased - var->value.data[i]);
    }
    at_buffer_release(g, (float *)sum);
    return 1;
}

/* Parameter gradients, and the coefficients of dx: with G = dy act', dbeta = sum G, dgamma =
 * sum G xhat,  dx = gamma inv (G - dbeta/m - xhat dgamma/m) = ka G + kb x + kc. k (3,c). */
static int backward_coefficients(at_graph *g, norm_node *n, norm_job *j, float *k)
{
    int c = j->c;
    double *sum = column_sums(g, j, n->node.y, backward_sums_task), m = j->rows;
    float *dgamma = at_wants(n->gamma) ? at_grad_add(g, n->gamma) : NULL;
    float *dbeta = at_wants(n->beta) ? at_grad_add(g, n->beta) : NULL;
    if (g->status != ATTUNE_OK)
        return 0;
    for (int i = 0; i < c; i++) {
        double sum_g = sum[i], sum_gxhat = (sum[c + i] - n->mean[i] * sum_g) * n->inv[i];
        if (dgamma != NULL)
            dgamma[i] += (float)sum_gxhat;
        if (dbeta != NULL)
            dbeta[i] += (float)sum_g;
        double kb = n->batch_statistics ? -(double)n->scale[i] * n->inv[i] * sum_gxhat / m : 0;
        double kc = n->batch_statistics ? -(double)n->scale[i] * sum_g / m - kb * n->mean[i] : 0;
        k[i] = n->scale[i];
        k[c + i] = (float)kb;
        k[2 * c + i] = (float)kc;
    }
    at_buffer_release(g, (float *)sum);
    return 1;
}

static void norm_backward(at_graph *g, at_node *node)
{
    norm_node *n = (norm_node *)node;
    int c = at_tensor_cols(n->x), accumulate;
    norm_job j = {.kn = g->kn,
                  .rows = at_tensor_rows(n->x),
                  .c = c,
                  .block = at_block_rows(c),
                  .act = n->act,
                  .x = n->x,
                  .dy = at_grad_in(g, node->y),
                  .scale = n->scale,
                  .shift = n->shift};
    float *k = at_graph_alloc(g, 3 * (size_t)c, sizeof(float));
    at_pending *pending = at_graph_alloc(g, 1, sizeof *pending);
    if (k == NULL || pending == NULL || !backward_coefficients(g, n, &j, k) || !at_wants(n->x))
        return;
    j.ka = k;
    j.kb = k + c;
    j.kc = k + 2 * c;

    at_var *x = at_var_of(n->x);
    float *dx = at_grad_inplace(g, n->x, node->y, &j.dy, &accumulate);
    if (dx == j.dy && x->root == x) { /* the op that made x does the rest, where it needs it */
        *pending = (at_pending){n->act, j.x, j.scale, j.shift, j.ka, j.kb, j.kc};
        x->pending = pending;
        return;
    }
    j.y = dx != NULL && accumulate ? at_buffer_take(g, at_tensor_count(n->x)) : dx;
    if (j.y == NULL)
        return;
    if (run_blocks(g, &j, backward_apply_task) && accumulate) {
        at_copy_or_add(g, at_tensor_count(n->x), j.y, dx, 1);
        at_buffer_release(g, j.y);
    }
}

static int fusable(at_act act)
{
    return act == AT_ACT_NONE || act == AT_ACT_RELU || act == AT_ACT_RELU6;
}

/* Pictures in training: a convolution is what reads them. And what would be forgotten at once. */
static int defers(const at_graph *g, const at_tensor *y)
{
    return (g->mode == AT_TRAIN && y->rank == 4 && at_wants(y)) || at_var_of(y)->passing;
}

at_tensor *at_batch_norm(at_graph *g, at_tensor *x, at_tensor *gamma, at_tensor *beta,
                         at_param *mean, at_param *var, float momentum, float eps, at_act act)
{
    if (mean == NULL || var == NULL) /* as for at_use */
        return at_graph_nomem(g);
    if (!at_ready_rows(g, x) || !at_ready(g, gamma) || !at_ready(g, beta))
        return NULL;
    if (!fusable(act))
        return at_activation(
            g, at_batch_norm(g, x, gamma, beta, mean, var, momentum, eps, AT_ACT_NONE), act);
    int c = at_tensor_cols(x);
    assert(at_tensor_count(gamma) == (size_t)c && at_tensor_count(beta) == (size_t)c);
    assert(at_tensor_count(&mean->value) == (size_t)c);
    assert(at_tensor_count(&var->value) == (size_t)c);

    norm_node fields = {.x = x, .gamma = gamma, .beta = beta, .act = act};
    norm_job j = {.kn = g->kn,
                  .rows = at_tensor_rows(x),
                  .c = c,
                  .block = at_block_rows(c),
                  .act = act,
                  .x = x};
    fields.mean = at_graph_alloc(g, 4 * (size_t)c, sizeof(float));
    if (fields.mean == NULL)
        return NULL;
    fields.inv = fields.mean + c;
    fields.scale = fields.mean + 2 * c;
    fields.shift = fields.mean + 3 * c;
    fields.batch_statistics = g->mode == AT_TRAIN && (at_wants(gamma) || at_wants(beta));
    if (fields.batch_statistics) {
        if (!batch_statistics(g, &j, &fields, mean, var, momentum, eps))
            return NULL;
    } else {
        for (int i = 0; i < c; i++) {
            fields.mean[i] = mean->value.data[i];
            fields.inv[i] = 1 / sqrtf(var->value.data[i] + eps);
        }
    }
    for (int i = 0; i < c; i++) {
        fields.scale[i] = gamma->data[i] * fields.inv[i];
        fields.shift[i] = beta->data[i] - fields.mean[i] * fields.scale[i];
    }
    const at_deferred values = {act, x, fields.scale, fields.shift};
    at_tensor *y =
        at_result_deferred(g, x, at_wants(x) || at_wants(gamma) || at_wants(beta), &values);
    if (y == NULL || (!defers(g, y) && !at_ready(g, y)))
        return NULL;
    if (!at_wants(y))
        return y;
    norm_node *n = at_record(g, sizeof *n, y, norm_backward);
    if (n == NULL)
        return NULL;
    fields.node = n->node;
    *n = fields;
    return y;
}

/* ---- layer norm (Ba 2016) --------------------------------------------------------------- */

typedef struct layer_node {
    at_node node;
    at_tensor *x, *gamma, *beta;
    float *mean, *inv; /* (rows) each */
} layer_node;

typedef struct layer_job {
    int rows, c, block;
    float eps;
    const float *x, *dy, *gamma, *beta;
    float *mean, *inv;
    float *y, *part; /* part: (blocks, 2, c), sums for dgamma and dbeta, nullable */
    int accumulate;
} layer_job;

static void layer_forward_task(void *arg, int task, int thread)
{
    layer_job *j = arg;
    int from = task * j->block, to = from + j->block < j->rows ? from + j->block : j->rows;
    (void)thread;
    for (int r = from; r < to; r++) {
        const float *x = j->x + (size_t)r * j->c;
        float *y = j->y + (size_t)r * j->c;
        double sum = 0, squares = 0;
        for (int i = 0; i < j->c; i++)
            sum += x[i];
        double mean = sum / j->c;
        for (int i = 0; i < j->c; i++)
            squares += (x[i] - mean) * (x[i] - mean);
        float mu = (float)mean, inv = (float)(1 / sqrt(squares / j->c + j->eps));
        for (int i = 0; i < j->c; i++)
            y[i] = (x[i] - mu) * inv * j->gamma[i] + j->beta[i];
        j->mean[r] = mu;
        j->inv[r] = inv;
    }
}

/* With G = dy gamma: dx = inv (G - mean(G) - xhat mean(G xhat)). */
static void layer_data_row(const layer_job *j, int r)
{
    const float *x = j->x + (size_t)r * j->c, *dy = j->dy + (size_t)r * j->c;
    float *dx = j->y + (size_t)r * j->c, mu = j->mean[r], inv = j->inv[r];
    double sum = 0, sum_xhat = 0;
    for (int i = 0; i < j->c; i++) {
        double d = (double)dy[i] * j->gamma[i];
        sum += d;
        sum_xhat += d * (x[i] - mu) * inv;
    }
    float a = (float)(sum / j->c), b = (float)(sum_xhat / j->c);
    for (int i = 0; i < j->c; i++) {
        float d = inv * (dy[i] * j->gamma[i] - a - (x[i] - mu) * inv * b);
        dx[i] = j->accumulate ? dx[i] + d : d;
    }
}

static void layer_backward_task(void *arg, int task, int thread)
{
    layer_job *j = arg;
    int from = task * j->block, to = from + j->block < j->rows ? from + j->block : j->rows;
    (void)thread;
    if (j->part != NULL) { /* before dx, which may take dy's place */
        float *dgamma = j->part + (size_t)task * 2 * j->c, *dbeta = dgamma + j->c;
        memset(dgamma, 0, 2 * (size_t)j->c * sizeof(float));
        for (int r = from; r < to; r++) {
            const float *x = j->x + (size_t)r * j->c, *dy = j->dy + (size_t)r * j->c;
            for (int i = 0; i < j->c; i++) {
                dgamma[i] += dy[i] * (x[i] - j->mean[r]) * j->inv[r];
                dbeta[i] += dy[i];
            }
        }
    }
    for (int r = from; r < to && j->y != NULL; r++)
        layer_data_row(j, r);
}

static void add_parts(const layer_job *j, int blocks, int which, float *dst)
{
    for (int i = 0; i < j->c; i++) {
        double sum = 0;
        for (int b = 0; b < blocks; b++)
            sum += j->part[((size_t)b * 2 + which) * j->c + i];
        dst[i] += (float)sum;
    }
}

static void layer_backward(at_graph *g, at_node *node)
{
    layer_node *n = (layer_node *)node;
    int c = at_tensor_cols(n->x);
    if (!at_ready(g, n->x) || !at_ready(g, n->gamma))
        return;
    layer_job j = {.rows = at_tensor_rows(n->x),
                   .c = c,
                   .block = at_block_rows(c),
                   .x = n->x->data,
                   .dy = at_grad_in(g, node->y),
                   .gamma = n->gamma->data,
                   .mean = n->mean,
                   .inv = n->inv};
    int blocks = (j.rows + j.block - 1) / j.block;
    float *dgamma = at_wants(n->gamma) ? at_grad_add(g, n->gamma) : NULL;
    float *dbeta = at_wants(n->beta) ? at_grad_add(g, n->beta) : NULL;

    if (dgamma != NULL || dbeta != NULL)
        j.part = at_buffer_take(g, (size_t)blocks * 2 * c);
    if (at_wants(n->x))
        j.y = at_grad_inplace(g, n->x, node->y, &j.dy, &j.accumulate);
    if (g->status != ATTUNE_OK)
        return;
    at_pool_run(g->pool, blocks, layer_backward_task, &j);
    if (dgamma != NULL)
        add_parts(&j, blocks, 0, dgamma);
    if (dbeta != NULL)
        add_parts(&j, blocks, 1, dbeta);
    at_buffer_release(g, j.part);
}

at_tensor *at_layer_norm(at_graph *g, at_tensor *x, at_tensor *gamma, at_tensor *beta, float eps)
{
    if (!at_ready(g, x) || !at_ready(g, gamma) || !at_ready(g, beta))
        return NULL;
    int c = at_tensor_cols(x), rows = at_tensor_rows(x);
    assert(at_tensor_count(gamma) == (size_t)c && at_tensor_count(beta) == (size_t)c);

    at_tensor *y = at_result_like(g, x, at_wants(x) || at_wants(gamma) || at_wants(beta));
    float *mean = at_graph_alloc(g, 2 * (size_t)rows, sizeof(float));
    if (y == NULL || mean == NULL)
        return NULL;
    layer_job j = {.rows = rows,
                   .c = c,
                   .block = at_block_rows(c),
                   .eps = eps,
                   .x = x->data,
                   .gamma = gamma->data,
                   .beta = beta->data,
                   .mean = mean,
                   .inv = mean + rows,
                   .y = y->data};
    at_pool_run(g->pool, (rows + j.block - 1) / j.block, layer_forward_task, &j);
    at_tell(
        g, y,
        &(at_told){
            .op = AT_OP_LAYER_NORM, .in = (at_tensor *[]){x, gamma, beta}, .n = 3, .value = eps});
    if (!at_wants(y))
        return y;
    layer_node *n = at_record(g, sizeof *n, y, layer_backward);
    if (n == NULL)
        return NULL;
    n->x = x;
    n->gamma = gamma;
    n->beta = beta;
    n->mean = mean;
    n->inv = mean + rows;
    return y;
}
