#include "eval/metrics.h"

#include "base/error.h"
#include "base/rng.h"
#include "model/heads.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double ratio(double a, double b)
{
    return b > 0 ? a / b : 0;
}

/* Everything that follows from the confusion matrix. */
static void from_confusion(at_metrics *m)
{
    int correct = 0, present = 0, occurring = 0;
    m->n = 0;
    for (int k = 0; k < m->classes; k++)
        for (int j = 0; j < m->classes; j++)
            m->n += m->confusion[k][j];
    m->balanced_accuracy = m->macro_f1 = m->weighted_f1 = 0;
    for (int k = 0; k < m->classes; k++) {
        at_class_metrics *c = &m->per_class[k];
        int tp = m->confusion[k][k], labelled = 0, answered = 0;
        for (int j = 0; j < m->classes; j++) {
            labelled += m->confusion[k][j];
            answered += m->confusion[j][k];
        }
        c->n = labelled;
        c->precision = ratio(tp, answered);
        c->recall = ratio(tp, labelled);
        c->specificity = ratio(m->n - labelled - answered + tp, m->n - labelled);
        c->f1 = ratio(2. * tp, labelled + answered);
        correct += tp;
        present += labelled > 0;
        occurring += labelled > 0 || answered > 0;
        m->balanced_accuracy += c->recall;
        m->macro_f1 += c->f1;
        m->weighted_f1 += c->f1 * ratio(labelled, m->n);
    }
    m->accuracy = ratio(correct, m->n);
    m->balanced_accuracy = ratio(m->balanced_accuracy, present);
    m->macro_f1 = ratio(m->macro_f1, occurring);
}

/* Of equal values the value itself: sums of floats are exact in a double. */
static double mean_of(const float *x, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += (double)x[i];
    return sum / n;
}

double at_correlation(const float *x, const float *y, int n)
{
    const double mx = mean_of(x, n), my = mean_of(y, n);
    double xx = 0, yy = 0, xy = 0;
    for (int i = 0; i < n; i++) {
        double dx = (double)x[i] - mx, dy = (double)y[i] - my;
        xx += dx * dx;
        yy += dy * dy;
        xy += dx * dy;
    }
    return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : 0;
}

void at_metrics_compute(at_metrics *m, const at_answers *a)
{
    memset(m, 0, sizeof *m);
    m->classes = a->classes;
    for (int i = 0; i < a->n; i++)
        m->confusion[a->label[i]]
                    [at_likeliest(a->p + (size_t)i * (size_t)a->classes, a->classes)]++;
    from_confusion(m);
}

int at_metrics_constant(at_metrics *out, const at_metrics *of)
{
    int most = 0;
    memset(out, 0, sizeof *out);
    out->classes = of->classes;
    for (int k = 1; k < of->classes; k++)
        most = of->per_class[k].n > of->per_class[most].n ? k : most;
    for (int k = 0; k < of->classes; k++)
        out->confusion[k][most] = of->per_class[k].n;
    from_confusion(out);
    return out->n ? most : -1;
}

/* ---- bootstrap ------------------------------------------------------------------------------ */

/* Samples in the order of their group, and where each group starts. */
typedef struct grouping {
    int *member; /* (n) sample numbers */
    int *start;  /* (groups + 1) into member */
    int groups;
} grouping;

typedef struct keyed {
    int group, sample;
} keyed;

static int by_group(const void *a, const void *b)
{
    const keyed *x = a, *y = b;
    return x->group != y->group ? (x->group > y->group) - (x->group < y->group)
                                : (x->sample > y->sample) - (x->sample < y->sample);
}

static void grouping_free(grouping *g)
{
    free(g->member);
    free(g->start);
}

static int grouping_make(grouping *g, const int *group, int n)
{
    keyed *k = malloc(((size_t)n + 1) * sizeof *k);
    g->member = malloc(((size_t)n + 1) * sizeof *g->member);
    g->start = malloc(((size_t)n + 1) * sizeof *g->start);
    g->groups = 0;
    if (!k || !g->member || !g->start) {
        free(k);
        grouping_free(g);
        return ATTUNE_E_NOMEM;
    }
    for (int i = 0; i < n; i++)
        k[i] = (keyed){group ? group[i] : i, i};
    qsort(k, (size_t)n, sizeof *k, by_group);
    for (int i = 0; i < n; i++) {
        if (i == 0 || k[i].group != k[i - 1].group)
            g->start[g->groups++] = i;
        g->member[i] = k[i].sample;
    }
    g->start[g->groups] = n;
    free(k);
    return ATTUNE_OK;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* 2.5 and 97.5 percentiles; v (n) is sorted in place. */
static at_interval percentiles(double *v, int n)
{
    qsort(v, (size_t)n, sizeof *v, by_value);
    return (at_interval){v[(int)(0.025 * (n - 1) + 0.5)], v[(int)(0.975 * (n - 1) + 0.5)]};
}

static void resample(at_metrics *m, const at_answers *a, const int *answer, const grouping *g,
                     at_rng *r)
{
    memset(m, 0, sizeof *m);
    m->classes = a->classes;
    for (int draw = 0; draw < g->groups; draw++) {
        uint32_t which = at_rng_below(r, (uint32_t)g->groups);
        for (int i = g->start[which]; i < g->start[which + 1]; i++)
            m->confusion[a->label[g->member[i]]][answer[g->member[i]]]++;
    }
    from_confusion(m);
}

int at_metrics_bootstrap(at_metric_intervals *out, const at_answers *a, int draws, uint64_t seed,
                         attune_error *err)
{
    enum { KINDS = 4 };
    grouping g = {0};
    at_rng r;
    at_metrics m;
    memset(out, 0, sizeof *out);
    if (a->n < 1 || draws < 1)
        return at_fail(err, ATTUNE_E_ARG, "nothing to resample");
    double *v = malloc((size_t)draws * KINDS * sizeof *v);
    int *answer = malloc((size_t)a->n * sizeof *answer);
    int status = v && answer ? grouping_make(&g, a->group, a->n) : ATTUNE_E_NOMEM;
    if (status < 0) {
        free(v);
        free(answer);
        return at_fail_nomem(err);
    }
    for (int i = 0; i < a->n; i++)
        answer[i] = at_likeliest(a->p + (size_t)i * (size_t)a->classes, a->classes);
    at_rng_seed(&r, seed, 0);
    for (int d = 0; d < draws; d++) {
        resample(&m, a, answer, &g, &r);
        v[d] = m.accuracy;
        v[draws + d] = m.balanced_accuracy;
        v[2 * draws + d] = m.macro_f1;
        v[3 * draws + d] = m.weighted_f1;
    }
    out->accuracy = percentiles(v, draws);
    out->balanced_accuracy = percentiles(v + draws, draws);
    out->macro_f1 = percentiles(v + 2 * draws, draws);
    out->weighted_f1 = percentiles(v + 3 * draws, draws);
    grouping_free(&g);
    free(answer);
    free(v);
    return ATTUNE_OK;
}

int at_mean_bootstrap(at_interval *out, const float *x, const int *group, int n, int draws,
                      uint64_t seed, attune_error *err)
{
    grouping g = {0};
    at_rng r;
    *out = (at_interval){NAN, NAN};
    if (n < 1 || draws < 1)
        return at_fail(err, ATTUNE_E_ARG, "nothing to resample");
    double *v = malloc((size_t)draws * sizeof *v);
    if (!v || grouping_make(&g, group, n) < 0) {
        free(v);
        return at_fail_nomem(err);
    }
    at_rng_seed(&r, seed, 0);
    for (int d = 0; d < draws; d++) {
        double sum = 0;
        int count = 0;
        for (int k = 0; k < g.groups; k++) {
            const uint32_t which = at_rng_below(&r, (uint32_t)g.groups);
            for (int i = g.start[which]; i < g.start[which + 1]; i++, count++)
                sum += (double)x[g.member[i]];
        }
        v[d] = sum / count;
    }
    *out = percentiles(v, draws);
    grouping_free(&g);
    free(v);
    return ATTUNE_OK;
}

/* ---- ROC ------------------------------------------------------------------------------------- */

typedef struct scored {
    float score;
    int positive;
} scored;

static int by_score(const void *a, const void *b)
{
    float x = ((const scored *)a)->score, y = ((const scored *)b)->score;
    return (x > y) - (x < y);
}

/* s is sorted in place. Sum of the positives' mid-ranks (Mann & Whitney 1947). */
static double auc_of(scored *s, int n)
{
    double positives = 0, ranks = 0;
    qsort(s, (size_t)n, sizeof *s, by_score);
    for (int i = 0, j; i < n; i = j) {
        int tied = 0;
        for (j = i; j < n && s[j].score == s[i].score; j++)
            tied += s[j].positive;
        ranks += tied * (i + j + 1) / 2.;
        positives += tied;
    }
    double negatives = n - positives;
    if (positives == 0 || negatives == 0)
        return NAN;
    return (ranks - positives * (positives + 1) / 2) / (positives * negatives);
}

int at_auc(double *out, const float *score, const int *positive, int n)
{
    scored *s = malloc(((size_t)n + 1) * sizeof *s);
    if (!s)
        return ATTUNE_E_NOMEM;
    for (int i = 0; i < n; i++)
        s[i] = (scored){score[i], positive[i] != 0};
    *out = auc_of(s, n);
    free(s);
    return ATTUNE_OK;
}

int at_auc_bootstrap(at_interval *out, const float *score, const int *positive, const int *group,
                     int n, int draws, uint64_t seed, attune_error *err)
{
    grouping g = {0};
    at_rng r;
    int got = 0, most = 0;
    *out = (at_interval){NAN, NAN};
    if (n < 1 || draws < 1)
        return at_fail(err, ATTUNE_E_ARG, "nothing to resample");
    if (grouping_make(&g, group, n) < 0)
        return at_fail_nomem(err);
    for (int k = 0; k < g.groups; k++)
        most = g.start[k + 1] - g.start[k] > most ? g.start[k + 1] - g.start[k] : most;
    /* A draw of groups may hold more samples than there are. */
    scored *s = malloc((size_t)most * (size_t)g.groups * sizeof *s);
    double *v = malloc((size_t)draws * sizeof *v);
    if (!s || !v) {
        free(s);
        free(v);
        grouping_free(&g);
        return at_fail_nomem(err);
    }
    at_rng_seed(&r, seed, 0);
    for (int d = 0; d < draws; d++) {
        int count = 0;
        for (int k = 0; k < g.groups; k++) {
            uint32_t which = at_rng_below(&r, (uint32_t)g.groups);
            for (int i = g.start[which]; i < g.start[which + 1]; i++)
                s[count++] = (scored){score[g.member[i]], positive[g.member[i]] != 0};
        }
        double auc = auc_of(s, count);
        if (!isnan(auc))
            v[got++] = auc;
    }
    if (got > 0)
        *out = percentiles(v, got);
    free(s);
    free(v);
    grouping_free(&g);
    return ATTUNE_OK;
}

/* ---- pairs ---------------------------------------------------------------------------------- */

/* 1: p alone is right of the i-th sample, -1: a->p alone. */
static int gained(const at_answers *a, const float *p, int i)
{
    const size_t row = (size_t)i * (size_t)a->classes;
    return (at_likeliest(p + row, a->classes) == a->label[i]) -
           (at_likeliest(a->p + row, a->classes) == a->label[i]);
}

int at_gain_bootstrap(at_gain *out, const at_answers *a, const float *p, int draws, uint64_t seed,
                      attune_error *err)
{
    double sum = 0;
    *out = (at_gain){0};
    float *gain = malloc(((size_t)a->n + 1) * sizeof *gain);
    if (!gain)
        return at_fail_nomem(err);
    for (int i = 0; i < a->n; i++) {
        gain[i] = (float)gained(a, p, i);
        sum += (double)gain[i];
    }
    const int status = at_mean_bootstrap(&out->interval, gain, a->group, a->n, draws, seed, err);
    if (!status)
        out->of = sum / a->n;
    free(gain);
    return status;
}
