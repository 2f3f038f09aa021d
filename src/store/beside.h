/* beside.h - what was recorded beside pictures and sound: which lanes a session has, and what its windows say of them.
 * Private to store.
 *
 * A lane is a column of the signal, or the chat. They lie in tables of their own, so that sessions without any are as
 * they were. A message's words come to no window, so to none of these tables either.
 */
#ifndef AT_STORE_BESIDE_H
#define AT_STORE_BESIDE_H

#include <attune/store.h>
#include <sqlite3.h>

/* ---- lanes ------------------------------------------------------------------------------------- */

/* setup: nullable; NULL has none. */
int at_lanes_check(const attune_beside_setup *setup, attune_error *err);
int at_lanes_begin(sqlite3 *db, int64_t session, const attune_beside_setup *setup,
                   attune_error *err);
/* How much came of each. */
int at_lanes_end(sqlite3 *db, int64_t session, const attune_counts *counts, attune_error *err);
/* Of session out->id into its members. ATTUNE_E_FORMAT: they are what no attune wrote. */
int at_lanes_read(sqlite3 *db, attune_record *out, attune_error *err);

/* A record's lanes as a session's options have them. names: (ATTUNE_MAX_SIGNALS + 1), which *setup points to, as it does
 * to r. 0: there are none. */
int at_lanes_setup(const attune_record *r, attune_beside_setup *setup, const char **names);

/* ---- windows ----------------------------------------------------------------------------------- */

/* What w says of its session's lanes, of the row `window`. ATTUNE_E_ARG: it tells of others than there are. */
int at_beside_add(sqlite3 *db, int64_t window, int64_t session, const attune_window *w,
                  attune_error *err);

/* Zero-initialised has nothing open. */
typedef struct at_beside_reader {
    int64_t session;
    int signals, chat;
    sqlite3_stmt *of_window, *of_signals; /* NULL: the session has no lanes */
    attune_beside said;
} at_beside_reader;

/* For the windows of r. */
int at_beside_reader_open(at_beside_reader *b, sqlite3 *db, const attune_record *r,
                          attune_error *err);
/* w->beside of the row `window`, until the next call; NULL: it says nothing. */
int at_beside_reader_next(at_beside_reader *b, int64_t window, attune_window *w, attune_error *err);
void at_beside_reader_close(at_beside_reader *b);

#endif
