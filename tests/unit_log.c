/* Logs of signals and chats: which times and rows they may have, what is taken of them, and what is wrong in words. */
#include "signal/log_time.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define S      INT64_C(1000000)
#define NO     INT64_MIN                 /* it is no such time */
#define IN2026 (INT64_C(1777889700) * S) /* 2026-05-04T10:15:00Z, by `date -d` */

static char path[] = "/tmp/attune-log-XXXXXX";

static int make_file(void **state)
{
    const int fd = mkstemp(path);

    (void)state;
    return fd < 0 || close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

/* ---- times -------------------------------------------------------------------------------------- */

static void times_are_numbers_clocks_or_dates(void **state)
{
    static const struct {
        attune_log_time kind;
        const char *text;
        int64_t us;
    } list[] = {
        {ATTUNE_TIME_S, "1.5", 3 * S / 2},
        {ATTUNE_TIME_S, "-2", -2 * S},
        {ATTUNE_TIME_S, "1e3", 1000 * S},
        {ATTUNE_TIME_S, "9e9", 9000000000 * S},
        {ATTUNE_TIME_S, "9.1e9", NO},
        {ATTUNE_TIME_S, "0x10", NO},
        {ATTUNE_TIME_S, "inf", NO},
        {ATTUNE_TIME_S, "1 s", NO},
        {ATTUNE_TIME_S, "", NO},
        {ATTUNE_TIME_S, "2:03", 123 * S},
        {ATTUNE_TIME_S, "1:02:03.5", 7447 * S / 2},
        {ATTUNE_TIME_S, "0:59.9", 59900000},
        {ATTUNE_TIME_S, "0:60", NO},
        {ATTUNE_TIME_S, "1.5:00", NO},
        {ATTUNE_TIME_S, "1:", NO},
        {ATTUNE_TIME_S, "75:30", 4530 * S},
        {ATTUNE_TIME_S, "0:99:02", NO},
        {ATTUNE_TIME_S, "00:00:00:12", NO}, /* the last would be pictures */
        {ATTUNE_TIME_S, "-1:00", NO},
        {ATTUNE_TIME_MS, "250", S / 4},
        {ATTUNE_TIME_MS, "0:01", NO},
        {ATTUNE_TIME_US, "1.6", 2},
        {ATTUNE_TIME_US, "9e15", 9000000000 * S},
        {ATTUNE_TIME_US, "-9.1e15", NO},
        {ATTUNE_TIME_DATE, "1970-01-01T00:00", 0},
        {ATTUNE_TIME_DATE, "2026-05-04T10:15:00Z", IN2026},
        {ATTUNE_TIME_DATE, "2026-05-04 12:15:00+02:00", IN2026},
        {ATTUNE_TIME_DATE, "2026-05-04 12:15+0200", IN2026},
        {ATTUNE_TIME_DATE, "2026-05-04 05:15:00.25-05", IN2026 + S / 4},
        {ATTUNE_TIME_DATE, "2026-05-04 10:15:00,1234567", IN2026 + 123456},
        {ATTUNE_TIME_DATE, "1969-12-31T23:59:59Z", -S},
        {ATTUNE_TIME_DATE, "2024-02-29T00:00", 19782 * 86400 * S},
        {ATTUNE_TIME_DATE, "2000-02-29T00:00", 11016 * 86400 * S},
        {ATTUNE_TIME_DATE, "1900-02-29T00:00", NO},
        {ATTUNE_TIME_DATE, "2023-02-29T00:00", NO},
        {ATTUNE_TIME_DATE, "2026-04-31T00:00", NO},
        {ATTUNE_TIME_DATE, "2026-13-01T00:00", NO},
        {ATTUNE_TIME_DATE, "2026-05-04", NO},
        {ATTUNE_TIME_DATE, "2026-05-04T24:00", NO},
        {ATTUNE_TIME_DATE, "2026-05-04T10:60", NO},
        {ATTUNE_TIME_DATE, "2026-05-04T10:15:61", NO},
        {ATTUNE_TIME_DATE, "2026-05-04T10:15+15", NO},
        {ATTUNE_TIME_DATE, "2026-05-04T10:15+02:60", NO},
        {ATTUNE_TIME_DATE, "2026-05-04T10:15Z.", NO},
        {ATTUNE_TIME_DATE, "26-5-4T10:15", NO},
        {ATTUNE_TIME_DATE, "2026-05-04 10:15:00 AM", IN2026},
        {ATTUNE_TIME_DATE,
         "2026-05-04, 10:15:00\xe2\x80\xaf"
         "AM",
         IN2026},
        {ATTUNE_TIME_DATE, "2026-05-04 12:15 p.m. +02:00", IN2026},
        {ATTUNE_TIME_DATE, "2026-05-04 13:15 PM", NO},
        {ATTUNE_TIME_S, "10:15:30 AM", 36930000000},
        {ATTUNE_TIME_S, "12:15:30.5 a.m.", 930500000},
        {ATTUNE_TIME_S, "1:15 PM", 47700000000},
        {ATTUNE_TIME_S, "1:15 p. m.", 47700000000},
        {ATTUNE_TIME_S, "1:15\xe2\x80\xafp.\xc2\xa0m.", 47700000000},
        {ATTUNE_TIME_S, "1:15 p m", NO},
        {ATTUNE_TIME_S, "13:15:30 PM", NO},
        {ATTUNE_TIME_S, "0:15:30 AM", NO},
        {ATTUNE_TIME_S, "10:15:30 Mon", NO},
        {ATTUNE_TIME_DATE, "2026-05-04 0:15 AM", NO},
        {ATTUNE_TIME_DATE, "2026-05-04 10:15 A", NO},
        {ATTUNE_TIME_DATE, "4.5.26 10:15", IN2026},
        {ATTUNE_TIME_DATE, "4.5.026 10:15", NO},
        {ATTUNE_TIME_DATE, "", NO},
        {ATTUNE_TIME_DMY, "4", NO},
        {ATTUNE_TIME_DMY, "4.5", NO},
        {ATTUNE_TIME_DATE, "2026-05", NO},
        {ATTUNE_TIME_DATE, "4/5/2026 10:15", NO},
        {ATTUNE_TIME_DMY, "4/5/2026 10:15", IN2026},
        {ATTUNE_TIME_DMY, "4-5-26 10:15", IN2026},
        {ATTUNE_TIME_MDY, "5/4/2026 10:15", IN2026},
        {ATTUNE_TIME_MDY, "4.5.2026 10:15", IN2026},
        {ATTUNE_TIME_MDY, "5/4-2026 10:15", NO},
        {ATTUNE_TIME_MDY, "13/4/2026 10:15", NO},
        {ATTUNE_TIME_DATE, "0001-01-01T00:00", NO}, /* more than 285 years before 1970 */
    };

    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        int64_t us = NO;
        const int is = at_log_time_read(list[i].kind, list[i].text, &us);
        if (is != (list[i].us != NO) || (is && us != list[i].us))
            fail_msg("'%s' is %lld", list[i].text, (long long)us);
    }
}

/* ---- rows --------------------------------------------------------------------------------------- */

typedef struct taken {
    int rows;
    int64_t t_us[64];
    float value[64][ATTUNE_MAX_SIGNALS];
    char text[64][64];
} taken;

static int put(const char *text, size_t n)
{
    FILE *f = fopen(path, "wb");

    return f && fwrite(text, 1, n, f) == n && fclose(f) == 0;
}

static attune_log *opened(const char *text, const attune_log_options *o)
{
    attune_log *l;
    attune_error err = {0};

    assert_true(put(text, strlen(text)));
    if (attune_log_open(&l, path, o, &err) < 0)
        fail_msg("%s", err.text);
    return l;
}

static taken read_all(const char *text, const attune_log_options *o)
{
    attune_log *l = opened(text, o);
    taken x = {0};
    const char *message;
    int64_t end_us;
    size_t n;

    while (attune_log_next(l, &x.t_us[x.rows], x.value[x.rows], &message, &n, NULL) == 1) {
        snprintf(x.text[x.rows], sizeof x.text[0], "%.*s", (int)n, message);
        assert_true(++x.rows < 64);
    }
    assert_int_equal(attune_log_rows(l, &end_us), x.rows);
    assert_int_equal(end_us, x.rows ? x.t_us[x.rows - 1] : 0);
    attune_log_free(&l);
    assert_null(l);
    return x;
}

static void what_is_wrong_names_the_line(void **state)
{
    static const attune_log_options usual = {0}, chat = {.chat = 1},
                                    of_ann = {.chat = 1, .from = "ann"}, hr = {.columns = "hr"},
                                    none = {.columns = ""}, clicks = {.events = "clicks"},
                                    far = {.offset_s = 1.1e8}, nowhere = {.offset_s = NAN},
                                    now = {.zero = "now"};
    static const struct {
        const char *text;
        const attune_log_options *o;
        const char *why;
    } list[] = {
        {"", &usual, ": is empty: a header is missing"},
        {"\n\n", &usual, ": is empty"},
        {"time\n1\n", &usual, ":1: no column beside the time"},
        {"time,1,2,3,4,5,6,7,8,9\n", &usual, ":1: more than 8 columns beside the time"},
        {"time,gsr\n", &hr, ":1: there is no column 'hr'"},
        {"time,hr,x\n0,,\n1,NaN,-\n", &usual, ": no row has a value in hr, x"},
        {"time,hr,x\n0,,1\n", &hr, ": no row has a value in hr"},
        {"time,hr\n", &clicks, ":1: there is no column 'clicks'"},
        {"time,hr\n1,2\n0.5,3\n", &usual, ":3: its time '0.5' is before that of the row before it"},
        {"time,hr\n,2\n", &usual, ":2: its time is missing"},
        {"time,hr\n\nx,2\n", &usual, ":3: its time 'x' is not seconds, h:mm:ss, or a date"},
        {"time_ms,hr\n0:1,2\n", &usual, ":2: its time '0:1' is not milliseconds"},
        {"Time (min),hr\n0:1,2\n", &usual, ":1: its times are called 'Time (min)': of units"},
        {"minutes,hr\n0,2\n", &usual, ":1: its times are called 'minutes': of units"},
        {"hr,time_ns\n0,2\n", &usual, ":1: its times are called 'time_ns': of units"},
        {"time,hr\n", &none, ":1: there is no column ''"},
        {"time,hr\n2026-05-04T10:15,2\n7,2\n", &usual, ":3: its time '7' is not a date"},
        {"time,hr\n0,1x\n", &usual, ":2: hr is '1x', no number"},
        {"time;hr\n0;1,5,2\n", &usual, ":2: hr is '1,5,2', no number"},
        {"time,hr\n0,1.1e30\n", &usual, ":2: hr is '1.1e30', no number"},
        {"time,hr\n0,0x10\n", &usual, ":2: hr is '0x10', no number"},
        {"time,hr\n0,2e30\n", &usual, ":2: hr is '2e30', no number"},
        {"time,hr\n0,inf\n", &usual, ":2: hr is 'inf', no number"},
        {"time,hr\n0,1,2\n", &usual, ":2: 3 fields, where the header has 2"},
        {"time,hr\n0,\"1\n2,3\n", &usual, ":2: a quote is opened and never closed"},
        {"\xff\xfet", &usual, ":1: this is UTF-16"},
        {"time,note\n", &chat, ":1: no column 'text', 'message' or 'content'"},
        {"text\n", &chat,
         ":1: no column 'text', 'message' or 'content'"}, /* the time's, for want of another */
        {"time,text\n", &of_ann, ":1: no column 'from', 'sender', 'author', 'name' or 'user'"},
        {"time,hr\n0,1\n", &far, ": an offset of 1.1e+08 s is too far"},
        {"time,hr\n0,1\n", &nowhere, ": an offset of nan s is too far"},
        {"time,hr\n0,1\n", &now, ": the zero 'now' is not a date"},
        {"date,hr\n5/5/2026 1:00,1\n5/4/2026 2:00,2\n", &usual,
         ":3: its time '5/4/2026 2:00' may begin with the month or the day, and no row says which: "
         "--log-time mdy or dmy"},
        {"date,hr\n5/13/2026 1:00,1\n13/6/2026 2:00,2\n", &usual,
         ":3: its time '13/6/2026 2:00' is not a date as in 5/31/2026 10:15:30 AM"},
        {"date,hr\n13/5/2026 1:00,1\n6/13/2026 2:00,2\n", &usual,
         ":3: its time '6/13/2026 2:00' is not a date as in 31/5/2026 10:15:30"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        attune_log *l;
        attune_error err = {0};
        assert_true(put(list[i].text, strlen(list[i].text)));
        assert_true(attune_log_open(&l, path, list[i].o, &err) < 0);
        assert_null(l);
        if (strncmp(err.text, path, strlen(path)) || !strstr(err.text, list[i].why))
            fail_msg("%s: %s", list[i].why, err.text);
    }
}

static void what_is_no_text_of_lines_is_refused(void **state)
{
    static const attune_log_options usual = {0};
    enum { LONG = ATTUNE_MAX_MESSAGE + 9000 };
    char *text = malloc(LONG);
    attune_log *l;
    attune_error err;

    (void)state;
    assert_non_null(text);
    memset(text, 'a', LONG);
    memcpy(text, "time,hr\n0,", 10);
    assert_true(put(text, LONG));
    assert_int_equal(attune_log_open(&l, path, &usual, &err), ATTUNE_E_FORMAT);
    assert_non_null(strstr(err.text, ":2: it is longer than"));
    assert_true(put("time,hr\n0,\0001\n", 13));
    assert_int_equal(attune_log_open(&l, path, &usual, &err), ATTUNE_E_FORMAT);
    assert_non_null(strstr(err.text, ":2: it has a byte of 0"));
    assert_int_equal(attune_log_open(&l, "/tmp", &usual, &err), ATTUNE_E_IO);
    assert_non_null(strstr(err.text, "is a directory"));
    assert_int_equal(attune_log_open(&l, "/dev/null", &usual, &err), ATTUNE_E_ARG);
    assert_non_null(strstr(err.text, "can be read only once"));
    free(text);
}

/* ---- stopping ----------------------------------------------------------------------------------- */

typedef struct asked {
    int times, until;
} asked;

static int stops(void *user)
{
    asked *a = user;

    return ++a->times > a->until;
}

/* Four megabytes of one row again and again. */
static void put_long(const char *header, const char *row)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    fputs(header, f);
    for (size_t n = 0; n < 4 << 20; n += strlen(row))
        fputs(row, f);
    assert_int_equal(fclose(f), 0);
}

/* While it is first read, and later. */
static void who_reads_asks_whether_to_go_on(void **state)
{
    static const struct {
        int chat;
        const char *header, *row;
    } list[] = {
        {0, "time,hr\n", "0,70\n"},
        {0, "time,hr\n", ",\n"},
        {1, "time,text\n", "0,\"well\n\n\n, yes, no, well, yes, no, well\"\n"},
        {1, "", "[04.05.26, 10:15:30] Ann: Hello\n"},
        {1, "", "{\"t\": 1, \"text\": \"well\"}\n"},
        {1, "", "\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        asked a = {0, 2};
        const attune_log_options o = {.chat = list[i].chat, .stop = stops, .user = &a};
        attune_log *l;
        attune_error err = {0};
        put_long(list[i].header, list[i].row);
        assert_int_equal(attune_log_open(&l, path, &o, &err), ATTUNE_E_INTERRUPTED);
        assert_null(l);
        assert_non_null(strstr(err.text, ": interrupted"));
        assert_int_equal(a.times, 3);
    }
}

static void reading_again_is_left_as_soon(void **state)
{
    asked a = {0, 100};
    const attune_log_options o = {.offset_s = -10, .stop = stops, .user = &a};
    attune_log *l;
    int64_t t_us;
    int rc;

    (void)state;
    put_long("time,hr\n", "0,70\n");
    assert_int_equal(attune_log_open(&l, path, &o, NULL), ATTUNE_OK);
    assert_in_range(a.times, 3, 5);
    a = (asked){0, 2};
    while ((rc = attune_log_next(l, &t_us, NULL, NULL, NULL, NULL)) == 1)
        ;
    assert_int_equal(rc, ATTUNE_E_INTERRUPTED);
    assert_int_equal(a.times, 3);
    attune_log_free(&l);
}

static void rows_of_before_are_told_and_usual(void **state)
{
    attune_log *l = opened("time,hr,taps\n0,0,1\n10,2,1\n20,9,1\n",
                           &(attune_log_options){.offset_s = -20, .events = "taps"});
    const attune_signal_usual *usual = attune_log_usual(l);
    int64_t end_us;

    (void)state;
    assert_int_equal(attune_log_rows(l, &end_us), 3);
    assert_int_equal(end_us, 0);
    assert_true(usual[0].mean > 0.1f && usual[0].mean < 2); /* the value of 9 holds for no time */
    assert_float_equal(usual[1].mean, 3 / 20.0, 1e-6);
    attune_log_free(&l);
}

static void messages_have_a_length(void **state)
{
    static const attune_log_options chat = {.chat = 1};
    enum { HEAD = 12 };
    char *text = malloc(HEAD + ATTUNE_MAX_MESSAGE + 2);
    attune_log *l;
    attune_error err = {0};

    (void)state;
    assert_non_null(text);
    memset(text, 'a', HEAD + ATTUNE_MAX_MESSAGE + 2);
    memcpy(text, "time,text\n0,", HEAD);
    assert_true(put(text, HEAD + ATTUNE_MAX_MESSAGE));
    assert_int_equal(attune_log_open(&l, path, &chat, &err), ATTUNE_OK);
    attune_log_free(&l);
    assert_true(put(text, HEAD + ATTUNE_MAX_MESSAGE + 1));
    assert_int_equal(attune_log_open(&l, path, &chat, &err), ATTUNE_E_FORMAT);
    assert_non_null(strstr(err.text, ":2: its text is longer than 65536 bytes"));
    free(text);
}

static void values_stand_where_they_are(void **state)
{
    const taken x = read_all("hr;Time (ms);Skin conductance\r\n"
                             "60;-1;0\r\n\r\n ; ; \r\n"
                             "61;0;\r\n 62 ; 500 ;NaN\r\n-1e30;1000;\"7\"",
                             NULL);

    (void)state;
    assert_int_equal(x.rows, 4); /* the first is before the pictures */
    assert_int_equal(x.t_us[0], -S / 1000);
    assert_int_equal(x.t_us[3], S);
    assert_float_equal(x.value[1][0], 61, 0);
    assert_true(isnan(x.value[1][1]) && isnan(x.value[2][1]));
    assert_float_equal(x.value[2][0], 62, 0);
    assert_float_equal(x.value[3][0], -1e30f, 0);
    assert_float_equal(x.value[3][1], 7, 0);
}

static void columns_are_chosen_by_clean_names(void **state)
{
    attune_log *l =
        opened("t_s,Heart rate (bpm),\xe5\xbf\x83,<b>,a23456789012345678901234567890\n",
               &(attune_log_options){.columns = "heart rate bpm,b,column_3", .events = "B"});

    (void)state;
    assert_string_equal(attune_log_signals(l)[0], "Heart_rate_bpm");
    assert_string_equal(attune_log_signals(l)[1], "column_3");
    assert_string_equal(attune_log_signals(l)[2], "b");
    assert_null(attune_log_signals(l)[3]);
    assert_int_equal(attune_log_events(l), 1 << 2);
    attune_log_free(&l);
    l = opened("\xef\xbb\xbftime\ta23456789012345678901234567890\n", NULL);
    assert_string_equal(attune_log_signals(l)[0],
                        "a234567890123456789012"); /* as long as one may be */
    attune_log_free(&l);
}

/* The header's own words come before what they come to be called. */
static void columns_are_chosen_by_the_headers_words(void **state)
{
    static const struct {
        const char *header, *columns;
        int is; /* the file's, behind the time */
    } list[] = {
        {"left_wrist_skin_conductance_mean,left_wrist_skin_conductance_sd",
         "left_wrist_skin_conductance_sd", 1},
        {"HR (bpm),HR [bpm]", " HR [bpm] ", 1},
        {"HR,hr", "hr", 1},
        {"HR,hr", "HR", 0},
        {"HR,hr", "hr_2", 1},
        {"a,\xe4\xbd\x93\xe6\xb8\xa9", "\xe4\xbd\x93\xe6\xb8\xa9", 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        char text[128];
        snprintf(text, sizeof text, "time,%s\n0,0,1\n", list[i].header);
        const attune_log_options o = {.columns = list[i].columns, .events = list[i].columns};
        const taken x = read_all(text, &o);
        assert_int_equal(x.rows, 1);
        assert_float_equal(x.value[0][0], list[i].is, 0);
    }
}

/* By their names' order, not the columns'. */
static void the_time_is_what_is_called_so_most(void **state)
{
    static const char *const list[] = {
        "date,timestamp,hr\n2026-05-04,1777889730,70\n2026-05-04,1777889732,70\n",
        "T,time,hr\n36.5,0,70\n36.4,2,70\n",
        "date,time_s,hr\n2026-05-04,0,70\n2026-05-04,2,70\n",
        "elapsed-ms,hr\n0,70\n2000,70\n",
        "Time.msec,hr\n0,70\n2000,70\n",
        "hr,Datum,time\n70,2026-05-04,0\n70,2026-05-04,2\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        assert_int_equal(read_all(list[i], NULL).t_us[1], 2 * S);
}

static void letters_stay_letters(void **state)
{
    static const char *const names[] = {"EDA_uS", "Temp_degC", "Herzfrequenz_deg", "Groesse",
                                        "resume", "Puls",      "VO2_ml",           "L2"};
    attune_log *l =
        opened("time,EDA (\xc2\xb5S),Temp [\xc2\xb0"
               "C],Herzfrequenz (\xc2\xb0),Gr\xc3\xb6\xc3\x9f"
               "e,re\xcc\x81sum\xc3\xa9,\xd0\x9f\xd1\x83\xd0\xbb\xd1\x8c\xd1\x81,VO\xe2\x82\x82 ml,"
               "\xce\x9b\xc2\xb2\n",
               NULL);

    (void)state;
    for (int i = 0; i < ATTUNE_MAX_SIGNALS; i++)
        assert_string_equal(attune_log_signals(l)[i], names[i]);
    attune_log_free(&l);
    l = opened("time,EDA \xb5S\n", NULL); /* Latin-1 */
    assert_string_equal(attune_log_signals(l)[0], "EDA_uS");
    attune_log_free(&l);
}

static void columns_of_one_name_are_told_apart(void **state)
{
    static const char *const names[] = {
        "uS", "uS_2", "US_3", "Heart_rate_variability", "Heart_rate_variabili_2", "uS_2_2"};
    attune_log *l =
        opened("time,\xc2\xb5S,uS,US,Heart rate variability (a),Heart rate variability (b),uS "
               "2\n0,1,2,3,4,5,6\n",
               NULL);
    float value[ATTUNE_MAX_SIGNALS];
    int64_t t_us;

    (void)state;
    for (int i = 0; i < 6; i++)
        assert_string_equal(attune_log_signals(l)[i], names[i]);
    assert_int_equal(attune_log_next(l, &t_us, value, NULL, NULL, NULL), 1);
    for (int i = 0; i < 6; i++)
        assert_float_equal(value[i], i + 1, 0);
    attune_log_free(&l);
}

/* What is no value counts for none, nor among as many as there is room for. */
static void columns_without_a_value_are_left_out(void **state)
{
    static const struct {
        const char *text, *columns, *names, *empty;
        unsigned events;
    } list[] = {
        {"time,a,b,c\n0,,1,NaN\n1,-,,\n2,n/a,,3\n", NULL, "b,c,", "a", 1},
        {"time,a,b,c\n0,,1,NaN\n1,-,,\n2,n/a,,\n", "c,b", "b,", "c", 1},
        {"time,a,b,c\n0,,1,NaN\n", "b", "b,", NULL, 1},
        {"time,a,b\n\n", NULL, "a,b,", NULL, 2}, /* nothing is missing where there is no row */
        {"time,1,2,3,4,5,6,7,8,9,b\n0,1,,3,4,5,6,,8,9,10\n", NULL, "1,3,4,5,6,8,9,b,", "2, 7", 128},
    };

    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        attune_log *l =
            opened(list[i].text, &(attune_log_options){.columns = list[i].columns, .events = "b"});
        char names[64] = "";
        for (const char *const *s = attune_log_signals(l); *s; s++)
            snprintf(names + strlen(names), sizeof names - strlen(names), "%s,", *s);
        assert_string_equal(names, list[i].names);
        if (list[i].empty)
            assert_string_equal(attune_log_empty(l), list[i].empty);
        else
            assert_null(attune_log_empty(l));
        assert_int_equal(attune_log_events(l), list[i].events);
        attune_log_free(&l);
    }
}

static void another_clock_is_no_signal(void **state)
{
    attune_log *l = opened(
        "timestamp_unix,timestamp_iso,ts,eda,t\n1777889700000,2026-05-04T10:15:00Z,1,1,36\n", NULL);

    (void)state;
    assert_string_equal(attune_log_signals(l)[0], "eda");
    assert_string_equal(attune_log_signals(l)[1], "t"); /* a temperature, say */
    assert_null(attune_log_signals(l)[2]);
    attune_log_free(&l);
}

/* ---- what times are ------------------------------------------------------------------------------ */

static void days_and_months_are_told_apart_by_some_row(void **state)
{
    static const attune_log_options mdy = {.time = ATTUNE_TIME_MDY},
                                    dmy = {.time = ATTUNE_TIME_DMY},
                                    may = {.zero = "2026-05-04T10:15:00Z", .time = ATTUNE_TIME_MDY},
                                    april = {.zero = "5/4/2026 10:15", .time = ATTUNE_TIME_DMY};
    static const struct {
        const char *text;
        const attune_log_options *o;
        int64_t after_us; /* of the last behind the first, or behind the zero */
    } list[] = {
        {"date,hr\n5/4/2026 10:15:00 AM,1\n5/13/2026 10:15:00 AM,2\n", NULL, 9 * 86400 * S},
        {"date,hr\n5/4/2026 10:15,1\n13/4/2026 10:15,2\n", NULL, 8 * 86400 * S},
        {"date,hr\n5/4/2026 11:59:59 AM,1\n5/4/2026 12:00:01 PM,2\n", &mdy, 2 * S},
        {"date,hr\n5/4/2026 12:00:01 a.m.,1\n5/5/2026 12:00:01am,2\n", &mdy, 86400 * S},
        {"date,hr\n5/4/2026 12:00:01 AM,1\n5/5/2026 12:00:01 AM,2\n", &dmy, 30 * 86400 * S},
        {"date,hr\n5-4-26 12:00,1\n5-5-26 12:00,2\n", &dmy, 30 * 86400 * S},
        {"date,hr\n4.5.26 12:00,1\n5.5.26 12:00,2\n", &mdy, 86400 * S},
        {"date,hr\n2026/05/04 12:00,1\n2026/05/05 12:00,2\n", NULL, 86400 * S},
        {"date,hr\n5/5/2026 12:00,1\n5/5/2026 12:01,2\n", NULL, 60 * S}, /* either way */
        {"date,hr\n5/4/2026 10:15:07,1\n", &may, 7 * S},
        {"date,hr\n5/4/2026 10:15:07,1\n", &april, 7 * S},
        {"Date,Time,hr\n5/31/2026,10:15:30 AM,1\n5/31/2026,10:15:40 AM,2\n", NULL, 10 * S},
        {"time\thr\n5/31/2026, 10:15:30 AM\t1\n5/31/2026, 10:15:40 AM\t2\n", NULL, 10 * S},
        {"time;hr\n5-31-2026, 10:15:30;1\n5-31-2026, 10:15:40;2\n", NULL, 10 * S},
        {"time;hr\n10:15:30,25;1\n10:15:40,5;2\n", NULL, 36940500000},
        {"hr;Uhrzeit;Datum\n1;23:59:59;4.5.2026\n2;00:00:01;5.5.2026\n", NULL, 2 * S},
        {"date,time,hr\n2026-05-04T10:15:00,0.5,1\n2026-05-04T10:15:02,2.5,1\n", NULL, 2 * S},
        {"date,time,hr\n2026-05-04T10:15:00,10:15:00,1\n2026-05-04T10:15:02,10:15:02,2\n", NULL,
         2 * S},
        {"time,date,hr\n0.5,2026-05-04,1\n2.5,2026-05-04,2\n", NULL, 5 * S / 2},
        /* days of spreadsheets that know none without a clock */
        {"Datum;Zeit;hr\n04.05.2026 00:00;10:15:30;1\n04.05.2026 00:00;10:15:32;2\n", NULL, 2 * S},
        {"date,time,hr\n2026-05-04T00:00:00Z,23:59:59,1\n2026-05-05T00:00:00Z,00:00:01,2\n", NULL,
         2 * S},
        {"date,time,hr\n2026-05-04 00:00:00,00:00:00,1\n2026-05-04 00:00:02,00:00:02,2\n", NULL,
         2 * S},
        {",seconds,hr\n0,0.5,60\n1,1.5,61\n", NULL, 3 * S / 2}, /* an index before it */
        {",ms,hr\n0,500,60\n1,1500,61\n", NULL, 3 * S / 2},
        {"n,rmssd_ms\n1,500\n2,1500\n", NULL, 2 * S}, /* a measure, which has a unit too */
        {"n,min,max\n1,50,70\n2,55,75\n", NULL, 2 * S},
    };

    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        const taken x = read_all(list[i].text, list[i].o);
        if (!x.rows || x.t_us[x.rows - 1] != list[i].after_us)
            fail_msg("%s: %lld", list[i].text, x.rows ? (long long)x.t_us[x.rows - 1] : -1);
    }
}

static void numbers_without_a_unit_are_told_of(void **state)
{
    static const struct {
        const char *text;
        attune_log_time time;
        int unlabelled;
    } list[] = {
        {"time,hr\n0,1\n", ATTUNE_TIME_TOLD, 1},
        {"x,hr\n0,1\n", ATTUNE_TIME_TOLD, 1},
        {"time_s,hr\n0,1\n", ATTUNE_TIME_TOLD, 0},
        {"time,hr\n0,1\n", ATTUNE_TIME_S, 0},
        {"time,hr\n0:01,1\n", ATTUNE_TIME_TOLD, 0},
        {"time,hr\n1777889700000,1\n", ATTUNE_TIME_TOLD, 0},
    };

    double last_s;

    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        attune_log *l = opened(list[i].text,
                               &(attune_log_options){.time = list[i].time, .offset_s = i ? 0 : -9});
        assert_int_equal(attune_log_unlabelled(l, &last_s), list[i].unlabelled);
        assert_true(last_s >= 0);
        assert_null(attune_log_format(l));
        attune_log_free(&l);
    }
}

static void dates_begin_with_the_first_row_or_a_zero(void **state)
{
    static const char text[] = "date,hr\n2026-05-04T10:15:00Z,1\n2026-05-04T10:15:02Z,2\n";
    const taken own = read_all(text, NULL),
                later = read_all(text, &(attune_log_options){.offset_s = 1.5}),
                zero = read_all(text, &(attune_log_options){.zero = "2026-05-04T10:15:01Z"}),
                counted = read_all("time,hr\n1777889701,1\n",
                                   &(attune_log_options){.zero = "2026-05-04T10:15:00Z"});

    (void)state;
    assert_int_equal(own.rows, 2);
    assert_int_equal(own.t_us[1], 2 * S);
    assert_int_equal(later.t_us[0], 3 * S / 2);
    assert_int_equal(zero.rows, 2);
    assert_int_equal(zero.t_us[0], -S);
    assert_int_equal(zero.t_us[1], S);
    assert_int_equal(counted.t_us[0], S);
}

static void messages_are_taken_of_one_sender(void **state)
{
    static const char text[] =
        "time,from,message\n0,ann,\" a, \"\"b\"\" \"\n1,Bob,c\n2,ANN,\n3,Ann,\"two\nlines\"\n4,,x\n";
    const taken all = read_all(text, &(attune_log_options){.chat = 1}),
                ann = read_all(text, &(attune_log_options){.chat = 1, .from = "Ann"});

    (void)state;
    assert_int_equal(all.rows, 4); /* an empty one is none */
    assert_string_equal(all.text[0], "a, \"b\"");
    assert_string_equal(all.text[1], "c");
    assert_int_equal(ann.rows, 2);
    assert_string_equal(ann.text[1], "two\nlines");
}

static void what_is_usual_is_of_the_whole_file(void **state)
{
    attune_log *l = opened("time,hr,clicks\n0,1,1\n1,3,0\n2,1,1\n3,7,2\n4,,0\n",
                           &(attune_log_options){.events = "clicks"});
    const attune_signal_usual *u = attune_log_usual(l);

    (void)state;
    assert_float_equal(u[0].mean, 3, 1e-6); /* the last one holds until the end */
    assert_float_equal(u[0].deviation, sqrt(6), 1e-6);
    assert_float_equal(u[1].mean, 1, 1e-6); /* four in four seconds */
    assert_float_equal(u[1].deviation, 0, 0);
    attune_log_free(&l);
}

static void it_can_be_read_again(void **state)
{
    attune_log *l = opened("time,hr\n5,1\n6,2\n", NULL);
    float value[ATTUNE_MAX_SIGNALS];
    int64_t t_us;

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(attune_log_next(l, &t_us, value, NULL, NULL, NULL), 1);
        assert_int_equal(t_us, 5 * S);
        assert_int_equal(attune_log_next(l, &t_us, NULL, NULL, NULL, NULL), 1);
        assert_int_equal(attune_log_next(l, &t_us, value, NULL, NULL, NULL), 0);
        assert_int_equal(attune_log_rewind(l, NULL), ATTUNE_OK);
    }
    attune_log_free(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_numbers_clocks_or_dates),
        cmocka_unit_test(what_is_wrong_names_the_line),
        cmocka_unit_test(what_is_no_text_of_lines_is_refused),
        cmocka_unit_test(who_reads_asks_whether_to_go_on),
        cmocka_unit_test(reading_again_is_left_as_soon),
        cmocka_unit_test(rows_of_before_are_told_and_usual),
        cmocka_unit_test(messages_have_a_length),
        cmocka_unit_test(values_stand_where_they_are),
        cmocka_unit_test(columns_are_chosen_by_clean_names),
        cmocka_unit_test(columns_are_chosen_by_the_headers_words),
        cmocka_unit_test(the_time_is_what_is_called_so_most),
        cmocka_unit_test(letters_stay_letters),
        cmocka_unit_test(columns_of_one_name_are_told_apart),
        cmocka_unit_test(columns_without_a_value_are_left_out),
        cmocka_unit_test(another_clock_is_no_signal),
        cmocka_unit_test(days_and_months_are_told_apart_by_some_row),
        cmocka_unit_test(numbers_without_a_unit_are_told_of),
        cmocka_unit_test(dates_begin_with_the_first_row_or_a_zero),
        cmocka_unit_test(messages_are_taken_of_one_sender),
        cmocka_unit_test(what_is_usual_is_of_the_whole_file),
        cmocka_unit_test(it_can_be_read_again),
    };

    return cmocka_run_group_tests(tests, make_file, remove_file);
}
