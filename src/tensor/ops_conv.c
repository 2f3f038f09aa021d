/* ops_conv.c - 3x3 convolutions, dense and depthwise. */
#include "tensor/graph.h"

#include "kernels/conv.h"

#include <assert.h>
#include <string.h>

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
    const float *dy = at_grad_in(g, node->y);
    int batch = n->x->dim[0], accumulate;

    if (at_wants(n->weight)) {
        if (!at_ready(g, n->x))
            return;
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
    if (!at_ready(g, x) || !at_ready(g, weight) || !at_ready_if_any(g, bias))
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
    at_tell(g, y,
            &(at_told){.op = AT_OP_CONV3X3,
                       .in = (at_tensor *[]){x, weight, bias},
                       .n = 3,
                       .stride = stride,
                       .top = pad.top,
                       .left = pad.left});
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
    const at_deferred *deferred; /* how x was read */
} depthwise_node;

/* Whole images a task, each in bands of rows that stay in cache from one step of the work to the
 * next. */
typedef struct depthwise_job {
    const at_kernels *kn;
    const at_dw3x3 *size;
    int band;         /* output rows */
    int batch, parts; /* task i has the images [i*batch/parts, (i+1)*batch/parts) */
    const at_tensor *x;
    const at_deferred *deferred; /* of x */
    const float *weight, *dy;
    const at_pending *pending;
    const at_tensor *y;
    float *dx, *dweight; /* dweight: (parts, 9, c), nullable as dx */
    float *sums;         /* (batch, 2, c): of y, of dx; there nullable */
    float *room;         /* a thread's share: room_floats */
    size_t room_floats;  /* a band of x, then one of y, or one image of dy */
} depthwise_job;

static size_t in_floats(const at_dw3x3 *s)
{
    return (size_t)s->h * s->w * s->c;
}

static size_t out_floats(const at_dw3x3 *s)
{
    return (size_t)s->oh * s->ow * s->c;
}

/* Rows of x that a band of output rows reads, at most. */
static int band_reads(const depthwise_job *j)
{
    return (j->band - 1) * j->size->stride + 3;
}

static size_t band_floats(const depthwise_job *j)
{
    return (size_t)band_reads(j) * j->size->w * j->size->c;
}

static depthwise_job start_depthwise(at_graph *g, const at_dw3x3 *size, const at_tensor *x,
                                     const at_deferred *deferred, const at_tensor *weight)
{
    depthwise_job j = {.kn = g->kn,
                       .size = size,
                       .batch = x->dim[0],
                       .x = x,
                       .deferred = deferred,
                       .weight = weight->data};
    j.band = at_block_rows(size->w * size->c * size->stride);
    return j;
}

/* A band of an image: output rows [oy, end), the layer cut down to it, the values of x that it
 * reads. */
typedef struct depthwise_band {
    int oy, end;
    at_dw3x3 size;
    const float *x;
} depthwise_band;

static depthwise_band get_band(const depthwise_job *j, int image, int oy, float *room)
{
    const at_dw3x3 *s = j->size;
    int end = oy + j->band < s->oh ? oy + j->band : s->oh;
    int first = oy * s->stride - s->pad_top, last = (end - 1) * s->stride - s->pad_top + 3;
    depthwise_band b = {.oy = oy, .end = end, .size = *s};
    b.size.pad_top = first < 0 ? -first : 0;
    first += b.size.pad_top;
    b.size.h = (last < s->h ? last : s->h) - first;
    b.size.oh = end - oy;
    b.x = at_deferred_rows(j->kn, j->x, j->deferred, (image * s->h + first) * s->w, b.size.h * s->w,
                           room);
    return b;
}

static void depthwise_forward_task(void *arg, int task, int thread)
{
    const depthwise_job *j = arg;
    const at_dw3x3 *s = j->size;
    float *room = j->room + (size_t)thread * j->room_floats, *room_y = room + band_floats(j);
    float *sums = j->sums + (size_t)task * 2 * s->c;
    memset(sums, 0, 2 * (size_t)s->c * sizeof(float));
    for (int oy = 0; oy < s->oh; oy += j->band) {
        depthwise_band b = get_band(j, task, oy, room);
        int from = (task * s->oh + oy) * s->ow, rows = b.size.oh * s->ow;
        float *y = at_rows_out(j->y, from, room_y);
        j->kn->dw3x3(&b.size, 0, b.size.oh, b.x, j->weight, NULL, AT_ACT_NONE, y);
        at_rows_done(j->kn, j->y, from, rows, y);
        j->kn->sum_sumsq(rows, s->c, y, sums, sums + s->c);
    }
}

/* y, and the sums that a batch norm will want. */
static int depthwise_with_sums(at_graph *g, depthwise_job *j, at_tensor *y)
{
    j->y = y;
    j->sums = at_buffer_take(g, (size_t)j->batch * 2 * j->size->c);
    j->room_floats = band_floats(j) + (size_t)j->band * j->size->ow * j->size->c;
    j->room = at_buffer_take(g, (size_t)at_pool_threads(g->pool) * j->room_floats);
    if (g->status != ATTUNE_OK)
        return 0;
    at_pool_run(g->pool, j->batch, depthwise_forward_task, j);
    at_buffer_release(g, j->room);
    at_var_of(y)->sums = (at_sums){j->batch, j->sums};
    return 1;
}

/* Both gradients of an image from its dy, and the sums that the norm before needs of dx. */
static void backward_image(const depthwise_job *j, int image, const float *dy, float *dweight,
                           float *room)
{
    const at_dw3x3 *s = j->size;
    float *dx = j->dx != NULL ? j->dx + (size_t)image * in_floats(s) : NULL;
    float *sums = j->sums != NULL ? j->sums + (size_t)image * 2 * s->c : NULL;
    if (sums != NULL)
        memset(sums, 0, 2 * (size_t)s->c * sizeof(float));
    for (int oy = 0; oy < s->oh; oy += j->band) {
        if (dweight != NULL) {
            depthwise_band b = get_band(j, image, oy, room);
            j->kn->dw3x3_bwd_weight(&b.size, 0, b.size.oh, b.x, dy + (size_t)oy * s->ow * s->c,
                                    dweight);
        }
        if (dx == NULL)
            continue;
        int from = oy * s->stride, end = (oy + j->band) * s->stride;
        end = oy + j->band < s->oh ? end : s->h;
        j->kn->dw3x3_bwd_data(s, from, end, dy, j->weight, dx);
        if (sums != NULL)
            at_deferred_sums(j->kn, j->deferred, (image * s->h + from) * s->w, (end - from) * s->w,
                             s->c, dx + (size_t)from * s->w * s->c, sums, room);
    }
}

static void depthwise_backward_task(void *arg, int task, int thread)
{
    const depthwise_job *j = arg;
    const at_dw3x3 *s = j->size;
    int pixels = s->oh * s->ow, image = task * j->batch / j->parts;
    float *room = j->room + (size_t)thread * j->room_floats;
    float *dy = room + band_floats(j);
    float *dweight = j->dweight != NULL ? j->dweight + (size_t)task * 9 * s->c : NULL;
    if (dweight != NULL)
        memset(dweight, 0, 9 * (size_t)s->c * sizeof(float));
    for (; image < (task + 1) * j->batch / j->parts; image++) {
        at_pending_rows(j->kn, j->pending, image * pixels, pixels, s->c, j->dy, dy, dy);
        backward_image(j, image, dy, dweight, room);
    }
}

enum { DEPTHWISE_PARTS = 32 };

/* The whole backward, unless it is not one for this way: then 0. */
static int depthwise_pending_backward(at_graph *g, depthwise_node *n)
{
    depthwise_job j = start_depthwise(g, &n->size, n->x, n->deferred, n->weight);
    int accumulate;
    j.dy = at_grad_in_pending(n->node.y, &j.pending);
    if (j.pending == NULL || j.batch < 4 || at_wants(n->bias) ||
        (at_wants(n->x) && at_var_of(n->x)->root->written))
        return 0;
    j.parts = j.batch < DEPTHWISE_PARTS ? j.batch : DEPTHWISE_PARTS;
    if (at_wants(n->x) && at_only_reader(n->x, n->deferred)) {
        j.sums = at_buffer_take(g, (size_t)j.batch * 2 * n->size.c);
        at_var_of(n->x)->sums = (at_sums){j.batch, j.sums};
    }
    if (at_wants(n->x))
        j.dx = at_grad_out(g, n->x, &accumulate);
    if (at_wants(n->weight))
        j.dweight = at_buffer_take(g, (size_t)j.parts * 9 * n->size.c);
    j.room_floats = band_floats(&j) + out_floats(&n->size);
    j.room = at_buffer_take(g, (size_t)at_pool_threads(g->pool) * j.room_floats);
    if (g->status != ATTUNE_OK)
        return 1;
    at_pool_run(g->pool, j.parts, depthwise_backward_task, &j);
    if (j.dweight != NULL) {
        float *dweight = at_grad_out(g, n->weight, &accumulate);
        if (dweight != NULL)
            at_combine(g, j.parts, 9 * (size_t)n->size.c, j.dweight, dweight, accumulate);
    }
    at_buffer_release(g, j.dweight);
    at_buffer_release(g, j.room);
    return 1;
}

static void depthwise_backward(at_graph *g, at_node *node)
{
    depthwise_node *n = (depthwise_node *)node;
    if (!at_ready(g, n->weight) || depthwise_pending_backward(g, n) || !at_ready(g, n->x))
        return;
    const float *dy = at_grad_in(g, node->y);
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
    if (x == NULL || !at_ready(g, weight) || !at_ready_if_any(g, bias))
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

    int wants = at_wants(x) || at_wants(weight) || at_wants(bias), dim[] = {x->dim[0], oh, ow, c};
    int in_bands = wants && at_norm_may_follow(g, bias) && x->dim[0] >= 4 && c >= 8;
    const at_deferred *deferred = NULL;
    at_tensor *y = in_bands ? at_result_rows(g, 4, dim, wants) : at_result(g, 4, dim, wants);
    if (y == NULL || !(in_bands ? at_ready_deferred(g, x, &deferred) : at_ready(g, x)))
        return NULL;
    if (in_bands) {
        depthwise_job j = start_depthwise(g, &size, x, deferred, weight);
        if (!depthwise_with_sums(g, &j, y))
            return NULL;
    } else {
        at_depthwise(g->pool, g->kn, &size, x->dim[0], x->data, weight->data,
                     bias != NULL ? bias->data : NULL, AT_ACT_NONE, y->data);
    }
    at_tell(g, y,
            &(at_told){.op = AT_OP_DEPTHWISE3X3,
                       .in = (at_tensor *[]){x, weight, bias},
                       .n = 3,
                       .stride = stride,
                       .top = pad.top,
                       .left = pad.left});
    if (!at_wants(y))
        return y;
    depthwise_node *n = at_record(g, sizeof *n, y, depthwise_backward);
    if (n == NULL)
        return NULL;
    n->x = x;
    n->weight = weight;
    n->bias = bias;
    n->size = size;
    n->deferred = deferred;
    return y;
}
