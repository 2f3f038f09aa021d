/* Augmentation of voices and feature rows, on synthetic sound. */
#include "sounds.h"

#include "base/mem.h"
#include "degrade/sound.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <math.h>
#include <cmocka.h>

static float sound[LONG], other[LONG];

static double power_of(const float *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)x[i];
    return sum / (double)n;
}

/* Rising zero crossings a second, interpolated: the frequency of a tone. */
static double tone_hz(const float *x, size_t n)
{
    double first = -1, last = -1;
    int count = -1;
    for (size_t i = 1; i < n; i++) {
        if (x[i - 1] < 0 && x[i] >= 0) {
            last = (double)i - (double)x[i] / ((double)x[i] - (double)x[i - 1]);
            first = count < 0 ? last : first;
            count++;
        }
    }
    return count > 0 ? count * AT_SAMPLE_RATE / (last - first) : 0;
}

static void speed_changes_length_and_pitch(void **state)
{
    (void)state;
    static const double factors[] = {0.5, 0.9, 0.95, 1, 1.037, 1.1, 2};
    memset(sound, 0, sizeof sound);
    add_tone(sound, SECOND, 440, 0.5);
    for (size_t k = 0; k < sizeof factors / sizeof *factors; k++) {
        float *y;
        size_t n;
        assert_int_equal(at_augment_speed(sound, SECOND, factors[k], &y, &n), ATTUNE_OK);
        assert_int_equal(n, llrint(SECOND / factors[k]));
        assert_float_equal(tone_hz(y + 400, n - 800), 440 * factors[k], 0.2);
        assert_float_equal(power_of(y + 400, n - 800), 0.125, 0.002);
        /* In time as well: what was at i is at i / factor. */
        double off = 0;
        for (size_t i = 400; i < n - 400; i++) {
            double clean = 0.5 * sin(2 * M_PI * 440 * factors[k] * (double)i / AT_SAMPLE_RATE);
            off = fmax(off, fabs((double)y[i] - clean));
        }
        assert_true(off < 0.01);
        at_free(y);
    }
    float *y;
    size_t n;
    assert_int_equal(at_augment_speed(sound, SECOND, 0.1, &y, &n), ATTUNE_E_ARG);
    assert_int_equal(at_augment_speed(sound, SECOND, NAN, &y, &n), ATTUNE_E_ARG);
    assert_null(y);
    assert_int_equal(at_augment_speed(sound, 0, 1.1, &y, &n), ATTUNE_OK);
    assert_int_equal(n, 0);
    at_free(y);
}

static void stretch_keeps_pitch(void **state)
{
    (void)state;
    static const double factors[] = {0.5, 0.8, 1, 1.25, 2};
    memset(sound, 0, sizeof sound);
    add_tone(sound, 2 * SECOND, 230, 0.5);
    for (size_t k = 0; k < sizeof factors / sizeof *factors; k++) {
        float *y;
        size_t n;
        assert_int_equal(at_augment_stretch(sound, 2 * SECOND, factors[k], &y, &n), ATTUNE_OK);
        assert_int_equal(n, llrint(2 * SECOND * factors[k]));
        assert_float_equal(tone_hz(y + 800, n - 1600), 230, 2);
        assert_float_equal(power_of(y + 800, n - 1600), 0.125, 0.01);
        at_free(y);
    }
}

static void pitch_moves_and_length_stays(void **state)
{
    (void)state;
    memset(sound, 0, sizeof sound);
    add_tone(sound, 2 * SECOND, 230, 0.5);
    for (int semitones = -4; semitones <= 4; semitones += 2) {
        float *y;
        assert_int_equal(at_augment_pitch(sound, 2 * SECOND, semitones, &y), ATTUNE_OK);
        double hz = tone_hz(y + 800, 2 * SECOND - 1600);
        assert_float_equal(12 * log2(hz / 230), semitones, 0.15);
        at_free(y);
    }
    float *y;
    assert_int_equal(at_augment_pitch(sound, SECOND, 13, &y), ATTUNE_E_ARG);
    for (size_t n = 0; n < 700; n += 99) { /* shorter than the windows */
        assert_int_equal(at_augment_pitch(sound, n, 2, &y), ATTUNE_OK);
        for (size_t i = 0; i < n; i++)
            assert_true(isfinite(y[i]));
        at_free(y);
    }
}

static void noise_is_mixed_at_its_ratio(void **state)
{
    (void)state;
    static const float ratios[] = {-5, 0, 10, 20};
    at_rng rng;
    for (int white = 0; white < 2; white++) {
        for (size_t k = 0; k < sizeof ratios / sizeof *ratios; k++) {
            static float noise[3000];
            at_rng_seed(&rng, 6, k);
            memset(noise, 0, sizeof noise);
            add_white(noise, 3000, 0.2f, 11);
            double power = make_bursts(sound);
            memcpy(other, sound, sizeof sound);
            if (white)
                at_augment_white(other, LONG, ratios[k], &rng);
            else
                at_augment_noise(other, LONG, noise, 3000, ratios[k], &rng);
            for (int i = 0; i < LONG; i++)
                other[i] -= sound[i];
            double ratio = 10 * log10(power / power_of(other, LONG));
            assert_float_equal(ratio, ratios[k], 0.5);
        }
    }
    memset(other, 0, sizeof other); /* nothing to stay under */
    at_augment_white(other, SECOND, 10, &rng);
    assert_float_equal(power_of(other, SECOND), 0, 0);
    at_augment_noise(other, SECOND, sound, 0, 10, &rng);
}

static void band_limits_and_gain(void **state)
{
    (void)state;
    static const struct {
        double hz, low_db, high_db;
    } cases[] = {{60, -120, -50},
                 {300, -3.4, -2.6},
                 {1000, -0.3, 0.1},
                 {3400, -3.4, -2.6},
                 {6800, -80, -30}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        memset(sound, 0, sizeof sound);
        add_tone(sound, SECOND, cases[k].hz, 0.5);
        assert_int_equal(at_augment_band(sound, SECOND, 300, 3400), ATTUNE_OK);
        double db = 10 * log10(power_of(sound + SECOND / 2, SECOND / 2) / 0.125);
        assert_in_range((int)((db + 200) * 10), (int)((cases[k].low_db + 200) * 10),
                        (int)((cases[k].high_db + 200) * 10));
    }
    assert_int_equal(at_augment_band(sound, SECOND, 300, 8000), ATTUNE_E_ARG);
    assert_int_equal(at_augment_band(sound, SECOND, 0, 3400), ATTUNE_E_ARG);
    assert_int_equal(at_augment_band(sound, SECOND, NAN, 3400), ATTUNE_E_ARG);
    float x[2] = {0.5f, -0.25f};
    at_augment_gain(x, 2, -6.0206f);
    assert_float_equal(x[0], 0.25, 1e-5);
    assert_float_equal(x[1], -0.125, 1e-5);
}

static void spec_masks_cover_their_share(void **state)
{
    (void)state;
    enum { N = 300, TURNS = 2000 };
    static float x[N * AT_FEATURE_COLS];
    at_rng rng;
    at_rng_seed(&rng, 3, 0);
    double bands = 0, frames = 0;
    for (int turn = 0; turn < TURNS; turn++) {
        at_spec_masks m = {.freq_masks = 1, .freq_width = 8, .time_masks = 1, .time_width = 60};
        for (int i = 0; i < N * AT_FEATURE_COLS; i++)
            x[i] = 1;
        at_augment_spec(x, N, &m, &rng);
        int cleared_rows = 0, cleared_bands = 0, whole = -1;
        for (int i = 0; i < N; i++) {
            int row = x[i * AT_FEATURE_COLS + AT_COL_ZCR] == 0;
            cleared_rows += row;
            whole = row ? whole : i;
        }
        assert_true(cleared_rows <= 60);
        for (int c = 0; c < AT_FEATURE_COLS; c++) {
            int zero = x[whole * AT_FEATURE_COLS + c] == 0;
            assert_true(!zero || c < AT_COL_MFCC); /* frequency masks are for log-mel columns */
            cleared_bands += zero;
        }
        assert_true(cleared_bands <= 8);
        bands += (double)cleared_bands / TURNS;
        frames += (double)cleared_rows / TURNS;
    }
    assert_float_equal(bands, 4, 0.25); /* widths are uniform in [0, width] */
    assert_float_equal(frames, 30, 1.5);

    at_spec_masks none = {0}, share = {.time_masks = 1, .time_width = N, .time_share = 0.1f};
    at_spec_masks mfcc = {.mfcc_p = 1};
    for (int i = 0; i < N * AT_FEATURE_COLS; i++)
        x[i] = 1;
    at_augment_spec(x, N, &none, &rng);
    at_augment_spec(x, 0, &share, &rng);
    for (int i = 0; i < N * AT_FEATURE_COLS; i++)
        assert_float_equal(x[i], 1, 0);
    at_augment_spec(x, N, &mfcc, &rng);
    for (int i = 0; i < N * AT_FEATURE_COLS; i++) {
        int c = i % AT_FEATURE_COLS;
        assert_float_equal(x[i], c < AT_COL_MFCC || c >= AT_COL_ZCR, 0);
    }
    for (int turn = 0; turn < 200; turn++) {
        for (int i = 0; i < N * AT_FEATURE_COLS; i++)
            x[i] = 1;
        at_augment_spec(x, N, &share, &rng);
        assert_true(power_of(x, (size_t)N * AT_FEATURE_COLS) >= 0.9 - 1e-9);
    }
}

static void voice_augmentation_repeats_itself(void **state)
{
    (void)state;
    static float noise[5000];
    make_bursts(sound);
    add_white(noise, 5000, 0.1f, 3);
    at_voice_augment a = {.speed_p = 1,
                          .speed_min = 0.9f,
                          .speed_max = 1.1f,
                          .pitch_p = 1,
                          .pitch_max = 2,
                          .band_p = 1,
                          .gain_p = 1,
                          .gain_max = 40,
                          .noise_p = 1,
                          .snr_min = 5,
                          .snr_max = 20,
                          .noise = noise,
                          .noise_n = 5000};
    float *y[3];
    size_t n[3];
    for (int turn = 0; turn < 3; turn++) {
        at_rng rng;
        at_rng_seed(&rng, turn == 2 ? 78 : 77, 0);
        assert_int_equal(at_augment_voice(sound, LONG, &a, &rng, &y[turn], &n[turn], NULL),
                         ATTUNE_OK);
        for (size_t i = 0; i < n[turn]; i++)
            assert_true(y[turn][i] >= -1 && y[turn][i] <= 1);
    }
    assert_int_equal(n[0], n[1]);
    assert_memory_equal(y[0], y[1], n[0] * sizeof *y[0]);
    assert_true(n[0] != n[2]);
    for (int turn = 0; turn < 3; turn++)
        at_free(y[turn]);

    at_rng rng;
    at_rng_seed(&rng, 1, 0);
    at_voice_augment nothing = {0};
    assert_int_equal(at_augment_voice(sound, LONG, &nothing, &rng, &y[0], &n[0], NULL), ATTUNE_OK);
    assert_int_equal(n[0], LONG);
    assert_memory_equal(y[0], sound, sizeof sound);
    at_free(y[0]);
    attune_error err;
    at_voice_augment bad = {.speed_p = 1, .speed_min = 5, .speed_max = 6};
    assert_int_equal(at_augment_voice(sound, LONG, &bad, &rng, &y[0], &n[0], &err), ATTUNE_E_ARG);
    assert_null(y[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(speed_changes_length_and_pitch),
        cmocka_unit_test(stretch_keeps_pitch),
        cmocka_unit_test(pitch_moves_and_length_stays),
        cmocka_unit_test(noise_is_mixed_at_its_ratio),
        cmocka_unit_test(band_limits_and_gain),
        cmocka_unit_test(spec_masks_cover_their_share),
        cmocka_unit_test(voice_augmentation_repeats_itself),
    };
    return cmocka_run_group_tests_name("augment", tests, NULL, NULL);
}
