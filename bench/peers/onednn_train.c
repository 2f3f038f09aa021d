/* onednn_train SIDE SECONDS LAYOUT: a training step of MobileNetV2 on oneDNN, batch 32: forward
 * with batch statistics, cross-entropy over 1000 classes, backward, AdamW. LAYOUT as in
 * onednn_infer. */
#include "onednn.h"

#include <math.h>

enum { BATCH = 32, MOST_LAYERS = 256, MOST_PARAMS = 512 };

/* A map and its gradient (NULL: not wanted). */
typedef struct map {
    dnnl_memory_t x, g;
} map;

typedef struct param {
    float *value, *grad, *m, *v;
    size_t n;
} param;

static dnnl_format_tag_t layout;
static program forward;
static program layer[MOST_LAYERS]; /* the backward of each, run last to first */
static int layers;
static param params[MOST_PARAMS];
static int n_params, steps;
static dnnl_memory_t logits, logits_grad;

static program *new_layer(void)
{
    return &layer[layers++];
}

static void add_param(dnnl_memory_t value, dnnl_memory_t grad)
{
    size_t n = floats_in(value);
    params[n_params++] = (param){data_of(value), data_of(grad), calloc(n, sizeof(float)),
                                 calloc(n, sizeof(float)), n};
}

static void add_sum(program *p, dnnl_memory_t a, dnnl_memory_t b, dnnl_memory_t y)
{
    dnnl_binary_desc_t c;
    dnnl_primitive_desc_t d;
    OK(dnnl_binary_desc_init(&c, dnnl_binary_add, shape_in(a), shape_in(b), shape_in(y)));
    OK(dnnl_primitive_desc_create(&d, &c, NULL, engine, NULL));
    op *o = add_op(p, d);
    give(o, DNNL_ARG_SRC_0, a);
    give(o, DNNL_ARG_SRC_1, b);
    give(o, DNNL_ARG_DST, y);
}

/* ---- convolution ------------------------------------------------------------------------- */

typedef struct conv_shape {
    int in, side, out, kernel, stride, groups;
} conv_shape;

typedef struct conv {
    shape weights; /* of no particular layout */
    dnnl_dims_t strides, pad;
    dnnl_primitive_desc_t forward;
    dnnl_memory_t w;
    map x, y;
} conv;

/* y.g may be set later. */
static conv conv_forward(map x, const conv_shape *s, const shape *y)
{
    const int pad = s->kernel / 2;
    const shape plain = kernel(s->in, s->out, s->kernel, s->groups, 1);
    conv c = {.weights = kernel(s->in, s->out, s->kernel, s->groups, 0),
              .strides = {s->stride, s->stride},
              .pad = {pad, pad},
              .x = x};
    dnnl_convolution_desc_t desc;

    OK(dnnl_convolution_forward_desc_init(&desc, dnnl_forward_training, dnnl_convolution_direct,
                                          shape_in(x.x), &c.weights, NULL, y, c.strides, c.pad,
                                          c.pad));
    OK(dnnl_primitive_desc_create(&c.forward, &desc, NULL, engine, NULL));
    op *o = add_op(&forward, c.forward);
    c.w = weights(&plain, asked(c.forward, dnnl_query_weights_md),
                  sqrtf(6.0F * (float)s->groups / (float)(s->in * s->kernel * s->kernel)));
    c.y.x = zeros(asked(c.forward, dnnl_query_dst_md));
    give(o, DNNL_ARG_SRC, x.x);
    give(o, DNNL_ARG_WEIGHTS, c.w);
    give(o, DNNL_ARG_DST, c.y.x);
    return c;
}

static void conv_backward(program *p, const conv *c)
{
    dnnl_convolution_desc_t desc;
    dnnl_primitive_desc_t d;
    shape x = *shape_in(c->x.x), y = *shape_in(c->y.g);

    OK(dnnl_convolution_backward_weights_desc_init(&desc, dnnl_convolution_direct, &x, &c->weights,
                                                   NULL, &y, c->strides, c->pad, c->pad));
    OK(dnnl_primitive_desc_create(&d, &desc, NULL, engine, c->forward));
    dnnl_memory_t src = in_shape(p, c->x.x, asked(d, dnnl_query_src_md));
    dnnl_memory_t dy = in_shape(p, c->y.g, asked(d, dnnl_query_diff_dst_md));
    dnnl_memory_t dw = zeros(asked(d, dnnl_query_diff_weights_md));
    op *o = add_op(p, d);
    give(o, DNNL_ARG_SRC, src);
    give(o, DNNL_ARG_DIFF_DST, dy);
    give(o, DNNL_ARG_DIFF_WEIGHTS, dw);
    add_param(c->w, in_shape(p, dw, shape_in(c->w)));

    if (!c->x.g)
        return;
    OK(dnnl_convolution_backward_data_desc_init(&desc, dnnl_convolution_direct, &x, &c->weights, &y,
                                                c->strides, c->pad, c->pad));
    OK(dnnl_primitive_desc_create(&d, &desc, NULL, engine, c->forward));
    dnnl_memory_t w = in_shape(p, c->w, asked(d, dnnl_query_weights_md));
    o = add_op(p, d);
    give(o, DNNL_ARG_DIFF_DST, c->y.g);
    give(o, DNNL_ARG_WEIGHTS, w);
    give(o, DNNL_ARG_DIFF_SRC, c->x.g);
}

/* ---- batch norm, relu6 --------------------------------------------------------------------- */

typedef struct norm {
    dnnl_primitive_desc_t forward;
    dnnl_memory_t x, mean, var, scale, scale_grad;
} norm;

static norm norm_forward(dnnl_memory_t x, dnnl_memory_t y, int channels)
{
    const shape c = vector(channels), two = matrix(2, channels, dnnl_ab);
    norm n = {.x = x,
              .mean = zeros(&c),
              .var = zeros(&c),
              .scale = zeros(&two),
              .scale_grad = zeros(&two)};
    dnnl_batch_normalization_desc_t desc;

    for (int i = 0; i < channels; i++)
        data_of(n.scale)[i] = 1;
    add_param(n.scale, n.scale_grad);
    OK(dnnl_batch_normalization_forward_desc_init(&desc, dnnl_forward_training, shape_in(x), 1e-3F,
                                                  dnnl_use_scaleshift));
    OK(dnnl_primitive_desc_create(&n.forward, &desc, NULL, engine, NULL));
    op *o = add_op(&forward, n.forward);
    give(o, DNNL_ARG_SRC, x);
    give(o, DNNL_ARG_DST, y);
    give(o, DNNL_ARG_MEAN, n.mean);
    give(o, DNNL_ARG_VARIANCE, n.var);
    give(o, DNNL_ARG_SCALE_SHIFT, n.scale);
    return n;
}

static void norm_backward(program *p, const norm *n, dnnl_memory_t dy, dnnl_memory_t dx)
{
    dnnl_batch_normalization_desc_t desc;
    dnnl_primitive_desc_t d;
    OK(dnnl_batch_normalization_backward_desc_init(&desc, dnnl_backward, shape_in(dy),
                                                   shape_in(n->x), 1e-3F, dnnl_use_scaleshift));
    OK(dnnl_primitive_desc_create(&d, &desc, NULL, engine, n->forward));
    op *o = add_op(p, d);
    give(o, DNNL_ARG_SRC, n->x);
    give(o, DNNL_ARG_MEAN, n->mean);
    give(o, DNNL_ARG_VARIANCE, n->var);
    give(o, DNNL_ARG_SCALE_SHIFT, n->scale);
    give(o, DNNL_ARG_DIFF_DST, dy);
    give(o, DNNL_ARG_DIFF_SRC, dx);
    give(o, DNNL_ARG_DIFF_SCALE_SHIFT, n->scale_grad);
}

/* In place, and backward from its output. */
static void clip(program *p, dnnl_memory_t y, dnnl_memory_t dy)
{
    dnnl_eltwise_desc_t desc;
    dnnl_primitive_desc_t f, b;
    OK(dnnl_eltwise_forward_desc_init(&desc, dnnl_forward_training,
                                      dnnl_eltwise_clip_v2_use_dst_for_bwd, shape_in(y), 0, 6));
    OK(dnnl_primitive_desc_create(&f, &desc, NULL, engine, NULL));
    op *o = add_op(&forward, f);
    give(o, DNNL_ARG_SRC, y);
    give(o, DNNL_ARG_DST, y);
    OK(dnnl_eltwise_backward_desc_init(&desc, dnnl_eltwise_clip_v2_use_dst_for_bwd, shape_in(dy),
                                       shape_in(y), 0, 6));
    OK(dnnl_primitive_desc_create(&b, &desc, NULL, engine, f));
    o = add_op(p, b);
    give(o, DNNL_ARG_DST, y);
    give(o, DNNL_ARG_DIFF_DST, dy);
    give(o, DNNL_ARG_DIFF_SRC, dy);
}

/* Convolution, batch norm, and either relu6 or (residual not NULL, or neither) nothing. */
static map unit(map x, const conv_shape *s, int act, const map *residual)
{
    const int to = (s->side - 1) / s->stride + 1;
    const shape free_y = picture(BATCH, s->out, to, layout);
    program *p = new_layer();
    conv c = conv_forward(x, s, residual ? shape_in(residual->x) : &free_y);
    map y = {zeros(shape_in(c.y.x)), zeros(shape_in(c.y.x))};
    norm n = norm_forward(c.y.x, y.x, s->out);

    if (act)
        clip(p, y.x, y.g);
    if (residual)
        add_sum(&forward, y.x, residual->x, y.x);
    /* the gradient of a residual's output is needed once more, for the input */
    c.y.g = residual ? zeros(shape_in(c.y.x)) : y.g;
    norm_backward(p, &n, y.g, c.y.g);
    conv_backward(p, &c);
    return y;
}

static map block(map x, int in, int expansion, int out, int stride, int *side)
{
    const int mid = in * expansion, to = (*side - 1) / stride + 1;
    const conv_shape expand = {in, *side, mid, 1, 1, 1},
                     depthwise = {mid, *side, mid, 3, stride, mid};
    const conv_shape project = {mid, to, out, 1, 1, 1};
    const int residual = stride == 1 && in == out;
    /* run after the expansion's backward has written x.g: it stands before it */
    program *p = residual ? new_layer() : NULL;
    map y = expansion > 1 ? unit(x, &expand, 1, NULL) : x;

    y = unit(y, &depthwise, 1, NULL);
    y = unit(y, &project, 0, residual ? &x : NULL);
    if (residual)
        add_sum(p, x.g, y.g, x.g);
    *side = to;
    return y;
}

/* ---- head, loss, step -------------------------------------------------------------------- */

static map pool(map x, int side)
{
    const shape mean = picture(BATCH, FEATURES, 1, dnnl_format_tag_any);
    const dnnl_dims_t window = {side, side}, none = {0, 0};
    dnnl_pooling_desc_t desc;
    dnnl_primitive_desc_t f, b;

    OK(dnnl_pooling_forward_desc_init(&desc, dnnl_forward_training,
                                      dnnl_pooling_avg_exclude_padding, shape_in(x.x), &mean,
                                      window, window, none, none));
    OK(dnnl_primitive_desc_create(&f, &desc, NULL, engine, NULL));
    op *o = add_op(&forward, f);
    map y = {zeros(asked(f, dnnl_query_dst_md)), zeros(asked(f, dnnl_query_dst_md))};
    give(o, DNNL_ARG_SRC, x.x);
    give(o, DNNL_ARG_DST, y.x);
    OK(dnnl_pooling_backward_desc_init(&desc, dnnl_pooling_avg_exclude_padding, shape_in(x.g),
                                       shape_in(y.g), window, window, none, none));
    OK(dnnl_primitive_desc_create(&b, &desc, NULL, engine, f));
    o = add_op(new_layer(), b);
    give(o, DNNL_ARG_DIFF_DST, y.g);
    give(o, DNNL_ARG_DIFF_SRC, x.g);
    return y;
}

static void classify(map x)
{
    const shape any = shape_of(4, (dnnl_dims_t){CLASSES, FEATURES, 1, 1}, dnnl_format_tag_any);
    const shape plain = kernel(FEATURES, CLASSES, 1, 1, 1), y = matrix(BATCH, CLASSES, dnnl_ab);
    const shape bias = vector(CLASSES);
    dnnl_memory_t b = zeros(&bias), db = zeros(&bias);
    dnnl_inner_product_desc_t desc;
    dnnl_primitive_desc_t f, d;

    OK(dnnl_inner_product_forward_desc_init(&desc, dnnl_forward_training, shape_in(x.x), &any,
                                            &bias, &y));
    OK(dnnl_primitive_desc_create(&f, &desc, NULL, engine, NULL));
    dnnl_memory_t w = weights(&plain, asked(f, dnnl_query_weights_md), 0.03F);
    const shape packed = *shape_in(w);
    op *o = add_op(&forward, f);
    logits = zeros(&y);
    logits_grad = zeros(&y);
    give(o, DNNL_ARG_SRC, x.x);
    give(o, DNNL_ARG_WEIGHTS, w);
    give(o, DNNL_ARG_BIAS, b);
    give(o, DNNL_ARG_DST, logits);

    program *p = new_layer();
    OK(dnnl_inner_product_backward_data_desc_init(&desc, shape_in(x.g), &packed, &y));
    OK(dnnl_primitive_desc_create(&d, &desc, NULL, engine, f));
    o = add_op(p, d);
    give(o, DNNL_ARG_DIFF_DST, logits_grad);
    give(o, DNNL_ARG_WEIGHTS, w);
    give(o, DNNL_ARG_DIFF_SRC, x.g);
    OK(dnnl_inner_product_backward_weights_desc_init(&desc, shape_in(x.x), &packed, &bias, &y));
    OK(dnnl_primitive_desc_create(&d, &desc, NULL, engine, f));
    dnnl_memory_t dw = zeros(&packed);
    o = add_op(p, d);
    give(o, DNNL_ARG_SRC, x.x);
    give(o, DNNL_ARG_DIFF_DST, logits_grad);
    give(o, DNNL_ARG_DIFF_WEIGHTS, dw);
    give(o, DNNL_ARG_DIFF_BIAS, db);
    add_param(w, dw);
    add_param(b, db);
}

/* Fills logits_grad; returns the mean loss. */
static double cross_entropy(void)
{
    double loss = 0;
    for (int r = 0; r < BATCH; r++) {
        const float *x = data_of(logits) + r * CLASSES;
        float *g = data_of(logits_grad) + r * CLASSES, max = x[0], sum = 0;
        const int label = r * 37 % CLASSES;
        for (int c = 1; c < CLASSES; c++)
            max = x[c] > max ? x[c] : max;
        for (int c = 0; c < CLASSES; c++)
            sum += g[c] = expf(x[c] - max);
        loss += logf(sum) + max - x[label];
        for (int c = 0; c < CLASSES; c++)
            g[c] = (g[c] / sum - (c == label)) / BATCH;
    }
    return loss / BATCH;
}

static void adamw(void)
{
    const float lr = 1e-4F, b1 = 0.9F, b2 = 0.999F;
    const float c1 = 1 / (1 - powf(b1, (float)++steps)), c2 = 1 / (1 - powf(b2, (float)steps));

#pragma omp parallel for schedule(dynamic)
    for (int i = 0; i < n_params; i++) {
        float *restrict p = params[i].value, *restrict m = params[i].m, *restrict v = params[i].v;
        const float *restrict g = params[i].grad;
        for (size_t k = 0; k < params[i].n; k++) {
            m[k] = b1 * m[k] + (1 - b1) * g[k];
            v[k] = b2 * v[k] + (1 - b2) * g[k] * g[k];
            p[k] -= lr * (m[k] * c1 / (sqrtf(v[k] * c2) + 1e-8F) + 0.01F * p[k]);
        }
    }
}

static double last_loss;

static void run_step(void *arg)
{
    (void)arg;
    run_program(&forward);
    last_loss = cross_entropy();
    for (int i = layers - 1; i >= 0; i--)
        run_program(&layer[i]);
    adamw();
}

int main(int argc, char **argv)
{
    if (argc < 4 || !parse_layout(argv[3], &layout)) {
        fprintf(stderr, "usage: onednn_train SIDE SECONDS any|nhwc|blocked8|blocked16\n");
        return 2;
    }
    int side = atoi(argv[1]), in = STEM;
    const conv_shape stem = {3, side, STEM, 3, 2, 1};

    start_onednn();
    const shape pixels = picture(BATCH, 3, side, pixel_layout(layout));
    map x = unit((map){randoms(&pixels, 1), NULL}, &stem, 1, NULL);
    side = (side + 1) / 2;
    for (int s = 0; s < 7; s++)
        for (int b = 0; b < stages[s].blocks; b++) {
            x = block(x, in, stages[s].expansion, stages[s].channels, b ? 1 : stages[s].stride,
                      &side);
            in = stages[s].channels;
        }
    x = unit(x, &(conv_shape){in, side, FEATURES, 1, 1, 1}, 1, NULL);
    classify(pool(x, side));
    run_step(NULL);
    double first = last_loss;
    peer_measure(run_step, NULL, BATCH, atof(argv[2]));
    fprintf(stderr, "loss %.3f -> %.3f in %d steps\n", first, last_loss, steps);
    return last_loss < first ? 0 : 1;
}
