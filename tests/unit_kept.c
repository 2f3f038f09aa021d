/* What kept sessions say: of a person by session and week, beside what is usual for them; of many people,
 * so that nobody can be told from it. */
#include "base/rng.h"
#include "made_store.h"
#include "made_windows.h"
#include "store/units.h"

#include <attune/store.h>
#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static attune_store *store;

static int fresh(void **state)
{
    attune_store_free(&store);
    fresh_store(state);
    return attune_store_open(&store, store_path, 0, NULL);
}

enum { DAY = 86400 };
static const int64_t monday = 1700438400; /* 2023-11-20, the first day of W47 */

static int64_t begin(const char *person, int64_t began_s)
{
    const attune_keep k = {.consent = "1",
                           .source = "live",
                           .person = person,
                           .began_s = began_s,
                           .consent_s = began_s};
    int64_t id;
    assert_int_equal(attune_store_begin(store, &id, &k, NULL), ATTUNE_OK);
    return id;
}

static void end(int64_t id)
{
    assert_int_equal(attune_store_end(store, id, NULL, 0, NULL, NULL), ATTUNE_OK);
}

static void add(int64_t id, attune_window w)
{
    assert_int_equal(attune_store_window(store, id, &w, NULL), ATTUNE_OK);
}

/* A session of so many windows, the first of them finding one expression, the rest neutral. */
static int64_t keep(const char *person, int64_t began_s, int windows, int first, int emotion)
{
    int64_t id = begin(person, began_s);
    for (int i = 1; i <= windows; i++)
        add(id, made_window(i, i <= first ? emotion : ATTUNE_NEUTRAL, 1));
    end(id);
    return id;
}

static json_t *parsed(char *text)
{
    json_t *root = json_loads(text, 0, NULL);
    assert_non_null(root);
    free(text);
    return root;
}

/* The value at a way of keys and list places: at(root, "weeks", "0", "figures", NULL). */
static const json_t *at(const json_t *j, ...)
{
    va_list keys;
    const char *key;
    va_start(keys, j);
    while ((key = va_arg(keys, const char *)))
        j = json_is_array(j) ? json_array_get(j, (size_t)atoi(key)) : json_object_get(j, key);
    va_end(keys);
    return j;
}

#define NUMBER(...)       json_number_value(at(__VA_ARGS__, NULL))
#define assert_near(a, b) assert_true(fabs((a) - (b)) < 1e-5)

/* ---- intervals ----------------------------------------------------------------------------------- */

static void student_is_the_tables(void **state)
{
    (void)state;
    assert_near(at_student(1), 12.706);
    assert_near(at_student(9), 2.262);
    assert_true(fabs(at_student(31) - 2.0395) < 2e-4);
    assert_true(fabs(at_student(40) - 2.0211) < 2e-4);
    assert_true(fabs(at_student(120) - 1.9799) < 2e-4);
    assert_true(fabs(at_student(1000000) - 1.95996) < 2e-4);
}

/* Sessions whose shares differ: the interval holds the mean of all sessions 19 times of 20. */
static void weeks_intervals_cover(void **state)
{
    enum { TRIALS = 4000 };
    (void)state;
    for (int n = 2; n <= 12; n += 5) {
        at_rng r;
        int share = 0, level = 0;
        at_rng_seed(&r, 7, (uint64_t)n);
        for (int i = 0; i < TRIALS; i++) {
            double part[12], whole[12], levels[12];
            for (int k = 0; k < n; k++) { /* a share of 0.1 to 0.7, of 100 windows */
                const double p = 0.1 + 0.6 * (double)at_rng_float(&r);
                whole[k] = 100;
                part[k] = 0;
                for (int w = 0; w < 100; w++)
                    part[k] += (double)at_rng_float(&r) < p;
                levels[k] = 100 * (1.5 + 0.4 * (double)at_rng_normal(&r));
            }
            at_interval s = at_units_share(part, whole, n);
            at_interval m = at_units_mean(levels, whole, n, 3);
            share += s.low <= 0.4 && 0.4 <= s.high;
            level += m.low <= 1.5 && 1.5 <= m.high;
        }
        assert_true(share >= 0.93 * TRIALS);
        assert_true(level >= 0.935 * TRIALS && level <= 0.965 * TRIALS);
    }
}

static void agreement_is_no_certainty(void **state)
{
    const double none[] = {0, 0, 0, 0}, whole[] = {100, 100, 100, 100};
    const at_interval i = at_units_share(none, whole, 4);
    (void)state;
    assert_true(i.value == 0 && i.low == 0 && i.high > 0.5); /* four sessions, not 400 windows */
    assert_true(isnan(at_units_share(none, whole, 1).low));
    assert_true(isnan(at_units_mean(none, whole, 1, 3).low));
}

/* Of a face, say, where the others are of a voice alone. */
static void sessions_without_evidence_count_nothing(void **state)
{
    const double part[] = {2, 0, 6, 0}, whole[] = {10, 0, 10, 0};
    const double some[] = {2, 6}, two[] = {10, 10};
    const at_interval share = at_units_share(part, whole, 4), of = at_units_share(some, two, 2);
    const at_interval mean = at_units_mean(part, whole, 4, 3), m = at_units_mean(some, two, 2, 3);
    (void)state;
    assert_true(fabs(share.low - of.low) < 1e-12 && fabs(share.high - of.high) < 1e-12);
    assert_true(fabs(mean.low - m.low) < 1e-12 && fabs(mean.high - m.high) < 1e-12);
    assert_true(isnan(at_units_share(part, whole, 2).low));
    assert_true(isnan(at_units_mean(part, whole, 2, 3).low));
}

/* ---- figures ------------------------------------------------------------------------------------- */

static void moments_join(void **state)
{
    const double v[] = {1, 4, 4, 7, 100};
    at_moments all = {0, 0, 0}, a = {0, 0, 0}, b = {0, 0, 0};
    (void)state;
    for (int i = 0; i < 5; i++) {
        const at_moments one = {1, v[i], 0};
        at_moments_join(&all, &one);
        at_moments_join(i < 2 ? &a : &b, &one);
    }
    at_moments_join(&a, &b);
    assert_near(a.mean, 23.2);
    assert_near(all.mean, 23.2);
    assert_near(at_moments_deviation(&all), 42.984881);
    assert_near(at_moments_deviation(&a), 42.984881);
}

static json_t *session(int64_t id)
{
    char *text;
    assert_int_equal(attune_store_session_json(store, id, &text, NULL), ATTUNE_OK);
    return parsed(text);
}

static void withheld_windows_stand_apart(void **state)
{
    int64_t id = begin(NULL, monday);
    json_t *j;
    (void)state;
    for (int i = 1; i <= 40; i++) {
        attune_window w = made_window(i, i <= 20 ? ATTUNE_SAD : ATTUNE_HAPPY, 1);
        w.abstain = i <= 10;
        add(id, w);
    }
    end(id);
    j = session(id);
    assert_near(NUMBER(j, "figures", "withheld", "share"), 0.25);
    assert_near(NUMBER(j, "figures", "expression", "sad", "share"), 1.0 / 3);
    assert_near(NUMBER(j, "figures", "seconds"), 15);
    assert_near(NUMBER(j, "figures", "states", "engagement", "level"), 2.5);
    assert_int_equal(NUMBER(j, "figures", "windows"), 40);
    assert_int_equal(NUMBER(j, "session", "withheld"), 10);
    assert_int_equal(json_array_size(at(j, "timeline", "t", NULL)), 40);
    assert_true(json_is_null(at(j, "timeline", "expression", "sad", "9", NULL)));
    assert_near(NUMBER(j, "timeline", "expression", "sad", "10"), 0.7);
    assert_near(NUMBER(j, "timeline", "withheld", "3"), 1);
    assert_near(NUMBER(j, "timeline", "t", "39"), 20);
    json_decref(j);
}

/* Of several faces the one that is told of most; a long session fits into 600 moments. */
static void one_face_is_the_persons(void **state)
{
    int64_t id = begin(NULL, monday);
    json_t *j;
    (void)state;
    for (int i = 1; i <= 1300; i++) {
        add(id, made_window(i, ATTUNE_SAD, 1));
        if (i % 3 == 0)
            add(id, made_window(i, ATTUNE_HAPPY, 2));
    }
    end(id);
    j = session(id);
    assert_near(NUMBER(j, "figures", "expression", "sad", "share"), 1);
    assert_int_equal(NUMBER(j, "session", "faces"), 2);
    assert_int_equal(NUMBER(j, "figures", "windows"), 1300);
    assert_near(NUMBER(j, "timeline", "step_s"), 1.5);
    assert_int_equal(json_array_size(at(j, "timeline", "t", NULL)), 434);
    assert_near(NUMBER(j, "timeline", "expression", "sad", "433"), 0.7);
    json_decref(j);
}

static void an_empty_session_says_nothing(void **state)
{
    int64_t id = begin(NULL, monday);
    char *text;
    json_t *j;
    (void)state;
    j = session(id);
    assert_true(json_is_null(at(j, "figures", "expression", "sad", "share", NULL)));
    assert_true(json_is_null(at(j, "session", "ended", NULL)));
    assert_true(json_is_null(at(j, "summary", NULL)));
    assert_int_equal(json_array_size(at(j, "timeline", "t", NULL)), 0);
    json_decref(j);
    assert_int_equal(attune_store_trends_json(store, NULL, &text, NULL), ATTUNE_OK);
    json_decref(parsed(text));
    assert_int_equal(attune_store_session_json(store, 99, &text, NULL), ATTUNE_E_STATE);
    assert_null(text);
}

/* ---- trends -------------------------------------------------------------------------------------- */

static json_t *trends(const char *person)
{
    char *text;
    assert_int_equal(attune_store_trends_json(store, person, &text, NULL), ATTUNE_OK);
    return parsed(text);
}

static void sessions_fall_into_weeks(void **state)
{
    json_t *j;
    (void)state;
    keep("ada", monday + 8 * DAY, 60, 30, ATTUNE_HAPPY); /* told by time, not by number */
    keep("ada", monday, 60, 60, ATTUNE_HAPPY);
    keep("ada", monday + 6 * DAY, 120, 0, ATTUNE_HAPPY);
    keep("bert", monday, 60, 60, ATTUNE_ANGRY);
    keep(NULL, monday, 60, 60, ATTUNE_SAD);
    j = trends("ada");
    assert_string_equal(json_string_value(at(j, "person", NULL)), "ada");
    assert_int_equal(json_array_size(at(j, "weeks", NULL)), 2);
    assert_int_equal(json_array_size(at(j, "sessions", NULL)), 3);
    assert_string_equal(json_string_value(at(j, "weeks", "0", "week", NULL)), "2023-W47");
    assert_string_equal(json_string_value(at(j, "weeks", "1", "week", NULL)), "2023-W48");
    assert_int_equal(NUMBER(j, "weeks", "0", "sessions"), 2);
    assert_int_equal(NUMBER(j, "sessions", "2", "id"), 1);
    /* by time with evidence: 30 s of 90 s */
    assert_near(NUMBER(j, "weeks", "0", "figures", "expression", "happy", "share"), 1.0 / 3);
    assert_near(NUMBER(j, "weeks", "1", "figures", "expression", "happy", "share"), 0.5);
    assert_near(NUMBER(j, "weeks", "0", "figures", "states", "engagement", "level"), 2.5);
    /* two sessions that differ say little; one alone has its own interval */
    assert_true(NUMBER(j, "weeks", "0", "figures", "expression", "happy", "interval", "1") > 0.9);
    assert_near(NUMBER(j, "weeks", "1", "figures", "expression", "happy", "interval", "0"),
                NUMBER(j, "sessions", "2", "figures", "expression", "happy", "interval", "0"));
    json_decref(j);
    j = trends(NULL);
    assert_int_equal(json_array_size(at(j, "sessions", NULL)), 1);
    assert_near(NUMBER(j, "sessions", "0", "figures", "expression", "sad", "share"), 1);
    json_decref(j);
    j = trends("nobody");
    assert_int_equal(json_array_size(at(j, "sessions", NULL)), 0);
    json_decref(j);
}

static void usual_is_what_came_before(void **state)
{
    json_t *j;
    const json_t *happy;
    (void)state;
    for (int i = 0; i < 4; i++) /* 0.7 in a quarter of the windows, else 0.05 */
        keep("ada", monday + i * DAY, 80, i < 3 ? 20 : 80, ATTUNE_HAPPY);
    j = trends("ada");
    for (int i = 0; i < 3; i++)
        assert_true(json_is_null(
            json_object_get(json_array_get(json_object_get(j, "sessions"), (size_t)i), "usual")));
    happy = at(j, "sessions", "3", "usual", "expression", "happy", NULL);
    assert_int_equal(NUMBER(j, "sessions", "3", "usual", "sessions"), 3);
    assert_int_equal(NUMBER(j, "sessions", "3", "usual", "windows"), 240);
    assert_near(NUMBER(happy, "mean"), 0.2125);
    assert_near(NUMBER(happy, "now"), 0.7);
    assert_near(NUMBER(happy, "difference"), 0.4875);
    assert_near(NUMBER(happy, "deviation"), 0.65 * sqrt(0.25 * 0.75 * 240 / 239));
    assert_true(fabs(NUMBER(happy, "deviations") - 0.4875 / 0.282046) < 1e-3);
    /* the absolute figures stand beside it as they are */
    assert_near(NUMBER(j, "sessions", "3", "figures", "expression", "happy", "share"), 1);
    json_decref(j);
}

/* ---- retention ----------------------------------------------------------------------------------- */

/* A live session that had gone on for long when somebody asked to keep it. */
static void a_consent_is_not_older_than_it_is(void **state)
{
    const int64_t now = 1800000000;
    const attune_keep late = {
        .consent = "1", .source = "live", .began_s = now - 2 * DAY, .consent_s = now};
    int64_t id, gone;
    (void)state;
    assert_int_equal(attune_store_keep_days(store, 1, NULL, NULL), ATTUNE_OK);
    assert_int_equal(attune_store_begin(store, &id, &late, NULL), ATTUNE_OK);
    assert_int_equal(attune_store_expire(store, now + 60, &gone, NULL), ATTUNE_OK);
    assert_int_equal(gone, 0);
    assert_int_equal(attune_store_expire(store, now + DAY + 60, &gone, NULL), ATTUNE_OK);
    assert_int_equal(gone, 1);
}

static void old_sessions_go(void **state)
{
    const int64_t now = 1800000000;
    int64_t gone, open;
    char *text;
    json_t *j;
    (void)state;
    keep("ada", now - 40 * DAY, 10, 0, 0);
    keep("bert", now - 20 * DAY, 10, 0, 0);
    sql_run("UPDATE sessions SET ended_s = began_s + 5");
    open = begin("carl", now - 31 * DAY); /* without an end: what its windows cover counts */
    attune_window w = made_window(1, 0, 1);
    w.start_us += (int64_t)1e15;
    w.end_us += (int64_t)1e15;
    add(open, w);
    assert_int_equal(attune_store_expire(store, now, &gone, NULL),
                     ATTUNE_OK); /* not set: for ever */
    assert_int_equal(gone, 0);
    assert_int_equal(attune_store_keep_days(store, -1, NULL, NULL), ATTUNE_E_ARG);
    assert_int_equal(attune_store_keep_days(store, ATTUNE_STORE_MAX_DAYS, &gone, NULL), ATTUNE_OK);
    assert_int_equal(gone, 0);
    sql_run("UPDATE settings SET value = 30");
    assert_int_equal(attune_store_expire(store, now, &gone, NULL), ATTUNE_OK);
    assert_int_equal(gone, 2);
    assert_int_equal(sql_number("SELECT group_concat(label) = 'bert' FROM people"), 1);
    assert_int_equal(attune_store_sessions_json(store, &text, NULL), ATTUNE_OK);
    j = parsed(text);
    assert_int_equal(NUMBER(j, "keep_days"), 30);
    assert_int_equal(json_array_size(at(j, "sessions", NULL)), 1);
    assert_string_equal(json_string_value(at(j, "sessions", "0", "began", NULL)),
                        "2026-12-26T08:00:00Z");
    json_decref(j);
    sql_run("UPDATE sessions SET ended_s = 1000"); /* one that begins lets old ones go */
    begin("dora", 0);
    assert_int_equal(sql_number("SELECT group_concat(label) = 'dora' FROM people"), 1);
}

/* ---- groups -------------------------------------------------------------------------------------- */

static const char *label_of(int person)
{
    static char label[64][8];
    snprintf(label[person], sizeof label[person], "p%02d", person);
    return label[person];
}

/* People first to last, each with a session of 70 s on that day. */
static void keep_people(int first, int last, int64_t day)
{
    for (int p = first; p <= last; p++)
        keep(label_of(p), monday + day * DAY, 140, p, ATTUNE_HAPPY);
}

static int ask(const attune_group_query *q, json_t **out)
{
    attune_error err = {0};
    char *text;
    int rc = attune_store_group_json(store, q, &text, &err);
    assert_true((rc == ATTUNE_OK) == (text != NULL));
    assert_true(rc == ATTUNE_OK || (rc == ATTUNE_E_STATE && !strncmp(err.text, "refused: ", 9)));
    if (text && out)
        *out = parsed(text);
    else
        free(text);
    return rc;
}

/* Those whose bits are set. */
static int ask_people(uint64_t people, json_t **out)
{
    const char *label[64];
    attune_group_query q = {.people = label};
    for (int p = 0; p < 64; p++)
        if (people >> p & 1)
            label[q.n_people++] = label_of(p);
    return ask(&q, out);
}

static uint64_t from_to(int first, int last)
{
    return ((uint64_t)2 << last) - ((uint64_t)1 << first);
}

static void few_are_not_told_of(void **state)
{
    const attune_group_query all = {0};
    json_t *j;
    (void)state;
    assert_int_equal(ask(&all, NULL), ATTUNE_E_STATE);
    keep_people(1, 9, 0);
    keep(NULL, monday, 140, 0, 0);         /* nobody knows whose */
    keep(label_of(20), monday, 100, 0, 0); /* 50 s */
    begin(label_of(21), monday);           /* not ended */
    int64_t open = begin(label_of(22), monday);
    for (int i = 1; i <= 140; i++)
        add(open, made_window(i, 0, 1));
    assert_int_equal(ask(&all, NULL), ATTUNE_E_STATE);
    keep_people(9, 9, 1); /* the same person again */
    assert_int_equal(ask(&all, NULL), ATTUNE_E_STATE);
    assert_int_equal(sql_number("SELECT count(*) FROM answers"), 0);
    keep_people(10, 10, 0);
    assert_int_equal(ask(&all, &j), ATTUNE_OK);
    assert_int_equal(NUMBER(j, "people"), 10);
    assert_int_equal(NUMBER(j, "sessions"), 11);
    assert_near(NUMBER(j, "states", "engagement", "level"), 2.5);
    json_decref(j);
}

/* Each person counts once, however long. */
static void people_count_alike(void **state)
{
    const attune_group_query all = {0};
    json_t *j;
    (void)state;
    for (int p = 0; p < 10; p++)
        keep(label_of(p), monday, 140, 70, ATTUNE_HAPPY);
    keep(label_of(10), monday, 1400, 0, ATTUNE_HAPPY);
    assert_int_equal(ask(&all, &j), ATTUNE_OK);
    assert_near(NUMBER(j, "expression", "happy", "share"), 0.455); /* 5 of 11, rounded */
    json_decref(j);
}

static void differences_are_refused(void **state)
{
    attune_group_query days = {.until_s = monday + DAY};
    (void)state;
    keep_people(0, 31, 0);
    assert_int_equal(ask_people(from_to(0, 19), NULL), ATTUNE_OK);
    assert_int_equal(ask_people(from_to(0, 19), NULL), ATTUNE_OK); /* the same again */
    assert_int_equal(ask_people(from_to(0, 18), NULL), ATTUNE_E_STATE);
    assert_int_equal(ask_people(from_to(0, 20), NULL), ATTUNE_E_STATE);
    assert_int_equal(ask_people(from_to(0, 10), NULL), ATTUNE_E_STATE); /* its rest is nine */
    assert_int_equal(ask_people(from_to(0, 9), NULL), ATTUNE_OK);
    assert_int_equal(ask_people(from_to(10, 20), NULL), ATTUNE_E_STATE);
    assert_int_equal(ask_people(from_to(20, 31), NULL), ATTUNE_OK);
    assert_int_equal(ask(&days, NULL), ATTUNE_OK); /* all: a sum of what was told */
    assert_int_equal(ask_people(from_to(5, 25), NULL), ATTUNE_E_STATE);
    assert_int_equal(sql_number("SELECT count(*) FROM answers"), 5); /* those that were given */
}

/* One session more of one person, or one person less. */
static void time_does_not_tell_either(void **state)
{
    const attune_group_query all = {0};
    (void)state;
    keep_people(0, 11, 0);
    assert_int_equal(ask(&all, NULL), ATTUNE_OK);
    keep_people(3, 3, 2);
    assert_int_equal(ask(&all, NULL), ATTUNE_E_STATE);
    keep_people(4, 11, 2);
    assert_int_equal(ask(&all, NULL), ATTUNE_E_STATE); /* nine with a second one, three without */
    keep_people(0, 2, 2);
    assert_int_equal(ask(&all, NULL), ATTUNE_OK);
    assert_int_equal(attune_store_delete(store, 5, NULL), ATTUNE_OK);
    assert_int_equal(ask(&all, NULL), ATTUNE_E_STATE); /* deleting tells nothing */
    assert_int_equal(attune_store_delete_all(store, NULL, NULL), ATTUNE_OK);
    assert_int_equal(
        sql_number("SELECT (SELECT count(*) FROM answers) + (SELECT count(*) FROM answered)"), 0);
}

/* One person alone in two weeks: week + week - both would be about that one. */
static void patterns_do_not_single_out(void **state)
{
    const attune_group_query first = {.until_s = monday + 7 * DAY},
                             second = {.since_s = monday + 7 * DAY};
    const attune_group_query both = {0};
    (void)state;
    keep_people(0, 10, 0);
    keep_people(10, 20, 8);
    assert_int_equal(ask(&first, NULL), ATTUNE_OK);
    assert_int_equal(ask(&second, NULL), ATTUNE_E_STATE);
    assert_int_equal(ask(&both, NULL), ATTUNE_E_STATE);
    keep_people(0, 9, 8);
    keep_people(21, 22, 8);
    assert_int_equal(ask(&second, NULL), ATTUNE_OK); /* 11 in both, 12 in the second */
    assert_int_equal(ask(&both, NULL), ATTUNE_OK);
}

/* Whatever is asked, no sum of the answers is about one to nine people. */
static void no_sum_tells_of_few(void **state)
{
    enum { PEOPLE = 48, ASKED = 60, SUMS = 3000 };
    uint64_t told[ASKED];
    int answers = 0, refused = 0;
    at_rng r;
    (void)state;
    keep_people(0, PEOPLE - 1, 0);
    at_rng_seed(&r, 3, 0);
    for (int i = 0; i < ASKED; i++) {
        uint64_t people = 0;
        for (int b = 0; b < 4; b++) /* dozens of people, at times with somebody more or less */
            if (at_rng_below(&r, 2))
                people |= from_to(12 * b, 12 * b + 11);
        if (at_rng_below(&r, 3) == 0)
            people ^= (uint64_t)1 << at_rng_below(&r, PEOPLE);
        if (ask_people(people, NULL) == ATTUNE_OK)
            told[answers++] = people;
        else
            refused++;
    }
    assert_true(answers > 20 && refused > 10);
    for (int i = 0; i < SUMS; i++) {
        int factor[ASKED], few = 0;
        for (int k = 0; k < answers; k++)
            factor[k] = at_rng_below(&r, 4) ? 0 : (int)at_rng_below(&r, 5) - 2;
        for (int p = 0; p < PEOPLE; p++) {
            int sum = 0;
            for (int k = 0; k < answers; k++)
                sum += factor[k] * (int)(told[k] >> p & 1);
            few += sum != 0;
        }
        assert_true(few == 0 || few >= ATTUNE_GROUP_LEAST);
    }
}

/* Classes of few people go together, so that they are no difference from 1 either. */
static void small_cells_are_joined(void **state)
{
    const attune_group_query all = {0};
    json_t *j, *name;
    double sum = 0;
    size_t i;
    const char *key;
    json_t *one;
    (void)state;
    for (int p = 0; p < 14; p++) {
        int64_t id = begin(label_of(p), monday);
        for (int k = 1; k <= 140; k++)
            add(id, made_window(k,
                                k == 1 && p < 3    ? ATTUNE_FEARFUL
                                : k <= 10          ? ATTUNE_SAD
                                : k <= 60          ? ATTUNE_HAPPY
                                : p < 12 && k < 63 ? ATTUNE_ANGRY
                                                   : ATTUNE_NEUTRAL,
                                1));
        end(id);
    }
    assert_int_equal(ask(&all, &j), ATTUNE_OK);
    assert_true(json_is_null(at(j, "expression", "fearful", NULL)));
    assert_true(json_is_null(at(j, "expression", "angry", NULL))); /* the smallest that makes ten */
    assert_int_equal(json_array_size(at(j, "expression", "other", "of", NULL)), 2);
    assert_near(NUMBER(j, "expression", "disgusted", "share"), 0); /* nobody's */
    json_array_foreach((json_t *)(uintptr_t)at(j, "expression", "other", "of", NULL), i, name)
        assert_true(json_is_null(at(j, "expression", json_string_value(name), NULL)));
    json_object_foreach((json_t *)(uintptr_t)at(j, "expression", NULL), key, one)
        sum += json_number_value(json_object_get(one, "share"));
    assert_true(fabs(sum - 1) < 0.004);
    assert_true(json_is_null(at(j, "engagement", "other", NULL)));
    json_decref(j);
}

static void withheld_of_few_is_not_told(void **state)
{
    const attune_group_query all = {0};
    json_t *j;
    (void)state;
    for (int p = 0; p < 12; p++) {
        int64_t id = begin(label_of(p), monday);
        for (int k = 1; k <= 140; k++) {
            attune_window w = made_window(k, ATTUNE_SAD, 1);
            w.abstain = p < 4 && k < 5;
            add(id, w);
        }
        end(id);
    }
    assert_int_equal(ask(&all, &j), ATTUNE_OK);
    assert_true(json_is_null(at(j, "withheld", NULL)));
    json_decref(j);
}

static int set_up(void **state)
{
    setenv("TZ", "UTC", 1);
    return make_store_folder(state);
}

static int tear_down(void **state)
{
    attune_store_free(&store);
    return remove_folder(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(student_is_the_tables),
        cmocka_unit_test(weeks_intervals_cover),
        cmocka_unit_test(agreement_is_no_certainty),
        cmocka_unit_test(sessions_without_evidence_count_nothing),
        cmocka_unit_test(moments_join),
        cmocka_unit_test_setup(withheld_windows_stand_apart, fresh),
        cmocka_unit_test_setup(one_face_is_the_persons, fresh),
        cmocka_unit_test_setup(an_empty_session_says_nothing, fresh),
        cmocka_unit_test_setup(sessions_fall_into_weeks, fresh),
        cmocka_unit_test_setup(usual_is_what_came_before, fresh),
        cmocka_unit_test_setup(old_sessions_go, fresh),
        cmocka_unit_test_setup(a_consent_is_not_older_than_it_is, fresh),
        cmocka_unit_test_setup(few_are_not_told_of, fresh),
        cmocka_unit_test_setup(people_count_alike, fresh),
        cmocka_unit_test_setup(differences_are_refused, fresh),
        cmocka_unit_test_setup(time_does_not_tell_either, fresh),
        cmocka_unit_test_setup(patterns_do_not_single_out, fresh),
        cmocka_unit_test_setup(no_sum_tells_of_few, fresh),
        cmocka_unit_test_setup(small_cells_are_joined, fresh),
        cmocka_unit_test_setup(withheld_of_few_is_not_told, fresh),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
