#include "store/sql.h"

#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static attune_status status_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_NOMEM: return ATTUNE_E_NOMEM;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_SCHEMA:
    case SQLITE_ERROR: /* our statements are right: the file is not what they are for */
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG: return ATTUNE_E_FORMAT;
    default: return ATTUNE_E_IO;
    }
}

static const char *why_no_file(sqlite3 *db)
{
    switch (sqlite3_system_errno(db)) {
    case 0: return sqlite3_errmsg(db);
    case ENOSPC: return "the disk is full";
    default: return strerror(sqlite3_system_errno(db));
    }
}

static const char *why(sqlite3 *db, int code)
{
    switch (code & 0xff) {
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR: return why_no_file(db);
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return "another program holds it";
    case SQLITE_FULL: return "the disk is full";
    case SQLITE_NOTADB: return "is no store of attune";
    case SQLITE_CORRUPT: return "is damaged";
    default: return sqlite3_errmsg(db);
    }
}

int at_sql_fail_at(sqlite3 *db, const char *path, attune_error *err)
{
    int code = sqlite3_extended_errcode(db);

    if (status_of(code) == ATTUNE_E_NOMEM)
        return at_fail_nomem(err);
    return at_fail(err, status_of(code), "%s: %s", path, why(db, code));
}

int at_sql_fail(sqlite3 *db, attune_error *err)
{
    const char *file = sqlite3_db_filename(db, "main");

    return at_sql_fail_at(db, file && *file ? file : "store", err);
}

int at_sql_run(sqlite3 *db, const char *sql, attune_error *err)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? ATTUNE_OK : at_sql_fail(db, err);
}

int at_sql_prepare(sqlite3 *db, sqlite3_stmt **out, const char *sql, attune_error *err)
{
    if (sqlite3_prepare_v2(db, sql, -1, out, NULL) == SQLITE_OK)
        return ATTUNE_OK;
    *out = NULL;
    return at_sql_fail(db, err);
}

int at_sql_step(sqlite3_stmt *q, attune_error *err)
{
    switch (sqlite3_step(q)) {
    case SQLITE_ROW: return 1;
    case SQLITE_DONE: return 0;
    default: return at_sql_fail(sqlite3_db_handle(q), err);
    }
}

int at_sql_done(sqlite3_stmt *q, attune_error *err)
{
    int rc = at_sql_step(q, err);

    sqlite3_reset(q);
    sqlite3_clear_bindings(q);
    return rc < 0 ? rc : ATTUNE_OK;
}

int at_sql_number(sqlite3 *db, const char *sql, int64_t arg, int64_t *out, attune_error *err)
{
    sqlite3_stmt *q;
    int rc = at_sql_prepare(db, &q, sql, err);

    *out = 0;
    if (rc < 0)
        return rc;
    if (sqlite3_bind_parameter_count(q))
        sqlite3_bind_int64(q, 1, arg);
    rc = at_sql_step(q, err);
    if (rc > 0)
        *out = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return rc < 0 ? rc : ATTUNE_OK;
}

int at_sql_with(sqlite3 *db, const char *sql, int64_t arg, attune_error *err)
{
    int64_t ignored;

    return at_sql_number(db, sql, arg, &ignored, err);
}

int at_sql_begin(sqlite3 *db, attune_error *err)
{
    return at_sql_run(db, "BEGIN IMMEDIATE", err);
}

int at_sql_end(sqlite3 *db, int status, attune_error *err)
{
    if (status == ATTUNE_OK)
        status = at_sql_run(db, "COMMIT", err);
    /* Some failures have ended the transaction themselves. */
    if (status < 0 && !sqlite3_get_autocommit(db))
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return status;
}

void at_sql_text(sqlite3_stmt *q, int column, char *out, size_t size)
{
    const char *text = (const char *)sqlite3_column_text(q, column);

    snprintf(out, size, "%s", text ? text : "");
}
