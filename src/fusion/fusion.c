#include "fusion/fusion.h"
#include "base/error.h"
#include "base/mem.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* A modality whose window covers less than this share loses reliability in proportion. */
static const float full_share = 0.3f;

/* Reference of one modality's embeddings on clean data. */
typedef struct reference {
    int dims;
    float *mean, *inv_std; /* (dims) NULL: none in the model, the distance counts for nothing */
    float near, far;       /* distances at which reliability starts to fall, and is a half */
    float temperature;     /* of the native logits */
} reference;

struct at_fusion {
    reference modality[ATTUNE_MODALITIES];
    float basic_temperature;
    float state_scale[ATTUNE_STATES], state_bias[ATTUNE_STATES * AT_THRESHOLDS];
    float engagement_temperature;
    float floor; /* of reliability */
};

static const char *const prefix[ATTUNE_MODALITIES] = {"fusion.face", "fusion.voice"};

/* ---- loading ------------------------------------------------------------------------------ */

/* Copies an array of n finite numbers if the model has it; 1 if it did, negative when misshapen. */
static int take(const at_weights *w, const char *name, int n, float *out, attune_error *err)
{
    const at_weight *t = at_weights_find(w, name);
    if (!t)
        return 0;
    int ok = t->count == (size_t)n;
    for (int i = 0; ok && i < n; i++)
        ok = isfinite(t->data[i]);
    if (!ok)
        return at_fail(err, ATTUNE_E_FORMAT, "model: %s has another shape or is not finite", name);
    memcpy(out, t->data, (size_t)n * sizeof *out);
    return 1;
}

static int take_part(const at_weights *w, const char *of, const char *what, int n, float *out,
                     attune_error *err)
{
    char name[48];
    snprintf(name, sizeof name, "%s.%s", of, what);
    return take(w, name, n, out, err);
}

static int load_reference(reference *r, const at_weights *w, const char *of, int dims,
                          attune_error *err)
{
    float reach[2] = {1.5f, 3};
    r->dims = dims;
    r->temperature = 1;
    int status = take_part(w, of, "temperature", 1, &r->temperature, err);
    if (status >= 0)
        status = take_part(w, of, "distance", 2, reach, err);
    r->near = reach[0];
    r->far = reach[1];
    if (status < 0)
        return status;
    if (!(r->temperature > 0) || !(r->near >= 0) || !(r->far > r->near))
        return at_fail(err, ATTUNE_E_FORMAT, "model: %s: temperature or distance out of range", of);
    r->mean = at_alloc((size_t)dims, sizeof(float));
    r->inv_std = at_alloc((size_t)dims, sizeof(float));
    if (!r->mean || !r->inv_std)
        return at_fail_nomem(err);
    int has_mean = take_part(w, of, "mean", dims, r->mean, err);
    int has_var = take_part(w, of, "var", dims, r->inv_std, err);
    if (has_mean < 0 || has_var < 0)
        return ATTUNE_E_FORMAT;
    if (!has_mean || !has_var) {
        at_free(r->mean);
        at_free(r->inv_std);
        r->mean = r->inv_std = NULL;
        return ATTUNE_OK;
    }
    for (int i = 0; i < dims; i++)
        r->inv_std[i] = 1 / sqrtf(fmaxf(r->inv_std[i], 1e-12f));
    return ATTUNE_OK;
}

static int load_heads(at_fusion *f, const at_weights *w, attune_error *err)
{
    f->basic_temperature = f->engagement_temperature = 1;
    f->floor = 0.2f;
    for (int s = 0; s < ATTUNE_STATES; s++)
        f->state_scale[s] = 1;
    if (take(w, "fusion.basic.temperature", 1, &f->basic_temperature, err) < 0 ||
        take(w, "fusion.state.scale", ATTUNE_STATES, f->state_scale, err) < 0 ||
        take(w, "fusion.state.bias", ATTUNE_STATES * AT_THRESHOLDS, f->state_bias, err) < 0 ||
        take(w, "fusion.engagement.temperature", 1, &f->engagement_temperature, err) < 0 ||
        take(w, "fusion.floor", 1, &f->floor, err) < 0)
        return ATTUNE_E_FORMAT;
    if (!(f->basic_temperature > 0) || !(f->engagement_temperature > 0))
        return at_fail(err, ATTUNE_E_FORMAT, "model: a temperature is out of range");
    return ATTUNE_OK;
}

int at_fusion_load(at_fusion **out, const at_weights *w, attune_error *err)
{
    static const int dims[ATTUNE_MODALITIES] = {AT_VISUAL_EMBED, AT_AUDIO_EMBED};
    at_fusion *f = at_calloc(1, sizeof *f);
    if (!f)
        return at_fail_nomem(err);
    int status = load_heads(f, w, err);
    for (int m = 0; m < ATTUNE_MODALITIES && !status; m++)
        status = load_reference(&f->modality[m], w, prefix[m], dims[m], err);
    if (status)
        at_fusion_free(&f);
    else
        *out = f;
    return status;
}

void at_fusion_free(at_fusion **f)
{
    if (!f || !*f)
        return;
    for (int m = 0; m < ATTUNE_MODALITIES; m++) {
        at_free((*f)->modality[m].mean);
        at_free((*f)->modality[m].inv_std);
    }
    at_free(*f);
    *f = NULL;
}

/* ---- running ------------------------------------------------------------------------------ */

float at_embedding_distance(const float *embedding, const float *mean, const float *inv_std,
                            int dims)
{
    double sum = 0;
    for (int i = 0; i < dims; i++) {
        double z = (double)(embedding[i] - mean[i]) * inv_std[i];
        sum += z * z;
    }
    return (float)sqrt(sum / dims);
}

/* 1 up to near, a half at far, falling as a Cauchy tail: far out it never quite reaches 0. */
static float nearness(const reference *r, const float *embedding)
{
    if (!r->mean || !embedding)
        return 1;
    float d = at_embedding_distance(embedding, r->mean, r->inv_std, r->dims);
    if (!isfinite(d))
        return 0;
    float over = fmaxf(0, d - r->near) / (r->far - r->near);
    return 1 / (1 + over * over);
}

static float reliability(const reference *r, const at_evidence *e)
{
    if (!e->present)
        return 0;
    float quality = isfinite(e->quality) ? fminf(1, fmaxf(0, e->quality)) : 0;
    float share = fminf(1, fmaxf(0, e->share) / full_share);
    return nearness(r, e->embedding) * quality * share;
}

static int finite_logits(const at_evidence *e)
{
    for (int i = 0; i < AT_FACE_CLASSES; i++)
        if (!isfinite(e->logit[i]))
            return 0;
    return 1;
}

/* emotion7 := softmax(sum_m w_m log p_m) */
static void mix(const at_fusion *f, const at_evidence *evidence, const float *weight,
                float *emotion7)
{
    float logit[ATTUNE_EMOTIONS] = {0};
    for (int m = 0; m < ATTUNE_MODALITIES; m++) {
        float native[AT_FACE_CLASSES], p[ATTUNE_EMOTIONS];
        if (!(weight[m] > 0))
            continue;
        at_fusion_native(f, m, evidence[m].logit, native);
        at_fold(m == ATTUNE_FACE ? AT_HEAD_FACE8 : AT_HEAD_VOICE8, native, p);
        for (int e = 0; e < ATTUNE_EMOTIONS; e++)
            logit[e] += weight[m] * logf(fmaxf(p[e], 1e-7f));
    }
    at_probabilities(logit, ATTUNE_EMOTIONS, 1, emotion7);
}

void at_fusion_run(const at_fusion *f, const at_evidence evidence[ATTUNE_MODALITIES],
                   at_estimate *out)
{
    float best = 0, sum = 0;
    memset(out, 0, sizeof *out);
    for (int m = 0; m < ATTUNE_MODALITIES; m++) {
        if (evidence[m].present && finite_logits(&evidence[m]))
            out->reliability[m] = reliability(&f->modality[m], &evidence[m]);
        best = fmaxf(best, out->reliability[m]);
    }
    /* Below the floor a modality is left out, unless there is nothing better: then the window
     * abstains, and what was seen is kept as a record. */
    out->abstain = best < f->floor;
    for (int m = 0; m < ATTUNE_MODALITIES; m++) {
        float r = out->reliability[m];
        if (r > 0 && (r >= f->floor || out->abstain)) {
            out->used |= 1u << m;
            out->weight[m] = r;
            sum += r;
        }
    }
    for (int m = 0; m < ATTUNE_MODALITIES; m++)
        out->weight[m] = sum > 0 ? out->weight[m] / sum : 0;
    if (!out->used)
        out->abstain = 1;
    mix(f, evidence, out->weight, out->emotion7);
}

void at_fusion_states(const at_fusion *f, const float *state_logit, const float *engagement_logit,
                      float state4[ATTUNE_STATES][ATTUNE_LEVELS],
                      float engagement3[ATTUNE_ENGAGEMENTS])
{
    for (int s = 0; s < ATTUNE_STATES; s++) {
        float logit[AT_THRESHOLDS];
        for (int k = 0; k < AT_THRESHOLDS; k++) {
            int i = s * AT_THRESHOLDS + k;
            logit[k] = f->state_scale[s] * state_logit[i] + f->state_bias[i];
        }
        at_ordinal_to_levels(logit, state4[s]);
    }
    at_probabilities(engagement_logit, ATTUNE_ENGAGEMENTS, 1 / f->engagement_temperature,
                     engagement3);
}

void at_fusion_native(const at_fusion *f, int modality, const float *logit, float *p)
{
    at_probabilities(logit, AT_FACE_CLASSES, 1 / f->modality[modality].temperature, p);
}

void at_fusion_basic(const at_fusion *f, const float *logit, float *p)
{
    at_probabilities(logit, AT_BASIC_CLASSES, 1 / f->basic_temperature, p);
}
