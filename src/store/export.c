/* export.c - everything that is kept of a session, as one JSON object. Its members are the columns of
 * the tables: what a later version keeps more of is in it without a line here.
 */
#include "base/error.h"
#include "base/json.h"
#include "store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct at_out {
    int (*write)(void *user, const char *text, size_t size);
    void *user;
} at_out;

static int put(const at_out *o, const char *text, attune_error *err)
{
    if (o->write(o->user, text, strlen(text)))
        return at_fail(err, ATTUNE_E_IO, "an export could not be written");
    return ATTUNE_OK;
}

/* A column as JSON; NULL: out of memory. Text that is JSON itself stays so. */
static json_t *value_of(sqlite3_stmt *q, int i)
{
    const char *text;
    json_t *value = NULL;
    int rc = ATTUNE_OK;

    switch (sqlite3_column_type(q, i)) {
    case SQLITE_INTEGER: return json_integer(sqlite3_column_int64(q, i));
    case SQLITE_FLOAT: return json_real(sqlite3_column_double(q, i));
    case SQLITE_TEXT:
        text = (const char *)sqlite3_column_text(q, i);
        if (text && *text == '{')
            rc = at_json_read(&value, text, strlen(text), 0, NULL);
        if (!value && rc != ATTUNE_E_NOMEM)
            value = text ? json_string(text) : NULL;
        return value || rc == ATTUNE_E_NOMEM ? value : json_string("(not valid text)");
    default: return json_null();
    }
}

/* The row that q stands on, as an object in text (free); NULL: out of memory. */
static char *row_text(sqlite3_stmt *q)
{
    json_t *row = json_object();
    char *text = NULL;
    int ok = row != NULL;

    for (int i = 0; ok && i < sqlite3_column_count(q); i++)
        ok = json_object_set_new(row, sqlite3_column_name(q, i), value_of(q, i)) == 0;
    if (ok)
        text = at_json_write(row, JSON_COMPACT | JSON_REAL_PRECISION(9)); /* a float's digits */
    json_decref(row);
    return text;
}

/* Rows of a query about session id, with ",\n" between. Returns how many. */
static int put_rows(sqlite3 *db, const at_out *o, const char *sql, int64_t id, attune_error *err)
{
    sqlite3_stmt *q;
    int rc = at_sql_prepare(db, &q, sql, err), n = 0;

    if (rc < 0)
        return rc;
    sqlite3_bind_int64(q, 1, id);
    while (rc >= 0 && (rc = at_sql_step(q, err)) > 0) {
        char *text = row_text(q);
        rc = text ? ATTUNE_OK : at_fail_nomem(err);
        if (rc == ATTUNE_OK && n++)
            rc = put(o, ",\n", err);
        rc = rc < 0 ? rc : put(o, text, err);
        free(text);
    }
    sqlite3_finalize(q);
    return rc < 0 ? rc : n;
}

static int put_list(sqlite3 *db, const at_out *o, const char *name, const char *sql, int64_t id,
                    attune_error *err)
{
    int rc = put(o, name, err);

    rc = rc < 0 ? rc : put_rows(db, o, sql, id, err);
    return rc < 0 ? rc : put(o, "\n]", err);
}

/* What was recorded beside; nothing, where nothing was. */
static int put_beside(sqlite3 *db, const at_out *o, int64_t id, attune_error *err)
{
    int64_t lanes;
    int rc = at_sql_number(db, "SELECT count(*) FROM beside WHERE session = ?1", id, &lanes, err);

    if (rc < 0 || !lanes)
        return rc;
    rc = put_list(db, o, ",\n\"beside\":[\n",
                  "SELECT * FROM beside WHERE session = ?1 ORDER BY place", id, err);
    rc = rc < 0
             ? rc
             : put_list(db, o, ",\n\"beside_windows\":[\n",
                        "SELECT b.* FROM windows AS w JOIN beside_windows AS b ON b.window = w.id"
                        " WHERE session = ?1 ORDER BY w.id",
                        id, err);
    return rc < 0 ? rc
                  : put_list(db, o, ",\n\"signals\":[\n",
                             "SELECT s.* FROM windows AS w JOIN signals AS s ON s.window = w.id"
                             " WHERE session = ?1 ORDER BY w.id, place",
                             id, err);
}

static int export(sqlite3 *db, int64_t id, const at_out *o, attune_error *err)
{
    int64_t there;
    int rc = at_sql_number(db, "SELECT count(*) FROM sessions WHERE id = ?1", id, &there, err);

    if (rc < 0 || !there)
        return rc < 0 ? rc : at_store_none(id, err);
    rc = put(o, "{\"attune_session\":1,\n\"session\":", err);
    rc = rc < 0 ? rc
                : put_rows(db, o,
                           "SELECT s.*, p.label AS person_label FROM sessions AS s LEFT JOIN people"
                           " AS p ON p.id = s.person WHERE s.id = ?1",
                           id, err);
    rc = rc < 0 ? rc : put(o, ",\n\"windows\":[\n", err);
    rc = rc < 0 ? rc
                : put_rows(db, o, "SELECT * FROM windows WHERE session = ?1 ORDER BY id", id, err);
    rc = rc < 0 ? rc : put(o, "\n]", err);
    rc = rc < 0 ? rc : put_beside(db, o, id, err);
    return rc < 0 ? rc : put(o, "}\n", err);
}

int attune_store_export(attune_store *s, int64_t id,
                        int (*write)(void *user, const char *text, size_t size), void *user,
                        attune_error *err)
{
    const at_out o = {write, user};
    int rc = export(at_store_look(s), id, &o, err);

    at_store_looked(s);
    return rc;
}
