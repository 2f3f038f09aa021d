/* record.h - records out of the table sessions. Private to store. */
#ifndef AT_STORE_RECORD_H
#define AT_STORE_RECORD_H

#include <attune/store.h>
#include <sqlite3.h>

/* A query that at_record_read understands; rest is what follows on WHERE. *out is NULL after a failure.
 * Finalize. */
int at_record_query(sqlite3 *db, sqlite3_stmt **out, const char *rest, attune_error *err);
/* rest: all of them. */
#define AT_RECORDS_LATEST_FIRST "1 ORDER BY began_s DESC, s.id DESC"

/* *out from the row that q stands on. ATTUNE_E_FORMAT: it holds what no attune wrote. */
int at_record_read(sqlite3_stmt *q, attune_record *out, attune_error *err);
/* That of session id. ATTUNE_E_STATE: there is none. */
int at_record_find(sqlite3 *db, int64_t id, attune_record *out, attune_error *err);

#endif
