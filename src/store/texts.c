/* texts.c - what a page shows of the store, as JSON (docs/store.md has the members). */
#include "base/error.h"
#include "base/mem.h"
#include "store/json.h"
#include "store/record.h"
#include "store/retention.h"
#include "store/store.h"
#include <string.h>

#include <stdlib.h>

/* ---- all sessions ------------------------------------------------------------------------------ */

static int add_record(json_t *list, sqlite3_stmt *q, attune_error *err)
{
    attune_record r;
    int rc = at_record_read(q, &r, err);

    if (rc < 0)
        return rc;
    return json_array_append_new(list, at_json_record(&r)) ? at_fail_nomem(err) : ATTUNE_OK;
}

static int add_records(sqlite3 *db, json_t *list, attune_error *err)
{
    sqlite3_stmt *q;
    int rc = at_record_query(db, &q, AT_RECORDS_LATEST_FIRST, err);

    while (rc >= 0 && (rc = at_sql_step(q, err)) > 0)
        rc = add_record(list, q, err);
    sqlite3_finalize(q);
    return rc;
}

static int make_sessions(sqlite3 *db, char **out, attune_error *err)
{
    json_t *list = json_array();
    int64_t bytes, days;
    int rc = list ? add_records(db, list, err) : at_fail_nomem(err);

    rc = rc < 0 ? rc
                : at_sql_number(db,
                                "SELECT page_count * page_size"
                                " FROM pragma_page_count, pragma_page_size",
                                0, &bytes, err);
    rc = rc < 0 ? rc : at_retention_days(db, &days, err);
    if (rc == ATTUNE_OK)
        rc = at_json_finish(json_pack("{s:o, s:I, s:O}", "keep_days",
                                      days ? json_integer(days) : json_null(), "bytes",
                                      (json_int_t)bytes, "sessions", list),
                            out, err);
    json_decref(list);
    return rc;
}

int attune_store_sessions_json(attune_store *s, char **out, attune_error *err)
{
    int rc;

    *out = NULL;
    rc = make_sessions(at_store_look(s), out, err);
    at_store_looked(s);
    return rc;
}

/* ---- one session ------------------------------------------------------------------------------- */

typedef struct at_parts {
    json_t *record, *figures, *timeline, *summary;
} at_parts;

static int take_figures(at_parts *p, sqlite3 *db, const attune_record *r, attune_error *err)
{
    at_figures *f = at_alloc(1, sizeof *f);
    int rc = f ? at_figures_of(db, r, f, err) : at_fail_nomem(err);

    if (rc == ATTUNE_OK) {
        p->figures = at_json_figures(r, f);
        rc = at_json_timeline(db, r, f->subject.track, &p->timeline, err);
    }
    at_free(f);
    return rc;
}

/* A summary that is no JSON any longer is left out: the windows are there. */
static int take_summary(at_parts *p, sqlite3 *db, int64_t id, attune_error *err)
{
    char *text;
    int rc = at_store_summary_of(db, id, &text, err);

    if (rc == ATTUNE_OK && text &&
        at_json_read(&p->summary, text, strlen(text), 0, NULL) == ATTUNE_E_NOMEM)
        rc = at_fail_nomem(err);
    else if (!p->summary)
        p->summary = json_null();
    free(text);
    return rc;
}

static int make_session(sqlite3 *db, int64_t id, char **out, attune_error *err)
{
    at_parts p = {NULL, NULL, NULL, NULL};
    attune_record r;
    int rc = at_record_find(db, id, &r, err);

    if (rc == ATTUNE_OK)
        p.record = at_json_record(&r);
    rc = rc < 0 ? rc : take_figures(&p, db, &r, err);
    rc = rc < 0 ? rc : take_summary(&p, db, id, err);
    if (rc == ATTUNE_OK)
        rc = at_json_finish(json_pack("{s:O, s:O, s:O, s:O}", "session", p.record, "figures",
                                      p.figures, "timeline", p.timeline, "summary", p.summary),
                            out, err);
    json_decref(p.record);
    json_decref(p.figures);
    json_decref(p.timeline);
    json_decref(p.summary);
    return rc;
}

int attune_store_session_json(attune_store *s, int64_t id, char **out, attune_error *err)
{
    int rc;

    *out = NULL;
    rc = make_session(at_store_look(s), id, out, err);
    at_store_looked(s);
    return rc;
}
