/* quality.c - what a window's rows say of its sound, and their normalisation. */
#include <math.h>
#include <string.h>

#include "dsp/features.h"
#include "dsp/likeness.h"
#include "dsp/noise.h"
#include "dsp/vad.h"

#define SNR_MIN_DB   (-10.0)
#define SNR_MAX_DB   60.0
#define LEVEL_MIN_DB (-100.0)
#define SILENCE      1e-20 /* power */
#define NOISE_ROWS   10    /* fewer non-speech rows do not tell how loud the noise is */

/* Of powers that are compared with each other, so that loudness does not matter. */
static double decibels(double power)
{
    return 10 * log10(fmax(power, SILENCE));
}

/* The noise floor at row i with hindsight. The tracked one is the least of the last moments, so a
 * noise that begins shows in it late, but every minimum whose moments include row i is a lower
 * bound of the power there: the largest of them is the floor. (Per band, a morphological opening:
 * what rises for less than the memory is taken off, what lasts longer stays whole.) */
static double floor_at(const at_feature_row *rows, size_t n, size_t i)
{
    float most = rows[i].noise_power;
    int64_t until = rows[i].t_us + (int64_t)AT_NOISE_MEMORY * AT_FRAME_HOP_US;
    for (size_t j = i + 1; j < n && rows[j].t_us <= until; j++)
        most = rows[j].noise_power > most ? rows[j].noise_power : most;
    return (double)most;
}

static int is_voiced(const at_feature_row *row)
{
    /* Hangover rows are neither surely speech nor surely noise. */
    return row->is_speech && row->speech >= 0.5f;
}

typedef struct sums {
    double speech, floor, floor_db; /* over the voiced rows: power, floor, its level */
    double excess_db;               /* over the non-speech rows: level over the floor's */
    size_t voiced, quiet;
} sums;

static void add_up(const at_feature_row *rows, size_t n, sums *s)
{
    for (size_t i = 0; i < n; i++) {
        double power = (double)rows[i].power, floor;
        if (is_voiced(&rows[i])) {
            floor = floor_at(rows, n, i);
            s->speech += power;
            s->floor += floor;
            s->floor_db += decibels(floor);
            s->voiced++;
        } else if (!rows[i].is_speech) {
            s->excess_db += decibels(power) - decibels(floor_at(rows, n, i));
            s->quiet++;
        }
    }
}

/* Share of the voiced rows that are heard, given the speech's level and what the noise is over its
 * floor, both in dB. */
static double clear_share(const at_feature_row *rows, size_t n, double speech_db, double excess_db)
{
    const double lost = (double)AT_SNR_LOST_DB, clear = (double)AT_SNR_CLEAR_DB;
    double sum = 0;
    size_t voiced = 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_voiced(&rows[i]))
            continue;
        double snr = speech_db - decibels(floor_at(rows, n, i)) - excess_db;
        sum += fmax(0, fmin(1, (snr - lost) / (clear - lost)));
        voiced++;
    }
    return sum / (double)voiced;
}

static void compare_with_noise(const at_feature_row *rows, size_t n, at_voice_quality *out)
{
    sums s = {0};
    add_up(rows, n, &s);
    if (s.voiced == 0)
        return;
    /* The pauses tell how far a noise that jumps about is over its floor. In dB, or a few rows at
     * the fringe of a word would settle it. */
    double voiced = (double)s.voiced;
    double excess_db = s.quiet >= NOISE_ROWS ? s.excess_db / (double)s.quiet : 0;
    double noise = pow(10, excess_db / 10) * s.floor;
    double speech_db = decibels((s.speech - noise) / voiced);
    double snr = speech_db - s.floor_db / voiced - excess_db;
    out->snr_db = (float)fmax(SNR_MIN_DB, fmin(SNR_MAX_DB, snr));
    out->clear = (float)clear_share(rows, n, speech_db, excess_db);
}

void at_voice_quality_of(const at_feature_row *rows, size_t n, at_voice_quality *out)
{
    double voiced = 0, all = 0, clipped = 0;
    size_t n_voiced = 0, n_speech = 0;
    *out = (at_voice_quality){.snr_db = NAN, .level_db = NAN};
    if (n == 0)
        return;
    for (size_t i = 0; i < n; i++) {
        double power = (double)rows[i].power;
        all += power;
        clipped += (double)rows[i].clipped;
        n_speech += rows[i].is_speech != 0;
        if (is_voiced(&rows[i])) {
            voiced += power;
            n_voiced++;
        }
    }
    out->speech_share = (float)((double)n_speech / (double)n);
    out->clipped_share = (float)(clipped / (double)n);
    double level_db = decibels(n_voiced ? voiced / (double)n_voiced : all / (double)n);
    out->level_db = (float)fmax(level_db, LEVEL_MIN_DB);
    out->voice_like = at_likeness_of(rows, n);
    compare_with_noise(rows, n, out);
}

void at_features_flatten(const at_feature_row *rows, size_t n, float *x, unsigned char *speech)
{
    for (size_t i = 0; i < n; i++) {
        memcpy(x + i * AT_FEATURE_COLS, rows[i].v, sizeof rows[i].v);
        if (speech)
            speech[i] = rows[i].is_speech != 0;
    }
}

void at_features_trim(const unsigned char *speech, size_t n, size_t *from, size_t *to)
{
    size_t first = 0, last = n;
    while (first < n && !speech[first])
        first++;
    while (last > first && !speech[last - 1])
        last--;
    *from = 0;
    *to = n;
    if (first == last)
        return;
    if (first > AT_TRIM_KEEP)
        *from = first - AT_TRIM_KEEP;
    if (last + AT_TRIM_KEEP < n)
        *to = last + AT_TRIM_KEEP;
}

/* Deviations below these (about a tenth of what speech shows) are not spread out: a window of
 * steady noise stays small instead of becoming noise of deviation 1. */
static float deviation_floor(int column)
{
    if (column < AT_COL_DELTA)
        return 0.2f;
    if (column < AT_COL_DELTA2)
        return 0.05f;
    if (column < AT_COL_ZCR)
        return 0.02f;
    return column == AT_COL_ZCR ? 0.01f : 0.2f;
}

static float limited(float v)
{
    return fmaxf(-AT_NORMAL_LIMIT, fminf(AT_NORMAL_LIMIT, v));
}

/* Columns before AT_COL_VOICING to mean 0 and deviation 1 over the used rows. */
static void standardise(float *x, size_t n, const unsigned char *speech, size_t used)
{
    double sum[AT_COL_VOICING] = {0}, square[AT_COL_VOICING] = {0};
    for (size_t i = 0; i < n; i++) {
        if (speech && !speech[i])
            continue;
        for (int c = 0; c < AT_COL_VOICING; c++) {
            double v = (double)x[i * AT_FEATURE_COLS + (size_t)c];
            sum[c] += v;
            square[c] += v * v;
        }
    }
    float mean[AT_COL_VOICING], scale[AT_COL_VOICING];
    for (int c = 0; c < AT_COL_VOICING && n > 0; c++) {
        double m = sum[c] / (double)used, variance = square[c] / (double)used - m * m;
        double deviation = fmax(sqrt(fmax(variance, 0)), (double)deviation_floor(c));
        mean[c] = (float)m;
        scale[c] = (float)(1 / deviation);
    }
    for (size_t i = 0; i < n; i++) {
        for (int c = 0; c < AT_COL_VOICING; c++) {
            float *v = &x[i * AT_FEATURE_COLS + (size_t)c];
            *v = limited((*v - mean[c]) * scale[c]);
        }
    }
}

/* From noise (0) to a vowel (1), by the strength of the pitch. */
static float voicedness(const float *row)
{
    return fmaxf(0, fminf(1, (row[AT_COL_VOICING] - 0.3f) / 0.4f));
}

static void relate_pitch(float *x, size_t n, const unsigned char *speech)
{
    double sum = 0, weight = 0;
    for (size_t i = 0; i < n; i++) {
        const float *row = x + i * AT_FEATURE_COLS;
        double w = !speech || speech[i] ? (double)voicedness(row) : 0;
        sum += w * (double)row[AT_COL_PITCH];
        weight += w;
    }
    float mean = weight > 0 ? (float)(sum / weight) : 0;
    for (size_t i = 0; i < n; i++) {
        float *row = x + i * AT_FEATURE_COLS;
        row[AT_COL_PITCH] = limited(4 * voicedness(row) * (row[AT_COL_PITCH] - mean));
        row[AT_COL_VOICING] = limited(3 * (row[AT_COL_VOICING] - 0.5f));
    }
}

void at_features_normalise(float *x, size_t n, const unsigned char *speech)
{
    size_t used = 0;
    for (size_t i = 0; speech && i < n; i++)
        used += speech[i] != 0;
    if (used < AT_NORMAL_MIN_ROWS) {
        speech = NULL;
        used = n;
    }
    standardise(x, n, speech, used);
    relate_pitch(x, n, speech);
}
