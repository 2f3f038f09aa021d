#include "onnx/scribe.h"
#include "base/error.h"
#include "base/mem.h"
#include <math.h>
#include <string.h>

/* What a tensor is called; chained, the latest first: most operations read what was just made. */
typedef struct entry {
    struct entry *before;
    const at_tensor *t;
    at_onnx_value *v; /* NULL: a constant that nothing has read yet */
    int constant;
} entry;

struct at_scribe {
    at_onnx *o;
    at_graph *g;
    at_arena arena;
    entry *latest;
    int failed;
    const char *lacks; /* the first thing that cannot be written down */
};

static entry *find(const at_scribe *s, const at_tensor *t)
{
    entry *e = s->latest;

    while (e && e->t != t)
        e = e->before;
    return e;
}

static void note(at_scribe *s, const at_tensor *t, at_onnx_value *v, int constant)
{
    entry *e = find(s, t);

    if (!e && (e = at_arena_alloc(&s->arena, 1, sizeof *e))) {
        *e = (entry){.before = s->latest, .t = t};
        s->latest = e;
    }
    if (e) {
        e->v = v;
        e->constant = constant;
    } else {
        s->failed = 1;
    }
}

void at_scribe_is(at_scribe *s, const at_tensor *t, at_onnx_value *v)
{
    note(s, t, v, 0);
}

static at_onnx_value *cannot(at_scribe *s, const char *what)
{
    s->lacks = s->lacks ? s->lacks : what;
    return NULL;
}

static at_onnx_value *constant(at_scribe *s, const at_tensor *t, const char *name)
{
    return t->rank == 4 ? cannot(s, "a constant picture")
                        : at_onnx_floats(s->o, name, t->rank, t->dim, t->data);
}

/* As an operand. A parameter or a constant is written where it is first read. */
static at_onnx_value *operand(at_scribe *s, const at_tensor *t)
{
    const entry *e = t ? find(s, t) : NULL;
    const at_param *p = t ? at_param_of(t) : NULL;

    if (!t)
        return NULL;
    if (e && e->v)
        return e->v;
    if (!e && !p)
        return cannot(s, "a tensor of an operation that does not tell of itself");
    at_onnx_value *v = constant(s, t, p ? p->name : NULL);
    note(s, t, v, 1);
    return v;
}

at_onnx_value *at_scribe_value(at_scribe *s, const at_tensor *t)
{
    return operand(s, t);
}

/* ---- weights in ONNX's order ----------------------------------------------------------------- */

/* Until the end: the values of one weight. */
static float *room_for(at_scribe *s, size_t floats)
{
    float *p = at_arena_alloc(&s->arena, floats, sizeof *p);

    s->failed |= !p;
    return p;
}

/* (taps * in, out) in (tap, in) order as (out, in, taps), the taps of rank `rank` - 2. */
static at_onnx_value *kernel(at_scribe *s, const at_tensor *w, int in, int rank, int k)
{
    const int out = at_tensor_cols(w), taps = at_tensor_rows(w) / in;
    float *to = room_for(s, at_tensor_count(w));
    const at_param *p = at_param_of(w);

    for (int o = 0; to && o < out; o++)
        for (int i = 0; i < in; i++)
            for (int t = 0; t < taps; t++)
                to[((size_t)o * in + i) * taps + t] = w->data[((size_t)t * in + i) * out + o];
    return to ? at_onnx_floats(s->o, p ? p->name : NULL, rank, (int[]){out, in, k, k}, to) : NULL;
}

/* ONNX's gates are i,o,f,g, ours i,f,g,o. */
static const int gates[4] = {0, 3, 1, 2};

/* (rows, 4u) of each direction as (directions, 4u, rows). */
static at_onnx_value *lstm_weight(at_scribe *s, at_tensor *const *w, int directions)
{
    const int rows = at_tensor_rows(w[0]), all = at_tensor_cols(w[0]), u = all / 4;
    float *to = room_for(s, (size_t)directions * rows * all), *at = to;

    for (int d = 0; to && d < directions; d++)
        for (int k = 0; k < all; k++)
            for (int r = 0; r < rows; r++)
                *at++ = w[3 * d]->data[(size_t)r * all + gates[k / u] * u + k % u];
    return to ? at_onnx_floats(s->o, at_param_of(w[0])->name, 3, (int[]){directions, all, rows}, to)
              : NULL;
}

/* (4u) of each direction as (directions, 8u): that of x, and zeros for that of h. */
static at_onnx_value *lstm_bias(at_scribe *s, at_tensor *const *b, int directions)
{
    const int all = at_tensor_cols(b[0]), u = all / 4;
    float *to = room_for(s, (size_t)directions * 2 * all);

    for (int d = 0; to && d < directions; d++)
        for (int k = 0; k < 2 * all; k++)
            to[2 * d * all + k] = k < all ? b[3 * d]->data[gates[k / u] * u + k % u] : 0;
    return to ? at_onnx_floats(s->o, at_param_of(b[0])->name, 2, (int[]){directions, 2 * all}, to)
              : NULL;
}

/* ---- operations ------------------------------------------------------------------------------ */

/* The dimension that is our last one. */
static int last_axis(const at_tensor *t)
{
    return t->rank == 4 ? 1 : t->rank - 1;
}

static at_onnx_value *transpose(at_onnx *o, at_onnx_value *x, int rank, const int64_t *order)
{
    at_onnx_attribute a[] = {at_onnx_ints1("perm", 0), {0}};

    a[0].n = rank;
    memcpy(a[0].i, order, (size_t)rank * sizeof *order);
    return at_onnx_node(o, "Transpose", 1, &x, a);
}

static at_onnx_value *swap_last(at_onnx *o, at_onnx_value *x) /* of rank 3 */
{
    return transpose(o, x, 3, (const int64_t[]){0, 2, 1});
}

/* Sizes of 0 stay as they are. */
static at_onnx_value *reshape(at_onnx *o, at_onnx_value *x, int n, const int64_t *sizes)
{
    return at_onnx_binary(o, "Reshape", x, at_onnx_indices(o, n, sizes));
}

static at_onnx_value *sum_over(at_onnx *o, at_onnx_value *x, int64_t axis, int keep)
{
    return at_onnx_node(o, "ReduceSum", 2, (at_onnx_value *[]){x, at_onnx_indices(o, 1, &axis)},
                        (at_onnx_attribute[]){at_onnx_int("keepdims", keep), {0}});
}

static at_onnx_value *softmax(at_onnx *o, at_onnx_value *x, int axis)
{
    return at_onnx_node(o, "Softmax", 1, &x, (at_onnx_attribute[]){at_onnx_int("axis", axis), {0}});
}

static at_onnx_value *conv(at_scribe *s, at_onnx_value *x, at_onnx_value *w, const at_tensor *bias,
                           const at_onnx_attribute *attributes)
{
    return at_onnx_node(s->o, "Conv", bias ? 3 : 2, (at_onnx_value *[]){x, w, operand(s, bias)},
                        attributes);
}

static at_onnx_value *linear(at_scribe *s, const at_tensor *y, const at_told *t)
{
    (void)y;
    const at_tensor *x = t->in[0], *w = t->in[1], *bias = t->in[2];
    if (x->rank == 4)
        return conv(s, operand(s, x), kernel(s, w, at_tensor_rows(w), 4, 1), bias, NULL);
    at_onnx_value *v = at_onnx_binary(s->o, "MatMul", operand(s, x), operand(s, w));
    return bias ? at_onnx_binary(s->o, "Add", v, operand(s, bias)) : v;
}

/* Zeros after the last row that the last output reads, when so many are put before the first. */
static int pad_after(int in, int out, int stride, int before)
{
    const int after = (out - 1) * stride + 3 - in - before;
    return after > 0 ? after : 0;
}

static at_onnx_value *conv3x3_in_groups(at_scribe *s, const at_tensor *y, const at_told *t,
                                        int groups)
{
    const at_tensor *x = t->in[0];
    const int bottom = pad_after(x->dim[1], y->dim[1], t->stride, t->top);
    const int right = pad_after(x->dim[2], y->dim[2], t->stride, t->left);
    return conv(s, operand(s, x), kernel(s, t->in[1], x->dim[3] / groups, 4, 3), t->in[2],
                (at_onnx_attribute[]){at_onnx_ints4("pads", t->top, t->left, bottom, right),
                                      at_onnx_ints2("strides", t->stride, t->stride),
                                      at_onnx_int("group", groups),
                                      {0}});
}

static at_onnx_value *conv3x3(at_scribe *s, const at_tensor *y, const at_told *t)
{
    return conv3x3_in_groups(s, y, t, 1);
}

static at_onnx_value *depthwise3x3(at_scribe *s, const at_tensor *y, const at_told *t)
{
    return conv3x3_in_groups(s, y, t, y->dim[3]);
}

static at_onnx_value *layer_norm(at_scribe *s, const at_tensor *y, const at_told *t)
{
    (void)y;
    at_onnx_value *in[] = {operand(s, t->in[0]), operand(s, t->in[1]), operand(s, t->in[2])};
    return at_onnx_node(
        s->o, "LayerNormalization", 3, in,
        (at_onnx_attribute[]){at_onnx_int("axis", -1), at_onnx_float("epsilon", t->value), {0}});
}

static at_onnx_value *activation(at_scribe *s, const at_tensor *y, const at_told *t)
{
    at_onnx_value *x = operand(s, t->in[0]);
    (void)y;
    switch (t->act) {
    case AT_ACT_RELU: return at_onnx_unary(s->o, "Relu", x);
    case AT_ACT_SIGMOID: return at_onnx_unary(s->o, "Sigmoid", x);
    case AT_ACT_TANH: return at_onnx_unary(s->o, "Tanh", x);
    case AT_ACT_SILU: return at_onnx_binary(s->o, "Mul", x, at_onnx_unary(s->o, "Sigmoid", x));
    case AT_ACT_RELU6:
        return at_onnx_node(
            s->o, "Clip", 3,
            (at_onnx_value *[]){x, at_onnx_scalar(s->o, 0), at_onnx_scalar(s->o, 6)}, NULL);
    default: return cannot(s, "an activation");
    }
}

/* Of two of one shape, or of any and a row. */
static at_onnx_value *by_elements(at_scribe *s, const char *type, const at_told *t)
{
    if (t->in[0]->rank == 4 && at_tensor_count(t->in[1]) != at_tensor_count(t->in[0]))
        return cannot(s, "a row and a picture");
    return at_onnx_binary(s->o, type, operand(s, t->in[0]), operand(s, t->in[1]));
}

static at_onnx_value *add(at_scribe *s, const at_tensor *y, const at_told *t)
{
    (void)y;
    return by_elements(s, "Add", t);
}

static at_onnx_value *mul(at_scribe *s, const at_tensor *y, const at_told *t)
{
    (void)y;
    return by_elements(s, "Mul", t);
}

static at_onnx_value *scale(at_scribe *s, const at_tensor *y, const at_told *t)
{
    (void)y;
    return at_onnx_binary(s->o, "Mul", operand(s, t->in[0]), at_onnx_scalar(s->o, t->value));
}

static at_onnx_value *concat(at_scribe *s, const at_tensor *y, const at_told *t)
{
    at_onnx_value **in = at_arena_alloc(&s->arena, (size_t)t->n, sizeof *in);

    for (int i = 0; in && i < t->n; i++)
        in[i] = operand(s, t->in[i]);
    s->failed |= !in;
    return in ? at_onnx_node(s->o, "Concat", t->n, in,
                             (at_onnx_attribute[]){at_onnx_int("axis", last_axis(y)), {0}})
              : NULL;
}

static at_onnx_value *slice(at_scribe *s, const at_tensor *y, const at_told *t)
{
    const int64_t from = t->from, to = t->to, axis = last_axis(y);
    at_onnx_value *in[] = {operand(s, t->in[0]), at_onnx_indices(s->o, 1, &from),
                           at_onnx_indices(s->o, 1, &to), at_onnx_indices(s->o, 1, &axis)};
    return at_onnx_node(s->o, "Slice", 4, in, NULL);
}

/* The first dimension is free, so it stays as it is; the second may be, and is what is left. */
static at_onnx_value *reshaped(at_scribe *s, const at_tensor *y, const at_told *t)
{
    const at_tensor *x = t->in[0];
    int64_t sizes[AT_MAX_RANK] = {0};
    at_onnx_value *v = operand(s, x);

    const entry *e = find(s, x);
    if (e && e->constant) { /* nothing is free */
        for (int i = 0; i < y->rank; i++)
            sizes[i] = y->dim[i];
        return reshape(s->o, v, y->rank, sizes);
    }
    if (y->rank == 4 || y->dim[0] != x->dim[0])
        return cannot(s, "a reshape");
    if (x->rank == 4)
        v = transpose(s->o, v, 4, (const int64_t[]){0, 2, 3, 1});
    for (int i = 1; i < y->rank; i++)
        sizes[i] = i == 1 ? -1 : y->dim[i];
    return reshape(s->o, v, y->rank, sizes);
}

static at_onnx_value *softmax_last(at_scribe *s, const at_tensor *y, const at_told *t)
{
    return softmax(s->o, operand(s, t->in[0]), last_axis(y));
}

static at_onnx_value *global_avg_pool(at_scribe *s, const at_tensor *y, const at_told *t)
{
    at_onnx_value *v = at_onnx_unary(s->o, "GlobalAveragePool", operand(s, t->in[0]));
    (void)y;
    return at_onnx_node(s->o, "Flatten", 1, &v, NULL);
}

static at_onnx_value *max_pool2(at_scribe *s, const at_tensor *y, const at_told *t)
{
    at_onnx_value *x = operand(s, t->in[0]);
    (void)y;
    return at_onnx_node(s->o, "MaxPool", 1, &x,
                        (at_onnx_attribute[]){at_onnx_ints2("kernel_shape", 2, 2),
                                              at_onnx_ints2("strides", 2, 2),
                                              {0}});
}

static at_onnx_value *upsample2(at_scribe *s, const at_tensor *y, const at_told *t)
{
    const float twice[4] = {1, 1, 2, 2};
    at_onnx_value *in[] = {operand(s, t->in[0]), at_onnx_absent,
                           at_onnx_floats(s->o, NULL, 1, (int[]){4}, twice)};
    (void)y;
    return at_onnx_node(
        s->o, "Resize", 3, in,
        (at_onnx_attribute[]){at_onnx_text("mode", "nearest"),
                              at_onnx_text("coordinate_transformation_mode", "asymmetric"),
                              at_onnx_text("nearest_mode", "floor"),
                              {0}});
}

/* (b,t,c) as (b,heads,t,c/heads). */
static at_onnx_value *heads_of(at_scribe *s, const at_tensor *x, int heads)
{
    const int64_t sizes[] = {0, 0, heads, x->dim[2] / heads};
    return transpose(s->o, reshape(s->o, operand(s, x), 4, sizes), 4,
                     (const int64_t[]){0, 2, 1, 3});
}

static at_onnx_value *attention(at_scribe *s, const at_tensor *y, const at_told *t)
{
    at_onnx *o = s->o;
    const float k = 1 / sqrtf((float)(y->dim[2] / t->heads));
    at_onnx_value *keys =
        transpose(o, heads_of(s, t->in[1], t->heads), 4, (const int64_t[]){0, 1, 3, 2});
    at_onnx_value *v = at_onnx_binary(o, "MatMul", heads_of(s, t->in[0], t->heads), keys);

    v = at_onnx_binary(o, "Mul", v, at_onnx_scalar(o, k));
    if (t->in[3]) {
        const int64_t sizes[] = {0, 1, 1, -1};
        v = at_onnx_binary(o, "Add", v, reshape(o, operand(s, t->in[3]), 4, sizes));
    }
    v = at_onnx_binary(o, "MatMul", softmax(o, v, 3), heads_of(s, t->in[2], t->heads));
    v = transpose(o, v, 4, (const int64_t[]){0, 2, 1, 3});
    return reshape(o, v, 3, (const int64_t[]){0, 0, y->dim[2]});
}

/* Mean w x, and with_std beside it sqrt(w (x - mean)^2 + 1e-6). */
static at_onnx_value *attention_pool(at_scribe *s, const at_tensor *y, const at_told *t)
{
    at_onnx *o = s->o;
    at_onnx_value *x = operand(s, t->in[0]), *w = softmax(o, operand(s, t->in[1]), 1);
    at_onnx_value *weighted = at_onnx_binary(o, "Mul", x, w), *mean = sum_over(o, weighted, 1, 0);

    (void)y;
    if (!t->with_std)
        return mean;
    at_onnx_value *off = at_onnx_binary(o, "Sub", x, sum_over(o, weighted, 1, 1));
    at_onnx_value *square = at_onnx_binary(o, "Mul", w, at_onnx_binary(o, "Mul", off, off));
    at_onnx_value *var = at_onnx_binary(o, "Add", sum_over(o, square, 1, 0),
                                        at_onnx_scalar(o, AT_POOL_VARIANCE_FLOOR));
    return at_onnx_node(o, "Concat", 2, (at_onnx_value *[]){mean, at_onnx_unary(o, "Sqrt", var)},
                        (at_onnx_attribute[]){at_onnx_int("axis", 1), {0}});
}

/* ONNX's has time first, and each direction by itself: (t,directions,b,u). */
static at_onnx_value *lstm(at_scribe *s, const at_tensor *y, const at_told *t)
{
    const int directions = (t->n - 1) / 3, u = y->dim[2] / directions;
    const char *way = directions > 1 ? "bidirectional" : t->reverse ? "reverse" : "forward";
    at_onnx_value *x = transpose(s->o, operand(s, t->in[0]), 3, (const int64_t[]){1, 0, 2});
    at_onnx_value *in[] = {x, lstm_weight(s, t->in + 1, directions),
                           lstm_weight(s, t->in + 2, directions),
                           lstm_bias(s, t->in + 3, directions)};
    at_onnx_value *v = at_onnx_node(
        s->o, "LSTM", 4, in,
        (at_onnx_attribute[]){at_onnx_int("hidden_size", u), at_onnx_text("direction", way), {0}});
    v = transpose(s->o, v, 4, (const int64_t[]){2, 0, 1, 3});
    return reshape(s->o, v, 3, (const int64_t[]){0, 0, y->dim[2]});
}

static at_onnx_value *conv_time(at_scribe *s, const at_tensor *y, const at_told *t)
{
    const at_tensor *x = t->in[0];
    at_onnx_value *v = swap_last(s->o, operand(s, x));
    (void)y;
    v = conv(s, v, kernel(s, t->in[1], x->dim[2], 3, t->k), t->in[2],
             (at_onnx_attribute[]){at_onnx_ints2("pads", t->k / 2, t->k / 2),
                                   at_onnx_ints1("strides", t->stride),
                                   {0}});
    return swap_last(s->o, v);
}

/* ---- listening ------------------------------------------------------------------------------- */

static at_onnx_value *(*const writers[AT_OPS])(at_scribe *, const at_tensor *, const at_told *) = {
    [AT_OP_LINEAR] = linear,
    [AT_OP_CONV3X3] = conv3x3,
    [AT_OP_DEPTHWISE3X3] = depthwise3x3,
    [AT_OP_LAYER_NORM] = layer_norm,
    [AT_OP_ACTIVATION] = activation,
    [AT_OP_ADD] = add,
    [AT_OP_MUL] = mul,
    [AT_OP_SCALE] = scale,
    [AT_OP_CONCAT] = concat,
    [AT_OP_SLICE] = slice,
    [AT_OP_RESHAPE] = reshaped,
    [AT_OP_SOFTMAX] = softmax_last,
    [AT_OP_GLOBAL_AVG_POOL] = global_avg_pool,
    [AT_OP_MAX_POOL2] = max_pool2,
    [AT_OP_UPSAMPLE2] = upsample2,
    [AT_OP_ATTENTION] = attention,
    [AT_OP_ATTENTION_POOL] = attention_pool,
    [AT_OP_LSTM] = lstm,
    [AT_OP_CONV_TIME] = conv_time,
};

/* Constants have their values only when they are read. */
static void hear(void *user, at_tensor *y, const at_told *t)
{
    at_scribe *s = user;

    if (t->op == AT_OP_VALUES)
        note(s, y, NULL, 1);
    else
        at_scribe_is(s, y, writers[t->op](s, y, t));
}

int at_scribe_create(at_scribe **out, at_onnx *o, at_graph *g, attune_error *err)
{
    at_scribe *s = at_calloc(1, sizeof *s);

    *out = s;
    if (!s)
        return at_fail_nomem(err);
    s->o = o;
    s->g = g;
    at_graph_listen(g, (at_listener){hear, s});
    return ATTUNE_OK;
}

void at_scribe_free(at_scribe **s)
{
    if (!s || !*s)
        return;
    at_graph_listen((*s)->g, (at_listener){0});
    at_arena_free(&(*s)->arena);
    at_free(*s);
    *s = NULL;
}

int at_scribe_status(const at_scribe *s, attune_error *err)
{
    if (s->failed || at_graph_status(s->g) || at_onnx_status(s->o))
        return at_fail_nomem(err);
    return s->lacks ? at_fail(err, ATTUNE_E_UNSUPPORTED, "ONNX has no %s of ours", s->lacks)
                    : ATTUNE_OK;
}
