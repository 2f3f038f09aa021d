#include "experiments/signs.h"

#include "base/error.h"
#include "base/mem.h"
#include "fusion/stream.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- the model ------------------------------------------------------------------------------ */

static int members_of(const at_weights *w, const char *stream)
{
    char name[48];
    int n = 1;
    do
        snprintf(name, sizeof name, "%s%d.expression.weight", stream, n++);
    while (at_weights_find(w, name));
    return n - 1;
}

/* Of an ensemble the embedding is the first member's, whose logits count for one of so many. */
static void find_head(at_assessor *a, int m)
{
    static const char *const of[ATTUNE_MODALITIES] = {
        [ATTUNE_FACE] = "visual", [ATTUNE_VOICE] = "audio"};
    char name[48];
    snprintf(name, sizeof name, "%s.expression.weight", of[m]);
    const at_weight *w = at_weights_find(a->weights, name);
    const at_fusion_stream *s = &at_fusion_streams[m];
    if (!w || w->count != (size_t)(s->dims * at_heads[s->head].classes))
        return;
    a->head[m] = w->data;
    a->share[m] = 1 / (float)members_of(a->weights, of[m]);
}

int at_assessor_open(at_assessor *a, const char *model, attune_error *err)
{
    *a = (at_assessor){0};
    int status = at_weights_load(&a->weights, model, err);
    status = status ? status : at_fusion_load(&a->fusion, a->weights, err);
    for (int m = 0; m < ATTUNE_MODALITIES && !status; m++) {
        const at_fusion_stream *s = &at_fusion_streams[m];
        status = at_reference_load(&a->reference[m], a->weights, s->arrays, s->dims, err);
        a->normal[m] = (at_normal){.dims = s->dims,
                                   .token = s->token,
                                   .mean = a->reference[m].mean,
                                   .inv_deviation = a->reference[m].inv_std};
        find_head(a, m);
    }
    return status;
}

int at_assessor_fit(at_assessor *a, int modality, const at_cases *normal, attune_error *err)
{
    const float **x = at_calloc((size_t)normal->n + 1, sizeof *x);
    at_normal *r = &a->normal[modality];
    int n = 0, status = x ? ATTUNE_OK : at_fail_nomem(err);
    for (int i = 0; i < normal->n && !status; i++)
        if (normal->list[i].of[modality].present)
            x[n++] = normal->list[i].of[modality].embedding;
    if (!status && n && r->mean &&
        at_normal_fit(r, r->mean, r->inv_deviation, r->dims, r->token, x, n))
        status = at_fail_nomem(err);
    at_free(x);
    return status;
}

void at_assessor_close(at_assessor *a)
{
    for (int m = 0; m < ATTUNE_MODALITIES; m++) {
        at_normal_free(&a->normal[m]);
        at_reference_free(&a->reference[m]);
    }
    at_fusion_free(&a->fusion);
    at_weights_free(&a->weights);
}

/* ---- a view --------------------------------------------------------------------------------- */

static void estimate(at_view *v, int i, at_left_out out)
{
    at_evidence e[ATTUNE_STREAMS];
    memcpy(e, v->c->list[i].of, sizeof e);
    for (int m = 0; m < ATTUNE_MODALITIES; m++) {
        if (out == AT_DISTANCE_OUT)
            e[m].embedding = NULL;
        if (out == AT_QUALITY_OUT)
            e[m].quality = 1;
        if (out == AT_SHARE_OUT)
            e[m].share = 1;
    }
    at_fusion_run(v->a->fusion, e, &v->estimate[out * v->c->n + i]);
}

static float *mean_of(const at_view *v, int m, int person)
{
    return v->usual[m] + (size_t)person * 2 * (size_t)at_fusion_streams[m].dims;
}

/* Means and deviations of each person's embeddings. */
static void gather_usual(at_view *v, int m)
{
    const int dims = at_fusion_streams[m].dims;
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < v->c->n; i++) {
            const at_case *one = &v->c->list[i];
            if (!one->of[m].present || one->person[m] < 0)
                continue;
            float *mean = mean_of(v, m, one->person[m]), *deviation = mean + dims;
            v->met[m][one->person[m]] += !pass;
            for (int d = 0; d < dims; d++) {
                const float x = one->of[m].embedding[d];
                if (pass)
                    deviation[d] += (x - mean[d]) * (x - mean[d]);
                else /* a running mean */
                    mean[d] += (x - mean[d]) / (float)v->met[m][one->person[m]];
            }
        }
    for (int p = 0; p < v->c->people; p++)
        for (int d = 0; d < dims && v->met[m][p]; d++) {
            float *deviation = mean_of(v, m, p) + dims;
            deviation[d] = sqrtf(deviation[d] / (float)v->met[m][p]);
        }
}

int at_view_make(at_view *v, const at_assessor *a, const at_cases *c, attune_error *err)
{
    const size_t people = (size_t)c->people + 1;
    *v = (at_view){.a = a, .c = c};
    v->estimate = at_calloc((size_t)c->n + 1, AT_LEFT_OUTS * sizeof *v->estimate);
    int ok = v->estimate != NULL;
    for (int m = 0; m < ATTUNE_MODALITIES; m++) {
        v->usual[m] = at_calloc(people * 2 * (size_t)at_fusion_streams[m].dims, sizeof(float));
        v->met[m] = at_calloc(people, sizeof(int));
        ok = ok && v->usual[m] && v->met[m];
    }
    if (!ok) {
        at_view_free(v);
        return at_fail_nomem(err);
    }
    for (int i = 0; i < c->n; i++)
        for (int out = 0; out < AT_LEFT_OUTS; out++)
            estimate(v, i, (at_left_out)out);
    for (int m = 0; m < ATTUNE_MODALITIES; m++)
        gather_usual(v, m);
    return ATTUNE_OK;
}

void at_view_free(at_view *v)
{
    at_free(v->estimate);
    for (int m = 0; m < ATTUNE_MODALITIES; m++) {
        at_free(v->usual[m]);
        at_free(v->met[m]);
    }
    memset(v, 0, sizeof *v);
}

/* ---- a stream's own answer ------------------------------------------------------------------ */

static const at_evidence *evidence(const at_view *v, int i, int m)
{
    return &v->c->list[i].of[m];
}

static const at_estimate *estimated(const at_view *v, int i, at_left_out out)
{
    return &v->estimate[out * v->c->n + i];
}

/* What the stream answers by these logits: the emotion; *p: its probability. */
static int answer(const at_view *v, int m, const float *logit, float *p)
{
    float own[ATTUNE_EMOTIONS];
    at_fusion_emotion(v->a->fusion, m, logit, own);
    const int best = at_likeliest(own, ATTUNE_EMOTIONS);
    *p = own[best];
    return best;
}

/* A figure of the stream's answer as it is. */
static int of_answer(const at_view *v, int i, int m, float figure, at_sure *out)
{
    float p;
    out->right = answer(v, m, evidence(v, i, m)->logit, &p) == v->c->list[i].emotion;
    out->sure = figure;
    return isfinite(figure);
}

static int distance(const at_view *v, int i, int m, at_left_out out, at_sure *sure)
{
    const at_normal *r = &v->a->normal[m];
    (void)out;
    return r->mean &&
           of_answer(v, i, m, -at_normal_distance(r, evidence(v, i, m)->embedding), sure);
}

static int distance_low_rank(const at_view *v, int i, int m, at_left_out out, at_sure *sure)
{
    const at_normal *r = &v->a->normal[m];
    (void)out;
    return r->factor &&
           of_answer(v, i, m, -at_normal_distance_low_rank(r, evidence(v, i, m)->embedding), sure);
}

static int inflation(const at_view *v, int i, int m, at_left_out out, at_sure *sure)
{
    const at_normal *r = &v->a->normal[m];
    (void)out;
    return r->mean && of_answer(v, i, m, -at_normal_inflation(r, &evidence(v, i, m)->tokens), sure);
}

static int quality(const at_view *v, int i, int m, at_left_out out, at_sure *sure)
{
    (void)out;
    return of_answer(v, i, m, evidence(v, i, m)->quality, sure);
}

static int share(const at_view *v, int i, int m, at_left_out out, at_sure *sure)
{
    (void)out;
    return of_answer(v, i, m, evidence(v, i, m)->share, sure);
}

static int condition(const at_view *v, int i, int m, at_left_out out, at_sure *sure)
{
    return of_answer(v, i, m, estimated(v, i, out)->condition[m], sure);
}

static int own_probability(const at_view *v, int i, int m, at_left_out out, at_sure *sure)
{
    float p;
    (void)out;
    answer(v, m, evidence(v, i, m)->logit, &p);
    return of_answer(v, i, m, p, sure);
}

static int probability_by_both(const at_view *v, int i, int m, at_left_out out, at_sure *sure)
{
    float p;
    const int own = answer(v, m, evidence(v, i, m)->logit, &p);
    return of_answer(v, i, m, estimated(v, i, out)->emotion7[own], sure);
}

static int reliability(const at_view *v, int i, int m, at_left_out out, at_sure *sure)
{
    return of_answer(v, i, m, estimated(v, i, out)->reliability[m], sure);
}

/* ---- another answer, of another embedding --------------------------------------------------- */

enum { MOST_DIMS = AT_VISUAL_EMBED };
_Static_assert((int)MOST_DIMS >= (int)AT_AUDIO_EMBED, "room for either");

/* What the stream would answer if its embedding were y: the head is linear. */
static int answer_to(const at_view *v, int i, int m, const float *y, at_sure *sure)
{
    const at_evidence *e = evidence(v, i, m);
    const int classes = at_heads[at_fusion_streams[m].head].classes;
    float logit[AT_MOST_CLASSES];
    memcpy(logit, e->logit, (size_t)classes * sizeof *logit);
    for (int d = 0; d < at_fusion_streams[m].dims; d++)
        for (int k = 0; k < classes; k++)
            logit[k] += v->a->share[m] * (y[d] - e->embedding[d]) * v->a->head[m][d * classes + k];
    sure->right = answer(v, m, logit, &sure->sure) == v->c->list[i].emotion;
    return 1;
}

static int adjusted(const at_view *v, int i, int m, at_left_out out, at_sure *sure)
{
    float y[MOST_DIMS];
    (void)out;
    if (!v->a->head[m] || !v->a->normal[m].mean)
        return 0;
    at_normal_adjust(&v->a->normal[m], v->a->reference[m].near, evidence(v, i, m)->embedding, y);
    return answer_to(v, i, m, y, sure);
}

/* Of who is known by some samples at least. */
static int adapted(const at_view *v, int i, int m, at_left_out out, at_sure *sure)
{
    enum { FEW = 8 };
    float y[MOST_DIMS];
    const int person = v->c->list[i].person[m];
    (void)out;
    if (!v->a->head[m] || !v->a->normal[m].mean || person < 0 || v->met[m][person] < FEW)
        return 0;
    const float *mean = mean_of(v, m, person);
    at_normal_adapt(&v->a->normal[m], mean, mean + at_fusion_streams[m].dims,
                    evidence(v, i, m)->embedding, y);
    return answer_to(v, i, m, y, sure);
}

/* ---- what both answer ----------------------------------------------------------------------- */

static int of_fused(const at_view *v, int i, const at_estimate *e, float figure, at_sure *sure)
{
    sure->right = at_likeliest(e->emotion7, ATTUNE_EMOTIONS) == v->c->list[i].emotion;
    sure->sure = figure;
    return e->used != 0;
}

static float top(const at_estimate *e)
{
    return e->emotion7[at_likeliest(e->emotion7, ATTUNE_EMOTIONS)];
}

static int fused_probability(const at_view *v, int i, int m, at_left_out out, at_sure *sure)
{
    const at_estimate *e = estimated(v, i, out);
    (void)m;
    return of_fused(v, i, e, top(e), sure);
}

static float mean_condition(const at_estimate *e)
{
    float sum = 0;
    for (int m = 0; m < ATTUNE_MODALITIES; m++)
        sum += e->weight[m] * e->condition[m];
    return sum;
}

static int fused_condition(const at_view *v, int i, int m, at_left_out out, at_sure *sure)
{
    const at_estimate *e = estimated(v, i, out);
    (void)m;
    return of_fused(v, i, e, mean_condition(e), sure);
}

static int fused_reliability(const at_view *v, int i, int m, at_left_out out, at_sure *sure)
{
    const at_estimate *e = estimated(v, i, out);
    (void)m;
    return of_fused(v, i, e, top(e) * mean_condition(e), sure);
}

const at_sign at_signs[] = {
    {"distance, diagonal covariance", 0, 0, distance, AT_NOTHING_OUT},
    {"distance, low-rank covariance", 0, 0, distance_low_rank, AT_NOTHING_OUT},
    {"variance over the window", 0, 0, inflation, AT_NOTHING_OUT},
    {"quality measures", 0, 0, quality, AT_NOTHING_OUT},
    {"share of the window", 0, 0, share, AT_NOTHING_OUT},
    {"condition", 0, 0, condition, AT_NOTHING_OUT},
    {"condition without distance", 0, 0, condition, AT_DISTANCE_OUT},
    {"condition without quality", 0, 0, condition, AT_QUALITY_OUT},
    {"condition without share", 0, 0, condition, AT_SHARE_OUT},
    {"own probability", 0, 1, own_probability, AT_NOTHING_OUT},
    {"own probability, scale adjusted", 0, 1, adjusted, AT_NOTHING_OUT},
    {"own probability, adapted to the person", 0, 1, adapted, AT_NOTHING_OUT},
    {"probability by both", 0, 1, probability_by_both, AT_NOTHING_OUT},
    {"reliability", 0, 1, reliability, AT_NOTHING_OUT},
    {"reliability without distance", 0, 1, reliability, AT_DISTANCE_OUT},
    {"reliability without quality", 0, 1, reliability, AT_QUALITY_OUT},
    {"reliability without share", 0, 1, reliability, AT_SHARE_OUT},
    {"mean condition", 1, 0, fused_condition, AT_NOTHING_OUT},
    {"probability", 1, 1, fused_probability, AT_NOTHING_OUT},
    {"probability without distance", 1, 1, fused_probability, AT_DISTANCE_OUT},
    {"probability without quality", 1, 1, fused_probability, AT_QUALITY_OUT},
    {"probability without share", 1, 1, fused_probability, AT_SHARE_OUT},
    {"probability times mean condition", 1, 1, fused_reliability, AT_NOTHING_OUT},
    {0},
};
