#include "store/units.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

/* ---- units ------------------------------------------------------------------------------------- */

static int grow(at_units *u)
{
    const int room = u->room ? 2 * u->room : 16;
    double *block = at_calloc((size_t)room * AT_UNIT_MEMBERS, sizeof *block);

    if (!block)
        return ATTUNE_E_NOMEM;
    for (int k = 0; k < AT_UNIT_MEMBERS && u->n; k++)
        memcpy(block + (size_t)k * (size_t)room, u->of[k], (size_t)u->n * sizeof *block);
    at_free(u->of[0]);
    for (int k = 0; k < AT_UNIT_MEMBERS; k++)
        u->of[k] = block + (size_t)k * (size_t)room;
    u->room = room;
    return ATTUNE_OK;
}

int at_units_add_empty(at_units *u)
{
    if (u->n == u->room && grow(u) < 0)
        return ATTUNE_E_NOMEM;
    for (int k = 0; k < AT_UNIT_MEMBERS; k++)
        u->of[k][u->n] = 0;
    u->n++;
    return ATTUNE_OK;
}

void at_units_extend(at_units *u, const at_figures *f)
{
    const at_subject *s = &f->subject;
    const at_topic_stats *expression = &s->topic[AT_TOPIC_EXPRESSION];
    const at_topic_stats *engagement = &s->topic[AT_TOPIC_ENGAGEMENT];
    const double one = 1 / s->window_s;
    const int i = u->n - 1;

    u->of[AT_UNIT_WINDOWS][i] += (double)f->windows * f->hop_s * one;
    u->of[AT_UNIT_WITHHELD][i] += (double)f->withheld * f->hop_s * one;
    u->of[AT_UNIT_EXPRESSION][i] += expression->seconds * one;
    for (int e = 0; e < ATTUNE_EMOTIONS; e++)
        u->of[AT_UNIT_EMOTION + e][i] += expression->likeliest[e] * one;
    if (engagement->seconds <= 0)
        return;
    u->of[AT_UNIT_STATES][i] += engagement->seconds * one;
    for (int e = 0; e < ATTUNE_ENGAGEMENTS; e++)
        u->of[AT_UNIT_ENGAGEMENT + e][i] += engagement->likeliest[e] * one;
    for (int k = 0; k < ATTUNE_STATES; k++)
        u->of[AT_UNIT_LEVEL + k][i] += at_subject_level(s, k).value * engagement->seconds * one;
}

int at_units_add(at_units *u, const at_figures *f)
{
    if (at_units_add_empty(u) < 0)
        return ATTUNE_E_NOMEM;
    at_units_extend(u, f);
    return ATTUNE_OK;
}

void at_units_clear(at_units *u)
{
    u->n = 0;
}

void at_units_free(at_units *u)
{
    at_free(u->of[0]);
    memset(u, 0, sizeof *u);
}

/* ---- intervals --------------------------------------------------------------------------------- */

double at_student(int df)
{
    static const double table[] = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306,
                                   2.262,  2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
                                   2.110,  2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064,
                                   2.060,  2.056, 2.052, 2.048, 2.045, 2.042};
    const double z = 1.959964;

    if (df <= (int)(sizeof table / sizeof *table))
        return table[df - 1];
    /* Abramowitz and Stegun 1964, 26.7.5: the first terms, good to 1e-4 here */
    return z + (pow(z, 3) + z) / (4 * df) +
           (5 * pow(z, 5) + 16 * pow(z, 3) + 3 * z) / (96.0 * df * df);
}

static double sum(const double *v, int n)
{
    double s = 0;

    for (int i = 0; i < n; i++)
        s += v[i];
    return s;
}

/* Sessions without any evidence for it say nothing of how sessions differ. */
static int with_evidence(const double *whole, int n)
{
    int some = 0;

    for (int i = 0; i < n; i++)
        some += whole[i] > 0;
    return some;
}

/* Of those alone, where at_ratio_variance counts all. */
static double variance_of(const double *part, const double *whole, int n)
{
    const int some = with_evidence(whole, n);

    return some < 2 ? 0 : at_ratio_variance(part, whole, n) * (n - 1) / n * some / (some - 1);
}

at_interval at_units_share(const double *part, const double *whole, int n)
{
    const double windows = sum(whole, n), variance = variance_of(part, whole, n);
    const int some = with_evidence(whole, n);
    const double p = windows > 0 ? fmin(fmax(sum(part, n) / windows, 0), 1) : NAN;
    const double one = p * (1 - p), z = AT_INTERVAL_Z;
    double t, as_many;

    if (isnan(p) || some < 2)
        return (at_interval){p, NAN, NAN};
    t = at_student(some - 1);
    as_many = variance > 0 ? fmin(one / variance, windows) : one > 0 ? windows : some;
    return at_wilson(p, fmax(as_many * z * z / (t * t), 1));
}

at_interval at_units_mean(const double *part, const double *whole, int n, double most)
{
    const double windows = sum(whole, n);
    const double mean = windows > 0 ? sum(part, n) / windows : NAN;
    const int some = with_evidence(whole, n);
    double half;

    if (isnan(mean) || some < 2)
        return (at_interval){mean, NAN, NAN};
    half = at_student(some - 1) * sqrt(variance_of(part, whole, n));
    return (at_interval){mean, fmax(mean - half, 0), fmin(mean + half, most)};
}
