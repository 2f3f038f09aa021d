/* likeness.c - see likeness.h. */
#include "dsp/likeness.h"

#include <math.h>
#include <string.h>

#define VOICED     0.5f  /* a pitch this strong is one */
#define HELD       0.01f /* octaves in 10 ms: a held note moves less */
#define PITCH_LEAP 0.5f  /* octaves; a larger step is another voice or a mistake */

typedef struct moments {
    double sum, square;
    size_t n;
} moments;

static void add(moments *m, double v)
{
    m->sum += v;
    m->square += v * v;
    m->n++;
}

static float mean_of(const moments *m)
{
    return m->n ? (float)(m->sum / (double)m->n) : 0;
}

static float deviation_of(const moments *m)
{
    if (m->n == 0)
        return 0;
    double mean = m->sum / (double)m->n;
    return (float)sqrt(fmax(m->square / (double)m->n - mean * mean, 0));
}

/* Where the next statistics go. */
static float *put(float *at, const moments *m, int with_mean, int with_deviation)
{
    if (with_mean)
        *at++ = mean_of(m);
    if (with_deviation)
        *at++ = deviation_of(m);
    return at;
}

/* The timbre and how fast it changes: c0 is loudness, so only its changes count. */
static float *describe_timbre(const at_feature_row *rows, size_t n, float *at)
{
    for (int c = 0; c < AT_MFCCS; c++) {
        moments value = {0}, change = {0};
        for (size_t i = 0; i < n; i++) {
            if (!rows[i].is_speech)
                continue;
            add(&value, (double)rows[i].v[AT_COL_MFCC + c]);
            add(&change, fabs((double)rows[i].v[AT_COL_DELTA + c]));
        }
        at = put(at, &value, c > 0, 1);
        at = put(at, &change, 1, 0);
    }
    return at;
}

/* How much the strongest band stands out: a lot where there is one tone. */
static double tonality(const at_feature_row *row)
{
    double sum = 0, most = -INFINITY;
    for (int b = 0; b < AT_MEL_BANDS; b++) {
        sum += (double)row->v[AT_COL_LOGMEL + b];
        most = fmax(most, (double)row->v[AT_COL_LOGMEL + b]);
    }
    return most - sum / AT_MEL_BANDS;
}

static float *describe_spectrum(const at_feature_row *rows, size_t n, float *at)
{
    moments zcr = {0}, tone = {0}, speech = {0}, over_noise = {0};
    for (size_t i = 0; i < n; i++) {
        add(&speech, rows[i].is_speech);
        if (!rows[i].is_speech)
            continue;
        add(&zcr, (double)rows[i].v[AT_COL_ZCR]);
        add(&tone, tonality(&rows[i]));
        add(&over_noise, log(fmax((double)(rows[i].power / rows[i].noise_power), 1e-3)));
    }
    at = put(at, &zcr, 1, 1);
    at = put(at, &tone, 1, 1);
    at = put(at, &over_noise, 1, 1);
    return put(at, &speech, 1, 0);
}

/* How the pitch moves: a voice's never rests and seldom leaps. */
static float *describe_pitch(const at_feature_row *rows, size_t n, float *at)
{
    moments voicing = {0}, voiced = {0}, pitch = {0}, step = {0}, held = {0}, leap = {0};
    for (size_t i = 0; i < n; i++) {
        const float *v = rows[i].v;
        if (!rows[i].is_speech)
            continue;
        add(&voicing, (double)v[AT_COL_VOICING]);
        add(&voiced, v[AT_COL_VOICING] > VOICED);
        if (!(v[AT_COL_VOICING] > VOICED))
            continue;
        add(&pitch, (double)v[AT_COL_PITCH]);
        if (i == 0 || !(rows[i - 1].v[AT_COL_VOICING] > VOICED))
            continue;
        float moved = fabsf(v[AT_COL_PITCH] - rows[i - 1].v[AT_COL_PITCH]);
        add(&step, (double)fminf(moved, PITCH_LEAP));
        add(&held, moved < HELD);
        add(&leap, moved > PITCH_LEAP);
    }
    at = put(at, &voicing, 1, 1);
    at = put(at, &voiced, 1, 0);
    at = put(at, &pitch, 1, 1);
    at = put(at, &step, 1, 0);
    at = put(at, &held, 1, 0);
    return put(at, &leap, 1, 0);
}

/* How far the energy moves within some tens of milliseconds: syllables come four a second. Pauses
 * belong to them, so all rows count. */
static float *describe_rhythm(const at_feature_row *rows, size_t n, float *at)
{
    static const size_t lag[] = {1, 5, 10, 20};
    for (size_t k = 0; k < sizeof lag / sizeof *lag; k++) {
        moments move = {0};
        for (size_t i = lag[k]; i < n; i++)
            add(&move, fabs((double)(rows[i].v[AT_COL_LOG_ENERGY] -
                                     rows[i - lag[k]].v[AT_COL_LOG_ENERGY])));
        at = put(at, &move, 1, 1);
    }
    return at;
}

size_t at_likeness_describe(const at_feature_row *rows, size_t n, float *stats)
{
    size_t spoken = 0;
    for (size_t i = 0; i < n; i++)
        spoken += rows[i].is_speech != 0;
    if (spoken < AT_LIKENESS_SPEECH_ROWS)
        return spoken;
    float *at = describe_timbre(rows, n, stats);
    at = describe_spectrum(rows, n, at);
    at = describe_pitch(rows, n, at);
    at = describe_rhythm(rows, n, at);
    return spoken;
}

/* The probability that such rows are a voice, [0, 1]. */
static float judge(const float *stats)
{
    float z = at_likeness_b2;
    for (int h = 0; h < AT_LIKENESS_HIDDEN; h++) {
        float sum = at_likeness_b1[h];
        for (int i = 0; i < AT_LIKENESS_STATS; i++)
            sum += at_likeness_w1[h][i] * stats[i];
        z += at_likeness_w2[h] * tanhf(sum);
    }
    return 1 / (1 + expf(-z));
}

float at_likeness_of(const at_feature_row *rows, size_t n)
{
    double sum = 0, weight = 0;
    for (size_t from = 0;; from += AT_LIKENESS_STEP) {
        float stats[AT_LIKENESS_STATS];
        int last = from + AT_LIKENESS_ROWS >= n;
        /* The last stretch ends where the rows do. */
        if (last)
            from = n > AT_LIKENESS_ROWS ? n - AT_LIKENESS_ROWS : 0;
        size_t length = n - from < AT_LIKENESS_ROWS ? n - from : AT_LIKENESS_ROWS;
        size_t spoken = at_likeness_describe(rows + from, length, stats);
        if (spoken >= AT_LIKENESS_SPEECH_ROWS) {
            sum += (double)spoken * (double)judge(stats);
            weight += (double)spoken;
        }
        if (last)
            return weight > 0 ? (float)(sum / weight) : 0;
    }
}
