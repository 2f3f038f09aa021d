#include "xapi/letters.h"

#include "base/error.h"
#include "store/sql.h"

#include <stdlib.h>
#include <string.h>

#define SENDABLE                                                                                   \
    " FROM statements AS t JOIN consents AS c ON c.id = t.consent WHERE c.store = ?1 AND" AT_GOES( \
        "?2")

#define PUT \
    "INSERT OR IGNORE INTO statements (id, consent, session, body, voids) SELECT ?1, ?2, ?3, ?4,"

static int bind_new(sqlite3 *db, sqlite3_stmt **q, const char *sql, const char *id, int64_t consent,
                    int64_t session, const char *body, attune_error *err)
{
    int rc = at_sql_prepare(db, q, sql, err);

    if (rc < 0)
        return rc;
    sqlite3_bind_text(*q, 1, id, -1, SQLITE_STATIC);
    sqlite3_bind_int64(*q, 2, consent);
    sqlite3_bind_int64(*q, 3, session);
    sqlite3_bind_text(*q, 4, body, -1, SQLITE_STATIC);
    return ATTUNE_OK;
}

static int put(sqlite3 *db, sqlite3_stmt *q, attune_error *err)
{
    const int rc = at_sql_done(q, err);

    sqlite3_finalize(q);
    return rc < 0 ? rc : sqlite3_changes(db) > 0;
}

int at_letters_put(sqlite3 *db, const char *id, int64_t consent, int64_t session, const char *body,
                   int64_t now_s, attune_error *err)
{
    sqlite3_stmt *q;
    int rc = bind_new(
        db, &q,
        PUT " NULL WHERE EXISTS (SELECT 1 FROM sessions WHERE id = ?3)"
            " AND EXISTS (SELECT 1 FROM consents AS c WHERE id = ?2 AND" AT_HOLDS("?5") ")",
        id, consent, session, body, err);

    if (rc < 0)
        return rc;
    sqlite3_bind_int64(q, 5, now_s);
    return put(db, q, err);
}

static int put_voiding(sqlite3 *db, const char *id, int64_t consent, int64_t session,
                       const char *body, const char *voids, attune_error *err)
{
    sqlite3_stmt *q;
    int rc = bind_new(db, &q, PUT " ?5", id, consent, session, body, err);

    if (rc < 0)
        return rc;
    sqlite3_bind_text(q, 5, voids, -1, SQLITE_STATIC);
    return put(db, q, err);
}

/* ---- sending ------------------------------------------------------------------------------------- */

static int bind_round(sqlite3 *db, sqlite3_stmt **q, const char *sql, const at_round *r,
                      attune_error *err)
{
    int rc = at_sql_prepare(db, q, sql, err);

    if (rc < 0)
        return rc;
    sqlite3_bind_text(*q, 1, r->store, -1, SQLITE_STATIC);
    sqlite3_bind_int64(*q, 2, r->now_s);
    return ATTUNE_OK;
}

static int read_letter(sqlite3_stmt *q, at_letter *out, attune_error *err)
{
    const char *body = (const char *)sqlite3_column_text(q, 4);

    out->row = sqlite3_column_int64(q, 0);
    out->consent = sqlite3_column_int64(q, 1);
    out->session = sqlite3_column_int64(q, 2);
    at_sql_text(q, 3, out->id, sizeof out->id);
    out->voids = sqlite3_column_type(q, 5) != SQLITE_NULL;
    out->failures = sqlite3_column_int(q, 6);
    if (!at_uuid_is(out->id)) /* it becomes part of an address */
        return at_fail(err, ATTUNE_E_FORMAT, "a statement in the store holds what no attune wrote");
    out->body = body ? strdup(body) : NULL;
    return out->body ? 1 : at_fail_nomem(err);
}

static int find(sqlite3 *db, const at_round *r, int64_t after, at_letter *out, attune_error *err)
{
    sqlite3_stmt *q;
    int rc = bind_round(
        db, &q,
        "SELECT t.rowid, t.consent, t.session, t.id, t.body, t.voids, c.failures" SENDABLE
        " AND t.rowid > ?3 AND (?4 OR c.due_s <= ?2) ORDER BY t.rowid LIMIT 1",
        r, err);

    if (rc < 0)
        return rc;
    sqlite3_bind_int64(q, 3, after);
    sqlite3_bind_int(q, 4, r->anyhow);
    rc = at_sql_step(q, err);
    if (rc > 0)
        rc = read_letter(q, out, err);
    sqlite3_finalize(q);
    return rc;
}

int at_letters_next(sqlite3 *db, const at_round *round, int64_t after, at_letter *out,
                    attune_error *err)
{
    int found = 0, rc = at_sql_begin(db, err);

    memset(out, 0, sizeof *out);
    if (rc < 0)
        return rc;
    rc = found = find(db, round, after, out, err);
    if (rc > 0)
        rc = at_sql_with(db, "UPDATE statements SET tries = tries + 1 WHERE rowid = ?1", out->row,
                         err);
    rc = at_sql_end(db, rc < 0 ? rc : ATTUNE_OK, err);
    if (rc < 0)
        at_letter_free(out);
    return rc < 0 ? rc : found;
}

void at_letter_free(at_letter *l)
{
    free(l->body);
    l->body = NULL;
}

/* What the store has need not lie here as well. Of two runs that sent it at once the later answer counts only if it is better:
 * what arrived has arrived, and what was voided stays so. 1: it counts. */
static int settle_statement(sqlite3 *db, const at_letter *l, attune_xapi_state state,
                            const char *answer, int64_t now_s, attune_error *err)
{
    sqlite3_stmt *q;
    int rc = at_sql_prepare(db, &q,
                            "UPDATE statements SET state = ?2, answer = ?3, answered_s = ?4,"
                            " body = iif(?2 = 'sent', NULL, body) WHERE rowid = ?1"
                            " AND (state = 'waiting' OR ?2 = 'sent' AND state <> 'voided')",
                            err);

    if (rc < 0)
        return rc;
    sqlite3_bind_int64(q, 1, l->row);
    sqlite3_bind_text(q, 2, attune_xapi_state_names[state], -1, SQLITE_STATIC);
    sqlite3_bind_text(q, 3, answer, -1, SQLITE_STATIC);
    sqlite3_bind_int64(q, 4, now_s);
    rc = at_sql_done(q, err);
    sqlite3_finalize(q);
    const int counts = rc == ATTUNE_OK && sqlite3_changes(db) > 0;
    if (counts && l->voids && state == ATTUNE_XAPI_SENT)
        rc = at_sql_with(db,
                         "UPDATE statements SET state = 'voided', body = NULL WHERE id ="
                         " (SELECT voids FROM statements WHERE rowid = ?1)",
                         l->row, err);
    return rc < 0 ? rc : counts;
}

/* The pause is the store's: all consents that name it have it. */
static int settle_store(sqlite3 *db, const at_letter *l, int64_t due_s, attune_error *err)
{
    sqlite3_stmt *q;
    int rc = at_sql_prepare(db, &q,
                            "UPDATE consents SET due_s = ?2, failures = ?3 WHERE store ="
                            " (SELECT store FROM consents WHERE id = ?1)",
                            err);

    if (rc < 0)
        return rc;
    sqlite3_bind_int64(q, 1, l->consent);
    sqlite3_bind_int64(q, 2, due_s);
    sqlite3_bind_int(q, 3, due_s ? l->failures + 1 : 0);
    rc = at_sql_done(q, err);
    sqlite3_finalize(q);
    return rc;
}

int at_letters_settle(sqlite3 *db, const at_letter *l, attune_xapi_state state, const char *answer,
                      int64_t now_s, int64_t due_s, attune_error *err)
{
    int rc = at_sql_begin(db, err);

    if (rc < 0)
        return rc;
    rc = settle_statement(db, l, state, answer, now_s, err);
    if (rc > 0)
        rc = settle_store(db, l, due_s, err);
    return at_sql_end(db, rc, err);
}

static int read_fate(sqlite3_stmt *q, attune_xapi_fate *out, attune_error *err)
{
    char name[16];
    int state = 0;

    at_sql_text(q, 0, name, sizeof name);
    at_sql_text(q, 1, out->answer, sizeof out->answer);
    out->due_s = sqlite3_column_int64(q, 2);
    while (state < ATTUNE_XAPI_STATE_COUNT && strcmp(attune_xapi_state_names[state], name) != 0)
        state++;
    if (state == ATTUNE_XAPI_STATE_COUNT)
        return at_fail(err, ATTUNE_E_FORMAT, "a statement in the store holds what no attune wrote");
    out->state = (attune_xapi_state)state;
    return 1;
}

int at_letters_fate(sqlite3 *db, const char *id, attune_xapi_fate *out, attune_error *err)
{
    sqlite3_stmt *q;
    int rc = at_sql_prepare(db, &q,
                            "SELECT t.state, t.answer, c.due_s FROM statements AS t"
                            " JOIN consents AS c ON c.id = t.consent WHERE t.id = ?1",
                            err);

    *out = (attune_xapi_fate){0};
    if (rc < 0)
        return rc;
    sqlite3_bind_text(q, 1, id, -1, SQLITE_STATIC);
    rc = at_sql_step(q, err);
    if (rc > 0)
        rc = read_fate(q, out, err);
    sqlite3_finalize(q);
    return rc;
}

int at_letters_waiting(sqlite3 *db, const at_round *round, int *n, int64_t *due_s,
                       attune_error *err)
{
    sqlite3_stmt *q;
    int rc = bind_round(db, &q, "SELECT count(*), coalesce(min(c.due_s), 0)" SENDABLE, round, err);

    if (rc < 0)
        return rc;
    rc = at_sql_step(q, err);
    *n = rc > 0 ? sqlite3_column_int(q, 0) : 0;
    *due_s = rc > 0 ? sqlite3_column_int64(q, 1) : 0;
    sqlite3_finalize(q);
    return rc < 0 ? rc : ATTUNE_OK;
}

int at_letters_again(sqlite3 *db, const at_round *round, attune_error *err)
{
    sqlite3_stmt *q;
    int rc = bind_round(
        db, &q,
        "UPDATE statements SET state = 'waiting', tries = iif(tries = 1, 0, tries)"
        " WHERE state = 'refused' AND rowid IN (SELECT t.rowid FROM statements AS t"
        " JOIN consents AS c ON c.id = t.consent WHERE c.store = ?1 AND" AT_MAY_GO("?2") ")",
        round, err);

    if (rc < 0)
        return rc;
    rc = at_sql_done(q, err);
    sqlite3_finalize(q);
    return rc;
}

/* ---- taking back --------------------------------------------------------------------------------- */

static int void_one(sqlite3 *db, const at_speaker *by, const char *voided, int64_t session,
                    attune_error *err)
{
    char id[AT_UUID_BYTES], *body;
    int rc = at_statement_void(&body, id, by, voided, err);

    if (rc < 0)
        return rc;
    rc = put_voiding(db, id, by->consent.id, session, body, voided, err);
    free(body);
    return rc < 0 ? rc : ATTUNE_OK;
}

/* What it has instead of ours (a conflict) is not ours to void. */
static int void_sent(sqlite3 *db, const at_speaker *by, attune_error *err)
{
    sqlite3_stmt *q;
    int n = 0, rc = at_sql_prepare(db, &q,
                                   "SELECT id, session FROM statements WHERE consent = ?1"
                                   " AND voids IS NULL AND" AT_MAY_BE_THERE,
                                   err);

    if (rc < 0)
        return rc;
    sqlite3_bind_int64(q, 1, by->consent.id);
    while (rc >= 0 && (rc = at_sql_step(q, err)) > 0) {
        char id[AT_UUID_BYTES];
        at_sql_text(q, 0, id, sizeof id);
        rc = void_one(db, by, id, sqlite3_column_int64(q, 1), err);
        n++;
    }
    sqlite3_finalize(q);
    return rc < 0 ? rc : n;
}

int at_letters_drop(sqlite3 *db, int64_t consent, attune_error *err)
{
    int rc = at_sql_with(db,
                         "DELETE FROM statements WHERE consent = ?1 AND voids IS NULL"
                         " AND state = 'waiting' AND tries = 0",
                         consent, err);

    return rc < 0
               ? rc
               : at_sql_with(
                     db, "UPDATE statements SET body = NULL WHERE consent = ?1 AND voids IS NULL",
                     consent, err);
}

int at_letters_void(sqlite3 *db, const at_speaker *by, attune_error *err)
{
    const int n = void_sent(db, by, err);
    const int rc = n < 0 ? n : at_letters_drop(db, by->consent.id, err);

    return rc < 0 ? rc : n;
}
