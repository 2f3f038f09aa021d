/* The table of degradations: every line is whole, levels do what their line says, sound and codecs
 * as well as pictures (whose filters unit_vision holds to figures). */
#include "degrade/degrade.h"
#include "sounds.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { N = 2 * SECOND, SIDE = 64 };

static void every_line_is_whole(void **state)
{
    (void)state;
    for (int k = 0; k < AT_DEGRADE_KINDS; k++) {
        const at_degradation *d = &at_degradations[k];
        assert_true(d->name && d->unit && d->about);
        assert_true(d->none != d->most);
        assert_int_equal(d->picture != NULL, k < AT_DEGRADE_PICTURES);
        assert_int_equal(d->sound != NULL, k >= AT_DEGRADE_PICTURES);
        assert_int_equal(at_degrade_find(d->name), k);
    }
    assert_int_equal(at_degrade_find("no such thing"), AT_DEGRADE_KINDS);
}

static float *voice(void)
{
    float *pcm = calloc(N, sizeof *pcm);
    assert_non_null(pcm);
    for (int i = 0; i < 2; i++)
        add_burst(pcm + i * SECOND, BURST, 120 + 30 * i, 0.1f);
    return pcm;
}

/* Energy of what was changed over that of the voice, dB. */
static double change_db(const float *a, const float *b)
{
    double change = 0, all = 0;
    for (int i = 0; i < N; i++) {
        change += (double)(a[i] - b[i]) * (double)(a[i] - b[i]);
        all += (double)a[i] * (double)a[i];
    }
    return 10 * log10(change / all + 1e-20);
}

static float *degraded(at_degrade_kind kind, float level)
{
    float *pcm = voice();
    at_rng rng;
    at_rng_seed(&rng, 5, 5);
    assert_int_equal(at_degrade_sound(pcm, N, kind, level, &rng), ATTUNE_OK);
    for (int i = 0; i < N; i++)
        assert_true(pcm[i] >= -1 && pcm[i] <= 1);
    return pcm;
}

static void sound_gets_worse_with_the_level(void **state)
{
    static const struct {
        at_degrade_kind kind;
        float level[2];
    } cases[] = {
        {AT_DEGRADE_HISS, {20, 0}},     {AT_DEGRADE_QUIET, {6, 40}}, {AT_DEGRADE_CLIPPING, {6, 30}},
        {AT_DEGRADE_TELEPHONE, {0, 1}}, {AT_DEGRADE_LOSS, {5, 40}},
    };
    float *clean = voice();

    (void)state;
    assert_int_equal(sizeof cases / sizeof *cases, AT_DEGRADE_KINDS - AT_DEGRADE_PICTURES);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        const at_degradation *d = &at_degradations[cases[c].kind];
        float *mild = degraded(cases[c].kind, cases[c].level[0]);
        float *hard = degraded(cases[c].kind, cases[c].level[1]);
        float *again = degraded(cases[c].kind, cases[c].level[1]);
        float *none = degraded(cases[c].kind, d->none);
        float *most = degraded(cases[c].kind, d->most + (d->most - d->none)); /* as the most */
        float *worst = degraded(cases[c].kind, d->most);
        if (change_db(clean, hard) <= change_db(clean, mild))
            fail_msg("%s: no worse at %g than at %g", d->name, cases[c].level[1],
                     cases[c].level[0]);
        assert_memory_equal(hard, again, N * sizeof *hard);
        assert_memory_equal(none, clean, N * sizeof *none);
        assert_memory_equal(most, worst, N * sizeof *most);
        free(mild), free(hard), free(again), free(none), free(most), free(worst);
    }
    free(clean);
}

/* A level means what its unit says. */
static void levels_mean_what_they_say(void **state)
{
    float *clean = voice(), *hiss = degraded(AT_DEGRADE_HISS, 10);
    float *quiet = degraded(AT_DEGRADE_QUIET, 20), *lost = degraded(AT_DEGRADE_LOSS, 30);
    double loud = 0, soft = 0, silent = 0, voiced = 0;

    (void)state;
    assert_true(fabs(change_db(clean, hiss) + 10) < 2);
    for (int i = 0; i < N; i++) {
        loud += (double)clean[i] * (double)clean[i];
        soft += (double)quiet[i] * (double)quiet[i];
        silent += clean[i] != 0 && lost[i] == 0;
        voiced += clean[i] != 0;
    }
    assert_true(fabs(10 * log10(loud / soft) - 20) < 0.1);
    assert_true(silent / voiced > 0.1 && silent / voiced < 0.5); /* 100 packets: chance is large */
    free(clean), free(hiss), free(quiet), free(lost);
}

static void wrong_levels_are_refused(void **state)
{
    float *pcm = voice(), *clean = voice();
    at_image im = {0};
    at_rng rng;

    (void)state;
    at_rng_seed(&rng, 1, 1);
    assert_int_equal(at_image_reserve(&im, SIDE, SIDE, 3), ATTUNE_OK);
    memset(im.data, 90, (size_t)im.stride * SIDE);
    assert_int_equal(at_degrade_sound(pcm, N, AT_DEGRADE_QUIET, -1, &rng), ATTUNE_E_ARG);
    assert_int_equal(at_degrade_sound(pcm, N, AT_DEGRADE_HISS, 101, &rng), ATTUNE_E_ARG);
    assert_int_equal(at_degrade_sound(pcm, N, AT_DEGRADE_LOSS, NAN, &rng), ATTUNE_E_ARG);
    assert_int_equal(at_degrade_sound(pcm, N, AT_DEGRADE_BLUR, 1, &rng), ATTUNE_E_ARG);
    assert_int_equal(at_degrade_sound(pcm, N, AT_DEGRADE_KINDS, 1, &rng), ATTUNE_E_ARG);
    assert_int_equal(at_degrade(&im, AT_DEGRADE_HISS, 1, NULL, &rng, NULL), ATTUNE_E_ARG);
    assert_int_equal(at_degrade(&im, AT_DEGRADE_JPEG, -1, NULL, &rng, NULL), ATTUNE_E_ARG);
    assert_memory_equal(pcm, clean, N * sizeof *pcm);
    at_image_free(&im);
    free(pcm);
    free(clean);
}

static double picture_change(const at_image *a, const at_image *b)
{
    double sum = 0;
    for (int y = 0; y < SIDE; y++)
        for (int i = 0; i < 3 * SIDE; i++)
            sum += abs(at_image_at(a, 0, y)[i] - at_image_at(b, 0, y)[i]);
    return sum;
}

static void encoders_take_more_at_higher_levels(void **state)
{
    static const at_degrade_kind kinds[] = {AT_DEGRADE_JPEG, AT_DEGRADE_H264};
    at_image clean = {0}, im = {0};
    at_rng rng;

    (void)state;
    at_rng_seed(&rng, 3, 3);
    assert_int_equal(at_image_reserve(&clean, SIDE, SIDE, 3), ATTUNE_OK);
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            memset(at_image_at(&clean, x, y), 128 + (int)(100 * sin(0.3 * x) * cos(0.2 * y)), 3);
    for (size_t k = 0; k < 2; k++) {
        double last = 0;
        for (float level = 0; level <= 100; level += 50) {
            assert_int_equal(at_image_copy(&im, &clean), ATTUNE_OK);
            assert_int_equal(at_degrade(&im, kinds[k], level, NULL, &rng, NULL), ATTUNE_OK);
            const double now = picture_change(&im, &clean);
            assert_true(level == 0 ? now == 0 : now > last);
            last = now;
        }
    }
    at_image_free(&clean);
    at_image_free(&im);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_is_whole),
        cmocka_unit_test(sound_gets_worse_with_the_level),
        cmocka_unit_test(levels_mean_what_they_say),
        cmocka_unit_test(wrong_levels_are_refused),
        cmocka_unit_test(encoders_take_more_at_higher_levels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
