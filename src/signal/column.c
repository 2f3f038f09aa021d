#include "signal/column.h"

#include "base/mem.h"

#include <limits.h>
#include <math.h>
#include <string.h>

static const int64_t least_hold_us = 1000000, most_hold_us = 30000000;
static const double known_s = 30;

enum { CELL_US = 1000, CELLS_PER_S = 1000, LEAST_CELLS = 16, DOUBLINGS = 44 };

int at_column_open(at_column *c, int events, double seconds)
{
    *c = (at_column){.events = events, .cell_us = CELL_US};
    c->most = (size_t)(seconds * CELLS_PER_S) + LEAST_CELLS;
    c->value = at_alloc(c->most, sizeof *c->value);
    return c->value ? ATTUNE_OK : ATTUNE_E_NOMEM;
}

void at_column_free(at_column *c)
{
    at_free(c->value);
    c->value = NULL;
}

static at_value *value_at(const at_column *c, size_t i)
{
    return &c->value[(c->first + i) % c->most];
}

/* The latest of all; NULL: there was none. */
static const at_value *latest(const at_column *c)
{
    return c->count ? value_at(c, c->count - 1) : c->has_before ? &c->before : NULL;
}

/* A slope or a sum of values that a float holds may be none that it does. */
static float figure(double x)
{
    return isnan(x) ? NAN : (float)fmax(-AT_COLUMN_MOST, fmin(AT_COLUMN_MOST, x));
}

/* ---- how long a value holds ------------------------------------------------------------------ */

static int64_t median_gap(const at_column *c)
{
    int64_t sorted[AT_COLUMN_GAPS];
    const int n = c->gaps < AT_COLUMN_GAPS ? c->gaps : AT_COLUMN_GAPS;

    for (int i = 0; i < n; i++) {
        int k = i;
        for (; k > 0 && sorted[k - 1] > c->gap_us[i]; k--)
            sorted[k] = sorted[k - 1];
        sorted[k] = c->gap_us[i];
    }
    return n ? sorted[n / 2] : 0;
}

static int64_t hold_now(const at_column *c)
{
    const int64_t gap = median_gap(c);

    if (gap > most_hold_us / 2)
        return most_hold_us;
    return 2 * gap > least_hold_us ? 2 * gap : least_hold_us;
}

/* ---- what is usual --------------------------------------------------------------------------- */

/* West 1979, "Updating mean and variance estimates: an improved method". */
static void follow(at_column_habit *h, double x, double seconds)
{
    const double all = h->seconds + seconds, step = x - h->mean;

    if (!(seconds > 0))
        return;
    h->mean += step * seconds / all;
    h->m2 += step * (x - h->mean) * seconds;
    h->seconds = all;
}

static int64_t held_us(const at_value *v, int64_t until_us)
{
    const int64_t hold_us = (int64_t)v->hold_ms * 1000;

    return until_us - v->t_us < hold_us ? until_us - v->t_us : hold_us;
}

/* What held of v by end_us, as next came then; NULL: none did. */
static void follow_value(at_column_habit *h, const at_value *v, const at_value *next,
                         int64_t end_us)
{
    const int64_t until_us = next && next->t_us < end_us ? next->t_us : end_us;

    if (until_us > v->t_us)
        follow(h, (double)v->x, (double)held_us(v, until_us) / 1e6);
}

/* By end_us, whatever is there already of the time after it. */
static at_column_habit habit_at(const at_column *c, int64_t end_us)
{
    at_column_habit h = c->habit;

    if (c->has_before)
        follow_value(&h, &c->before, c->count ? value_at(c, 0) : NULL, end_us);
    for (size_t i = 0; i < c->count && value_at(c, i)->t_us < end_us; i++)
        follow_value(&h, value_at(c, i), i + 1 < c->count ? value_at(c, i + 1) : NULL, end_us);
    return h;
}

static double counted_at(const at_column *c, int64_t end_us)
{
    double n = c->counted;

    for (size_t i = 0; i < c->count && value_at(c, i)->t_us <= end_us; i++)
        n += (double)value_at(c, i)->x;
    return n;
}

/* From v (nullable) to then, if somebody counted. */
static int64_t counting_us(const at_value *v, int64_t until_us)
{
    return v && v->hold_ms ? until_us - v->t_us : 0;
}

/* For how long it has been known by end_us, in seconds. */
static double known_at(const at_column *c, int64_t end_us)
{
    const at_value *v = c->has_before ? &c->before : NULL;
    int64_t known_us = c->counted_us;

    if (!c->events)
        return habit_at(c, end_us).seconds;
    for (size_t i = 0; i < c->count; i++) {
        const at_value *next = value_at(c, i);
        if (next->t_us > end_us)
            break;
        known_us += counting_us(v, next->t_us);
        v = next;
    }
    return (double)(known_us + counting_us(v, end_us)) / 1e6;
}

attune_signal_usual at_column_usual(const at_column *c, int64_t end_us)
{
    const double seconds = known_at(c, end_us);
    const at_column_habit h = habit_at(c, end_us);

    if (!(seconds > 0))
        return (attune_signal_usual){NAN, c->events && latest(c) ? 0 : NAN};
    if (c->events)
        return (attune_signal_usual){figure(counted_at(c, end_us) / seconds), 0};
    return (attune_signal_usual){figure(h.mean), figure(sqrt(fmax(h.m2 / h.seconds, 0)))};
}

/* Counts scatter by the root of what is expected of them (Poisson). */
static float z_of(const at_column *c, double mean, double seconds, const attune_signal_usual *u)
{
    double deviation = (double)u->deviation;

    if (c->events)
        deviation = sqrt(fmax((double)u->mean, 0) / seconds);
    if (!(deviation > 1e-6 * fabs((double)u->mean)) || !isfinite(mean))
        return NAN;
    return figure((mean - (double)u->mean) / deviation);
}

/* ---- taking in ------------------------------------------------------------------------------ */

static void join(const at_column *c, at_value *to, const at_value *v)
{
    const int of = to->of + v->of;

    if (c->events)
        to->hold_ms = v->hold_ms;
    to->x = c->events ? figure((double)to->x + (double)v->x)
                      : (float)(((double)to->x * to->of + (double)v->x * v->of) / of);
    to->of = of < UINT16_MAX ? (uint16_t)of : UINT16_MAX;
}

/* Cells become twice as long, and values of one cell one. */
static void coarsen(at_column *c)
{
    size_t kept = 1;

    c->cell_us *= 2;
    for (size_t i = 1; i < c->count; i++) {
        at_value *last = value_at(c, kept - 1);
        const at_value v = *value_at(c, i);
        if (v.t_us / c->cell_us == last->t_us / c->cell_us)
            join(c, last, &v);
        else
            *value_at(c, kept++) = v;
    }
    c->count = kept;
}

void at_column_push(at_column *c, int64_t t_us, float x)
{
    at_value v = {t_us, c->events ? fmaxf(x, 0) : x, c->events && x >= 0, 1};
    at_value *last = c->count ? value_at(c, c->count - 1) : NULL;
    const at_value *known = latest(c);

    if (last && t_us / c->cell_us == last->t_us / c->cell_us) {
        join(c, last, &v);
        return;
    }
    if (known)
        c->gap_us[c->gaps++ % AT_COLUMN_GAPS] = t_us - known->t_us;
    while (c->count == c->most)
        coarsen(c);
    if (!c->events)
        v.hold_ms = (uint16_t)(hold_now(c) / 1000);
    *value_at(c, c->count++) = v;
}

static void forget_first(at_column *c)
{
    const at_value *v = value_at(c, 0);

    if (c->events) {
        c->counted += (double)v->x;
        c->counted_us += counting_us(c->has_before ? &c->before : NULL, v->t_us);
    } else if (c->has_before) {
        follow_value(&c->habit, &c->before, v, v->t_us);
    }
    c->before = *v;
    c->has_before = 1;
    c->first = (c->first + 1) % c->most;
    c->count--;
}

void at_column_forget_before(at_column *c, int64_t t_us)
{
    while (c->count && value_at(c, 0)->t_us < t_us)
        forget_first(c);
    if (c->count < c->most / 4)
        c->cell_us = CELL_US;
}

/* ---- keeping --------------------------------------------------------------------------------- */

static void keep_value(at_keep *k, at_value *v)
{
    at_keep_time(k, &v->t_us);
    at_keep_floats(k, &v->x, 1);
    at_keep_bytes(k, &v->hold_ms, sizeof v->hold_ms);
    at_keep_bytes(k, &v->of, sizeof v->of);
}

/* Another length would be none that coarsen comes to, or divide by 0. */
static void keep_cell(at_keep *k, at_column *c)
{
    int doublings = 0;

    while (c->cell_us > (int64_t)CELL_US << doublings)
        doublings++;
    at_keep_int(k, &doublings, 0, DOUBLINGS);
    c->cell_us = (int64_t)CELL_US << doublings;
}

static void keep_ring(at_keep *k, at_column *c)
{
    int count = (int)c->count;

    at_keep_int(k, &count, 0, (int)c->most);
    for (int i = 0; i < count; i++) {
        keep_value(k, value_at(c, (size_t)i));
        if (i && value_at(c, (size_t)i)->t_us < value_at(c, (size_t)i - 1)->t_us)
            k->status = ATTUNE_E_FORMAT;
    }
    c->count = (size_t)count;
}

void at_column_keep(at_keep *k, at_column *c)
{
    keep_cell(k, c);
    keep_ring(k, c);
    keep_value(k, &c->before);
    at_keep_int(k, &c->has_before, 0, 1);
    for (int i = 0; i < AT_COLUMN_GAPS; i++)
        at_keep_time(k, &c->gap_us[i]);
    at_keep_int(k, &c->gaps, 0, INT_MAX / 2);
    at_keep_bytes(k, &c->habit, sizeof c->habit);
    at_keep_bytes(k, &c->counted, sizeof c->counted);
    at_keep_count(k, &c->counted_us);
}

/* ---- a window ------------------------------------------------------------------------------- */

/* Sums over the stretches that values hold within a window; t is the middle of one, seconds from the start. */
typedef struct at_held {
    double
        about; /* the first value, which all are told from: so what stays as it is has a deviation of 0 */
    double seconds, x, xx, t, tt, tx;
    int n;
} at_held;

static void hold(at_held *h, const at_value *v, int64_t until_us, int64_t start_us, int64_t end_us)
{
    const int64_t to = v->t_us + held_us(v, until_us < end_us ? until_us : end_us);
    const int64_t from = v->t_us > start_us ? v->t_us : start_us;
    const double s = (double)(to - from) / 1e6;
    const double x = (double)v->x - (h->about = h->n ? h->about : (double)v->x);
    const double t = ((double)(from - start_us) + (double)(to - start_us)) / 2e6;

    if (to <= from)
        return;
    h->n++;
    h->seconds += s;
    h->x += s * x;
    h->t += s * t;
    h->xx += s * x * x;
    h->tt += s * t * t;
    h->tx += s * t * x;
}

static at_held held_in(const at_column *c, int64_t start_us, int64_t end_us)
{
    at_held h = {0};

    if (c->has_before && c->before.t_us < end_us)
        hold(&h, &c->before, c->count ? value_at(c, 0)->t_us : INT64_MAX, start_us, end_us);
    for (size_t i = 0; i < c->count && value_at(c, i)->t_us < end_us; i++)
        hold(&h, value_at(c, i), i + 1 < c->count ? value_at(c, i + 1)->t_us : INT64_MAX, start_us,
             end_us);
    return h;
}

static double events_in(const at_column *c, int64_t start_us, int64_t end_us)
{
    double n = 0;

    for (size_t i = 0; i < c->count && value_at(c, i)->t_us < end_us; i++)
        n += value_at(c, i)->t_us >= start_us ? (double)value_at(c, i)->x : 0;
    return n;
}

/* Of v (nullable) until then, what lies within the window. */
static int64_t counting_in(const at_value *v, int64_t until_us, int64_t start_us, int64_t end_us)
{
    const int64_t from_us = v && v->t_us > start_us ? v->t_us : start_us;
    const int64_t to_us = until_us < end_us ? until_us : end_us;

    return v && v->hold_ms && to_us > from_us ? to_us - from_us : 0;
}

/* For how long of the window somebody counted. */
static int64_t counted_in(const at_column *c, int64_t start_us, int64_t end_us)
{
    const at_value *v = c->has_before ? &c->before : NULL;
    int64_t known_us = 0;

    for (size_t i = 0; i < c->count && value_at(c, i)->t_us < end_us; i++) {
        known_us += counting_in(v, value_at(c, i)->t_us, start_us, end_us);
        v = value_at(c, i);
    }
    return known_us + counting_in(v, end_us, start_us, end_us);
}

/* Events are shared out over the whole window, however much of it was counted in: counted from an event on, one at its end
 * would be many a second. */
static void count_window(const at_column *c, int64_t start_us, int64_t end_us, attune_signal *out)
{
    const int64_t known_us = counted_in(c, start_us, end_us);
    const double seconds = (double)(end_us - start_us) / 1e6;

    if (!known_us)
        return;
    out->mean = figure(events_in(c, start_us, end_us) / seconds);
    out->coverage = (float)((double)known_us / 1e6 / seconds);
}

static void hold_window(const at_column *c, int64_t start_us, int64_t end_us, attune_signal *out)
{
    const at_held h = held_in(c, start_us, end_us);
    const double n = h.seconds, spread = h.tt - h.t * h.t / n;

    if (!(n > 0))
        return;
    out->mean = figure(h.about + h.x / n);
    out->deviation = figure(sqrt(fmax(h.xx / n - (h.x / n) * (h.x / n), 0)));
    out->coverage = (float)fmin(n / ((double)(end_us - start_us) / 1e6), 1);
    if (h.n >= 3 && spread > 1e-9)
        out->slope = figure((h.tx - h.t * h.x / n) / spread);
}

void at_column_window(const at_column *c, int64_t start_us, int64_t end_us,
                      const attune_signal_usual *usual, attune_signal *out)
{
    const attune_signal_usual own = at_column_usual(c, end_us);

    *out = (attune_signal){.mean = NAN, .slope = NAN, .deviation = NAN, .coverage = 0, .z = NAN};
    (c->events ? count_window : hold_window)(c, start_us, end_us, out);
    if (out->coverage > 0 && (usual || known_at(c, end_us) >= known_s))
        out->z =
            z_of(c, (double)out->mean, (double)(end_us - start_us) / 1e6, usual ? usual : &own);
}

float at_column_mean(const at_column *c, int64_t start_us, int64_t end_us)
{
    attune_signal s = {.mean = NAN};

    (c->events ? count_window : hold_window)(c, start_us, end_us, &s);
    return s.mean;
}
