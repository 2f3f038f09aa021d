/* The frozen face stream against the same network over tensors, on random weights and statistics; and
 * the same bits for any number of threads. */
#include "distance.h"
#include "made_face_net.h"
#include "made_weights.h"
#include "model/visual.h"
#include "one_thread_case.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static void reference(at_params *p, const uint8_t *face, int side, at_visual_result *r)
{
    at_graph *g;
    at_visual_options o = {0};
    at_visual_out out;
    assert_int_equal(at_graph_create(&g, NULL, at_kernels_best(), NULL), 0);
    at_graph_begin(g, AT_INFER, 0);
    at_tensor *x = at_tensor_new(g, 4, (int[]){1, side, side, 3}, 0);
    for (int i = 0; i < side * side * 3; i++)
        x->data[i] = ((float)face[i] - 127.5f) / 127.5f;
    at_visual_forward(g, p, x, &o, &out);
    assert_int_equal(at_graph_status(g), 0);
    memcpy(r->embedding, out.embedding->data, sizeof r->embedding);
    memcpy(r->expression, out.expression->data, sizeof r->expression);
    memcpy(r->basic, out.basic->data, sizeof r->basic);
    memcpy(r->state, out.state->data, sizeof r->state);
    memcpy(r->engagement, out.engagement->data, sizeof r->engagement);
    r->covered = out.covered->data[0];
    for (int u = 0; u < ATTUNE_UNITS; u++)
        r->units[u] = 1 / (1 + expf(-out.units->data[u]));
    for (int a = 0; a < AT_POSE_AXES; a++)
        r->pose[a] = AT_POSE_DEGREES * out.pose->data[a];
    for (int s = 0; s < ATTUNE_STATES; s++)
        r->dominant[s] = out.dominant ? out.dominant->data[s] : NAN;
    at_graph_free(&g);
}

/* What the network says of a mirror image, of the picture itself. */
static void reference_mirrored(at_params *p, const uint8_t *mirrored, int side, at_visual_result *r)
{
    float units[ATTUNE_UNITS];
    reference(p, mirrored, side, r);
    memcpy(units, r->units, sizeof units);
    for (int u = 0; u < ATTUNE_UNITS; u++)
        r->units[at_unit_mirrored(u)] = units[u];
    r->pose[0] *= -1;
    r->pose[2] *= -1;
}

static void run(const at_visual_net *net, int threads, const uint8_t *face, int side,
                at_views views, at_visual_result *r)
{
    at_pool *pool;
    assert_int_equal(at_pool_create(&pool, threads, NULL), 0);
    float *work = at_alloc(at_visual_workspace(net, pool, side), sizeof *work);
    assert_non_null(work);
    at_visual_run(net, pool, face, side, views, work, r);
    at_free(work);
    at_pool_free(&pool);
}

enum { RESULT_FLOATS = sizeof(at_visual_result) / sizeof(float) };

static void mean_of(const at_visual_result *a, const at_visual_result *b, at_visual_result *mean)
{
    for (int i = 0; i < RESULT_FLOATS; i++)
        ((float *)mean)[i] = (((const float *)a)[i] + ((const float *)b)[i]) / 2;
}

static double distance(const at_visual_result *want, const at_visual_result *got)
{
    return relative_distance((const float *)want, (const float *)got, RESULT_FLOATS);
}

static void test_frozen(void **state)
{
    at_params p = {0};
    at_rng rng;
    at_weights *w;
    at_visual_net *net;
    (void)state;
    at_rng_seed(&rng, 3, 0);
    assert_int_equal(at_visual_init(&p, &rng, NULL), 0);
    assert_int_equal(at_visual_add_head(&p, AT_HEAD_DOMINANT4, &rng, NULL), 0);
    stir_params(&p, &rng);
    w = weights_of(&p);
    assert_int_equal(at_visual_freeze(&net, w, at_kernels_best(), NULL), 0);

    static const int sides[] = {112, 80, 75};
    for (size_t i = 0; i < sizeof sides / sizeof sides[0]; i++) {
        static uint8_t face[112 * 112 * 3], mirrored[112 * 112 * 3];
        static at_visual_result want[4]; /* by views */
        const int side = sides[i];
        for (size_t k = 0; k < sizeof face; k++)
            face[k] = (uint8_t)at_rng_below(&rng, 256);
        for (int k = 0; k < side * side; k++)
            memcpy(mirrored + 3 * k, face + 3 * (k / side * side + side - 1 - k % side), 3);
        reference(&p, face, side, &want[AT_AS_IT_IS]);
        reference_mirrored(&p, mirrored, side, &want[AT_MIRRORED]);
        mean_of(&want[AT_AS_IT_IS], &want[AT_MIRRORED], &want[AT_BOTH_WAYS]);
        assert_true(distance(&want[AT_AS_IT_IS], &want[AT_MIRRORED]) > 1e-2);
        for (at_views views = AT_AS_IT_IS; views <= AT_BOTH_WAYS; views++) {
            static at_visual_result got[3];
            for (int t = 0; t < 3; t++)
                run(net, t + 1, face, side, views, &got[t]);
            assert_memory_equal(&got[0], &got[1], sizeof got[0]);
            assert_memory_equal(&got[0], &got[2], sizeof got[0]);
            assert_true(distance(&want[views], &got[0]) < 1e-4);
        }
    }
    at_visual_free(&net);
    at_weights_free(&w);
    at_params_free(&p);
}

/* A model file that lacks an array, or has one of another shape, is refused by name. */
static void test_damaged(void **state)
{
    at_params p = {0};
    at_rng rng;
    at_weights *w;
    at_visual_net *net = NULL;
    attune_error err;
    (void)state;
    at_rng_seed(&rng, 4, 0);
    assert_int_equal(at_visual_init(&p, &rng, NULL), 0);
    strcpy(at_params_find(&p, "visual.block7.expand.weight")->name, "visual.block7.nothing");
    w = weights_of(&p);
    assert_int_equal(at_visual_freeze(&net, w, at_kernels_best(), &err), ATTUNE_E_FORMAT);
    assert_null(net);
    assert_non_null(strstr(err.text, "block7.expand"));
    at_weights_free(&w);
    at_params_free(&p);
}

static void hide(at_params *p, const char *beginning)
{
    for (int i = 0; i < p->count; i++)
        if (strncmp(p->list[i]->name, beginning, strlen(beginning)) == 0)
            p->list[i]->name[0] = '-';
}

/* A model of before there were heads for movements and pose runs as ever, and says nothing of them; the
 * network of a whole model, folded as it is shipped, can be learned on from. */
static void test_older_model(void **state)
{
    static uint8_t face[80 * 80 * 3];
    at_visual_result want, got;
    at_params p = {0}, folded = {0}, again = {0};
    at_rng rng;
    at_weights *w;
    at_visual_net *net;
    (void)state;
    at_rng_seed(&rng, 5, 0);
    assert_int_equal(at_visual_init(&p, &rng, NULL), 0);
    assert_int_equal(at_visual_add_head(&p, AT_HEAD_DOMINANT4, &rng, NULL), 0);
    stir_params(&p, &rng);
    for (size_t k = 0; k < sizeof face; k++)
        face[k] = (uint8_t)at_rng_below(&rng, 256);
    reference(&p, face, 80, &want);
    hide(&p, "visual.units.");
    hide(&p, "visual.pose.");
    hide(&p, "visual.dominant.");
    w = weights_of(&p);
    assert_int_equal(at_visual_freeze(&net, w, at_kernels_best(), NULL), 0);
    run(net, 1, face, 80, AT_BOTH_WAYS, &got);
    run(net, 1, face, 80, AT_AS_IT_IS, &got);
    for (int i = 0; i < ATTUNE_UNITS; i++)
        assert_true(isnan(got.units[i]));
    assert_true(isnan(got.pose[0]) && isnan(got.dominant[0]));
    memcpy(got.units, want.units, sizeof got.units);
    memcpy(got.pose, want.pose, sizeof got.pose);
    memcpy(got.dominant, want.dominant, sizeof got.dominant);
    assert_true(distance(&want, &got) < 1e-4);

    assert_int_equal(at_visual_fold(&folded, w, NULL), 0);
    at_weights_free(&w);
    w = weights_of(&folded);
    assert_int_equal(at_visual_init(&again, &rng, NULL), 0);
    assert_int_equal(at_visual_import_own(&again, w, NULL), 0);
    reference(&again, face, 80, &got);
    memcpy(got.units, want.units, sizeof got.units);
    memcpy(got.pose, want.pose, sizeof got.pose);
    memcpy(got.dominant, want.dominant, sizeof got.dominant);
    assert_true(distance(&want, &got) < 1e-4);
    at_visual_free(&net);
    at_weights_free(&w);
    at_params_free(&p);
    at_params_free(&folded);
    at_params_free(&again);
}

static void test_folding(void **state)
{
    float native[AT_FACE_CLASSES] = {.1f, .2f, .1f, .1f, .1f, .1f, .1f, .2f}, e[ATTUNE_EMOTIONS];
    (void)state;
    at_fold(AT_HEAD_FACE8, native, e);
    assert_float_equal(e[ATTUNE_HAPPY], .25, 1e-6);
    assert_float_equal(e[ATTUNE_SURPRISED], .125, 1e-6);
    float contempt[AT_FACE_CLASSES] = {[7] = 1};
    at_fold(AT_HEAD_FACE8, contempt, e);
    assert_float_equal(e[ATTUNE_SAD], 1. / 7, 1e-6);
    float voice[AT_VOICE_CLASSES] = {.25f, .25f, .5f};
    at_fold(AT_HEAD_VOICE8, voice, e);
    assert_float_equal(e[ATTUNE_NEUTRAL], .5, 1e-6);
    assert_float_equal(e[ATTUNE_HAPPY], .5, 1e-6);
}

static void test_levels(void **state)
{
    (void)state;
    float p[ATTUNE_LEVELS], rising[AT_THRESHOLDS] = {0, 2, -2};
    at_ordinal_to_levels(rising, p);
    double second = 0.5, third = 1 / (1 + exp(2));
    assert_float_equal(p[0], 0.5, 1e-6);
    assert_float_equal(p[1], 0, 1e-6); /* P(level > 1) is held at P(level > 0) */
    assert_float_equal(p[2], second - third, 1e-6);
    assert_float_equal(p[3], third, 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frozen),     one_thread_case(test_damaged),
        one_thread_case(test_older_model), one_thread_case(test_folding),
        one_thread_case(test_levels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
