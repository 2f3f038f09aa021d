/* record.h - records out of the table sessions. Private to store. */
#ifndef AT_STORE_RECORD_H
#define AT_STORE_RECORD_H

#include <attune/store.h>
#include <sqlite3.h>

/* A query that at_record_read understands; what follows WHERE comes after it. */
extern const char at_record_select[];
/* *out from the row that q stands on. ATTUNE_E_FORMAT: it holds what no attune wrote. */
int at_record_read(sqlite3_stmt *q, attune_record *out, attune_error *err);
/* That of session id. ATTUNE_E_STATE: there is none. */
int at_record_find(sqlite3 *db, int64_t id, attune_record *out, attune_error *err);

#endif
