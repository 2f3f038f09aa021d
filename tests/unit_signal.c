/* What a window says of a signal's column, worked out by hand. */
#include "signal/column.h"
#include "signal/embed.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { S = 1000000 };

static at_column column_of(int events, double seconds)
{
    at_column c;
    assert_int_equal(at_column_open(&c, events, seconds), ATTUNE_OK);
    return c;
}

static attune_signal over(const at_column *c, int64_t start_us, int64_t end_us)
{
    attune_signal s;
    at_column_window(c, start_us, end_us, NULL, &s);
    return s;
}

static void a_value_holds_until_the_next(void **state)
{
    at_column c = column_of(0, 10);
    (void)state;
    at_column_push(&c, 0, 1);
    at_column_push(&c, 1 * S, 2);
    at_column_push(&c, 2 * S, 6);
    const attune_signal s = over(&c, 0, 3 * S);
    assert_float_equal(s.mean, 3, 1e-6);
    assert_float_equal(s.slope, 2.5, 1e-6);
    assert_float_equal(s.deviation, sqrt(14.0 / 3), 1e-6);
    assert_float_equal(s.coverage, 1, 1e-6);
    assert_true(isnan(s.z)); /* three seconds say nothing of what is usual */
    assert_float_equal(over(&c, S / 2, 3 * S / 2).mean, 1.5, 1e-6);
    assert_true(isnan(over(&c, 0, S).slope));
    at_column_free(&c);
}

static void it_holds_no_longer_than_twice_the_usual_gap(void **state)
{
    at_column c = column_of(0, 10);
    (void)state;
    for (int i = 0; i < 5; i++)
        at_column_push(&c, i * S, 1);
    assert_float_equal(over(&c, 4 * S, 8 * S).coverage, 0.5, 1e-6);
    assert_true(isnan(over(&c, 7 * S, 9 * S).mean));
    assert_float_equal(over(&c, 7 * S, 9 * S).coverage, 0, 0);
    at_column_forget_before(&c, 5 * S); /* the last one still holds */
    assert_float_equal(over(&c, 5 * S, 7 * S).coverage, 0.5, 1e-6);
    at_column_free(&c);
}

static void a_slow_sensor_has_no_holes(void **state)
{
    at_column c = column_of(0, 10);
    (void)state;
    for (int i = 0; i < 5; i++)
        at_column_push(&c, i * 10 * S, (float)i);
    assert_float_equal(over(&c, 43 * S, 46 * S).mean, 4, 1e-6);
    assert_float_equal(over(&c, 43 * S, 46 * S).coverage, 1, 1e-6);
    assert_float_equal(over(&c, 55 * S, 65 * S).coverage, 0.5, 1e-6);
    at_column_free(&c);
}

static void events_are_counted(void **state)
{
    at_column c = column_of(1, 10);
    attune_signal s;
    (void)state;
    assert_float_equal(over(&c, 0, S).coverage, 0, 0);
    at_column_push(&c, 0, 1);
    at_column_push(&c, 100, 2); /* in the same millisecond */
    at_column_push(&c, 2 * S, 1);
    assert_float_equal(over(&c, 0, 4 * S).mean, 1, 1e-6);
    assert_float_equal(over(&c, 2 * S + 1, 4 * S).mean, 0, 0);
    assert_true(isnan(over(&c, 0, 4 * S).deviation));
    const attune_signal_usual usual = {0.25f, 0};
    at_column_window(&c, 0, 4 * S, &usual, &s);
    assert_float_equal(s.z, 0.75 / sqrt(0.25 / 4), 1e-5); /* Poisson's */
    at_column_free(&c);
}

static void the_first_event_is_one_of_its_window(void **state)
{
    at_column c = column_of(1, 10);
    (void)state;
    at_column_push(&c, 24 * S / 10, 1);
    assert_true(isnan(over(&c, 0, 2 * S).mean));
    assert_float_equal(over(&c, 0, 5 * S / 2).mean, 0.4, 1e-6);
    assert_float_equal(over(&c, 0, 5 * S / 2).coverage, 0.04, 1e-6);
    assert_float_equal(over(&c, 2 * S, 5 * S / 2).mean, 2, 1e-6);
    assert_float_equal(at_column_mean(&c, 2 * S, 4 * S), 0.5, 1e-6);
    at_column_free(&c);
}

static void counting_ends_and_begins_again(void **state)
{
    at_column c = column_of(1, 10), never = column_of(1, 10);
    (void)state;
    at_column_push(&c, 0, 2);
    at_column_push(&c, 4 * S, -1);
    at_column_push(&c, 6 * S, 0);
    at_column_push(&c, 7 * S, 1);
    for (int i = 0; i < 2; i++) { /* as well where it has been forgotten */
        assert_float_equal(over(&c, 3 * S, 7 * S).coverage, 0.5, 1e-6);
        assert_float_equal(over(&c, 3 * S, 7 * S).mean, 0, 0);
        assert_float_equal(over(&c, 5 * S, 8 * S).mean, 1.0 / 3, 1e-6);
        assert_float_equal(over(&c, 5 * S, 8 * S).coverage, 2.0 / 3, 1e-6);
        assert_true(isnan(over(&c, 4 * S, 6 * S).mean));
        assert_true(isnan(at_column_mean(&c, 9 * S / 2, 5 * S)));
        assert_float_equal(at_column_usual(&c, 8 * S).mean, 3.0 / 6, 1e-6);
        assert_float_equal(at_column_usual(&c, 5 * S).mean, 2.0 / 4, 1e-6);
        at_column_forget_before(&c, 2 * S);
    }
    at_column_forget_before(&c, 5 * S); /* when nobody counts */
    assert_float_equal(at_column_usual(&c, 8 * S).mean, 3.0 / 6, 1e-6);
    assert_true(isnan(over(&c, 5 * S, 6 * S).mean));
    at_column_push(&c, 8 * S, 1);
    at_column_push(&c, 8 * S + 100, -1); /* in the same millisecond: the last word holds */
    assert_float_equal(over(&c, 7 * S, 9 * S).mean, 1, 1e-6);
    assert_float_equal(over(&c, 7 * S, 9 * S).coverage, 0.5, 1e-6);
    assert_true(isnan(over(&c, 9 * S, 12 * S).mean));
    at_column_push(&never, 0, -1);
    assert_true(isnan(over(&never, 0, 2 * S).mean));
    assert_float_equal(over(&never, 0, 2 * S).coverage, 0, 0);
    at_column_free(&never);
    at_column_free(&c);
}

/* Where they run far ahead: events are none the fewer, and no end is lost. */
static void ends_are_kept_coarser_too(void **state)
{
    at_column c = column_of(1, 1);
    (void)state;
    for (int i = 0; i < 30000; i++)
        at_column_push(&c, (int64_t)i * 2000, i % 2 ? -1 : 1);
    assert_true(c.count <= c.most && c.cell_us > 2000);
    assert_float_equal(over(&c, 0, 60 * S).mean, 15000.0 / 60, 1e-2);
    assert_true(isnan(over(&c, 60 * S, 62 * S).mean));
    at_column_free(&c);
}

static void what_is_usual_is_known_from_half_a_minute(void **state)
{
    at_column c = column_of(0, 100);
    attune_signal s;
    (void)state;
    for (int i = 0; i <= 40; i++) {
        at_column_push(&c, (int64_t)i * S, i % 2 ? 3 : 1);
        if (i == 29)
            assert_true(isnan(over(&c, 27 * S, 29 * S).z));
    }
    assert_float_equal(over(&c, 35 * S, 36 * S).z, 1, 0.05); /* 3, where 1 and 3 are usual */
    const attune_signal_usual usual = {1, 4};
    at_column_window(&c, 35 * S, 36 * S, &usual, &s);
    assert_float_equal(s.z, 0.5, 1e-6);
    at_column_free(&c);
}

static void what_runs_ahead_is_kept_coarser(void **state)
{
    at_column c = column_of(0, 1);
    (void)state;
    for (int i = 0; i < 20000; i++)
        at_column_push(&c, (int64_t)i * 2000, (float)i);
    assert_true(c.count <= c.most);
    assert_float_equal(over(&c, 0, 40 * (int64_t)S).mean, 10000, 60);
    assert_float_equal(over(&c, 0, 40 * (int64_t)S).coverage, 1, 1e-3);
    at_column_free(&c);
}

/* assert_float_equal finds infinity near to anything. */
static int is_about(float x, float y)
{
    return isfinite(x) && fabsf(x - y) <= 1e-6F * fabsf(y);
}

/* Of any floats: what is kept and shown of a window is a number, and so are sums of it. */
static void figures_stay_numbers(void **state)
{
    const float most = FLT_MAX;
    at_column c = column_of(0, 100), e = column_of(1, 100);
    attune_signal s;
    (void)state;
    for (int i = 0; i < 40; i++) {
        at_column_push(&c, i * S, -most);
        at_column_push(&c, i * S + 20000, most);
        at_column_push(&e, i * S, most);
        at_column_push(&e, i * S + 1, most); /* one of both */
    }
    s = over(&c, 9 * S, 9 * S + 40000);
    assert_true(is_about(s.mean, 0));
    assert_true(is_about(s.deviation, 1e30F));
    assert_true(is_about(over(&c, 9 * S - 10000, 9 * S + 40000).slope, 1e30F));
    assert_true(is_about(over(&c, 9 * S, 9 * S + 10000).mean, -1e30F));
    assert_true(is_about(at_column_usual(&c, 40 * S).deviation, 1e30F));
    at_column_window(&c, 9 * S + 20000, 9 * S + 40000, &(attune_signal_usual){0, 1e-38F}, &s);
    assert_true(is_about(s.z, 1e30F));
    assert_true(is_about(over(&e, 0, S).mean, 1e30F));
    assert_true(is_about(e.value[0].x, 1e30F)); /* what a state keeps is read back as numbers */
    assert_true(is_about(at_column_usual(&e, S / 1000).mean, 1e30F));
    at_column_free(&c);
    at_column_free(&e);
}

static void columns_are_found_by_name(void **state)
{
    const char *const names[] = {"skin", "clicks", "hr", NULL};
    const attune_signal said[] = {{5, 1, 2, 1, 3, {0}}, {NAN, NAN, NAN, 0, NAN, {0}}};
    at_signal_scale s;
    float x[AT_SIGNAL_EMBED];
    int place[ATTUNE_MAX_SIGNALS];
    (void)state;
    assert_int_equal(at_signal_names(&s, "hr,clicks", "clicks", "it", NULL), ATTUNE_OK);
    assert_int_equal(s.columns, 2);
    assert_null(at_signal_places(&s, names, 2, place));
    assert_int_equal(place[0], 2);
    assert_int_equal(place[1], 1);
    assert_string_equal(at_signal_places(&s, names, 0, place),
                        "clicks"); /* it does not count here */
    assert_int_equal(at_signal_names(&s, "hr,hr", NULL, "it", NULL), ATTUNE_E_ARG);
    assert_int_equal(at_signal_names(&s, "hr", "eda", "it", NULL), ATTUNE_E_ARG);
    assert_int_equal(at_signal_names(&s, "hr,clicks", NULL, "it", NULL), ATTUNE_OK);
    s.center[0] = 3;
    s.scale[0] = 0.5f;
    at_signal_embed(&s, said, x);
    assert_float_equal(x[0], 1, 1e-6);
    assert_float_equal(x[ATTUNE_MAX_SIGNALS], 0.5, 1e-6);
    assert_float_equal(x[2 * ATTUNE_MAX_SIGNALS], 1, 1e-6);
    assert_float_equal(x[3 * ATTUNE_MAX_SIGNALS], 1, 1e-6);
    assert_float_equal(x[4 * ATTUNE_MAX_SIGNALS], 3, 1e-6);
    assert_float_equal(x[1], 0, 0); /* what is not known */
    assert_float_equal(at_signal_coverage(&s, said), 0.5, 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_holds_until_the_next),
        cmocka_unit_test(it_holds_no_longer_than_twice_the_usual_gap),
        cmocka_unit_test(a_slow_sensor_has_no_holes),
        cmocka_unit_test(events_are_counted),
        cmocka_unit_test(the_first_event_is_one_of_its_window),
        cmocka_unit_test(counting_ends_and_begins_again),
        cmocka_unit_test(ends_are_kept_coarser_too),
        cmocka_unit_test(what_is_usual_is_known_from_half_a_minute),
        cmocka_unit_test(what_runs_ahead_is_kept_coarser),
        cmocka_unit_test(figures_stay_numbers),
        cmocka_unit_test(columns_are_found_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
