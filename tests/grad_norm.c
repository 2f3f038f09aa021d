/* Gradients of batch and layer normalisation. */
#include "grad_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <cmocka.h>

typedef struct norm {
    at_params params;
    at_param *mean, *var;
    at_act act;
} norm;

static norm make_norm(int c, at_act act)
{
    norm n = {.act = act};
    n.mean = at_params_get(&n.params, "mean", 1, &c);
    n.var = at_params_get(&n.params, "var", 1, &c);
    assert_non_null(n.mean);
    assert_non_null(n.var);
    grad_fill(n.mean->value.data, (size_t)c, -0.2f, 0.2f, 50);
    grad_fill(n.var->value.data, (size_t)c, 0.5f, 1.5f, 51);
    n.mean->trainable = n.var->trainable = 0;
    return n;
}

static at_tensor *build_norm(at_graph *g, at_tensor *const *in, const grad_case *c)
{
    const norm *n = c->arg;
    return at_batch_norm(g, in[0], in[1], in[2], n->mean, n->var, 0.1f, 1e-3f, n->act);
}

static void check_norm(const char *name, at_act act, at_mode mode, int rows, int cols, float hi)
{
    norm n = make_norm(cols, act);
    grad_check(&(grad_case){
        name,
        build_norm,
        {GRAD_RANGE(-hi, hi, 2, rows, cols), GRAD_RANGE(0.5f, 2, 1, cols), GRAD_IN(1, cols)},
        &n,
        mode,
        5e-3});
    at_params_free(&n.params);
}

static void batch_norm(void **state)
{
    (void)state;
    check_norm("batch norm", AT_ACT_NONE, AT_TRAIN, 19, 5, 1);
    check_norm("batch norm, relu", AT_ACT_RELU, AT_TRAIN, 23, 16, 1);
    check_norm("batch norm, relu6", AT_ACT_RELU6, AT_TRAIN, 17, 9, 1);
    check_norm("batch norm, silu", AT_ACT_SILU, AT_TRAIN, 17, 9, 1);
    check_norm("batch norm, several blocks", AT_ACT_NONE, AT_TRAIN, 400, 120, 1);
}

static void frozen_batch_norm(void **state)
{
    (void)state;
    check_norm("running statistics", AT_ACT_NONE, AT_TRACE, 7, 6, 1);
    check_norm("running statistics, relu6", AT_ACT_RELU6, AT_TRACE, 11, 6, 6);
}

/* Statistics by hand: of 4 rows, and how the running ones move. */
static void batch_statistics(void **state)
{
    (void)state;
    const float x[] = {1, 2, 3, 6};
    at_graph *g = NULL;
    norm n = make_norm(1, AT_ACT_NONE);
    n.mean->value.data[0] = 1;
    n.var->value.data[0] = 2;
    assert_int_equal(at_graph_create(&g, NULL, at_kernels_best(), NULL), ATTUNE_OK);
    at_graph_begin(g, AT_TRAIN, 0);
    at_tensor *in = at_tensor_new(g, 2, (int[]){4, 1}, 0);
    at_tensor *gamma = at_tensor_new(g, 1, (int[]){1}, 1);
    at_tensor *beta = at_tensor_new(g, 1, (int[]){1}, 1);
    for (int i = 0; i < 4; i++)
        in->data[i] = x[i];
    gamma->data[0] = 2;
    beta->data[0] = 0.5f;
    at_tensor *y = at_batch_norm(g, in, gamma, beta, n.mean, n.var, 0.1f, 0, AT_ACT_NONE);
    assert_non_null(y);
    for (int i = 0; i < 4; i++) /* mean 3, variance 14/4 */
        assert_float_equal(y->data[i], 2 * (x[i] - 3) / sqrtf(3.5f) + 0.5f, 1e-5);
    assert_float_equal(n.mean->value.data[0], 0.9f * 1 + 0.1f * 3, 1e-6);
    assert_float_equal(n.var->value.data[0], 0.9f * 2 + 0.1f * 14 / 3, 1e-6);

    /* with its scale frozen a layer keeps its statistics, also in training */
    at_graph_begin(g, AT_TRAIN, 0);
    in = at_tensor_new(g, 2, (int[]){4, 1}, 1);
    gamma = at_tensor_new(g, 1, (int[]){1}, 0);
    beta = at_tensor_new(g, 1, (int[]){1}, 0);
    in->data[0] = in->data[1] = in->data[2] = in->data[3] = 3;
    gamma->data[0] = 1;
    beta->data[0] = 0;
    n.mean->value.data[0] = 1;
    n.var->value.data[0] = 4;
    y = at_batch_norm(g, in, gamma, beta, n.mean, n.var, 0.1f, 0, AT_ACT_NONE);
    assert_non_null(y);
    assert_float_equal(y->data[2], 1, 1e-6);
    assert_float_equal(n.mean->value.data[0], 1, 0);
    assert_float_equal(n.var->value.data[0], 4, 0);
    at_graph_free(&g);
    at_params_free(&n.params);
}

static at_tensor *build_layer(at_graph *g, at_tensor *const *in, const grad_case *c)
{
    (void)c;
    return at_layer_norm(g, in[0], in[1], in[2], 1e-5f);
}

static void layer_norm(void **state)
{
    (void)state;
    grad_check(&(grad_case){"layer norm",
                            build_layer,
                            {GRAD_IN(3, 2, 5, 13), GRAD_RANGE(0.5f, 2, 1, 13), GRAD_IN(1, 13)},
                            NULL,
                            0,
                            0});
    grad_check(&(grad_case){"layer norm, several blocks",
                            build_layer,
                            {GRAD_IN(2, 700, 96), GRAD_RANGE(0.5f, 2, 1, 96), GRAD_IN(1, 96)},
                            NULL,
                            0,
                            0});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batch_norm),
        cmocka_unit_test(frozen_batch_norm),
        cmocka_unit_test(batch_statistics),
        cmocka_unit_test(layer_norm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
