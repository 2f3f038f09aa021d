/* dsp/prosody.h against tests/oracle/prosody_oracle.py, which made golden/prosody.txt; that loudness changes
 * none of it and that it is defined for whatever there is. */
#include "dsp/functionals.h"
#include "golden.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ROWS = 173 };

#define TOLERANCE 2e-5

static double golden[AT_PROSODY];
static float x[ROWS * AT_FEATURE_COLS], scratch[ROWS * AT_PROSODY_SCRATCH], out[AT_PROSODY];
static unsigned char speech[ROWS];

static double noise(uint32_t *state)
{
    *state = 1664525u * *state + 1013904223u;
    return (double)*state / 2147483648.0 - 1;
}

/* As the oracle's rows(). */
static void make_rows(void)
{
    uint32_t state = 2026;
    for (int i = 0; i < ROWS; i++) {
        double v[AT_FEATURE_COLS];
        for (int c = 0; c < AT_FEATURE_COLS; c++)
            v[c] = noise(&state) + 0.1 * (c % 7);
        for (int c = 0; c < AT_MEL_BANDS; c++)
            v[c] = 2 * v[c] - 0.15 * c - 6;
        const double side = v[AT_COL_VOICING] > 0 ? 1 : -1;
        v[AT_COL_VOICING] = (i % 29 < 17 ? 0.75 : 0.25) + 0.2 * (v[AT_COL_VOICING] - 0.5 * side);
        v[AT_COL_PITCH] = 1 + 0.01 * (i % 37) + 0.05 * v[AT_COL_PITCH];
        for (int c = 0; c < AT_FEATURE_COLS; c++)
            x[i * AT_FEATURE_COLS + c] = (float)v[c];
        speech[i] = i >= 5 && i < 165 && i % 61 < 50;
    }
}

static int read_golden(void **state)
{
    (void)state;
    int n;
    FILE *f = open_golden("prosody.txt");
    assert_int_equal(fscanf(f, "prosody %d", &n), 1);
    assert_int_equal(n, AT_PROSODY);
    for (int i = 0; i < n; i++)
        assert_int_equal(fscanf(f, "%lf", &golden[i]), 1);
    fclose(f);
    return 0;
}

static void compare(const char *what, double tolerance)
{
    for (int i = 0; i < AT_PROSODY; i++)
        if (!(fabs((double)out[i] - golden[i]) <= tolerance * fmax(1, fabs(golden[i]))))
            fail_msg("%s, %s: %.9g, not %.9g", what, at_prosody_names[i], (double)out[i],
                     golden[i]);
}

static void as_the_oracle(void **state)
{
    (void)state;
    make_rows();
    at_prosody(x, ROWS, speech, scratch, out);
    compare("rows", TOLERANCE);
}

static void louder_is_the_same(void **state)
{
    (void)state;
    make_rows();
    for (int i = 0; i < ROWS; i++) {
        for (int c = 0; c < AT_MEL_BANDS; c++)
            x[i * AT_FEATURE_COLS + c] += 120;
        x[i * AT_FEATURE_COLS + AT_COL_MFCC] += 120 * sqrtf(AT_MEL_BANDS);
        x[i * AT_FEATURE_COLS + AT_COL_LOG_ENERGY] += 120;
    }
    at_prosody(x, ROWS, speech, scratch, out);
    compare("louder", 2e-3);
}

/* The names stand where the values do: the last of a stretch's functionals. */
static void last_of_the_functionals(void **state)
{
    static float room[ROWS * AT_FUNCTIONALS_SCRATCH], all[AT_FUNCTIONALS];
    (void)state;
    make_rows();
    at_functionals(x, ROWS, speech, room, all);
    memcpy(out, all + AT_FUNCTIONALS_COLUMNS, sizeof out);
    compare("functionals", TOLERANCE);
    for (int i = 0; i < AT_PROSODY; i++)
        for (int k = 0; k < i; k++)
            assert_string_not_equal(at_prosody_names[i], at_prosody_names[k]);
}

/* An octave up, only the level of the pitch is another. */
static void higher_is_the_same(void **state)
{
    (void)state;
    make_rows();
    for (int i = 0; i < ROWS; i++)
        x[i * AT_FEATURE_COLS + AT_COL_PITCH] += 1;
    at_prosody(x, ROWS, speech, scratch, out);
    for (int i = 0; i < AT_PROSODY; i++)
        if (strcmp(at_prosody_names[i], "pitch level") == 0)
            out[i] -= 12;
    compare("higher", 1e-3);
}

/* No rows, few, none spoken, none voiced, all of one kind: numbers, whatever they say. */
static void whatever_there_is(void **state)
{
    (void)state;
    for (int kind = 0; kind < 5; kind++)
        for (size_t n = 0; n <= ROWS; n = 2 * n + 1) {
            make_rows();
            for (size_t i = 0; i < n; i++) {
                speech[i] = kind != 0 && (kind != 1 || i < 2);
                x[i * AT_FEATURE_COLS + AT_COL_VOICING] = kind == 2 ? 0 : kind == 3 ? 1 : 0.6F;
                for (int c = 0; kind == 4 && c < AT_FEATURE_COLS; c++)
                    x[i * AT_FEATURE_COLS + c] = 0;
            }
            at_prosody(x, n, speech, scratch, out);
            for (int i = 0; i < AT_PROSODY; i++)
                if (!isfinite(out[i]))
                    fail_msg("kind %d, %zu rows: %s is %g", kind, n, at_prosody_names[i],
                             (double)out[i]);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_the_oracle),      cmocka_unit_test(louder_is_the_same),
        cmocka_unit_test(higher_is_the_same), cmocka_unit_test(last_of_the_functionals),
        cmocka_unit_test(whatever_there_is),
    };
    return cmocka_run_group_tests_name("golden prosody", tests, read_golden, NULL);
}
