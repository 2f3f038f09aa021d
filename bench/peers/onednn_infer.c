/* onednn_infer SIDE SECONDS LAYOUT [fused]: MobileNetV2 with batch norm folded, batch 1, on oneDNN.
 * LAYOUT of the maps: any (the library's choice, layer by layer), nhwc, blocked8, blocked16. fused:
 * each depthwise layer as a post-op of the expansion before it. Which is fastest depends on the
 * processor. */
#include "onednn.h"

#include <math.h>

static program net;
static dnnl_format_tag_t layout;

typedef struct conv_options {
    int kernel, stride, groups;
    int clip;          /* relu6 */
    int depthwise;     /* stride of a depthwise layer (and relu6) behind it; 0: none */
    dnnl_memory_t sum; /* add to this one, in place; nullable */
} conv_options;

static dnnl_primitive_attr_t attributes(const conv_options *o)
{
    dnnl_primitive_attr_t attr;
    dnnl_post_ops_t post;
    OK(dnnl_primitive_attr_create(&attr));
    OK(dnnl_post_ops_create(&post));
    if (o->sum)
        OK(dnnl_post_ops_append_sum(post, 1));
    if (o->clip)
        OK(dnnl_post_ops_append_eltwise(post, 1, dnnl_eltwise_clip, 0, 6));
    if (o->depthwise) {
        OK(dnnl_post_ops_append_dw(post, dnnl_f32, dnnl_f32, dnnl_f32, 3, o->depthwise, 1, 0, 0,
                                   NULL));
        OK(dnnl_post_ops_append_eltwise(post, 1, dnnl_eltwise_clip, 0, 6));
    }
    OK(dnnl_primitive_attr_set_post_ops(attr, post));
    return attr;
}

static dnnl_memory_t conv(dnnl_memory_t x, int in, int side, int out, const conv_options *o)
{
    const int pad = o->kernel / 2, to = (side + 2 * pad - o->kernel) / o->stride + 1;
    const shape w = kernel(in, out, o->kernel, o->groups, 0), bias = vector(out);
    const shape plain = kernel(in, out, o->kernel, o->groups, 1);
    const shape y = o->sum ? *shape_in(o->sum) : picture(1, out, to, layout);
    const float scale = sqrtf(6.0F * (float)o->groups / (float)(in * o->kernel * o->kernel));
    dnnl_convolution_desc_t c;
    dnnl_primitive_desc_t d;

    OK(dnnl_convolution_forward_desc_init(
        &c, dnnl_forward_inference, dnnl_convolution_direct, shape_in(x), &w, &bias, &y,
        (dnnl_dims_t){o->stride, o->stride}, (dnnl_dims_t){pad, pad}, (dnnl_dims_t){pad, pad}));
    OK(dnnl_primitive_desc_create(&d, &c, attributes(o), engine, NULL));
    op *p = add_op(&net, d);
    dnnl_memory_t result = o->sum ? o->sum : zeros(asked(d, dnnl_query_dst_md));
    give(p, DNNL_ARG_SRC, x);
    give(p, DNNL_ARG_WEIGHTS, weights(&plain, asked(d, dnnl_query_weights_md), scale));
    give(p, DNNL_ARG_BIAS, randoms(&bias, 0.1F));
    give(p, DNNL_ARG_DST, result);
    if (o->depthwise) {
        const int what = DNNL_ARG_ATTR_POST_OP_DW;
        const shape nine = kernel(out, out, 3, out, 1);
        give(p, what | DNNL_ARG_WEIGHTS, weights(&nine, asked(d, what | DNNL_ARG_WEIGHTS), 0.8F));
        give(p, what | DNNL_ARG_BIAS, randoms(&bias, 0.1F));
    }
    return result;
}

/* One inverted residual; *side becomes the output's. */
static dnnl_memory_t block(dnnl_memory_t x, int in, int expansion, int out, int stride, int fused,
                           int *side)
{
    const int mid = in * expansion;
    const conv_options depthwise = {.kernel = 3, .stride = stride, .groups = mid, .clip = 1};
    const conv_options project = {
        .kernel = 1, .stride = 1, .groups = 1, .sum = stride == 1 && in == out ? x : NULL};
    conv_options expand = {.kernel = 1, .stride = 1, .groups = 1, .clip = 1};
    dnnl_memory_t y = x;

    fused &= expansion > 1;
    if (fused)
        expand.depthwise = stride;
    if (expansion > 1)
        y = conv(y, in, *side, mid, &expand);
    if (!fused)
        y = conv(y, mid, *side, mid, &depthwise);
    *side = (*side - 1) / stride + 1;
    return conv(y, mid, *side, out, &project);
}

static dnnl_memory_t classify(dnnl_memory_t x, int side)
{
    const shape mean = picture(1, FEATURES, 1, layout);
    const shape w = shape_of(4, (dnnl_dims_t){CLASSES, FEATURES, 1, 1}, dnnl_format_tag_any);
    const shape plain = kernel(FEATURES, CLASSES, 1, 1, 1), bias = vector(CLASSES);
    const shape y = matrix(1, CLASSES, dnnl_ab);
    const dnnl_dims_t window = {side, side}, none = {0, 0};
    dnnl_pooling_desc_t c;
    dnnl_inner_product_desc_t i;
    dnnl_primitive_desc_t d;

    OK(dnnl_pooling_forward_desc_init(&c, dnnl_forward_inference, dnnl_pooling_avg_exclude_padding,
                                      shape_in(x), &mean, window, window, none, none));
    OK(dnnl_primitive_desc_create(&d, &c, NULL, engine, NULL));
    op *p = add_op(&net, d);
    dnnl_memory_t pooled = zeros(asked(d, dnnl_query_dst_md));
    give(p, DNNL_ARG_SRC, x);
    give(p, DNNL_ARG_DST, pooled);

    OK(dnnl_inner_product_forward_desc_init(&i, dnnl_forward_inference, shape_in(pooled), &w, &bias,
                                            &y));
    OK(dnnl_primitive_desc_create(&d, &i, NULL, engine, NULL));
    p = add_op(&net, d);
    dnnl_memory_t result = zeros(&y);
    give(p, DNNL_ARG_SRC, pooled);
    give(p, DNNL_ARG_WEIGHTS, weights(&plain, asked(d, dnnl_query_weights_md), 0.03F));
    give(p, DNNL_ARG_BIAS, randoms(&bias, 0.1F));
    give(p, DNNL_ARG_DST, result);
    return result;
}

static void run(void *arg)
{
    run_program(arg);
}

int main(int argc, char **argv)
{
    if (argc < 4 || !parse_layout(argv[3], &layout)) {
        fprintf(stderr, "usage: onednn_infer SIDE SECONDS any|nhwc|blocked8|blocked16 [fused]\n");
        return 2;
    }
    const conv_options stem = {.kernel = 3, .stride = 2, .groups = 1, .clip = 1};
    const conv_options last = {.kernel = 1, .stride = 1, .groups = 1, .clip = 1};
    int side = atoi(argv[1]), in = STEM;

    start_onednn();
    const shape pixels = picture(1, 3, side, pixel_layout(layout));
    dnnl_memory_t x = conv(randoms(&pixels, 1), 3, side, STEM, &stem);
    side = (side + 1) / 2;
    for (int s = 0; s < 7; s++)
        for (int b = 0; b < stages[s].blocks; b++) {
            x = block(x, in, stages[s].expansion, stages[s].channels, b ? 1 : stages[s].stride,
                      argc > 4, &side);
            in = stages[s].channels;
        }
    x = conv(x, in, side, FEATURES, &last);
    classify(x, side);
    peer_measure(run, &net, 1, atof(argv[2]));
    return 0;
}
