/* Kept sessions that a signal and a chat were recorded beside: what windows say of them comes back, and a message's
 * words are nowhere. */
#include "made_store.h"
#include "made_windows.h"
#include "store/schema.h"

#include <attune/xapi.h>
#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const columns[] = {"heart_rate", "clicks", NULL};
static const attune_beside_setup both = {.signals = columns, .events = 2, .chat = 1};

static attune_keep terms(const attune_beside_setup *setup)
{
    return (attune_keep){.consent = ATTUNE_CONSENT_VERSION,
                         .source = "file",
                         .began_s = 1700000000,
                         .session = {.beside = setup}};
}

static int64_t begin_beside(attune_store *s, const attune_beside_setup *setup)
{
    const attune_keep k = terms(setup);
    attune_error err = {0};
    int64_t id;
    if (attune_store_begin(s, &id, &k, &err) < 0)
        fail_msg("%s", err.text);
    return id;
}

/* Of the n-th window; every member is another number. */
static attune_beside made_beside(int n)
{
    attune_beside x = {.signals = 2, .messages = n % 3, .unread = n % 2};
    float v = (float)n / 64;
    for (int i = 0; i < 2; i++) {
        x.signal[i] = (attune_signal){.mean = 70 + v, .slope = v, .deviation = -v, .z = 3 * v};
        x.signal[i].coverage = (v += 0.01f);
    }
    x.signal[1].slope = x.signal[1].z = NAN;
    for (int e = 0; e < ATTUNE_EMOTIONS; e++)
        x.chat_emotion7[e] = (v += 0.01f);
    for (int i = 0; i < ATTUNE_STATES; i++)
        x.chat_state4[i] = (v += 0.01f);
    return x;
}

static attune_window made_window_beside(int n, const attune_beside *x)
{
    attune_window w = made_window(n, n % ATTUNE_EMOTIONS, 1);
    w.beside = x;
    w.used |= 1u << ATTUNE_SIGNAL;
    w.weight[ATTUNE_SIGNAL] = 0.25f;
    w.weight[ATTUNE_CHAT] = 0.125f;
    w.condition[ATTUNE_SIGNAL] = 0.5f;
    w.condition[ATTUNE_CHAT] = 0.75f;
    return w;
}

static void add_beside(attune_store *s, int64_t id, int windows)
{
    for (int n = 1; n <= windows; n++) {
        const attune_beside x = made_beside(n);
        const attune_window w = made_window_beside(n, &x);
        attune_error err = {0};
        if (attune_store_window(s, id, &w, &err) < 0)
            fail_msg("%s", err.text);
    }
}

static void end_beside(attune_store *s, int64_t id)
{
    const attune_input_info info = {.counts = {.signal_rows = 40,
                                               .late_signal_rows = 2,
                                               .messages = 5,
                                               .late_messages = 3,
                                               .unread_messages = 1}};
    assert_int_equal(attune_store_end(s, id, &info, 0, NULL, NULL), ATTUNE_OK);
}

/* ---- what is given comes back ------------------------------------------------------------------- */

/* NaN is one value here. */
static void assert_same(float a, float b)
{
    assert_true(isnan(a) ? isnan(b) : a == b);
}

static int compare(void *user, const attune_window *w)
{
    int *n = user;
    const attune_beside x = made_beside(++*n);
    const attune_window was = made_window_beside(*n, &x);
    assert_non_null(w->beside);
    assert_int_equal(w->used, was.used);
    assert_memory_equal(w->weight, was.weight, sizeof w->weight);
    assert_memory_equal(w->condition, was.condition, sizeof w->condition);
    assert_int_equal(w->beside->signals, 2);
    for (int i = 0; i < 2; i++) {
        const attune_signal *a = &w->beside->signal[i], *b = &x.signal[i];
        assert_same(a->mean, b->mean);
        assert_same(a->slope, b->slope);
        assert_same(a->deviation, b->deviation);
        assert_same(a->z, b->z);
        assert_same(a->coverage, b->coverage);
    }
    assert_int_equal(w->beside->messages, x.messages);
    assert_int_equal(w->beside->unread, x.unread);
    assert_memory_equal(w->beside->chat_emotion7, x.chat_emotion7, sizeof x.chat_emotion7);
    assert_memory_equal(w->beside->chat_state4, x.chat_state4, sizeof x.chat_state4);
    return 0;
}

static void windows_come_back(void **state)
{
    attune_store *s = open_store();
    const int64_t id = begin_beside(s, &both);
    int n = 0;
    (void)state;
    add_beside(s, id, 20);
    attune_store_free(&s);
    s = open_store();
    assert_int_equal(attune_store_windows(s, id, compare, &n, NULL), ATTUNE_OK);
    assert_int_equal(n, 20);
    attune_store_free(&s);
}

static void records_name_the_lanes(void **state)
{
    attune_store *s = open_store();
    const int64_t id = begin_beside(s, &both), plain = begin_session(s, NULL);
    attune_record r;
    (void)state;
    end_beside(s, id);
    assert_int_equal(attune_store_record(s, id, &r, NULL), ATTUNE_OK);
    assert_int_equal(r.signals, 2);
    assert_string_equal(r.signal[0], "heart_rate");
    assert_string_equal(r.signal[1], "clicks");
    assert_int_equal(r.events, 2);
    assert_int_equal(r.chat, 1);
    assert_int_equal(r.counts.signal_rows, 40);
    assert_int_equal(r.counts.late_signal_rows, 2);
    assert_int_equal(r.counts.messages, 5);
    assert_int_equal(r.counts.late_messages, 3);
    assert_int_equal(r.counts.unread_messages, 1);
    assert_int_equal(attune_store_record(s, plain, &r, NULL), ATTUNE_OK);
    assert_true(!r.signals && !r.chat);
    attune_store_free(&s);
}

/* Windows of 3 s every half second, a message in each of the first eight. */
static void add_messages(attune_store *s, int64_t id)
{
    attune_beside x = made_beside(1);
    for (int n = 1; n <= 16; n++) {
        attune_window w = made_window(n, ATTUNE_SAD, 1);
        w.start_us = n * (int64_t)MADE_HOP_US - 3000000;
        w.start_us = w.start_us < 0 ? 0 : w.start_us;
        x.messages = n <= 8;
        x.unread = n <= 1;
        w.beside = &x;
        assert_int_equal(attune_store_window(s, id, &w, NULL), ATTUNE_OK);
    }
}

/* Its program was killed, or knew nothing at its end. */
static void messages_that_no_end_counted_are_counted(void **state)
{
    attune_store *s = open_store();
    const int64_t left = begin_beside(s, &both), id = begin_beside(s, &both);
    attune_record r;
    (void)state;
    add_messages(s, left);
    add_messages(s, id);
    assert_int_equal(attune_store_end(s, left, NULL, 1, NULL, NULL), ATTUNE_OK);
    for (int64_t k = left; k <= id; k++) {
        assert_int_equal(attune_store_record(s, k, &r, NULL), ATTUNE_OK);
        assert_int_equal(r.counts.messages, 2); /* of 0 to 0.5 s, 0.5 to 3.5 s and 3.5 to 6.5 s */
        assert_int_equal(r.counts.unread_messages, 1);
        assert_true(r.has_video && r.has_audio);
    }
    end_beside(s, id);
    assert_int_equal(attune_store_record(s, id, &r, NULL), ATTUNE_OK);
    assert_int_equal(r.counts.messages, 5);
    attune_store_free(&s);
}

/* A chat alone, and a signal alone. */
static void one_without_the_other(void **state)
{
    const attune_beside_setup chat = {.chat = 1}, signal = {.signals = columns};
    const attune_beside said[] = {{.messages = 2}, {.signals = 2, .messages = -1}};
    attune_store *s = open_store();
    const int64_t id[] = {begin_beside(s, &chat), begin_beside(s, &signal)};
    (void)state;
    for (int i = 0; i < 2; i++) {
        at_got got = {.n = 0};
        attune_window w = made_window(1, ATTUNE_SAD, 1);
        w.beside = &said[i];
        assert_int_equal(attune_store_window(s, id[i], &w, NULL), ATTUNE_OK);
        assert_int_equal(attune_store_windows(s, id[i], take_window, &got, NULL), ATTUNE_OK);
        assert_int_equal(got.n, 1);
        w.beside = &said[1 - i];
        assert_int_equal(attune_store_window(s, id[i], &w, NULL), ATTUNE_E_ARG);
    }
    assert_int_equal(sql_number("SELECT count(*) FROM windows"),
                     2); /* all of a window, or nothing */
    assert_int_equal(sql_number("SELECT count(*) FROM signals"), 2);
    attune_store_free(&s);
}

/* ---- texts --------------------------------------------------------------------------------------- */

static json_t *session_json(attune_store *s, int64_t id)
{
    char *text;
    json_t *root;
    assert_int_equal(attune_store_session_json(s, id, &text, NULL), ATTUNE_OK);
    root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(root);
    free(text);
    return root;
}

static json_t *at(json_t *root, const char *a, const char *b, const char *c)
{
    return json_object_get(json_object_get(json_object_get(root, a), b), c);
}

static void texts_tell_of_it(void **state)
{
    attune_store *s = open_store();
    const int64_t id = begin_beside(s, &both), plain = begin_session(s, NULL);
    const attune_beside last = made_beside(8);
    attune_window voice = made_window_beside(8, &last);
    json_t *root, *heart;
    (void)state;
    add_beside(s, id, 8);
    voice.track = 0; /* of the same moment */
    assert_int_equal(attune_store_window(s, id, &voice, NULL), ATTUNE_OK);
    end_beside(s, id);
    root = session_json(s, id);
    assert_true(json_is_true(at(root, "session", "beside", "chat")));
    heart = json_object_get(at(root, "figures", "beside", "signals"), "heart_rate");
    /* of 70 + n / 64 */
    assert_float_equal(json_number_value(json_object_get(heart, "mean")), 70 + 4.5 / 64, 1e-5);
    assert_float_equal(json_number_value(json_object_get(heart, "deviation")), sqrt(6) / 64, 1e-5);
    assert_int_equal(
        json_integer_value(json_object_get(at(root, "figures", "beside", "chat"), "messages")), 5);
    assert_float_equal(
        json_number_value(json_object_get(at(root, "figures", "beside", "rests"), "signal")), 1, 0);
    assert_float_equal(
        json_number_value(json_object_get(at(root, "figures", "beside", "rests"), "chat")), 0, 0);
    assert_float_equal(
        json_number_value(json_array_get(at(root, "timeline", "signals", "heart_rate"), 7)),
        70 + 8.0 / 64, 1e-4);
    assert_int_equal(json_array_size(at(root, "timeline", "chat", "messages")), 8);
    json_decref(root);
    root = session_json(s, plain);
    assert_null(at(root, "session", "beside", "chat"));
    assert_null(json_object_get(json_object_get(root, "figures"), "beside"));
    assert_null(json_object_get(json_object_get(root, "timeline"), "signals"));
    assert_null(json_object_get(json_object_get(root, "timeline"), "chat"));
    json_decref(root);
    attune_store_free(&s);
}

/* ---- what is not taken ---------------------------------------------------------------------------- */

static void wrong_calls_are_refused(void **state)
{
    static const char *const bad[] = {"heart rate", NULL}, *const same[] = {"a", "b", "a", NULL};
    const attune_beside_setup named = {.signals = bad}, twice = {.signals = same};
    attune_keep k = terms(&both);
    attune_store *s = open_store();
    attune_error err;
    attune_beside x = made_beside(1);
    attune_window w = made_window_beside(1, &x);
    int64_t id;
    (void)state;
    k.consent = "1"; /* which does not speak of it */
    assert_int_equal(attune_store_begin(s, &id, &k, &err), ATTUNE_E_ARG);
    assert_non_null(strstr(err.text, "does not speak of a signal"));
    k = terms(&named);
    assert_int_equal(attune_store_begin(s, &id, &k, &err), ATTUNE_E_ARG);
    k = terms(&twice);
    assert_int_equal(attune_store_begin(s, &id, &k, &err), ATTUNE_E_ARG);
    assert_int_equal(sql_number("SELECT count(*) FROM sessions"), 0);
    id = begin_session(s, NULL);
    assert_int_equal(attune_store_window(s, id, &w, &err), ATTUNE_E_ARG); /* it has no lanes */
    w.beside = NULL; /* an estimate that rests on what was not recorded */
    assert_int_equal(attune_store_window(s, id, &w, &err), ATTUNE_E_ARG);
    id = begin_beside(s, &both);
    w.beside = &x;
    x.chat_emotion7[3] = 2;
    assert_int_equal(attune_store_window(s, id, &w, &err), ATTUNE_E_ARG);
    x = made_beside(1);
    x.signal[1].mean = INFINITY;
    assert_int_equal(attune_store_window(s, id, &w, &err), ATTUNE_E_ARG);
    x = made_beside(1);
    x.messages = -1; /* but there is a chat */
    assert_int_equal(attune_store_window(s, id, &w, &err), ATTUNE_E_ARG);
    assert_int_equal(sql_number("SELECT count(*) FROM windows"), 0);
    attune_store_free(&s);
}

static void what_no_attune_wrote_is_refused(void **state)
{
    static const char *const of_windows[] = {
        "UPDATE signals SET mean = 9e999 WHERE window = 2",
        "UPDATE signals SET coverage = NULL WHERE window = 2",
        "UPDATE signals SET place = 5 WHERE window = 2 AND place = 1",
        "DELETE FROM signals WHERE window = 2 AND place = 1",
        "INSERT INTO signals VALUES (2, 2, 1, 1, 1, 1, 1)",
        "UPDATE beside_windows SET chat_messages = NULL WHERE window = 2",
        "UPDATE beside_windows SET chat_unread = -7 WHERE window = 2",
        "UPDATE beside_windows SET chat_sad = 1.5 WHERE window = 2",
        "UPDATE beside_windows SET weight_signal = NULL WHERE window = 2",
        "DELETE FROM beside_windows WHERE window = 2", /* it rests on the signal */
        "UPDATE beside SET kind = 'value', name = 'x' WHERE kind = 'chat'",
    };
    static const char *const of_records[] = {
        "UPDATE beside SET name = 'a,b' WHERE place = 0",
        "UPDATE beside SET name = 'clicks' WHERE place = 0",
        "UPDATE beside SET kind = 'else' WHERE place = 1",
        "UPDATE beside SET place = 7 WHERE place = 1",
        "UPDATE beside SET kind = 'chat' WHERE place = 0",
        "UPDATE beside SET came = -1",
    };
    const size_t windows = sizeof of_windows / sizeof *of_windows,
                 records = sizeof of_records / sizeof *of_records;
    unsigned char *whole;
    attune_store *s = open_store();
    const int64_t id = begin_beside(s, &both);
    size_t size;
    (void)state;
    add_beside(s, id, 3);
    end_beside(s, id);
    attune_store_free(&s);
    size = read_store(&whole);
    for (size_t i = 0; i < windows + records; i++) {
        const char *const change = i < windows ? of_windows[i] : of_records[i - windows];
        at_got got = {.n = 0};
        attune_record r;
        attune_error err;
        write_store(whole, size);
        sql_run(change);
        s = open_store();
        if (attune_store_windows(s, id, take_window, &got, &err) != ATTUNE_E_FORMAT ||
            !strstr(err.text, "what no attune wrote") || got.n != (i < windows && i < 10))
            fail_msg("%s", change);
        assert_int_equal(attune_store_record(s, id, &r, &err) == ATTUNE_OK, i < windows);
        attune_store_free(&s);
    }
    free(whole);
}

/* ---- what is sent ------------------------------------------------------------------------------- */

/* Nothing of it, nor estimates that rest on it. */
static void nothing_of_it_is_sent(void **state)
{
    const attune_xapi_consent c = {.store = "https://lrs.example/xapi",
                                   .what = ATTUNE_XAPI_ALL,
                                   .text = ATTUNE_XAPI_TEXT_VERSION,
                                   .until_s = 4000000000};
    const unsigned rests_on[] = {0, 1u << ATTUNE_SIGNAL, 1u << ATTUNE_CHAT};
    const attune_beside x = made_beside(1);
    attune_store *s = open_store();
    attune_error err;
    int64_t id[3], agreed;
    char *text = NULL;
    (void)state;
    for (int i = 0; i < 3; i++) {
        attune_window w = made_window_beside(1, &x);
        w.used = 3 | rests_on[i];
        id[i] = begin_beside(s, &both);
        assert_int_equal(attune_store_window(s, id[i], &w, NULL), ATTUNE_OK);
        end_beside(s, id[i]);
    }
    if (attune_xapi_agree(s, &c, &agreed, &err) == ATTUNE_E_UNSUPPORTED) {
        attune_store_free(&s);
        skip();
    }
    assert_int_equal(attune_xapi_statement(s, agreed, id[0], &text, NULL), ATTUNE_OK);
    assert_null(strstr(text, "heart"));
    assert_null(strstr(text, "beside"));
    assert_null(strstr(text, "messages"));
    assert_null(strstr(text, "70.01")); /* of the heart rate */
    free(text);
    for (int i = 1; i < 3; i++) {
        assert_int_equal(attune_xapi_queue(s, agreed, id[i], &err), ATTUNE_E_STATE);
        assert_non_null(strstr(err.text, "rest on a signal or a chat"));
    }
    attune_store_free(&s);
}

/* ---- the file ------------------------------------------------------------------------------------- */

static void deleting_takes_it_along(void **state)
{
    attune_store *s = open_store();
    const int64_t id = begin_beside(s, &both), other = begin_beside(s, &both);
    (void)state;
    add_beside(s, id, 5);
    add_beside(s, other, 2);
    assert_int_equal(attune_store_delete(s, id, NULL), ATTUNE_OK);
    assert_int_equal(sql_number("SELECT count(*) FROM beside"), 3);
    assert_int_equal(sql_number("SELECT count(*) FROM beside_windows"), 2);
    assert_int_equal(sql_number("SELECT count(*) FROM signals"), 4);
    attune_store_free(&s);
    assert_true(store_is_whole());
}

/* A file of version 3, as it was. */
static void version_3_is_brought_up(void **state)
{
    attune_store *s = open_store();
    at_got got = {.n = 0};
    const int64_t id = begin_session(s, "ada");
    (void)state;
    add_windows(s, id, 12);
    attune_store_free(&s);
    sql_run("DROP TABLE signals; DROP TABLE beside_windows; DROP TABLE beside; "
            "PRAGMA user_version = 3");
    s = open_store();
    assert_int_equal(attune_store_windows(s, id, take_window, &got, NULL), ATTUNE_OK);
    assert_int_equal(got.n, 12);
    add_beside(s, begin_beside(s, &both), 2);
    attune_store_free(&s);
    assert_int_equal(sql_number("PRAGMA user_version"), AT_STORE_VERSION);
    assert_true(store_is_whole());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(windows_come_back, fresh_store),
        cmocka_unit_test_setup(records_name_the_lanes, fresh_store),
        cmocka_unit_test_setup(messages_that_no_end_counted_are_counted, fresh_store),
        cmocka_unit_test_setup(one_without_the_other, fresh_store),
        cmocka_unit_test_setup(texts_tell_of_it, fresh_store),
        cmocka_unit_test_setup(wrong_calls_are_refused, fresh_store),
        cmocka_unit_test_setup(what_no_attune_wrote_is_refused, fresh_store),
        cmocka_unit_test_setup(nothing_of_it_is_sent, fresh_store),
        cmocka_unit_test_setup(deleting_takes_it_along, fresh_store),
        cmocka_unit_test_setup(version_3_is_brought_up, fresh_store),
    };
    return cmocka_run_group_tests(tests, make_store_folder, remove_folder);
}
