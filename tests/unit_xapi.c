/* xAPI: what a statement holds, and what is sent under which consent. (What a store makes of it: cli_xapi.py.) */
#include "base/json.h"
#include "made_store.h"
#include "store/store.h"
#include "xapi/consent.h"
#include "xapi/letters.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NEVER = 2000000000 };
static const char there[] = "https://lrs.example/xapi";

/* ---- consent ------------------------------------------------------------------------------------- */

static attune_store *store;

static int fresh(void **state)
{
    attune_store_free(&store);
    fresh_store(state);
    store = open_store();
    return 0;
}

static int close_and_remove(void **state)
{
    attune_store_free(&store);
    return remove_folder(state);
}

static attune_xapi_consent terms(void)
{
    attune_xapi_consent c = {
        .what = ATTUNE_XAPI_EXPRESSION, .text = ATTUNE_XAPI_TEXT_VERSION, .until_s = NEVER};
    snprintf(c.store, sizeof c.store, "%s", there);
    return c;
}

static int64_t agree(const attune_xapi_consent *c)
{
    attune_error err;
    int64_t id;
    if (attune_xapi_agree(store, c, &id, &err) < 0)
        fail_msg("%s", err.text);
    return id;
}

static void assert_no_consent(const attune_xapi_consent *c, const char *why)
{
    attune_error err;
    int64_t id;
    assert_int_equal(attune_xapi_agree(store, c, &id, &err), ATTUNE_E_ARG);
    assert_non_null(strstr(err.text, why));
    assert_int_equal(sql_number("SELECT count(*) FROM consents"), 0);
}

static int keep_last(void *user, const attune_xapi_consent *c)
{
    *(attune_xapi_consent *)user = *c;
    return 0;
}

static attune_xapi_consent last_consent(void)
{
    attune_xapi_consent c = {0};
    assert_int_equal(attune_xapi_consents(store, keep_last, &c, NULL), ATTUNE_OK);
    return c;
}

static int64_t session(const char *person)
{
    int64_t id = begin_session(store, person);
    add_windows(store, id, 12);
    assert_int_equal(attune_store_end(store, id, NULL, 0, NULL, NULL), ATTUNE_OK);
    return id;
}

static void consents_are_checked(void **state)
{
    attune_xapi_consent c = terms();
    (void)state;
    session("Ada");
    c.text[0] = '0';
    assert_no_consent(&c, "version 2, not '0'");
    c = terms();
    c.what = 0;
    assert_no_consent(&c, "names what is sent");
    c.what = 8;
    assert_no_consent(&c, "names what is sent");
    c = terms();
    c.until_s = 1000;
    assert_no_consent(&c, "an end that is to come");
    c = terms();
    snprintf(c.store, sizeof c.store, "http://lrs.example");
    assert_no_consent(&c, "without TLS");
    c = terms();
    snprintf(c.account, sizeof c.account, "p17");
    assert_no_consent(&c, "a name and a home");
    snprintf(c.home, sizeof c.home, "https://study.example");
    snprintf(c.account, sizeof c.account, "ada@example.org");
    assert_no_consent(&c, "pseudonym");
    snprintf(c.account, sizeof c.account, "Ada Lovelace");
    assert_no_consent(&c, "pseudonym");
    snprintf(c.account, sizeof c.account, "aDA");
    assert_no_consent(&c, "a person's label");
    snprintf(c.account, sizeof c.account, "grace");
    snprintf(c.person, sizeof c.person, "Grace");
    assert_no_consent(&c, "a person's label");
    snprintf(c.account, sizeof c.account, "p17");
    snprintf(c.home, sizeof c.home, "javascript:x");
    assert_no_consent(&c, "no address");
}

static void consents_are_kept_as_given(void **state)
{
    attune_xapi_consent c = terms(), got;
    (void)state;
    snprintf(c.store, sizeof c.store, "%s//", there);
    snprintf(c.person, sizeof c.person, "ada");
    snprintf(c.account, sizeof c.account, "p17");
    snprintf(c.home, sizeof c.home, "https://study.example");
    c.agreed_s = 1234;
    assert_int_equal(agree(&c), 1);
    got = last_consent();
    assert_string_equal(got.store, there);
    assert_string_equal(got.person, "ada");
    assert_string_equal(got.account, "p17");
    assert_string_equal(got.home, "https://study.example");
    assert_string_equal(got.text, ATTUNE_XAPI_TEXT_VERSION);
    assert_int_equal(got.what, ATTUNE_XAPI_EXPRESSION);
    assert_int_equal(got.agreed_s, 1234);
    assert_int_equal(got.until_s, NEVER);
    assert_int_equal(got.withdrawn_s, 0);
    c = terms();
    assert_int_equal(agree(&c), 2);
    assert_int_equal(strlen(last_consent().account), AT_UUID_BYTES - 1);
    assert_int_equal(agree(&c), 3); /* another account, in place of the second */
    assert_int_equal(sql_number("SELECT count(DISTINCT account) FROM consents"), 3);
    assert_int_equal(
        sql_number("SELECT count(*) FROM consents AS a JOIN consents AS b ON a.token = b.account"),
        0);
}

static void a_strangers_consent_is_not_believed(void **state)
{
    const attune_xapi_consent c = terms();
    attune_xapi_consent got;
    attune_error err;
    (void)state;
    agree(&c);
    sql_run("UPDATE consents SET store = 'http://lrs.example'");
    assert_int_equal(attune_xapi_consents(store, keep_last, &got, &err), ATTUNE_E_FORMAT);
    assert_string_equal(err.text, "consent 1 holds what no attune wrote");
    sql_run("UPDATE consents SET store = 'https://lrs.example', token = 'x'");
    session(NULL);
    assert_int_equal(attune_xapi_queue(store, 1, 1, &err), ATTUNE_E_FORMAT);
    sql_run("UPDATE consents SET what = 9");
    assert_int_equal(attune_xapi_consents(store, keep_last, &got, &err), ATTUNE_E_FORMAT);
}

/* ---- statements ---------------------------------------------------------------------------------- */

static json_t *statement(int64_t consent, int64_t of)
{
    attune_error err;
    json_t *root;
    char *text;
    if (attune_xapi_statement(store, consent, of, &text, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(at_json_read(&root, text, strlen(text), 0, NULL), ATTUNE_OK);
    assert_null(strstr(text, "\"ada\""));
    free(text);
    return root;
}

static json_t *extension(json_t *statement, const char *name)
{
    char key[128];
    snprintf(key, sizeof key, "https://attune.invalid/xapi/1/extensions/%s", name);
    return json_object_get(json_object_get(json_object_get(statement, "result"), "extensions"),
                           key);
}

static void statements_hold_what_was_chosen(void **state)
{
    static const char *const names[] = {"perceived-expression", "perceived-engagement",
                                        "perceived-states"};
    (void)state;
    session("ada");
    for (unsigned what = 1; what <= ATTUNE_XAPI_ALL; what++) {
        attune_xapi_consent c = terms();
        json_t *s;
        c.what = what;
        snprintf(c.person, sizeof c.person, "ada");
        s = statement(agree(&c), 1);
        for (unsigned i = 0; i < 3; i++)
            assert_int_equal(extension(s, names[i]) != NULL, what >> i & 1);
        assert_non_null(extension(s, "withheld"));
        json_decref(s);
    }
}

static void statements_are_xapis(void **state)
{
    const attune_xapi_consent c = terms();
    const char *id, *account;
    json_t *s, *figures;
    char *text;
    (void)state;
    session(NULL);
    agree(&c);
    s = statement(1, 1);
    assert_int_equal(
        json_unpack(s, "{s:s, s:{s:{s:s}}}", "id", &id, "actor", "account", "name", &account), 0);
    assert_string_equal(account, last_consent().account);
    assert_int_equal(id[14], '5');
    assert_string_equal(json_string_value(json_object_get(json_object_get(s, "verb"), "id")),
                        "http://adlnet.gov/expapi/verbs/shared");
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(s, "result"), "duration")), "PT6.00S");
    assert_int_equal(strlen(json_string_value(json_object_get(s, "timestamp"))), 20);
    /* nothing that reads as a mark for the learner */
    assert_null(json_object_get(json_object_get(s, "result"), "score"));
    assert_null(json_object_get(json_object_get(s, "result"), "success"));
    assert_null(json_object_get(json_object_get(s, "result"), "completion"));
    /* the very figures of the store's own page */
    assert_int_equal(attune_store_session_json(store, 1, &text, NULL), ATTUNE_OK);
    assert_int_equal(at_json_read(&figures, text, strlen(text), 0, NULL), ATTUNE_OK);
    assert_true(json_equal(extension(s, "perceived-expression"),
                           json_object_get(json_object_get(figures, "figures"), "expression")));
    free(text);
    json_decref(figures);
    json_decref(s);
}

static void assert_not_queued(int64_t consent, int64_t of, const char *why)
{
    attune_error err;
    char *text;
    assert_int_equal(attune_xapi_queue(store, consent, of, &err), ATTUNE_E_STATE);
    assert_non_null(strstr(err.text, why));
    assert_int_equal(attune_xapi_statement(store, consent, of, &text, &err), ATTUNE_E_STATE);
    assert_null(text);
    assert_int_equal(sql_number("SELECT count(*) FROM statements"), 0);
}

static void nothing_waits_without_consent(void **state)
{
    const attune_xapi_consent c = terms();
    (void)state;
    session(NULL);
    assert_not_queued(1, 1, "no consent 1");
    agree(&c);
    assert_not_queued(1, 2, "no session 2");
    session("ada");
    assert_not_queued(1, 2, "is not of whom consent 1 is");
    begin_session(store, NULL);
    assert_not_queued(1, 3, "has no end");
    sql_run("UPDATE consents SET until_s = 1000");
    assert_not_queued(1, 1, "is over");
    assert_int_equal(attune_xapi_withdraw(store, 1, NULL), 0);
    assert_not_queued(1, 1, "was withdrawn");
}

/* ---- the outbox ---------------------------------------------------------------------------------- */

static void a_strangers_statement_is_not_sent(void **state)
{
    const attune_xapi_consent c = terms();
    const at_round r = {there, 1000, 0};
    at_letter l;
    attune_error err;
    (void)state;
    session(NULL);
    agree(&c);
    assert_int_equal(attune_xapi_queue(store, 1, 1, NULL), 1);
    sql_run("UPDATE statements SET id = 'x&voidedStatementId=y'");
    assert_int_equal(at_letters_next(at_store_lock(store), &r, 0, &l, &err), ATTUNE_E_FORMAT);
    at_store_unlock(store);
    assert_null(l.body);
    assert_int_equal(sql_number("SELECT tries FROM statements"), 0);
}

static int next(const char *to, int64_t now_s, int anyhow, at_letter *l)
{
    const at_round r = {to, now_s, anyhow};
    attune_error err;
    int rc = at_letters_next(at_store_lock(store), &r, 0, l, &err);
    at_store_unlock(store);
    if (rc < 0)
        fail_msg("%s", err.text);
    return rc;
}

static void settle(at_letter *l, attune_xapi_state state, int64_t due_s)
{
    assert_int_equal(at_letters_settle(at_store_lock(store), l, state, "x", 5000, due_s, NULL),
                     ATTUNE_OK);
    at_store_unlock(store);
    at_letter_free(l);
}

static void queue(int64_t consent, int64_t of, int expected)
{
    attune_error err;
    int rc = attune_xapi_queue(store, consent, of, &err);
    if (rc < 0)
        fail_msg("%s", err.text);
    assert_int_equal(rc, expected);
}

static void a_session_is_sent_once(void **state)
{
    const attune_xapi_consent c = terms();
    at_letter l;
    (void)state;
    session(NULL);
    agree(&c);
    queue(1, 1, 1);
    queue(1, 1, 0);
    assert_int_equal(next("https://other.example", 1000, 0, &l), 0);
    assert_int_equal(next(there, 1000, 0, &l), 1);
    assert_int_equal(l.session, 1);
    assert_false(l.voids);
    assert_non_null(strstr(l.body, l.id));
    settle(&l, ATTUNE_XAPI_SENT, 0);
    assert_int_equal(next(there, 1000, 1, &l), 0);
    queue(1, 1, 0);
    assert_int_equal(next(there, 1000, 1, &l), 0);
    assert_int_equal(last_consent().sent, 1);
    assert_int_equal(sql_number("SELECT count(*) FROM statements WHERE body IS NOT NULL"), 0);
}

static void a_store_that_fails_is_left_alone(void **state)
{
    const attune_xapi_consent c = terms();
    attune_xapi_consent other = c;
    at_letter l;
    (void)state;
    snprintf(other.person, sizeof other.person, "ada");
    session(NULL);
    session("ada");
    agree(&c);
    agree(&other);
    queue(1, 1, 1);
    queue(2, 2, 1);
    assert_int_equal(next(there, 1000, 0, &l), 1);
    assert_int_equal(l.failures, 0);
    settle(&l, ATTUNE_XAPI_WAITING, 2000);
    assert_int_equal(next(there, 1999, 0, &l), 0); /* nor for what is said under the other */
    snprintf(other.person, sizeof other.person, "grace");
    agree(&other);
    assert_int_equal(last_consent().due_s, 2000); /* or under a third that is given meanwhile */
    assert_int_equal(last_consent().failures, 1);
    assert_int_equal(next(there, 1999, 1, &l), 1);
    at_letter_free(&l);
    assert_int_equal(next(there, 2000, 0, &l), 1);
    assert_int_equal(l.failures, 1);
    settle(&l, ATTUNE_XAPI_WAITING, 3000);
    assert_int_equal(next(there, 3000, 0, &l), 1);
    assert_int_equal(l.failures, 2);
    settle(&l, ATTUNE_XAPI_SENT, 0);
    assert_int_equal(next(there, 0, 0, &l), 1); /* it answers again */
    assert_int_equal(l.failures, 0);
    assert_int_equal(l.session, 2);
    at_letter_free(&l);
}

static void a_key_is_text(void **state)
{
    static const char *const keys[][2] = {
        {"", "s"}, {"u", ""}, {"u\n", "s"}, {"u", "\x01"}, {"u", "s\x7f"}};
    attune_xapi_sum sum;
    attune_error err;
    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const attune_xapi_sending o = {.store = there, .user = keys[i][0], .secret = keys[i][1]};
        assert_int_equal(attune_xapi_send(store, &o, &sum, &err), ATTUNE_E_ARG);
        assert_non_null(strstr(err.text, "key"));
    }
}

static void again(int64_t now_s)
{
    const at_round r = {there, now_s, 0};
    assert_int_equal(at_letters_again(at_store_lock(store), &r, NULL), ATTUNE_OK);
    at_store_unlock(store);
}

static void a_conflict_is_never_sent_again(void **state)
{
    const attune_xapi_consent c = terms();
    at_letter l;
    (void)state;
    session(NULL);
    session(NULL);
    agree(&c);
    queue(1, 1, 1);
    queue(1, 2, 1);
    assert_int_equal(next(there, 1000, 0, &l), 1);
    settle(&l, ATTUNE_XAPI_CONFLICT, 0);
    assert_int_equal(next(there, 1000, 0, &l), 1);
    settle(&l, ATTUNE_XAPI_REFUSED, 0);
    assert_int_equal(next(there, 1000, 1, &l), 0);
    again(1000);
    assert_int_equal(next(there, 1000, 1, &l), 1);
    assert_int_equal(l.session, 2);
    settle(&l, ATTUNE_XAPI_SENT, 0);
    assert_int_equal(next(there, 1000, 1, &l), 0);
    assert_int_equal(last_consent().conflicts, 1);
    assert_int_equal(
        sql_number("SELECT count(*) FROM statements WHERE state = 'conflict' AND body IS NOT NULL"),
        1);
    /* what is there instead of ours is not ours to void */
    assert_int_equal(attune_xapi_withdraw(store, 1, NULL), 1);
    assert_int_equal(sql_number("SELECT count(*) FROM statements WHERE body IS NOT NULL"), 1);
}

static void what_was_refused_is_not_there(void **state)
{
    const attune_xapi_consent c = terms();
    at_letter l;
    (void)state;
    for (int i = 1; i <= 3; i++)
        session(NULL);
    agree(&c);
    for (int i = 1; i <= 3; i++)
        queue(1, i, 1);
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(next(there, 1000, 0, &l), 1);
        settle(&l, ATTUNE_XAPI_REFUSED, 0);
    }
    assert_int_equal(attune_store_delete(store, 3, NULL), 0);
    again(1000);
    assert_int_equal(last_consent().waiting, 2);
    assert_int_equal(next(there, 1000, 0, &l), 1);
    settle(&l, ATTUNE_XAPI_REFUSED, 0);
    assert_int_equal(last_consent().refused, 2);
    sql_run("UPDATE consents SET until_s = 1000");
    again(2000);
    assert_int_equal(last_consent().refused, 2);
    assert_int_equal(last_consent().perhaps, 0);
    assert_int_equal(last_consent().orphans, 0);
    assert_int_equal(attune_xapi_withdraw(store, 1, NULL), 0);
}

static int put(int64_t of, const char *id)
{
    int rc = at_letters_put(at_store_lock(store), id, 1, of, "{}", 1000, NULL);
    at_store_unlock(store);
    return rc;
}

/* While a statement was made of it. */
static void what_is_gone_meanwhile_is_not_put(void **state)
{
    static const char *const id[] = {"74738ff5-5367-5958-9aee-98fffdcd1876",
                                     "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
                                     "6ba7b811-9dad-11d1-80b4-00c04fd430c8"};
    const attune_xapi_consent c = terms();
    (void)state;
    session(NULL);
    session(NULL);
    agree(&c);
    assert_int_equal(put(2, id[0]), 1);
    assert_int_equal(put(2, id[0]), 0);
    assert_int_equal(attune_store_delete(store, 1, NULL), 0);
    assert_int_equal(put(1, id[1]), 0);
    sql_run("UPDATE consents SET until_s = 1000");
    assert_int_equal(put(2, id[1]), 0);
    sql_run("UPDATE consents SET until_s = 2000000000");
    assert_int_equal(attune_xapi_withdraw(store, 1, NULL), 0);
    assert_int_equal(put(2, id[2]), 0);
    assert_int_equal(sql_number("SELECT count(*) FROM statements"), 0);
}

static void withdrawal_voids(void **state)
{
    const attune_xapi_consent c = terms();
    at_letter l;
    char sent[AT_UUID_BYTES];
    attune_error err;
    (void)state;
    for (int i = 1; i <= 5; i++)
        session(NULL);
    agree(&c);
    for (int i = 1; i <= 5; i++)
        queue(1, i, 1);
    assert_int_equal(next(there, 1000, 0, &l), 1);
    memcpy(sent, l.id, sizeof sent);
    settle(&l, ATTUNE_XAPI_SENT, 0);
    assert_int_equal(next(there, 1000, 0, &l), 1);
    settle(&l, ATTUNE_XAPI_REFUSED, 0);
    assert_int_equal(next(there, 1000, 0, &l), 1);
    settle(&l, ATTUNE_XAPI_WAITING, 1001); /* its answer was lost: it may be there */
    assert_int_equal(next(there, 1001, 0, &l), 1);
    assert_int_equal(l.session, 3);
    settle(&l, ATTUNE_XAPI_REFUSED, 0); /* and then the key was changed */
    assert_int_equal(next(there, 1001, 0, &l), 1);
    at_letter_free(&l); /* killed meanwhile */
    assert_int_equal(attune_xapi_withdraw(store, 1, NULL), 3);
    assert_int_equal(attune_xapi_withdraw(store, 1, &err), ATTUNE_E_STATE);
    assert_int_equal(sql_number("SELECT count(*) FROM statements WHERE session = 5"), 0);
    assert_int_equal(
        sql_number("SELECT count(*) FROM statements WHERE body IS NOT NULL AND voids IS NULL"), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(next(there, 1001, 0, &l), 1);
        assert_true(l.voids);
        assert_non_null(strstr(l.body, "\"http://adlnet.gov/expapi/verbs/voided\""));
        assert_int_equal(strstr(l.body, sent) != NULL, i == 0);
        settle(&l, ATTUNE_XAPI_SENT, 0);
    }
    assert_int_equal(next(there, 1001, 1, &l), 0);
    assert_int_equal(last_consent().voided, 3);
    assert_true(store_is_whole());
}

static void a_consent_that_is_over_sends_nothing(void **state)
{
    const attune_xapi_consent c = terms();
    at_letter l;
    (void)state;
    session(NULL);
    agree(&c);
    queue(1, 1, 1);
    assert_int_equal(next(there, NEVER, 1, &l), 0);
    sql_run("UPDATE consents SET until_s = 1000");
    assert_int_equal(last_consent().waiting, 0);
    assert_int_equal(last_consent().perhaps, 0); /* it was never tried */
    sql_run("UPDATE consents SET until_s = 2000000000");
    assert_int_equal(last_consent().waiting, 1);
    assert_int_equal(next(there, NEVER - 1, 1, &l), 1);
    at_letter_free(&l);
    sql_run(
        "UPDATE consents SET withdrawn_s = 1000"); /* between a check and what was queued after it */
    assert_int_equal(next(there, 2000, 1, &l), 0);
}

/* One consent for a store and a person: what waits under the one before is not sent under any, and it can still be taken
 * back. Those of others stay as they are. */
static void a_new_consent_ends_the_one_before(void **state)
{
    attune_xapi_consent c = terms(), other = terms(), elsewhere = terms(), ends;
    at_letter l;
    (void)state;
    for (int i = 0; i < 3; i++)
        session(NULL);
    snprintf(other.person, sizeof other.person, "ada");
    snprintf(elsewhere.store, sizeof elsewhere.store, "https://other.example");
    c.what = ATTUNE_XAPI_ALL;
    assert_int_equal(attune_xapi_check(store, &c, &ends, NULL), ATTUNE_OK);
    assert_int_equal(ends.id, 0);
    agree(&c);
    agree(&other);
    agree(&elsewhere);
    for (int i = 1; i <= 3; i++)
        queue(1, i, 1);
    assert_int_equal(next(there, 1000, 0, &l), 1);
    settle(&l, ATTUNE_XAPI_SENT, 0);
    assert_int_equal(next(there, 1000, 0, &l), 1);
    settle(&l, ATTUNE_XAPI_WAITING, 0);
    c.what = ATTUNE_XAPI_STATES;
    assert_int_equal(attune_xapi_check(store, &c, &ends, NULL), ATTUNE_OK);
    assert_int_equal(ends.id, 1);
    assert_int_equal(ends.what, ATTUNE_XAPI_ALL);
    assert_int_equal(agree(&c), 4);
    assert_int_equal(next(there, 1000, 1, &l), 0);
    assert_int_equal(attune_xapi_queue(store, 1, 1, NULL), ATTUNE_E_STATE);
    assert_int_equal(sql_number("SELECT count(*) FROM statements WHERE body IS NOT NULL"), 0);
    assert_int_equal(sql_number("SELECT count(*) FROM consents WHERE until_s = 2000000000"), 3);
    sql_run("UPDATE consents SET until_s = 2000000000 WHERE id = 1"); /* as files of old have it */
    assert_int_equal(agree(&c), 5);
    assert_int_equal(sql_number("SELECT count(*) FROM consents WHERE until_s = 2000000000"), 3);
    assert_int_equal(attune_xapi_withdraw(store, 5, NULL), 0);
    assert_int_equal(attune_xapi_queue(store, 1, 1, NULL),
                     ATTUNE_E_STATE); /* taking the newer back does not bring the older */
    assert_int_equal(attune_xapi_withdraw(store, 1, NULL), 2);
    assert_int_equal(sql_number("SELECT count(*) FROM consents WHERE withdrawn_s IS NULL"), 3);
}

/* Deleting a session deletes what was to be said of it; what was said stays known, without its words. */
static void deleted_sessions_are_not_told_of(void **state)
{
    const attune_xapi_consent c = terms();
    at_letter l;
    (void)state;
    session(NULL);
    session(NULL);
    session(NULL);
    agree(&c);
    queue(1, 1, 1);
    queue(1, 2, 1);
    queue(1, 3, 1);
    assert_int_equal(next(there, 1000, 0, &l), 1);
    settle(&l, ATTUNE_XAPI_WAITING, 0);
    assert_int_equal(attune_store_delete(store, 1, NULL), 0);
    assert_int_equal(attune_store_delete(store, 2, NULL), 0);
    assert_int_equal(last_consent().waiting, 1); /* the third's */
    assert_int_equal(last_consent().perhaps, 1);
    assert_int_equal(last_consent().orphans, 1);
    assert_int_equal(next(there, 1000, 1, &l), 1);
    assert_int_equal(l.session, 3);
    settle(&l, ATTUNE_XAPI_SENT, 0);
    assert_int_equal(next(there, 1000, 1, &l), 0);
    assert_int_equal(sql_number("SELECT count(*) FROM statements"), 2);
    assert_int_equal(attune_store_delete_all(store, NULL, NULL), 0);
    assert_int_equal(last_consent().orphans, 2);
    assert_int_equal(attune_xapi_withdraw(store, 1, NULL), 2);
    assert_int_equal(last_consent().waiting, 2); /* the voidings */
    for (int i = 0; i < 2; i++) {
        assert_int_equal(next(there, 1000, 0, &l), 1);
        assert_true(l.voids);
        settle(&l, ATTUNE_XAPI_SENT, 0);
    }
    assert_int_equal(last_consent().waiting, 0);
    assert_int_equal(last_consent().perhaps, 0);
    assert_int_equal(last_consent().orphans, 0);
}

static const char *state_of(int64_t row)
{
    static char name[16];
    char sql[80];
    sqlite3_stmt *q;

    snprintf(sql, sizeof sql, "SELECT state FROM statements WHERE rowid = %d", (int)row);
    assert_int_equal(sqlite3_prepare_v2(at_store_look(store), sql, -1, &q, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(q), SQLITE_ROW);
    snprintf(name, sizeof name, "%s", (const char *)sqlite3_column_text(q, 0));
    sqlite3_finalize(q);
    at_store_looked(store);
    return name;
}

static int at_once(void *user_data)
{
    (void)user_data;
    return 1;
}

/* Whatever was tried may be there, and is voided; what was not is not. */
static void stopped_before_it_began(void **state)
{
    const attune_xapi_sending o = {.store = there, .user = "u", .secret = "s", .stop = at_once};
    const attune_xapi_consent c = terms();
    attune_xapi_sum sum;
    attune_error err;
    (void)state;
    session(NULL);
    agree(&c);
    queue(1, 1, 1);
    const int rc = attune_xapi_send(store, &o, &sum, &err);
    if (rc == ATTUNE_E_UNSUPPORTED) /* no libcurl */
        skip();
    assert_int_equal(rc, ATTUNE_E_INTERRUPTED);
    assert_int_equal(sql_number("SELECT tries FROM statements"), 0);
    assert_int_equal(attune_xapi_withdraw(store, 1, NULL), 0);
}

/* Two runs sent the same at once, and the answers cross. */
static void answers_that_come_late(void **state)
{
    const attune_xapi_consent c = terms();
    at_letter first, second, voiding;
    (void)state;
    session(NULL);
    agree(&c);
    queue(1, 1, 1);
    assert_int_equal(next(there, 1000, 0, &first), 1);
    assert_int_equal(next(there, 1000, 0, &second), 1);
    assert_int_equal(first.row, second.row);
    settle(&second, ATTUNE_XAPI_SENT, 0);
    settle(&first, ATTUNE_XAPI_WAITING, 9000);
    assert_string_equal(state_of(first.row), "sent");
    assert_int_equal(sql_number("SELECT due_s FROM consents"),
                     0); /* the store is not spared for it */
    settle(&first, ATTUNE_XAPI_REFUSED, 0);
    assert_string_equal(state_of(first.row), "sent");
    assert_int_equal(attune_xapi_withdraw(store, 1, NULL), 1);
    assert_int_equal(next(there, 1000, 0, &voiding), 1);
    assert_true(voiding.voids);
    settle(&voiding, ATTUNE_XAPI_SENT, 0);
    assert_string_equal(state_of(first.row), "voided");
    settle(&first, ATTUNE_XAPI_SENT, 0);
    assert_string_equal(state_of(first.row), "voided");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(consents_are_checked, fresh),
        cmocka_unit_test_setup(consents_are_kept_as_given, fresh),
        cmocka_unit_test_setup(a_strangers_consent_is_not_believed, fresh),
        cmocka_unit_test_setup(statements_hold_what_was_chosen, fresh),
        cmocka_unit_test_setup(statements_are_xapis, fresh),
        cmocka_unit_test_setup(nothing_waits_without_consent, fresh),
        cmocka_unit_test_setup(a_strangers_statement_is_not_sent, fresh),
        cmocka_unit_test_setup(a_session_is_sent_once, fresh),
        cmocka_unit_test_setup(a_store_that_fails_is_left_alone, fresh),
        cmocka_unit_test_setup(a_key_is_text, fresh),
        cmocka_unit_test_setup(stopped_before_it_began, fresh),
        cmocka_unit_test_setup(answers_that_come_late, fresh),
        cmocka_unit_test_setup(a_conflict_is_never_sent_again, fresh),
        cmocka_unit_test_setup(what_was_refused_is_not_there, fresh),
        cmocka_unit_test_setup(what_is_gone_meanwhile_is_not_put, fresh),
        cmocka_unit_test_setup(withdrawal_voids, fresh),
        cmocka_unit_test_setup(a_consent_that_is_over_sends_nothing, fresh),
        cmocka_unit_test_setup(a_new_consent_ends_the_one_before, fresh),
        cmocka_unit_test_setup(deleted_sessions_are_not_told_of, fresh),
    };
    return cmocka_run_group_tests(tests, make_store_folder, close_and_remove);
}
