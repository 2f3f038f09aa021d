#include "eval/confidence.h"

#include "base/rng.h"
#include "model/heads.h"

#include <math.h>
#include <stdlib.h>

enum { BINS = 15, DRAWS = 200 };

/* An answer: how sure, and whether it is right. */
typedef struct answer {
    float sure;
    int right, number;
} answer;

static int by_sureness(const void *a, const void *b)
{
    const answer *x = a, *y = b;
    return x->sure != y->sure ? (x->sure > y->sure) - (x->sure < y->sure)
                              : (x->number > y->number) - (x->number < y->number);
}

/* All answers, the least sure first; NULL: out of memory. */
static answer *sorted(const at_answers *a)
{
    answer *list = malloc(((size_t)a->n + 1) * sizeof *list);
    for (int i = 0; list && i < a->n; i++) {
        const float *p = a->p + (size_t)i * (size_t)a->classes;
        const int best = at_likeliest(p, a->classes);
        list[i] = (answer){p[best], best == a->label[i], i};
    }
    if (list)
        qsort(list, (size_t)a->n, sizeof *list, by_sureness);
    return list;
}

static double calibration_error(const answer *list, int n)
{
    double error = 0;
    for (int b = 0; b < BINS; b++) {
        double off = 0;
        for (int i = (int)((int64_t)b * n / BINS); i < (int)((int64_t)(b + 1) * n / BINS); i++)
            off += (double)list[i].sure - list[i].right;
        error += fabs(off);
    }
    return n ? error / n : 0;
}

int at_ece(double *out, const at_answers *a)
{
    answer *list = sorted(a);
    if (!list)
        return ATTUNE_E_NOMEM;
    *out = calibration_error(list, a->n);
    free(list);
    return ATTUNE_OK;
}

/* The error by chance: list's answers are made right as often as they are sure. */
static double error_by_chance(answer *list, int n, uint64_t seed)
{
    double sum = 0;
    for (int d = 0; d < DRAWS; d++) {
        at_rng rng;
        at_rng_seed(&rng, seed, (uint64_t)d);
        for (int i = 0; i < n; i++)
            list[i].right = at_rng_float(&rng) < list[i].sure;
        sum += calibration_error(list, n);
    }
    return sum / DRAWS;
}

static double error_of_surest(const answer *list, int n)
{
    const int from = n / 5;
    int wrong = 0;
    for (int i = from; i < n; i++)
        wrong += !list[i].right;
    return n > from ? (double)wrong / (n - from) : NAN;
}

int at_confidence_compute(at_confidence *out, const at_answers *a, uint64_t seed)
{
    answer *list = sorted(a);
    float *sure = malloc(((size_t)a->n + 1) * sizeof *sure);
    int *right = malloc(((size_t)a->n + 1) * sizeof *right);
    int ok = list && sure && right;
    for (int i = 0; ok && i < a->n; i++) {
        sure[i] = list[i].sure;
        right[i] = list[i].right;
    }
    ok = ok && at_auc(&out->auc, sure, right, a->n) == ATTUNE_OK;
    if (ok) {
        out->ece = calibration_error(list, a->n);
        out->kept_error = error_of_surest(list, a->n);
        out->ece_by_chance = error_by_chance(list, a->n, seed); /* last: it uses the list up */
    }
    free(list);
    free(sure);
    free(right);
    return ok ? ATTUNE_OK : ATTUNE_E_NOMEM;
}
