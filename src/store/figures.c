#include "store/figures.h"

#include "report/hops.h"
#include "store/sql.h"
#include "store/store.h"

#include <math.h>
#include <string.h>

void at_moments_join(at_moments *m, const at_moments *more)
{
    const double n = m->n + more->n, difference = more->mean - m->mean;

    if (more->n <= 0)
        return;
    m->mean += difference * more->n / n;
    m->squares += more->squares + difference * difference * m->n * more->n / n;
    m->n = n;
}

double at_moments_deviation(const at_moments *m)
{
    return m->n > 1 ? sqrt(m->squares / (m->n - 1)) : 0;
}

static void add(at_moments *m, double value)
{
    at_moments_join(m, &(at_moments){1, value, 0});
}

static double level(const float *p)
{
    double sum = 0;

    for (int k = 1; k < ATTUNE_LEVELS; k++)
        sum += k * (double)p[k];
    return sum;
}

typedef struct at_tally {
    at_figures *f;
    uint32_t track; /* 0: everything */
    int64_t hop_us, end_us;
    double window_s;
} at_tally;

static void add_quantities(at_figures *f, const attune_window *w)
{
    if (!at_evident(w))
        return;
    for (int e = 0; e < ATTUNE_EMOTIONS; e++)
        add(&f->of[e], (double)w->emotion7[e]);
    for (int i = 0; i < ATTUNE_STATES && w->has_state && at_face_there(w); i++)
        add(&f->of[ATTUNE_EMOTIONS + i], level(w->state4[i]));
}

/* Of a moment that has not been told of yet. */
static void add_beside(at_figures *f, const attune_beside *x)
{
    for (int i = 0; i < x->signals; i++)
        if (isfinite(x->signal[i].mean))
            add(&f->signal[i], (double)x->signal[i].mean);
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* A window speaks for its last hop, or for less where there is less; one of a gap for all of it. */
static int add_window(void *user, const attune_window *w)
{
    at_tally *t = user;
    int64_t start_us;

    if (t->track && w->track != t->track)
        return 0;
    start_us = at_is_gap(w, t->window_s) ? w->start_us : w->end_us - t->hop_us;
    start_us = later(later(w->start_us, start_us), t->end_us);
    t->f->windows++;
    t->f->withheld += w->abstain != 0;
    t->f->on_signal += w->used >> ATTUNE_SIGNAL & 1;
    t->f->on_chat += w->used >> ATTUNE_CHAT & 1;
    add_quantities(t->f, w);
    if (w->beside && w->end_us > t->end_us)
        add_beside(t->f, w->beside);
    if (start_us < w->end_us)
        at_subject_add(&t->f->subject, w, start_us, 1);
    t->end_us = later(w->end_us, t->end_us);
    return 0;
}

static int find_track(sqlite3 *db, const attune_record *r, uint32_t *track, attune_error *err)
{
    int64_t most = 0;
    int rc = ATTUNE_OK;

    if (r->faces > 1)
        rc = at_sql_number(db,
                           "SELECT track FROM windows WHERE session = ?1 AND track > 0"
                           " GROUP BY track ORDER BY sum(abstain = 0) DESC, track LIMIT 1",
                           r->id, &most, err);
    *track = most > 0 && most <= UINT32_MAX ? (uint32_t)most : 0;
    return rc;
}

int at_figures_of(sqlite3 *db, const attune_record *r, at_figures *out, attune_error *err)
{
    at_tally t = {
        .f = out, .hop_us = llround(r->session.hop_s * 1e6), .window_s = r->session.window_s};
    attune_state_usual usual;
    int rc = find_track(db, r, &t.track, err);

    if (rc < 0)
        return rc;
    memset(out, 0, sizeof *out);
    out->hop_s = r->session.hop_s;
    attune_model_state_usual(NULL, &usual);
    at_subject_init(&out->subject, t.track, r->session.window_s, &usual);
    rc = at_store_each_window(db, r, add_window, &t, err);
    at_subject_close(&out->subject);
    return rc;
}
