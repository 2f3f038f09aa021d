/* trends.c - a person's sessions one after another: each by itself, beside what is usual for them, and
 * week by week.
 */
#include "base/error.h"
#include "base/mem.h"
#include "store/json.h"
#include "store/record.h"
#include "store/store.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { WEEK_BYTES = 16 };

typedef struct at_trends {
    json_t *weeks, *sessions;
    char week[WEEK_BYTES]; /* that is going on, "": none */
    at_units of_week;
    json_t *of_only; /* figures of the week's first session */
    at_moments usual[AT_QUANTITIES];
    int before; /* sessions that usual is made of */
    at_figures *figures;
} at_trends;

/* "2026-W48" by ISO 8601, where the reader is. */
static void week_of(char out[WEEK_BYTES], int64_t seconds)
{
    const time_t t = (time_t)seconds;
    struct tm tm;

    if (!localtime_r(&t, &tm) || !strftime(out, WEEK_BYTES, "%G-W%V", &tm))
        snprintf(out, WEEK_BYTES, "?");
}

/* A week of one session has that session's intervals: how sessions differ is not known. */
static int end_week(at_trends *t, attune_error *err)
{
    json_t *figures;
    int bad;

    if (!*t->week)
        return ATTUNE_OK;
    figures = t->of_week.n == 1 ? json_incref(t->of_only) : at_json_units(&t->of_week);
    bad = json_array_append_new(t->weeks, json_pack("{s:s, s:i, s:o}", "week", t->week, "sessions",
                                                    t->of_week.n, "figures", figures));
    json_decref(t->of_only);
    t->of_only = NULL;
    at_units_clear(&t->of_week);
    *t->week = 0;
    return bad ? at_fail_nomem(err) : ATTUNE_OK;
}

static int add_to_week(at_trends *t, const attune_record *r, json_t *figures, attune_error *err)
{
    char week[WEEK_BYTES];
    int rc = ATTUNE_OK;

    week_of(week, r->began_s);
    if (strcmp(week, t->week) != 0)
        rc = end_week(t, err);
    if (rc < 0)
        return rc;
    if (!*t->week) {
        memcpy(t->week, week, sizeof t->week);
        t->of_only = json_incref(figures);
    }
    return at_units_add(&t->of_week, t->figures) < 0 ? at_fail_nomem(err) : ATTUNE_OK;
}

static int add_session(at_trends *t, sqlite3 *db, const attune_record *r, attune_error *err)
{
    json_t *figures, *session;
    int rc = at_figures_of(db, r, t->figures, err);

    if (rc < 0)
        return rc;
    figures = at_json_figures(r, t->figures);
    if (!figures)
        return at_fail_nomem(err);
    session = json_pack("{s:I, s:o, s:o, s:O, s:o}", "id", (json_int_t)r->id, "began",
                        at_json_time(r->began_s), "seconds", at_json_real(r->duration_s), "figures",
                        figures, "usual", at_json_usual(t->usual, t->before, t->figures));
    if (json_array_append_new(t->sessions, session) != 0)
        rc = at_fail_nomem(err);
    rc = rc < 0 ? rc : add_to_week(t, r, figures, err);
    json_decref(figures);
    for (int k = 0; k < AT_QUANTITIES; k++)
        at_moments_join(&t->usual[k], &t->figures->of[k]);
    t->before += t->figures->of[0].n > 0;
    return rc;
}

static int add_sessions(at_trends *t, sqlite3 *db, const char *person, attune_error *err)
{
    sqlite3_stmt *q;
    int rc = at_record_query(db, &q, "label IS ?1 ORDER BY began_s, s.id", err);

    if (rc < 0)
        return rc;
    if (person && *person)
        sqlite3_bind_text(q, 1, person, -1, SQLITE_STATIC);
    while (rc >= 0 && (rc = at_sql_step(q, err)) > 0) {
        attune_record r;
        rc = at_record_read(q, &r, err);
        rc = rc < 0 ? rc : add_session(t, db, &r, err);
    }
    sqlite3_finalize(q);
    return rc < 0 ? rc : end_week(t, err);
}

static int make_trends(sqlite3 *db, const char *person, char **out, attune_error *err)
{
    at_trends t = {
        .weeks = json_array(), .sessions = json_array(), .figures = at_alloc(1, sizeof *t.figures)};
    int rc = t.weeks && t.sessions && t.figures ? ATTUNE_OK : at_fail_nomem(err);

    rc = rc < 0 ? rc : add_sessions(&t, db, person, err);
    if (rc == ATTUNE_OK)
        rc = at_json_finish(json_pack("{s:o, s:O, s:O}", "person",
                                      at_json_text(person ? person : ""), "weeks", t.weeks,
                                      "sessions", t.sessions),
                            out, err);
    json_decref(t.weeks);
    json_decref(t.sessions);
    json_decref(t.of_only);
    at_units_free(&t.of_week);
    at_free(t.figures);
    return rc;
}

int attune_store_trends_json(attune_store *s, const char *person, char **out, attune_error *err)
{
    int rc;

    *out = NULL;
    rc = make_trends(at_store_look(s), person, out, err);
    at_store_looked(s);
    return rc;
}
