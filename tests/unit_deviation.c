/* The paper's measures of a representation's deviation, and answers compared sample by sample. */
#include "experiments/deviation.h"
#include "experiments/said.h"

#include "base/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { DIMS = 24, N = 200 };

/* ---- distances -------------------------------------------------------------------------------- */

static float mean[DIMS], inv_deviation[DIMS], data[N][DIMS];
static const float *rows[N];

/* Two directions in which much happens, among noise. */
static void draw(void)
{
    at_rng rng;
    at_rng_seed(&rng, 3, 0);
    for (int d = 0; d < DIMS; d++) {
        mean[d] = (float)d;
        inv_deviation[d] = 1 / (1 + 0.1f * (float)d);
    }
    for (int i = 0; i < N; i++) {
        const float a = 3 * at_rng_normal(&rng), b = 2 * at_rng_normal(&rng);
        for (int d = 0; d < DIMS; d++)
            data[i][d] = mean[d] +
                         (0.3f * at_rng_normal(&rng) + (d < 12 ? a : b) / 3) / inv_deviation[d];
        rows[i] = data[i];
    }
}

static void test_low_rank(void **state)
{
    at_normal r;
    float along[DIMS], across[DIMS];
    double sum = 0;
    (void)state;
    draw();
    assert_int_equal(at_normal_fit(&r, mean, inv_deviation, DIMS, 2, rows, N), ATTUNE_OK);
    for (int k = 0; k < AT_FACTORS; k++) /* orthonormal */
        for (int j = 0; j <= k; j++) {
            double dot = 0;
            for (int d = 0; d < DIMS; d++)
                dot += (double)(r.factor[k * DIMS + d] * r.factor[j * DIMS + d]);
            assert_float_equal(dot, j == k, 1e-4);
        }
    assert_true(r.spread[0] > 5 && r.spread[1] > 3 && r.spread[2] < 0.3f);
    /* z' C^-1 z of the data that C was fitted to is the number of dimensions. */
    for (int i = 0; i < N; i++)
        sum += pow((double)at_normal_distance_low_rank(&r, data[i]), 2) / N;
    assert_float_equal(sum, 1, 1e-3);
    /* What often happens is near; by the diagonal both are as far. */
    for (int d = 0; d < DIMS; d++) {
        along[d] = mean[d] + 2 / inv_deviation[d];
        across[d] = mean[d] + (d % 2 ? 2 : -2) / inv_deviation[d];
    }
    assert_float_equal(at_normal_distance(&r, along), 2, 1e-4);
    assert_float_equal(at_normal_distance(&r, across), 2, 1e-4);
    assert_true(at_normal_distance_low_rank(&r, along) < 1.5f);
    assert_true(at_normal_distance_low_rank(&r, across) > 4);
    at_normal_free(&r);
}

static void test_inflation(void **state)
{
    static const float token[] = {1, 5, 3, 5, 5, 5};
    static const float inv[2] = {0.5f, 1};
    const at_normal r = {.dims = 2, .token = 2, .mean = inv, .inv_deviation = inv};
    at_tokens t = {3, 2, token, NULL};
    (void)state;
    /* variances 8/3 and 0, to 4 and 1 */
    assert_float_equal(at_normal_inflation(&r, &t), (8. / 3 / 4) / 2, 1e-6);
    t.n = 1;
    assert_true(isnan(at_normal_inflation(&r, &t)));
    t = (at_tokens){3, 1, token, NULL};
    assert_true(isnan(at_normal_inflation(&r, &t)));
}

static void test_adjustments(void **state)
{
    static const float centre[2] = {1, 2}, inv[2] = {1, 0.5f}, far[2] = {4, 10},
                       near[2] = {1.5f, 2};
    static const float own[2] = {3, 6}, deviation[2] = {2, 8};
    const at_normal r = {.dims = 2, .token = 2, .mean = centre, .inv_deviation = inv};
    float y[2];
    (void)state;
    at_normal_adjust(&r, 1, far, y);
    assert_float_equal(at_normal_distance(&r, y), 1, 1e-5);
    assert_float_equal((y[1] - 2) / (y[0] - 1), 8. / 3, 1e-5); /* drawn in, not turned */
    at_normal_adjust(&r, 1, near, y);
    assert_memory_equal(y, near, sizeof y);
    at_normal_adapt(&r, own, deviation, far, y); /* half a deviation up in both */
    assert_float_equal(y[0], 1 + 0.5 * 1, 1e-5);
    assert_float_equal(y[1], 2 + 0.5 * 2, 1e-5);
}

/* ---- compared --------------------------------------------------------------------------------- */

static void fill(at_said *s, const int answer[6])
{
    static const int label[6] = {0, 1, 2, 3, 4, 5};
    assert_int_equal(at_said_make(s, 6, NULL), ATTUNE_OK);
    for (int i = 0; i < 6; i++) {
        s->label[i] = label[i];
        s->answer[i] = answer[i];
        s->group[i] = i / 3;
    }
}

static void test_gain(void **state)
{
    static const int first[6] = {0, 1, 2, 3, -1, 0}, second[6] = {0, 0, 0, 0, 4, 5};
    at_said a, b;
    at_said_gain g;
    (void)state;
    fill(&a, first);
    fill(&b, second);
    assert_int_equal(at_said_given(&a), 5);
    assert_float_equal(at_said_right(&a), 0.8, 1e-12);
    assert_float_equal(at_said_right(&b), 0.5, 1e-12);
    /* of the five that both answer: right where the other is not 3 times, wrong where it is right once */
    assert_int_equal(at_said_gain_compute(&g, &a, &b, 200, 1, NULL), ATTUNE_OK);
    assert_int_equal(g.n, 5);
    assert_float_equal(g.mean, 0.4, 1e-12);
    assert_true(g.interval.lo <= 0 && g.interval.hi >= 0.6);
    for (int i = 0; i < 6; i++)
        a.group[i] = 0;
    assert_int_equal(at_said_gain_compute(&g, &a, &b, 200, 1, NULL), ATTUNE_OK);
    assert_true(isnan(g.interval.lo)); /* of one person */
    for (int i = 0; i < 6; i++)
        a.answer[i] = -1;
    assert_int_equal(at_said_gain_compute(&g, &a, &b, 200, 1, NULL), ATTUNE_OK);
    assert_true(g.n == 0 && isnan(g.mean) && isnan(at_said_right(&a)));
    at_said_free(&a);
    at_said_free(&b);
}

static void test_answers_are_kept(void **state)
{
    static const int answer[6] = {0, 1, -1, 3, 6, 0};
    static const char *const spoilt[] = {"{\"label\": [1], \"answer\": [1, 2], \"group\": [0]}",
                                         "{\"label\": [7], \"answer\": [1], \"group\": [0]}",
                                         "{\"label\": [1], \"answer\": [-2], \"group\": [0]}",
                                         "{\"label\": [1], \"answer\": [1], \"group\": [-1]}"};
    at_said a, b;
    (void)state;
    fill(&a, answer);
    a.group[5] = 9; /* people are numbered among all samples, these may be some */
    json_t *j = at_said_json(&a);
    assert_int_equal(at_said_read(&b, j, NULL), ATTUNE_OK);
    assert_int_equal(b.n, 6);
    assert_memory_equal(b.answer, a.answer, sizeof answer);
    assert_memory_equal(b.label, a.label, sizeof answer);
    assert_memory_equal(b.group, a.group, sizeof answer);
    json_decref(j);
    at_said_free(&a);
    at_said_free(&b);
    for (size_t i = 0; i < sizeof spoilt / sizeof *spoilt; i++) {
        j = json_loads(spoilt[i], 0, NULL);
        assert_non_null(j);
        assert_int_equal(at_said_read(&b, j, NULL), ATTUNE_E_FORMAT);
        json_decref(j);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_low_rank),         cmocka_unit_test(test_inflation),
        cmocka_unit_test(test_adjustments),      cmocka_unit_test(test_gain),
        cmocka_unit_test(test_answers_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
