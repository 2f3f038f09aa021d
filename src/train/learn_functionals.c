/* The voice stream's linear expert: logistic regression (logistic.h) on what whole stretches of speech are
 * like (dsp/functionals.h). Sets weigh by their size and share, and within a set all classes alike.
 *
 * Two regressions, one on the columns' functionals and one on the prosody, each with a weight: the sum of
 * their logits, again linear, is the expert (a product of experts, as it is one with the networks). */
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "eval/metrics.h"
#include <attune/eval.h>
#include "train/checkpoint.h"
#include "train/heard_set.h"
#include "train/learn.h"
#include "train/logistic.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = AT_VOICE_FUNCTIONALS, CLASSES = AT_VOICE_CLASSES, COEFFICIENTS = WIDTH * CLASSES };

typedef struct expert {
    float mean[WIDTH], inv_deviation[WIDTH], weight[COEFFICIENTS], bias[CLASSES];
} expert;

typedef struct task {
    const at_job *job;
    const at_functionals_settings *s;
    at_heard_set train, valid;
    expert *x;
} task;

/* ---- scales --------------------------------------------------------------------------------- */

/* Mean and deviation of the training rows; what never varies counts for nothing. */
static void measure(expert *x, const at_heard_set *train)
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
    return (at_voice_expert){WIDTH, x->mean, x->inv_deviation, x->weight, x->bias};
}

static void scale(const expert *x, at_heard_set *set)
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
        const int sample = at_heard_voice(&t->train, r), set = v->set_of[sample];
        const double classes = __builtin_popcount(v->classes[set]);
        weight[r] = (float)(v->share[set] * all[set] / (classes * count[set][v->label[sample]]));
        sum += (double)weight[r];
        at_voice_set_prior(v, &sample, 1, 0, t->s->lacking, prior + (size_t)r * CLASSES);
    }
    for (int r = 0; r < t->train.rows; r++)
        weight[r] *= (float)(t->train.rows / sum);
}

/* Functionals [first, first + values) and what their regression counts for. */
typedef struct part {
    int first, values;
    double penalty;
    float weight;
} part;

/* The rows' values of a part, without the others between them. */
static void cut(const at_heard_set *h, const part *p, float *x)
{
    for (int r = 0; r < h->rows; r++)
        memcpy(x + (size_t)r * (size_t)p->values, h->z + (size_t)r * WIDTH + p->first,
               (size_t)p->values * sizeof *x);
}

/* One part's regression, its share of the expert. Returns the steps. */
static int fit_part(task *t, const part *p, const at_logistic *rows, attune_error *err)
{
    at_logistic l = *rows;
    float bias[CLASSES];
    float *x = at_alloc((size_t)l.rows * (size_t)p->values, sizeof *x),
          *weight = t->x->weight + (size_t)p->first * CLASSES;
    if (!x)
        return at_fail_nomem(err);
    cut(&t->train, p, x);
    l.x = x;
    l.values = p->values;
    l.c = 1 / (p->penalty * l.rows);
    const int steps = at_logistic_fit(&l, t->job->pool, at_kernels_best(), weight, bias, err);
    for (int i = 0; i < p->values * CLASSES; i++)
        weight[i] *= p->weight;
    for (int k = 0; k < CLASSES; k++)
        t->x->bias[k] += p->weight * bias[k];
    at_free(x);
    return steps;
}

static int fit_parts(task *t, const at_logistic *rows, int *steps, attune_error *err)
{
    const at_functionals_settings *s = t->s;
    const part parts[] = {
        {0, AT_VOICE_COLUMNS, s->penalty, s->weight},
        {AT_VOICE_COLUMNS, WIDTH - AT_VOICE_COLUMNS, s->penalty_prosody, s->weight_prosody},
    };
    *steps = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const int status = parts[i].weight > 0 ? fit_part(t, &parts[i], rows, err) : 0;
        if (status < 0)
            return status;
        *steps += status;
    }
    return ATTUNE_OK;
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
            label[r] = t->train.voices.label[at_heard_voice(&t->train, (int)r)];
        const at_logistic l = {.rows = t->train.rows,
                               .classes = CLASSES,
                               .label = label,
                               .class_weight = class_weight,
                               .row_weight = weight,
                               .offset = prior,
                               .iterations = t->s->steps};
        status = fit_parts(t, &l, steps, err);
    }
    at_free(weight);
    at_free(prior);
    at_free(label);
    return status;
}

/* ---- judging and writing -------------------------------------------------------------------- */

/* The expert alone on the valid part of one set, in its own classes: of single voices, or less what is usual
 * of their people. */
typedef struct verdict {
    int n, people;
    double recall; /* mean over the set's classes */
    at_interval interval;
} verdict;

enum { DRAWS = 1000 };

/* Room for the answers to all voices. */
typedef struct room {
    float *p;
    int *label, *group;
} room;

static int judge_set(const task *t, int set, int centred, room *m, verdict *out, attune_error *err)
{
    const at_heard_set *h = &t->valid;
    const at_voice_set *v = &h->voices;
    const at_voice_expert e = view(t->x);
    at_answers a = {.label = m->label, .p = m->p, .group = m->group};
    at_metrics metrics;
    at_metric_intervals intervals;
    int last = -1;
    *out = (verdict){0};
    for (int i = 0; i < v->voices.count; i++) {
        const size_t row = (size_t)(centred ? h->heard + i : i);
        float logit[CLASSES] = {0}, native[CLASSES];
        if (v->set_of[i] != set)
            continue;
        at_voice_expert_add(&e, h->z + row * WIDTH, logit);
        at_probabilities(logit, CLASSES, 1, native);
        a.classes = at_voice_set_answer(v, i, native, m->p + (size_t)a.n * (size_t)a.classes);
        m->group[a.n] = v->person[i];
        m->label[a.n++] = v->voices.list[i].label.expression;
        out->people += v->person[i] > last; /* numbered as they come */
        last = v->person[i] > last ? v->person[i] : last;
    }
    if (!(out->n = a.n))
        return ATTUNE_OK;
    at_metrics_compute(&metrics, &a);
    out->recall = metrics.balanced_accuracy;
    const int status = at_metrics_bootstrap(&intervals, &a, DRAWS, 1, err);
    out->interval = intervals.balanced_accuracy;
    return status;
}

/* An interval over people needs two of them. */
static json_t *verdict_json(const verdict *v)
{
    return v->people > 1
               ? json_pack("{s:o, s:[oo]}", "recall", at_json_number(v->recall), "interval",
                           at_json_number(v->interval.lo), at_json_number(v->interval.hi))
               : json_pack("{s:o, s:n}", "recall", at_json_number(v->recall), "interval");
}

static void tell(const task *t, const at_set_settings *of, const char *what, const verdict *v)
{
    char line[300], interval[40] = "one person";
    if (v->people > 1)
        snprintf(interval, sizeof interval, "%.4f to %.4f", v->interval.lo, v->interval.hi);
    snprintf(line, sizeof line, "%s  %s %s, %d voices%s: recall %.4f (%s)", t->job->recipe->name,
             of->dataset, of->valid, v->n, what, v->recall, interval);
    at_job_tell(t->job, line);
}

static int judge(const task *t, int steps, json_t **figures, attune_error *err)
{
    const size_t n = (size_t)t->valid.voices.voices.count + 1;
    room m = {malloc(n * AT_MOST_CLASSES * sizeof *m.p), malloc(n * sizeof *m.label),
              malloc(n * sizeof *m.group)};
    json_t *sets = json_array();
    int status = m.p && m.label && m.group && sets ? ATTUNE_OK : at_fail_nomem(err), set = 0;
    at_json_put(figures, "steps", json_integer(steps));
    for (int i = 0; i < t->s->data.sets && !status; i++) {
        const at_set_settings *of = &t->s->data.set[i];
        verdict single, centred;
        if (!of->valid)
            continue;
        status = judge_set(t, set, 0, &m, &single, err);
        status = status ? status : judge_set(t, set, 1, &m, &centred, err);
        set++;
        if (status)
            break;
        tell(t, of, "", &single);
        tell(t, of, ", less their people's usual", &centred);
        at_json_append(&sets,
                       json_pack("{s:s, s:s, s:i, s:i, s:o, s:o}", "dataset", of->dataset, "split",
                                 of->valid, "n", single.n, "people", single.people, "single",
                                 verdict_json(&single), "centred", verdict_json(&centred)));
    }
    at_json_put(figures, "sets", sets);
    free(m.p);
    free(m.label);
    free(m.group);
    return status || *figures ? status : at_fail_nomem(err);
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

/* What the stream's file says of its training, and the expert's figures in it. */
static char *record(const at_weights *w, const json_t *figures)
{
    const char *before = at_weights_meta(w, "training");
    if (!before)
        before = at_weights_meta(w, "training.voice");
    json_t *all = NULL;
    if (before && at_json_read(&all, before, strlen(before), 0, NULL) == ATTUNE_E_NOMEM)
        return NULL;
    if (!json_is_object(all)) {
        json_decref(all);
        all = json_object();
    }
    at_json_put(&all, "functionals", json_incref((json_t *)(uintptr_t)figures));
    char *text = at_json_write(all, JSON_COMPACT | JSON_REAL_PRECISION(6));
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
    /* the stream's own arrays, without an expert that it may have had */
    status = status ? status : at_params_copy(&p, w, "audio", at_voice_expert_arrays, err);
    status = status ? status : put(&p, "mean", WIDTH, 0, t->x->mean, err);
    status = status ? status : put(&p, "inv_deviation", WIDTH, 0, t->x->inv_deviation, err);
    status = status ? status : put(&p, "weight", WIDTH, CLASSES, t->x->weight, err);
    status = status ? status : put(&p, "bias", CLASSES, 0, t->x->bias, err);
    status = status ? status : at_params_save(path, &p, meta, err);
    status = status ? status : at_job_wrote(t->job, ".safetensors", err);
    at_params_free(&p);
    free(text);
    return status;
}

static int write_figures(const task *t, const json_t *figures, attune_error *err)
{
    char path[AT_TRAIN_PATH],
        *text = at_json_write(figures, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
    int status = text ? at_job_path(t->job, ".figures.json", path, err) : at_fail_nomem(err);
    status = status ? status : attune_text_write(path, text, err);
    free(text);
    return status ? status : at_job_wrote(t->job, ".figures.json", err);
}

/* ---- the run -------------------------------------------------------------------------------- */

static int load(task *t, at_weights **w, attune_error *err)
{
    const at_functionals_settings *s = t->s;
    double *mean = at_calloc(WIDTH, sizeof *mean);
    int status = mean ? ATTUNE_OK : at_fail_nomem(err);
    if (!status && s->model)
        status = at_job_weights(t->job, s->model, w, err);
    status =
        status ? status
               : at_heard_set_load(&t->train, t->job, s, AT_PART_TRAIN, s->noise, s->versions, err);
    status = status ? status : at_heard_set_load(&t->valid, t->job, s, AT_PART_VALID, NULL, 1, err);
    status = status ? status : at_heard_set_centre(&t->train, mean, 1, err);
    status = status ? status : at_heard_set_centre(&t->valid, mean, 0, err);
    if (!s->centred)
        t->train.rows = t->train.heard;
    at_free(mean);
    return status;
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
    status = status ? status : judge(&t, steps, &figures, err);
    status = status ? status : at_job_will_write(job, err);
    status = status ? status : write_figures(&t, figures, err);
    if (!status && w)
        status = write_stream(&t, w, figures, err);
    at_heard_set_free(&t.train);
    at_heard_set_free(&t.valid);
    at_free(t.x);
    at_weights_free(&w);
    json_decref(figures);
    return status;
}
