/* spectrum.c - see spectrum.h. Equations after Young et al., The HTK Book 3.4, chapter 5. */
#include "dsp/spectrum.h"

#include <kiss_fftr.h>
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

#define PI          3.14159265358979323846
#define SILENCE     1e-16f /* nothing to be periodic */
#define OCTAVE_COST 0.03f  /* height of a peak that an octave up is worth */

/* The pitch search runs at half the sample rate. */
enum {
    PITCH_RATE = AT_SAMPLE_RATE / 2,
    PITCH_LEN = AT_FRAME_LEN / 2,
    LAG_MIN = PITCH_RATE / (int)AT_PITCH_TOP_HZ,
    LAG_MAX = PITCH_RATE / (int)AT_PITCH_LOW_HZ + 1, /* a peak needs a neighbour */
    LAGS = LAG_MAX - LAG_MIN + 1,
    LANES = 4,   /* of a vector, one a lag */
    AT_ONCE = 8, /* vectors of sums that registers hold */
    LAGS_AT_ONCE = AT_ONCE * LANES,
    LAGS_MADE = (LAGS + LAGS_AT_ONCE - 1) / LAGS_AT_ONCE * LAGS_AT_ONCE,
    /* Two triangles overlap at any bin, so no table of weights is longer. */
    MEL_WEIGHTS = 2 * AT_FFT_BINS,
};

typedef float lanes
    __attribute__((vector_size(LANES * sizeof(float)), aligned(sizeof(float)), may_alias));

struct at_spectrum {
    kiss_fftr_cfg fft; /* in memory from at_alloc */
    float window[AT_FRAME_LEN];
    float power_scale; /* 1 / sum of the squared window */
    int first[AT_MEL_BANDS], count[AT_MEL_BANDS], offset[AT_MEL_BANDS];
    float weight[MEL_WEIGHTS];
    float power_of_band[AT_MEL_BANDS]; /* share of the mean square that a band's power makes */
    float dct[AT_MFCCS][AT_MEL_BANDS];
    float lag_gain[LAGS];
    /* Scratch. */
    float frame[AT_FFT_LEN];
    kiss_fft_cpx bin[AT_FFT_BINS];
    float power[AT_FFT_BINS];
    float half[PITCH_LEN + LAG_MIN + LAGS_MADE]; /* zeros after PITCH_LEN */
};

static double mel_of_hz(double hz)
{
    return 2595.0 * log10(1.0 + hz / 700.0);
}

double at_mel_edge(int i)
{
    const double low = mel_of_hz(AT_MEL_LOW_HZ), high = mel_of_hz(AT_MEL_HIGH_HZ);
    return low + (high - low) * i / (AT_MEL_BANDS + 1);
}

double at_hz_of_mel(double mel)
{
    return 700 * (pow(10, mel / 2595) - 1);
}

/* The power gain of the pre-emphasis, weighted as band b weights its bins:
 * |1 - a e^{-iw}|^2 = 1 + a^2 - 2 a cos w. */
static double emphasis_in(const at_spectrum *s, int b)
{
    const double a = (double)AT_PRE_EMPHASIS;
    double gain = 0;
    for (int i = 0; i < s->count[b]; i++) {
        double w = 2 * PI * (s->first[b] + i) / AT_FFT_LEN;
        gain += (double)s->weight[s->offset[b] + i] * (1 + a * a - 2 * a * cos(w));
    }
    return gain;
}

/* Band b rises from centre b-1 to b and falls to b+1, centres being equally spaced in mel. */
static void make_mel(at_spectrum *s)
{
    double low = mel_of_hz(AT_MEL_LOW_HZ);
    double step = (mel_of_hz(AT_MEL_HIGH_HZ) - low) / (AT_MEL_BANDS + 1);
    int used = 0;
    for (int b = 0; b < AT_MEL_BANDS; b++) {
        double centre = low + (b + 1) * step, sum = 0;
        s->offset[b] = used;
        for (int k = 0; k < AT_FFT_BINS; k++) {
            double w = 1 - fabs(mel_of_hz((double)k * AT_SAMPLE_RATE / AT_FFT_LEN) - centre) / step;
            if (w <= 0)
                continue;
            if (s->count[b]++ == 0)
                s->first[b] = k;
            s->weight[used++] = (float)w;
            sum += w;
        }
        for (int i = s->offset[b]; i < used; i++)
            s->weight[i] = (float)(s->weight[i] / sum);
        s->power_of_band[b] = (float)(sum / (AT_FFT_BINS - 1) / emphasis_in(s, b));
    }
}

/* A window makes the autocorrelation of a periodic sound fall with the lag as its own does.
 * Boersma 1993 divides by that; its root is the better bargain here, as 25 ms hold but two periods
 * of a low voice and noise would be raised by the full division as well. */
static void make_lag_gain(at_spectrum *s)
{
    double zero = 0;
    for (int i = 0; i < PITCH_LEN; i++)
        zero += pow((double)s->window[2 * i], 2);
    for (int lag = LAG_MIN; lag <= LAG_MAX; lag++) {
        double r = 0;
        for (int i = 0; i + lag < PITCH_LEN; i++)
            r += (double)s->window[2 * i] * (double)s->window[2 * (i + lag)];
        s->lag_gain[lag - LAG_MIN] = (float)sqrt(zero / r);
    }
}

static void make_tables(at_spectrum *s)
{
    double energy = 0;
    for (int i = 0; i < AT_FRAME_LEN; i++) {
        double w = 0.54 - 0.46 * cos(2 * PI * i / (AT_FRAME_LEN - 1));
        s->window[i] = (float)w;
        energy += w * w;
    }
    s->power_scale = (float)(1 / energy);
    make_mel(s);
    make_lag_gain(s);
    for (int c = 0; c < AT_MFCCS; c++) {
        double scale = sqrt((c == 0 ? 1.0 : 2.0) / AT_MEL_BANDS);
        for (int b = 0; b < AT_MEL_BANDS; b++)
            s->dct[c][b] = (float)(scale * cos(PI * c * (b + 0.5) / AT_MEL_BANDS));
    }
}

int at_spectrum_create(at_spectrum **out, attune_error *err)
{
    size_t bytes = 0;
    kiss_fftr_alloc(AT_FFT_LEN, 0, NULL, &bytes);
    at_spectrum *s = at_calloc(1, sizeof *s);
    void *memory = at_alloc(1, bytes);
    *out = NULL;
    if (!s || !memory)
        goto fail;
    s->fft = kiss_fftr_alloc(AT_FFT_LEN, 0, memory, &bytes);
    if (!s->fft)
        goto fail;
    make_tables(s);
    *out = s;
    return ATTUNE_OK;
fail:
    at_free(memory);
    at_free(s);
    return at_fail_nomem(err);
}

void at_spectrum_free(at_spectrum **s)
{
    if (!s || !*s)
        return;
    at_free((*s)->fft);
    at_free(*s);
    *s = NULL;
}

void at_spectrum_frame(at_spectrum *s, const float *pcm, at_frame *out)
{
    double sum = 0, square = 0;
    for (int i = 0; i < AT_FRAME_LEN; i++)
        sum += (double)pcm[i];
    float mean = (float)(sum / AT_FRAME_LEN);

    int changes = 0;
    float before = pcm[0] - mean;
    /* HTK pre-emphasises frame by frame: the first sample has itself as predecessor. */
    float emphasised = before;
    for (int i = 0; i < AT_FRAME_LEN; i++) {
        float x = pcm[i] - mean;
        changes += (x < 0) != (before < 0);
        square += (double)x * (double)x;
        s->frame[i] = (x - AT_PRE_EMPHASIS * emphasised) * s->window[i];
        before = emphasised = x;
    }
    out->power = (float)(square / AT_FRAME_LEN);
    out->zcr = (float)changes / (AT_FRAME_LEN - 1);

    kiss_fftr(s->fft, s->frame, s->bin); /* frame[AT_FRAME_LEN ..] stays zero */
    for (int k = 0; k < AT_FFT_BINS; k++)
        s->power[k] = (s->bin[k].r * s->bin[k].r + s->bin[k].i * s->bin[k].i) * s->power_scale;
    for (int b = 0; b < AT_MEL_BANDS; b++) {
        const float *w = s->weight + s->offset[b], *p = s->power + s->first[b];
        float acc = 0;
        for (int i = 0; i < s->count[b]; i++)
            acc += w[i] * p[i];
        out->band[b] = acc;
    }
}

float at_spectrum_band_power(const at_spectrum *s, const float *band)
{
    float power = 0;
    for (int b = 0; b < AT_MEL_BANDS; b++)
        power += s->power_of_band[b] * band[b];
    return power;
}

/* r (LAGS_AT_ONCE): products of half and what comes lag and more later, each lag's in the order of half. */
static void sum_products(const float *half, int lag, float *r)
{
    lanes sum[AT_ONCE] = {{0}};

    for (int i = 0; i < PITCH_LEN; i++) {
        const lanes *later = (const lanes *)(half + i + lag);
#pragma GCC unroll 8
        for (int v = 0; v < AT_ONCE; v++)
            sum[v] += half[i] * later[v];
    }
    memcpy(r, sum, sizeof sum);
}

/* Autocorrelation of the windowed, pre-emphasised frame (pre-emphasis keeps rumble and pink noise
 * from looking periodic), at half rate: the pair sums are low-pass enough for harmonics of speech.
 * r (LAGS_MADE, of which LAGS count); returns that at lag 0. */
static float autocorrelate(at_spectrum *s, float *r)
{
    float zero = 0;
    for (int i = 0; i < PITCH_LEN; i++)
        s->half[i] = s->frame[2 * i] + s->frame[2 * i + 1];
    for (int i = 0; i < PITCH_LEN; i++)
        zero += s->half[i] * s->half[i];
    for (int first = 0; first < LAGS_MADE; first += LAGS_AT_ONCE)
        sum_products(s->half, LAG_MIN + first, r + first);
    for (int lag = 0; lag < LAGS; lag++)
        r[lag] *= s->lag_gain[lag];
    return zero;
}

/* A peak, not the slope of lag 0's own lobe. */
static int is_peak(const float *r, int lag)
{
    return r[lag] >= r[lag - 1] && r[lag] >= r[lag + 1];
}

float at_spectrum_periodicity(at_spectrum *s)
{
    float r[LAGS_MADE], best = 0, zero = autocorrelate(s, r);
    if (zero <= SILENCE)
        return 0;
    for (int lag = 1; lag < LAGS - 1; lag++)
        if (r[lag] > best && is_peak(r, lag))
            best = r[lag];
    return best < zero ? best / zero : 1.0f;
}

float at_spectrum_pitch(at_spectrum *s, float *octaves)
{
    float r[LAGS_MADE], best = 0, strength = 0, zero = autocorrelate(s, r);
    *octaves = 0;
    if (zero <= SILENCE)
        return 0;
    for (int lag = 1; lag < LAGS - 1; lag++) {
        if (!is_peak(r, lag))
            continue;
        float slope = r[lag - 1] - r[lag + 1], bend = r[lag - 1] - 2 * r[lag] + r[lag + 1];
        float off = bend < 0 ? 0.5f * slope / bend : 0;
        float height = (r[lag] - 0.25f * slope * off) / zero;
        float hz = (float)PITCH_RATE / ((float)(lag + LAG_MIN) + off);
        float over_low = log2f(hz / (float)AT_PITCH_LOW_HZ);
        if (height + OCTAVE_COST * over_low > best) {
            best = height + OCTAVE_COST * over_low;
            strength = height;
            *octaves = over_low;
        }
    }
    return fminf(1, strength);
}

void at_spectrum_cepstrum(const at_spectrum *s, const float *band, float floor, float *logmel,
                          float *mfcc)
{
    for (int b = 0; b < AT_MEL_BANDS; b++)
        logmel[b] = logf(band[b] + floor);
    for (int c = 0; c < AT_MFCCS; c++) {
        float acc = 0;
        for (int b = 0; b < AT_MEL_BANDS; b++)
            acc += s->dct[c][b] * logmel[b];
        mfcc[c] = acc;
    }
}

void at_spectrum_band_weights(const at_spectrum *s, int band, float *weights)
{
    memset(weights, 0, AT_FFT_BINS * sizeof *weights);
    memcpy(weights + s->first[band], s->weight + s->offset[band],
           (size_t)s->count[band] * sizeof *weights);
}
