/* Voice features, VAD and quality, on synthetic sound. */
#include "sanitized.h"
#include "sounds.h"

#include "base/mem.h"
#include "base/rng.h"
#include "dsp/denoise.h"
#include "dsp/features.h"
#include "dsp/spectrum.h"
#include "dsp/vad.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <float.h>
#include <math.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static float sound[LONG], other[LONG];

static at_feature_row *extract(const float *x, size_t n, int denoise, size_t *rows_n)
{
    at_feature_row *rows;
    at_features_options o = {.denoise = denoise};
    assert_int_equal(at_features_extract(x, n, &o, &rows, rows_n, NULL), ATTUNE_OK);
    return rows;
}

static void assert_finite(const at_feature_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (int c = 0; c < AT_FEATURE_COLS; c++)
            assert_true(isfinite(rows[i].v[c]));
        assert_true(isfinite(rows[i].power) && rows[i].power >= 0);
        assert_true(isfinite(rows[i].noise_power) && rows[i].noise_power > 0);
        assert_true(rows[i].speech >= 0 && rows[i].speech <= 1);
        assert_true(rows[i].clipped >= 0 && rows[i].clipped <= 1);
    }
}

/* ---- spectrum --------------------------------------------------------------------------- */

static void mel_bands_cover_the_range(void **state)
{
    (void)state;
    at_spectrum *s;
    float weights[AT_FFT_BINS], before = 0;
    assert_int_equal(at_spectrum_create(&s, NULL), ATTUNE_OK);
    for (int b = 0; b < AT_MEL_BANDS; b++) {
        float sum = 0, centre = 0;
        at_spectrum_band_weights(s, b, weights);
        for (int k = 0; k < AT_FFT_BINS; k++) {
            float hz = (float)k * AT_SAMPLE_RATE / AT_FFT_LEN;
            assert_true(weights[k] >= 0);
            assert_true(weights[k] == 0 ||
                        (hz > (float)AT_MEL_LOW_HZ && hz < (float)AT_MEL_HIGH_HZ));
            sum += weights[k];
            centre += weights[k] * hz;
        }
        assert_float_equal(sum, 1, 1e-5);
        assert_true(centre > before);
        before = centre;
    }
    at_spectrum_free(&s);
    assert_null(s);
    at_spectrum_free(&s);
}

static void power_is_in_units_of_variance(void **state)
{
    (void)state;
    memset(sound, 0, sizeof sound);
    add_white(sound, LONG, 0.1f, 1);
    size_t n;
    at_feature_row *rows = extract(sound, LONG, 0, &n);
    /* Pre-emphasis multiplies white noise by 1 + 0.97^2 - 2 * 0.97 cos w. */
    at_spectrum *s;
    float weights[AT_FFT_BINS];
    assert_int_equal(at_spectrum_create(&s, NULL), ATTUNE_OK);
    for (int b = 0; b < AT_MEL_BANDS; b++) {
        double expected = 0, mean = 0;
        at_spectrum_band_weights(s, b, weights);
        for (int k = 0; k < AT_FFT_BINS; k++)
            expected += (double)weights[k] * 0.01 *
                        (1 + 0.97 * 0.97 - 2 * 0.97 * cos(2 * M_PI * k / AT_FFT_LEN));
        for (size_t i = 0; i < n; i++)
            mean += exp((double)rows[i].v[AT_COL_LOGMEL + b]) / (double)n;
        assert_true(fabs(10 * log10(mean / expected)) < 0.8);
    }
    at_spectrum_free(&s);
    at_free(rows);
}

static void tone_is_in_its_band(void **state)
{
    (void)state;
    memset(sound, 0, sizeof sound);
    add_tone(sound, SECOND, 1000, 0.5);
    size_t n;
    at_feature_row *rows = extract(sound, SECOND, 0, &n);
    int best = 0;
    for (int b = 1; b < AT_MEL_BANDS; b++)
        if (rows[50].v[b] > rows[50].v[best])
            best = b;
    /* mel(1000) = 1000; the bands' centres are equally spaced in mel. */
    double low = 2595 * log10(1 + AT_MEL_LOW_HZ / 700),
           high = 2595 * log10(1 + AT_MEL_HIGH_HZ / 700);
    assert_int_equal(best, lrint((1000 - low) / (high - low) * (AT_MEL_BANDS + 1)) - 1);
    assert_float_equal(rows[50].v[AT_COL_ZCR], 2 * 1000.0 / AT_SAMPLE_RATE, 0.004);
    assert_float_equal(rows[50].v[AT_COL_LOG_ENERGY], log(0.125), 0.01);
    for (int c = AT_COL_DELTA; c < AT_COL_ZCR; c++)
        assert_float_equal(rows[50].v[c], 0, 1e-3); /* a steady sound */
    at_free(rows);
}

/* A frame from the middle of a voice of that pitch. */
static void voice_frame(at_spectrum *s, int pitch)
{
    at_frame frame;
    memset(sound, 0, sizeof sound);
    add_burst(sound, SECOND, pitch, 0.1f);
    at_spectrum_frame(s, sound + SECOND / 2, &frame);
}

static void voices_are_periodic_and_noise_is_not(void **state)
{
    (void)state;
    at_spectrum *s;
    at_frame frame;
    assert_int_equal(at_spectrum_create(&s, NULL), ATTUNE_OK);
    for (int pitch = 120; pitch <= 400; pitch += 40) {
        voice_frame(s, pitch);
        assert_true(at_spectrum_periodicity(s) > 0.5f);
    }
    double mean = 0;
    memset(sound, 0, sizeof sound);
    add_white(sound, SECOND, 0.1f, 3);
    for (int i = 0; i < 30; i++) {
        at_spectrum_frame(s, sound + i * AT_FRAME_LEN, &frame);
        mean += (double)at_spectrum_periodicity(s) / 30;
    }
    assert_true(mean < 0.3);
    memset(sound, 0, sizeof sound);
    at_spectrum_frame(s, sound, &frame);
    assert_float_equal(at_spectrum_periodicity(s), 0, 0);
    at_spectrum_free(&s);
}

/* Within half a semitone, an octave off counting as wrong, over the range of grown voices. */
static void pitch_is_that_of_the_voice(void **state)
{
    (void)state;
    at_spectrum *s;
    at_frame frame;
    float octaves;
    assert_int_equal(at_spectrum_create(&s, NULL), ATTUNE_OK);
    for (int pitch = 90; pitch <= 400; pitch += 10) {
        voice_frame(s, pitch);
        assert_true(at_spectrum_pitch(s, &octaves) > 0.5f);
        assert_float_equal(octaves, log2(pitch / AT_PITCH_LOW_HZ), 1.0 / 24);
    }
    memset(sound, 0, sizeof sound);
    at_spectrum_frame(s, sound, &frame);
    assert_float_equal(at_spectrum_pitch(s, &octaves), 0, 0);
    assert_float_equal(octaves, 0, 0);
    at_spectrum_free(&s);
}

/* ---- the stream ------------------------------------------------------------------------- */

static void same_rows(at_features *f, const at_feature_row *rows, size_t n)
{
    at_feature_row row;
    for (size_t i = 0; i < n; i++) {
        memset(&row, 0, sizeof row);
        assert_int_equal(at_features_next(f, &row), 1);
        assert_int_equal(row.t_us, rows[i].t_us);
        assert_memory_equal(row.v, rows[i].v, sizeof row.v);
        assert_memory_equal(&row.power, &rows[i].power, sizeof row.power);
        assert_memory_equal(&row.noise_power, &rows[i].noise_power, sizeof row.power);
        assert_memory_equal(&row.speech, &rows[i].speech, sizeof row.speech);
        assert_memory_equal(&row.clipped, &rows[i].clipped, sizeof row.clipped);
        assert_int_equal(row.is_speech, rows[i].is_speech);
    }
    assert_int_equal(at_features_next(f, &row), 0);
}

static void pieces_give_the_bits_of_one_push(void **state)
{
    (void)state;
    static const size_t pieces[] = {1, 7, 159, 160, 161, 400, 1024, 7919, 0 /* random */};
    make_bursts(sound);
    add_white(sound, LONG, 0.01f, 5);
    size_t total = 2 * SECOND + 77;
    for (int denoise = 0; denoise < 2; denoise++) {
        size_t n;
        at_feature_row *rows = extract(sound, total, denoise, &n);
        assert_int_equal(n, at_features_count(total));
        for (size_t p = 0; p < sizeof pieces / sizeof *pieces; p++) {
            at_features *f;
            at_features_options o = {.denoise = denoise};
            at_rng rng;
            at_rng_seed(&rng, 9, 0);
            assert_int_equal(at_features_create(&f, &o, NULL), ATTUNE_OK);
            for (size_t i = 0, k; i < total; i += k) {
                k = pieces[p] ? pieces[p] : 1 + at_rng_below(&rng, 999);
                k = k < total - i ? k : total - i;
                int64_t t = (int64_t)i * 1000000 / AT_SAMPLE_RATE;
                assert_int_equal(at_features_push(f, t, sound + i, k), ATTUNE_OK);
            }
            assert_int_equal(at_features_finish(f), ATTUNE_OK);
            same_rows(f, rows, n);
            at_features_free(&f);
            assert_null(f);
        }
        at_free(rows);
    }
}

static void rows_come_with_their_times(void **state)
{
    (void)state;
    at_features *f;
    at_feature_row row;
    memset(sound, 0, sizeof sound);
    add_white(sound, SECOND, 0.1f, 2);
    assert_int_equal(at_features_create(&f, NULL, NULL), ATTUNE_OK);
    assert_int_equal(at_features_push(f, 5000000, sound, SECOND), ATTUNE_OK);
    int got = 0;
    for (; at_features_next(f, &row); got++)
        assert_int_equal(row.t_us, 5012500 + 10000 * got);
    assert_int_equal(got, at_features_count(SECOND) - 4); /* look-ahead */
    assert_int_equal(at_features_finish(f), ATTUNE_OK);
    for (; at_features_next(f, &row); got++)
        assert_int_equal(row.t_us, 5012500 + 10000 * got);
    assert_int_equal(got, at_features_count(SECOND));
    at_features_free(&f);
}

static size_t drain(at_features *f, int64_t *first, int64_t *last)
{
    at_feature_row row;
    size_t n = 0;
    for (; at_features_next(f, &row); n++) {
        *last = row.t_us;
        if (n == 0)
            *first = row.t_us;
    }
    return n;
}

static void gaps_overlaps_and_jitter(void **state)
{
    (void)state;
    int64_t first, last;
    at_features *f;
    memset(sound, 0, sizeof sound);
    add_white(sound, LONG, 0.1f, 2);
    assert_int_equal(at_features_create(&f, NULL, NULL), ATTUNE_OK);

    /* 15 ms late is jitter: the grid goes on. */
    assert_int_equal(at_features_push(f, 0, sound, SECOND), ATTUNE_OK);
    assert_int_equal(at_features_push(f, 1015000, sound + SECOND, SECOND), ATTUNE_OK);
    assert_int_equal(at_features_finish(f), ATTUNE_OK);
    assert_int_equal(drain(f, &first, &last), at_features_count(2 * SECOND));

    /* A second of overlap is dropped; all old is all dropped. */
    assert_int_equal(at_features_push(f, 0, sound, 2 * SECOND), ATTUNE_OK);
    assert_int_equal(at_features_push(f, 1000000, sound + SECOND, 2 * SECOND), ATTUNE_OK);
    assert_int_equal(at_features_push(f, 0, sound, SECOND), ATTUNE_OK);
    assert_int_equal(at_features_finish(f), ATTUNE_OK);
    assert_int_equal(drain(f, &first, &last), at_features_count(3 * SECOND));
    assert_int_equal(last, 12500 + 10000 * (int64_t)(at_features_count(3 * SECOND) - 1));

    /* A gap of an hour: both sides' frames, nothing in between. */
    assert_int_equal(at_features_push(f, -1000000, sound, SECOND), ATTUNE_OK);
    assert_int_equal(at_features_push(f, 3600000000, sound, SECOND), ATTUNE_OK);
    assert_int_equal(at_features_finish(f), ATTUNE_OK);
    assert_int_equal(drain(f, &first, &last), 2 * at_features_count(SECOND));
    assert_int_equal(first, -1000000 + 12500);
    assert_int_equal(last, 3600000000 + 12500 + 10000 * (int64_t)(at_features_count(SECOND) - 1));

    /* Extremes and bad arguments. */
    assert_int_equal(at_features_push(f, INT64_MIN, sound, 1), ATTUNE_E_ARG);
    assert_int_equal(at_features_push(f, INT64_MAX, sound, 1), ATTUNE_E_ARG);
    assert_int_equal(at_features_push(f, 0, NULL, 1), ATTUNE_E_ARG);
    assert_int_equal(at_features_push(f, 0, NULL, 0), ATTUNE_OK);
    assert_int_equal(at_features_push(f, 10000000000000000, sound, SECOND), ATTUNE_OK);
    assert_int_equal(at_features_push(f, -10000000000000000, sound, SECOND), ATTUNE_OK);
    assert_int_equal(at_features_finish(f), ATTUNE_OK);
    assert_int_equal(drain(f, &first, &last), at_features_count(SECOND));
    at_features_free(&f);
}

static void short_sound_gives_few_rows(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 1, 160, 399, 400, 559, 560, 720, 800};
    memset(sound, 0, sizeof sound);
    add_tone(sound, SECOND, 300, 0.3);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        for (int denoise = 0; denoise < 2; denoise++) {
            size_t n;
            at_feature_row *rows = extract(sound, lengths[i], denoise, &n);
            assert_int_equal(n, lengths[i] < 400 ? 0 : 1 + (lengths[i] - 400) / 160);
            assert_finite(rows, n);
            at_free(rows);
        }
    }
}

static void silence_is_finite_and_no_speech(void **state)
{
    (void)state;
    memset(sound, 0, sizeof sound);
    for (int denoise = 0; denoise < 2; denoise++) {
        size_t n;
        at_feature_row *rows = extract(sound, SECOND, denoise, &n);
        at_voice_quality q;
        assert_finite(rows, n);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(rows[i].is_speech, 0);
            assert_float_equal(rows[i].v[AT_COL_ZCR], 0, denoise ? 1 : 0);
        }
        at_voice_quality_of(rows, n, &q);
        assert_true(isnan(q.snr_db));
        assert_float_equal(q.speech_share, 0, 0);
        assert_float_equal(q.level_db, -100, 0.01);
        assert_float_equal(q.clipped_share, 0, 0);
        at_free(rows);
    }
}

static void hostile_samples_are_harmless(void **state)
{
    (void)state;
    static const float bad[] = {NAN, INFINITY, -INFINITY, FLT_MAX, -FLT_MAX, FLT_MIN, 1e-45f};
    at_rng rng;
    at_rng_seed(&rng, 4, 0);
    memset(sound, 0, sizeof sound);
    add_white(sound, SECOND, 0.1f, 2);
    for (int i = 0; i < SECOND; i += 3)
        sound[i] = bad[at_rng_below(&rng, sizeof bad / sizeof *bad)];
    for (int denoise = 0; denoise < 2; denoise++) {
        size_t n;
        at_feature_row *rows = extract(sound, SECOND, denoise, &n);
        assert_finite(rows, n);
        at_free(rows);
    }
    /* Not-a-number and infinite samples count as 0. */
    size_t n, m;
    for (int i = 0; i < SECOND; i++) {
        other[i] = i % 5 ? 0.01f * (float)(i % 37) : 0;
        sound[i] = i % 5 ? other[i] : bad[i % 3];
    }
    at_feature_row *a = extract(sound, SECOND, 0, &n), *b = extract(other, SECOND, 0, &m);
    assert_int_equal(n, m);
    for (size_t i = 0; i < n; i++)
        assert_memory_equal(a[i].v, b[i].v, sizeof a[i].v);
    at_free(a);
    at_free(b);
}

static void denoiser_keeps_time_and_takes_noise_off(void **state)
{
    (void)state;
    at_denoise *d;
    static float out[LONG];
    attune_error err;
    assert_int_equal(at_denoise_create(&d, 1000, &err), ATTUNE_E_ARG);
    assert_null(d);
    assert_int_equal(at_denoise_create(&d, 15, &err), ATTUNE_OK);
    make_bursts(sound);
    memcpy(other, sound, sizeof sound);
    add_white(other, LONG, 0.005f, 8);
    float lost[AT_DENOISE_BLOCK], *to = lost;
    for (size_t i = 0; i < LONG; i += AT_DENOISE_BLOCK) {
        at_denoise_block(d, 1, other + i, to);
        to = out + i;
    }
    at_denoise_free(&d);
    assert_null(d);
    /* Where it correlates best with the clean sound is no shift at all. */
    double best = 0, quiet_in = 0, quiet_out = 0;
    int best_shift = -1000;
    for (int shift = -200; shift <= 200; shift++) {
        double sum = 0;
        for (int i = SECOND; i < 5 * SECOND; i++)
            sum += (double)sound[i] * (double)out[i + shift];
        if (sum > best) {
            best = sum;
            best_shift = shift;
        }
    }
    assert_int_equal(best_shift, 0);
    for (int i = SECOND * 20 / 10; i < SECOND * 24 / 10; i++) { /* between two bursts */
        quiet_in += (double)other[i] * (double)other[i];
        quiet_out += (double)out[i] * (double)out[i];
    }
    assert_true(quiet_out < quiet_in / 10);
}

static void denoised_rows_are_in_time(void **state)
{
    (void)state;
    size_t n, from;
    make_bursts(sound);
    add_white(sound, LONG, 0.0005f, 8);
    at_feature_row *rows = extract(sound, LONG, 1, &n);
    /* Over a burst's first 50 ms, the denoised energy rises with the power that came in. */
    from = burst_start[0] / AT_FRAME_HOP - 1;
    for (int shift = -1; shift <= 1; shift += 2) {
        double here = 0, beside = 0;
        for (size_t i = from; i < from + 5; i++) {
            double clean = (double)rows[i].v[AT_COL_LOG_ENERGY];
            here += fabs(clean - log((double)rows[i].power));
            beside += fabs(clean - log((double)rows[(ptrdiff_t)i + shift].power));
        }
        assert_true(here < beside);
    }
    at_free(rows);
}

/* ---- normalisation ---------------------------------------------------------------------- */

static void normalised_columns_have_mean_0_deviation_1(void **state)
{
    (void)state;
    size_t n;
    make_bursts(sound);
    add_white(sound, LONG, 0.003f, 8);
    at_feature_row *rows = extract(sound, LONG, 0, &n);
    float *x = at_alloc(n * AT_FEATURE_COLS, sizeof *x);
    unsigned char *speech = at_alloc(n, 1);
    at_features_flatten(rows, n, x, speech);
    for (int c = 0; c < AT_FEATURE_COLS; c++)
        assert_float_equal(x[7 * AT_FEATURE_COLS + c], rows[7].v[c], 0);
    at_features_normalise(x, n, speech);
    for (int c = 0; c < AT_COL_VOICING; c++) {
        double sum = 0, square = 0, count = 0;
        for (size_t i = 0; i < n; i++) {
            double v = (double)x[i * AT_FEATURE_COLS + (size_t)c];
            assert_true(fabs(v) <= (double)AT_NORMAL_LIMIT);
            if (speech[i]) {
                sum += v;
                square += v * v;
                count++;
            }
        }
        assert_true(count > 100);
        assert_true(fabs(sum / count) < 0.05); /* the limit moves it a little */
        assert_true(square / count > 0.8 && square / count < 1.05);
    }
    at_free(rows);
    at_free(x);
    at_free(speech);
}

static void normalising_constants_gives_zeros(void **state)
{
    (void)state;
    enum { N = 20 };
    float x[N * AT_FEATURE_COLS];
    unsigned char few[N] = {1, 1};
    for (int i = 0; i < N * AT_FEATURE_COLS; i++)
        x[i] = -23.0f;
    at_features_normalise(x, N, NULL);
    for (int i = 0; i < N * AT_FEATURE_COLS; i++) {
        float expected = i % AT_FEATURE_COLS == AT_COL_VOICING ? -AT_NORMAL_LIMIT : 0;
        assert_float_equal(x[i], expected, 1e-4);
    }
    /* Too few speech rows: all rows count. */
    for (int i = 0; i < N * AT_FEATURE_COLS; i++)
        x[i] = i < 2 * AT_FEATURE_COLS ? 100.0f : 1.0f;
    at_features_normalise(x, N, few);
    assert_float_equal(x[0], 3, 0.01); /* (100 - 10.9) / 29.7 */
    at_features_normalise(x, 0, NULL);
}

/* The pitch of what is voiced is about its own mean and keeps its range; the rest is 0. */
static void pitch_is_relative_and_only_where_voiced(void **state)
{
    (void)state;
    enum { N = 30 };
    float x[N * AT_FEATURE_COLS] = {0};
    for (int i = 0; i < N; i++) {
        float *row = x + i * AT_FEATURE_COLS;
        row[AT_COL_VOICING] = i < 20 ? 0.9f : 0.2f;
        row[AT_COL_PITCH] = i >= 20 ? 2.5f : i % 2 ? 1.5f : 1.0f;
    }
    at_features_normalise(x, N, NULL);
    for (int i = 0; i < N; i++) {
        const float *row = x + i * AT_FEATURE_COLS;
        float pitch = i >= 20 ? 0 : i % 2 ? 1 : -1, voicing = i < 20 ? 1.2f : -0.9f;
        assert_float_equal(row[AT_COL_PITCH], pitch, 1e-5);
        assert_float_equal(row[AT_COL_VOICING], voicing, 1e-5);
    }
}

/* ---- VAD and quality -------------------------------------------------------------------- */

/* Share of rows within a burst found, and of rows over 0.3 s from any taken for speech. */
static void count_vad(const at_feature_row *rows, size_t n, double *hit, double *false_alarm)
{
    double speech = 0, found = 0, silent = 0, alarms = 0;
    for (size_t i = 0; i < n; i++) {
        double t = (double)rows[i].t_us / 1e6;
        int in = 0, near = 0;
        for (int b = 0; b < BURSTS; b++) {
            double from = (double)burst_start[b] / SECOND, to = from + (double)BURST / SECOND;
            in |= t >= from && t < to;
            near |= t >= from - 0.06 && t < to + 0.3;
        }
        speech += in;
        found += in && rows[i].is_speech;
        silent += !near;
        alarms += !near && rows[i].is_speech;
    }
    *hit = found / speech;
    *false_alarm = alarms / silent;
}

static void vad_and_snr_in_white_noise(void **state)
{
    (void)state;
    static const struct {
        float snr_db;
        double hit;
    } cases[] = {{40, 0.97}, {20, 0.97}, {10, 0.95}, {0, 0.85}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        for (uint64_t seed = 0; seed < 5; seed++) {
            double power = make_bursts(sound), hit, false_alarm;
            double deviation = sqrt(power / pow(10, (double)cases[k].snr_db / 10));
            add_white(sound, LONG, (float)deviation, seed);
            size_t n;
            at_feature_row *rows = extract(sound, LONG, 0, &n);
            at_voice_quality q;
            count_vad(rows, n, &hit, &false_alarm);
            at_voice_quality_of(rows, n, &q);
            if (hit < cases[k].hit || false_alarm > 0.03 || fabsf(q.snr_db - cases[k].snr_db) > 3)
                fail_msg("%g dB, seed %d: hit %.3f, false %.3f, estimate %.1f dB",
                         (double)cases[k].snr_db, (int)seed, hit, false_alarm, (double)q.snr_db);
            assert_float_equal(q.speech_share, BURSTS * (0.8 + 0.2) / 6, 0.12);
            assert_float_equal(q.level_db, 10 * log10(power + deviation * deviation), 2);
            at_free(rows);
        }
    }
}

static void vad_gets_used_to_louder_noise(void **state)
{
    (void)state;
    memset(sound, 0, sizeof sound);
    add_white(sound, LONG, 0.002f, 1);
    add_white(sound + 2 * SECOND, 4 * SECOND, 0.03f, 2);
    size_t n, late = 0;
    at_feature_row *rows = extract(sound, LONG, 0, &n);
    for (size_t i = 0; i < n; i++) {
        if (rows[i].t_us > 4000000)
            late += (size_t)rows[i].is_speech;
        if (rows[i].t_us > 4500000)
            assert_float_equal(10 * log10((double)rows[i].noise_power), 20 * log10(0.03), 2.5);
    }
    assert_int_equal(late, 0);
    at_free(rows);
}

/* Six seconds of fluent voice: words of 0.4 s with 80 ms between them. Its mean square. */
static double make_fluent(float *x)
{
    const size_t word = SECOND * 2 / 5, gap = SECOND * 8 / 100;
    double power = 0;
    memset(x, 0, LONG * sizeof *x);
    for (size_t i = 0, k = 0; i + word < LONG; i += word + gap, k++)
        add_burst(x + i, word, 100 + 15 * (double)(k % 7), 0.3f);
    for (size_t i = 0; i < LONG; i++)
        power += (double)x[i] * (double)x[i] / LONG;
    return power;
}

static void fluent_speech_is_not_taken_for_noise(void **state)
{
    (void)state;
    static const float snr_db[] = {40, 30, 20, 10};
    for (size_t k = 0; k < sizeof snr_db / sizeof *snr_db; k++) {
        double power = make_fluent(sound);
        add_white(sound, LONG, (float)sqrt(power / pow(10, (double)snr_db[k] / 10)), k);
        size_t n;
        at_feature_row *rows = extract(sound, LONG, 0, &n);
        at_voice_quality q;
        for (size_t end = 300; end <= n; end += 50) {
            at_voice_quality_of(rows + end - 300, 300, &q);
            assert_float_equal(q.snr_db, snr_db[k], 4);
            assert_true(snr_db[k] < 15 ? q.clear > 0.6f && q.clear < 0.9f : q.clear == 1);
        }
        at_free(rows);
    }
}

/* Noise 5 dB under the voice from 0 to 3 s, then 40 dB. */
static void quality_recovers_when_a_noise_ends(void **state)
{
    (void)state;
    double power = make_fluent(sound);
    add_white(sound, LONG, (float)sqrt(power / 1e4), 1);
    add_white(sound, 3 * SECOND, (float)sqrt(power / 3), 2);
    size_t n;
    at_feature_row *rows = extract(sound, LONG, 0, &n);
    at_voice_quality q;
    for (size_t i = 335; i < n; i++) /* a word is being spoken at 3 s, and ends at 3.28 s */
        assert_true((double)rows[i].noise_power < 1e-3 * power);
    at_voice_quality_of(rows, 300, &q);
    assert_true(q.snr_db < 8 && q.clear < 0.5f);
    at_voice_quality_of(rows + 150, 300, &q); /* half and half */
    assert_true(q.snr_db > 15 && q.snr_db < 32);
    assert_true(q.clear > 0.5f && q.clear < 0.9f);
    at_voice_quality_of(rows + 250, 300, &q);
    assert_true(q.snr_db > 25 && q.clear > 0.85f);
    at_voice_quality_of(rows + n - 290, 290, &q);
    assert_float_equal(q.snr_db, 40, 4);
    assert_true(q.clear > 0.95f);
    at_free(rows);
}

/* A noise that began and stays is known with hindsight for the rows that it began with. */
static void quality_knows_a_noise_that_began(void **state)
{
    (void)state;
    double power = make_fluent(sound);
    add_white(sound, LONG, (float)sqrt(power / 1e4), 1);
    add_white(sound + 3 * SECOND, 3 * SECOND, (float)sqrt(power / 3), 2);
    size_t n;
    at_feature_row *rows = extract(sound, LONG, 0, &n);
    at_voice_quality q;
    at_voice_quality_of(rows, 298, &q);
    assert_float_equal(q.snr_db, 40, 4);
    assert_true(q.clear > 0.99f);
    at_voice_quality_of(rows + n - 290, 290, &q);
    assert_float_equal(q.snr_db, 5, 5);
    assert_true(q.clear < 0.5f);
    at_free(rows);
}

static void digital_silence_teaches_no_floor(void **state)
{
    (void)state;
    size_t n;
    memset(sound, 0, sizeof sound);
    add_white(sound + SECOND, SECOND, 0.01f, 2);
    at_feature_row *rows = extract(sound, 2 * SECOND, 0, &n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(rows[i].is_speech, 0);
    at_free(rows);
}

static void clipping_is_seen(void **state)
{
    (void)state;
    memset(sound, 0, sizeof sound);
    add_tone(sound, SECOND, 200, 2);
    for (int i = 0; i < SECOND; i++)
        sound[i] = fmaxf(-1, fminf(1, sound[i]));
    size_t n;
    at_feature_row *rows = extract(sound, SECOND, 0, &n);
    at_voice_quality q;
    at_voice_quality_of(rows, n, &q);
    /* |2 sin| >= 0.99 for this share of a period. */
    assert_float_equal(q.clipped_share, 1 - 2 * asin(0.495) / M_PI, 0.01);
    assert_float_equal(q.level_db, 20 * log10(0.88), 1);
    at_voice_quality_of(rows, 0, &q);
    assert_true(isnan(q.snr_db) && isnan(q.level_db) && q.speech_share == 0);
    at_free(rows);
}

/* Of ever more memory; speexdsp asks for it in many small pieces. */
static void make_in_little_memory(void)
{
    enum { MOST = 1 << 17 };
    static void *taken[MOST];
    const struct rlimit limit = {120u << 20, 120u << 20};
    int n = 0, made = 0;
    if (setrlimit(RLIMIT_AS, &limit) != 0)
        _exit(1);
    for (size_t size = 4 << 20; size >= 16; size /= 2)
        while (n < MOST && (taken[n] = malloc(size)) != NULL)
            n++;
    for (int i = 0; i < 4000 && n > 0; i++) {
        at_denoise *d;
        free(taken[--n]);
        const int status = at_denoise_create(&d, 15, NULL);
        if (status != ATTUNE_OK && status != ATTUNE_E_NOMEM)
            _exit(2);
        made += status == ATTUNE_OK;
        at_denoise_free(&d);
    }
    _exit(made > 0 && made < 4000 ? 0 : 3);
}

static void noise_suppression_is_refused_without_memory(void **state)
{
    (void)state;
    int status;
    if (SANITIZED) /* whose memory is another */
        skip();
    const pid_t child = fork();
    if (child == 0)
        make_in_little_memory();
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mel_bands_cover_the_range),
        cmocka_unit_test(power_is_in_units_of_variance),
        cmocka_unit_test(tone_is_in_its_band),
        cmocka_unit_test(voices_are_periodic_and_noise_is_not),
        cmocka_unit_test(pitch_is_that_of_the_voice),
        cmocka_unit_test(pieces_give_the_bits_of_one_push),
        cmocka_unit_test(rows_come_with_their_times),
        cmocka_unit_test(gaps_overlaps_and_jitter),
        cmocka_unit_test(noise_suppression_is_refused_without_memory),
        cmocka_unit_test(short_sound_gives_few_rows),
        cmocka_unit_test(silence_is_finite_and_no_speech),
        cmocka_unit_test(hostile_samples_are_harmless),
        cmocka_unit_test(denoiser_keeps_time_and_takes_noise_off),
        cmocka_unit_test(denoised_rows_are_in_time),
        cmocka_unit_test(normalised_columns_have_mean_0_deviation_1),
        cmocka_unit_test(normalising_constants_gives_zeros),
        cmocka_unit_test(pitch_is_relative_and_only_where_voiced),
        cmocka_unit_test(vad_and_snr_in_white_noise),
        cmocka_unit_test(vad_gets_used_to_louder_noise),
        cmocka_unit_test(fluent_speech_is_not_taken_for_noise),
        cmocka_unit_test(quality_recovers_when_a_noise_ends),
        cmocka_unit_test(quality_knows_a_noise_that_began),
        cmocka_unit_test(digital_silence_teaches_no_floor),
        cmocka_unit_test(clipping_is_seen),
    };
    return cmocka_run_group_tests_name("dsp", tests, NULL, NULL);
}
