/* The spatial encoder: a network that is given one starts out as it was; frozen it says what it says over
 * tensors, with the same bits for any number of threads; it hears where a place lies; it comes along where
 * a network is folded or learned on from; files with half of one are refused; its gradients. */
#include "model/visual.h"
#include "base/mem.h"
#include "distance.h"
#include "made_weights.h"
#include "one_thread_case.h"
#include "sanitized.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const at_encoder_shape small = {2, 24, 3};

/* ---- networks and files --------------------------------------------------------------------- */

static int is_spatial(const char *name)
{
    return strncmp(name, "visual.spatial.", strlen("visual.spatial.")) == 0;
}

/* Moves all of the encoder off where it starts, the last weights too. */
static void stir(at_params *p)
{
    at_rng rng;
    at_rng_seed(&rng, 9, 0);
    for (int i = 0; i < p->count; i++) {
        at_tensor *v = &p->list[i]->value;
        for (size_t k = 0, n = is_spatial(p->list[i]->name) ? at_tensor_count(v) : 0; k < n; k++)
            v->data[k] += 0.2f * at_rng_normal(&rng);
    }
}

/* s: NULL: without an encoder. */
static void make_network(at_params *p, const at_encoder_shape *s)
{
    at_rng rng;
    at_rng_seed(&rng, 3, 0);
    assert_int_equal(at_visual_init(p, &rng, NULL), 0);
    if (s)
        assert_int_equal(at_encoder_init(&at_spatial, p, s, &rng, NULL), 0);
}

/* One array written otherwise than it is: not at all, with so many columns, or with that first value. */
typedef struct damage {
    const char *name;
    int cols;    /* -1: not at all; 0: as it is */
    float first; /* 0: as it is */
} damage;

static void put(at_weights_writer *w, const at_param *p, const damage *d)
{
    const at_tensor *v = &p->value;
    const int hit = d && strcmp(d->name, p->name) == 0;
    const int cols = hit && d->cols ? d->cols : v->dim[v->rank - 1];
    int dim[AT_MAX_RANK];
    if (cols < 0)
        return;
    memcpy(dim, v->dim, sizeof dim);
    dim[v->rank - 1] = cols;
    if (hit && d->first != 0)
        v->data[0] = d->first;
    assert_true(at_tensor_count(v) >= at_tensor_count(v) / (size_t)v->dim[v->rank - 1] * cols);
    assert_int_equal(at_weights_put(w, p->name, v->rank, dim, v->data, 0), 0);
}

static at_weights *as_file(const at_params *p, const damage *d)
{
    at_weights_writer *w = begin_weights();
    for (int i = 0; i < p->count; i++)
        put(w, p->list[i], d);
    return end_weights(w);
}

static at_visual_net *frozen(const at_params *p)
{
    at_weights *w = as_file(p, NULL);
    at_visual_net *net;
    assert_int_equal(at_visual_freeze(&net, w, at_kernels_best(), NULL), 0);
    at_weights_free(&w);
    return net;
}

enum { LOGITS = AT_ENCODER_LOGITS, MOST_SIDE = 112 };

static const uint8_t *picture(void)
{
    static uint8_t face[MOST_SIDE * MOST_SIDE * 3];
    at_rng rng;
    at_rng_seed(&rng, 5, 0);
    for (size_t i = 0; i < sizeof face; i++)
        face[i] = (uint8_t)at_rng_below(&rng, 256);
    return face;
}

/* Expression and basic, over tensors. */
static void say(at_params *p, int side, float *logits)
{
    at_graph *g;
    at_visual_options o = {0};
    at_visual_out out;
    const uint8_t *face = picture();
    assert_int_equal(at_graph_create(&g, NULL, at_kernels_best(), NULL), 0);
    at_graph_begin(g, AT_INFER, 0);
    at_tensor *x = at_tensor_new(g, 4, (int[]){1, side, side, 3}, 0);
    for (int i = 0; i < side * side * 3; i++)
        x->data[i] = ((float)face[i] - 127.5f) / 127.5f;
    at_visual_forward(g, p, x, &o, &out);
    assert_int_equal(at_graph_status(g), 0);
    memcpy(logits, out.expression->data, AT_FACE_CLASSES * sizeof *logits);
    memcpy(logits + AT_FACE_CLASSES, out.basic->data, AT_BASIC_CLASSES * sizeof *logits);
    at_graph_free(&g);
}

/* All that the frozen network says. */
static void run(const at_visual_net *net, int threads, int side, at_visual_result *r)
{
    at_pool *pool;
    assert_int_equal(at_pool_create(&pool, threads, NULL), 0);
    float *work = at_alloc(at_visual_workspace(net, pool, side), sizeof *work);
    assert_non_null(work);
    at_visual_run(net, pool, picture(), side, AT_AS_IT_IS, work, r);
    at_free(work);
    at_pool_free(&pool);
}

static double distance(const float *want, const float *got)
{
    return relative_distance(want, got, LOGITS);
}

/* ---- what it says --------------------------------------------------------------------------- */

static void test_starts_as_it_was(void **state)
{
    static at_visual_result before, after;
    float without[LOGITS], with[LOGITS];
    at_params p = {0}, q = {0};
    (void)state;
    make_network(&p, NULL);
    make_network(&q, &small);
    say(&p, 80, without);
    say(&q, 80, with);
    assert_memory_equal(without, with, sizeof with);

    at_visual_net *net = frozen(&p), *again = frozen(&q);
    run(net, 1, 80, &before);
    run(again, 1, 80, &after);
    assert_memory_equal(before.embedding, after.embedding, sizeof before.embedding);
    assert_memory_equal(before.expression, after.expression, sizeof before.expression);
    assert_memory_equal(before.basic, after.basic, sizeof before.basic);
    assert_memory_equal(before.state, after.state, sizeof before.state);
    at_visual_free(&net);
    at_visual_free(&again);
    at_params_free(&p);
    at_params_free(&q);
}

static void check_frozen(const at_encoder_shape *s)
{
    static const int sides[] = {112, 75, 33}; /* 4 x 4, 3 x 3 and 2 x 2 places */
    at_params p = {0}, bare = {0};
    make_network(&p, s);
    make_network(&bare, NULL);
    stir(&p);
    at_visual_net *net = frozen(&p);
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
        static at_visual_result got[3];
        float want[LOGITS], without[LOGITS], have[LOGITS];
        say(&p, sides[i], want);
        say(&bare, sides[i], without);
        assert_true(distance(want, without) > 0.1);
        for (int t = 0; t < 3; t++)
            run(net, t + 1, sides[i], &got[t]);
        assert_memory_equal(got[0].expression, got[1].expression, sizeof got[0].expression);
        assert_memory_equal(got[0].expression, got[2].expression, sizeof got[0].expression);
        assert_memory_equal(got[0].basic, got[2].basic, sizeof got[0].basic);
        memcpy(have, got[0].expression, sizeof got[0].expression);
        memcpy(have + AT_FACE_CLASSES, got[0].basic, sizeof got[0].basic);
        assert_true(distance(want, have) < 1e-4);
    }
    at_visual_free(&net);
    at_params_free(&p);
    at_params_free(&bare);
}

static void test_frozen(void **state)
{
    static const at_encoder_shape shapes[] = {{2, 24, 3}, {1, 96, 4}, {1, 5, 1}};
    (void)state;
    if (THREAD_SANITIZED)
        skip();
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        check_frozen(&shapes[i]);
}

/* On a 4 x 4 map the cosines are as many as places, and none of them can be had from the others. */
static void test_places(void **state)
{
    float place[16][AT_SPATIAL_PLACE];
    (void)state;
    at_spatial_places(4, 4, place[0]);
    for (int a = 0; a < AT_SPATIAL_PLACE; a++)
        for (int b = 0; b < AT_SPATIAL_PLACE; b++) {
            double product = 0;
            for (int i = 0; i < 16; i++)
                product += (double)place[i][a] * place[i][b];
            if (a == b)
                assert_true(product > 3.9);
            else
                assert_float_equal(product, 0, 1e-5);
        }
    float wide[2 * 3][AT_SPATIAL_PLACE]; /* two rows of three: the second cosine is that along x */
    at_spatial_places(2, 3, wide[0]);
    assert_float_equal(wide[0][1], cos(3.14159265358979 / 6), 1e-6);
    assert_float_equal(wide[0][1], wide[3][1], 0);
    assert_float_equal(wide[0][AT_SPATIAL_WAVES], cos(3.14159265358979 / 4), 1e-6);
}

static void logits_of_map(const at_params *p, const float *map, int h, int w, float *logits)
{
    at_graph *g;
    at_tensor *expression, *basic;
    assert_int_equal(at_graph_create(&g, NULL, at_kernels_best(), NULL), 0);
    at_graph_begin(g, AT_INFER, 0);
    at_tensor *x = at_tensor_new(g, 4, (int[]){1, h, w, AT_MB_FEATURES}, 0);
    memcpy(x->data, map, at_tensor_count(x) * sizeof *map);
    at_spatial_forward(g, p, x, 0, &expression, &basic);
    assert_int_equal(at_graph_status(g), 0);
    memcpy(logits, expression->data, AT_FACE_CLASSES * sizeof *logits);
    memcpy(logits + AT_FACE_CLASSES, basic->data, AT_BASIC_CLASSES * sizeof *logits);
    at_graph_free(&g);
}

/* The same features at another place mean something else; and at all places alike they are weighed
 * against nothing: the pooling's weights sum to one whatever the map's size. */
static void test_hears_places(void **state)
{
    enum { H = 2, W = 3 };
    static float map[H * W][AT_MB_FEATURES], moved[H * W][AT_MB_FEATURES];
    float here[LOGITS], there[LOGITS];
    at_params p = {0};
    (void)state;
    at_rng rng;
    at_rng_seed(&rng, 11, 0);
    assert_int_equal(at_encoder_init(&at_spatial, &p, &small, &rng, NULL), 0);
    stir(&p);
    for (int i = 0; i < AT_MB_FEATURES; i++)
        map[1][i] = moved[4][i] = at_rng_range(&rng, 0, 2);
    logits_of_map(&p, map[0], H, W, here);
    logits_of_map(&p, moved[0], H, W, there);
    assert_true(distance(here, there) > 0.02);

    at_tensor *place = &at_params_find(&p, "visual.spatial.place")->value;
    memset(place->data, 0, at_tensor_count(place) * sizeof(float));
    logits_of_map(&p, map[0], H, W, here);
    logits_of_map(&p, moved[0], H, W, there);
    assert_true(distance(here, there) < 1e-5);
    for (int i = 0; i < H * W; i++)
        memcpy(moved[i], map[1], sizeof map[1]);
    logits_of_map(&p, moved[0], H, W, here);
    logits_of_map(&p, moved[0], 1, 1, there);
    assert_true(distance(here, there) < 1e-5);
    at_params_free(&p);
}

/* ---- files ---------------------------------------------------------------------------------- */

static void test_comes_along(void **state)
{
    float want[LOGITS], got[LOGITS];
    at_params p = {0}, folded = {0}, again = {0}, other = {0}, none = {0};
    attune_error err;
    (void)state;
    make_network(&p, &small);
    stir(&p);
    say(&p, 64, want);
    at_weights *w = as_file(&p, NULL);
    assert_int_equal(at_visual_fold(&folded, w, NULL), 0);
    say(&folded, 64, got);
    assert_true(distance(want, got) < 1e-4);
    make_network(&again, &small);
    assert_int_equal(at_visual_import_own(&again, w, NULL), 0);
    say(&again, 64, got);
    assert_true(distance(want, got) < 1e-4);

    make_network(&other, &(at_encoder_shape){2, 24, 4});
    assert_int_equal(at_visual_import_own(&other, w, &err), ATTUNE_E_FORMAT);
    assert_non_null(strstr(err.text, "visual.spatial"));
    make_network(&none, NULL);
    assert_int_equal(at_visual_import_own(&none, w, NULL), 0);
    assert_false(at_encoder_is_in(&at_spatial, &none));
    at_weights_free(&w);

    w = as_file(&none, NULL); /* what the file lacks is kept */
    assert_int_equal(at_visual_import_own(&again, w, NULL), 0);
    say(&again, 64, got);
    assert_true(distance(want, got) < 1e-4);
    at_weights_free(&w);
    at_params_free(&p);
    at_params_free(&folded);
    at_params_free(&again);
    at_params_free(&other);
    at_params_free(&none);
}

static void test_damaged(void **state)
{
    static const struct {
        damage d;
        const char *said; /* in the message */
    } cases[] = {
        {{"visual.spatial.project.weight", -1, 0}, "width"},
        {{"visual.spatial.pool.weight", -1, 0}, "heads"},
        {{"visual.spatial.pool.weight", 1, 0}, NULL}, /* one head: whole, if another network */
        {{"visual.spatial.project.weight", 23, 0}, "multiple"},
        {{"visual.spatial.project.weight", 21, 0}, "project.bias"},
        {{"visual.spatial.place", -1, 0}, "spatial.place"},
        {{"visual.spatial.norm.beta", 23, 0}, "norm.beta"},
        {{"visual.spatial.basic.weight", 6, 0}, "basic.weight"},
        {{"visual.spatial.expression.bias", -1, 0}, "expression.bias"},
        {{"visual.spatial.layer0.seen.weight", 24, 0}, "layer0.seen.weight"},
        {{"visual.spatial.layer1.narrow.bias", -1, 0}, "layer1.narrow.bias"},
        {{"visual.spatial.layer0.widen.weight", 0, NAN}, "layer0.widen.weight"},
        {{"visual.spatial.layer1.feed.gamma", 0, INFINITY}, "layer1.feed.gamma"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        at_params p = {0}, folded = {0};
        at_visual_net *net = NULL;
        attune_error err;
        make_network(&p, &small);
        at_weights *w = as_file(&p, &cases[i].d);
        const int status = at_visual_freeze(&net, w, at_kernels_best(), &err);
        assert_int_equal(status, cases[i].said ? ATTUNE_E_FORMAT : ATTUNE_OK);
        if (cases[i].said) {
            assert_null(net);
            assert_non_null(strstr(err.text, cases[i].said));
            assert_int_equal(at_visual_fold(&folded, w, NULL), ATTUNE_E_FORMAT);
        }
        at_visual_free(&net);
        at_weights_free(&w);
        at_params_free(&p);
        at_params_free(&folded);
    }
}

/* More layers than there is room for; layers without the rest. */
static void test_layers(void **state)
{
    at_params p = {0};
    at_rng rng;
    at_encoder_shape s;
    attune_error err;
    (void)state;
    at_rng_seed(&rng, 1, 0);
    assert_int_equal(at_encoder_init(&at_spatial, &p, &small, &rng, NULL), 0);
    assert_int_equal(at_encoder_shape_of(&at_spatial, at_params_source(&p), &s, NULL), 0);
    assert_true(s.layers == small.layers && s.width == small.width && s.heads == small.heads);
    at_params_free(&p);
    assert_int_equal(at_encoder_shape_of(&at_spatial, at_params_source(&p), &s, NULL), 0);
    assert_int_equal(s.layers, 0);
    for (int i = 0; i <= AT_ENCODER_LAYERS; i++) {
        char name[64];
        snprintf(name, sizeof name, "visual.spatial.layer%d.feed.beta", i);
        assert_non_null(at_params_get(&p, name, 1, (int[]){24}));
        assert_int_equal(at_encoder_shape_of(&at_spatial, at_params_source(&p), &s, &err),
                         ATTUNE_E_FORMAT);
        assert_non_null(strstr(err.text, i == AT_ENCODER_LAYERS ? "layers" : "width"));
        assert_int_equal(s.layers, 0);
    }
    at_params_free(&p);
}

/* ---- gradients ------------------------------------------------------------------------------ */

enum { PLACES_H = 2, PLACES_W = 3, BATCH = 2 };
enum { MAP = BATCH * PLACES_H * PLACES_W * AT_MB_FEATURES, ALL_LOGITS = BATCH * LOGITS };

typedef struct slopes {
    at_params p;
    float map[MAP], by_map[MAP], weight[ALL_LOGITS];
} slopes;

static slopes *make_slopes(void)
{
    slopes *s = calloc(1, sizeof *s);
    at_rng rng;
    assert_non_null(s);
    at_rng_seed(&rng, 6, 0);
    assert_int_equal(at_encoder_init(&at_spatial, &s->p, &small, &rng, NULL), 0);
    stir(&s->p);
    for (int i = 0; i < MAP; i++)
        s->map[i] = at_rng_range(&rng, 0, 1);
    for (int i = 0; i < ALL_LOGITS; i++)
        s->weight[i] = at_rng_range(&rng, -1, 1);
    return s;
}

static void free_slopes(slopes *s)
{
    at_params_free(&s->p);
    free(s);
}

/* The logits' weighted sum; with its gradients if wanted. */
static double weighed(slopes *s, at_pool *pool, int backward)
{
    at_graph *g;
    at_tensor *part[2];
    double sum = 0;
    assert_int_equal(at_graph_create(&g, pool, at_kernels_best(), NULL), 0);
    at_graph_begin(g, AT_TRACE, 0);
    at_tensor *x = at_tensor_new(g, 4, (int[]){BATCH, PLACES_H, PLACES_W, AT_MB_FEATURES}, 1);
    at_tensor *weight = at_tensor_new(g, 2, (int[]){ALL_LOGITS, 1}, 0);
    memcpy(x->data, s->map, sizeof s->map);
    memcpy(weight->data, s->weight, sizeof s->weight);
    at_spatial_forward(g, &s->p, x, 0, &part[0], &part[1]);
    at_tensor *y = at_reshape(g, at_concat(g, part, 2), 2, (int[]){1, ALL_LOGITS});
    for (int i = 0; i < ALL_LOGITS; i++)
        sum += (double)y->data[i] * s->weight[i];
    if (backward) {
        at_params_zero_grad(&s->p);
        assert_int_equal(
            at_graph_backward(g, at_reshape(g, at_linear(g, y, weight, NULL), 0, NULL)), 0);
        memcpy(s->by_map, x->grad, sizeof s->by_map);
        for (int i = 0; i < s->p.count; i++)
            at_param_settle_grad(s->p.list[i]);
    }
    at_graph_free(&g);
    return sum;
}

/* Holds the gradient (n) of x (n) against differences along it. */
static void check_slope(slopes *s, const char *name, float *x, const float *gradient, size_t n)
{
    float *keep = at_alloc(n, sizeof *keep);
    double square = 0, value[2];
    assert_non_null(keep);
    memcpy(keep, x, n * sizeof *x);
    for (size_t i = 0; i < n; i++)
        square += (double)gradient[i] * gradient[i];
    const double norm = sqrt(square), step = 1. / 512;
    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i < n; i++)
            x[i] = keep[i] + (float)((side ? step : -step) * gradient[i] / norm);
        value[side] = weighed(s, NULL, 0);
    }
    memcpy(x, keep, n * sizeof *x);
    at_free(keep);
    const double slope = (value[1] - value[0]) / (2 * step);
    if (!(norm > 1e-3 && fabs(norm - slope) < 0.01 * norm))
        fail_msg("%s: slope %g, differences say %g", name, norm, slope);
}

static void test_gradients(void **state)
{
    slopes *s = make_slopes();
    (void)state;
    weighed(s, NULL, 1);
    for (int i = 0; i < s->p.count; i++) {
        at_tensor *v = &s->p.list[i]->value;
        check_slope(s, s->p.list[i]->name, v->data, v->grad, at_tensor_count(v));
    }
    check_slope(s, "map", s->map, s->by_map, MAP);
    free_slopes(s);
}

static void test_gradients_by_threads(void **state)
{
    slopes *one = make_slopes(), *three = make_slopes();
    at_pool *pool;
    (void)state;
    assert_int_equal(at_pool_create(&pool, 3, NULL), 0);
    weighed(one, NULL, 1);
    weighed(three, pool, 1);
    assert_memory_equal(one->by_map, three->by_map, sizeof one->by_map);
    for (int i = 0; i < one->p.count; i++) {
        const at_tensor *a = &one->p.list[i]->value, *b = &three->p.list[i]->value;
        assert_memory_equal(a->grad, b->grad, at_tensor_count(a) * sizeof(float));
    }
    at_pool_free(&pool);
    free_slopes(one);
    free_slopes(three);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        one_thread_case(test_starts_as_it_was),
        cmocka_unit_test(test_frozen),
        one_thread_case(test_places),
        one_thread_case(test_hears_places),
        one_thread_case(test_comes_along),
        one_thread_case(test_damaged),
        one_thread_case(test_layers),
        one_thread_case(test_gradients),
        cmocka_unit_test(test_gradients_by_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
