/* consent.c - what the learner agreed to, and takes back. */
#include "xapi/consent.h"

#include "base/endpoint.h"
#include "base/error.h"
#include "store/remove.h"
#include "store/sql.h"
#include "store/store.h"
#include "xapi/letters.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char own_home[] = "https://attune.invalid/xapi/1/learners";

#define COUNT(state)                                                                               \
    " (SELECT count(*) FROM statements WHERE consent = c.id AND voids IS NULL AND state = '" state \
    "'),"
/* ?9: now */
#define OF_MINE " (SELECT count(*) FROM statements WHERE consent = c.id AND"
#define COLUMNS                                                                                     \
    "SELECT c.id, store, person, what, text, agreed_s, until_s, coalesce(withdrawn_s, 0), home,"    \
    " account, due_s, failures," OF_MINE AT_GOES("?9") ")," COUNT("sent") COUNT("refused")          \
        COUNT("conflict") COUNT("voided") OF_MINE                                                   \
        " voids IS NULL AND state = 'waiting' AND tries > 0 AND NOT" AT_GOES(                       \
            "?9") ")," OF_MINE                                                                      \
                  " voids IS NULL AND session NOT IN (SELECT id FROM sessions) AND" AT_MAY_BE_THERE \
                  ")," OF_MINE " voids IS NOT NULL AND state IN ('refused', 'conflict')),"          \
                  " token FROM consents AS c "

/* ---- reading ------------------------------------------------------------------------------------- */

/* What a stranger's file says is believed no further than what a caller does. */
static int is_sound(const attune_xapi_consent *c)
{
    char store[ATTUNE_XAPI_ADDRESS_BYTES];

    return at_endpoint_take(store, c->store, NULL) == ATTUNE_OK && !strcmp(store, c->store) &&
           c->what && !(c->what & ~(unsigned)ATTUNE_XAPI_ALL);
}

static int read_row(sqlite3_stmt *q, at_speaker *out, attune_error *err)
{
    attune_xapi_consent *c = &out->consent;
    int i = 0;

    memset(out, 0, sizeof *out);
    c->id = sqlite3_column_int64(q, i++);
    at_sql_text(q, i++, c->store, sizeof c->store);
    at_sql_text(q, i++, c->person, sizeof c->person);
    c->what = (unsigned)sqlite3_column_int(q, i++);
    at_sql_text(q, i++, c->text, sizeof c->text);
    c->agreed_s = sqlite3_column_int64(q, i++);
    c->until_s = sqlite3_column_int64(q, i++);
    c->withdrawn_s = sqlite3_column_int64(q, i++);
    at_sql_text(q, i++, c->home, sizeof c->home);
    at_sql_text(q, i++, c->account, sizeof c->account);
    c->due_s = sqlite3_column_int64(q, i++);
    c->failures = sqlite3_column_int(q, i++);
    c->waiting = sqlite3_column_int(q, i++);
    c->sent = sqlite3_column_int(q, i++);
    c->refused = sqlite3_column_int(q, i++);
    c->conflicts = sqlite3_column_int(q, i++);
    c->voided = sqlite3_column_int(q, i++);
    c->perhaps = sqlite3_column_int(q, i++);
    c->orphans = sqlite3_column_int(q, i++);
    c->unvoided = sqlite3_column_int(q, i++);
    at_sql_text(q, i, out->token, sizeof out->token);
    return is_sound(c) ? ATTUNE_OK
                       : at_fail(err, ATTUNE_E_FORMAT, "consent %lld holds what no attune wrote",
                                 (long long)c->id);
}

static int prepare(sqlite3 *db, sqlite3_stmt **q, const char *sql, attune_error *err)
{
    const int rc = at_sql_prepare(db, q, sql, err);

    if (rc == ATTUNE_OK)
        sqlite3_bind_int64(*q, 9, at_store_now());
    return rc;
}

int at_consent_find(sqlite3 *db, int64_t id, at_speaker *out, attune_error *err)
{
    sqlite3_stmt *q;
    int rc = prepare(db, &q, COLUMNS "WHERE c.id = ?1", err);

    if (rc < 0)
        return rc;
    sqlite3_bind_int64(q, 1, id);
    rc = at_sql_step(q, err);
    if (rc == 0)
        rc = at_fail(err, ATTUNE_E_STATE, "there is no consent %lld", (long long)id);
    else if (rc > 0)
        rc = read_row(q, out, err);
    sqlite3_finalize(q);
    return rc;
}

int attune_xapi_consents(attune_store *s, int (*fn)(void *user, const attune_xapi_consent *c),
                         void *user, attune_error *err)
{
    sqlite3_stmt *q;
    int rc = prepare(at_store_look(s), &q, COLUMNS "ORDER BY c.id", err);

    while (rc >= 0 && (rc = at_sql_step(q, err)) > 0) {
        at_speaker by;
        rc = read_row(q, &by, err);
        if (rc == ATTUNE_OK && fn(user, &by.consent))
            rc = at_fail(err, ATTUNE_E_INTERRUPTED, "stopped");
    }
    sqlite3_finalize(q);
    at_store_looked(s);
    return rc;
}

int at_consent_holds(const attune_xapi_consent *c, int64_t now_s, attune_error *err)
{
    if (c->withdrawn_s)
        return at_fail(err, ATTUNE_E_STATE, "consent %lld was withdrawn", (long long)c->id);
    if (c->until_s <= now_s)
        return at_fail(err, ATTUNE_E_STATE, "consent %lld is over", (long long)c->id);
    return ATTUNE_OK;
}

int attune_xapi_address(char out[ATTUNE_XAPI_ADDRESS_BYTES], const char *address, attune_error *err)
{
    return at_endpoint_take(out, address, err);
}

/* ---- giving -------------------------------------------------------------------------------------- */

/* A pseudonym is not looked up anywhere; what is plainly a name or an address is refused. */
static int check_account(sqlite3 *db, const attune_xapi_consent *c, attune_error *err)
{
    sqlite3_stmt *q;
    int rc;

    if (!*c->account != !*c->home)
        return at_fail(err, ATTUNE_E_ARG, "an account has a name and a home, or neither is given");
    for (const char *p = c->account; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr("-._:", *p))
            return at_fail(err, ATTUNE_E_ARG,
                           "an account is a pseudonym: letters, digits, '-', '.', '_' and ':'");
    rc = at_sql_prepare(db, &q, "SELECT 1 FROM people WHERE label = ?1 COLLATE NOCASE", err);
    if (rc < 0)
        return rc;
    sqlite3_bind_text(q, 1, c->account, -1, SQLITE_STATIC);
    rc = at_sql_step(q, err);
    sqlite3_finalize(q);
    if (rc > 0 || (*c->account && !strcasecmp(c->account, c->person)))
        return at_fail(err, ATTUNE_E_ARG, "an account is a pseudonym, and '%s' is a person's label",
                       c->account);
    return rc;
}

static int check_terms(const attune_xapi_consent *c, attune_error *err)
{
    char home[AT_ENDPOINT_BYTES];

    if (strcmp(c->text, ATTUNE_XAPI_TEXT_VERSION) != 0)
        return at_fail(err, ATTUNE_E_ARG, "the text to agree to is version %s, not '%s'",
                       ATTUNE_XAPI_TEXT_VERSION, c->text);
    if (!c->what || (c->what & ~(unsigned)ATTUNE_XAPI_ALL))
        return at_fail(err, ATTUNE_E_ARG, "a consent names what is sent");
    if (c->until_s <= at_store_now())
        return at_fail(err, ATTUNE_E_ARG, "a consent has an end that is to come");
    return *c->home ? at_endpoint_take(home, c->home, err) : ATTUNE_OK;
}

/* A random number of the consent's own is what statements' numbers are made of, and its account if none is given. A pause is
 * its store's, whoever agrees. */
static int insert(sqlite3 *db, const attune_xapi_consent *c, const char *store, int64_t *id,
                  attune_error *err)
{
    char token[AT_UUID_BYTES], account[AT_UUID_BYTES];
    sqlite3_stmt *q;
    int rc = at_uuid_random(token, err);

    rc = rc < 0 ? rc : at_uuid_random(account, err);
    rc = rc < 0 ? rc
                : at_sql_prepare(
                      db, &q,
                      "INSERT INTO consents (store, person, what, text, agreed_s, until_s,"
                      " home, account, token, due_s, failures) SELECT ?1, ?2, ?3, ?4, ?5, ?6,"
                      " ?7, ?8, ?9, coalesce(max(due_s), 0), coalesce(max(failures), 0)"
                      " FROM consents WHERE store = ?1",
                      err);
    if (rc < 0)
        return rc;
    sqlite3_bind_text(q, 1, store, -1, SQLITE_STATIC);
    sqlite3_bind_text(q, 2, c->person, -1, SQLITE_STATIC);
    sqlite3_bind_int64(q, 3, c->what);
    sqlite3_bind_text(q, 4, c->text, -1, SQLITE_STATIC);
    sqlite3_bind_int64(q, 5, c->agreed_s ? c->agreed_s : at_store_now());
    sqlite3_bind_int64(q, 6, c->until_s);
    sqlite3_bind_text(q, 7, *c->home ? c->home : own_home, -1, SQLITE_STATIC);
    sqlite3_bind_text(q, 8, *c->account ? c->account : account, -1, SQLITE_STATIC);
    sqlite3_bind_text(q, 9, token, -1, SQLITE_STATIC);
    rc = at_sql_done(q, err);
    sqlite3_finalize(q);
    *id = rc < 0 ? 0 : sqlite3_last_insert_rowid(db);
    return rc;
}

/* The latest in force for that store and person. 1: *out; 0: none. */
static int find_in_force(sqlite3 *db, const char *store, const char *person, at_speaker *out,
                         attune_error *err)
{
    sqlite3_stmt *q;
    int rc = prepare(db, &q,
                     COLUMNS "WHERE store = ?1 AND person = ?2 AND withdrawn_s IS NULL"
                             " AND until_s > ?9 ORDER BY c.id DESC LIMIT 1",
                     err);

    memset(out, 0, sizeof *out);
    if (rc < 0)
        return rc;
    sqlite3_bind_text(q, 1, store, -1, SQLITE_STATIC);
    sqlite3_bind_text(q, 2, person, -1, SQLITE_STATIC);
    rc = at_sql_step(q, err);
    if (rc > 0)
        rc = read_row(q, out, err) < 0 ? ATTUNE_E_FORMAT : 1;
    sqlite3_finalize(q);
    return rc;
}

/* Puts the present into that column of a consent. */
static int stamp(sqlite3 *db, const char *sql, int64_t id, attune_error *err)
{
    sqlite3_stmt *q;
    int rc = at_sql_prepare(db, &q, sql, err);

    if (rc < 0)
        return rc;
    sqlite3_bind_int64(q, 1, at_store_now());
    sqlite3_bind_int64(q, 2, id);
    rc = at_sql_done(q, err);
    sqlite3_finalize(q);
    return rc;
}

/* Nothing is sent under it any longer; it can still be withdrawn, so that what was sent is voided. */
static int end(sqlite3 *db, int64_t id, attune_error *err)
{
    const int rc = at_letters_drop(db, id, err);

    return rc < 0 ? rc : stamp(db, "UPDATE consents SET until_s = ?1 WHERE id = ?2", id, err);
}

/* Two in force would be one more than its person knows of. Returns how many ended. */
static int end_others(sqlite3 *db, const char *store, const char *person, attune_error *err)
{
    at_speaker other;
    int n = 0, rc;

    while ((rc = find_in_force(db, store, person, &other, err)) > 0 &&
           (rc = end(db, other.consent.id, err)) == ATTUNE_OK)
        n++;
    return rc < 0 ? rc : n;
}

int attune_xapi_check(attune_store *s, const attune_xapi_consent *c, attune_xapi_consent *ends,
                      attune_error *err)
{
    char store[ATTUNE_XAPI_ADDRESS_BYTES];
    at_speaker found = {0};
    sqlite3 *db;
    int rc = at_endpoint_take(store, c->store, err);

    rc = rc < 0 ? rc : check_terms(c, err);
    if (rc == ATTUNE_OK) {
        db = at_store_look(s);
        rc = check_account(db, c, err);
        rc = rc < 0 ? rc : find_in_force(db, store, c->person, &found, err);
        at_store_looked(s);
    }
    if (ends)
        *ends = found.consent;
    return rc < 0 ? rc : ATTUNE_OK;
}

/* In a transaction. Returns how many ended for it. */
static int agree(sqlite3 *db, const attune_xapi_consent *c, const char *store, int64_t *id,
                 attune_error *err)
{
    int n = 0, rc = check_account(db, c, err);

    rc = rc < 0 ? rc : (n = end_others(db, store, c->person, err));
    rc = rc < 0 ? rc : insert(db, c, store, id, err);
    return rc < 0 ? rc : n;
}

int attune_xapi_agree(attune_store *s, const attune_xapi_consent *c, int64_t *id, attune_error *err)
{
    char store[ATTUNE_XAPI_ADDRESS_BYTES];
    sqlite3 *db;
    int n = 0, rc = at_endpoint_take(store, c->store, err);

    *id = 0;
    rc = rc < 0 ? rc : check_terms(c, err);
    if (rc < 0)
        return rc;
    db = at_store_lock(s);
    rc = at_sql_begin(db, err);
    if (rc == ATTUNE_OK) {
        n = agree(db, c, store, id, err);
        rc = at_sql_end(db, n < 0 ? n : ATTUNE_OK, err);
    }
    if (rc == ATTUNE_OK && n)
        rc = at_remove_traces(s, err);
    at_store_unlock(s);
    *id = rc < 0 ? 0 : *id;
    return rc < 0 ? rc : ATTUNE_OK;
}

/* ---- taking back --------------------------------------------------------------------------------- */

static int withdraw(sqlite3 *db, int64_t id, attune_error *err)
{
    at_speaker by;
    int n = 0, rc = at_consent_find(db, id, &by, err);

    if (rc == ATTUNE_OK && by.consent.withdrawn_s)
        rc = at_fail(err, ATTUNE_E_STATE, "consent %lld was withdrawn before", (long long)id);
    rc = rc < 0 ? rc : (n = at_letters_void(db, &by, err));
    rc = rc < 0 ? rc : stamp(db, "UPDATE consents SET withdrawn_s = ?1 WHERE id = ?2", id, err);
    return rc < 0 ? rc : n;
}

int attune_xapi_withdraw(attune_store *s, int64_t id, attune_error *err)
{
    sqlite3 *db = at_store_lock(s);
    int n = 0, rc = at_sql_begin(db, err);

    if (rc == ATTUNE_OK) {
        n = withdraw(db, id, err);
        rc = at_sql_end(db, n < 0 ? n : ATTUNE_OK, err);
    }
    rc = rc < 0 ? rc : at_remove_traces(s, err);
    at_store_unlock(s);
    return rc < 0 ? rc : n;
}
