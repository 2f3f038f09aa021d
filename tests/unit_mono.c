/* unit_mono.c - sound of any rate and number of channels, against the tone that it is. */
#include "dsp/features.h"
#include "dsp/mono.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const double two_pi = 6.283185307179586;

/* What comes of seconds of the sine of hz, in pieces; *n samples. */
static float *through(int rate, int channels, attune_sample sample, double hz, double seconds,
                      size_t piece, size_t *n)
{
    const size_t frames = (size_t)((double)rate * seconds);
    const size_t bytes = sample == ATTUNE_S16 ? 2 : 4;
    char *data = malloc(frames * (size_t)channels * bytes + 1);
    char *in = data + 1; /* no alignment is promised */
    at_mono *m = NULL;
    float *out;
    assert_int_equal(at_mono_create(&m, rate, channels), ATTUNE_OK);
    for (size_t i = 0; i < frames; i++)
        for (int c = 0; c < channels; c++) {
            /* the channels differ, and their mean is the sine */
            const double v = 0.5 * sin(two_pi * hz * (double)i / rate) *
                             (channels == 1 ? 1 : 2.0 * (c + 1) / (channels + 1));
            const float f = (float)v;
            const int16_t s = (int16_t)lround(v * 32768);
            memcpy(in + (i * (size_t)channels + (size_t)c) * bytes,
                   bytes == 2 ? (const void *)&s : (const void *)&f, bytes);
        }
    out = malloc((at_mono_most(m, frames) + 8 * (frames / piece + 1)) * sizeof *out);
    *n = 0;
    for (size_t i = 0; i < frames; i += piece) {
        const attune_sound x = {sample, rate, channels, in + i * (size_t)channels * bytes,
                                frames - i < piece ? frames - i : piece};
        const size_t most = at_mono_most(m, x.n), got = at_mono_push(m, &x, out + *n);
        assert_true(got <= most);
        *n += got;
    }
    *n += at_mono_finish(m, out + *n);
    at_mono_free(&m);
    assert_null(m);
    free(data);
    return out;
}

/* The n-th output is of the moment n / 16000 s, to a hundredth of the amplitude. */
static void a_tone_stays_where_it_is(void **state)
{
    static const struct {
        int rate, channels;
        attune_sample sample;
        double tolerance;
    } kinds[] = {{16000, 1, ATTUNE_F32, 1e-6},  {16000, 1, ATTUNE_S16, 1e-4},
                 {16000, 3, ATTUNE_F32, 1e-6},  {48000, 2, ATTUNE_S16, 0.005},
                 {44100, 1, ATTUNE_F32, 0.005}, {44100, 6, ATTUNE_F32, 0.005},
                 {8000, 2, ATTUNE_F32, 0.005},  {11025, 1, ATTUNE_S16, 0.005},
                 {192000, 2, ATTUNE_F32, 0.005}};
    (void)state;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        size_t n;
        float *out = through(kinds[k].rate, kinds[k].channels, kinds[k].sample, 440, 0.5, 777, &n);
        assert_in_range(n, 7999, 8001);
        for (size_t i = 400; i < n - 400; i++)
            assert_true(fabs(out[i] - 0.5 * sin(two_pi * 440 * (double)i / AT_SAMPLE_RATE)) <
                        kinds[k].tolerance);
        free(out);
    }
}

/* What 16 kHz cannot hold is taken out before it comes back as something else. */
static void nothing_folds_back(void **state)
{
    size_t n;
    float *out = through(48000, 1, ATTUNE_F32, 11000, 0.5, 1000, &n);
    (void)state;
    for (size_t i = 400; i < n - 400; i++)
        assert_true(fabsf(out[i]) < 1e-3F);
    free(out);
}

static void pieces_of_any_size(void **state)
{
    static const size_t pieces[] = {1, 160, 511, 512, 513, 22050};
    size_t n, again;
    float *whole = through(44100, 2, ATTUNE_F32, 300, 0.5, 22050, &n);
    (void)state;
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        float *out = through(44100, 2, ATTUNE_F32, 300, 0.5, pieces[i], &again);
        assert_int_equal(again, n);
        assert_memory_equal(out, whole, n * sizeof *out);
        free(out);
    }
    free(whole);
}

static void nonsense_counts_as_silence(void **state)
{
    const float bad[4] = {NAN, INFINITY, -INFINITY, 1e30F};
    float out[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    at_mono *m = NULL;
    const attune_sound x = {ATTUNE_F32, 16000, 1, bad, 4};
    (void)state;
    assert_int_equal(at_mono_create(&m, 16000, 1), ATTUNE_OK);
    assert_int_equal(at_mono_push(m, &x, out), 4);
    assert_true(out[0] == 0 && out[1] == 0 && out[2] == 0 && out[3] == 8);
    assert_int_equal(at_mono_finish(m, out), 0);
    at_mono_free(&m);
}

static void the_ends_of_the_range(void **state)
{
    static const int rates[] = {ATTUNE_MIN_RATE, ATTUNE_MAX_RATE, 12347};
    (void)state;
    for (int i = 0; i < 3; i++) {
        size_t n;
        float *out = through(rates[i], ATTUNE_MAX_CHANNELS, ATTUNE_S16, 200, 0.1, 99999, &n);
        assert_in_range(n, 1598, 1602);
        free(out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tone_stays_where_it_is), cmocka_unit_test(nothing_folds_back),
        cmocka_unit_test(pieces_of_any_size),       cmocka_unit_test(nonsense_counts_as_silence),
        cmocka_unit_test(the_ends_of_the_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
