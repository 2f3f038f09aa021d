/* remove.h - deleting sessions. Private to store. */
#ifndef AT_STORE_REMOVE_H
#define AT_STORE_REMOVE_H

#include <attune/store.h>
#include <sqlite3.h>

/* Runs a DELETE FROM sessions with ?1 bound to arg, and forgets people who have no session left. *n: how
 * many sessions. */
int at_remove_sessions(sqlite3 *db, const char *sql, int64_t arg, int64_t *n, attune_error *err);
/* Takes out of the file and its log what was deleted; s is locked for writing. 1: done, but another
 * program reads. */
int at_remove_traces(attune_store *s, attune_error *err);

#endif
