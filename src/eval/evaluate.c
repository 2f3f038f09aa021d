#include "eval/evaluate.h"

#include "base/error.h"
#include "base/mem.h"
#include "eval/metrics.h"
#include "degrade/degrade.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- labels ------------------------------------------------------------------------------------ */

/* The state with the highest level; a tie goes to the rarer one. -1 when a level is missing. */
static int dominant_state(const int state[ATTUNE_STATES])
{
    static const int rarest_first[ATTUNE_STATES] = {ATTUNE_FRUSTRATION, ATTUNE_CONFUSION,
                                                    ATTUNE_BOREDOM, ATTUNE_ENGAGEMENT};
    int best = rarest_first[0];
    for (int i = 0; i < ATTUNE_STATES; i++) {
        int s = rarest_first[i];
        if (state[s] < 0)
            return -1;
        best = state[s] > state[best] ? s : best;
    }
    return best;
}

static int label_of(const at_sample *s, at_task task)
{
    if (task == AT_TASK_STATE4)
        return dominant_state(s->state);
    if (task == AT_TASK_ENGAGEMENT3)
        return s->engagement;
    return s->expression;
}

/* ---- from answers to the result ------------------------------------------------------------------ */

/* What is left after samples without label or answer. */
typedef struct judged {
    int n;
    int *label, *group, *sample;
    float *p;
} judged;

static void judged_free(judged *j)
{
    free(j->label);
    free(j->group);
    free(j->sample);
    free(j->p);
}

static int by_person(const void *a, const void *b)
{
    return strcmp((*(const at_sample *const *)a)->person, (*(const at_sample *const *)b)->person);
}

/* Number of each sample's person; samples of nobody known are groups of their own. */
static int number_people(const at_corpus *c, int *group)
{
    const at_sample **order = malloc(((size_t)c->count + 1) * sizeof *order);
    if (!order)
        return ATTUNE_E_NOMEM;
    for (int i = 0; i < c->count; i++)
        order[i] = &c->list[i];
    qsort(order, (size_t)c->count, sizeof *order, by_person);
    int number = -1;
    for (int i = 0; i < c->count; i++) {
        number += i == 0 || !*order[i]->person ||
                  strcmp(order[i]->person, order[i - 1]->person) != 0;
        group[order[i] - c->list] = number;
    }
    free(order);
    return ATTUNE_OK;
}

static int collect(judged *j, const at_eval_run *r, int classes)
{
    size_t most = (size_t)r->corpus->count + 1;
    memset(j, 0, sizeof *j);
    j->label = malloc(most * sizeof *j->label);
    j->group = malloc(most * sizeof *j->group);
    j->sample = malloc(most * sizeof *j->sample);
    j->p = malloc(most * (size_t)classes * sizeof *j->p);
    if (!j->label || !j->group || !j->sample || !j->p || number_people(r->corpus, j->group) < 0) {
        judged_free(j);
        return ATTUNE_E_NOMEM;
    }
    for (int i = 0; i < r->corpus->count; i++) {
        int label = label_of(&r->corpus->list[i], r->corpus->task);
        if (label < 0 || !r->answer[i].judged)
            continue;
        j->label[j->n] = label;
        j->group[j->n] = j->group[i]; /* n never passes i */
        j->sample[j->n] = i;
        memcpy(j->p + (size_t)j->n * (size_t)classes, r->answer[i].p,
               (size_t)classes * sizeof *j->p);
        j->n++;
    }
    return ATTUNE_OK;
}

static attune_interval interval_of(at_interval i)
{
    return (attune_interval){i.lo, i.hi};
}

static int judge_classes(attune_eval_result *out, const at_eval_run *r, const judged *j,
                         attune_error *err)
{
    at_metrics m;
    at_metric_intervals intervals;
    const char *const *names = at_task_classes(r->corpus->task, &out->classes);
    const at_answers answers = {j->n, out->classes, j->label, j->p, j->group};
    int draws = r->options->draws > 0 ? r->options->draws : 1000;
    at_metrics_compute(&m, &answers);
    int status = at_metrics_bootstrap(&intervals, &answers, draws, r->options->seed, err);
    out->n = m.n;
    out->accuracy = m.accuracy;
    out->balanced_accuracy = m.balanced_accuracy;
    out->macro_f1 = m.macro_f1;
    out->weighted_f1 = m.weighted_f1;
    out->ece = m.ece;
    out->accuracy_interval = interval_of(intervals.accuracy);
    out->balanced_accuracy_interval = interval_of(intervals.balanced_accuracy);
    out->macro_f1_interval = interval_of(intervals.macro_f1);
    out->weighted_f1_interval = interval_of(intervals.weighted_f1);
    for (int k = 0; k < out->classes; k++) {
        const at_class_metrics *c = &m.per_class[k];
        out->per_class[k] =
            (attune_eval_class){names[k], c->precision, c->recall, c->specificity, c->f1, c->n};
        memcpy(out->confusion[k], m.confusion[k], (size_t)out->classes * sizeof **m.confusion);
    }
    return status;
}

/* DAiSEE's states at the thresholds that its shares leave meaning for: see the data card. */
static int judge_curves(attune_eval_result *out, const at_eval_run *r, const judged *j,
                        attune_error *err)
{
    static const struct {
        const char *name;
        int state, least;
    } thresholds[ATTUNE_EVAL_CURVES] = {{"boredom>=1", ATTUNE_BOREDOM, 1},
                                        {"engagement=3", ATTUNE_ENGAGEMENT, 3},
                                        {"confusion>=1", ATTUNE_CONFUSION, 1},
                                        {"frustration>=1", ATTUNE_FRUSTRATION, 1}};
    int draws = r->options->draws > 0 ? r->options->draws : 1000, status = ATTUNE_OK;
    float *score = malloc(((size_t)j->n + 1) * sizeof *score);
    int *positive = malloc(((size_t)j->n + 1) * sizeof *positive);
    if (!score || !positive)
        status = at_fail_nomem(err);
    for (int c = 0; c < ATTUNE_EVAL_CURVES && status == ATTUNE_OK; c++) {
        attune_eval_curve *curve = &out->curve[c];
        int state = thresholds[c].state, least = thresholds[c].least;
        at_interval interval;
        *curve = (attune_eval_curve){.name = thresholds[c].name, .n = j->n};
        for (int i = 0; i < j->n; i++) {
            score[i] = 0;
            for (int k = least; k < ATTUNE_LEVELS; k++)
                score[i] += r->answer[j->sample[i]].state[state][k];
            positive[i] = r->corpus->list[j->sample[i]].state[state] >= least;
            curve->positives += positive[i];
        }
        curve->auc = at_auc(score, positive, j->n);
        status = at_auc_bootstrap(&interval, score, positive, j->group, j->n, draws,
                                  r->options->seed, err);
        curve->interval = interval_of(interval);
        out->curves++;
    }
    free(score);
    free(positive);
    return status;
}

static int judge(attune_eval_result *out, const at_eval_run *r, attune_error *err)
{
    judged j;
    int classes;
    at_task_classes(r->corpus->task, &classes);
    if (collect(&j, r, classes) < 0)
        return at_fail_nomem(err);
    out->people = r->corpus->people;
    out->excluded = r->corpus->missing + r->corpus->count - j.n;
    out->not_found = r->not_found;
    int status =
        j.n ? ATTUNE_OK
            : at_fail(err, ATTUNE_E_FORMAT, "%s: no sample could be judged", r->options->root);
    if (status == ATTUNE_OK)
        status = judge_classes(out, r, &j, err);
    if (status == ATTUNE_OK && r->corpus->task == AT_TASK_STATE4)
        status = judge_curves(out, r, &j, err);
    judged_free(&j);
    return status;
}

/* ---- the call ------------------------------------------------------------------------------------ */

/* A folder may hold pictures and clips side by side. */
static int answer_all(at_eval_run *r, attune_error *err)
{
    int pictures = 0, status = ATTUNE_OK;
    if (r->corpus->task == AT_TASK_VOICE8)
        return at_eval_voices(r, err);
    for (int i = 0; i < r->corpus->count; i++)
        pictures += at_is_picture(r->corpus->list[i].path);
    if (pictures < r->corpus->count)
        status = at_eval_clips(r, err);
    return status == ATTUNE_OK && pictures > 0 ? at_eval_pictures(r, err) : status;
}

int attune_evaluate(attune_eval_result *out, const char *model, const attune_eval_options *o,
                    attune_error *err)
{
    at_corpus corpus = {0};
    at_weights *weights = NULL;
    at_fusion *fusion = NULL;
    const char *split = o->split ? o->split : "all";
    at_eval_run r = {.options = o, .model_path = model ? model : attune_default_model()};

    memset(out, 0, sizeof *out);
    if (!o->dataset || !o->root)
        return at_fail(err, ATTUNE_E_ARG, "a data set and its folder are needed");
    snprintf(out->dataset, sizeof out->dataset, "%s", o->dataset);
    snprintf(out->split, sizeof out->split, "%s", split);
    int status = at_corpus_read(&corpus, o->dataset, o->root, split, err);
    if (status == ATTUNE_OK)
        status = at_weights_load(&weights, r.model_path, err);
    if (status == ATTUNE_OK)
        status = at_fusion_load(&fusion, weights, err);
    if (status == ATTUNE_OK)
        status = at_pool_create(&r.pool, o->threads, err);
    if (status < 0)
        goto done;
    r.corpus = &corpus;
    r.weights = weights;
    r.fusion = fusion;
    r.answer = calloc((size_t)corpus.count, sizeof *r.answer);
    status = r.answer ? answer_all(&r, err) : at_fail_nomem(err);
    if (status == ATTUNE_OK)
        status = judge(out, &r, err);
done:
    free(r.answer);
    at_pool_free(&r.pool);
    at_fusion_free(&fusion);
    at_weights_free(&weights);
    at_corpus_free(&corpus);
    return status;
}

const char *attune_dataset_name(int i)
{
    return at_corpus_name(i);
}

const char *attune_dataset_help(int i)
{
    return at_corpus_help(i);
}

const char *attune_corruption_name(int i)
{
    return i >= 0 && i < AT_DEGRADE_KINDS ? at_degrade_names[i] : NULL;
}
