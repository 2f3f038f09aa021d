/* A fusion of both streams, and of what was recorded beside them, on label-matched pairs of faces and voices (data/pairs.h). The networks are
 * frozen, so what they make of every sample, as it is and degraded, is computed once; pairs are matched
 * anew each epoch. In training one of the streams is left out now and then (modality dropout, paper 3.5),
 * and who counts how much is settled by the model's own reliabilities, as in a session. */
#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"
#include "data/pairs.h"
#include "eval/confidence.h"
#include "fusion/condition.h"
#include "fusion/kind.h"
#include "fusion/stream.h"
#include "train/calibrate.h"
#include "train/evidence_set.h"
#include "train/fusion_corpora.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The samples of a part, by stream. */
typedef struct part {
    at_evidence_set of[ATTUNE_STREAMS];
    int *of_emotion[ATTUNE_STREAMS]; /* of a stream beside: samples by emotion, as many as it has */
    int first[ATTUNE_STREAMS][ATTUNE_EMOTIONS + 1];
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
    at_signal_scale scale;
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

/* One of the stream's samples of that emotion, in one of its versions; absent where there is none. */
static at_evidence draw_beside(const part *p, int stream, int emotion, at_rng *rng)
{
    const at_evidence_set *set = &p->of[stream];
    const int *first = p->first[stream], n = first[emotion + 1] - first[emotion];
    if (!n)
        return (at_evidence){0};
    const int sample = p->of_emotion[stream][first[emotion] + (int)at_rng_below(rng, (uint32_t)n)];
    return *at_evidence_of(set, sample, (int)at_rng_below(rng, (uint32_t)set->versions));
}

/* What is beside: now and then absent, as it mostly is in life. */
static void fill_beside(const task *t, const at_pair *pair, at_evidence *e, at_rng *rng)
{
    for (int m = ATTUNE_MODALITIES; m < ATTUNE_STREAMS; m++) {
        const float absent = m == ATTUNE_SIGNAL ? t->s->signals.absent : t->s->chats.absent;
        e[m] = (at_evidence){0};
        if (!t->train.of[m].samples)
            continue;
        e[m] = draw_beside(&t->train, m, pair->emotion, rng);
        if (at_rng_float(rng) < absent)
            e[m].present = 0;
    }
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
    fill_beside(t, pair, e, rng);
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
typedef enum state { MISSING, CLEAN, POOR } state;
static const struct condition {
    const char *name;
    state of[ATTUNE_STREAMS];
} conditions[] = {
    {"clean", {CLEAN, CLEAN}},
    {"poor_face", {POOR, CLEAN}},
    {"poor_voice", {CLEAN, POOR}},
    {"poor_both", {POOR, POOR}},
    {"face_alone", {CLEAN, MISSING}},
    {"voice_alone", {MISSING, CLEAN}},
    {"with_signal", {CLEAN, CLEAN, CLEAN}},
    {"voice_and_signal", {MISSING, CLEAN, CLEAN}},
    {"signal_alone", {MISSING, MISSING, CLEAN}},
    {"with_chat", {CLEAN, CLEAN, MISSING, CLEAN}},
    {"voice_and_chat", {MISSING, CLEAN, MISSING, CLEAN}},
    {"chat_alone", {MISSING, MISSING, MISSING, CLEAN}},
};
enum { CONDITIONS = sizeof conditions / sizeof *conditions };

/* The i-th of those that there are streams for; NULL past the end. */
static const struct condition *condition_at(const task *t, int i)
{
    for (int c = 0; c < CONDITIONS; c++) {
        int there = 1;
        for (int m = 0; m < ATTUNE_STREAMS; m++)
            there &= conditions[c].of[m] == MISSING || t->valid.of[m].samples > 0;
        if (there && i-- == 0)
            return &conditions[c];
    }
    return NULL;
}

static int count_conditions(const task *t)
{
    int n = 0;
    while (condition_at(t, n))
        n++;
    return n;
}

/* Answers of the fusion that learns and of the one before to all pairs under all conditions. */
typedef struct trial {
    const task *t;
    int conditions;
    float *logit;  /* (conditions, judged, ATTUNE_EMOTIONS) */
    float *p;      /* the same, of logit at the temperature */
    float *before; /* the same, of the model's own fusion */
    int *label;    /* (conditions, judged) */
} trial;

static at_evidence evidence_in(const at_evidence_set *s, int sample, int number, state how)
{
    const int poor = s->versions > 1 ? 1 + number % (s->versions - 1) : 0;
    at_evidence e = *at_evidence_of(s, sample, how == POOR ? poor : 0);
    e.present = e.present && how != MISSING;
    return e;
}

/* The same for every evaluation and condition. */
static at_evidence beside_in(const task *t, const at_pair *pair, int number, int stream, state how)
{
    at_rng rng;
    if (how == MISSING)
        return (at_evidence){0};
    at_rng_seed(&rng, at_step_seed(t->t.plan.seed, stream), (uint64_t)number);
    return draw_beside(&t->valid, stream, pair->emotion, &rng);
}

static void try_pair(void *arg, int number, int thread)
{
    const trial *x = arg;
    const task *t = x->t;
    const at_pair *pair = &t->judged[number];
    (void)thread;
    for (int c = 0; c < x->conditions; c++) {
        const size_t row = (size_t)c * (size_t)t->s->judged + (size_t)number;
        const state *of = condition_at(t, c)->of;
        at_evidence e[ATTUNE_STREAMS] = {
            evidence_in(&t->valid.of[ATTUNE_FACE], pair->face, number, of[ATTUNE_FACE]),
            evidence_in(&t->valid.of[ATTUNE_VOICE], pair->voice, number, of[ATTUNE_VOICE])};
        float *logit = x->logit + row * ATTUNE_EMOTIONS;
        at_estimate estimate;
        at_fusion_run(t->before, e, &estimate);
        memcpy(x->before + row * ATTUNE_EMOTIONS, estimate.emotion7, sizeof estimate.emotion7);
        for (int m = ATTUNE_MODALITIES; m < ATTUNE_STREAMS; m++)
            e[m] = beside_in(t, pair, number, m, of[m]);
        at_fusion_weigh(t->before, e, &estimate);
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

/* Mean recall under each condition, of both fusions; *score, what the fusion that learns is worth: its mean. */
static int judge(const trial *x, json_t **metrics, double *score, attune_error *err)
{
    const int each = x->t->s->judged, all = x->conditions * each;
    double sum = 0;
    for (int c = 0; c < x->conditions; c++) {
        const char *name = condition_at(x->t, c)->name;
        sum += note(metrics, name, "recall", x, x->p, c * each, each);
        note(metrics, name, "before", x, x->before, c * each, each);
    }
    const at_answers a = {.n = all, .classes = ATTUNE_EMOTIONS, .label = x->label, .p = x->p};
    double error;
    if (at_ece(&error, &a))
        return at_fail_nomem(err);
    at_json_put_real(metrics, "ece", error);
    at_json_put_real(metrics, "temperature", x->t->net.temperature->value.data[0]);
    *score = sum / x->conditions;
    return ATTUNE_OK;
}

/* The temperature is fitted on the pairs that are judged, under all conditions. */
static int evaluate(void *self, at_graph *g, int64_t step, json_t **metrics, double *score,
                    attune_error *err)
{
    task *t = self;
    const int conditions_there = count_conditions(t);
    const size_t rows = (size_t)conditions_there * (size_t)t->s->judged, one = ATTUNE_EMOTIONS;
    float *room = at_alloc(3 * rows, one * sizeof *room);
    trial x = {t,
               conditions_there,
               room,
               room ? room + rows * one : NULL,
               room ? room + 2 * rows * one : NULL,
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
        status = judge(&x, metrics, score, err);
    }
    at_free(room);
    at_free(x.label);
    return status;
}

/* ---- start -------------------------------------------------------------------------------------- */

typedef int (*set_fn)(at_evidence_set *, const at_job *, const at_weights *,
                      const at_fusion_settings *, const at_corpus *, attune_error *);

static int load_stream(task *t, int stream, at_fusion_corpora *c, set_fn make, attune_error *err)
{
    const at_job *job = t->t.job;
    const int limit = job->options->limit, most = limit ? limit : t->s->most;
    if (at_corpus_balance(&c->train[stream], most, 1) ||
        at_corpus_balance(&c->valid[stream], most, 2))
        return at_fail_nomem(err);
    const int status = make(&t->train.of[stream], job, t->model, t->s, &c->train[stream], err);
    return status ? status
                  : make(&t->valid.of[stream], job, t->model, t->s, &c->valid[stream], err);
}

/* ---- beside --------------------------------------------------------------------------------- */

/* A stream's samples by emotion, those that are there as they are. */
static int sort_out(part *p, int stream, attune_error *err)
{
    const at_evidence_set *set = &p->of[stream];
    int *list = p->of_emotion[stream] = malloc(((size_t)set->samples + 1) * sizeof *list), n = 0;
    for (int e = 0; list && e < ATTUNE_EMOTIONS; e++) {
        p->first[stream][e] = n;
        for (int i = 0; i < set->samples; i++)
            if (set->emotion[i] == e)
                list[n++] = i;
    }
    p->first[stream][ATTUNE_EMOTIONS] = n;
    return !list ? at_fail_nomem(err)
           : n   ? ATTUNE_OK
                 : at_fail(err, ATTUNE_E_ARG, "no sample has a %s", attune_modality_name(stream));
}

static int make_beside(task *t, int stream, int train, const at_corpus *c, attune_error *err)
{
    part *p = train ? &t->train : &t->valid;
    const int status =
        stream == ATTUNE_SIGNAL
            ? at_signal_evidence_set(&p->of[stream], t->t.job, t->s, &t->scale, train, c, err)
            : at_chat_evidence_set(&p->of[stream], t->t.job, &t->s->chats, c, err);
    return status ? status : sort_out(p, stream, err);
}

static int keep(task *t, const char *of, const char *what, int n, const float *x, attune_error *err)
{
    char name[64];
    snprintf(name, sizeof name, "%s.%s", of, what);
    at_param *q = at_params_get(&t->t.params, name, 1, &n);
    if (!q)
        return at_fail_nomem(err);
    q->trainable = 0;
    memcpy(q->value.data, x, (size_t)n * sizeof *x);
    return ATTUNE_OK;
}

/* What clean embeddings of the stream are like, for its condition, and how far those of the other part lie. */
static int fit_reference(task *t, int stream, attune_error *err)
{
    const at_evidence_set *valid = &t->valid.of[stream];
    const at_fusion_stream *of = &at_fusion_streams[stream];
    const size_t dims = (size_t)of->dims, most = (size_t)valid->samples * (size_t)valid->versions;
    float *mean = at_alloc(3 * dims + most, sizeof *mean), reach[2];
    if (!mean)
        return at_fail_nomem(err);
    float *scale = mean + dims, *var = scale + dims, *distance = var + dims;
    int n = 0;
    int status = at_evidence_statistics(&t->train.of[stream], mean, scale, err);
    for (size_t i = 0; i < dims && !status; i++)
        var[i] = 1 / (scale[i] * scale[i]);
    for (size_t i = 0; i < most && !status; i++)
        if (valid->list[i].present)
            distance[n++] = at_embedding_distance(valid->list[i].embedding, mean, scale, of->dims);
    if (!status) {
        reach[0] = at_quantile(distance, n, 0.9);
        reach[1] = fmaxf(at_quantile(distance, n, 0.999), 1.3F * reach[0] + 1e-3F);
        status = keep(t, of->arrays, "mean", of->dims, mean, err);
        status = status ? status : keep(t, of->arrays, "var", of->dims, var, err);
        status = status ? status : keep(t, of->arrays, "distance", 2, reach, err);
        if (!status && at_fusion_weigh_also(t->before, stream, mean, var, reach) < 0)
            status = at_fail_nomem(err);
    }
    at_free(mean);
    return status;
}

static int load_beside(task *t, int stream, const at_fusion_corpora *c, attune_error *err)
{
    if (!c->train[stream].count)
        return ATTUNE_OK;
    int status = make_beside(t, stream, 1, &c->train[stream], err);
    status = status ? status : make_beside(t, stream, 0, &c->valid[stream], err);
    status = status ? status : fit_reference(t, stream, err);
    return status ? status
                  : at_evidence_statistics(&t->train.of[stream], t->net.mean[stream]->value.data,
                                           t->net.scale[stream]->value.data, err);
}

/* How columns are standardised, and which they are, for whoever runs the model. */
static int keep_scale(task *t, attune_error *err)
{
    const at_beside_settings *b = &t->s->signals;
    if (!b->train)
        return ATTUNE_OK;
    t->t.meta[0] = "signal_columns";
    t->t.meta[1] = b->columns;
    if (b->events) {
        t->t.meta[2] = "signal_events";
        t->t.meta[3] = b->events;
    }
    const int status = keep(t, "signal", "center", t->scale.columns, t->scale.center, err);
    return status ? status : keep(t, "signal", "scale", t->scale.columns, t->scale.scale, err);
}

static int load_streams(task *t, at_fusion_corpora *c, attune_error *err)
{
    int status = load_stream(t, ATTUNE_FACE, c, at_face_evidence_set, err);
    status = status ? status : load_stream(t, ATTUNE_VOICE, c, at_voice_evidence_set, err);
    for (int m = 0; m < ATTUNE_MODALITIES && !status; m++)
        status = at_evidence_statistics(&t->train.of[m], t->net.mean[m]->value.data,
                                        t->net.scale[m]->value.data, err);
    if (!status && t->s->signals.columns)
        status = at_signal_names(&t->scale, t->s->signals.columns, t->s->signals.events,
                                 "signals.columns", err);
    status = status ? status : load_beside(t, ATTUNE_SIGNAL, c, err);
    return status ? status : load_beside(t, ATTUNE_CHAT, c, err);
}

static int load_parts(task *t, attune_error *err)
{
    at_fusion_corpora c;
    int status = at_fusion_corpora_read(&c, t->t.job, err);
    status = status ? status : load_streams(t, &c, err);
    at_fusion_corpora_free(&c);
    return status ? status : keep_scale(t, err);
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

static unsigned streams_of(const at_fusion_settings *s)
{
    return (unsigned)(s->signals.train != NULL) << ATTUNE_SIGNAL |
           (unsigned)(s->chats.train != NULL) << ATTUNE_CHAT;
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
                                    streams_of(t->s), &rng, err);
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
    for (int m = 0; m < ATTUNE_STREAMS; m++) {
        at_evidence_set_free(&t->train.of[m]);
        at_evidence_set_free(&t->valid.of[m]);
        free(t->train.of_emotion[m]);
        free(t->valid.of_emotion[m]);
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
