/* retention.h - how long sessions are kept: a number of days that stands in the store itself, so that it
 * holds whoever opens it. Private to store.
 */
#ifndef AT_STORE_RETENTION_H
#define AT_STORE_RETENTION_H

#include <attune/store.h>
#include <sqlite3.h>

/* *days: what the store is set to; 0: for ever. */
int at_retention_days(sqlite3 *db, int64_t *days, attune_error *err);
/* Deletes what ended longer ago than that, for now_s; s is locked for writing. *n: how many sessions. */
int at_retention_apply(attune_store *s, int64_t now_s, int64_t *n, attune_error *err);

#endif
