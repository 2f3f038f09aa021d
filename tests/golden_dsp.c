/* Voice features against tests/oracle/dsp_oracle.py, which wrote tests/golden/dsp.txt. */
#include "base/mem.h"
#include "dsp/features.h"
#include "golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <math.h>
#include <cmocka.h>

#define TOLERANCE 1e-4 /* relative to the largest of the row's group */
enum { SAMPLES = 4880, ROWS = 29, SPARSE = 4, EVERY = 9, HARMONICS = 12 };

static double features[ROWS * AT_FEATURE_COLS], normalised[SPARSE * AT_FEATURE_COLS];

/* As in the oracle. */
static void make_signal(float *x)
{
    uint32_t noise = 12345;
    double last = (double)(SAMPLES - 1) / AT_SAMPLE_RATE;
    for (int i = 0; i < SAMPLES; i++) {
        double t = (double)i / AT_SAMPLE_RATE;
        double phase = 2 * M_PI * (140 * t + 100 * t * t), voice = 0;
        for (int k = 1; k <= HARMONICS; k++)
            voice += sin(k * phase) / k;
        noise = 1664525u * noise + 1013904223u;
        double envelope = pow(sin(M_PI * t / last), 2);
        double v = 0.2 * voice * envelope + 0.003 * (noise / 2147483648.0 - 1) + 0.01;
        x[i] = (float)(floor(v * 32768 + 0.5) / 32768);
    }
}

static void read_table(FILE *f, const char *name, int rows, double *out)
{
    char found[32];
    int n, cols;
    assert_int_equal(fscanf(f, "%31s %d %d", found, &n, &cols), 3);
    assert_string_equal(found, name);
    assert_int_equal(n, rows);
    assert_int_equal(cols, AT_FEATURE_COLS);
    for (int i = 0; i < rows * cols; i++)
        assert_int_equal(fscanf(f, "%lf", &out[i]), 1);
}

static int read_golden(void **state)
{
    (void)state;
    FILE *f = open_golden("dsp.txt");
    read_table(f, "features", ROWS, features);
    read_table(f, "normalised", SPARSE, normalised);
    fclose(f);
    return 0;
}

/* The groups of columns have scales of their own. */
static void compare(const float *x, const double *golden, int row)
{
    static const int start[] = {AT_COL_LOGMEL,  AT_COL_MFCC,  AT_COL_DELTA,
                                AT_COL_DELTA2,  AT_COL_ZCR,   AT_COL_LOG_ENERGY,
                                AT_COL_VOICING, AT_COL_PITCH, AT_FEATURE_COLS};
    for (size_t g = 0; g + 1 < sizeof start / sizeof *start; g++) {
        double scale = 0;
        for (int c = start[g]; c < start[g + 1]; c++)
            scale = fmax(scale, fabs(golden[c]));
        for (int c = start[g]; c < start[g + 1]; c++) {
            double off = fabs((double)x[c] - golden[c]);
            if (!(off <= TOLERANCE * scale))
                fail_msg("row %d column %d: %.9g, not %.9g", row, c, (double)x[c], golden[c]);
        }
    }
}

static void features_and_normalisation(void **state)
{
    (void)state;
    static float pcm[SAMPLES], x[ROWS * AT_FEATURE_COLS];
    unsigned char speech[ROWS];
    at_feature_row *rows;
    size_t n;
    make_signal(pcm);
    assert_int_equal(at_features_extract(pcm, SAMPLES, NULL, &rows, &n, NULL), ATTUNE_OK);
    assert_int_equal(n, ROWS);
    for (int i = 0; i < ROWS; i++) {
        compare(rows[i].v, features + i * AT_FEATURE_COLS, i);
        rows[i].is_speech = i % 3 != 0;
    }
    at_features_flatten(rows, n, x, speech);
    at_features_normalise(x, n, speech);
    for (int i = 0; i < SPARSE; i++)
        compare(x + i * EVERY * AT_FEATURE_COLS, normalised + i * AT_FEATURE_COLS, i * EVERY);
    at_free(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(features_and_normalisation),
    };
    return cmocka_run_group_tests_name("golden dsp", tests, read_golden, NULL);
}
