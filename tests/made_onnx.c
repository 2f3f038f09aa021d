#include "made_onnx.h"

#include "base/error.h"
#include "onnx/scribe.h"
#include "tensor/ops.h"

#include <stdio.h>
#include <string.h>

enum { WIDE = 8 };

static const struct {
    const char *name;
    int rows, cols; /* rows 0: a vector */
} arrays[] = {
    {"stem", 9 * MADE_CHANNELS, WIDE}, {"stem.bias", 0, WIDE}, {"depth", 9, WIDE},
    {"depth.bias", 0, WIDE},           {"point", WIDE, WIDE},  {"head", 2 * WIDE, MADE_ANSWERS},
    {"head.bias", 0, MADE_ANSWERS},
};

int made_onnx_init(at_params *p, attune_error *err)
{
    at_rng rng;

    at_rng_seed(&rng, 5, 0);
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        const int rows = arrays[i].rows, cols = arrays[i].cols;
        at_param *q =
            at_params_get(p, arrays[i].name, rows ? 2 : 1, (int[]){rows ? rows : cols, cols});
        if (!q)
            return at_fail_nomem(err);
        for (size_t k = 0; k < at_tensor_count(&q->value); k++)
            q->value.data[k] = at_rng_range(&rng, -0.5f, 0.5f);
    }
    return ATTUNE_OK;
}

static at_tensor *use(at_graph *g, at_params *p, const char *name)
{
    return at_use(g, at_params_find(p, name));
}

at_tensor *made_onnx_forward(at_graph *g, at_params *p, at_tensor *x)
{
    at_tensor *y = at_conv3x3(g, x, use(g, p, "stem"), use(g, p, "stem.bias"), 2, (at_pad){0, 0});
    y = at_activation(g, y, AT_ACT_RELU6);
    at_tensor *deep =
        at_depthwise3x3(g, y, use(g, p, "depth"), use(g, p, "depth.bias"), 1, at_pad_one);
    deep = at_activation(g, at_linear(g, deep, use(g, p, "point"), NULL), AT_ACT_SILU);
    y = at_max_pool2(g, at_add(g, deep, y));
    at_tensor *pooled = at_global_avg_pool(g, y);
    at_tensor *both[] = {pooled, at_scale(g, at_activation(g, pooled, AT_ACT_TANH), 0.5f)};
    y = pooled ? at_linear(g, at_concat(g, both, 2), use(g, p, "head"), use(g, p, "head.bias"))
               : NULL;
    return at_softmax(g, y);
}

/* What the pass was, once it is over. */
static int write_pass(at_onnx *o, at_scribe *s, const at_tensor *y, char **bytes, size_t *n,
                      attune_error *err)
{
    if (y)
        at_onnx_output(o, at_scribe_value(s, y), "y", "batch 4", "what it says");
    int status = at_scribe_status(s, err);
    FILE *f = status ? NULL : open_memstream(bytes, n);
    if (!f)
        return status ? status : at_fail_nomem(err);
    status = at_onnx_write(o, f, err);
    return fclose(f) ? at_fail_nomem(err) : status;
}

int made_onnx_file(at_params *p, char **bytes, size_t *n, attune_error *err)
{
    at_onnx *o = NULL;
    at_graph *g = NULL;
    at_scribe *s = NULL;
    at_tensor *y = NULL;
    int status = at_onnx_create(&o, "made", "for tests", err);

    status = status ? status : at_graph_create(&g, NULL, at_kernels_best(), err);
    status = status ? status : at_scribe_create(&s, o, g, err);
    if (!status) {
        at_graph_begin(g, AT_INFER, 0);
        at_tensor *x = at_tensor_new(g, 4, (int[]){1, MADE_SIDE, MADE_SIDE, MADE_CHANNELS}, 0);
        if (x) {
            memset(x->data, 0, at_tensor_count(x) * sizeof *x->data);
            at_scribe_is(s, x, at_onnx_input(o, "x", "batch 3 12 12", "a picture"));
            y = made_onnx_forward(g, p, x);
        }
        status = write_pass(o, s, y, bytes, n, err);
    }
    at_scribe_free(&s);
    at_graph_free(&g);
    at_onnx_free(&o);
    return status;
}
