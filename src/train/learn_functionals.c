/* The voice stream's linear expert: logistic regression (logistic.h) on what whole stretches of speech are
 * like (dsp/functionals.h). Sets weigh by their size and share, and within a set all classes alike. */
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "eval/metrics.h"
#include "model/audio.h"
#include "train/checkpoint.h"
#include "train/learn.h"
#include "train/logistic.h"
#include "train/voice_set.h"

#include <assert.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static_assert((int)AT_FUNCTIONALS == (int)AT_VOICE_FUNCTIONALS,
              "the expert takes the functionals that the features give");

enum { WIDTH = AT_VOICE_FUNCTIONALS, CLASSES = AT_VOICE_CLASSES, COEFFICIENTS = WIDTH * CLASSES };

/* Some voices in some versions. */
typedef struct heard_set {
    at_voice_set voices;
    int rows; /* voices x versions */
    float *z; /* (rows, WIDTH) functionals, scaled once mean and deviation are known */
} heard_set;

typedef struct expert {
    float mean[WIDTH], inv_deviation[WIDTH], weight[COEFFICIENTS], bias[CLASSES];
} expert;

typedef struct task {
    const at_job *job;
    const at_functionals_settings *s;
    heard_set train, valid;
    expert *x;
} task;

/* ---- hearing -------------------------------------------------------------------------------- */

typedef struct hearing {
    const task *t;
    heard_set *set;
    at_voice_augment augment;
    int versions;
    float **rows; /* a thread's scratch */
    atomic_int status;
} hearing;

static void hear_task(void *arg, int index, int thread)
{
    hearing *h = arg;
    const int sample = index / h->versions, version = index % h->versions;
    const int most = h->t->s->rows;
    at_voice_heard heard;
    if (!h->rows[thread])
        h->rows[thread] = at_alloc((size_t)most * AT_FEATURES, sizeof(float));
    int status = h->rows[thread]
                     ? at_voices_hear(&h->set->voices.voices, sample, most,
                                      version ? &h->augment : NULL,
                                      at_step_seed(h->t->s->seed, version), h->rows[thread], &heard)
                     : ATTUNE_E_NOMEM;
    if (status < 0)
        atomic_store(&h->status, status);
    else
        memcpy(h->set->z + (size_t)index * WIDTH, heard.functionals, sizeof heard.functionals);
}

static int hear(const task *t, heard_set *set, int versions, attune_error *err)
{
    const int threads = at_pool_threads(t->job->pool);
    hearing h = {.t = t, .set = set, .augment = t->s->augment, .versions = versions};
    set->rows = set->voices.voices.count * versions;
    set->z = at_alloc((size_t)set->rows * WIDTH, sizeof *set->z);
    h.rows = at_calloc((size_t)threads, sizeof *h.rows);
    if (set->z && h.rows)
        at_pool_run(t->job->pool, set->rows, hear_task, &h);
    for (int i = 0; h.rows && i < threads; i++)
        at_free(h.rows[i]);
    const int out_of_memory = !set->z || !h.rows;
    at_free(h.rows);
    if (out_of_memory)
        return at_fail_nomem(err);
    const int status = atomic_load(&h.status);
    return status ? at_fail(err, (attune_status)status, "hearing voices failed") : ATTUNE_OK;
}

/* Mean and deviation of the training rows; what never varies counts for nothing. */
static void measure(expert *x, const heard_set *train)
{
    for (int i = 0; i < WIDTH; i++) {
        double sum = 0, squares = 0;
        for (int r = 0; r < train->rows; r++)
            sum += (double)train->z[(size_t)r * WIDTH + i];
        const double mean = sum / train->rows;
        for (int r = 0; r < train->rows; r++) {
            const double d = (double)train->z[(size_t)r * WIDTH + i] - mean;
            squares += d * d;
        }
        const double deviation = sqrt(squares / train->rows);
        x->mean[i] = (float)mean;
        x->inv_deviation[i] = deviation > 1e-6 ? (float)(1 / deviation) : 0;
    }
}

static at_voice_expert view(const expert *x)
{
    return (at_voice_expert){x->mean, x->inv_deviation, x->weight, x->bias};
}

static void scale(const expert *x, heard_set *set)
{
    const at_voice_expert e = view(x);
    for (int r = 0; r < set->rows; r++)
        at_voice_expert_scale(&e, set->z + (size_t)r * WIDTH, set->z + (size_t)r * WIDTH);
}

/* ---- the fit -------------------------------------------------------------------------------- */

/* Of each row in the loss, mean 1; and what is added to its logits. */
static void weigh(const task *t, float *weight, float *prior)
{
    const at_voice_set *v = &t->train.voices;
    double count[AT_MAX_SETS][CLASSES] = {{0}}, all[AT_MAX_SETS] = {0}, sum = 0;
    for (int i = 0; i < v->voices.count; i++) {
        count[v->set_of[i]][v->label[i]]++;
        all[v->set_of[i]]++;
    }
    for (int r = 0; r < t->train.rows; r++) {
        const int sample = r / t->s->versions, set = v->set_of[sample];
        const double classes = __builtin_popcount(v->classes[set]);
        weight[r] = (float)(v->share[set] * all[set] / (classes * count[set][v->label[sample]]));
        sum += (double)weight[r];
        at_voice_set_prior(v, &sample, 1, 0, t->s->lacking, prior + (size_t)r * CLASSES);
    }
    for (int r = 0; r < t->train.rows; r++)
        weight[r] *= (float)(t->train.rows / sum);
}

static int fit(task *t, int *steps, attune_error *err)
{
    const size_t rows = (size_t)t->train.rows;
    float *weight = at_alloc(rows, sizeof *weight),
          *prior = at_alloc(rows * CLASSES, sizeof *prior);
    float class_weight[CLASSES];
    int *label = at_alloc(rows, sizeof *label);
    int status = weight && prior && label ? ATTUNE_OK : at_fail_nomem(err);
    for (int k = 0; k < CLASSES; k++)
        class_weight[k] = 1; /* rows have it in theirs */
    if (!status) {
        weigh(t, weight, prior);
        for (size_t r = 0; r < rows; r++)
            label[r] = t->train.voices.label[(int)r / t->s->versions];
        const at_logistic l = {.rows = t->train.rows,
                               .values = WIDTH,
                               .classes = CLASSES,
                               .x = t->train.z,
                               .label = label,
                               .class_weight = class_weight,
                               .row_weight = weight,
                               .offset = prior,
                               .c = 1 / (t->s->penalty * t->train.rows),
                               .iterations = t->s->steps};
        status =
            at_logistic_fit(&l, t->job->pool, at_kernels_best(), t->x->weight, t->x->bias, err);
    }
    *steps = status;
    for (int i = 0; i < COEFFICIENTS; i++)
        t->x->weight[i] *= t->s->weight;
    for (int k = 0; k < CLASSES; k++)
        t->x->bias[k] *= t->s->weight;
    at_free(weight);
    at_free(prior);
    at_free(label);
    return status < 0 ? status : ATTUNE_OK;
}

/* ---- judging and writing -------------------------------------------------------------------- */

/* The expert alone on the valid part of one set, in its own classes. NaN: it has none. */
static double recall(const task *t, int set, float *p, int *label)
{
    const at_voice_set *v = &t->valid.voices;
    const at_voice_expert e = view(t->x);
    at_answers a = {.label = label, .p = p};
    at_metrics m;
    for (int i = 0; i < v->voices.count; i++) {
        float logit[CLASSES] = {0}, native[CLASSES];
        if (v->set_of[i] != set)
            continue;
        at_voice_expert_add(&e, t->valid.z + (size_t)i * WIDTH, logit);
        at_probabilities(logit, CLASSES, 1, native);
        a.classes = at_voice_set_answer(v, i, native, p + (size_t)a.n * (size_t)a.classes);
        label[a.n++] = v->voices.list[i].label.expression;
    }
    if (!a.n)
        return NAN;
    at_metrics_compute(&m, &a);
    return m.balanced_accuracy;
}

static int judge(const task *t, int steps, json_t *figures, attune_error *err)
{
    const size_t n = (size_t)t->valid.voices.voices.count + 1;
    float *p = malloc(n * AT_MOST_CLASSES * sizeof *p);
    int *label = malloc(n * sizeof *label);
    char line[400];
    int status = p && label ? ATTUNE_OK : at_fail_nomem(err);
    size_t used = (size_t)snprintf(line, sizeof line, "%s  %d steps", t->job->recipe->name, steps);
    json_object_set_new(figures, "steps", json_integer(steps));
    for (int set = 0; set < t->valid.voices.sets && !status; set++) {
        char key[32];
        const double r = recall(t, set, p, label);
        if (!isfinite(r))
            continue;
        snprintf(key, sizeof key, "balanced.%d", set);
        json_object_set_new(figures, key, json_real(r));
        if (used < sizeof line)
            used += (size_t)snprintf(line + used, sizeof line - used, "  %s %.4f", key, r);
    }
    if (!status)
        at_job_tell(t->job, line);
    free(p);
    free(label);
    return status;
}

static int put(at_params *p, const char *what, int rows, int columns, const float *value,
               attune_error *err)
{
    char name[64];
    snprintf(name, sizeof name, "%s%s", at_voice_expert_arrays, what);
    at_param *q = at_params_get(p, name, columns ? 2 : 1, (int[]){rows, columns});
    if (!q)
        return at_fail_nomem(err);
    memcpy(q->value.data, value, at_tensor_count(&q->value) * sizeof *value);
    return ATTUNE_OK;
}

/* The stream's own arrays, without an expert that it may have had. */
static int copy_stream(at_params *p, const at_weights *w, attune_error *err)
{
    for (int i = 0; i < at_weights_count(w); i++) {
        const at_weight *a = at_weights_at(w, i);
        if (strncmp(a->name, "audio", 5) != 0 ||
            strncmp(a->name, at_voice_expert_arrays, strlen(at_voice_expert_arrays)) == 0)
            continue;
        at_param *q = a->rank <= AT_MAX_RANK ? at_params_get(p, a->name, a->rank, a->dim) : NULL;
        if (!q)
            return at_fail_nomem(err);
        memcpy(q->value.data, a->data, a->count * sizeof(float));
    }
    return ATTUNE_OK;
}

/* What the stream's file says of its training, and the expert's figures in it. */
static char *record(const at_weights *w, const json_t *figures)
{
    const char *before = at_weights_meta(w, "training");
    if (!before)
        before = at_weights_meta(w, "training.voice");
    json_t *all = before ? json_loads(before, 0, NULL) : NULL;
    if (!json_is_object(all)) {
        json_decref(all);
        all = json_object();
    }
    json_object_set(all, "functionals", (json_t *)figures);
    char *text = json_dumps(all, JSON_COMPACT | JSON_REAL_PRECISION(6));
    json_decref(all);
    return text;
}

static int write_stream(const task *t, const at_weights *w, const json_t *figures,
                        attune_error *err)
{
    char path[AT_TRAIN_PATH], *text = record(w, figures);
    const char *meta[] = {"training", text, NULL};
    at_params p = {0};
    int status = text ? at_job_path(t->job, ".safetensors", path, err) : at_fail_nomem(err);
    status = status ? status : copy_stream(&p, w, err);
    status = status ? status : put(&p, "mean", WIDTH, 0, t->x->mean, err);
    status = status ? status : put(&p, "inv_deviation", WIDTH, 0, t->x->inv_deviation, err);
    status = status ? status : put(&p, "weight", WIDTH, CLASSES, t->x->weight, err);
    status = status ? status : put(&p, "bias", CLASSES, 0, t->x->bias, err);
    status = status ? status : at_params_save(path, &p, meta, err);
    if (!status)
        at_job_wrote(t->job, ".safetensors");
    at_params_free(&p);
    free(text);
    return status;
}

/* ---- the run -------------------------------------------------------------------------------- */

static int load(task *t, at_weights **w, attune_error *err)
{
    const at_functionals_settings *s = t->s;
    int status = at_job_weights(t->job, s->model, w, err);
    status = status ? status
                    : at_voice_set_load(&t->train.voices, t->job, &s->data, AT_PART_TRAIN, s->noise,
                                        err);
    status = status
                 ? status
                 : at_voice_set_load(&t->valid.voices, t->job, &s->data, AT_PART_VALID, NULL, err);
    status = status ? status : hear(t, &t->train, s->versions, err);
    return status ? status : hear(t, &t->valid, 1, err);
}

int at_learn_functionals(const at_job *job, attune_error *err)
{
    task t = {.job = job, .s = job->settings};
    at_weights *w = NULL;
    json_t *figures = json_object();
    int steps = 0;
    t.x = at_calloc(1, sizeof *t.x);
    int status = t.x && figures ? ATTUNE_OK : at_fail_nomem(err);
    status = status ? status : at_mkdirs(job->options->out_dir ? job->options->out_dir : ".", err);
    status = status ? status : load(&t, &w, err);
    if (!status) {
        measure(t.x, &t.train);
        scale(t.x, &t.train);
        scale(t.x, &t.valid);
    }
    status = status ? status : fit(&t, &steps, err);
    status = status ? status : judge(&t, steps, figures, err);
    status = status ? status : write_stream(&t, w, figures, err);
    at_voice_set_free(&t.train.voices);
    at_voice_set_free(&t.valid.voices);
    at_free(t.train.z);
    at_free(t.valid.z);
    at_free(t.x);
    at_weights_free(&w);
    json_decref(figures);
    return status;
}
