/* layers_windows.c - operators on pictures (n, c, h, w): convolutions, pooling, batch norm. */
#include "kernels/gemm.h"
#include "onnx/layers.h"
#include <math.h>
#include <string.h>

/* ---- windows --------------------------------------------------------------------------------------- */

/* Zeros on both sides so that there are ceil(in / stride) windows; the odd one at the end, or at the beginning. */
static void pad_same(at_onnx_windows *w, int i, int in, int late)
{
    const int out = (in + w->stride[i] - 1) / w->stride[i];
    const int64_t all = (int64_t)(out - 1) * w->stride[i] +
                        (int64_t)w->dilation[i] * (w->kernel[i] - 1) + 1 - in;
    const int pad = all > 0 ? (int)all : 0;

    w->pad[i] = late ? pad / 2 : pad - pad / 2;
    w->pad[i + 2] = pad - w->pad[i];
}

/* How many windows fit, the last one only partly where that is asked for; 0: none. */
static int windows_over(const at_onnx_windows *w, int i, int in, int partly)
{
    const int64_t padded = (int64_t)in + w->pad[i] + w->pad[i + 2];
    const int64_t left = padded - ((int64_t)w->dilation[i] * (w->kernel[i] - 1) + 1);

    if (left < 0)
        return 0;
    int64_t out = (left + (partly ? w->stride[i] - 1 : 0)) / w->stride[i] + 1;
    if (partly && (out - 1) * w->stride[i] >= (int64_t)in + w->pad[i])
        out--; /* it would begin past the end */
    return (int)out;
}

/* What attributes say of windows over x; kernel is there already, or is read. */
static int read_windows(at_onnx_builder *b, const at_onnx_tensor *x, at_onnx_windows *w)
{
    const char *way = at_onnx_text_of(b, "auto_pad", "NOTSET");
    const int partly = at_onnx_int_of(b, "ceil_mode", 0) != 0;

    if (x->rank != 4) {
        at_onnx_lacking(b, "an input that is no picture (batch, channels, height, width)");
        return 0;
    }
    w->n = x->dim[0];
    w->c = x->dim[1];
    w->h = x->dim[2];
    w->w = x->dim[3];
    for (int i = 0; i < 2; i++)
        w->stride[i] = w->dilation[i] = 1;
    at_onnx_ints_of(b, "kernel_shape", 2, w->kernel);
    at_onnx_ints_of(b, "strides", 2, w->stride);
    at_onnx_ints_of(b, "dilations", 2, w->dilation);
    at_onnx_ints_of(b, "pads", 4, w->pad);
    for (int i = 0; i < 2 && !b->status; i++)
        if (w->kernel[i] < 1 || w->stride[i] < 1 || w->dilation[i] < 1)
            at_onnx_wrong(b, "a window of no size");
        else if (strcmp(way, "SAME_UPPER") == 0 || strcmp(way, "SAME_LOWER") == 0)
            pad_same(w, i, i ? w->w : w->h, way[5] == 'U');
    if (b->status)
        return 0;
    w->oh = windows_over(w, 0, w->h, partly);
    w->ow = windows_over(w, 1, w->w, partly);
    if (w->oh < 1 || w->ow < 1)
        at_onnx_wrong(b, "its windows are larger than its input");
    return !b->status;
}

/* Of a window that begins at `from`: which of its taps lie in [0, size). */
static void taps_within(int from, int dilation, int taps, int size, int *first, int *end)
{
    *first = from >= 0 ? 0 : (-from + dilation - 1) / dilation;
    *end = from >= size ? 0 : (size - from + dilation - 1) / dilation;
    *end = *end > taps ? taps : *end;
}

/* ---- convolution -------------------------------------------------------------------------------------- */

/* Where in a row of outputs a tap reads within the input: [*first, *end). */
static void outputs_within(const at_onnx_windows *w, int tap, int *first, int *end)
{
    const int at = tap * w->dilation[1] - w->pad[1]; /* that output 0 reads */
    const int stride = w->stride[1];

    *first = at >= 0 ? 0 : (-at + stride - 1) / stride;
    *end = at >= w->w ? 0 : (w->w - at + stride - 1) / stride;
    *end = *end > w->ow ? w->ow : *end;
    *first = *first > *end ? *end : *first;
}

/* One row of one tap: what each output of row oy reads; zeros outside. */
static void tap_row(const at_onnx_windows *w, const float *plane, int oy, int ky, int kx, float *to)
{
    const int y = oy * w->stride[0] - w->pad[0] + ky * w->dilation[0];
    const int at = kx * w->dilation[1] - w->pad[1], stride = w->stride[1];
    int first, end;

    outputs_within(w, kx, &first, &end);
    if (y < 0 || y >= w->h)
        first = end = 0;
    memset(to, 0, (size_t)first * sizeof *to);
    for (int ox = first; ox < end; ox++)
        to[ox] = plane[(ptrdiff_t)y * w->w + at + ox * stride];
    memset(to + end, 0, (size_t)(w->ow - end) * sizeof *to);
}

/* (channels * taps, outputs): what each output is a sum of. */
static void unfold(const at_onnx_windows *w, const float *x, int channels, float *to)
{
    const size_t plane = (size_t)w->h * w->w;

    for (int c = 0; c < channels; c++)
        for (int ky = 0; ky < w->kernel[0]; ky++)
            for (int kx = 0; kx < w->kernel[1]; kx++)
                for (int oy = 0; oy < w->oh; oy++, to += w->ow)
                    tap_row(w, x + (size_t)c * plane, oy, ky, kx, to);
}

/* Each input is read once, where it lies. */
static int is_pointwise(const at_onnx_windows *w)
{
    return w->kernel[0] == 1 && w->kernel[1] == 1 && w->stride[0] == 1 && w->stride[1] == 1 &&
           !w->pad[0] && !w->pad[1] && !w->pad[2] && !w->pad[3];
}

static void add_bias(const float *bias, int planes, size_t n, float *y)
{
    for (int k = 0; bias && k < planes; k++)
        for (size_t i = 0; i < n; i++)
            y[(size_t)k * n + i] += bias[k];
}

/* rows outputs of a group, depth inputs of each, cols places. */
static void run_conv(const at_onnx_layer *l, const at_onnx_run *r)
{
    const at_onnx_windows *w = &l->windows;
    const int channels = w->c / l->groups;
    const size_t plane = (size_t)w->h * w->w, out = (size_t)l->cols;
    const float *x = at_onnx_values(r, l->in[0]);
    float *y = at_onnx_room(r, l->out), *columns = r->scratch;
    float *packed = columns + (is_pointwise(w) ? 0 : (size_t)l->depth * out);

    for (int i = 0; i < w->n * l->groups; i++, x += channels * plane, y += l->rows * out) {
        const int group = i % l->groups;
        const float *weight = l->packed + (size_t)group * l->rows * l->depth;
        if (!is_pointwise(w))
            unfold(w, x, channels, columns);
        at_gemm_pack(NULL, r->kn, l->depth, l->cols, is_pointwise(w) ? x : columns, l->cols, 1,
                     packed);
        at_gemm_packed(NULL, r->kn, l->rows, l->cols, l->depth, weight, l->depth, 1, packed, y,
                       l->cols, NULL);
        add_bias(l->shift ? l->shift + (size_t)group * l->rows : NULL, l->rows, out, y);
    }
}

/* One plane by itself. */
static void run_depthwise(const at_onnx_layer *l, const at_onnx_run *r)
{
    const at_onnx_windows *w = &l->windows;
    const float *x = at_onnx_values(r, l->in[0]);
    float *y = at_onnx_room(r, l->out), *row = r->scratch;

    for (int i = 0; i < w->n * w->c; i++, x += (size_t)w->h * w->w) {
        const float *weight = l->packed + (size_t)(i % w->c) * l->depth;
        for (int oy = 0; oy < w->oh; oy++, y += w->ow) {
            for (int k = 0; k < w->ow; k++)
                y[k] = l->shift ? l->shift[i % w->c] : 0;
            for (int t = 0; t < l->depth; t++) {
                tap_row(w, x, oy, t / w->kernel[1], t % w->kernel[1], row);
                for (int k = 0; k < w->ow; k++)
                    y[k] += weight[t] * row[k];
            }
        }
    }
}

static at_onnx_tensor *picture_out(at_onnx_builder *b, const at_onnx_windows *w, int planes)
{
    return at_onnx_out(b, 0, 4, (int[]){w->n, planes, w->oh, w->ow});
}

/* Sizes of what unfolds: depth times places may be larger than any tensor. */
static size_t scratch_of(at_onnx_builder *b, const at_onnx_windows *w, int depth, int cols)
{
    if ((double)depth * cols > AT_ONNX_MOST_FLOATS) {
        at_onnx_wrong(b, "it would take too much memory");
        return 0;
    }
    return at_gemm_packed_floats(b->kn, depth, cols) +
           (is_pointwise(w) ? 0 : (size_t)depth * (size_t)cols);
}

static void prepare_conv(at_onnx_builder *b)
{
    at_onnx_tensor *x = at_onnx_in(b, 0);
    const at_onnx_tensor *k = at_onnx_in(b, 1);
    const int64_t groups = at_onnx_int_of(b, "group", 1);
    at_onnx_windows w = {0};

    if (!x || !k)
        return;
    if (k->rank != 4 || x->rank != 4) {
        at_onnx_lacking(b, "a convolution that is not of pictures");
        return;
    }
    w.kernel[0] = k->dim[2];
    w.kernel[1] = k->dim[3];
    if (!read_windows(b, x, &w))
        return;
    if (groups < 1 || groups > w.c || w.c % groups || k->dim[0] < 1 || k->dim[0] % groups ||
        k->dim[1] != w.c / groups || w.kernel[0] != k->dim[2] || w.kernel[1] != k->dim[3]) {
        at_onnx_wrong(b, "its weights do not fit its input");
        return;
    }
    const float *weight = at_onnx_constant(b, 1, k->count);
    const float *bias = at_onnx_in_if(b, 2) ? at_onnx_constant(b, 2, (size_t)k->dim[0]) : NULL;
    const int depthwise = groups == w.c && k->dim[0] == w.c;
    at_onnx_layer *l = at_onnx_layer_add(b, 1, &x, picture_out(b, &w, k->dim[0]),
                                         depthwise ? run_depthwise : run_conv);
    if (!l)
        return;
    l->windows = w;
    l->groups = (int)groups;
    l->rows = k->dim[0] / (int)groups;
    l->cols = w.oh * w.ow;
    l->depth = (int)(k->count / (size_t)k->dim[0]);
    l->packed = weight;
    l->shift = bias;
    l->work = (double)l->out->count * l->depth;
    l->scratch = depthwise ? (size_t)w.ow : scratch_of(b, &w, l->depth, l->cols);
}

/* ---- pooling ---------------------------------------------------------------------------------------------- */

/* The taps of an output that lie in the input; and how many there are with the zeros around it. */
typedef struct reach {
    int y0, y1, x0, x1, padded;
} reach;

static int padded_taps(int from, int taps, int dilation, int most)
{
    int n = 0;
    for (int i = 0; i < taps; i++)
        n += from + i * dilation < most;
    return n;
}

static reach reach_of(const at_onnx_windows *w, int oy, int ox)
{
    const int top = oy * w->stride[0] - w->pad[0], left = ox * w->stride[1] - w->pad[1];
    reach r;

    taps_within(top, w->dilation[0], w->kernel[0], w->h, &r.y0, &r.y1);
    taps_within(left, w->dilation[1], w->kernel[1], w->w, &r.x0, &r.x1);
    r.padded = padded_taps(top, w->kernel[0], w->dilation[0], w->h + w->pad[2]) *
               padded_taps(left, w->kernel[1], w->dilation[1], w->w + w->pad[3]);
    return r;
}

static float value_at(const at_onnx_windows *w, const float *plane, int oy, int ox, int ky, int kx)
{
    const int y = oy * w->stride[0] - w->pad[0] + ky * w->dilation[0];
    const int x = ox * w->stride[1] - w->pad[1] + kx * w->dilation[1];
    return plane[(ptrdiff_t)y * w->w + x];
}

static float most_of(const at_onnx_layer *l, const float *plane, int oy, int ox)
{
    const reach r = reach_of(&l->windows, oy, ox);
    float most = -INFINITY;

    for (int ky = r.y0; ky < r.y1; ky++)
        for (int kx = r.x0; kx < r.x1; kx++)
            most = fmaxf(most, value_at(&l->windows, plane, oy, ox, ky, kx));
    return most;
}

static float mean_of(const at_onnx_layer *l, const float *plane, int oy, int ox)
{
    const reach r = reach_of(&l->windows, oy, ox);
    const int within = (r.y1 - r.y0) * (r.x1 - r.x0), n = l->over_padding ? r.padded : within;
    float sum = 0;

    for (int ky = r.y0; ky < r.y1; ky++)
        for (int kx = r.x0; kx < r.x1; kx++)
            sum += value_at(&l->windows, plane, oy, ox, ky, kx);
    return within > 0 ? sum / (float)n : 0;
}

static void pool(const at_onnx_layer *l, const at_onnx_run *r,
                 float (*of)(const at_onnx_layer *, const float *, int, int))
{
    const at_onnx_windows *w = &l->windows;
    const float *x = at_onnx_values(r, l->in[0]);
    float *y = at_onnx_room(r, l->out);

    for (int i = 0; i < w->n * w->c; i++, x += (size_t)w->h * w->w)
        for (int oy = 0; oy < w->oh; oy++)
            for (int ox = 0; ox < w->ow; ox++)
                *y++ = of(l, x, oy, ox);
}

static void run_max(const at_onnx_layer *l, const at_onnx_run *r)
{
    pool(l, r, most_of);
}

static void run_average(const at_onnx_layer *l, const at_onnx_run *r)
{
    pool(l, r, mean_of);
}

static void prepare_pool(at_onnx_builder *b,
                         void (*run)(const at_onnx_layer *, const at_onnx_run *))
{
    at_onnx_tensor *x = at_onnx_in(b, 0);
    at_onnx_windows w = {0};

    if (!x || !read_windows(b, x, &w))
        return;
    at_onnx_layer *l = at_onnx_layer_add(b, 1, &x, picture_out(b, &w, w.c), run);
    if (!l)
        return;
    l->windows = w;
    l->work = (double)l->out->count * w.kernel[0] * w.kernel[1];
    l->over_padding = at_onnx_int_of(b, "count_include_pad", 0) != 0;
}

static void prepare_max(at_onnx_builder *b)
{
    prepare_pool(b, run_max);
}

static void prepare_average(at_onnx_builder *b)
{
    prepare_pool(b, run_average);
}

/* One window, the whole plane. */
static void prepare_whole(at_onnx_builder *b,
                          void (*run)(const at_onnx_layer *, const at_onnx_run *))
{
    at_onnx_tensor *x = at_onnx_in(b, 0);

    if (x && (x->rank != 4 || !x->count))
        at_onnx_lacking(b, "an input that is no picture (batch, channels, height, width)");
    if (!x || b->status)
        return;
    const at_onnx_windows w = {.n = x->dim[0],
                               .c = x->dim[1],
                               .h = x->dim[2],
                               .w = x->dim[3],
                               .oh = 1,
                               .ow = 1,
                               .kernel = {x->dim[2], x->dim[3]},
                               .stride = {1, 1},
                               .dilation = {1, 1}};
    at_onnx_layer *l = at_onnx_layer_add(b, 1, &x, picture_out(b, &w, w.c), run);
    if (l)
        l->windows = w;
}

static void prepare_global_average(at_onnx_builder *b)
{
    prepare_whole(b, run_average);
}

static void prepare_global_max(at_onnx_builder *b)
{
    prepare_whole(b, run_max);
}

/* ---- batch norm --------------------------------------------------------------------------------------------- */

/* rows planes of cols values; depth channels. */
static void run_norm(const at_onnx_layer *l, const at_onnx_run *r)
{
    const float *x = at_onnx_values(r, l->in[0]);
    float *y = at_onnx_room(r, l->out);

    for (int i = 0; i < l->rows; i++, x += l->cols, y += l->cols) {
        const float scale = l->scale[i % l->depth], shift = l->shift[i % l->depth];
        for (int k = 0; k < l->cols; k++)
            y[k] = scale * x[k] + shift;
    }
}

static void prepare_norm(at_onnx_builder *b)
{
    at_onnx_tensor *x = at_onnx_in(b, 0);
    const float *of[4], eps = at_onnx_float_of(b, "epsilon", 1e-5f);

    if (!x)
        return;
    if (x->rank < 2 || x->dim[1] < 1 || at_onnx_int_of(b, "training_mode", 0)) {
        at_onnx_lacking(b, "batch norm of that kind");
        return;
    }
    const size_t n = (size_t)x->dim[1];
    for (int i = 0; i < 4; i++) /* gamma, beta, mean, variance */
        of[i] = at_onnx_constant(b, i + 1, n);
    float *scale = at_onnx_take(b, n, sizeof *scale), *shift = at_onnx_take(b, n, sizeof *shift);
    at_onnx_layer *l = at_onnx_layer_add(b, 1, &x, at_onnx_out(b, 0, x->rank, x->dim), run_norm);
    if (!l)
        return;
    for (size_t i = 0; i < n; i++) {
        scale[i] = of[0][i] / sqrtf(of[3][i] + eps);
        shift[i] = of[1][i] - of[2][i] * scale[i];
    }
    l->scale = scale;
    l->shift = shift;
    l->depth = x->dim[1];
    l->rows = x->dim[0] * x->dim[1];
    l->cols = l->rows ? (int)(x->count / (size_t)l->rows) : 0;
}

const at_onnx_operator at_onnx_pictures[] = {
    {"AveragePool", prepare_average},
    {"BatchNormalization", prepare_norm},
    {"Conv", prepare_conv},
    {"GlobalAveragePool", prepare_global_average},
    {"GlobalMaxPool", prepare_global_max},
    {"MaxPool", prepare_max},
    {NULL, NULL},
};
