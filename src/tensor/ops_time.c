/* ops_time.c - convolution over time.
 *
 * With zeros put around each sequence, the window of an output is k*c consecutive floats, and the
 * windows of neighbouring outputs begin stride*c floats apart: a matrix product reads them where
 * they are, no window is ever copied out.
 */
#include "tensor/graph.h"

#include <assert.h>
#include <string.h>

typedef struct time_node {
    at_node node;
    at_tensor *x, *weight, *bias;
    int k, stride;
    at_kept padded; /* (b, t+k-1, c) */
} time_node;

typedef struct time_job {
    const at_kernels *kn;
    int t, c, o, out, k, stride;
    const float *x, *dy, *panels;
    float *padded, *dx;
    float *scratch; /* a thread's share: windows' gradients (out, k*c) and (t+k-1, c) */
    int accumulate;
} time_job;

static size_t padded_floats(const time_job *j)
{
    return (size_t)(j->t + j->k - 1) * j->c;
}

static size_t scratch_floats(const time_job *j)
{
    return (size_t)j->out * j->k * j->c + padded_floats(j);
}

static time_job start_job(at_graph *g, const at_tensor *x, int o, int k, int stride)
{
    return (time_job){.kn = g->kn,
                      .t = x->dim[1],
                      .c = x->dim[2],
                      .o = o,
                      .k = k,
                      .stride = stride,
                      .out = (x->dim[1] + stride - 1) / stride,
                      .x = x->data};
}

static void pad_task(void *arg, int task, int thread)
{
    time_job *j = arg;
    size_t edge = (size_t)(j->k / 2) * j->c, n = (size_t)j->t * j->c;
    float *padded = j->padded + (size_t)task * padded_floats(j);
    (void)thread;
    memset(padded, 0, edge * sizeof(float));
    memcpy(padded + edge, j->x + (size_t)task * n, n * sizeof(float));
    memset(padded + edge + n, 0, edge * sizeof(float));
}

/* dx of one sequence: the windows' gradients dy W^T, added up where windows overlap. */
static void data_task(void *arg, int task, int thread)
{
    time_job *j = arg;
    size_t n = (size_t)j->t * j->c, window = (size_t)j->k * j->c;
    float *windows = j->scratch + (size_t)thread * scratch_floats(j);
    float *padded = windows + (size_t)j->out * window, *dx = j->dx + (size_t)task * n;
    const float *inside = padded + (size_t)(j->k / 2) * j->c;
    at_gemm_packed(NULL, j->kn, j->out, (int)window, j->o, j->dy + (size_t)task * j->out * j->o,
                   j->o, 1, j->panels, windows, (ptrdiff_t)window, NULL);
    memset(padded, 0, padded_floats(j) * sizeof(float));
    for (int i = 0; i < j->out; i++) {
        float *at = padded + (size_t)i * j->stride * j->c;
        j->kn->add(window, at, windows + i * window, at);
    }
    if (j->accumulate)
        j->kn->add(n, dx, inside, dx);
    else
        memcpy(dx, inside, n * sizeof(float));
}

static void time_weight_grad(at_graph *g, time_node *n, time_job *j, const float *dy)
{
    int rows = j->k * j->c, accumulate;
    size_t image = padded_floats(j);
    float *dw = at_grad_out(g, n->weight, &accumulate);
    float *workspace = at_buffer_take(g, at_gemm_tn_workspace(g->kn, j->out, j->o, rows));
    if (dw == NULL || workspace == NULL || !at_kept_open(g, &n->padded))
        return;
    for (int b = 0; b < n->x->dim[0]; b++, accumulate = 1)
        at_gemm_tn(g->pool, g->kn, j->out, j->o, rows, n->padded.data + b * image, j->stride * j->c,
                   dy + (size_t)b * j->out * j->o, j->o, dw, j->o, accumulate, workspace);
    at_buffer_release(g, workspace);
    at_kept_release(g, &n->padded);
}

static void time_backward(at_graph *g, at_node *node)
{
    time_node *n = (time_node *)node;
    const float *dy = at_grad_in(g, node->y);
    time_job j = start_job(g, n->x, at_tensor_cols(n->weight), n->k, n->stride);

    if (at_wants(n->weight))
        time_weight_grad(g, n, &j, dy);
    if (at_wants(n->bias))
        at_sum_rows_into(g, at_tensor_rows(node->y), j.o, dy, n->bias);
    if (!at_wants(n->x) || g->status != ATTUNE_OK)
        return;
    j.dy = dy;
    j.panels = at_packed(g, n->weight, 1);
    j.dx = at_grad_out(g, n->x, &j.accumulate);
    j.scratch = at_buffer_take(g, (size_t)at_pool_threads(g->pool) * scratch_floats(&j));
    if (g->status != ATTUNE_OK)
        return;
    at_pool_run(g->pool, n->x->dim[0], data_task, &j);
    at_buffer_release(g, j.scratch);
}

at_tensor *at_conv_time(at_graph *g, at_tensor *x, at_tensor *weight, at_tensor *bias, int k,
                        int stride)
{
    if (!at_ready(g, x) || !at_ready(g, weight) || !at_ready_if_any(g, bias))
        return NULL;
    int o = at_tensor_cols(weight), batch = x->dim[0];
    assert(x->rank == 3 && k % 2 == 1 && stride > 0);
    assert(at_tensor_rows(weight) == k * x->dim[2]);
    assert(bias == NULL || at_tensor_count(bias) == (size_t)o);

    time_job j = start_job(g, x, o, k, stride);
    at_tensor *y = at_result(g, 3, (int[]){batch, j.out, o},
                             at_wants(x) || at_wants(weight) || at_wants(bias));
    const float *panels = at_packed(g, weight, 0);
    at_kept padded;
    at_kept_take(g, &padded, (size_t)batch * padded_floats(&j));
    if (y == NULL || panels == NULL || padded.data == NULL)
        return NULL;
    j.padded = padded.data;
    const at_epilogue e = {.bias = bias != NULL ? bias->data : NULL};
    at_pool_run(g->pool, batch, pad_task, &j);
    for (int b = 0; b < batch; b++)
        at_gemm_packed(g->pool, g->kn, j.out, o, k * j.c, j.padded + b * padded_floats(&j),
                       stride * j.c, 1, panels, y->data + (size_t)b * j.out * o, o, &e);
    at_tell(g, y,
            &(at_told){.op = AT_OP_CONV_TIME,
                       .in = (at_tensor *[]){x, weight, bias},
                       .n = 3,
                       .k = k,
                       .stride = stride});
    if (!at_wants(y)) {
        at_kept_release(g, &padded);
        return y;
    }
    time_node *n = at_record(g, sizeof *n, y, time_backward);
    if (n == NULL)
        return NULL;
    n->x = x;
    n->weight = weight;
    n->bias = bias;
    n->k = k;
    n->stride = stride;
    n->padded = padded;
    return at_kept_close(g, &n->padded) ? y : NULL;
}
