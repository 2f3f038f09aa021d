/* read.c - what is kept, as it was given. */
#include "base/error.h"
#include "store/beside.h"
#include "store/record.h"
#include "store/row.h"
#include "store/store.h"

#include <stdlib.h>
#include <string.h>

static int fail_stopped(attune_error *err)
{
    return at_fail(err, ATTUNE_E_INTERRUPTED, "stopped");
}

static int list(sqlite3 *db, int (*fn)(void *user, const attune_record *r), void *user,
                attune_error *err)
{
    sqlite3_stmt *q;
    int rc = at_record_query(db, &q, AT_RECORDS_LATEST_FIRST, err);

    while (rc >= 0 && (rc = at_sql_step(q, err)) > 0) {
        attune_record r;
        rc = at_record_read(q, &r, err);
        if (rc == ATTUNE_OK && fn(user, &r))
            rc = fail_stopped(err);
    }
    sqlite3_finalize(q);
    return rc;
}

int attune_store_list(attune_store *s, int (*fn)(void *user, const attune_record *r), void *user,
                      attune_error *err)
{
    int rc = list(at_store_look(s), fn, user, err);

    at_store_looked(s);
    return rc;
}

int attune_store_record(attune_store *s, int64_t id, attune_record *out, attune_error *err)
{
    int rc = at_record_find(at_store_look(s), id, out, err);

    at_store_looked(s);
    return rc;
}

static int tell(sqlite3_stmt *q, at_beside_reader *beside,
                int (*fn)(void *user, const attune_window *w), void *user, attune_error *err)
{
    attune_window w;
    int rc;

    at_row_read(q, &w);
    rc = at_beside_reader_next(beside, sqlite3_column_int64(q, 0), &w, err);
    if (rc == ATTUNE_OK && !at_row_is_sound(&w))
        rc = at_fail(err, ATTUNE_E_FORMAT, "session %lld: a window holds what no attune wrote",
                     (long long)beside->session);
    return rc < 0 ? rc : fn(user, &w) ? fail_stopped(err) : ATTUNE_OK;
}

int at_store_each_window(sqlite3 *db, const attune_record *r,
                         int (*fn)(void *user, const attune_window *w), void *user,
                         attune_error *err)
{
    at_beside_reader beside;
    sqlite3_stmt *q = NULL;
    int rc = at_beside_reader_open(&beside, db, r, err);

    rc = rc < 0
             ? rc
             : at_sql_prepare(db, &q, "SELECT * FROM windows WHERE session = ?1 ORDER BY id", err);
    if (rc == ATTUNE_OK)
        sqlite3_bind_int64(q, 1, r->id);
    while (rc >= 0 && (rc = at_sql_step(q, err)) > 0)
        rc = tell(q, &beside, fn, user, err);
    sqlite3_finalize(q);
    at_beside_reader_close(&beside);
    return rc;
}

int attune_store_windows(attune_store *s, int64_t id, int (*fn)(void *user, const attune_window *w),
                         void *user, attune_error *err)
{
    attune_record r;
    sqlite3 *db = at_store_look(s);
    int rc = at_record_find(db, id, &r, err);

    rc = rc < 0 ? rc : at_store_each_window(db, &r, fn, user, err);
    at_store_looked(s);
    return rc;
}

int at_store_summary_of(sqlite3 *db, int64_t id, char **out, attune_error *err)
{
    sqlite3_stmt *q;
    int rc = at_sql_prepare(db, &q, "SELECT summary FROM sessions WHERE id = ?1", err);

    *out = NULL;
    if (rc < 0)
        return rc;
    sqlite3_bind_int64(q, 1, id);
    rc = at_sql_step(q, err);
    if (rc == 0)
        rc = at_store_none(id, err);
    else if (rc > 0 && sqlite3_column_type(q, 0) != SQLITE_NULL) {
        const char *text = (const char *)sqlite3_column_text(q, 0);
        *out = text ? strdup(text) : NULL;
        rc = *out ? ATTUNE_OK : at_fail_nomem(err);
    }
    sqlite3_finalize(q);
    return rc < 0 ? rc : ATTUNE_OK;
}

int attune_store_summary(attune_store *s, int64_t id, char **out, attune_error *err)
{
    int rc = at_store_summary_of(at_store_look(s), id, out, err);

    at_store_looked(s);
    return rc;
}
