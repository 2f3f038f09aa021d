/* sql.h - SQLite's calls with attune's errors. Private to store. */
#ifndef AT_STORE_SQL_H
#define AT_STORE_SQL_H

#include <attune/attune.h>
#include <sqlite3.h>

/* The latest error of db, as a status and a text with the file's name. */
int at_sql_fail(sqlite3 *db, attune_error *err);
/* The same of one that may not be open. */
int at_sql_fail_at(sqlite3 *db, const char *path, attune_error *err);

/* Statements without results. */
int at_sql_run(sqlite3 *db, const char *sql, attune_error *err);
/* *out is NULL after a failure. Finalize. */
int at_sql_prepare(sqlite3 *db, sqlite3_stmt **out, const char *sql, attune_error *err);
/* 1: a row; 0: no more; < 0: failed. */
int at_sql_step(sqlite3_stmt *q, attune_error *err);
/* Steps once, for a statement without results, and makes it ready for the next time. */
int at_sql_done(sqlite3_stmt *q, attune_error *err);
/* The first column of the first row, as a number; 0 without a row. With ?1 bound to arg. */
int at_sql_number(sqlite3 *db, const char *sql, int64_t arg, int64_t *out, attune_error *err);
/* Runs a statement with ?1 bound to arg. */
int at_sql_with(sqlite3 *db, const char *sql, int64_t arg, attune_error *err);

/* A transaction that will write. at_sql_end commits it if status is ATTUNE_OK, else takes it back;
 * returns status, or why it could not be committed. */
int at_sql_begin(sqlite3 *db, attune_error *err);
int at_sql_end(sqlite3 *db, int status, attune_error *err);

/* Copies a column's text into out, cut to size; "" of NULL. */
void at_sql_text(sqlite3_stmt *q, int column, char *out, size_t size);

#endif
