/* What a fusion learns of a chat is what a session's windows have of it. */
#include "text/chat.h"
#include "train/evidence_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const attune_train_options usual;
static const at_job job = {.options = &usual};

enum { MESSAGES = AT_TEXT_TOKENS + 5 };

static const char *message(int i)
{
    static const char *const said[] = {"I am so bored", "why?", "this is great!",
                                       "ich verstehe nichts", "NO"};

    return said[i % (int)(sizeof said / sizeof *said)];
}

static void write_chat(const char *path)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    fprintf(f, "time,text\n");
    for (int i = 0; i < MESSAGES; i++)
        fprintf(f, "%d,%s\n", i, message(i));
    assert_int_equal(fclose(f), 0);
}

static void the_latest_messages_are_heard(void **state)
{
    char path[] = "evidence_beside.csv";
    at_sample sample = {.chat = path, .expression = 1};
    const at_corpus c = {.head = AT_HEAD_EMOTION7, .list = &sample, .count = 1};
    at_evidence_set set;

    (void)state;
    write_chat(path);
    assert_int_equal(at_chat_evidence_set(&set, &job, &(at_beside_settings){0}, &c, NULL),
                     ATTUNE_OK);
    remove(path);
    const at_evidence *e = at_evidence_of(&set, 0, 0);
    double mean[AT_TEXT_DIMS] = {0};
    assert_int_equal(e->present, 1);
    assert_int_equal(e->tokens.n, AT_TEXT_TOKENS);
    for (int i = 0; i < MESSAGES; i++) {
        const int at = i - (MESSAGES - AT_TEXT_TOKENS);
        at_text_answer answer;
        float x[AT_TEXT_DIMS];
        at_text_read(&answer, message(i), strlen(message(i)));
        at_text_embed(&answer, x);
        for (int d = 0; d < AT_TEXT_DIMS; d++)
            mean[d] += (double)x[d] / MESSAGES;
        if (at < 0)
            continue;
        assert_memory_equal(e->tokens.x + (size_t)at * AT_TEXT_DIMS, x, sizeof x);
        assert_int_equal(e->tokens.t_us[at], i * 1000000);
    }
    for (int d = 0; d < AT_TEXT_DIMS; d++)
        assert_float_equal(e->embedding[d], mean[d], 1e-6);
    at_evidence_set_free(&set);
}

/* Dates of which no row says whether the day comes first. */
static void a_recipe_says_what_times_are(void **state)
{
    char path[] = "evidence_beside_dates.csv";
    at_sample sample = {.signal = path, .chat = path, .expression = 1};
    const at_corpus c = {.head = AT_HEAD_EMOTION7, .list = &sample, .count = 1};
    at_fusion_settings s = {.signals.columns = "hr", .versions = 1};
    at_signal_scale scale;
    at_evidence_set set;
    attune_error err;
    FILE *f = fopen(path, "w");

    (void)state;
    assert_non_null(f);
    fprintf(f, "time,hr,text\n5/4/2026 0:00:00,60,a\n6/4/2026 0:00:00,90,b\n");
    assert_int_equal(fclose(f), 0);
    assert_int_equal(at_signal_names(&scale, "hr", NULL, "it", NULL), ATTUNE_OK);
    assert_int_equal(at_signal_evidence_set(&set, &job, &s, &scale, 1, &c, &err), ATTUNE_E_FORMAT);
    at_evidence_set_free(&set);
    assert_int_equal(at_chat_evidence_set(&set, &job, &s.chats, &c, &err), ATTUNE_E_FORMAT);
    at_evidence_set_free(&set);
    s.signals.log_time = "dmy"; /* a day */
    s.chats.log_time = "mdy";   /* a month of 31 */
    assert_int_equal(at_signal_evidence_set(&set, &job, &s, &scale, 1, &c, &err), ATTUNE_OK);
    at_evidence_set_free(&set);
    assert_int_equal(at_chat_evidence_set(&set, &job, &s.chats, &c, &err), ATTUNE_OK);
    assert_float_equal((double)at_evidence_of(&set, 0, 0)->tokens.t_us[1] / 1e6, 31 * 86400, 1);
    at_evidence_set_free(&set);
    remove(path);
}

/* The other is learned from, as where a sensor fell off. */
static void a_column_without_a_value_is_not_known(void **state)
{
    char path[] = "evidence_beside_empty.csv";
    at_sample sample = {.signal = path, .expression = 1};
    const at_corpus c = {.head = AT_HEAD_EMOTION7, .list = &sample, .count = 1};
    at_fusion_settings s = {.signals.columns = "eda,hr", .versions = 1};
    at_signal_scale scale;
    at_evidence_set set;
    FILE *f = fopen(path, "w");

    (void)state;
    assert_non_null(f);
    fprintf(f, "time,hr,eda\n");
    for (int i = 0; i < 10; i++)
        fprintf(f, "%d,%d,\n", i, 60 + i);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(at_signal_names(&scale, "eda,hr", NULL, "it", NULL), ATTUNE_OK);
    assert_int_equal(at_signal_evidence_set(&set, &job, &s, &scale, 1, &c, NULL), ATTUNE_OK);
    remove(path);
    const at_evidence *e = at_evidence_of(&set, 0, 0);
    assert_int_equal(e->present, 1);
    assert_float_equal((double)e->share, 0.5, 1e-6);
    for (int part = 0; part < 5; part++)
        assert_float_equal((double)e->embedding[part * ATTUNE_MAX_SIGNALS], 0, 0);
    assert_true(e->embedding[ATTUNE_MAX_SIGNALS + 1] > 0); /* hr's slope */
    at_evidence_set_free(&set);
}

static int at_once(void *asked)
{
    return ++*(int *)asked > 1;
}

/* Asked before each log: most are too short to be asked of while they are read. */
static void who_stops_waits_for_no_more_logs(void **state)
{
    char path[] = "evidence_beside_stop.csv", none[] = "none.csv";
    at_sample sample[] = {{.chat = path, .expression = 1}, {.chat = none, .expression = 1}};
    const at_corpus c = {.head = AT_HEAD_EMOTION7, .list = sample, .count = 2};
    int asked = 0;
    const attune_train_options o = {.stop = at_once, .user = &asked};
    at_evidence_set set;

    (void)state;
    write_chat(path);
    assert_int_equal(
        at_chat_evidence_set(&set, &(at_job){.options = &o}, &(at_beside_settings){0}, &c, NULL),
        ATTUNE_E_INTERRUPTED);
    at_evidence_set_free(&set);
    assert_int_equal(asked, 2);
    remove(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_latest_messages_are_heard),
        cmocka_unit_test(a_recipe_says_what_times_are),
        cmocka_unit_test(a_column_without_a_value_is_not_known),
        cmocka_unit_test(who_stops_waits_for_no_more_logs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
