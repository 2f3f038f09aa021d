/* What a stretch of speech is like: known rows give known numbers, the level of the recording none; and
 * the linear expert that answers to them joins the voice networks, whole or not at all. */
#include "base/mem.h"
#include "dsp/functionals.h"
#include "made_weights.h"
#include "model/audio.h"
#include "tensor/weights.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { ROWS = 41, PER = AT_FUNCTIONALS_A_COLUMN, SOME = AT_COL_DELTA + 2 };

static float x[ROWS * AT_FEATURE_COLS], scratch[ROWS * AT_FUNCTIONALS_SCRATCH];
static unsigned char speech[ROWS];

/* Column c of row i is i (c + 1) / 10; every row speech but the first; voices in rows 10..19. */
static void make_rows(void)
{
    for (int i = 0; i < ROWS; i++) {
        for (int c = 0; c < AT_FEATURE_COLS; c++)
            x[i * AT_FEATURE_COLS + c] = 0.1F * (float)(i * (c + 1));
        x[i * AT_FEATURE_COLS + AT_COL_VOICING] = i >= 10 && i < 20 ? 0.9F : 0.1F;
        speech[i] = i > 0;
    }
}

static void test_known(void **state)
{
    float out[AT_FUNCTIONALS];
    const float unit = 0.1F * (SOME + 1), pitch = 0.1F * (AT_COL_PITCH + 1);
    (void)state;
    make_rows();
    at_functionals(x, ROWS, speech, scratch, out);
    const float *f = out + SOME * PER; /* 1..40 times unit */
    assert_float_equal(f[0], 20.5F * unit, 1e-4);
    assert_float_equal(f[1], sqrtf((40 * 40 - 1) / 12.0F) * unit, 1e-3);
    assert_float_equal(f[2], 3 * unit, 1e-4);
    assert_float_equal(f[3], 21 * unit, 1e-4);
    assert_float_equal(f[4], 38 * unit, 1e-4);
    assert_float_equal(f[5], unit, 1e-4);
    assert_float_equal(out[AT_COL_PITCH * PER], 14.5F * pitch, 1e-3); /* voiced rows alone */
    assert_float_equal(out[AT_FUNCTIONALS_COLUMNS - 3], 40.0F / 41, 1e-6);
    assert_float_equal(out[AT_FUNCTIONALS_COLUMNS - 2], 10.0F / 41, 1e-6);
    assert_float_equal(out[AT_FUNCTIONALS_COLUMNS - 1], 2 * 100.0F / 41, 1e-4);
}

/* A pause ends a stretch: the step over it is none. */
static void test_pause(void **state)
{
    float out[AT_FUNCTIONALS];
    (void)state;
    make_rows();
    memset(speech, 0, sizeof speech);
    speech[2] = speech[3] = speech[30] = speech[31] = 1;
    at_functionals(x, ROWS, speech, scratch, out);
    assert_float_equal(out[SOME * PER + 5], 0.1F * (SOME + 1), 1e-5);
    speech[2] = speech[3] = 0;
    at_functionals(x, ROWS, speech, scratch, out);
    for (int i = 0; i < AT_FEATURE_COLS * PER; i++)
        assert_float_equal(out[i], 0, 0); /* too few */
    at_functionals(x, 0, speech, scratch, out);
    assert_float_equal(out[AT_FUNCTIONALS_COLUMNS - 3], 0, 0);
}

/* Louder sound adds a constant to log-mel bands, c0 and energy. */
static void test_level(void **state)
{
    float out[AT_FUNCTIONALS], louder[AT_FUNCTIONALS];
    (void)state;
    make_rows();
    at_functionals(x, ROWS, speech, scratch, out);
    for (int i = 0; i < ROWS; i++) {
        for (int c = 0; c <= AT_COL_MFCC; c++)
            x[i * AT_FEATURE_COLS + c] += c == AT_COL_MFCC ? 25.3F : 4;
        x[i * AT_FEATURE_COLS + AT_COL_LOG_ENERGY] += 4;
    }
    at_functionals(x, ROWS, speech, scratch, louder);
    for (int i = 0; i < AT_FUNCTIONALS_COLUMNS; i++) /* golden_prosody has the others */
        assert_float_equal(out[i], louder[i], 2e-4);
    x[5 * AT_FEATURE_COLS + 3] += 7; /* one band, once: that is no level */
    at_functionals(x, ROWS, speech, scratch, louder);
    assert_true(fabsf(out[3 * PER] - louder[3 * PER]) > 0.05F);
}

/* ---- the expert ----------------------------------------------------------------------------- */

static void put(at_params *p, const char *what, int rows, int columns, float from, float step)
{
    char name[64];
    snprintf(name, sizeof name, "%s%s", at_voice_expert_arrays, what);
    at_param *q = at_params_get(p, name, columns ? 2 : 1, (int[]){rows, columns});
    assert_non_null(q);
    for (size_t i = 0; i < at_tensor_count(&q->value); i++)
        q->value.data[i] = from + step * (float)i;
}

static at_weights *as_file(const at_params *p, const char *without)
{
    at_weights_writer *w = begin_weights();
    put_params(w, p, without);
    return end_weights(w);
}

static void test_expert(void **state)
{
    static float rows[20 * AT_FEATURES], functionals[AT_VOICE_FUNCTIONALS];
    at_params p = {0};
    at_audio_net *net;
    at_graph *g;
    at_audio_result alone, both;
    at_rng rng;
    (void)state;
    at_rng_seed(&rng, 3, 0);
    assert_int_equal(at_audio_init(&p, 1, &rng, NULL), 0);
    put(&p, "mean", AT_VOICE_FUNCTIONALS, 0, 1, 0);
    put(&p, "inv_deviation", AT_VOICE_FUNCTIONALS, 0, 2, 0);
    put(&p, "weight", AT_VOICE_FUNCTIONALS, AT_VOICE_CLASSES, 0, 0);
    put(&p, "bias", AT_VOICE_CLASSES, 0, 0, 0.5F);
    char name[64];
    snprintf(name, sizeof name, "%sweight", at_voice_expert_arrays);
    float *weight = at_params_find(&p, name)->value.data;
    weight[7 * AT_VOICE_CLASSES + 2] = 3;  /* of functional 7 for class 2 */
    weight[9 * AT_VOICE_CLASSES + 4] = -1; /* of functional 9 against class 4 */
    for (int i = 0; i < AT_VOICE_FUNCTIONALS; i++)
        functionals[i] = 1;
    functionals[7] = 1.25F; /* z = 0.5 */
    functionals[9] = 1e6F;  /* z = 5, the limit */
    at_weights *w = as_file(&p, NULL);
    assert_int_equal(at_audio_freeze(&net, w, at_kernels_best(), NULL), 0);
    assert_int_equal(at_graph_create(&g, NULL, at_kernels_best(), NULL), 0);
    assert_int_equal(at_audio_run(net, g, rows, 20, NULL, &alone), 0);
    assert_int_equal(at_audio_run(net, g, rows, 20, functionals, &both), 0);
    for (int k = 0; k < AT_VOICE_CLASSES; k++) {
        const float want = 0.5F * (float)k + (k == 2 ? 1.5F : k == 4 ? -5 : 0);
        assert_float_equal(both.expression[k] - alone.expression[k], want, 1e-5);
    }
    at_audio_free(&net);
    at_weights_free(&w);

    static const char *const arrays[] = {"mean", "inv_deviation", "weight", "bias"};
    for (int i = 0; i < 4; i++) {
        attune_error err = {0};
        snprintf(name, sizeof name, "%s%s", at_voice_expert_arrays, arrays[i]);
        w = as_file(&p, name);
        assert_int_equal(at_audio_freeze(&net, w, at_kernels_best(), &err), ATTUNE_E_FORMAT);
        assert_null(net);
        assert_non_null(strstr(err.text, "audio.functionals."));
        at_weights_free(&w);
    }
    w = as_file(&p, at_voice_expert_arrays); /* none of them: networks alone */
    assert_int_equal(at_audio_freeze(&net, w, at_kernels_best(), NULL), 0);
    assert_int_equal(at_audio_run(net, g, rows, 20, functionals, &both), 0);
    assert_memory_equal(both.expression, alone.expression, sizeof both.expression);
    at_audio_free(&net);
    at_weights_free(&w);
    at_graph_free(&g);
    at_params_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_pause),
        cmocka_unit_test(test_level),
        cmocka_unit_test(test_expert),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
