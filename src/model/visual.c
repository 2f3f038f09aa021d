#include "model/visual.h"
#include "base/error.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static const at_encoder_kind *const encoders[] = {&at_spatial, &at_temporal};
enum { ENCODERS = sizeof encoders / sizeof *encoders };

static int make_linear(at_params *p, const char *name, int in, int out, at_rng *rng)
{
    char full[80];
    snprintf(full, sizeof full, "%s.weight", name);
    at_param *w = at_params_get(p, full, 2, (int[]){in, out});
    snprintf(full, sizeof full, "%s.bias", name);
    at_param *b = at_params_get(p, full, 1, &out);
    if (!w || !b)
        return -1;
    w->trainable = b->trainable = 1;
    w->decay = 1;
    b->decay = 0;
    for (int i = 0; i < in * out; i++)
        w->value.data[i] = 0.01f * at_rng_normal(rng);
    memset(b->value.data, 0, (size_t)out * sizeof(float));
    return 0;
}

int at_visual_init(at_params *p, at_rng *rng, attune_error *err)
{
    int status = at_mobilenet_init(p, "visual", 1, rng, err);
    if (status)
        return status;
    for (int h = 0; h < AT_FACE_HEADS && !status; h++)
        if (at_heads[h].optional != 2)
            status = at_visual_add_head(p, (at_head)h, rng, err);
    return status;
}

int at_visual_add_head(at_params *p, at_head which, at_rng *rng, attune_error *err)
{
    const at_head_info *h = &at_heads[which];
    return make_linear(p, h->parameters, AT_VISUAL_EMBED, h->outputs, rng) ? at_fail_nomem(err)
                                                                           : ATTUNE_OK;
}

int at_visual_import_folded(at_params *p, const at_weights *w, attune_error *err)
{
    return at_mobilenet_import_folded(p, "visual", w, err);
}

int at_visual_calibrate_bn(at_params *p, const at_mb_observer *o, attune_error *err)
{
    return at_mobilenet_calibrate(p, "visual", o, err);
}

/* ---- a model file's heads ---------------------------------------------------------------- */

static int has_head(const at_weights *w, at_head which)
{
    char full[80];
    snprintf(full, sizeof full, "%s.weight", at_heads[which].parameters);
    return at_weights_find(w, full) != NULL;
}

static int takes_head(const at_params *p, at_head which)
{
    char full[80];
    snprintf(full, sizeof full, "%s.weight", at_heads[which].parameters);
    return at_params_find(p, full) != NULL;
}

static float *head_data(const at_params *p, at_head which, const char *what)
{
    char full[80];
    snprintf(full, sizeof full, "%s.%s", at_heads[which].parameters, what);
    return at_params_find(p, full)->value.data;
}

int at_visual_head_of(const at_weights *w, at_head which, float *weight, float *bias,
                      attune_error *err)
{
    const at_head_info *h = &at_heads[which];
    if (!h->optional || has_head(w, which))
        return at_mb_fold_unit(w, h->parameters, AT_VISUAL_EMBED, h->outputs, weight, bias, err);
    memset(weight, 0, (size_t)AT_VISUAL_EMBED * (size_t)h->outputs * sizeof *weight);
    for (int i = 0; i < h->outputs; i++)
        bias[i] = NAN;
    return ATTUNE_OK;
}

int at_visual_import_own(at_params *p, const at_weights *w, attune_error *err)
{
    int status = at_mobilenet_import_own(p, "visual", w, err);
    for (int h = 0; h < AT_FACE_HEADS && !status; h++)
        if (!at_heads[h].optional || (has_head(w, (at_head)h) && takes_head(p, (at_head)h)))
            status = at_visual_head_of(w, (at_head)h, head_data(p, (at_head)h, "weight"),
                                       head_data(p, (at_head)h, "bias"), err);
    for (int i = 0; i < ENCODERS && !status; i++)
        if (at_encoder_is_in(encoders[i], p))
            status = at_encoder_import(encoders[i], p, at_weights_source(w), err);
    return status;
}

int at_visual_fold(at_params *out, const at_weights *w, attune_error *err)
{
    at_rng rng;
    at_rng_seed(&rng, 0, 0);
    int status = at_mobilenet_fold(out, "visual", w, err);
    for (int h = 0; h < AT_FACE_HEADS && !status; h++) {
        if (at_heads[h].optional && !has_head(w, (at_head)h))
            continue;
        if (make_linear(out, at_heads[h].parameters, AT_VISUAL_EMBED, at_heads[h].outputs, &rng))
            return at_fail_nomem(err);
        status = at_visual_head_of(w, (at_head)h, head_data(out, (at_head)h, "weight"),
                                   head_data(out, (at_head)h, "bias"), err);
    }
    for (int i = 0; i < ENCODERS && !status; i++)
        status = at_encoder_import(encoders[i], out, at_weights_source(w), err);
    return status;
}

/* NULL: these parameters lack it. */
static at_tensor *head(at_graph *g, at_params *p, at_head which, at_tensor *x)
{
    const char *name = at_heads[which].parameters;
    char full[80];
    snprintf(full, sizeof full, "%s.weight", name);
    at_param *weight = at_params_find(p, full);
    snprintf(full, sizeof full, "%s.bias", name);
    return weight ? at_linear(g, x, at_use(g, weight), at_use(g, at_params_find(p, full))) : NULL;
}

/* Adds what the places say together, where there is an encoder. */
static void add_spatial(at_graph *g, at_params *p, float dropout, at_visual_out *out)
{
    at_tensor *expression, *basic;
    if (!at_encoder_is_in(&at_spatial, p))
        return;
    at_spatial_forward(g, p, out->features, dropout, &expression, &basic);
    out->expression = at_add(g, out->expression, expression);
    out->basic = at_add(g, out->basic, basic);
}

at_tensor *at_visual_input(at_graph *g, const float *x, int n, int side)
{
    at_tensor *t = at_tensor_new(g, 4, (int[]){n, side, side, 3}, 0);
    if (t)
        memcpy(t->data, x, at_tensor_count(t) * sizeof(float));
    return t;
}

void at_visual_forward(at_graph *g, at_params *p, at_tensor *x, const at_visual_options *o,
                       at_visual_out *out)
{
    float momentum = o->momentum > 0 ? o->momentum : AT_VISUAL_MOMENTUM;
    out->features = at_mobilenet_forward(g, p, "visual", x, momentum, o->observer);
    out->embedding = at_global_avg_pool(g, out->features);
    at_tensor *e = o->dropout > 0 ? at_dropout(g, out->embedding, o->dropout) : out->embedding;
    out->expression = head(g, p, AT_HEAD_FACE8, e);
    out->basic = head(g, p, AT_HEAD_FACE7, e);
    out->state = head(g, p, AT_HEAD_STATE4, e);
    out->engagement = head(g, p, AT_HEAD_ENGAGEMENT3, e);
    out->covered = head(g, p, AT_HEAD_COVERED, e);
    out->units = head(g, p, AT_HEAD_UNITS, e);
    out->pose = head(g, p, AT_HEAD_POSE, e);
    out->dominant = head(g, p, AT_HEAD_DOMINANT4, e);
    add_spatial(g, p, o->dropout, out);
}
