/* Voice features and augmentation with each of their allocations failing in turn. */
#include "wrap_alloc.h"

#include "base/mem.h"
#include "degrade/degrade.h"
#include "degrade/sound.h"
#include "dsp/features.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <string.h>
#include <cmocka.h>

enum { N = AT_SAMPLE_RATE };
static float pcm[N];

static int make_tone(void **state)
{
    (void)state;
    for (int i = 0; i < N; i++)
        pcm[i] = 0.2f * sinf(0.1f * (float)i);
    return 0;
}

static void extract_survives(void **state)
{
    (void)state;
    int failures = 0;
    long before = wrap_alloc_live();
    for (int n = 0; n == 0 || wrap_alloc_failed(); n++) {
        at_features_options o = {.denoise = 1};
        at_feature_row *rows;
        size_t n_rows;
        attune_error err = {0};
        wrap_alloc_fail_at(n);
        int status = at_features_extract(pcm, N, &o, &rows, &n_rows, &err);
        wrap_alloc_off();
        assert_int_equal(status, wrap_alloc_failed() ? ATTUNE_E_NOMEM : ATTUNE_OK);
        assert_int_equal(err.status, status);
        assert_int_equal(rows == NULL, wrap_alloc_failed());
        assert_int_equal(n_rows, rows ? at_features_count(N) : 0);
        at_free(rows);
        failures += wrap_alloc_failed();
    }
    assert_true(failures >= 5);
    assert_int_equal(wrap_alloc_live(), before);
}

/* A push that fails has taken nothing: the same push again gives what it would have. */
static void push_survives(void **state)
{
    (void)state;
    at_features *f;
    at_feature_row row;
    size_t n = 0;
    assert_int_equal(at_features_create(&f, NULL, NULL), ATTUNE_OK);
    assert_int_equal(at_features_push(f, 0, pcm, N / 2), ATTUNE_OK);
    wrap_alloc_fail_at(0);
    assert_int_equal(at_features_push(f, 500000, pcm + N / 2, N / 2), ATTUNE_E_NOMEM);
    wrap_alloc_off();
    assert_int_equal(at_features_push(f, 500000, pcm + N / 2, N / 2), ATTUNE_OK);
    assert_int_equal(at_features_finish(f), ATTUNE_OK);
    while (at_features_next(f, &row))
        n++;
    assert_int_equal(n, at_features_count(N));
    at_features_free(&f);
}

static void augment_survives(void **state)
{
    (void)state;
    int failures = 0;
    long before = wrap_alloc_live();
    at_voice_augment a = {
        .speed_p = 1, .speed_min = 0.9f, .speed_max = 1.1f, .pitch_p = 1, .pitch_max = 2};
    for (int n = 0; n == 0 || wrap_alloc_failed(); n++) {
        at_rng rng;
        float *out;
        size_t out_n;
        attune_error err = {0};
        at_rng_seed(&rng, 1, 0);
        wrap_alloc_fail_at(n);
        int status = at_augment_voice(pcm, N, &a, &rng, &out, &out_n, &err);
        wrap_alloc_off();
        assert_int_equal(status, wrap_alloc_failed() ? ATTUNE_E_NOMEM : ATTUNE_OK);
        assert_int_equal(out == NULL, wrap_alloc_failed());
        at_free(out);
        failures += wrap_alloc_failed();
    }
    assert_true(failures >= 4);
    assert_int_equal(wrap_alloc_live(), before);
}

/* All that needs memory; what FFmpeg takes for itself is its own affair (alloc_media). */
static void degradations_survive(void **state)
{
    (void)state;
    int failures = 0;
    long before = wrap_alloc_live();
    const at_sound_sources from = {.noise = pcm, .noise_n = N};
    for (int kind = AT_DEGRADE_PICTURES; kind < AT_DEGRADE_KINDS; kind++) {
        const at_degradation *d = &at_degradations[kind];
        for (int n = 0; kind != AT_DEGRADE_OPUS && (n == 0 || wrap_alloc_failed()); n++) {
            static float copy[N];
            at_rng rng;
            memcpy(copy, pcm, sizeof copy);
            at_rng_seed(&rng, 1, 0);
            wrap_alloc_fail_at(n);
            int status =
                at_degrade_sound(copy, N, (at_degrade_kind)kind, d->listed[0], &from, &rng);
            wrap_alloc_off();
            assert_int_equal(status, wrap_alloc_failed() ? ATTUNE_E_NOMEM : ATTUNE_OK);
            failures += wrap_alloc_failed();
            assert_int_equal(wrap_alloc_live(), before);
        }
    }
    assert_true(failures >= 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(extract_survives),
        cmocka_unit_test(push_survives),
        cmocka_unit_test(augment_survives),
        cmocka_unit_test(degradations_survive),
    };
    return cmocka_run_group_tests_name("dsp allocations", tests, make_tone, NULL);
}
