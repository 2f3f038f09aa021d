#include "store/retention.h"

#include "base/error.h"
#include "store/remove.h"
#include "store/store.h"

enum { DAY_S = 24 * 60 * 60 };

/* A session without an end counts from its latest window, however long it went on before it was kept. */
static const char older[] =
    "DELETE FROM sessions WHERE coalesce(ended_s, max(began_s, consent_s) + coalesce("
    "(SELECT (max(end_us) - min(start_us)) / 1000000 FROM windows WHERE session = sessions.id), 0))"
    " < ?1";

int at_retention_days(sqlite3 *db, int64_t *days, attune_error *err)
{
    int rc = at_sql_number(db, "SELECT value FROM settings WHERE name = 'keep_days'", 0, days, err);

    if (*days < 0 || *days > ATTUNE_STORE_MAX_DAYS)
        *days = 0;
    return rc;
}

int at_retention_apply(attune_store *s, int64_t now_s, int64_t *n, attune_error *err)
{
    int64_t days;
    int rc = at_retention_days(s->db, &days, err);

    *n = 0;
    if (rc < 0 || !days)
        return rc;
    rc = at_remove_sessions(s->db, older, now_s - days * DAY_S, n, err);
    return rc < 0 || !*n ? rc : at_remove_traces(s, err);
}

static int set_days(sqlite3 *db, int days, attune_error *err)
{
    return at_sql_with(db, "INSERT OR REPLACE INTO settings (name, value) VALUES ('keep_days', ?1)",
                       days, err);
}

int attune_store_keep_days(attune_store *s, int days, int64_t *gone, attune_error *err)
{
    int64_t n = 0;
    int rc;

    if (days < 0 || days > ATTUNE_STORE_MAX_DAYS)
        return at_fail(err, ATTUNE_E_ARG, "sessions are kept for 1 to %d days, or 0: for ever",
                       (int)ATTUNE_STORE_MAX_DAYS);
    rc = set_days(at_store_lock(s), days, err);
    rc = rc < 0 ? rc : at_retention_apply(s, at_store_now(), &n, err);
    at_store_unlock(s);
    if (gone)
        *gone = n;
    return rc;
}

int attune_store_expire(attune_store *s, int64_t now_s, int64_t *gone, attune_error *err)
{
    int64_t n;
    int rc;

    at_store_lock(s);
    rc = at_retention_apply(s, now_s ? now_s : at_store_now(), &n, err);
    at_store_unlock(s);
    if (gone)
        *gone = n;
    return rc;
}
