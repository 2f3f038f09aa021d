/* A fusion of both streams, on label-matched pairs of faces and voices (data/pairs.h). The networks are
 * frozen, so what they make of every sample, as it is and degraded, is computed once; pairs are matched
 * anew each epoch. In training one of the streams is left out now and then (modality dropout, paper 3.5),
 * and who counts how much is settled by the model's own reliabilities, as in a session. */
#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"
#include "data/pairs.h"
#include "eval/confidence.h"
#include "fusion/kind.h"
#include "train/calibrate.h"
#include "train/evidence_set.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The samples of a part, by stream. */
typedef struct part {
    at_evidence_set of[ATTUNE_MODALITIES];
} part;

/* A step's windows. */
typedef struct slot {
    at_evidence *evidence; /* (batch, ATTUNE_STREAMS) */
    at_estimate *trust;    /* (batch) */
    float *target;         /* (batch, ATTUNE_EMOTIONS) */
    float *counts;         /* (batch) 0 where nothing does */
} slot;

typedef struct task {
    at_learning t;
    const at_fusion_settings *s;
    at_weights *model;
    at_fusion *before; /* the model's own fusion, and its reliabilities */
    at_fusion_net net; /* in t.params */
    part train, valid;
    at_pair *judged;
    /* prefetch thread */
    at_pair *pairs;
    int64_t pairs_epoch;
    slot slot[2];
} task;

/* ---- batches ---------------------------------------------------------------------------------- */

static int match(const task *t, const part *p, uint64_t seed, int count, at_pair *out,
                 attune_error *err)
{
    const at_evidence_set *face = &p->of[ATTUNE_FACE], *voice = &p->of[ATTUNE_VOICE];
    (void)t;
    return at_pairs_match(out, count, face->emotion, face->samples, voice->emotion, voice->samples,
                          seed, err);
}

/* The version of a sample that is met this time. */
static int draw_version(const task *t, at_rng *rng)
{
    const int poor = t->s->versions - 1;
    return poor < 1 || at_rng_float(rng) < t->s->clean ? 0
                                                       : 1 + (int)at_rng_below(rng, (uint32_t)poor);
}

static void fill_row(const task *t, const at_pair *pair, slot *s, int row, at_rng *rng)
{
    at_evidence *e = s->evidence + (size_t)row * ATTUNE_STREAMS;
    e[ATTUNE_FACE] = *at_evidence_of(&t->train.of[ATTUNE_FACE], pair->face, draw_version(t, rng));
    e[ATTUNE_VOICE] =
        *at_evidence_of(&t->train.of[ATTUNE_VOICE], pair->voice, draw_version(t, rng));
    const float draw = at_rng_float(rng);
    const uint32_t left_out = at_rng_below(rng, ATTUNE_MODALITIES);
    if (draw < t->s->missing)
        e[left_out].present = 0;
    at_fusion_weigh(t->before, e, &s->trust[row]);
    s->counts[row] = s->trust[row].used != 0;
    s->target[row * ATTUNE_EMOTIONS + pair->emotion] = 1;
}

static int prepare(void *self, int64_t step, int number)
{
    task *t = self;
    slot *s = &t->slot[number];
    const int64_t epoch = step / t->t.shards_per_epoch, at = step % t->t.shards_per_epoch;
    at_rng rng;
    if (epoch != t->pairs_epoch) {
        int status = match(t, &t->train, at_step_seed(t->t.plan.seed, -1 - epoch), t->s->pairs,
                           t->pairs, NULL);
        if (status)
            return status;
        t->pairs_epoch = epoch;
    }
    at_rng_seed(&rng, at_step_seed(t->t.plan.seed, step), 0);
    memset(s->target, 0, (size_t)t->t.batch * ATTUNE_EMOTIONS * sizeof(float));
    for (int i = 0; i < t->t.batch; i++)
        fill_row(t, &t->pairs[at * t->t.batch + i], s, i, &rng);
    return ATTUNE_OK;
}

static at_tensor *loss(void *self, at_graph *g, int64_t step, int number)
{
    task *t = self;
    const slot *s = &t->slot[number];
    (void)step;
    at_tensor *y = at_fusion_forward(g, &t->net, s->evidence, s->trust, t->t.batch, t->s->dropout);
    return at_cross_entropy(g, y, s->target, NULL, s->counts, t->s->smoothing);
}

/* ---- evaluation --------------------------------------------------------------------------------- */

/* Under what the pairs are judged: each stream as it is, degraded, or missing. */
typedef enum state { CLEAN, POOR, MISSING } state;
static const struct {
    const char *name;
    state of[ATTUNE_MODALITIES];
} conditions[] = {
    {"clean", {CLEAN, CLEAN}},        {"poor_face", {POOR, CLEAN}},
    {"poor_voice", {CLEAN, POOR}},    {"poor_both", {POOR, POOR}},
    {"face_alone", {CLEAN, MISSING}}, {"voice_alone", {MISSING, CLEAN}},
};
enum { CONDITIONS = sizeof conditions / sizeof *conditions };

/* Answers of the fusion that learns and of the one before to all pairs under all conditions. */
typedef struct trial {
    const task *t;
    float *logit;  /* (CONDITIONS, judged, ATTUNE_EMOTIONS) */
    float *p;      /* the same, of logit at the temperature */
    float *before; /* the same, of the model's own fusion */
    int *label;    /* (CONDITIONS, judged) */
} trial;

static at_evidence evidence_in(const at_evidence_set *s, int sample, int number, state how)
{
    const int poor = s->versions > 1 ? 1 + number % (s->versions - 1) : 0;
    at_evidence e = *at_evidence_of(s, sample, how == POOR ? poor : 0);
    e.present = e.present && how != MISSING;
    return e;
}

static void try_pair(void *arg, int number, int thread)
{
    const trial *x = arg;
    const task *t = x->t;
    const at_pair *pair = &t->judged[number];
    (void)thread;
    for (int c = 0; c < CONDITIONS; c++) {
        const size_t row = (size_t)c * (size_t)t->s->judged + (size_t)number;
        const at_evidence e[ATTUNE_STREAMS] = {evidence_in(&t->valid.of[ATTUNE_FACE], pair->face,
                                                           number, conditions[c].of[ATTUNE_FACE]),
                                               evidence_in(&t->valid.of[ATTUNE_VOICE], pair->voice,
                                                           number, conditions[c].of[ATTUNE_VOICE])};
        float *logit = x->logit + row * ATTUNE_EMOTIONS;
        at_estimate estimate;
        at_fusion_run(t->before, e, &estimate);
        memcpy(x->before + row * ATTUNE_EMOTIONS, estimate.emotion7, sizeof estimate.emotion7);
        memset(logit, 0, sizeof estimate.emotion7);
        if (estimate.used)
            t->net.kind->run(&t->net, e, &estimate, logit);
        x->label[row] = pair->emotion;
    }
}

static double note(json_t **metrics, const char *name, const char *what, const trial *x,
                   const float *p, int from, int rows)
{
    const at_answers a = {.n = rows,
                          .classes = ATTUNE_EMOTIONS,
                          .label = x->label + from,
                          .p = p + (size_t)from * ATTUNE_EMOTIONS};
    at_metrics m;
    char key[48];
    at_metrics_compute(&m, &a);
    snprintf(key, sizeof key, "%s.%s", name, what);
    at_json_put_real(metrics, key, m.balanced_accuracy);
    return m.balanced_accuracy;
}

/* Mean recall under each condition, of both fusions, and what the fusion that learns is worth: its mean. */
static double judge(const trial *x, json_t **metrics)
{
    const int each = x->t->s->judged, all = CONDITIONS * each;
    double sum = 0;
    for (int c = 0; c < CONDITIONS; c++) {
        sum += note(metrics, conditions[c].name, "recall", x, x->p, c * each, each);
        note(metrics, conditions[c].name, "before", x, x->before, c * each, each);
    }
    const at_answers a = {.n = all, .classes = ATTUNE_EMOTIONS, .label = x->label, .p = x->p};
    at_json_put_real(metrics, "ece", at_ece(&a));
    at_json_put_real(metrics, "temperature", x->t->net.temperature->value.data[0]);
    return sum / CONDITIONS;
}

/* The temperature is fitted on the pairs that are judged, under all conditions. */
static int evaluate(void *self, at_graph *g, int64_t step, json_t **metrics, double *score,
                    attune_error *err)
{
    task *t = self;
    const size_t rows = (size_t)CONDITIONS * (size_t)t->s->judged, one = ATTUNE_EMOTIONS;
    float *room = at_alloc(3 * rows, one * sizeof *room);
    trial x = {t, room, room ? room + rows * one : NULL, room ? room + 2 * rows * one : NULL,
               at_alloc(rows, sizeof(int))};
    int status = room && x.label ? ATTUNE_OK : at_fail_nomem(err);
    (void)g;
    (void)step;
    if (!status) {
        float *temperature = &t->net.temperature->value.data[0];
        at_pool_run(t->t.job->pool, t->s->judged, try_pair, &x);
        *temperature = at_fit_temperature(x.logit, x.label, (int)rows, ATTUNE_EMOTIONS);
        for (size_t i = 0; i < rows; i++)
            at_probabilities(x.logit + i * one, ATTUNE_EMOTIONS, 1 / *temperature, x.p + i * one);
        *score = judge(&x, metrics);
    }
    at_free(room);
    at_free(x.label);
    return status;
}

/* ---- start -------------------------------------------------------------------------------------- */

typedef int (*set_fn)(at_evidence_set *, const at_job *, const at_weights *,
                      const at_fusion_settings *, const at_corpus *, attune_error *);

/* Both parts of one stream, which nobody shares. */
static int load_stream(task *t, int stream, const at_corpus_settings *data, set_fn make,
                       attune_error *err)
{
    const at_job *job = t->t.job;
    const int limit = job->options->limit;
    at_corpus train = {0}, valid = {0};
    int status = at_job_corpus(job, data->dataset, data->folder, data->parts.train, 0, &train, err);
    if (!status)
        status = at_job_corpus(job, data->dataset, data->folder, data->parts.valid, 0, &valid, err);
    status = status ? status : at_parts_apart(&train, &valid, err);
    if (!status && (at_corpus_balance(&train, limit ? limit : t->s->most, 1) ||
                    at_corpus_balance(&valid, limit ? limit : t->s->most, 2)))
        status = at_fail_nomem(err);
    status = status ? status : make(&t->train.of[stream], job, t->model, t->s, &train, err);
    status = status ? status : make(&t->valid.of[stream], job, t->model, t->s, &valid, err);
    at_corpus_free(&train);
    at_corpus_free(&valid);
    return status;
}

static int load_parts(task *t, attune_error *err)
{
    int status = load_stream(t, ATTUNE_FACE, &t->s->faces, at_face_evidence_set, err);
    status = status ? status
                    : load_stream(t, ATTUNE_VOICE, &t->s->voices, at_voice_evidence_set, err);
    for (int m = 0; m < ATTUNE_MODALITIES && !status; m++)
        status = at_evidence_statistics(&t->train.of[m], t->net.mean[m]->value.data,
                                        t->net.scale[m]->value.data, err);
    return status;
}

static int make_slots(task *t, attune_error *err)
{
    const size_t batch = (size_t)t->t.batch;
    t->pairs_epoch = -1;
    t->pairs = malloc((size_t)t->s->pairs * sizeof *t->pairs);
    t->judged = malloc((size_t)t->s->judged * sizeof *t->judged);
    int ok = t->pairs && t->judged;
    for (int i = 0; i < 2; i++) {
        slot *s = &t->slot[i];
        s->evidence = at_calloc(batch, ATTUNE_STREAMS * sizeof *s->evidence);
        s->trust = at_calloc(batch, sizeof *s->trust);
        s->target = at_calloc(batch, ATTUNE_EMOTIONS * sizeof(float));
        s->counts = at_calloc(batch, sizeof(float));
        ok = ok && s->evidence && s->trust && s->target && s->counts;
    }
    return ok ? match(t, &t->valid, (uint64_t)t->t.plan.seed, t->s->judged, t->judged, err)
              : at_fail_nomem(err);
}

static int set_up(void *self, attune_error *err)
{
    task *t = self;
    at_rng rng;
    t->s = t->t.job->settings;
    t->t.batch = t->s->batch / t->t.plan.shards;
    t->t.shards_per_epoch = t->s->pairs / t->t.batch;
    at_rng_seed(&rng, (uint64_t)t->t.plan.seed, 0);
    int status = at_fusion_net_make(&t->net, &t->t.params, at_fusion_kind_find(t->s->fusion), NULL,
                                    0, &rng, err);
    status = status ? status : at_job_weights(t->t.job, t->s->model, &t->model, err);
    status = status ? status : at_fusion_load(&t->before, t->model, err);
    if (!status)
        t->net.calibration = at_fusion_calibration(t->before);
    if (!status && t->net.trust)
        t->net.trust->value.data[0] = t->s->trust;
    status = status ? status : load_parts(t, err);
    return status ? status : make_slots(t, err);
}

static void clean_up(void *self)
{
    task *t = self;
    for (int m = 0; m < ATTUNE_MODALITIES; m++) {
        at_evidence_set_free(&t->train.of[m]);
        at_evidence_set_free(&t->valid.of[m]);
    }
    for (int i = 0; i < 2; i++) {
        at_free(t->slot[i].evidence);
        at_free(t->slot[i].trust);
        at_free(t->slot[i].target);
        at_free(t->slot[i].counts);
    }
    free(t->pairs);
    free(t->judged);
    at_fusion_free(&t->before);
    at_weights_free(&t->model);
}

int at_learn_fusion(const at_job *job, attune_error *err)
{
    static const at_learner fusion = {
        .size = sizeof(task),
        .set_up = set_up,
        .clean_up = clean_up,
        .prepare = prepare,
        .loss = loss,
        .evaluate = evaluate,
        .record = "training",
    };
    const at_fusion_settings *s = job->settings;
    return at_learn(&fusion, job, &s->plan, NULL, err);
}
