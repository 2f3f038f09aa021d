/* quality.c - what a window's rows say of its sound, and their normalisation. */
#include <math.h>
#include <string.h>

#include "dsp/features.h"
#include "dsp/vad.h"

#define SNR_MIN_DB (-10.0)
#define SNR_MAX_DB 60.0
#define NOISE_ROWS 10 /* fewer non-speech rows: ask the noise tracker */

static double decibels(double power)
{
    return 10 * log10(power > (double)AT_POWER_FLOOR ? power : (double)AT_POWER_FLOOR);
}

void at_voice_quality_of(const at_feature_row *rows, size_t n, at_voice_quality *out)
{
    double voiced = 0, quiet = 0, tracked = 0, all = 0, clipped = 0;
    size_t n_voiced = 0, n_quiet = 0, n_speech = 0;
    for (size_t i = 0; i < n; i++) {
        double power = (double)rows[i].power;
        all += power;
        clipped += (double)rows[i].clipped;
        tracked += (double)rows[i].noise_power;
        n_speech += rows[i].is_speech != 0;
        /* Hangover rows are neither surely speech nor surely noise. */
        if (rows[i].is_speech && rows[i].speech >= 0.5f) {
            voiced += power;
            n_voiced++;
        } else if (!rows[i].is_speech) {
            quiet += power;
            n_quiet++;
        }
    }
    *out = (at_voice_quality){.snr_db = NAN, .level_db = NAN};
    if (n == 0)
        return;
    out->speech_share = (float)((double)n_speech / (double)n);
    out->clipped_share = (float)(clipped / (double)n);
    out->level_db = (float)decibels(n_voiced ? voiced / (double)n_voiced : all / (double)n);
    if (n_voiced == 0)
        return;
    double noise = n_quiet >= NOISE_ROWS ? quiet / (double)n_quiet : tracked / (double)n;
    double speech = voiced / (double)n_voiced - noise;
    double snr = decibels(speech) - decibels(noise);
    out->snr_db = (float)fmax(SNR_MIN_DB, fmin(SNR_MAX_DB, snr));
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

void at_features_normalise(float *x, size_t n, const unsigned char *speech)
{
    size_t used = 0;
    for (size_t i = 0; speech && i < n; i++)
        used += speech[i] != 0;
    if (used < AT_NORMAL_MIN_ROWS) {
        speech = NULL;
        used = n;
    }
    double sum[AT_FEATURE_COLS] = {0}, square[AT_FEATURE_COLS] = {0};
    for (size_t i = 0; i < n; i++) {
        if (speech && !speech[i])
            continue;
        for (int c = 0; c < AT_FEATURE_COLS; c++) {
            double v = (double)x[i * AT_FEATURE_COLS + (size_t)c];
            sum[c] += v;
            square[c] += v * v;
        }
    }
    float mean[AT_FEATURE_COLS], scale[AT_FEATURE_COLS];
    for (int c = 0; c < AT_FEATURE_COLS && n > 0; c++) {
        double m = sum[c] / (double)used, variance = square[c] / (double)used - m * m;
        double deviation = fmax(sqrt(fmax(variance, 0)), (double)deviation_floor(c));
        mean[c] = (float)m;
        scale[c] = (float)(1 / deviation);
    }
    for (size_t i = 0; i < n; i++) {
        for (int c = 0; c < AT_FEATURE_COLS; c++) {
            float *v = &x[i * AT_FEATURE_COLS + (size_t)c];
            *v = fmaxf(-AT_NORMAL_LIMIT, fminf(AT_NORMAL_LIMIT, (*v - mean[c]) * scale[c]));
        }
    }
}
