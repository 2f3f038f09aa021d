/* Loudness, sign and offset of a recording change nothing about the voice in it. */
#include "sounds.h"

#include "base/mem.h"
#include "dsp/features.h"
#include "dsp/level.h"
#include "dsp/vad.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <math.h>
#include <cmocka.h>

static float sound[LONG], other[LONG];

typedef struct heard {
    size_t n;
    at_feature_row *rows;
    float *x; /* normalised */
    unsigned char *speech;
    at_voice_quality quality;
} heard;

static heard hear(const float *pcm, size_t n)
{
    const at_features_options o = {.denoise = 1};
    heard h;
    assert_int_equal(at_features_extract(pcm, n, &o, &h.rows, &h.n, NULL), ATTUNE_OK);
    h.x = at_alloc(h.n * AT_FEATURE_COLS, sizeof *h.x);
    h.speech = at_alloc(h.n, 1);
    assert_true(h.x && h.speech);
    at_features_flatten(h.rows, h.n, h.x, h.speech);
    at_features_normalise(h.x, h.n, h.speech);
    at_voice_quality_of(h.rows, h.n, &h.quality);
    return h;
}

static void release(heard *h)
{
    at_free(h->rows);
    at_free(h->x);
    at_free(h->speech);
}

/* Mean and largest difference of the normalised rows, which have deviation 1. */
static void compare(const heard *a, const heard *b, double *mean, double *most)
{
    assert_int_equal(a->n, b->n);
    *mean = *most = 0;
    for (size_t i = 0; i < a->n * AT_FEATURE_COLS; i++) {
        double d = fabs((double)(a->x[i] - b->x[i]));
        *mean += d / (double)(a->n * AT_FEATURE_COLS);
        *most = fmax(*most, d);
    }
}

static void make_voice(float *x)
{
    make_bursts(x);
    add_white(x, LONG, 0.0005f, 8);
}

static void loudness_changes_no_feature(void **state)
{
    (void)state;
    static const float db[] = {-12, -24, -36, 6, 12.0412f /* 4: all but the logarithms exact */};
    double mean, most;
    make_voice(sound);
    heard usual = hear(sound, LONG);
    for (size_t k = 0; k < sizeof db / sizeof *db; k++) {
        for (size_t i = 0; i < LONG; i++)
            other[i] = db[k] < 12 ? sound[i] * powf(10, db[k] / 20) : sound[i] * 4;
        heard now = hear(other, LONG);
        compare(&usual, &now, &mean, &most);
        if (mean > 0.005 || most > (db[k] < 12 ? 0.5 : 1e-4))
            fail_msg("%g dB: differs by %g, at most %g", (double)db[k], mean, most);
        assert_memory_equal(usual.speech, now.speech, now.n);
        assert_float_equal(now.quality.snr_db, usual.quality.snr_db, 0.01);
        assert_float_equal(now.quality.clear, usual.quality.clear, 0.001);
        assert_float_equal(now.quality.level_db, usual.quality.level_db + db[k], 0.01);
        release(&now);
    }
    release(&usual);
}

/* 16 bits take their toll where a voice comes out of a file at -60 dBFS, but it is heard. */
static void a_faint_recording_is_heard(void **state)
{
    (void)state;
    double mean, most;
    make_voice(sound);
    heard usual = hear(sound, LONG);
    for (size_t i = 0; i < LONG; i++)
        other[i] = rintf(sound[i] * 0.0316f * 32768) / 32768;
    heard now = hear(other, LONG);
    size_t differ = 0;
    for (size_t i = 0; i < now.n; i++)
        differ += now.speech[i] != usual.speech[i];
    compare(&usual, &now, &mean, &most);
    assert_true(mean < 0.3);
    assert_true(differ < now.n / 20);
    release(&usual);
    release(&now);
}

static void sign_changes_no_feature(void **state)
{
    (void)state;
    double mean, most;
    make_voice(sound);
    for (size_t i = 0; i < LONG; i++)
        other[i] = -sound[i];
    heard usual = hear(sound, LONG), now = hear(other, LONG);
    compare(&usual, &now, &mean, &most);
    assert_true(mean < 0.005);
    assert_memory_equal(usual.speech, now.speech, now.n);
    release(&usual);
    release(&now);
}

/* An offset twice as high as the voice's peaks: neither its level nor its features. */
static void an_offset_changes_no_feature(void **state)
{
    (void)state;
    double mean, most;
    make_voice(sound);
    for (size_t i = 0; i < LONG; i++)
        other[i] = sound[i] + 0.4f;
    heard usual = hear(sound, LONG), now = hear(other, LONG);
    compare(&usual, &now, &mean, &most);
    assert_true(mean < 0.02);
    assert_memory_equal(usual.speech, now.speech, now.n);
    assert_float_equal(now.quality.level_db, usual.quality.level_db, 0.01);
    assert_float_equal(now.quality.snr_db, usual.quality.snr_db, 0.1);
    release(&usual);
    release(&now);
}

/* ---- the gain --------------------------------------------------------------------------- */

/* The gain after the given seconds of x. */
static float gain_after(at_level *l, const float *x, double seconds)
{
    float steady[AT_FRAME_HOP], gain = 0;
    for (size_t i = 0; i + AT_FRAME_HOP <= (size_t)(seconds * SECOND); i += AT_FRAME_HOP)
        gain = at_level_push(l, x + i, steady);
    return gain;
}

static double reference_db(float gain)
{
    return (double)AT_LEVEL_DB - 20 * log10((double)gain);
}

static void the_gain_is_that_of_the_loudest(void **state)
{
    (void)state;
    at_level level = {0};
    memset(sound, 0, sizeof sound);
    assert_float_equal(gain_after(&level, sound, 1), 1, 0); /* nothing heard yet */
    add_white(sound, LONG, 0.001f, 1);                      /* -60 dBFS */
    assert_float_equal(reference_db(gain_after(&level, sound, 1)), -60 + 30, 3.5);
    add_tone(sound, LONG, 440, 0.1); /* -23 dBFS */
    assert_float_equal(reference_db(gain_after(&level, sound, 1)), -23, 3.5);
    /* Kept over a pause of seven seconds, forgotten after nine. */
    memset(sound, 0, sizeof sound);
    add_white(sound, LONG, 0.001f, 2);
    assert_float_equal(reference_db(gain_after(&level, sound, 6)), -23, 3.5);
    assert_float_equal(reference_db(gain_after(&level, sound, 0.5)), -23, 3.5);
    assert_float_equal(reference_db(gain_after(&level, sound, 3)), -60 + 30, 3.5);
}

static void a_sudden_start_does_not_clip(void **state)
{
    (void)state;
    at_level level = {0};
    float steady[AT_FRAME_HOP];
    memset(sound, 0, sizeof sound);
    add_white(sound, LONG, 0.0001f, 1); /* -80 dBFS, then a voice at -10 */
    for (size_t at = SECOND; at < 2 * SECOND; at += SECOND / 2)
        add_burst(sound + at, SECOND / 3, 140, 0.4f);
    size_t over = 0;
    for (size_t i = 0; i + AT_FRAME_HOP <= 2 * SECOND; i += AT_FRAME_HOP) {
        float gain = at_level_push(&level, sound + i, steady);
        for (int k = 0; k < AT_FRAME_HOP; k++)
            over += fabsf(gain * steady[k]) >= 1;
    }
    assert_int_equal(over, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loudness_changes_no_feature),
        cmocka_unit_test(a_faint_recording_is_heard),
        cmocka_unit_test(sign_changes_no_feature),
        cmocka_unit_test(an_offset_changes_no_feature),
        cmocka_unit_test(the_gain_is_that_of_the_loudest),
        cmocka_unit_test(a_sudden_start_does_not_clip),
    };
    return cmocka_run_group_tests_name("level", tests, NULL, NULL);
}
