/* send.c - from the outbox to the store. */
#include "base/endpoint.h"
#include "base/error.h"
#include "store/store.h"
#include "xapi/backoff.h"
#include "xapi/consent.h"
#include "xapi/letters.h"
#include "xapi/post.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* ---- into the outbox ----------------------------------------------------------------------------- */

/* The consent, if it holds for that session. */
static int find_speaker(attune_store *s, at_speaker *by, int64_t consent, int64_t session,
                        attune_error *err)
{
    attune_record r;
    int rc = attune_store_record(s, session, &r, err);

    if (rc == ATTUNE_OK) {
        rc = at_consent_find(at_store_look(s), consent, by, err);
        at_store_looked(s);
    }
    rc = rc < 0 ? rc : at_consent_holds(&by->consent, at_store_now(), err);
    if (rc == ATTUNE_OK && strcmp(r.person, by->consent.person) != 0)
        rc = at_fail(err, ATTUNE_E_STATE, "session %lld is not of whom consent %lld is",
                     (long long)session, (long long)consent);
    if (rc == ATTUNE_OK && !r.ended_s)
        rc = at_fail(err, ATTUNE_E_STATE,
                     "session %lld has no end: it goes on, or its program was killed",
                     (long long)session);
    return rc;
}

static int make_statement(attune_store *s, const at_speaker *by, int64_t session,
                          char id[AT_UUID_BYTES], char **out, attune_error *err)
{
    char *text = NULL;
    int rc = at_statement_id(id, by, session, err);

    *out = NULL;
    rc = rc < 0 ? rc : attune_store_session_json(s, session, &text, err);
    rc = rc < 0 ? rc : at_statement_make(out, id, by, text, err);
    free(text);
    return rc;
}

int attune_xapi_statement(attune_store *s, int64_t consent, int64_t session, char **json,
                          attune_error *err)
{
    char id[AT_UUID_BYTES];
    at_speaker by;
    int rc = find_speaker(s, &by, consent, session, err);

    *json = NULL;
    return rc < 0 ? rc : make_statement(s, &by, session, id, json, err);
}

int attune_xapi_queue(attune_store *s, int64_t consent, int64_t session, attune_error *err)
{
    char id[AT_UUID_BYTES], *text = NULL;
    at_speaker by;
    int rc = find_speaker(s, &by, consent, session, err);

    rc = rc < 0 ? rc : make_statement(s, &by, session, id, &text, err);
    if (rc == ATTUNE_OK) {
        rc = at_letters_put(at_store_lock(s), id, consent, session, text, at_store_now(), err);
        at_store_unlock(s);
    }
    free(text);
    return rc == 0 ? find_speaker(s, &by, consent, session, err) : rc;
}

int attune_xapi_look(attune_store *s, int64_t consent, int64_t session, attune_xapi_fate *out,
                     attune_error *err)
{
    char id[AT_UUID_BYTES];
    sqlite3 *db = at_store_look(s);
    at_speaker by;
    int rc = at_consent_find(db, consent, &by, err);

    *out = (attune_xapi_fate){0};
    rc = rc < 0 ? rc : at_statement_id(id, &by, session, err);
    rc = rc < 0 ? rc : at_letters_fate(db, id, out, err);
    at_store_looked(s);
    return rc;
}

/* ---- out of it ----------------------------------------------------------------------------------- */

typedef struct at_run {
    attune_store *s;
    const attune_xapi_sending *o;
    attune_xapi_sum *sum;
    at_post *post;
} at_run;

static at_round round_of(const at_run *r)
{
    const at_round round = {r->o->store, at_store_now(), r->o->now};

    return round;
}

static int next(at_run *r, int64_t after, at_letter *out, attune_error *err)
{
    const at_round round = round_of(r);
    int rc = at_letters_next(at_store_lock(r->s), &round, after, out, err);

    at_store_unlock(r->s);
    return rc;
}

static int64_t pause_until(const at_letter *l, const at_answer *a)
{
    uint64_t draw = 0;

    if (getrandom(&draw, sizeof draw, 0) < 0)
        draw = 0; /* then all come back at once */
    return at_store_now() + at_backoff_s(l->failures + 1, a->asked_s, draw);
}

static void tell(const at_run *r, const at_letter *l, const at_answer *a, int64_t due_s)
{
    const attune_xapi_news n = {l->id, l->session, l->voids, a->state, a->text, due_s};

    r->sum->sent += a->state == ATTUNE_XAPI_SENT;
    r->sum->refused += a->state == ATTUNE_XAPI_REFUSED;
    r->sum->conflicts += a->state == ATTUNE_XAPI_CONFLICT;
    if (r->o->news)
        r->o->news(r->o->user_data, &n);
}

/* 1: and the store may be given the next; 0: it failed. */
static int send_one(at_run *r, const at_letter *l, attune_error *err)
{
    at_answer a;
    int64_t due_s;
    int rc = at_post_put(r->post, l->id, l->body, &a, err);

    if (rc < 0)
        return rc;
    due_s = a.state == ATTUNE_XAPI_WAITING ? pause_until(l, &a) : 0;
    rc = at_letters_settle(at_store_lock(r->s), l, a.state, a.text, at_store_now(), due_s, err);
    at_store_unlock(r->s);
    if (rc == ATTUNE_OK)
        tell(r, l, &a, due_s);
    return rc < 0 ? rc : a.state != ATTUNE_XAPI_WAITING;
}

static int go_on(const at_run *r, attune_error *err)
{
    return r->o->stop && r->o->stop(r->o->user_data) ? at_fail(err, ATTUNE_E_INTERRUPTED, "stopped")
                                                     : 1;
}

/* A consent that is withdrawn meanwhile holds for the next statement already. What is taken out counts as tried, so whether to
 * go on is asked before. */
static int send_all(at_run *r, attune_error *err)
{
    at_letter l;
    int64_t after = 0;
    int rc = 1;

    while (rc > 0 && (rc = go_on(r, err)) > 0 && (rc = next(r, after, &l, err)) > 0) {
        rc = send_one(r, &l, err);
        after = l.row;
        at_letter_free(&l);
    }
    return rc;
}

static int count_waiting(at_run *r, attune_error *err)
{
    const at_round round = round_of(r);
    int rc = at_letters_waiting(at_store_look(r->s), &round, &r->sum->waiting, &r->sum->due_s, err);

    at_store_looked(r->s);
    return rc;
}

static int ask_again(at_run *r, attune_error *err)
{
    const at_round round = round_of(r);
    int rc = at_letters_again(at_store_lock(r->s), &round, err);

    at_store_unlock(r->s);
    return rc;
}

int attune_xapi_send(attune_store *s, const attune_xapi_sending *o, attune_xapi_sum *sum,
                     attune_error *err)
{
    char store[ATTUNE_XAPI_ADDRESS_BYTES];
    attune_xapi_sending own = *o;
    at_run r = {.s = s, .o = &own, .sum = sum};
    int rc = at_endpoint_take(store, o->store, err);

    *sum = (attune_xapi_sum){0};
    own.store = store;
    rc = rc < 0 ? rc : at_post_open(&r.post, &own, err);
    if (rc == ATTUNE_OK && o->again)
        rc = ask_again(&r, err);
    rc = rc < 0 ? rc : send_all(&r, err);
    rc = rc < 0 ? rc : count_waiting(&r, err);
    at_post_free(&r.post);
    return rc;
}
