/* augment.c - gain, noise, band limits, SpecAugment, and the one call for training. */
#include "degrade/sound.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

#define PI 3.14159265358979323846

#define ACTIVE_RANGE   1e-3 /* 30 dB under the loudest frame: still active */
#define TELEPHONE_LOW  300.0
#define TELEPHONE_HIGH 3400.0

void at_augment_gain(float *x, size_t n, float db)
{
    float gain = powf(10, db / 20);
    for (size_t i = 0; i < n; i++)
        x[i] *= gain;
}

/* ---- noise ------------------------------------------------------------------------------ */

static double mean_square(const float *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)x[i];
    return n ? sum / (double)n : 0;
}

/* Mean square over the 10 ms pieces within ACTIVE_RANGE of the loudest. */
static double active_power(const float *x, size_t n)
{
    double loudest = 0, sum = 0;
    size_t pieces = (n + AT_FRAME_HOP - 1) / AT_FRAME_HOP, active = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t p = 0; p < pieces; p++) {
            size_t from = p * AT_FRAME_HOP, left = n - from;
            double power = mean_square(x + from, left < AT_FRAME_HOP ? left : AT_FRAME_HOP);
            if (pass == 0) {
                loudest = fmax(loudest, power);
            } else if (power > 0 && power >= loudest * ACTIVE_RANGE) {
                sum += power;
                active++;
            }
        }
    }
    return active ? sum / (double)active : 0;
}

/* Amplitude that brings noise of that power snr_db under x, 0 where that has no meaning. */
static float noise_gain(const float *x, size_t n, double noise_power, float snr_db)
{
    double power = active_power(x, n);
    if (!(power > 0) || !(noise_power > 0))
        return 0;
    return (float)sqrt(power / noise_power / pow(10, (double)snr_db / 10));
}

void at_augment_noise(float *x, size_t n, const float *noise, size_t noise_n, float snr_db,
                      at_rng *rng)
{
    if (n == 0 || noise_n == 0)
        return;
    size_t start = at_rng_below(rng, noise_n < UINT32_MAX ? (uint32_t)noise_n : UINT32_MAX);
    double sum = 0;
    for (size_t i = 0, k = start; i < n; i++, k = k + 1 < noise_n ? k + 1 : 0)
        sum += (double)noise[k] * (double)noise[k];
    float gain = noise_gain(x, n, sum / (double)n, snr_db);
    for (size_t i = 0, k = start; i < n; i++, k = k + 1 < noise_n ? k + 1 : 0)
        x[i] += gain * noise[k];
}

void at_augment_mix(float *x, size_t n, const float *other, float snr_db)
{
    float gain = noise_gain(x, n, mean_square(other, n), snr_db);
    for (size_t i = 0; i < n; i++)
        x[i] += gain * other[i];
}

void at_augment_white(float *x, size_t n, float snr_db, at_rng *rng)
{
    float gain = noise_gain(x, n, 1, snr_db);
    for (size_t i = 0; i < n; i++)
        x[i] += gain * at_rng_normal(rng);
}

/* ---- band limits ------------------------------------------------------------------------ */

/* One second-order section over x in place; coefficients after Bristow-Johnson, "Cookbook formulae
 * for audio EQ biquad filter coefficients". */
static void biquad(float *x, size_t n, double hz, double q, int high_pass)
{
    double w = 2 * PI * hz / AT_SAMPLE_RATE, alpha = sin(w) / (2 * q), c = cos(w);
    double sign = high_pass ? 1 : -1;
    double a0 = 1 + alpha, a1 = -2 * c / a0, a2 = (1 - alpha) / a0;
    double b0 = (1 + sign * c) / 2 / a0, b1 = -2 * sign * b0;
    double s1 = 0, s2 = 0; /* transposed direct form II */
    for (size_t i = 0; i < n; i++) {
        double in = (double)x[i], out = b0 * in + s1;
        s1 = b1 * in - a1 * out + s2;
        s2 = b0 * in - a2 * out;
        x[i] = (float)out;
    }
}

int at_augment_band(float *x, size_t n, double low_hz, double high_hz)
{
    if (!(low_hz > 0 && low_hz < high_hz && high_hz < AT_SAMPLE_RATE / 2.0))
        return ATTUNE_E_ARG;
    /* The pole pairs of a Butterworth filter of order 4 have these Q. */
    for (int pair = 0; pair < 2; pair++) {
        double q = 1 / (2 * cos(PI * (2 * pair + 1) / 8));
        biquad(x, n, low_hz, q, 1);
        biquad(x, n, high_hz, q, 0);
    }
    return ATTUNE_OK;
}

/* ---- SpecAugment ------------------------------------------------------------------------ */

static void clear(float *x, size_t from_row, size_t rows, int from_col, int cols)
{
    for (size_t i = from_row; i < from_row + rows; i++)
        memset(x + i * AT_FEATURE_COLS + from_col, 0, (size_t)cols * sizeof *x);
}

void at_augment_spec(float *x, size_t n, const at_spec_masks *m, at_rng *rng)
{
    if (n == 0)
        return;
    int bands = m->freq_width < AT_MEL_BANDS ? m->freq_width : AT_MEL_BANDS;
    for (int i = 0; i < m->freq_masks && bands > 0; i++) {
        int width = (int)at_rng_below(rng, (uint32_t)bands + 1);
        int from = (int)at_rng_below(rng, (uint32_t)(AT_MEL_BANDS - width) + 1);
        clear(x, 0, n, AT_COL_LOGMEL + from, width);
    }
    double share = m->time_share > 0 && m->time_share < 1 ? (double)m->time_share : 1;
    size_t most = (size_t)(share * (double)n);
    if (m->time_width < 0 || (size_t)m->time_width < most)
        most = m->time_width > 0 ? (size_t)m->time_width : 0;
    for (int i = 0; i < m->time_masks && most > 0; i++) {
        size_t width = at_rng_below(rng, (uint32_t)most + 1);
        size_t from = at_rng_below(rng, (uint32_t)(n - width) + 1);
        clear(x, from, width, 0, AT_FEATURE_COLS);
    }
    if (m->mfcc_p > 0 && at_rng_float(rng) < m->mfcc_p)
        clear(x, 0, n, AT_COL_MFCC, AT_COL_ZCR - AT_COL_MFCC);
}

/* ---- all together ----------------------------------------------------------------------- */

/* Replaces *x by what a call made of it. */
static void replace(float **x, float *by)
{
    at_free(*x);
    *x = by;
}

int at_augment_voice(const float *x, size_t n, const at_voice_augment *a, at_rng *rng, float **out,
                     size_t *out_n, attune_error *err)
{
    int status = ATTUNE_E_NOMEM;
    float *made;
    *out = NULL;
    *out_n = 0;
    float *y = at_alloc(n, sizeof *y);
    if (!y)
        goto fail;
    if (n > 0)
        memcpy(y, x, n * sizeof *y);
    if (at_rng_float(rng) < a->speed_p) {
        double factor = (double)at_rng_range(rng, a->speed_min, a->speed_max);
        size_t made_n;
        status = at_augment_speed(y, n, factor, &made, &made_n);
        if (status < 0)
            goto fail;
        replace(&y, made);
        n = made_n;
    }
    if (at_rng_float(rng) < a->pitch_p) {
        double semitones = (double)at_rng_range(rng, -a->pitch_max, a->pitch_max);
        status = at_augment_pitch(y, n, semitones, &made);
        if (status < 0)
            goto fail;
        replace(&y, made);
    }
    if (at_rng_float(rng) < a->band_p)
        at_augment_band(y, n, TELEPHONE_LOW, TELEPHONE_HIGH);
    if (at_rng_float(rng) < a->gain_p)
        at_augment_gain(y, n, at_rng_range(rng, -a->gain_max, a->gain_max));
    if (at_rng_float(rng) < a->noise_p) {
        float snr_db = at_rng_range(rng, a->snr_min, a->snr_max);
        if (a->noise)
            at_augment_noise(y, n, a->noise, a->noise_n, snr_db, rng);
        else
            at_augment_white(y, n, snr_db, rng);
    }
    for (size_t i = 0; i < n; i++)
        y[i] = fmaxf(-1, fminf(1, y[i]));
    *out = y;
    *out_n = n;
    return ATTUNE_OK;
fail:
    at_free(y);
    return status == ATTUNE_E_NOMEM ? at_fail_nomem(err)
                                    : at_fail(err, status, "voice augmentation out of range");
}
