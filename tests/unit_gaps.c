/* Times without any input: one window each, whatever the clock says. */
#include "session_scene.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Nothing was seen or heard in it. */
static void assert_empty(const attune_window *w)
{
    assert_int_equal(w->used, 0);
    assert_true(w->abstain);
    assert_int_equal(w->track, 0);
    assert_true(isnan(w->quality.sharpness) && isnan(w->quality.face_share) &&
                isnan(w->quality.snr_db));
}

/* Windows as ever as far as they reach back to something, then one for the rest of the gap. */
static void a_gap_in_both_streams_is_one_window(void **state)
{
    scene *c = scene_open(NULL);
    (void)state;
    both(c, 0, 2000);
    both(c, 20000, 22000);
    finish(c);
    assert_int_equal(c->n, 9 + 1 + 4);
    for (int i = 0; i < 9; i++)
        assert_int_equal(c->w[i].end_us, (i + 1) * 500 * MS);
    assert_int_equal(c->w[9].start_us, 2000 * MS);
    assert_int_equal(c->w[9].end_us, 20000 * MS);
    assert_empty(&c->w[9]);
    for (int i = 10; i < 14; i++) {
        assert_int_equal(c->w[i].start_us, (17500 + (i - 10) * 500) * MS);
        assert_int_equal(c->w[i].end_us, (20500 + (i - 10) * 500) * MS);
    }
    assert_int_equal(c->w[13].used, 3);
    scene_close(c);
}

/* As long as a window it is none; a longer one ends with the hop before what comes next. */
static void what_counts_as_a_gap(void **state)
{
    (void)state;
    for (int k = 0; k < 3; k++) {
        const int64_t again[] = {5000, 5510, 6510}; /* 3, 3.5 and 4.5 s after the input before */
        const int64_t until[] = {5000, 5500, 6500};
        scene *c = scene_open(NULL);
        both(c, 0, 2000);
        both(c, again[k], again[k] + 2000);
        finish(c);
        assert_int_equal(c->n, 14);
        assert_int_equal(c->w[9].start_us, 2000 * MS);
        assert_int_equal(c->w[9].end_us, until[k] * MS);
        scene_close(c);
    }
}

/* Sound alone goes on: nothing is left out; and a gap ends with whichever stream comes back first. */
static void a_gap_is_of_all_streams(void **state)
{
    scene *c = scene_open(NULL);
    (void)state;
    both(c, 0, 2000);
    audio(c, 2000, 18000);
    both(c, 20000, 22000);
    finish(c);
    assert_grid(c, 0, 44);
    scene_close(c);
    c = scene_open(NULL);
    both(c, 0, 2000);
    audio(c, 10000, 10000);
    both(c, 20000, 22000);
    finish(c);
    assert_int_equal(c->w[9].end_us, 10000 * MS);
    assert_empty(&c->w[9]);
    assert_int_equal(c->n, 9 + 1 + 24);
    scene_close(c);
}

/* A clock that steps by most of an hour with each picture. */
static void steps_of_the_clock_are_bounded(void **state)
{
    attune_options o = {.no_audio = 1};
    scene *c = scene_open(&o);
    (void)state;
    for (int64_t t = 0; t < 10; t++)
        video(c, t * 3500000);
    finish(c);
    assert_int_equal(c->w[c->n - 1].end_us / MS, 9 * 3500000);
    assert_in_range(c->n, 10, 10 * 8);
    for (int i = 1; i < c->n; i++) /* none of the time is left out */
        assert_true(c->w[i].start_us <= c->w[i - 1].end_us);
    scene_close(c);
}

/* The same beside sound that has ended, which windows wait for: many gaps lie behind each other then. */
static void steps_beside_sound_that_ended(void **state)
{
    attune_options o = {.lag_s = 30, .window_s = 0.5, .hop_s = 0.5};
    scene *c = scene_open(&o);
    int64_t t = 2000;
    (void)state;
    both(c, 0, t);
    for (int step = 0; step < 120; step++)
        video(c, t += step % 40 ? 700 : 3500000);
    finish(c);
    assert_true(c->w[c->n - 1].end_us / MS >= t);
    assert_in_range(c->n, 120, 120 * 2);
    for (int i = 1; i < c->n; i++)
        assert_true(c->w[i].start_us <= c->w[i - 1].end_us);
    scene_close(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gap_in_both_streams_is_one_window),
        cmocka_unit_test(what_counts_as_a_gap),
        cmocka_unit_test(a_gap_is_of_all_streams),
        cmocka_unit_test(steps_of_the_clock_are_bounded),
        cmocka_unit_test(steps_beside_sound_that_ended),
    };
    return cmocka_run_group_tests_name("gaps", tests, NULL, NULL);
}
