/* Music, sirens, tones and noises are not voices; what is made like a voice may be one. */
#include "sounds.h"

#include "base/mem.h"
#include "dsp/vad.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <math.h>
#include <cmocka.h>

static float sound[LONG];

/* Under this a voice is not used: at_voice_quality_figure is then under the reliability's floor. */
#define USED 0.46f

/* The highest and the lowest of the windows of three seconds in which there is something to hear;
 * how many these are. */
static int windows(float *least, float *most)
{
    const at_features_options o = {.denoise = 1};
    at_feature_row *rows;
    size_t n;
    int heard = 0;
    assert_int_equal(at_features_extract(sound, LONG, &o, &rows, &n, NULL), ATTUNE_OK);
    *least = 1;
    *most = 0;
    for (size_t end = 100; end <= n; end += 50) {
        at_voice_quality q;
        size_t from = end > 300 ? end - 300 : 0;
        at_voice_quality_of(rows + from, end - from, &q);
        assert_true(q.voice_like >= 0 && q.voice_like <= 1);
        if (q.speech_share * (float)(end - from) < 40)
            continue;
        *least = fminf(*least, q.voice_like);
        *most = fmaxf(*most, q.voice_like);
        heard++;
    }
    at_free(rows);
    return heard;
}

static void start(void)
{
    memset(sound, 0, sizeof sound);
    add_white(sound, LONG, 0.0005f, 3);
}

static void not_used(const char *what)
{
    float least, most;
    int heard = windows(&least, &most);
    if (most >= USED)
        fail_msg("%s: up to %.2f like a voice in %d windows", what, (double)most, heard);
}

static void add_note(float *x, size_t n, double hz, double amplitude)
{
    for (size_t i = 0; i < n; i++) {
        double t = (double)i / AT_SAMPLE_RATE, v = 0;
        for (int k = 1; k <= 6; k++)
            v += sin(2 * M_PI * k * hz * t) / k;
        x[i] += (float)(amplitude * v * fmin(1, t / 0.01) * exp(-3 * t));
    }
}

static void music_is_no_voice(void **state)
{
    (void)state;
    static const int melody[] = {0, 4, 7, 12, 11, 7, 9, 5}, chord[] = {0, 4, 7};
    start();
    for (int i = 0; i < 16; i++)
        add_note(sound + i * (SECOND * 3 / 8), SECOND * 3 / 8, 440 * pow(2, melody[i % 8] / 12.0),
                 0.1);
    not_used("a melody");
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < 3; k++)
            add_note(sound + i * (SECOND * 3 / 2), SECOND * 3 / 2, 220 * pow(2, chord[k] / 12.0),
                     0.05);
    not_used("a melody over chords");
}

static void sirens_are_no_voices(void **state)
{
    (void)state;
    static const double period[] = {0.3, 1.2, 4};
    for (size_t k = 0; k < sizeof period / sizeof *period; k++) {
        double phase = 0;
        start();
        for (size_t i = 0; i < LONG; i++) {
            double t = (double)i / AT_SAMPLE_RATE;
            phase += 2 * M_PI * (900 + 400 * sin(2 * M_PI * t / period[k])) / AT_SAMPLE_RATE;
            sound[i] += (float)(0.2 * sin(phase) + 0.05 * sin(3 * phase));
        }
        not_used("a siren");
    }
}

static void tones_are_no_voices(void **state)
{
    (void)state;
    static const double hz[] = {150, 440, 1000, 2500};
    for (size_t k = 0; k < sizeof hz / sizeof *hz; k++) {
        start();
        add_tone(sound + SECOND, LONG - SECOND, hz[k], 0.1);
        not_used("a tone");
        for (size_t i = 0; i < LONG; i++) /* half a second on, half a second off */
            sound[i] *= i / (SECOND / 2) % 2 ? 1 : 0.001f;
        not_used("a beep");
    }
}

static void a_noise_that_begins_is_no_voice(void **state)
{
    (void)state;
    static const size_t from[] = {SECOND, 2 * SECOND, SECOND * 7 / 2};
    for (size_t k = 0; k < sizeof from / sizeof *from; k++) {
        start();
        add_white(sound + from[k], LONG - from[k], 0.05f, 4);
        not_used("a noise that began");
    }
}

static void silence_is_no_voice(void **state)
{
    (void)state;
    float least, most;
    memset(sound, 0, sizeof sound);
    assert_int_equal(windows(&least, &most), 0);
    assert_float_equal(most, 0, 0);
}

/* Vowels whose pitch and loudness move, in words with pauses. */
static void words_are_like_a_voice(void **state)
{
    (void)state;
    float least, most;
    start();
    for (size_t at = SECOND / 5, k = 0; at + SECOND / 2 < LONG; k++) {
        size_t word = SECOND * (12 + k * 7 % 19) / 100;
        add_burst(sound + at, word, 110 + 9 * (double)(k * 5 % 7), 0.02f * (float)(1 + k % 3));
        at += word + SECOND * (6 + k * 5 % 11) / 100;
    }
    int heard = windows(&least, &most);
    assert_true(least > 0.7f);
    assert_true(heard > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(music_is_no_voice),   cmocka_unit_test(sirens_are_no_voices),
        cmocka_unit_test(tones_are_no_voices), cmocka_unit_test(a_noise_that_begins_is_no_voice),
        cmocka_unit_test(silence_is_no_voice), cmocka_unit_test(words_are_like_a_voice),
    };
    return cmocka_run_group_tests_name("likeness", tests, NULL, NULL);
}
