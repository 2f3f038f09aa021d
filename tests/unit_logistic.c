/* L-BFGS on functions whose minimum is known, and logistic regression by what makes a minimum one. */
#include "one_thread_case.h"
#include "train/lbfgs.h"
#include "sanitized.h"
#include "train/logistic.h"
#include "base/rng.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* ---- L-BFGS ----------------------------------------------------------------------------------- */

/* Rosenbrock 1960, its valley curved: 0 at (1, 1). */
static double valley(void *user, const double *x, double *g)
{
    const double a = 1 - x[0], b = x[1] - x[0] * x[0];
    ++*(int *)user;
    g[0] = -2 * a - 400 * x[0] * b;
    g[1] = 200 * b;
    return a * a + 100 * b * b;
}

/* A bowl, stretched a thousandfold: its minimum at x[i] = i. */
static double bowl(void *user, const double *x, double *g)
{
    enum { N = 12 };
    double sum = 0;
    ++*(int *)user;
    for (int i = 0; i < N; i++) {
        const double k = pow(1000, i / (N - 1.)), d = x[i] - i;
        g[i] = k * d;
        sum += k * d * d / 2;
    }
    return sum;
}

static int stop_third(void *user, int iteration, double value, double largest)
{
    (void)user, (void)value, (void)largest;
    return iteration == 2;
}

static void test_minima(void **state)
{
    int calls = 0;
    double corner[2] = {-1.2, 1}, x[12] = {0};
    at_lbfgs o = {.tolerance = 1e-8, .value = valley, .user = &calls};
    (void)state;
    assert_in_range(at_lbfgs_minimise(&o, 2, corner), 10, 100);
    assert_float_equal(corner[0], 1, 1e-6);
    assert_float_equal(corner[1], 1, 1e-6);
    o.value = bowl;
    calls = 0;
    assert_in_range(at_lbfgs_minimise(&o, 12, x), 3, 150);
    assert_in_range(calls, 3, 200);
    for (int i = 0; i < 12; i++)
        assert_float_equal(x[i], i, 1e-6);
    assert_int_equal(at_lbfgs_minimise(&o, 12, x), 0); /* there already */
    memset(x, 0, sizeof x);
    o.iterations = 2;
    assert_int_equal(at_lbfgs_minimise(&o, 12, x), 2);
    o.iterations = 0;
    o.step = stop_third;
    memset(x, 0, sizeof x);
    assert_int_equal(at_lbfgs_minimise(&o, 12, x), ATTUNE_E_INTERRUPTED);
}

/* ---- logistic regression ---------------------------------------------------------------------- */

enum { ROWS = 2500, VALUES = 21, CLASSES = 3 };
static float x[ROWS * VALUES], balance[CLASSES] = {0.5f, 1, 2.5f};
static float share[ROWS], known[ROWS * CLASSES]; /* row weights, offsets of the logits */
static int label[ROWS];

static int make_rows(void **state)
{
    at_rng r;
    (void)state;
    at_rng_seed(&r, 4, 0);
    for (int i = 0; i < ROWS; i++) {
        const uint32_t at = at_rng_below(&r, 10);
        label[i] = at < 6 ? 0 : at < 9 ? 1 : 2;
        for (int k = 0; k < VALUES; k++)
            x[i * VALUES + k] = 0.4f + at_rng_normal(&r) + (k == label[i] ? 1.5f : 0);
        share[i] = at_rng_range(&r, 0.2f, 1.8f);
        for (int c = 0; c < CLASSES; c++)
            known[i * CLASSES + c] = i % 5 == c ? -1 : 0;
        if (i % 7 == 3) { /* nothing is to be learned from these */
            label[i] = -1;
            for (int k = 0; k < VALUES; k++)
                x[i * VALUES + k] *= 50;
        }
    }
    return 0;
}

static const at_logistic problem = {.rows = ROWS,
                                    .values = VALUES,
                                    .classes = CLASSES,
                                    .x = x,
                                    .label = label,
                                    .class_weight = balance,
                                    .row_weight = share,
                                    .offset = known,
                                    .c = 0.02,
                                    .tolerance = 1e-6,
                                    .iterations = 500};

static void fit(int threads, float *weight, float *bias)
{
    at_pool *pool;
    assert_int_equal(at_pool_create(&pool, threads, NULL), 0);
    assert_in_range(at_logistic_fit(&problem, pool, at_kernels_best(), weight, bias, NULL), 5, 499);
    at_pool_free(&pool);
}

/* The gradient of the function that logistic.h gives, in double, from its definition. */
static void find_gradient(const float *weight, const float *bias, double g[VALUES + 1][CLASSES])
{
    double n = 0;
    memset(g, 0, (VALUES + 1) * sizeof *g);
    for (int i = 0; i < ROWS; i++) {
        double p[CLASSES], sum = 0;
        if (label[i] < 0)
            continue;
        n++;
        for (int c = 0; c < CLASSES; c++) {
            double z = bias[c] + known[i * CLASSES + c];
            for (int k = 0; k < VALUES; k++)
                z += (double)x[i * VALUES + k] * weight[k * CLASSES + c];
            sum += p[c] = exp(z);
        }
        for (int c = 0; c < CLASSES; c++) {
            const double d = share[i] * balance[label[i]] * (p[c] / sum - (c == label[i]));
            for (int k = 0; k < VALUES; k++)
                g[k][c] += d * x[i * VALUES + k];
            g[VALUES][c] += d;
        }
    }
    for (int c = 0; c < CLASSES; c++) {
        for (int k = 0; k <= VALUES; k++)
            g[k][c] /= n;
        for (int k = 0; k < VALUES; k++)
            g[k][c] += weight[k * CLASSES + c] / (problem.c * n);
    }
}

static void test_it_is_the_minimum(void **state)
{
    float weight[VALUES * CLASSES], bias[CLASSES];
    double g[VALUES + 1][CLASSES];
    (void)state;
    fit(1, weight, bias);
    find_gradient(weight, bias, g);
    for (int k = 0; k <= VALUES; k++)
        for (int c = 0; c < CLASSES; c++)
            assert_float_equal(g[k][c], 0, 5e-6);
    for (int c = 0; c < CLASSES; c++) /* and what tells a class has its largest weight */
        for (int k = 0; k < VALUES; k++)
            assert_true(weight[c * CLASSES + c] >= weight[k * CLASSES + c]);
}

static void test_same_bits(void **state)
{
    float a[(VALUES + 1) * CLASSES], b[(VALUES + 1) * CLASSES];
    (void)state;
    fit(1, a, a + VALUES * CLASSES);
    for (int threads = 2; threads <= 5; threads += SANITIZED ? 3 : 1) {
        fit(threads, b, b + VALUES * CLASSES);
        assert_memory_equal(a, b, sizeof a);
    }
}

static void test_nothing_to_learn(void **state)
{
    static int none[ROWS];
    float weight[VALUES * CLASSES], bias[CLASSES];
    at_logistic l = problem;
    attune_error err;
    at_pool *pool;
    (void)state;
    memset(none, 255, sizeof none); /* -1 */
    l.label = none;
    assert_int_equal(at_pool_create(&pool, 1, NULL), 0);
    assert_int_equal(at_logistic_fit(&l, pool, at_kernels_best(), weight, bias, &err),
                     ATTUNE_E_ARG);
    l = problem;
    l.step = stop_third;
    assert_int_equal(at_logistic_fit(&l, pool, at_kernels_best(), weight, bias, &err),
                     ATTUNE_E_INTERRUPTED);
    at_pool_free(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        one_thread_case(test_minima),
        one_thread_case(test_it_is_the_minimum),
        cmocka_unit_test(test_same_bits),
        one_thread_case(test_nothing_to_learn),
    };
    return cmocka_run_group_tests_name("logistic", tests, make_rows, NULL);
}
