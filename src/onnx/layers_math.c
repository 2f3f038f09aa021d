/* layers_math.c - operators on values one by one, on rows, and products of matrices. */
#include "kernels/gemm.h"
#include "onnx/layers.h"
#include <math.h>
#include <string.h>

/* ---- of one value -------------------------------------------------------------------------------- */

static float relu(float x, float alpha, float beta)
{
    (void)alpha;
    (void)beta;
    return x < 0 ? 0 : x;
}

static float leaky(float x, float alpha, float beta)
{
    (void)beta;
    return x < 0 ? alpha * x : x;
}

static float elu(float x, float alpha, float beta)
{
    (void)beta;
    return x < 0 ? alpha * (expf(x) - 1) : x;
}

static float sigmoid(float x, float alpha, float beta)
{
    (void)alpha;
    (void)beta;
    return 1 / (1 + expf(-x));
}

static float hyperbolic(float x, float alpha, float beta)
{
    (void)alpha;
    (void)beta;
    return tanhf(x);
}

static float clip(float x, float lo, float hi)
{
    return fminf(fmaxf(x, lo), hi);
}

static float hard_sigmoid(float x, float alpha, float beta)
{
    return clip(alpha * x + beta, 0, 1);
}

/* x hard_sigmoid(x), by the factors that the operator has. */
static float hard_swish(float x, float alpha, float beta)
{
    return x * hard_sigmoid(x, alpha, beta);
}

static float exponential(float x, float alpha, float beta)
{
    (void)alpha;
    (void)beta;
    return expf(x);
}

static float root(float x, float alpha, float beta)
{
    (void)alpha;
    (void)beta;
    return sqrtf(x);
}

static void run_one(const at_onnx_layer *l, const at_onnx_run *r)
{
    const float *x = at_onnx_values(r, l->in[0]);
    float *y = at_onnx_room(r, l->out);

    for (size_t i = 0; i < l->out->count; i++)
        y[i] = l->one(x[i], l->alpha, l->beta);
}

static void of_one(at_onnx_builder *b, float (*one)(float, float, float), float alpha, float beta)
{
    at_onnx_tensor *x = at_onnx_in(b, 0);
    at_onnx_tensor *y = x ? at_onnx_out(b, 0, x->rank, x->dim) : NULL;
    at_onnx_layer *l = at_onnx_layer_add(b, 1, &x, y, run_one);

    if (!l)
        return;
    l->one = one;
    l->alpha = alpha;
    l->beta = beta;
}

static void prepare_relu(at_onnx_builder *b)
{
    of_one(b, relu, 0, 0);
}

static void prepare_leaky(at_onnx_builder *b)
{
    of_one(b, leaky, at_onnx_float_of(b, "alpha", 0.01f), 0);
}

static void prepare_elu(at_onnx_builder *b)
{
    of_one(b, elu, at_onnx_float_of(b, "alpha", 1), 0);
}

static void prepare_sigmoid(at_onnx_builder *b)
{
    of_one(b, sigmoid, 0, 0);
}

static void prepare_tanh(at_onnx_builder *b)
{
    of_one(b, hyperbolic, 0, 0);
}

static void prepare_exp(at_onnx_builder *b)
{
    of_one(b, exponential, 0, 0);
}

static void prepare_sqrt(at_onnx_builder *b)
{
    of_one(b, root, 0, 0);
}

static void prepare_hard_sigmoid(at_onnx_builder *b)
{
    of_one(b, hard_sigmoid, at_onnx_float_of(b, "alpha", 0.2f), at_onnx_float_of(b, "beta", 0.5f));
}

static void prepare_hard_swish(at_onnx_builder *b)
{
    of_one(b, hard_swish, 1 / 6.0f, 0.5f);
}

/* Its limits are attributes in older files, inputs in newer. */
static void prepare_clip(at_onnx_builder *b)
{
    const float *lo = at_onnx_in_if(b, 1) ? at_onnx_constant(b, 1, 1) : NULL;
    const float *hi = at_onnx_in_if(b, 2) ? at_onnx_constant(b, 2, 1) : NULL;

    of_one(b, clip, lo ? *lo : at_onnx_float_of(b, "min", -INFINITY),
           hi ? *hi : at_onnx_float_of(b, "max", INFINITY));
}

/* ---- of two ---------------------------------------------------------------------------------------- */

static float add(float a, float b)
{
    return a + b;
}

static float sub(float a, float b)
{
    return a - b;
}

static float mul(float a, float b)
{
    return a * b;
}

static float divide(float a, float b)
{
    return a / b;
}

static float slope(float x, float k)
{
    return x < 0 ? k * x : x;
}

typedef struct pairs {
    const at_onnx_layer *l;
    const float *a, *b;
    float *y;
} pairs;

static void run_row(void *user, const ptrdiff_t at[3])
{
    const pairs *p = user;
    const at_onnx_loop *l = &p->l->loop;
    const int last = l->rank - 1, n = l->size[last];
    const ptrdiff_t a = l->step[0][last], b = l->step[1][last];

    for (int i = 0; i < n; i++)
        p->y[at[2] + i] = p->l->two(p->a[at[0] + i * a], p->b[at[1] + i * b]);
}

static void run_two(const at_onnx_layer *l, const at_onnx_run *r)
{
    pairs p = {l, at_onnx_values(r, l->in[0]), at_onnx_values(r, l->in[1]),
               at_onnx_room(r, l->out)};
    at_onnx_loop_over(&l->loop, run_row, &p);
}

/* Steps of t along dimensions of a result of that rank, 0 where it has one value for all. */
static void broadcast(const at_onnx_tensor *t, int rank, ptrdiff_t step[AT_ONNX_RANK])
{
    ptrdiff_t own[AT_ONNX_RANK];
    const int lacks = rank - t->rank;

    at_onnx_steps_of(t, own);
    for (int i = 0; i < rank; i++)
        step[i] = i < lacks || t->dim[i - lacks] == 1 ? 0 : own[i - lacks];
}

static int side(const at_onnx_tensor *t, int rank, int i)
{
    const int lacks = rank - t->rank;
    return i < lacks ? 1 : t->dim[i - lacks];
}

static void of_two(at_onnx_builder *b, float (*two)(float, float))
{
    at_onnx_tensor *x[2] = {at_onnx_in(b, 0), at_onnx_in(b, 1)};
    at_onnx_loop loop = {0};
    int dim[AT_ONNX_RANK];

    if (!x[0] || !x[1])
        return;
    loop.rank = x[0]->rank > x[1]->rank ? x[0]->rank : x[1]->rank;
    for (int i = 0; i < loop.rank; i++) {
        const int a = side(x[0], loop.rank, i), c = side(x[1], loop.rank, i);
        if (a != c && a != 1 && c != 1) {
            at_onnx_wrong(b, "its inputs do not fit one another");
            return;
        }
        dim[i] = loop.size[i] = a == 1 ? c : a;
    }
    at_onnx_tensor *y = at_onnx_out(b, 0, loop.rank, dim);
    at_onnx_layer *l = at_onnx_layer_add(b, 2, x, y, run_two);
    if (!l)
        return;
    broadcast(x[0], loop.rank, loop.step[0]);
    broadcast(x[1], loop.rank, loop.step[1]);
    at_onnx_steps_of(y, loop.step[2]);
    at_onnx_loop_join(&loop);
    l->loop = loop;
    l->two = two;
}

static void prepare_add(at_onnx_builder *b)
{
    of_two(b, add);
}

static void prepare_sub(at_onnx_builder *b)
{
    of_two(b, sub);
}

static void prepare_mul(at_onnx_builder *b)
{
    of_two(b, mul);
}

static void prepare_div(at_onnx_builder *b)
{
    of_two(b, divide);
}

/* A slope a channel may come as (channels), as (channels, 1, 1), or as one. */
static void prepare_prelu(at_onnx_builder *b)
{
    of_two(b, slope);
}

/* ---- softmax ----------------------------------------------------------------------------------------- */

/* rows runs of cols values that lie depth apart, depth of them interleaved. */
static void run_softmax(const at_onnx_layer *l, const at_onnx_run *r)
{
    const float *x = at_onnx_values(r, l->in[0]);
    float *y = at_onnx_room(r, l->out);
    const size_t step = (size_t)l->depth;

    for (int row = 0; row < l->rows; row++) {
        for (size_t k = 0; k < step; k++) {
            const float *from = x + (size_t)row * (size_t)l->cols * step + k;
            float *to = y + (from - x), most = from[0], sum = 0;
            for (int i = 1; i < l->cols; i++)
                most = fmaxf(most, from[(size_t)i * step]);
            for (int i = 0; i < l->cols; i++)
                sum += to[(size_t)i * step] = expf(from[(size_t)i * step] - most);
            for (int i = 0; i < l->cols; i++)
                to[(size_t)i * step] /= sum;
        }
    }
}

/* Until opset 13 all dimensions from the axis on were one. */
static void prepare_softmax(at_onnx_builder *b)
{
    const int old = b->graph->opset < 13;
    at_onnx_tensor *x = at_onnx_in(b, 0);
    at_onnx_tensor *y = x ? at_onnx_out(b, 0, x->rank, x->dim) : NULL;
    const int axis = y ? at_onnx_axis(b, at_onnx_int_of(b, "axis", old ? 1 : -1), x->rank) : 0;
    at_onnx_layer *l = at_onnx_layer_add(b, 1, &x, y, run_softmax);

    if (!l)
        return;
    l->is_softmax = 1;
    l->rows = l->cols = l->depth = 1;
    for (int i = 0; i < x->rank; i++)
        *(i < axis ? &l->rows : i == axis || old ? &l->cols : &l->depth) *= x->dim[i];
    if (!l->cols)
        at_onnx_wrong(b, "it has no values");
}

/* ---- means over dimensions ------------------------------------------------------------------------------ */

static void add_row(void *user, const ptrdiff_t at[3])
{
    const pairs *p = user;
    const at_onnx_loop *l = &p->l->loop;
    const int last = l->rank - 1;

    for (int i = 0; i < l->size[last]; i++)
        p->y[at[1] + i * l->step[1][last]] += p->a[at[0] + i * l->step[0][last]];
}

static void run_mean(const at_onnx_layer *l, const at_onnx_run *r)
{
    pairs p = {.l = l, .a = at_onnx_values(r, l->in[0]), .y = at_onnx_room(r, l->out)};

    memset(p.y, 0, l->out->count * sizeof *p.y);
    at_onnx_loop_over(&l->loop, add_row, &p);
    for (size_t i = 0; i < l->out->count; i++)
        p.y[i] *= l->value;
}

static void prepare_mean(at_onnx_builder *b)
{
    at_onnx_tensor *x = at_onnx_in(b, 0);
    int64_t axes[AT_ONNX_RANK];
    const int n = at_onnx_listed(b, "axes", 1, axes);
    const int keep = (int)at_onnx_int_of(b, "keepdims", 1);
    int dim[AT_ONNX_RANK], rank = 0, over[AT_ONNX_RANK] = {0};
    at_onnx_loop loop = {.rank = x ? x->rank : 0};
    double count = 1;

    for (int i = 0; i < n && x; i++)
        over[at_onnx_axis(b, axes[i], x->rank)] = 1;
    for (int i = 0; i < loop.rank && !b->status; i++) {
        over[i] |= n < 0;
        loop.size[i] = x->dim[i];
        count *= over[i] ? x->dim[i] : 1;
        if (keep || !over[i])
            dim[rank++] = over[i] ? 1 : x->dim[i];
    }
    at_onnx_tensor *y = x ? at_onnx_out(b, 0, rank, dim) : NULL;
    at_onnx_layer *l = at_onnx_layer_add(b, 1, &x, y, run_mean);
    if (!l)
        return;
    ptrdiff_t step = 1;
    at_onnx_steps_of(x, loop.step[0]);
    for (int i = x->rank - 1; i >= 0; i--) {
        loop.step[1][i] = over[i] ? 0 : step;
        step *= over[i] ? 1 : x->dim[i];
    }
    at_onnx_loop_join(&loop);
    l->loop = loop;
    l->value = (float)(1 / count);
}

/* ---- products ---------------------------------------------------------------------------------------------- */

static void run_product(const at_onnx_layer *l, const at_onnx_run *r)
{
    float *y = at_onnx_room(r, l->out);

    at_gemm_packed(NULL, r->kn, l->rows, l->cols, l->depth, at_onnx_values(r, l->in[0]), l->depth,
                   1, l->packed, y, l->cols, &(at_epilogue){.bias = l->shift});
}

/* b (depth, cols), or across its transpose, times k, in panels. */
static const float *panels(at_onnx_builder *b, const float *w, int depth, int cols, int across,
                           float k)
{
    const size_t n = (size_t)depth * (size_t)cols;
    float *scaled = at_onnx_take(b, n, sizeof *scaled);
    float *to = at_onnx_take(b, at_gemm_packed_floats(b->kn, depth, cols), sizeof *to);

    if (!scaled || !to)
        return NULL;
    for (size_t i = 0; i < n; i++)
        scaled[i] = k * w[i];
    at_gemm_pack(NULL, b->kn, depth, cols, scaled, across ? 1 : cols, across ? depth : 1, to);
    return to;
}

static void add_product(at_onnx_builder *b, at_onnx_tensor *x, at_onnx_tensor *y, int depth,
                        int cols, const float *packed, const float *bias)
{
    at_onnx_layer *l = packed ? at_onnx_layer_add(b, 1, &x, y, run_product) : NULL;

    if (!l)
        return;
    l->rows = depth ? (int)(x->count / (size_t)depth) : 0;
    l->cols = cols;
    l->depth = depth;
    l->packed = packed;
    l->shift = bias;
    l->work = (double)y->count * depth;
    if (!l->rows || !cols)
        at_onnx_wrong(b, "it has no values");
}

/* x (..., depth) times constants (depth, cols). */
static void prepare_matmul(at_onnx_builder *b)
{
    at_onnx_tensor *x = at_onnx_in(b, 0), *w = at_onnx_in(b, 1);
    int dim[AT_ONNX_RANK];

    if (!x || !w)
        return;
    if (!w->root->constant || w->rank != 2 || x->rank < 1) {
        at_onnx_lacking(b, "a product of two that are computed");
        return;
    }
    if (x->dim[x->rank - 1] != w->dim[0]) {
        at_onnx_wrong(b, "its inputs do not fit one another");
        return;
    }
    memcpy(dim, x->dim, sizeof dim);
    dim[x->rank - 1] = w->dim[1];
    add_product(b, x, at_onnx_out(b, 0, x->rank, dim), w->dim[0], w->dim[1],
                panels(b, w->root->constant, w->dim[0], w->dim[1], 0, 1), NULL);
}

/* beta c, one a column. */
static const float *bias_of(at_onnx_builder *b, int cols)
{
    const at_onnx_tensor *c = at_onnx_in_if(b, 2);
    const float beta = at_onnx_float_of(b, "beta", 1);
    float *to = at_onnx_take(b, (size_t)cols, sizeof *to);

    if (!c || !to)
        return NULL;
    if (!c->root->constant || (c->count != (size_t)cols && c->count != 1)) {
        at_onnx_lacking(b, "a sum other than of one row");
        return NULL;
    }
    for (int i = 0; i < cols; i++)
        to[i] = beta * c->root->constant[c->count == 1 ? 0 : i];
    return to;
}

static void prepare_gemm(at_onnx_builder *b)
{
    at_onnx_tensor *x = at_onnx_in(b, 0), *w = at_onnx_in(b, 1);
    const int across = at_onnx_int_of(b, "transB", 0) != 0;

    if (!x || !w)
        return;
    if (at_onnx_int_of(b, "transA", 0) || !w->root->constant || w->rank != 2 || x->rank != 2) {
        at_onnx_lacking(b, "a product of that kind");
        return;
    }
    const int depth = w->dim[across], cols = w->dim[!across];
    if (x->dim[1] != depth) {
        at_onnx_wrong(b, "its inputs do not fit one another");
        return;
    }
    const float *packed =
        panels(b, w->root->constant, depth, cols, across, at_onnx_float_of(b, "alpha", 1));
    add_product(b, x, at_onnx_out(b, 0, 2, (int[]){x->dim[0], cols}), depth, cols, packed,
                bias_of(b, cols));
}

const at_onnx_operator at_onnx_maths[] = {
    {"Add", prepare_add},
    {"Clip", prepare_clip},
    {"Div", prepare_div},
    {"Elu", prepare_elu},
    {"Exp", prepare_exp},
    {"Gemm", prepare_gemm},
    {"HardSigmoid", prepare_hard_sigmoid},
    {"HardSwish", prepare_hard_swish},
    {"LeakyRelu", prepare_leaky},
    {"MatMul", prepare_matmul},
    {"Mul", prepare_mul},
    {"PRelu", prepare_prelu},
    {"ReduceMean", prepare_mean},
    {"Relu", prepare_relu},
    {"Sigmoid", prepare_sigmoid},
    {"Softmax", prepare_softmax},
    {"Sqrt", prepare_sqrt},
    {"Sub", prepare_sub},
    {"Tanh", prepare_tanh},
    {NULL, NULL},
};
