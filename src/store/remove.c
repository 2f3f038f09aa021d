/* remove.c - deleting so that nothing is left: rows are overwritten, the file is cut, the log emptied. */
#include "store/remove.h"

#include "base/error.h"
#include "store/store.h"

/* Whoever keeps windows meanwhile waits for the store, and live sessions for them. */
enum { READERS_MS = 300 };

/* Moves the log into the file and cuts it. 1: another program reads, and did for so long; < 0: failed. */
static int bring_home(sqlite3 *db, int wait_ms, attune_error *err)
{
    sqlite3_busy_timeout(db, wait_ms);
    int code = sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    sqlite3_busy_timeout(db, AT_STORE_BUSY_MS);

    if (code == SQLITE_OK)
        return ATTUNE_OK;
    return (code & 0xff) == SQLITE_BUSY ? 1 : at_sql_fail(db, err);
}

static int vacuum(sqlite3 *db, attune_error *err)
{
    sqlite3_stmt *q;
    int rc = at_sql_prepare(db, &q, "PRAGMA incremental_vacuum", err);

    while (rc >= 0 && (rc = at_sql_step(q, err)) > 0)
        ;
    sqlite3_finalize(q);
    return rc;
}

/* secure_delete has put zeros where the rows stood. They go into the file before its end is cut off, so
 * that the disk's blocks behind it have them, too. */
static int clear(sqlite3 *db, attune_error *err)
{
    int first = bring_home(db, READERS_MS, err), rc, second;

    rc = first < 0 ? first : vacuum(db, err);
    second = rc < 0 ? rc : bring_home(db, first ? 0 : READERS_MS, err);
    return second < 0 ? second : first || second;
}

/* While nobody here reads: readers keep what they see. */
int at_remove_traces(attune_store *s, attune_error *err)
{
    int rc;

    pthread_mutex_lock(&s->read_lock);
    rc = clear(s->db, err);
    pthread_mutex_unlock(&s->read_lock);
    return rc;
}

/* People that no session is of any longer. */
static int delete_nobody(sqlite3 *db, attune_error *err)
{
    return at_sql_run(db,
                      "DELETE FROM people WHERE id NOT IN"
                      " (SELECT person FROM sessions WHERE person IS NOT NULL)",
                      err);
}

/* Of statements about sessions that are gone the texts; and those that no store can know of altogether. */
static int delete_unsaid(sqlite3 *db, attune_error *err)
{
    return at_sql_run(db,
                      "DELETE FROM statements WHERE tries = 0 AND voids IS NULL"
                      " AND session NOT IN (SELECT id FROM sessions);"
                      "UPDATE statements SET body = NULL WHERE body IS NOT NULL AND voids IS NULL"
                      " AND session NOT IN (SELECT id FROM sessions)",
                      err);
}

int at_remove_sessions(sqlite3 *db, const char *sql, int64_t arg, int64_t *n, attune_error *err)
{
    int rc = at_sql_begin(db, err);

    *n = 0;
    if (rc < 0)
        return rc;
    rc = at_sql_with(db, sql, arg, err);
    *n = rc < 0 ? 0 : sqlite3_changes(db);
    rc = rc < 0 ? rc : delete_nobody(db, err);
    rc = rc < 0 ? rc : delete_unsaid(db, err);
    return at_sql_end(db, rc, err);
}

int attune_store_delete(attune_store *s, int64_t id, attune_error *err)
{
    sqlite3 *db = at_store_lock(s);
    int64_t n;
    int rc = at_remove_sessions(db, "DELETE FROM sessions WHERE id = ?1", id, &n, err);

    if (rc == ATTUNE_OK)
        rc = n ? at_remove_traces(s, err) : at_store_none(id, err);
    at_store_unlock(s);
    return rc;
}

int attune_store_delete_all(attune_store *s, int64_t *n, attune_error *err)
{
    sqlite3 *db = at_store_lock(s);
    int64_t gone;
    int rc = at_remove_sessions(db, "DELETE FROM sessions", 0, &gone, err);

    /* nothing is left that answers about groups could be subtracted from */
    rc = rc < 0 ? rc : at_sql_run(db, "DELETE FROM answers", err);

    rc = rc < 0 ? rc : at_remove_traces(s, err);
    if (n)
        *n = gone;
    at_store_unlock(s);
    return rc;
}
