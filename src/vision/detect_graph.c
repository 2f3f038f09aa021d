/* detect_graph.c - the detector's network over tensors, and weights from YuNet's own layout. */
#include "vision/detect_net.h"

#include "base/error.h"
#include "tensor/ops.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- import ------------------------------------------------------------------------------ */

typedef struct importer {
    at_params *to;
    const at_weights *from;
    attune_error *err;
} importer;

static const at_weight *fetch(const importer *m, const char *name, const char *part, int *status)
{
    char full[128];

    snprintf(full, sizeof full, "%s.%s", name, part);
    const at_weight *w = at_weights_find(m->from, full);
    if (!w)
        *status = at_fail(m->err, ATTUNE_E_FORMAT,
                          "no \"%s\": neither a YuNet file nor a detector of ours", full);
    return w;
}

/* The kernel (o, i, k, k) and bias (o) of the source's convolution go to channels [at, at + o) of
 * ours, which is (k*k*i, total) in (ky, kx, i) order. Depthwise ones have i = 1. */
static int import_conv(const importer *m, const char *source, const char *name, int at, int total)
{
    int status = ATTUNE_OK;
    char full[128];
    const at_weight *w = fetch(m, source, "weight", &status);
    const at_weight *bias = w ? fetch(m, source, "bias", &status) : NULL;

    if (!bias)
        return status;
    if (w->rank != 4 || w->dim[2] != w->dim[3] || (w->dim[2] != 1 && w->dim[2] != 3) ||
        bias->rank != 1 || bias->dim[0] != w->dim[0] || w->dim[0] < 1 || w->dim[1] < 1)
        return at_fail(m->err, ATTUNE_E_FORMAT, "\"%s\" is not a convolution", source);
    const int o = w->dim[0], in = w->dim[1], k = w->dim[2];
    const int shape[2] = {k * k * in, total > 0 ? total : o};
    if (at + o > shape[1])
        return at_fail(m->err, ATTUNE_E_FORMAT, "\"%s\" has too many channels", source);

    snprintf(full, sizeof full, "detector.%s.weight", name);
    at_param *to = at_params_get(m->to, full, 2, shape);
    snprintf(full, sizeof full, "detector.%s.bias", name);
    at_param *to_bias = at_params_get(m->to, full, 1, &shape[1]);
    if (!to || !to_bias)
        return at_fail(m->err, ATTUNE_E_FORMAT, "\"%s\" does not fit the others, or memory is out",
                       source);
    for (int c = 0; c < o; c++) {
        for (int i = 0; i < in; i++) {
            for (int p = 0; p < k * k; p++)
                to->value.data[(p * in + i) * shape[1] + at + c] =
                    w->data[(c * in + i) * k * k + p];
        }
        to_bias->value.data[at + c] = bias->data[c];
    }
    return ATTUNE_OK;
}

static int import_unit(const importer *m, const char *source, const char *name, int at, int total)
{
    char from[112], to[112];
    int status = ATTUNE_OK;

    for (int i = 1; i <= 2 && status == ATTUNE_OK; i++) {
        snprintf(from, sizeof from, "%s.conv%d", source, i);
        snprintf(to, sizeof to, "%s.conv%d", name, i);
        status = import_conv(m, from, to, at, total);
    }
    return status;
}

/* The units that a level's heads share: YuNet-n has them, YuNet-s not. */
static int has_shared(const at_weights *yunet)
{
    return at_weights_find(yunet, "bbox_head.multi_level_share_convs.0.0.conv1.weight") != NULL;
}

static int import_yunet(at_params *p, const at_weights *yunet, attune_error *err)
{
    static const struct {
        const char *name;
        int at;
    } part[] = {{"cls", 0}, {"bbox", 1}, {"obj", 5}, {"kps", 6}};
    const importer m = {p, yunet, err};

    int status = import_conv(&m, AT_DETECT_STEM, AT_DETECT_STEM, 0, 0);
    for (int i = 0; i < AT_UNIT_HEAD && status == ATTUNE_OK; i++) {
        const char *name = at_detect_unit_names[i];
        if (i < AT_UNIT_SHARE || has_shared(yunet))
            status = import_unit(&m, name, name, 0, 0);
    }
    for (int i = 0; i < 4 * AT_DETECT_LEVELS && status == ATTUNE_OK; i++) {
        char source[96];
        snprintf(source, sizeof source, "bbox_head.multi_level_%s.%d", part[i % 4].name, i / 4);
        status = import_unit(&m, source, at_detect_unit_names[AT_UNIT_HEAD + i / 4], part[i % 4].at,
                             AT_DETECT_CHANNELS);
    }
    return status;
}

static int is_ours(const at_weight *w)
{
    return strncmp(w->name, "detector.", 9) == 0;
}

static int copy_ours(at_params *p, const at_weights *w, attune_error *err)
{
    int status = ATTUNE_OK;

    for (int i = 0; i < at_weights_count(w) && status == ATTUNE_OK; i++)
        if (is_ours(at_weights_at(w, i)))
            status = at_params_take(p, at_weights_at(w, i), err);
    return status;
}

/* Shapes that do not fit each other are no network; on the graph they would be our own mistake. */
static int check_shapes(const at_params *p, attune_error *err)
{
    const at_weight_source source = at_params_source(p);
    at_detect_net *net;
    const int status = at_detect_net_create(&net, &source, NULL, at_kernels_best(), err);

    at_detect_net_free(&net);
    return status;
}

int at_detector_import(at_params *p, const at_weights *w, attune_error *err)
{
    int ours = 0;

    for (int i = 0; i < at_weights_count(w); i++)
        ours |= is_ours(at_weights_at(w, i));
    const int status = ours ? copy_ours(p, w, err) : import_yunet(p, w, err);
    return status ? status : check_shapes(p, err);
}

/* ---- graph ------------------------------------------------------------------------------- */

typedef struct builder {
    at_graph *g;
    const at_params *p;
    at_detector_ranges *seen; /* nullable */
    int missing;
} builder;

/* x NULL: the graph has failed. */
static void watch(float *most, const at_tensor *x)
{
    for (size_t i = 0, n = x ? at_tensor_count(x) : 0; i < n; i++)
        *most = fmaxf(*most, fabsf(x->data[i]));
}

static at_tensor *param(builder *b, const char *name, const char *part)
{
    char full[128];

    snprintf(full, sizeof full, "detector.%s.%s", name, part);
    at_param *p = at_params_find(b->p, full);
    if (!p)
        b->missing = 1;
    return p ? at_use(b->g, p) : NULL;
}

static int has_unit(const builder *b, int index)
{
    char full[128];

    snprintf(full, sizeof full, "detector.%s.conv1.weight", at_detect_unit_names[index]);
    return at_params_find(b->p, full) != NULL;
}

static at_tensor *add_unit(builder *b, int index, at_tensor *x)
{
    const char *name = at_detect_unit_names[index];

    x = at_linear(b->g, x, param(b, name, "conv1.weight"), param(b, name, "conv1.bias"));
    if (b->seen)
        watch(&b->seen->wide[index], x);
    x = at_depthwise3x3(b->g, x, param(b, name, "conv2.weight"), param(b, name, "conv2.bias"), 1,
                        at_pad_one);
    if (index < AT_UNIT_HEAD)
        x = at_activation(b->g, x, AT_ACT_RELU);
    if (b->seen)
        watch(&b->seen->out[index], x);
    return x;
}

/* x, of the level above, to a level's feature. */
static void add_coarser(builder *b, int level, at_tensor **feature, at_tensor *x)
{
    *feature = at_add(b->g, *feature, at_upsample2(b->g, x));
    if (b->seen)
        watch(&b->seen->out[at_detect_feature(level)], *feature);
}

static int build(builder *b, at_tensor *x, at_tensor *head[AT_DETECT_LEVELS])
{
    at_graph *g = b->g;
    at_tensor *feature[AT_DETECT_LEVELS] = {NULL};
    const int first_level = AT_DETECT_STAGES - AT_DETECT_LEVELS;

    x = at_conv3x3(g, x, param(b, AT_DETECT_STEM, "weight"), param(b, AT_DETECT_STEM, "bias"), 2,
                   at_pad_one);
    x = at_activation(g, x, AT_ACT_RELU);
    if (b->seen)
        watch(&b->seen->stem, x);
    x = add_unit(b, AT_UNIT_STEM, x);
    for (int stage = 1; stage < AT_DETECT_STAGES; stage++) {
        const int unit = AT_UNIT_STAGE + 2 * (stage - 1);
        if (at_detect_pooled(stage - 1))
            x = at_max_pool2(g, x);
        x = add_unit(b, unit + 1, add_unit(b, unit, x));
        if (stage >= first_level)
            feature[stage - first_level] = x;
    }
    for (int k = AT_DETECT_LEVELS - 1; k >= 0; k--) {
        x = add_unit(b, AT_UNIT_NECK + k, feature[k]);
        if (k > 0)
            add_coarser(b, k - 1, &feature[k - 1], x);
        if (has_unit(b, AT_UNIT_SHARE + k))
            x = add_unit(b, AT_UNIT_SHARE + k, x);
        head[k] = add_unit(b, AT_UNIT_HEAD + k, x);
    }
    return b->missing ? ATTUNE_E_FORMAT : at_graph_status(g);
}

int at_detector_graph(at_graph *g, at_params *p, at_tensor *x, at_tensor *head[AT_DETECT_LEVELS])
{
    return build(&(builder){.g = g, .p = p}, x, head);
}

int at_detector_watch(at_graph *g, at_params *p, at_tensor *x, at_detector_ranges *seen)
{
    at_tensor *head[AT_DETECT_LEVELS];

    return build(&(builder){.g = g, .p = p, .seen = seen}, x, head);
}
