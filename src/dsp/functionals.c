#include "dsp/functionals.h"

#include "base/sort.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST_FRAMES = 3 };

typedef enum functional { MEAN, DEVIATION, LOW, MEDIAN, HIGH, STEP } functional;

static int is_voiced(const float *row)
{
    return row[AT_COL_VOICING] > 0.5f;
}

static int counts(const float *row, int speech, int column)
{
    return speech && (column != AT_COL_PITCH || is_voiced(row));
}

/* Columns that add a constant when the sound is louder. */
static int is_level(int column)
{
    return column < AT_COL_MFCC || column == AT_COL_MFCC || column == AT_COL_LOG_ENERGY;
}

static void column_functionals(const float *x, size_t n, const unsigned char *speech, int column,
                               float *value, float *out)
{
    double sum = 0, squares = 0, steps = 0;
    size_t m = 0, pairs = 0;
    int before = 0;
    memset(out, 0, AT_FUNCTIONALS_A_COLUMN * sizeof *out);
    for (size_t i = 0; i < n; i++) {
        const float *row = x + i * AT_FEATURE_COLS;
        const int now = counts(row, speech[i], column);
        if (now && before) {
            steps += fabs((double)row[column] - (double)value[m - 1]);
            pairs++;
        }
        if (now) {
            value[m++] = row[column];
            sum += (double)row[column];
        }
        before = now;
    }
    if (m < LEAST_FRAMES)
        return;
    const double mean = sum / (double)m;
    for (size_t i = 0; i < m; i++)
        squares += ((double)value[i] - mean) * ((double)value[i] - mean);
    at_sort_floats(value, m);
    const float origin = is_level(column) ? (float)mean : 0;
    out[MEAN] = (float)mean;
    out[DEVIATION] = (float)sqrt(squares / (double)m);
    out[LOW] = value[m / 20] - origin;
    out[MEDIAN] = value[m / 2] - origin;
    out[HIGH] = value[m - 1 - m / 20] - origin;
    out[STEP] = pairs ? (float)(steps / (double)pairs) : 0;
}

/* Of how loud the bands are, what is left when the recording's level is taken out. */
static void remove_level(float *out)
{
    double level = 0;
    for (int band = 0; band < AT_MEL_BANDS; band++)
        level += (double)out[band * AT_FUNCTIONALS_A_COLUMN + MEAN] / AT_MEL_BANDS;
    for (int band = 0; band < AT_MEL_BANDS; band++)
        out[band * AT_FUNCTIONALS_A_COLUMN + MEAN] -= (float)level;
    out[AT_COL_MFCC * AT_FUNCTIONALS_A_COLUMN + MEAN] = 0;
    out[AT_COL_LOG_ENERGY * AT_FUNCTIONALS_A_COLUMN + MEAN] = 0;
}

void at_functionals(const float *x, size_t n, const unsigned char *speech, float *scratch,
                    float out[AT_FUNCTIONALS])
{
    float *rest = out + AT_FEATURE_COLS * AT_FUNCTIONALS_A_COLUMN;
    size_t spoken = 0, voiced = 0, changes = 0;
    for (int column = 0; column < AT_FEATURE_COLS; column++)
        column_functionals(x, n, speech, column, scratch, out + column * AT_FUNCTIONALS_A_COLUMN);
    remove_level(out);
    for (size_t i = 0; i < n; i++) {
        const float *row = x + i * AT_FEATURE_COLS;
        spoken += speech[i];
        voiced += (size_t)is_voiced(row);
        changes += i > 0 && is_voiced(row) != is_voiced(row - AT_FEATURE_COLS);
    }
    const float frames = n ? (float)n : 1;
    rest[0] = (float)spoken / frames;
    rest[1] = (float)voiced / frames;
    rest[2] = (float)changes * AT_FRAMES_PER_S / frames;
    at_prosody(x, n, speech, scratch, out + AT_FUNCTIONALS_COLUMNS);
}
