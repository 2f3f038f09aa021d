#include "eval/figures.h"
#include "eval/confidence.h"

#include "base/error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static attune_interval interval_of(at_interval i)
{
    return (attune_interval){i.lo, i.hi};
}

static const attune_interval no_interval = {NAN, NAN};

static void fill_intervals(attune_eval_result *out, const at_metric_intervals *i)
{
    out->accuracy_interval = interval_of(i->accuracy);
    out->balanced_accuracy_interval = interval_of(i->balanced_accuracy);
    out->macro_f1_interval = interval_of(i->macro_f1);
    out->weighted_f1_interval = interval_of(i->weighted_f1);
}

static void fill_unmeasured(attune_eval_result *out)
{
    out->accuracy = out->balanced_accuracy = out->macro_f1 = out->weighted_f1 = NAN;
    out->ece = out->ece_by_chance = out->confidence_auc = out->kept_error = NAN;
}

static void fill_no_intervals(attune_eval_result *out)
{
    out->accuracy_interval = out->balanced_accuracy_interval = no_interval;
    out->macro_f1_interval = out->weighted_f1_interval = no_interval;
}

int at_figures_groups(const int *group, const int *positive, int side, int n, int *seen, int most)
{
    int count = 0;
    memset(seen, 0, (size_t)most * sizeof *seen);
    for (int i = 0; i < n; i++)
        if (side < 0 || positive[i] == side)
            count += !seen[group[i]]++;
    return count;
}

/* What has no ground is NaN: no recall without a label, no precision without an answer. */
static attune_eval_class class_of(const char *name, const at_class_metrics *c, int n,
                                  int confusion[][AT_MAX_CLASSES], int k)
{
    int answered = 0;
    for (int i = 0; i < AT_MAX_CLASSES; i++)
        answered += confusion[i][k];
    return (attune_eval_class){name,
                               answered ? c->precision : NAN,
                               c->n ? c->recall : NAN,
                               c->n < n ? c->specificity : NAN,
                               answered || c->n ? c->f1 : NAN,
                               c->n};
}

static void fill_constant(attune_eval_result *out, const at_metrics *m, const char *const *names)
{
    at_metrics constant;
    const int answer = at_metrics_constant(&constant, m);
    out->constant = (attune_eval_constant){NULL, NAN, NAN, NAN};
    if (answer >= 0)
        out->constant = (attune_eval_constant){names[answer], constant.accuracy,
                                               constant.balanced_accuracy, constant.macro_f1};
}

int at_figures_draws(int draws)
{
    return draws > 0 ? draws : 1000;
}

/* ATTUNE_E_NOMEM, or how many there are. */
static int all_groups(const at_answers *a)
{
    int most = 1;
    for (int i = 0; i < a->n; i++)
        most = a->group[i] >= most ? a->group[i] + 1 : most;
    int *seen = malloc((size_t)most * sizeof *seen);
    const int groups = seen ? at_figures_groups(a->group, NULL, -1, a->n, seen, most)
                            : ATTUNE_E_NOMEM;
    free(seen);
    return groups;
}

/* Of the answers as they are, without another choice of people. */
static void fill_measured(attune_eval_result *out, at_head head, const at_answers *a)
{
    at_metrics m;
    const char *const *names = at_heads[head].class_names;
    at_metrics_compute(&m, a);
    out->accuracy = m.accuracy;
    out->balanced_accuracy = m.balanced_accuracy;
    out->macro_f1 = m.macro_f1;
    out->weighted_f1 = m.weighted_f1;
    fill_constant(out, &m, names);
    if (a->n == 0)
        fill_unmeasured(out);
    for (int k = 0; k < out->classes; k++) {
        const at_class_metrics *c = &m.per_class[k];
        out->per_class[k] = class_of(names[k], c, a->n, m.confusion, k);
        memcpy(out->confusion[k], m.confusion[k], (size_t)out->classes * sizeof **m.confusion);
    }
}

static int fill_confidence(attune_eval_result *out, const at_answers *a, uint64_t seed)
{
    at_confidence c;
    int status = at_confidence_compute(&c, a, seed);
    if (status)
        return status;
    out->ece = c.ece;
    out->ece_by_chance = c.ece_by_chance;
    out->confidence_auc = c.auc;
    out->kept_error = c.kept_error;
    return ATTUNE_OK;
}

int at_figures_fill(attune_eval_result *out, at_head head, const at_answers *a, int draws,
                    uint64_t seed, attune_error *err)
{
    at_metric_intervals intervals;
    int status = ATTUNE_OK;
    out->classes = a->classes;
    out->groups = all_groups(a);
    if (out->groups < 0)
        return at_fail_nomem(err);
    fill_measured(out, head, a);
    fill_no_intervals(out);
    if (a->n && (status = fill_confidence(out, a, seed)))
        return at_fail_nomem(err);
    if (out->groups > 1)
        status = at_metrics_bootstrap(&intervals, a, at_figures_draws(draws), seed, err);
    if (out->groups > 1 && status == ATTUNE_OK)
        fill_intervals(out, &intervals);
    return status;
}

/* ---- by quality ----------------------------------------------------------------------------- */

/* The answers of one grade, in room for all. */
static at_answers of_grade(const at_answers *a, const int *grade, int wanted, int *label,
                           int *group, float *p)
{
    const size_t classes = (size_t)a->classes;
    at_answers some = {0, a->classes, label, p, group};
    for (int i = 0; i < a->n; i++) {
        if (grade[i] != wanted)
            continue;
        label[some.n] = a->label[i];
        group[some.n] = a->group[i];
        memcpy(p + (size_t)some.n * classes, a->p + (size_t)i * classes, classes * sizeof *p);
        some.n++;
    }
    return some;
}

static int fill_condition(attune_eval_condition *out, at_head head, const at_answers *a, int draws,
                          uint64_t seed, attune_error *err)
{
    attune_eval_result r = {0};
    const int status = at_figures_fill(&r, head, a, draws, seed, err);
    *out = (attune_eval_condition){out->name,
                                   a->n,
                                   r.accuracy,
                                   r.balanced_accuracy,
                                   r.macro_f1,
                                   r.accuracy_interval,
                                   r.balanced_accuracy_interval};
    return status;
}

int at_figures_by_grade(attune_eval_condition out[ATTUNE_EVAL_CONDITIONS], at_head head,
                        const at_answers *a, const int *grade, int draws, uint64_t seed,
                        attune_error *err)
{
    _Static_assert((int)ATTUNE_EVAL_CONDITIONS == AT_GRADES - 1, "all but what has none");
    const size_t most = (size_t)a->n + 1;
    int *label = malloc(most * sizeof *label), *group = malloc(most * sizeof *group);
    float *p = malloc(most * (size_t)a->classes * sizeof *p);
    int status = label && group && p ? ATTUNE_OK : at_fail_nomem(err);
    for (int g = 0; g < ATTUNE_EVAL_CONDITIONS && !status; g++) {
        const at_answers some = of_grade(a, grade, g + 1, label, group, p);
        out[g].name = at_grade_names[g + 1];
        status = fill_condition(&out[g], head, &some, draws, seed, err);
    }
    free(label);
    free(group);
    free(p);
    return status;
}
