/* The voice stream on RAVDESS, actor-disjoint: one run, or one after the other over the recipe's
 * folds. The last epoch is what is reported and kept: choosing the best one by the fold that it is
 * judged on would flatter it. */
#include "train/learn.h"
#include "base/error.h"
#include "base/mem.h"
#include "data/voices.h"
#include "eval/metrics.h"
#include "model/audio.h"
#include "train/checkpoint.h"
#include "train/face_set.h"
#include "train/loop.h"
#include "train/mixup.h"
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static_assert((int)AT_FEATURES == (int)AT_FEATURE_COLS,
              "the network takes the rows that the features give");

enum { MAX_ROWS = 1000, NAME_SIZE = 64, PATH_SIZE = 4096 };

typedef struct task {
    const at_recipe *recipe;
    const attune_train_options *o;
    at_pool *pool;
    at_loop_plan plan;
    at_params params;
    at_voices train, valid;
    at_voice_augment augment;
    at_spec_masks masks;
    int members, batch, rows, versions;
    float *cache;       /* (versions, train.count, rows, features) augmented, not masked */
    int *cache_lengths; /* (versions, train.count) */
    int64_t steps_per_epoch;
    float dropout, smoothing, mixup, class_weight[AT_VOICE_CLASSES];
    /* prefetch thread */
    int *order;
    int64_t order_epoch;
    float *x[2], *target[2];
    int *lengths[2];
    double recall; /* of the last evaluation: mean over classes */
} task;

/* ---- recipe ------------------------------------------------------------------------------- */

static int read_floats(const at_recipe *r, const char *where, const char *const *keys,
                       float *const *values, int n, attune_error *err)
{
    const char *known[24] = {"comment"};
    const json_t *object = json_object_get(r->root, where);
    for (int i = 0; i < n; i++) {
        known[i + 1] = keys[i];
        *values[i] = (float)at_recipe_number(object, keys[i], 0);
    }
    return at_recipe_check(r, object, where, known, err);
}

static int read_augment(task *t, attune_error *err)
{
    at_voice_augment *a = &t->augment;
    static const char *const keys[] = {"speed_p",   "speed_min", "speed_max", "pitch_p",
                                       "pitch_max", "band_p",    "gain_p",    "gain_max",
                                       "noise_p",   "snr_min",   "snr_max"};
    float *const values[] = {&a->speed_p,   &a->speed_min, &a->speed_max, &a->pitch_p,
                             &a->pitch_max, &a->band_p,    &a->gain_p,    &a->gain_max,
                             &a->noise_p,   &a->snr_min,   &a->snr_max};
    static const char *const mask_keys[] = {"freq_masks", "freq_width", "time_masks",
                                            "time_width", "time_share", "mfcc_p"};
    float count[4] = {0};
    float *const mask_values[] = {
        &count[0], &count[1], &count[2], &count[3], &t->masks.time_share, &t->masks.mfcc_p};
    int status = read_floats(t->recipe, "augment", keys, values, 11, err);
    status = status ? status : read_floats(t->recipe, "masks", mask_keys, mask_values, 6, err);
    t->masks.freq_masks = (int)count[0];
    t->masks.freq_width = (int)count[1];
    t->masks.time_masks = (int)count[2];
    t->masks.time_width = (int)count[3];
    return status;
}

static int read_recipe(task *t, attune_error *err)
{
    static const char *const known[] = {"kind",     "name",    "comment",    "seed",
                                        "members",  "epochs",  "eval_every", "batch",
                                        "versions", "rows",    "data",       "folds",
                                        "noise",    "augment", "masks",      "mixup",
                                        "dropout",  "losses",  "optimiser",  "checkpoint_minutes",
                                        NULL};
    static const char *const losses[] = {"comment", "smoothing", "class_balance", NULL};
    const json_t *root = t->recipe->root, *l = json_object_get(root, "losses");
    int status = at_recipe_check(t->recipe, root, "the recipe", known, err);
    status = status ? status : at_recipe_check(t->recipe, l, "losses", losses, err);
    status = status ? status : at_loop_plan_read(&t->plan, t->recipe, t->o, err);
    status = status ? status : read_augment(t, err);
    if (status)
        return status;
    t->members = (int)at_recipe_int(root, "members", 1);
    t->batch = (int)at_recipe_int(root, "batch", 32);
    t->rows = (int)at_recipe_int(root, "rows", 300);
    t->versions = (int)at_recipe_int(root, "versions", 6);
    t->dropout = (float)at_recipe_number(root, "dropout", 0.3);
    t->smoothing = (float)at_recipe_number(l, "smoothing", 0.1);
    t->mixup = (float)at_recipe_number(root, "mixup", 0);
    if (t->batch < 2 || t->batch > AT_AUDIO_MAX_BATCH || t->rows < 10 || t->rows > MAX_ROWS ||
        t->versions < 1 || t->versions > 1000 || t->mixup < 0 || t->mixup > 1)
        return at_fail(err, ATTUNE_E_FORMAT, "%s: batch, rows, versions or mixup out of range",
                       t->recipe->path);
    if (t->members < 1 || t->members > AT_AUDIO_MAX_MEMBERS)
        return at_fail(err, ATTUNE_E_FORMAT, "%s: members must be 1 to %d", t->recipe->path,
                       AT_AUDIO_MAX_MEMBERS);
    return ATTUNE_OK;
}

static int load_part(task *t, const json_t *fold, const char *part, int with_noise, at_voices *out,
                     attune_error *err)
{
    const json_t *data = json_object_get(t->recipe->root, "data");
    const char *dataset = at_recipe_string(data, "dataset", "ravdess");
    const char *split = at_recipe_string(fold, part, NULL);
    const char *noise = with_noise ? at_recipe_string(t->recipe->root, "noise", NULL) : NULL;
    at_corpus corpus = {0};
    char *root = NULL, *noise_dir = NULL;
    if (!split)
        return at_fail(err, ATTUNE_E_FORMAT, "%s: a fold lacks \"%s\"", t->recipe->path, part);
    int status = at_recipe_data_root(t->o, at_recipe_string(data, "folder", dataset), &root, err);
    status = status ? status : at_corpus_read(&corpus, dataset, root, split, err);
    if (!status && noise)
        status = at_recipe_find(t->recipe, noise, t->o, &noise_dir, err);
    at_corpus_thin(&corpus, t->o->limit);
    status = status ? status
                    : at_voices_load(out, &corpus, noise_dir, 0.7, t->pool, t->o->quiet, err);
    at_corpus_free(&corpus);
    free(root);
    free(noise_dir);
    return status;
}

static void weigh_classes(task *t)
{
    const json_t *l = json_object_get(t->recipe->root, "losses");
    double power = at_recipe_number(l, "class_balance", 0.5), count[AT_VOICE_CLASSES] = {0};
    for (int i = 0; i < t->train.count; i++)
        count[t->train.list[i].label.expression]++;
    for (int k = 0; k < AT_VOICE_CLASSES; k++) {
        double w = count[k] > 0 ? pow(t->train.count / (AT_VOICE_CLASSES * count[k]), power) : 0;
        t->class_weight[k] = (float)w;
    }
}

/* ---- batches ------------------------------------------------------------------------------ */

/* Noise suppression and pitch shifts cost more than the network, so each sound is augmented a fixed
 * number of times before training; the epochs draw from these, with fresh masks. */
static int fill_cache(task *t, attune_error *err)
{
    int count = t->train.count, status = ATTUNE_OK;
    size_t one = (size_t)t->rows * AT_FEATURES;
    int *index = malloc(((size_t)count + 1) * sizeof *index);
    t->cache = at_alloc((size_t)t->versions * (size_t)count, one * sizeof(float));
    t->cache_lengths = at_alloc((size_t)t->versions * (size_t)count, sizeof(int));
    if (!index || !t->cache || !t->cache_lengths)
        status = at_fail_nomem(err);
    for (int i = 0; !status && i < count; i++)
        index[i] = i;
    for (int v = 0; v < t->versions && !status; v++) {
        size_t at = (size_t)v * (size_t)count;
        status = at_voices_rows(&t->train, index, count, t->rows, &t->augment, NULL,
                                at_step_seed(t->plan.seed, v), t->pool, t->cache + at * one,
                                t->cache_lengths + at);
        if (status)
            at_fail(err, (attune_status)status, "augmenting voices failed");
    }
    free(index);
    return status;
}

static void shuffle_epoch(task *t, int64_t epoch)
{
    at_rng rng;
    at_rng_seed(&rng, (uint64_t)t->plan.seed, (uint64_t)epoch);
    for (int i = 0; i < t->train.count; i++)
        t->order[i] = i;
    at_rng_shuffle(&rng, t->order, t->train.count);
    t->order_epoch = epoch;
}

static int prepare(void *self, int64_t step, int slot)
{
    task *t = self;
    int64_t epoch = step / t->steps_per_epoch, at = step % t->steps_per_epoch;
    size_t one = (size_t)t->rows * AT_FEATURES;
    at_rng rng;
    if (epoch != t->order_epoch)
        shuffle_epoch(t, epoch);
    at_rng_seed(&rng, at_step_seed(t->plan.seed, step), 0);
    memset(t->target[slot], 0, (size_t)t->batch * AT_VOICE_CLASSES * sizeof(float));
    for (int i = 0; i < t->batch; i++) {
        int sample = t->order[at * t->batch + i];
        uint32_t version = at_rng_below(&rng, (uint32_t)t->versions);
        size_t from = version * (size_t)t->train.count + (size_t)sample;
        float *x = t->x[slot] + (size_t)i * one;
        memcpy(x, t->cache + from * one, one * sizeof(float));
        t->lengths[slot][i] = t->cache_lengths[from];
        at_augment_spec(x, (size_t)t->cache_lengths[from], &t->masks, &rng);
        t->target[slot][i * AT_VOICE_CLASSES + t->train.list[sample].label.expression] = 1;
    }
    if (t->mixup > 0)
        at_mix_voices(t->x[slot], one, t->lengths[slot], t->target[slot], AT_VOICE_CLASSES,
                      t->batch, t->mixup, at_step_seed(t->plan.seed, step));
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
    at_tensor *x = input(g, t->x[slot], t->lengths[slot], t->batch, t->rows);
    for (int i = 0; i < t->members; i++) {
        at_audio_out out;
        at_audio_forward(g, &t->params, i, x, t->lengths[slot], t->dropout, &out);
        each[i] = at_cross_entropy(g, out.expression, t->target[slot], t->class_weight, NULL,
                                   t->smoothing);
        weight[i] = 1 / (float)t->members;
    }
    return at_sum_losses(g, each, weight, t->members);
}

/* ---- evaluation --------------------------------------------------------------------------- */

static int predict(task *t, at_graph *g, float *p, attune_error *err)
{
    int status = ATTUNE_OK;
    float *x = at_alloc((size_t)t->batch * t->rows * AT_FEATURES, sizeof *x);
    if (!x)
        return at_fail_nomem(err);
    for (int from = 0; !status && from < t->valid.count; from += t->batch) {
        int index[AT_AUDIO_MAX_BATCH], lengths[AT_AUDIO_MAX_BATCH];
        int n = t->valid.count - from < t->batch ? t->valid.count - from : t->batch;
        at_audio_out out;
        for (int i = 0; i < n; i++)
            index[i] = from + i;
        status = at_voices_rows(&t->valid, index, n, t->rows, NULL, NULL, 0, t->pool, x, lengths);
        if (status) {
            at_fail(err, (attune_status)status, "evaluation: features failed");
            break;
        }
        at_graph_begin(g, AT_INFER, 0);
        at_audio_answer(g, &t->params, t->members, input(g, x, lengths, n, t->rows), lengths, &out);
        if (at_graph_status(g))
            status = at_fail_nomem(err);
        for (int i = 0; !status && i < n; i++)
            at_probabilities(out.expression->data + i * AT_VOICE_CLASSES, AT_VOICE_CLASSES, 1,
                             p + (size_t)(from + i) * AT_VOICE_CLASSES);
    }
    at_free(x);
    return status;
}

static int evaluate(void *self, at_graph *g, int64_t step, json_t *metrics, double *score,
                    attune_error *err)
{
    task *t = self;
    float *p = malloc(((size_t)t->valid.count + 1) * AT_VOICE_CLASSES * sizeof *p);
    int *label = malloc(((size_t)t->valid.count + 1) * sizeof *label);
    int status = p && label ? predict(t, g, p, err) : at_fail_nomem(err);
    (void)step;
    if (!status) {
        at_answers a = {.n = t->valid.count, .classes = AT_VOICE_CLASSES, .label = label, .p = p};
        at_metrics m;
        for (int i = 0; i < t->valid.count; i++)
            label[i] = t->valid.list[i].label.expression;
        at_metrics_compute(&m, &a);
        json_object_set_new(metrics, "accuracy", json_real(m.accuracy));
        json_object_set_new(metrics, "balanced", json_real(m.balanced_accuracy));
        json_object_set_new(metrics, "macro_f1", json_real(m.macro_f1));
        json_object_set_new(metrics, "ece", json_real(m.ece));
        *score = t->recall = m.balanced_accuracy;
    }
    free(p);
    free(label);
    return status;
}

/* ---- one run, and all folds --------------------------------------------------------------- */

static int set_up(task *t, const json_t *fold, attune_error *err)
{
    at_rng rng;
    int status = read_recipe(t, err);
    at_rng_seed(&rng, (uint64_t)t->plan.seed, 0);
    status = status ? status : at_audio_init(&t->params, t->members, &rng, err);
    status = status ? status : load_part(t, fold, "train", 1, &t->train, err);
    status = status ? status : load_part(t, fold, "valid", 0, &t->valid, err);
    if (status)
        return status;
    int rows = t->train.count;
    t->augment.noise = t->train.noise;
    t->augment.noise_n = t->train.noise_n;
    t->steps_per_epoch = rows / t->batch;
    t->order_epoch = -1;
    t->order = malloc(((size_t)rows + 1) * sizeof *t->order);
    int ok = t->order != NULL;
    for (int slot = 0; slot < 2; slot++) {
        t->x[slot] = at_alloc((size_t)t->batch * t->rows * AT_FEATURES, sizeof(float));
        t->target[slot] = at_alloc((size_t)t->batch * AT_VOICE_CLASSES, sizeof(float));
        t->lengths[slot] = at_alloc((size_t)t->batch, sizeof(int));
        ok = ok && t->x[slot] && t->target[slot] && t->lengths[slot];
    }
    weigh_classes(t);
    return ok ? fill_cache(t, err) : at_fail_nomem(err);
}

static void clean_up(task *t)
{
    at_params_free(&t->params);
    at_voices_free(&t->train);
    at_voices_free(&t->valid);
    for (int slot = 0; slot < 2; slot++) {
        at_free(t->x[slot]);
        at_free(t->target[slot]);
        at_free(t->lengths[slot]);
    }
    at_free(t->cache);
    at_free(t->cache_lengths);
    free(t->order);
    at_free(t);
}

static int has_checkpoint(const at_recipe *r, const attune_train_options *o)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/%s.checkpoint.safetensors", o->out_dir ? o->out_dir : ".",
             r->name);
    FILE *f = fopen(path, "rb");
    if (f)
        fclose(f);
    return f != NULL;
}

static int run_fold(const at_recipe *r, const attune_train_options *o, at_pool *pool,
                    const json_t *fold, double *recall, attune_error *err)
{
    attune_train_options own = *o;
    own.resume = o->resume && has_checkpoint(r, o); /* folds not yet begun start afresh */
    task *t = at_calloc(1, sizeof *t);
    if (!t)
        return at_fail_nomem(err);
    t->recipe = r;
    t->o = &own;
    t->pool = pool;
    int status = set_up(t, fold, err);
    if (!status) {
        at_learner l = {
            .self = t,
            .params = &t->params,
            .steps_per_epoch = t->steps_per_epoch,
            .batch = t->batch,
            .prepare = prepare,
            .loss = loss,
            .evaluate = evaluate,
            .record = "training",
        };
        status = at_loop_run(&l, &t->plan, r, &own, pool, err);
    }
    *recall = t->recall;
    clean_up(t);
    return status;
}

int at_learn_audio(const at_recipe *r, const attune_train_options *o, at_pool *pool,
                   attune_error *err)
{
    const json_t *folds = json_object_get(r->root, "folds");
    size_t n = json_array_size(folds);
    double sum = 0, recall = 0;
    if (!n)
        return run_fold(r, o, pool, json_object_get(r->root, "data"), &recall, err);
    int status = ATTUNE_OK;
    for (size_t k = 0; k < n && !status; k++) {
        char name[NAME_SIZE];
        at_recipe one = *r;
        snprintf(name, sizeof name, "%.40s.fold%d", r->name, (int)k);
        one.name = name;
        status = run_fold(&one, o, pool, json_array_get(folds, k), &recall, err);
        sum += recall;
    }
    if (!status && o->event) {
        char line[96];
        snprintf(line, sizeof line, "%.40s: mean recall over %zu folds %.4f", r->name, n,
                 sum / (double)n);
        attune_train_event e = {.line = line};
        o->event(o->user, &e);
    }
    return status;
}
