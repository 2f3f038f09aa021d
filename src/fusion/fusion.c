#include "fusion/fusion.h"
#include "base/error.h"
#include "base/mem.h"
#include "fusion/arrays.h"
#include "fusion/parts.h"
#include "fusion/stream.h"
#include <math.h>
#include <string.h>

/* ---- loading ------------------------------------------------------------------------------ */

static int load_kind(at_fusion *f, const at_weights *w, attune_error *err)
{
    const char *name = at_weights_meta(w, "fusion");
    const at_fusion_kind *kind = name ? at_fusion_kind_find(name) : at_fusion_kind_in(w);
    if (!kind && !name)
        kind = at_fusion_kinds[0];
    if (!kind)
        return at_fail(err, ATTUNE_E_UNSUPPORTED, "model: there is no fusion \"%s\"", name);
    int status = at_fusion_net_make(&f->net, &f->params, kind, w, 0, NULL, err);
    f->net.calibration = &f->calibration;
    return status;
}

static int load_trust(at_fusion *f, int m, const at_weights *w, attune_error *err)
{
    const char *of = at_fusion_streams[m].arrays;
    f->trust[m] = 1;
    return at_fusion_take_part(w, of, "trust", 1, &f->trust[m], err) < 0 ? ATTUNE_E_FORMAT
                                                                         : ATTUNE_OK;
}

static int load_thresholds(at_fusion *f, const at_weights *w, attune_error *err)
{
    f->floor = 0.2f;
    f->doubt = 0;
    return at_fusion_take(w, "fusion.floor", 1, &f->floor, err) < 0 ||
                   at_fusion_take(w, "fusion.doubt", 1, &f->doubt, err) < 0
               ? ATTUNE_E_FORMAT
               : ATTUNE_OK;
}

static int load_parts(at_fusion *f, const at_weights *w, attune_error *err)
{
    int status = load_kind(f, w, err);
    for (int m = 0; m < ATTUNE_STREAMS && status == ATTUNE_OK; m++) {
        const at_fusion_stream *s = &at_fusion_streams[m];
        status = at_reference_load(&f->reference[m], w, s->arrays, s->dims, err);
    }
    if (status == ATTUNE_OK)
        status = at_calibration_load(&f->calibration, w, err);
    for (int m = 0; m < ATTUNE_MODALITIES && status == ATTUNE_OK; m++) {
        const at_fusion_stream *s = &at_fusion_streams[m];
        status = at_usual_load(&f->usual[m], w, s->arrays, at_heads[s->head].classes,
                               f->calibration.temperature[m], err);
    }
    for (int m = 0; m < ATTUNE_STREAMS && status == ATTUNE_OK; m++)
        status = load_trust(f, m, w, err);
    return status ? status : load_thresholds(f, w, err);
}

int at_fusion_load(at_fusion **out, const at_weights *w, attune_error *err)
{
    at_fusion *f = at_calloc(1, sizeof *f);
    if (!f)
        return at_fail_nomem(err);
    int status = load_parts(f, w, err);
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
    for (int m = 0; m < ATTUNE_STREAMS; m++)
        at_reference_free(&(*f)->reference[m]);
    at_params_free(&(*f)->params);
    at_free(*f);
    *f = NULL;
}

/* ---- running ------------------------------------------------------------------------------ */

static int all_finite(const float *x, int n)
{
    for (int i = 0; i < n; i++)
        if (!isfinite(x[i]))
            return 0;
    return 1;
}

/* What is not a number counts for nothing; learned kinds look at embedding and tokens too. */
static int is_usable(const at_fusion *f, int m, const at_evidence *e)
{
    const at_fusion_stream *s = &at_fusion_streams[m];
    if (!e->present) /* absent */
        return 0;
    if (!at_fusion_takes(&f->net, m))
        return 0;
    if (at_fusion_answers(m) && !all_finite(e->logit, at_heads[s->head].classes))
        return 0;
    return !at_fusion_is_learned(f->net.kind) ||
           (e->embedding && all_finite(e->embedding, s->dims) &&
            all_finite(e->tokens.x, e->tokens.n * e->tokens.dims));
}

/* What is fit to be judged is told as its networks tell it, which are right about as often as they say on
 * degraded input too; below the floor that fades, and nothing is told surely. */
static float fitness(const at_fusion *f, float condition)
{
    return f->floor > 0 ? fminf(1, condition / f->floor) : 1;
}

/* Who counts and how much: weights follow what each is worth, the fittest its whole trust, another less by
 * the root of how much less fit it is. Below the floor a modality is left out, unless there is nothing
 * better: then the window abstains. */
static void share_weight(const at_fusion *f, at_estimate *out)
{
    float best = 0, sum = 0;
    for (int m = 0; m < ATTUNE_STREAMS; m++)
        best = fmaxf(best, out->condition[m]);
    out->abstain = best < f->floor;
    for (int m = 0; m < ATTUNE_STREAMS; m++) {
        float c = out->condition[m];
        if (c > 0 && (c >= f->floor || out->abstain)) {
            out->used |= 1u << m;
            out->worth[m] = f->trust[m] * sqrtf(c / best) * fitness(f, best);
            sum += out->worth[m];
        }
    }
    for (int m = 0; m < ATTUNE_STREAMS; m++)
        out->weight[m] = sum > 0 ? out->worth[m] / sum : 0;
    if (!out->used)
        out->abstain = 1;
}

/* Its numbers come of a model's arrays, which may be anything. */
static int tells_states(const at_evidence *e)
{
    return e->state && all_finite(e->state, ATTUNE_STATES * AT_THRESHOLDS) &&
           all_finite(e->engagement, ATTUNE_ENGAGEMENTS);
}

/* Learning states: mean of the logits of those that were used and have them, by weight. What is too
 * poor for the expression is too poor for the states. */
static void fuse_states(const at_fusion *f, const at_evidence *evidence, at_estimate *out)
{
    float state[ATTUNE_STATES * AT_THRESHOLDS] = {0}, engagement[ATTUNE_ENGAGEMENTS] = {0}, sum = 0;
    for (int m = 0; m < ATTUNE_MODALITIES; m++)
        if (out->used & 1u << m && tells_states(&evidence[m]))
            sum += out->weight[m];
    for (int m = 0; m < ATTUNE_MODALITIES && sum > 0; m++) {
        float k = out->weight[m] / sum;
        if (!(out->used & 1u << m) || !tells_states(&evidence[m]))
            continue;
        for (int i = 0; i < ATTUNE_STATES * AT_THRESHOLDS; i++)
            state[i] += k * evidence[m].state[i];
        for (int i = 0; i < ATTUNE_ENGAGEMENTS; i++)
            engagement[i] += k * evidence[m].engagement[i];
    }
    out->has_state = sum > 0;
    if (out->has_state)
        at_fusion_states(f, state, engagement, out->state4, out->engagement3);
}

void at_fusion_weigh(const at_fusion *f, const at_evidence evidence[ATTUNE_STREAMS],
                     at_estimate *out)
{
    memset(out, 0, sizeof *out);
    for (int m = 0; m < ATTUNE_STREAMS; m++)
        if (is_usable(f, m, &evidence[m]))
            out->condition[m] = at_condition(&f->reference[m], &evidence[m]);
    share_weight(f, out);
}

/* Uniform when nothing counts, and where what counts makes no number of it. */
static void fuse_emotion(const at_fusion *f, const at_evidence *evidence, at_estimate *out)
{
    float logit[ATTUNE_EMOTIONS] = {0};
    if (out->used)
        f->net.kind->run(&f->net, evidence, out, logit);
    if (!all_finite(logit, ATTUNE_EMOTIONS)) {
        memset(logit, 0, sizeof logit);
        out->abstain = 1;
    }
    at_probabilities(logit, ATTUNE_EMOTIONS, 1 / f->net.temperature->value.data[0], out->emotion7);
}

/* How likely each modality's own answer is by all that was used; and whether anything is. */
static void rate(const at_fusion *f, const at_evidence *evidence, at_estimate *out)
{
    for (int m = 0; m < ATTUNE_MODALITIES; m++) {
        float own[ATTUNE_EMOTIONS];
        if (!(out->condition[m] > 0))
            continue;
        at_fusion_emotion(f, m, evidence[m].logit, own);
        out->reliability[m] = fitness(f, out->condition[m]) *
                              out->emotion7[at_likeliest(own, ATTUNE_EMOTIONS)];
    }
    out->doubtful = out->emotion7[at_likeliest(out->emotion7, ATTUNE_EMOTIONS)] < f->doubt;
}

void at_fusion_answer(const at_fusion *f, const at_evidence evidence[ATTUNE_STREAMS],
                      at_estimate *out)
{
    fuse_emotion(f, evidence, out);
    rate(f, evidence, out);
}

int at_fusion_answers_again(const at_fusion *f)
{
    return !at_fusion_is_learned(f->net.kind);
}

void at_fusion_run(const at_fusion *f, const at_evidence evidence[ATTUNE_STREAMS], at_estimate *out)
{
    at_fusion_weigh(f, evidence, out);
    at_fusion_answer(f, evidence, out);
    fuse_states(f, evidence, out);
}

int at_fusion_weigh_also(at_fusion *f, int stream, const float *mean, const float *var,
                         const float distance[2])
{
    at_reference *r = &f->reference[stream];
    at_reference_free(r);
    f->net.streams |= 1u << stream;
    r->near = distance[0];
    r->far = distance[1];
    return at_reference_set(r, mean, var);
}

const at_calibration *at_fusion_calibration(const at_fusion *f)
{
    return &f->calibration;
}

/* ---- what is usual -------------------------------------------------------------------------- */

int at_fusion_classes(int modality)
{
    return at_heads[at_fusion_streams[modality].head].classes;
}

const at_usual *at_fusion_usual(const at_fusion *f, int modality)
{
    static const at_usual none = {0};
    return at_fusion_hears(f->net.kind) ? &f->usual[modality] : &none;
}

void at_fusion_offset(int modality, const float *offset, float emotion7[ATTUNE_EMOTIONS])
{
    const at_head_info *head = &at_heads[at_fusion_streams[modality].head];
    int n[ATTUNE_EMOTIONS] = {0};
    memset(emotion7, 0, ATTUNE_EMOTIONS * sizeof *emotion7);
    for (int k = 0; k < head->classes; k++)
        if (head->emotion[k] >= 0) {
            emotion7[head->emotion[k]] += offset[k];
            n[head->emotion[k]]++;
        }
    for (int e = 0; e < ATTUNE_EMOTIONS; e++)
        emotion7[e] /= (float)(n[e] ? n[e] : 1);
}

/* ---- one stream's answer -------------------------------------------------------------------- */

void at_fusion_states(const at_fusion *f, const float *state_logit, const float *engagement_logit,
                      float state4[ATTUNE_STATES][ATTUNE_LEVELS],
                      float engagement3[ATTUNE_ENGAGEMENTS])
{
    at_calibrated_states(&f->calibration, state_logit, engagement_logit, state4, engagement3);
}

void at_fusion_native(const at_fusion *f, int modality, const float *logit, float *p)
{
    at_calibrated_native(&f->calibration, modality, logit, p);
}

void at_fusion_emotion(const at_fusion *f, int modality, const float *logit, float *emotion7)
{
    at_calibrated_emotion(&f->calibration, modality, logit, emotion7);
}

void at_fusion_basic(const at_fusion *f, const float *logit, float *p)
{
    at_probabilities(logit, AT_BASIC_CLASSES, 1 / f->calibration.basic_temperature, p);
}
