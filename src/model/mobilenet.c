#include "model/mobilenet.h"
#include "base/error.h"
#include "base/mem.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Expansion 6 but for the first; the stride is that of a stage's first block. */
const at_mb_block at_mb_blocks[AT_MB_BLOCKS] = {
    {32, 32, 16, 1},    {16, 96, 24, 2},    {24, 144, 24, 1}, {24, 144, 32, 2},  {32, 192, 32, 1},
    {32, 192, 32, 1},   {32, 192, 64, 2},   {64, 384, 64, 1}, {64, 384, 64, 1},  {64, 384, 64, 1},
    {64, 384, 96, 1},   {96, 576, 96, 1},   {96, 576, 96, 1}, {96, 576, 160, 2}, {160, 960, 160, 1},
    {160, 960, 160, 1}, {160, 960, 320, 1},
};

typedef enum unit_kind { UNIT_STEM, UNIT_DEPTHWISE, UNIT_DENSE } unit_kind;

/* One convolution: its name without the prefix, and its shape. */
typedef struct unit {
    char name[32];
    unit_kind kind;
    int in, out;
} unit;

enum { MAX_UNITS = 3 * AT_MB_BLOCKS + 2 };

static void add_unit(unit *list, int *n, const char *name, unit_kind kind, int in, int out)
{
    unit *u = &list[(*n)++];
    snprintf(u->name, sizeof u->name, "%s", name);
    u->kind = kind;
    u->in = in;
    u->out = out;
}

/* All units in the order of the forward pass. */
static int list_units(unit *list)
{
    int n = 0;
    char name[32];
    add_unit(list, &n, "stem", UNIT_STEM, 3, AT_MB_STEM);
    for (int i = 0; i < AT_MB_BLOCKS; i++) {
        const at_mb_block *b = &at_mb_blocks[i];
        if (b->mid != b->in) {
            snprintf(name, sizeof name, "block%d.expand", i);
            add_unit(list, &n, name, UNIT_DENSE, b->in, b->mid);
        }
        snprintf(name, sizeof name, "block%d.depthwise", i);
        add_unit(list, &n, name, UNIT_DEPTHWISE, b->mid, b->mid);
        snprintf(name, sizeof name, "block%d.project", i);
        add_unit(list, &n, name, UNIT_DENSE, b->mid, b->out);
    }
    add_unit(list, &n, "head", UNIT_DENSE, at_mb_blocks[AT_MB_BLOCKS - 1].out, AT_MB_FEATURES);
    return n;
}

static int weight_rows(const unit *u)
{
    return u->kind == UNIT_STEM ? 9 * u->in : u->kind == UNIT_DEPTHWISE ? 9 : u->in;
}

static at_param *unit_param(const at_params *p, const char *prefix, const char *name,
                            const char *what)
{
    char full[80];
    snprintf(full, sizeof full, "%.32s.%.31s.%.9s", prefix, name, what);
    return at_params_find(p, full);
}

static at_param *make_vector(at_params *p, const char *prefix, const unit *u, const char *what,
                             float value, int trainable)
{
    char full[80];
    snprintf(full, sizeof full, "%.32s.%.31s.%.9s", prefix, u->name, what);
    at_param *v = at_params_get(p, full, 1, &u->out);
    if (!v)
        return NULL;
    v->trainable = trainable;
    v->decay = 0;
    for (int i = 0; i < u->out; i++)
        v->value.data[i] = value;
    return v;
}

static int init_unit(at_params *p, const char *prefix, const unit *u, int batch_norm, at_rng *rng)
{
    char full[80];
    snprintf(full, sizeof full, "%.32s.%.31s.weight", prefix, u->name);
    int rows = weight_rows(u);
    at_param *w = at_params_get(p, full, 2, (int[]){rows, u->out});
    if (!w)
        return -1;
    w->trainable = 1;
    w->decay = u->kind != UNIT_DEPTHWISE;
    float deviation = sqrtf(2.0f / (float)rows);
    for (size_t i = 0; i < (size_t)rows * u->out; i++)
        w->value.data[i] = deviation * at_rng_normal(rng);
    if (!batch_norm)
        return make_vector(p, prefix, u, "bias", 0, 1) ? 0 : -1;
    return make_vector(p, prefix, u, "gamma", 1, 1) && make_vector(p, prefix, u, "beta", 0, 1) &&
                   make_vector(p, prefix, u, "mean", 0, 0) && make_vector(p, prefix, u, "var", 1, 0)
               ? 0
               : -1;
}

int at_mobilenet_init(at_params *p, const char *prefix, int batch_norm, at_rng *rng,
                      attune_error *err)
{
    unit list[MAX_UNITS];
    int n = list_units(list);
    for (int i = 0; i < n; i++)
        if (init_unit(p, prefix, &list[i], batch_norm, rng))
            return at_fail_nomem(err);
    return ATTUNE_OK;
}

/* ---- import ----------------------------------------------------------------------------- */

static const at_weight *find_folded(const at_weights *w, const unit *u, const char *what,
                                    size_t count, attune_error *err)
{
    char name[64];
    snprintf(name, sizeof name, "%.31s.%.9s", u->name, what);
    const at_weight *t = at_weights_find(w, name);
    if (!t || t->count != count) {
        at_fail(err, ATTUNE_E_FORMAT, "%s: %s", name, t ? "wrong shape" : "missing");
        return NULL;
    }
    return t;
}

/* OIHW (o, i, 3, 3) or (o, i, 1, 1) to rows (ky, kx, i) by columns o. Depthwise has i = 1. */
static void transpose_weight(const unit *u, const float *src, float *dst)
{
    int taps = u->kind == UNIT_DENSE ? 1 : 9;
    int in = u->kind == UNIT_DEPTHWISE ? 1 : u->in;
    for (int o = 0; o < u->out; o++)
        for (int i = 0; i < in; i++)
            for (int k = 0; k < taps; k++)
                dst[((size_t)k * in + i) * u->out + o] = src[((size_t)o * in + i) * taps + k];
}

static void fill(at_param *p, float value)
{
    for (size_t i = 0, n = at_tensor_count(&p->value); i < n; i++)
        p->value.data[i] = value;
}

/* Batch norm that does nothing but add beta. */
static void neutralise(at_params *p, const char *prefix, const unit *u)
{
    fill(unit_param(p, prefix, u->name, "gamma"), 1);
    fill(unit_param(p, prefix, u->name, "mean"), 0);
    fill(unit_param(p, prefix, u->name, "var"), 1 - AT_MB_EPS);
}

int at_mobilenet_import_folded(at_params *p, const char *prefix, const at_weights *w,
                               attune_error *err)
{
    unit list[MAX_UNITS];
    int n = list_units(list);
    for (int i = 0; i < n; i++) {
        const unit *u = &list[i];
        at_param *weight = unit_param(p, prefix, u->name, "weight");
        at_param *bias = unit_param(p, prefix, u->name, "bias");
        at_param *beta = unit_param(p, prefix, u->name, "beta");
        if (!weight || (!bias && !beta))
            return at_fail(err, ATTUNE_E_ARG, "%s.%s: not created", prefix, u->name);
        size_t count = (size_t)weight_rows(u) * u->out;
        const at_weight *fw = find_folded(w, u, "weight", count, err);
        const at_weight *fb = find_folded(w, u, "bias", (size_t)u->out, err);
        if (!fw || !fb)
            return ATTUNE_E_FORMAT;
        transpose_weight(u, fw->data, weight->value.data);
        memcpy((bias ? bias : beta)->value.data, fb->data, (size_t)u->out * sizeof(float));
        if (beta)
            neutralise(p, prefix, u);
    }
    return ATTUNE_OK;
}

int at_mobilenet_import_own(at_params *p, const char *prefix, const at_weights *w,
                            attune_error *err)
{
    unit list[MAX_UNITS];
    int n = list_units(list), status = ATTUNE_OK;
    for (int i = 0; i < n && !status; i++) {
        const unit *u = &list[i];
        at_param *weight = unit_param(p, prefix, u->name, "weight");
        at_param *beta = unit_param(p, prefix, u->name, "beta");
        char full[80];
        if (!weight || !beta)
            return at_fail(err, ATTUNE_E_ARG, "%s.%s: not created", prefix, u->name);
        snprintf(full, sizeof full, "%.32s.%.31s", prefix, u->name);
        status = at_mb_fold_unit(w, full, weight_rows(u), u->out, weight->value.data,
                                 beta->value.data, err);
        neutralise(p, prefix, u);
    }
    return status;
}

/* ---- batch norm that starts out equal ---------------------------------------------------- */

struct at_mb_observer {
    double rows[MAX_UNITS];                 /* seen so far */
    double *sum[MAX_UNITS], *sq[MAX_UNITS]; /* (out) of the convolution's output */
    at_mb_ranges ranges;
    int next; /* unit of the pass in progress */
};

int at_mb_observer_create(at_mb_observer **out, attune_error *err)
{
    unit list[MAX_UNITS];
    int n = list_units(list);
    at_mb_observer *o = at_calloc(1, sizeof *o);
    if (!o)
        return at_fail_nomem(err);
    for (int i = 0; i < n; i++) {
        o->sum[i] = at_calloc((size_t)list[i].out, sizeof(double));
        o->sq[i] = at_calloc((size_t)list[i].out, sizeof(double));
        if (!o->sum[i] || !o->sq[i]) {
            at_mb_observer_free(&o);
            return at_fail_nomem(err);
        }
    }
    *out = o;
    return ATTUNE_OK;
}

void at_mb_observer_free(at_mb_observer **o)
{
    if (!o || !*o)
        return;
    for (int i = 0; i < MAX_UNITS; i++) {
        at_free((*o)->sum[i]);
        at_free((*o)->sq[i]);
    }
    at_free(*o);
    *o = NULL;
}

const at_mb_ranges *at_mb_observer_ranges(const at_mb_observer *o)
{
    return &o->ranges;
}

/* y NULL: the graph failed. */
static void observe_range(float *most, const at_tensor *y)
{
    for (size_t i = 0, n = y ? at_tensor_count(y) : 0; i < n; i++)
        *most = fmaxf(*most, fabsf(y->data[i]));
}

static void observe(at_mb_observer *o, const at_tensor *y)
{
    int rows = at_tensor_rows(y), c = at_tensor_cols(y), i = o->next++;
    for (int r = 0; r < rows; r++) {
        const float *v = y->data + (size_t)r * c;
        for (int k = 0; k < c; k++) {
            o->sum[i][k] += v[k];
            o->sq[i][k] += (double)v[k] * v[k];
        }
    }
    o->rows[i] += rows;
}

int at_mobilenet_calibrate(at_params *p, const char *prefix, const at_mb_observer *o,
                           attune_error *err)
{
    unit list[MAX_UNITS];
    int n = list_units(list);
    for (int i = 0; i < n; i++) {
        const char *name = list[i].name;
        at_param *gamma = unit_param(p, prefix, name, "gamma");
        at_param *beta = unit_param(p, prefix, name, "beta");
        at_param *mean = unit_param(p, prefix, name, "mean");
        at_param *var = unit_param(p, prefix, name, "var");
        if (!gamma || !beta || !mean || !var || o->rows[i] < 1)
            return at_fail(err, ATTUNE_E_ARG, "%s.%s: nothing to calibrate", prefix, name);
        for (int k = 0; k < list[i].out; k++) {
            double m = o->sum[i][k] / o->rows[i];
            double v = fmax(0, o->sq[i][k] / o->rows[i] - m * m);
            /* y = scale x + shift before; the same after with the new statistics */
            double scale = gamma->value.data[k] / sqrt(var->value.data[k] + (double)AT_MB_EPS);
            double shift = beta->value.data[k] - scale * mean->value.data[k];
            mean->value.data[k] = (float)m;
            var->value.data[k] = (float)v;
            gamma->value.data[k] = (float)(scale * sqrt(v + (double)AT_MB_EPS));
            beta->value.data[k] = (float)(shift + scale * m);
        }
    }
    return ATTUNE_OK;
}

/* ---- folding ----------------------------------------------------------------------------- */

/* rows x out; rows 0: out. */
static const float *find_array(const at_weights *w, const char *unit_name, const char *what,
                               int rows, int out)
{
    char name[80];
    snprintf(name, sizeof name, "%.63s.%.9s", unit_name, what);
    const at_weight *t = at_weights_find(w, name);
    return at_weight_is(t, rows, out) ? t->data : NULL;
}

int at_mb_fold_unit(const at_weights *w, const char *unit_name, int rows, int out, float *weight,
                    float *bias, attune_error *err)
{
    size_t n = (size_t)out;
    const float *kernel = find_array(w, unit_name, "weight", rows, out);
    const float *plain = find_array(w, unit_name, "bias", 0, out);
    const float *gamma = find_array(w, unit_name, "gamma", 0, out);
    const float *beta = find_array(w, unit_name, "beta", 0, out);
    const float *mean = find_array(w, unit_name, "mean", 0, out);
    const float *var = find_array(w, unit_name, "var", 0, out);
    if (!kernel || (!plain && (!gamma || !beta || !mean || !var)))
        return at_fail(err, ATTUNE_E_FORMAT, "model: %s is missing or has another shape",
                       unit_name);
    if (plain) {
        memcpy(weight, kernel, (size_t)rows * n * sizeof *weight);
        memcpy(bias, plain, n * sizeof *bias);
        return ATTUNE_OK;
    }
    float *scale = bias; /* until the end */
    for (size_t o = 0; o < n; o++)
        scale[o] = gamma[o] / sqrtf(fmaxf(var[o], 0) + AT_MB_EPS);
    for (size_t r = 0; r < (size_t)rows; r++)
        for (size_t o = 0; o < n; o++)
            weight[r * n + o] = kernel[r * n + o] * scale[o];
    for (size_t o = 0; o < n; o++)
        bias[o] = beta[o] - scale[o] * mean[o];
    return ATTUNE_OK;
}

int at_mobilenet_fold(at_params *out, const char *prefix, const at_weights *w, attune_error *err)
{
    unit list[MAX_UNITS];
    int n = list_units(list);
    at_rng rng;
    at_rng_seed(&rng, 0, 0);
    int status = at_mobilenet_init(out, prefix, 0, &rng, err);
    for (int i = 0; i < n && !status; i++) {
        char full[80];
        snprintf(full, sizeof full, "%.32s.%.31s", prefix, list[i].name);
        status = at_mb_fold_unit(w, full, weight_rows(&list[i]), list[i].out,
                                 unit_param(out, prefix, list[i].name, "weight")->value.data,
                                 unit_param(out, prefix, list[i].name, "bias")->value.data, err);
    }
    return status;
}

/* ---- forward ----------------------------------------------------------------------------- */

typedef struct pass {
    at_graph *g;
    at_params *p;
    const char *prefix;
    float momentum;
    at_mb_observer *observer;
} pass;

static at_tensor *run_unit(const pass *s, const char *name, unit_kind kind, at_tensor *x,
                           int stride, at_act act)
{
    at_graph *g = s->g;
    at_param *weight = unit_param(s->p, s->prefix, name, "weight");
    at_param *bias = unit_param(s->p, s->prefix, name, "bias");
    at_param *gamma = unit_param(s->p, s->prefix, name, "gamma");
    at_tensor *w = at_use(g, weight), *b = bias ? at_use(g, bias) : NULL, *y;
    if (!x || !w)
        return NULL;
    if (kind == UNIT_DENSE) {
        y = at_linear(g, x, w, b);
    } else {
        at_pad pad = at_pad_same(x->dim[1], x->dim[2], stride);
        y = kind == UNIT_STEM ? at_conv3x3(g, x, w, b, stride, pad)
                              : at_depthwise3x3(g, x, w, b, stride, pad);
    }
    if (s->observer && y)
        observe(s->observer, y);
    if (!gamma)
        return act == AT_ACT_NONE ? y : at_activation(g, y, act);
    return at_batch_norm(g, y, at_use(g, gamma),
                         at_use(g, unit_param(s->p, s->prefix, name, "beta")),
                         unit_param(s->p, s->prefix, name, "mean"),
                         unit_param(s->p, s->prefix, name, "var"), s->momentum, AT_MB_EPS, act);
}

static at_tensor *run_block(const pass *s, int i, at_tensor *x)
{
    const at_mb_block *b = &at_mb_blocks[i];
    at_mb_ranges *ranges = s->observer ? &s->observer->ranges : NULL;
    char name[32];
    at_tensor *y = x;
    if (b->mid != b->in) {
        snprintf(name, sizeof name, "block%d.expand", i);
        y = run_unit(s, name, UNIT_DENSE, y, 1, AT_ACT_RELU6);
    }
    if (ranges)
        observe_range(&ranges->widened[i], y);
    snprintf(name, sizeof name, "block%d.depthwise", i);
    y = run_unit(s, name, UNIT_DEPTHWISE, y, b->stride, AT_ACT_RELU6);
    if (ranges)
        observe_range(&ranges->depthwise[i], y);
    snprintf(name, sizeof name, "block%d.project", i);
    y = run_unit(s, name, UNIT_DENSE, y, 1, AT_ACT_NONE);
    if (b->stride == 1 && b->in == b->out)
        y = at_add(s->g, y, x);
    if (ranges)
        observe_range(&ranges->map[i], y);
    return y;
}

at_tensor *at_mobilenet_forward(at_graph *g, at_params *p, const char *prefix, at_tensor *x,
                                float momentum, at_mb_observer *observer)
{
    pass s = {g, p, prefix, momentum, observer};
    if (observer)
        observer->next = 0;
    x = run_unit(&s, "stem", UNIT_STEM, x, 2, AT_ACT_RELU6);
    for (int i = 0; i < AT_MB_BLOCKS; i++)
        x = run_block(&s, i, x);
    return run_unit(&s, "head", UNIT_DENSE, x, 1, AT_ACT_RELU6);
}
