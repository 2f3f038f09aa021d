#include "eval/movement.h"

#include "eval/metrics.h"

#include <math.h>
#include <stdlib.h>

/* A sample's two values, or a person's. */
typedef struct moment {
    int group;
    double x[2];
} moment;

static int by_group(const void *a, const void *b)
{
    const moment *p = a, *q = b;
    return (p->group > q->group) - (p->group < q->group);
}

/* A mean is rounded, so that of equal values it may be another. */
static int are_equal(const moment *list, int n, int v)
{
    for (int i = 1; i < n; i++)
        if (list[i].x[v] != list[0].x[v])
            return 0;
    return 1;
}

/* The deviations of both values from their means; n > 0. */
static void deviations(const moment *list, int n, double out[2])
{
    for (int v = 0; v < 2; v++) {
        double mean = 0, squares = 0;
        for (int i = 0; i < n; i++)
            mean += list[i].x[v] / n;
        for (int i = 0; i < n; i++)
            squares += (list[i].x[v] - mean) * (list[i].x[v] - mean);
        out[v] = are_equal(list, n, v) ? 0 : sqrt(squares / n);
    }
}

/* Of the answers to the labels. */
static double ratio(const moment *list, int n)
{
    double d[2];
    if (n < 2)
        return NAN;
    deviations(list, n, d);
    return d[1] > 0 ? d[0] / d[1] : NAN;
}

/* list, sorted by group, becomes what is left of each sample beside its group's mean; mean: those. Returns how
 * many groups there are. */
static int take_means(moment *list, int n, moment *mean)
{
    int groups = 0;
    for (int from = 0, to; from < n; from = to) {
        moment *m = &mean[groups++];
        *m = (moment){.group = list[from].group};
        for (to = from; to < n && list[to].group == m->group; to++)
            for (int v = 0; v < 2; v++)
                m->x[v] += list[to].x[v];
        for (int v = 0; v < 2; v++)
            m->x[v] /= to - from;
        for (int i = from; i < to; i++)
            for (int v = 0; v < 2; v++)
                list[i].x[v] -= m->x[v];
    }
    return groups;
}

int at_movement_compute(at_movement *out, const float *answer, const float *label, const int *group,
                        int n)
{
    moment *list = malloc(2 * ((size_t)n + 1) * sizeof *list), *mean = list ? list + n : NULL;
    *out = (at_movement){NAN, NAN, NAN, 0};
    if (!list)
        return ATTUNE_E_NOMEM;
    for (int i = 0; i < n; i++)
        list[i] = (moment){group[i], {answer[i], label[i]}};
    qsort(list, (size_t)n, sizeof *list, by_group);
    out->correlation = at_correlation(answer, label, n);
    out->samples = ratio(list, n);
    const int people = take_means(list, n, mean);
    if (people > 1) {
        out->people = ratio(mean, people);
        out->time = ratio(list, n);
    }
    free(list);
    return ATTUNE_OK;
}
