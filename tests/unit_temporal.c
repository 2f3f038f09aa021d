/* The encoder over the frames of a window: a network that is given one starts out as it was; frozen it says
 * what it says over tensors, with the same bits for any number of threads; frames past a window's length
 * count for nothing; it hears when a frame was seen and not when the window was; it comes along where a
 * network is folded, beside a spatial one; files with half of one are refused. */
#include "model/visual.h"
#include "base/mem.h"
#include "distance.h"
#include "made_weights.h"
#include "one_thread_case.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static const at_encoder_shape small = {2, 24, 3};
enum { LOGITS = AT_ENCODER_LOGITS, FRAMES = 11, WINDOWS = 3 };

/* Embeddings and times of three windows, of 11, 4 and 1 frames. */
typedef struct windows {
    float token[WINDOWS][FRAMES][AT_VISUAL_EMBED];
    int64_t t_us[WINDOWS][FRAMES];
    int length[WINDOWS];
} windows;

static windows *make_windows(void)
{
    static windows w;
    at_rng rng;
    at_rng_seed(&rng, 7, 0);
    w = (windows){.length = {FRAMES, 4, 1}};
    for (int i = 0; i < WINDOWS; i++)
        for (int k = 0; k < FRAMES; k++) {
            w.t_us[i][k] = 1000000 * (i + 1) + 130000 * k;
            for (int d = 0; d < AT_VISUAL_EMBED; d++)
                w.token[i][k][d] = at_rng_range(&rng, 0, 2);
        }
    return &w;
}

/* An encoder moved off where it starts, the last weights too. */
static void make_encoder(at_params *p, const at_encoder_kind *kind)
{
    at_rng rng;
    const int first = p->count;
    at_rng_seed(&rng, 3, 0);
    assert_int_equal(at_encoder_init(kind, p, &small, &rng, NULL), 0);
    for (int i = first; i < p->count; i++) {
        at_tensor *v = &p->list[i]->value;
        for (size_t k = 0; k < at_tensor_count(v); k++)
            v->data[k] += 0.2f * at_rng_normal(&rng);
    }
}

static void say(const at_params *p, const windows *w, float logits[WINDOWS][LOGITS])
{
    const at_temporal_batch b = {WINDOWS, FRAMES, w->token[0][0], w->t_us[0], w->length};
    at_graph *g;
    at_tensor *expression, *basic;
    assert_int_equal(at_graph_create(&g, NULL, at_kernels_best(), NULL), 0);
    at_graph_begin(g, AT_INFER, 0);
    at_temporal_forward(g, p, &b, 0, &expression, &basic);
    assert_int_equal(at_graph_status(g), 0);
    for (int i = 0; i < WINDOWS; i++) {
        memcpy(logits[i], expression->data + i * AT_FACE_CLASSES, AT_FACE_CLASSES * sizeof(float));
        memcpy(logits[i] + AT_FACE_CLASSES, basic->data + i * AT_BASIC_CLASSES,
               AT_BASIC_CLASSES * sizeof(float));
    }
    at_graph_free(&g);
}

/* What a network adds over time to answers of 1. */
static void run(const at_visual_net *net, int threads, const windows *w, int window,
                float logits[LOGITS])
{
    static at_visual_result mean;
    at_pool *pool;
    const int n = w->length[window];
    assert_int_equal(at_pool_create(&pool, threads, NULL), 0);
    float *work = at_alloc(at_visual_time_workspace(net, n), sizeof *work);
    for (int i = 0; i < AT_FACE_CLASSES; i++)
        mean.expression[i] = 1;
    for (int i = 0; i < AT_BASIC_CLASSES; i++)
        mean.basic[i] = 1;
    at_visual_over_time(net, pool, w->token[window][0], w->t_us[window], n, work, &mean);
    memcpy(logits, mean.expression, sizeof mean.expression);
    memcpy(logits + AT_FACE_CLASSES, mean.basic, sizeof mean.basic);
    at_free(work);
    at_pool_free(&pool);
}

static double distance(const float *want, const float *got)
{
    return relative_distance(want, got, LOGITS);
}

/* encoder: 1: one that starts; 2: one that has learned. */
static at_visual_net *network(int encoder, at_params *p)
{
    at_rng rng;
    at_visual_net *net;
    at_rng_seed(&rng, 3, 0);
    assert_int_equal(at_visual_init(p, &rng, NULL), 0);
    if (encoder == 1)
        assert_int_equal(at_encoder_init(&at_temporal, p, &small, &rng, NULL), 0);
    if (encoder == 2)
        make_encoder(p, &at_temporal);
    at_weights *w = weights_of(p);
    assert_int_equal(at_visual_freeze(&net, w, at_kernels_best(), NULL), 0);
    at_weights_free(&w);
    return net;
}

/* ---- what it says --------------------------------------------------------------------------- */

static void test_starts_as_it_was(void **state)
{
    (void)state;
    for (int encoder = 0; encoder < 2; encoder++) {
        at_params p = {0};
        float logits[LOGITS];
        at_visual_net *net = network(encoder, &p);
        assert_int_equal(at_visual_time_workspace(net, 5) > 0, encoder);
        run(net, 1, make_windows(), 0, logits);
        for (int i = 0; i < LOGITS; i++)
            assert_true(logits[i] == 1);
        at_visual_free(&net);
        at_params_free(&p);
    }
}

static void test_frozen(void **state)
{
    const windows *w = make_windows();
    float want[WINDOWS][LOGITS], got[LOGITS], again[LOGITS];
    at_params p = {0};
    (void)state;
    at_visual_net *net = network(2, &p);
    say(&p, w, want);
    for (int i = 0; i < WINDOWS; i++) {
        run(net, 1, w, i, got);
        run(net, 3, w, i, again);
        assert_memory_equal(got, again, sizeof got);
        for (int k = 0; k < LOGITS; k++)
            want[i][k] += 1;
        assert_true(distance(want[i], got) < 1e-4);
    }
    at_visual_free(&net);
    at_params_free(&p);
}

static void test_lengths(void **state)
{
    windows *w = make_windows();
    float before[WINDOWS][LOGITS], after[WINDOWS][LOGITS];
    at_params p = {0};
    (void)state;
    make_encoder(&p, &at_temporal);
    say(&p, w, before);
    for (int k = w->length[1]; k < FRAMES; k++)
        for (int d = 0; d < AT_VISUAL_EMBED; d++)
            w->token[1][k][d] = NAN;
    say(&p, w, after);
    assert_memory_equal(before, after, sizeof before);
    at_params_free(&p);
}

static void test_hears_times(void **state)
{
    windows *w = make_windows();
    float before[WINDOWS][LOGITS], after[WINDOWS][LOGITS];
    at_params p = {0};
    (void)state;
    make_encoder(&p, &at_temporal);
    say(&p, w, before);
    for (int k = 0; k < FRAMES; k++) {
        w->t_us[0][k] += 77000000; /* the window as a whole */
        w->t_us[1][k] *= 2;        /* its frames twice as far apart */
    }
    say(&p, w, after);
    assert_memory_equal(before[0], after[0], sizeof before[0]);
    assert_true(distance(before[1], after[1]) > 1e-3);
    at_params_free(&p);
}

static void test_times(void **state)
{
    float f[AT_TEMPORAL_TIME];
    (void)state;
    at_temporal_time(4750000, 5000000, f);
    assert_float_equal(f[0], 1, 1e-6); /* a quarter of the first period, 1 s */
    assert_float_equal(f[1], 0, 1e-6);
    assert_float_equal(f[2], sin(3.14159265358979 / 4), 1e-6);
    assert_float_equal(f[7], cos(3.14159265358979 / 16), 1e-6);
}

/* ---- files ---------------------------------------------------------------------------------- */

static void test_comes_along(void **state)
{
    const windows *w = make_windows();
    float want[WINDOWS][LOGITS], got[WINDOWS][LOGITS];
    at_params p = {0}, folded = {0};
    (void)state;
    at_visual_net *net = network(2, &p);
    at_visual_free(&net);
    make_encoder(&p, &at_spatial);
    say(&p, w, want);
    at_weights *file = weights_of(&p);
    assert_int_equal(at_visual_fold(&folded, file, NULL), 0);
    assert_true(at_encoder_is_in(&at_spatial, &folded));
    say(&folded, w, got);
    assert_memory_equal(want, got, sizeof want);
    at_weights_free(&file);
    at_params_free(&p);
    at_params_free(&folded);
}

static void test_damaged(void **state)
{
    static const char *const without[] = {"time", "pool.weight", "layer1.seen.bias",
                                          "expression.weight"};
    at_params p = {0};
    (void)state;
    at_visual_net *net = network(2, &p);
    at_visual_free(&net);
    for (size_t i = 0; i < sizeof without / sizeof *without; i++) {
        char name[64];
        attune_error err;
        snprintf(name, sizeof name, "visual.temporal.%s", without[i]);
        at_weights_writer *writer = begin_weights();
        put_params(writer, &p, name);
        at_weights *file = end_weights(writer);
        assert_int_equal(at_visual_freeze(&net, file, at_kernels_best(), &err), ATTUNE_E_FORMAT);
        assert_null(net);
        assert_non_null(strstr(err.text, "visual.temporal."));
        at_weights_free(&file);
    }
    at_params_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        one_thread_case(test_starts_as_it_was),
        cmocka_unit_test(test_frozen),
        one_thread_case(test_lengths),
        one_thread_case(test_hears_times),
        one_thread_case(test_times),
        one_thread_case(test_comes_along),
        one_thread_case(test_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
