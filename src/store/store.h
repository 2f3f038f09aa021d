/* store.h - an open store, as the files of this module see it. Private to store. */
#ifndef AT_STORE_STORE_H
#define AT_STORE_STORE_H

#include "store/sql.h"

#include <attune/store.h>
#include <pthread.h>

/* How long another program's writing is waited for. */
enum { AT_STORE_BUSY_MS = 5000 };

/* Two connections, so that long readings hold up no window. Where both locks are needed, lock is first. */
struct attune_store {
    sqlite3 *db, *reader;
    pthread_mutex_t lock, read_lock;
    sqlite3_stmt *add_window; /* the one that is called all the time */
    double synced_s;          /* when a window last waited for the disk */
};

/* Public calls that write stand between these. */
sqlite3 *at_store_lock(attune_store *s);
void at_store_unlock(attune_store *s);
/* Public calls that read: all of what they read is of one moment. */
sqlite3 *at_store_look(attune_store *s);
void at_store_looked(attune_store *s);

/* Seconds since 1970. */
int64_t at_store_now(void);
/* ATTUNE_E_STATE, with a text: no session of that number. */
int at_store_none(int64_t id, attune_error *err);
/* attune_store_windows and attune_store_summary within such a call, of a session that is there; r->id, and its lanes. */
int at_store_each_window(sqlite3 *db, const attune_record *r,
                         int (*fn)(void *user, const attune_window *w), void *user,
                         attune_error *err);
int at_store_summary_of(sqlite3 *db, int64_t id, char **out, attune_error *err);

#endif
