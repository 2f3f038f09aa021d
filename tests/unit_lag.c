/* The lag between two courses: found where there is one, not made up where there is none. */
#include "base/rng.h"
#include "dsp/lag.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Energies of somebody who speaks: syllables of 80 to 250 ms at drawn times, some longer pauses, and a
 * floor. */
static float *speak(size_t n, uint64_t seed, float floor)
{
    float *x = calloc(n, sizeof *x);
    at_rng r;
    assert_non_null(x);
    at_rng_seed(&r, seed, 0);
    for (size_t at = 0; at < n;) {
        const size_t length = 8 + at_rng_below(&r, 18);
        const float loud = at_rng_range(&r, 0.1f, 1);
        for (size_t i = at; i < at + length && i < n; i++)
            x[i] = loud * (0.5f - 0.5f * cosf(6.2832f * (float)(i - at) / (float)length));
        at += length + at_rng_below(&r, at_rng_float(&r) < 0.2f ? 90 : 14);
    }
    for (size_t i = 0; i < n; i++)
        x[i] += floor * at_rng_range(&r, 0.5f, 1.5f);
    return x;
}

/* What another microphone makes of rows from (negative: before them): fainter, late by an echo, noisier. */
static float *hear(const float *x, size_t n, int from, size_t count, uint64_t seed)
{
    float *y = calloc(count, sizeof *y);
    at_rng r;
    assert_non_null(y);
    at_rng_seed(&r, seed, 1);
    for (size_t i = 0; i < count; i++) {
        const int at = from + (int)i;
        const float direct = at >= 0 && at < (int)n ? x[at] : 0;
        const float echo = at >= 6 && at - 6 < (int)n ? x[at - 6] : 0;
        y[i] = 0.01f * (direct + 0.3f * echo) + 0.0005f * at_rng_range(&r, 0.5f, 1.5f);
    }
    return y;
}

static at_lag find(float *a, size_t na, float *b, size_t nb)
{
    at_lag lag;
    assert_int_equal(at_lag_level(a, na), 0);
    assert_int_equal(at_lag_level(b, nb), 0);
    assert_int_equal(at_lag_find(&lag, a, na, b, nb), 0);
    free(a);
    free(b);
    return lag;
}

static void known_lags(void **state)
{
    static const struct {
        size_t n, count;
        int from;
    } cases[] = {{3000, 3000, 0},    {3000, 2000, 437},   {3000, 3500, -390}, {3000, 400, 1500},
                 {400, 6000, -2222}, {20000, 900, 17345}, {350, 320, 25}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        float *x = speak(cases[i].n, 10 + i, 0.002f);
        float *y = hear(x, cases[i].n, cases[i].from, cases[i].count, 3);
        const at_lag lag = find(x, cases[i].n, y, cases[i].count);
        if (!lag.known || fabs(lag.rows - cases[i].from) > 2) /* the echo draws it 14 ms away */
            fail_msg("case %zu: %d %g, r %g, %g", i, lag.known, lag.rows, (double)lag.agreement,
                     (double)lag.distinct);
    }
}

static void strangers_are_not_told(void **state)
{
    int told = 0;
    (void)state;
    for (uint64_t seed = 0; seed < 40; seed++) {
        const size_t na = seed % 2 ? 3000 : 300, nb = seed % 4 > 1 ? 2500 : 320;
        const at_lag lag =
            find(speak(na, 100 + seed, 0.002f), na, speak(nb, 200 + seed, 0.002f), nb);
        told += lag.known;
    }
    assert_int_equal(told, 0);
}

/* A beat fits at every period: some lag is best, and nothing tells it from the others. */
static void a_beat_is_not_told(void **state)
{
    enum { N = 3000, PERIOD = 50 };
    float *a = calloc(N, sizeof *a), *b = calloc(N, sizeof *b);
    (void)state;
    assert_true(a && b);
    for (int i = 0; i < N; i++)
        a[i] = b[i] = i % PERIOD < 10 ? 1 : 0.01f;
    const at_lag lag = find(a, N, b, N);
    assert_true(lag.agreement > 0.9f && lag.distinct < 1.2f);
    assert_false(lag.known);
}

static void nothing_to_go_by(void **state)
{
    at_lag lag;
    float still[1000] = {0}, *x = speak(1000, 1, 0.002f);
    (void)state;
    assert_int_equal(at_lag_find(&lag, x, 1000, still, 1000), 0);
    assert_false(lag.known);
    assert_true(lag.agreement == 0);
    assert_int_equal(at_lag_find(&lag, x, 1000, x, 199),
                     0); /* too short for chance to be ruled out */
    assert_false(lag.known);
    assert_int_equal(at_lag_find(&lag, NULL, 0, NULL, 0), 0);
    assert_int_equal(at_lag_level(NULL, 0), 0);
    assert_false(lag.known);
    free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_lags),
        cmocka_unit_test(strangers_are_not_told),
        cmocka_unit_test(a_beat_is_not_told),
        cmocka_unit_test(nothing_to_go_by),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
