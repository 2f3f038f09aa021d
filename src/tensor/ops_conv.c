/* ops_conv.c - linear layers (1x1 convolutions) and 3x3 convolutions, dense and depthwise. */
#include "tensor/graph.h"

#include "kernels/conv.h"

#include <assert.h>
#include <string.h>

/* ---- linear, 1x1 convolution ------------------------------------------------------------ */

typedef struct linear_node {
    at_node node;
    at_tensor *x, *weight, *bias;
} linear_node;

/* dW (c,o) += x^T dy */
static void linear_weight_grad(at_graph *g, int rows, const at_tensor *x, const float *dy,
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
    linear_node *l = (linear_node *)node;
    int rows = at_tensor_rows(l->x);
    int c = at_tensor_rows(l->weight), o = at_tensor_cols(l->weight);
    const float *dy = at_grad_in(node->y);

    if (at_wants(l->weight))
        linear_weight_grad(g, rows, l->x, dy, l->weight);
    if (at_wants(l->bias))
        at_sum_rows_into(g, rows, o, dy, l->bias);
    if (at_wants(l->x)) { /* dx = dy W^T */
        at_epilogue e = {0};
        const float *panels = at_packed(g, l->weight, 1);
        float *dx = at_grad_out(g, l->x, &e.accumulate);
        if (panels != NULL && dx != NULL)
            at_gemm_packed(g->pool, g->kn, rows, c, o, dy, o, 1, panels, dx, c, &e);
    }
}

at_tensor *at_linear(at_graph *g, at_tensor *x, at_tensor *weight, at_tensor *bias)
{
    if (x == NULL || weight == NULL || g->status != ATTUNE_OK)
        return NULL;
    int c = at_tensor_rows(weight), o = at_tensor_cols(weight);
    assert(x->rank >= 1 && at_tensor_cols(x) == c);
    assert(bias == NULL || at_tensor_count(bias) == (size_t)o);

    int dim[AT_MAX_RANK];
    memcpy(dim, x->dim, sizeof dim);
    dim[x->rank - 1] = o;
    at_tensor *y = at_result(g, x->rank, dim, at_wants(x) || at_wants(weight) || at_wants(bias));
    const float *panels = at_packed(g, weight, 0);
    if (y == NULL || panels == NULL)
        return NULL;
    at_epilogue e = {.bias = bias != NULL ? bias->data : NULL};
    at_gemm_packed(g->pool, g->kn, at_tensor_rows(x), o, c, x->data, c, 1, panels, y->data, o, &e);
    if (!at_wants(y))
        return y;
    linear_node *l = at_record(g, sizeof *l, y, linear_backward);
    if (l == NULL)
        return NULL;
    l->x = x;
    l->weight = weight;
    l->bias = bias;
    return y;
}

/* ---- padding ---------------------------------------------------------------------------- */

const at_pad at_pad_one = {1, 1};

/* TensorFlow's SAME for a kernel of 3: of the padding that the last window needs, the smaller half
 * comes first. */
static int pad_before(int size, int stride)
{
    int out = (size + stride - 1) / stride, total = (out - 1) * stride + 3 - size;
    return total > 0 ? total / 2 : 0;
}

at_pad at_pad_same(int h, int w, int stride)
{
    return (at_pad){pad_before(h, stride), pad_before(w, stride)};
}

/* ---- dense 3x3 -------------------------------------------------------------------------- */

typedef struct conv_node {
    at_node node;
    at_tensor *x, *weight, *bias;
    at_conv_size size;
} conv_node;

/* dx of one image at a time: columns dy W^T for a few output rows, added where they came from. */
typedef struct conv_data_job {
    const at_kernels *kn;
    const at_conv_size *size;
    const float *dy, *panels;
    float *dx, *columns;
    size_t column_floats; /* a thread's share */
    int rows;             /* output rows at a time */
    int accumulate;
} conv_data_job;

static void add_floats(int n, const float *x, float *y)
{
    for (int i = 0; i < n; i++)
        y[i] += x[i];
}

/* The columns of output row oy, added to an image's gradient. */
static void scatter_row(const at_conv_size *s, int oy, const float *column, float *dx)
{
    for (int ox = 0; ox < s->ow; ox++) {
        for (int ky = 0; ky < 3; ky++) {
            int iy = oy * s->stride - s->pad_top + ky;
            for (int kx = 0; kx < 3; kx++, column += s->c) {
                int ix = ox * s->stride - s->pad_left + kx;
                if (iy >= 0 && iy < s->h && ix >= 0 && ix < s->w)
                    add_floats(s->c, column, dx + ((size_t)iy * s->w + ix) * s->c);
            }
        }
    }
}

static void conv_data_task(void *arg, int task, int thread)
{
    const conv_data_job *j = arg;
    const at_conv_size *s = j->size;
    size_t image = (size_t)s->h * s->w * s->c, row = (size_t)s->ow * s->n;
    float *column = j->columns + (size_t)thread * j->column_floats;
    float *dx = j->dx + (size_t)task * image;
    const float *dy = j->dy + (size_t)task * s->oh * row;

    if (!j->accumulate)
        memset(dx, 0, image * sizeof(float));
    for (int oy = 0; oy < s->oh; oy += j->rows) {
        int rows = s->oh - oy < j->rows ? s->oh - oy : j->rows;
        at_gemm_packed(NULL, j->kn, rows * s->ow, 9 * s->c, s->n, dy + (size_t)oy * row, s->n, 1,
                       j->panels, column, 9 * s->c, NULL);
        for (int r = 0; r < rows; r++)
            scatter_row(s, oy + r, column + (size_t)r * s->ow * 9 * s->c, dx);
    }
}

static void conv_data_grad(at_graph *g, conv_node *n, const float *dy)
{
    conv_data_job j = {.kn = g->kn, .size = &n->size, .dy = dy};
    size_t row_floats = (size_t)n->size.ow * 9 * n->size.c;
    j.rows = row_floats < (1 << 15) ? (int)((1 << 15) / row_floats) : 1;
    j.column_floats = (size_t)j.rows * row_floats;
    j.panels = at_packed(g, n->weight, 1);
    j.dx = at_grad_out(g, n->x, &j.accumulate);
    j.columns = at_buffer_take(g, (size_t)at_pool_threads(g->pool) * j.column_floats);
    if (j.panels == NULL || j.dx == NULL || j.columns == NULL)
        return;
    at_pool_run(g->pool, n->x->dim[0], conv_data_task, &j);
    at_buffer_release(g, j.columns);
}

static void conv_backward(at_graph *g, at_node *node)
{
    conv_node *n = (conv_node *)node;
    const float *dy = at_grad_in(node->y);
    int batch = n->x->dim[0], accumulate;

    if (at_wants(n->weight)) {
        float *dw = at_grad_out(g, n->weight, &accumulate);
        float *workspace = at_buffer_take(g, at_conv3x3_bwd_weight_workspace(&n->size, batch));
        if (dw == NULL || workspace == NULL)
            return;
        at_conv3x3_bwd_weight(g->pool, g->kn, &n->size, batch, n->x->data, dy, dw, accumulate,
                              workspace);
        at_buffer_release(g, workspace);
    }
    if (at_wants(n->bias))
        at_sum_rows_into(g, at_tensor_rows(node->y), n->size.n, dy, n->bias);
    if (at_wants(n->x))
        conv_data_grad(g, n, dy);
}

at_tensor *at_conv3x3(at_graph *g, at_tensor *x, at_tensor *weight, at_tensor *bias, int stride,
                      at_pad pad)
{
    if (x == NULL || weight == NULL || g->status != ATTUNE_OK)
        return NULL;
    int h = x->dim[1], w = x->dim[2], o = at_tensor_cols(weight);
    int oh = (h + stride - 1) / stride, ow = (w + stride - 1) / stride;
    assert(x->rank == 4 && at_tensor_rows(weight) == 9 * x->dim[3]);
    assert(bias == NULL || at_tensor_count(bias) == (size_t)o);
    at_conv_size size = {.h = h,
                         .w = w,
                         .c = x->dim[3],
                         .oh = oh,
                         .ow = ow,
                         .n = o,
                         .stride = stride,
                         .pad_top = pad.top,
                         .pad_left = pad.left};

    at_tensor *y = at_result(g, 4, (int[]){x->dim[0], oh, ow, o},
                             at_wants(x) || at_wants(weight) || at_wants(bias));
    const float *panels = at_packed(g, weight, 0);
    float *workspace = at_buffer_take(g, at_conv3x3_workspace(&size, g->pool));
    if (y == NULL || panels == NULL || workspace == NULL)
        return NULL;
    at_conv3x3_forward(g->pool, g->kn, &size, x->dim[0], x->data, panels,
                       bias != NULL ? bias->data : NULL, AT_ACT_NONE, y->data, workspace);
    at_buffer_release(g, workspace);
    if (!at_wants(y))
        return y;
    conv_node *n = at_record(g, sizeof *n, y, conv_backward);
    if (n == NULL)
        return NULL;
    n->x = x;
    n->weight = weight;
    n->bias = bias;
    n->size = size;
    return y;
}

/* ---- depthwise 3x3 ---------------------------------------------------------------------- */

typedef struct depthwise_node {
    at_node node;
    at_tensor *x, *weight, *bias;
    at_dw3x3 size;
} depthwise_node;

static void depthwise_backward(at_graph *g, at_node *node)
{
    depthwise_node *n = (depthwise_node *)node;
    const float *dy = at_grad_in(node->y);
    int batch = n->x->dim[0], accumulate;

    if (at_wants(n->weight)) {
        float *dw = at_grad_out(g, n->weight, &accumulate);
        float *workspace = at_buffer_take(g, at_depthwise_bwd_weight_workspace(&n->size, batch));
        if (dw == NULL || workspace == NULL)
            return;
        at_depthwise_bwd_weight(g->pool, g->kn, &n->size, batch, n->x->data, dy, dw, accumulate,
                                workspace);
        at_buffer_release(g, workspace);
    }
    if (at_wants(n->bias))
        at_sum_rows_into(g, at_tensor_rows(node->y), n->size.c, dy, n->bias);
    if (!at_wants(n->x))
        return;
    float *dx = at_grad_out(g, n->x, &accumulate);
    float *fresh = dx != NULL && accumulate ? at_buffer_take(g, at_tensor_count(n->x)) : dx;
    if (fresh == NULL)
        return;
    at_depthwise_bwd_data(g->pool, g->kn, &n->size, batch, dy, n->weight->data, fresh);
    if (accumulate) {
        at_copy_or_add(g, at_tensor_count(n->x), fresh, dx, 1);
        at_buffer_release(g, fresh);
    }
}

at_tensor *at_depthwise3x3(at_graph *g, at_tensor *x, at_tensor *weight, at_tensor *bias,
                           int stride, at_pad pad)
{
    if (x == NULL || weight == NULL || g->status != ATTUNE_OK)
        return NULL;
    int h = x->dim[1], w = x->dim[2], c = x->dim[3];
    int oh = (h + stride - 1) / stride, ow = (w + stride - 1) / stride;
    assert(x->rank == 4 && at_tensor_count(weight) == (size_t)9 * c);
    assert(bias == NULL || at_tensor_count(bias) == (size_t)c);
    at_dw3x3 size = {.h = h,
                     .w = w,
                     .c = c,
                     .oh = oh,
                     .ow = ow,
                     .stride = stride,
                     .pad_top = pad.top,
                     .pad_left = pad.left};

    at_tensor *y = at_result(g, 4, (int[]){x->dim[0], oh, ow, c},
                             at_wants(x) || at_wants(weight) || at_wants(bias));
    if (y == NULL)
        return NULL;
    at_depthwise(g->pool, g->kn, &size, x->dim[0], x->data, weight->data,
                 bias != NULL ? bias->data : NULL, AT_ACT_NONE, y->data);
    if (!at_wants(y))
        return y;
    depthwise_node *n = at_record(g, sizeof *n, y, depthwise_backward);
    if (n == NULL)
        return NULL;
    n->x = x;
    n->weight = weight;
    n->bias = bias;
    n->size = size;
    return y;
}
