/* The voice stream: one run over voices of one or several corpora, or one after the other over the
 * recipe's folds. The last epoch is what is reported and kept: choosing the best one by the fold that it is
 * judged on would flatter it. */
#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/rng.h"
#include "eval/confidence.h"
#include "model/audio.h"
#include "train/learn.h"
#include "train/checkpoint.h"
#include "train/mixup.h"
#include "train/voice_set.h"
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static_assert((int)AT_FEATURES == (int)AT_FEATURE_COLS,
              "the network takes the rows that the features give");

enum { NAME_SIZE = 64 };

typedef struct task {
    at_learning t;
    const at_audio_settings *s;
    at_voice_set train, valid;
    at_draw draw;             /* of train */
    at_voice_augment augment; /* the recipe's, with the noise */
    float *cache;             /* (versions, train.count, rows, features) augmented, not masked */
    int *cache_lengths;       /* (versions, train.count) */
    float class_weight[AT_VOICE_CLASSES];
    /* prefetch thread */
    int *order;
    int64_t order_epoch;
    float *x[2], *target[2], *prior[2];
    int *lengths[2];
} task;

static void weigh_classes(task *t)
{
    double power = t->s->losses.class_balance, count[AT_VOICE_CLASSES] = {0}, all = 0;
    for (int i = 0; i < t->train.voices.count; i++) {
        count[t->train.label[i]] += t->train.share[t->train.set_of[i]];
        all += t->train.share[t->train.set_of[i]];
    }
    for (int k = 0; k < AT_VOICE_CLASSES; k++) {
        double w = count[k] > 0 ? pow(all / (AT_VOICE_CLASSES * count[k]), power) : 0;
        t->class_weight[k] = (float)w;
    }
}

/* ---- batches ------------------------------------------------------------------------------ */

/* Noise suppression and pitch shifts cost more than the network, so each sound is augmented a fixed
 * number of times before training; the epochs draw from these, with fresh masks. */
static int fill_cache(task *t, attune_error *err)
{
    int count = t->train.voices.count, status = ATTUNE_OK;
    size_t one = (size_t)t->s->rows * AT_FEATURES;
    int *index = malloc(((size_t)count + 1) * sizeof *index);
    t->cache = at_alloc((size_t)t->s->versions * (size_t)count, one * sizeof(float));
    t->cache_lengths = at_alloc((size_t)t->s->versions * (size_t)count, sizeof(int));
    if (!index || !t->cache || !t->cache_lengths)
        status = at_fail_nomem(err);
    for (int i = 0; !status && i < count; i++)
        index[i] = i;
    for (int v = 0; v < t->s->versions && !status; v++) {
        size_t at = (size_t)v * (size_t)count;
        status = at_voices_rows(&t->train.voices, index, count, t->s->rows, &t->augment, NULL,
                                at_step_seed(t->t.plan.seed, v), t->t.job->pool,
                                t->cache + at * one, t->cache_lengths + at);
        if (status)
            at_fail(err, (attune_status)status, "augmenting voices failed");
    }
    free(index);
    return status;
}

static int prepare(void *self, int64_t step, int slot)
{
    task *t = self;
    int64_t epoch = step / t->t.shards_per_epoch, at = step % t->t.shards_per_epoch;
    size_t one = (size_t)t->s->rows * AT_FEATURES;
    at_rng rng;
    if (epoch != t->order_epoch) {
        if (at_draw_order(&t->draw, t->t.plan.seed, epoch, t->order))
            return ATTUNE_E_NOMEM;
        t->order_epoch = epoch;
    }
    at_rng_seed(&rng, at_step_seed(t->t.plan.seed, step), 0);
    const int *drawn = t->order + at * t->t.batch;
    for (int i = 0; i < t->t.batch; i++) {
        int sample = drawn[i];
        uint32_t version = at_rng_below(&rng, (uint32_t)t->s->versions);
        size_t from = version * (size_t)t->train.voices.count + (size_t)sample;
        float *x = t->x[slot] + (size_t)i * one;
        memcpy(x, t->cache + from * one, one * sizeof(float));
        t->lengths[slot][i] = t->cache_lengths[from];
        at_augment_spec(x, (size_t)t->cache_lengths[from], &t->s->masks, &rng);
        at_voice_set_target(&t->train, sample, t->s->losses.smoothing,
                            t->target[slot] + (size_t)i * AT_VOICE_CLASSES);
    }
    at_voice_set_prior(&t->train, drawn, t->t.batch, t->s->mixup > 0, t->s->losses.lacking,
                       t->prior[slot]);
    if (t->s->mixup > 0)
        at_mix_voices(t->x[slot], one, t->lengths[slot], t->target[slot], AT_VOICE_CLASSES,
                      t->t.batch, t->s->mixup, at_step_seed(t->t.plan.seed, step));
    return ATTUNE_OK;
}

/* Only as many rows as the longest has; empty sounds count as one row of zeros. */
static at_tensor *input(at_graph *g, const float *x, int *lengths, int n, int rows)
{
    int longest = 1;
    for (int i = 0; i < n; i++) {
        lengths[i] = lengths[i] > 0 ? lengths[i] : 1;
        longest = lengths[i] > longest ? lengths[i] : longest;
    }
    at_tensor *t = at_tensor_new(g, 3, (int[]){n, longest, AT_FEATURES}, 0);
    size_t floats = (size_t)longest * AT_FEATURES;
    for (int i = 0; t && i < n; i++)
        memcpy(t->data + i * floats, x + (size_t)i * rows * AT_FEATURES, floats * sizeof(float));
    return t;
}

/* Each member learns by itself, from the same batch. */
static at_tensor *loss(void *self, at_graph *g, int64_t step, int slot)
{
    task *t = self;
    at_tensor *each[AT_AUDIO_MAX_MEMBERS];
    float weight[AT_AUDIO_MAX_MEMBERS];
    (void)step;
    at_tensor *x = input(g, t->x[slot], t->lengths[slot], t->t.batch, t->s->rows);
    at_tensor *prior = at_tensor_new(g, 2, (int[]){t->t.batch, AT_VOICE_CLASSES}, 0);
    if (prior)
        memcpy(prior->data, t->prior[slot], (size_t)t->t.batch * AT_VOICE_CLASSES * sizeof(float));
    for (int i = 0; i < t->s->members; i++) {
        at_audio_out out;
        at_audio_forward(g, &t->t.params, i, x, t->lengths[slot], t->s->dropout, &out);
        each[i] = at_cross_entropy(g, at_add(g, out.expression, prior), t->target[slot],
                                   t->class_weight, NULL, 0);
        weight[i] = 1 / (float)t->s->members;
    }
    return at_sum_losses(g, each, weight, t->s->members);
}

/* ---- evaluation --------------------------------------------------------------------------- */

static int predict(task *t, at_graph *g, float *p, attune_error *err)
{
    int status = ATTUNE_OK;
    float *x = at_alloc((size_t)t->t.batch * t->s->rows * AT_FEATURES, sizeof *x);
    if (!x)
        return at_fail_nomem(err);
    int count = t->valid.voices.count;
    for (int from = 0; !status && from < count; from += t->t.batch) {
        int index[AT_AUDIO_MAX_BATCH], lengths[AT_AUDIO_MAX_BATCH];
        int n = count - from < t->t.batch ? count - from : t->t.batch;
        at_audio_out out;
        for (int i = 0; i < n; i++)
            index[i] = from + i;
        status = at_voices_rows(&t->valid.voices, index, n, t->s->rows, NULL, NULL, 0,
                                t->t.job->pool, x, lengths);
        if (status) {
            at_fail(err, (attune_status)status, "evaluation: features failed");
            break;
        }
        at_graph_begin(g, AT_INFER, 0);
        at_audio_answer(g, &t->t.params, t->s->members, input(g, x, lengths, n, t->s->rows),
                        lengths, &out);
        if (at_graph_status(g))
            status = at_fail_nomem(err);
        for (int i = 0; !status && i < n; i++)
            at_probabilities(out.expression->data + i * AT_VOICE_CLASSES, AT_VOICE_CLASSES, 1,
                             p + (size_t)(from + i) * AT_VOICE_CLASSES);
    }
    at_free(x);
    return status;
}

enum { FIGURES = 4 };
static const char *const figures[FIGURES] = {"accuracy", "balanced", "macro_f1", "ece"};

/* Judges one set in its own classes. p: the network's probabilities of all samples. */
static int judge_set(const task *t, int set, const float *p, double figure[FIGURES],
                     attune_error *err)
{
    const at_voice_set *v = &t->valid;
    size_t count = (size_t)v->voices.count + 1;
    float *own = malloc(count * AT_VOICE_CLASSES * sizeof *own);
    int *label = malloc(count * sizeof *label), status = ATTUNE_OK;
    at_answers a = {.classes = at_heads[v->head[set]].classes, .label = label, .p = own};
    if (!own || !label)
        status = at_fail_nomem(err);
    for (int i = 0; !status && i < v->voices.count; i++) {
        if (v->set_of[i] != set)
            continue;
        at_voice_set_answer(v, i, p + (size_t)i * AT_VOICE_CLASSES, own + (size_t)a.n * a.classes);
        label[a.n++] = v->voices.list[i].label.expression;
    }
    if (!status) {
        at_metrics m;
        at_metrics_compute(&m, &a);
        figure[0] = m.accuracy;
        figure[1] = m.balanced_accuracy;
        figure[2] = m.macro_f1;
        if (at_ece(&figure[3], &a))
            status = at_fail_nomem(err);
    }
    free(own);
    free(label);
    return status;
}

/* Each set by itself; what is reported is the mean over them. */
static int evaluate(void *self, at_graph *g, int64_t step, json_t **metrics, double *score,
                    attune_error *err)
{
    task *t = self;
    double figure[FIGURES], mean[FIGURES] = {0};
    char key[32];
    float *p = malloc(((size_t)t->valid.voices.count + 1) * AT_VOICE_CLASSES * sizeof *p);
    int status = p ? predict(t, g, p, err) : at_fail_nomem(err);
    (void)step;
    for (int set = 0; set < t->valid.sets && !status; set++) {
        if ((status = judge_set(t, set, p, figure, err)))
            break;
        for (int i = 0; i < FIGURES; i++)
            mean[i] += figure[i] / t->valid.sets;
        for (int i = 0; i < 2 && t->valid.sets > 1; i++) {
            snprintf(key, sizeof key, "%s.%d", figures[i], set);
            at_json_put_real(metrics, key, figure[i]);
        }
    }
    for (int i = 0; i < FIGURES && !status; i++)
        at_json_put_real(metrics, figures[i], mean[i]);
    *score = mean[1];
    free(p);
    return status;
}

/* ---- one run, and all folds --------------------------------------------------------------- */

static int load_parts(task *t, attune_error *err)
{
    const at_audio_settings *s = t->s;
    int status = at_voice_set_load(&t->train, t->t.job, &s->data, AT_PART_TRAIN, s->noise, err);
    return status || !at_ranks_lead(t->t.job->ranks) /* which judges */
               ? status
               : at_voice_set_load(&t->valid, t->t.job, &s->data, AT_PART_VALID, NULL, err);
}

static int make_slots(task *t, attune_error *err)
{
    size_t batch = (size_t)t->t.batch;
    t->order_epoch = -1;
    t->order = malloc(((size_t)at_draw_count(&t->draw) + 1) * sizeof *t->order);
    int ok = t->order != NULL;
    for (int slot = 0; slot < 2; slot++) {
        t->x[slot] = at_alloc(batch * t->s->rows * AT_FEATURES, sizeof(float));
        t->target[slot] = at_alloc(batch * AT_VOICE_CLASSES, sizeof(float));
        t->prior[slot] = at_alloc(batch * AT_VOICE_CLASSES, sizeof(float));
        t->lengths[slot] = at_alloc(batch, sizeof(int));
        ok = ok && t->x[slot] && t->target[slot] && t->prior[slot] && t->lengths[slot];
    }
    return ok ? ATTUNE_OK : at_fail_nomem(err);
}

static int start_from(task *t, const char *file, attune_error *err)
{
    char *path = NULL;
    int status = at_job_find(t->t.job, file, &path, err);
    status = status ? status : at_params_load(path, &t->t.params, NULL, err);
    free(path);
    return status;
}

static int set_up(void *self, attune_error *err)
{
    task *t = self;
    at_rng rng;
    t->s = t->t.job->settings;
    t->t.batch = t->s->batch / t->t.plan.shards;
    at_rng_seed(&rng, (uint64_t)t->t.plan.seed, 0);
    int status = at_audio_init(&t->t.params, t->s->members, &rng, err);
    if (!status && t->s->init && !t->t.resumed)
        status = start_from(t, t->s->init, err);
    status = status ? status : load_parts(t, err);
    if (status)
        return status;
    t->augment = t->s->augment;
    t->augment.noise = t->train.voices.noise;
    t->augment.noise_n = t->train.voices.noise_n;
    t->draw = at_voice_set_draw(&t->train);
    t->t.shards_per_epoch = at_draw_count(&t->draw) / t->t.batch;
    weigh_classes(t);
    status = make_slots(t, err);
    return status ? status : fill_cache(t, err);
}

static void clean_up(void *self)
{
    task *t = self;
    at_voice_set_free(&t->train);
    at_voice_set_free(&t->valid);
    for (int slot = 0; slot < 2; slot++) {
        at_free(t->x[slot]);
        at_free(t->target[slot]);
        at_free(t->prior[slot]);
        at_free(t->lengths[slot]);
    }
    at_free(t->cache);
    at_free(t->cache_lengths);
    free(t->order);
}

static int learn(const at_job *job, double *recall, attune_error *err)
{
    static const at_learner audio = {
        .size = sizeof(task),
        .set_up = set_up,
        .clean_up = clean_up,
        .prepare = prepare,
        .loss = loss,
        .evaluate = evaluate,
        .record = "training",
    };
    const at_audio_settings *s = job->settings;
    return at_learn(&audio, job, &s->plan, recall, err);
}

static int learn_fold(const at_job *job, int k, double *recall, attune_error *err)
{
    char name[NAME_SIZE];
    at_audio_settings settings = *(const at_audio_settings *)job->settings;
    at_recipe recipe = *job->recipe;
    at_job one = *job;
    snprintf(name, sizeof name, "%.40s.fold%d", recipe.name, k);
    recipe.name = name;
    settings.data.set[0].train = settings.fold[k].train;
    settings.data.set[0].valid = settings.fold[k].valid;
    one.recipe = &recipe;
    one.settings = &settings;
    one.resume = job->resume ? AT_RESUME_IF_ANY : AT_AFRESH; /* folds not begun yet have none */
    return learn(&one, recall, err);
}

int at_learn_audio(const at_job *job, attune_error *err)
{
    const at_audio_settings *s = job->settings;
    double sum = 0, recall = 0;
    char line[96];
    int status = s->folds ? ATTUNE_OK : learn(job, NULL, err);
    for (int k = 0; k < s->folds && !status; k++) {
        status = learn_fold(job, k, &recall, err);
        sum += recall;
    }
    if (status || !s->folds)
        return status;
    snprintf(line, sizeof line, "%.40s: mean recall over %d folds %.4f", job->recipe->name,
             s->folds, sum / s->folds);
    at_job_tell(job, line);
    return ATTUNE_OK;
}
