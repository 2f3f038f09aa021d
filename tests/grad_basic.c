/* Gradients of elementwise ops, rearrangements, pooling. */
#include "grad_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <cmocka.h>

static at_tensor *build_activation(at_graph *g, at_tensor *const *in, const grad_case *c)
{
    return at_activation(g, in[0], *(const at_act *)c->arg);
}

static void activations(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        at_act act;
        float range;
    } all[] = {{"relu", AT_ACT_RELU, 2}, {"relu6", AT_ACT_RELU6, 8},     {"silu", AT_ACT_SILU, 4},
               {"gelu", AT_ACT_GELU, 3}, {"sigmoid", AT_ACT_SIGMOID, 4}, {"tanh", AT_ACT_TANH, 3}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        grad_check(&(grad_case){all[i].name,
                                build_activation,
                                {GRAD_RANGE(-all[i].range, all[i].range, 2, 7, 5)},
                                &all[i].act,
                                0,
                                0});
}

static at_tensor *build_add(at_graph *g, at_tensor *const *in, const grad_case *c)
{
    (void)c;
    return at_add(g, in[0], in[1]);
}

static at_tensor *build_mul(at_graph *g, at_tensor *const *in, const grad_case *c)
{
    (void)c;
    return at_mul(g, in[0], in[1]);
}

static at_tensor *build_square(at_graph *g, at_tensor *const *in, const grad_case *c)
{
    (void)c;
    return at_add(g, at_mul(g, in[0], in[0]), at_add(g, in[0], in[0]));
}

static at_tensor *build_scale(at_graph *g, at_tensor *const *in, const grad_case *c)
{
    (void)c;
    return at_scale(g, at_scale(g, in[0], -2.5f), 0.5f);
}

static void arithmetic(void **state)
{
    (void)state;
    grad_check(
        &(grad_case){"add", build_add, {GRAD_IN(3, 2, 3, 7), GRAD_IN(3, 2, 3, 7)}, NULL, 0, 0});
    grad_check(
        &(grad_case){"add a row", build_add, {GRAD_IN(3, 2, 3, 7), GRAD_IN(1, 7)}, NULL, 0, 0});
    grad_check(&(grad_case){"mul", build_mul, {GRAD_IN(2, 6, 7), GRAD_IN(2, 6, 7)}, NULL, 0, 0});
    grad_check(&(grad_case){"square", build_square, {GRAD_IN(2, 6, 7)}, NULL, 0, 0});
    grad_check(&(grad_case){"scale", build_scale, {GRAD_IN(2, 6, 7)}, NULL, 0, 0});
    grad_check(&(grad_case){
        "mul, several chunks", build_mul, {GRAD_IN(2, 300, 70), GRAD_IN(2, 300, 70)}, NULL, 0, 0});
}

/* y = block(x) + x, then once more: gradients meet where the branches part. */
static at_tensor *build_residual(at_graph *g, at_tensor *const *in, const grad_case *c)
{
    (void)c;
    at_tensor *x = at_add(g, at_linear(g, in[0], in[1], NULL), in[0]);
    return at_add(g, at_activation(g, at_linear(g, x, in[1], NULL), AT_ACT_TANH), x);
}

static void residual(void **state)
{
    (void)state;
    grad_check(
        &(grad_case){"residual", build_residual, {GRAD_IN(2, 9, 6), GRAD_IN(2, 6, 6)}, NULL, 0, 0});
}

static at_tensor *build_concat(at_graph *g, at_tensor *const *in, const grad_case *c)
{
    (void)c;
    at_tensor *parts[4] = {in[0], in[1], in[0], in[2]};
    return at_concat(g, parts, 4);
}

static at_tensor *build_slices(at_graph *g, at_tensor *const *in, const grad_case *c)
{
    (void)c;
    at_tensor *middle = at_slice(g, in[0], 2, 5), *top = at_slice_rows(g, in[0], 0, 2);
    at_tensor *flat = at_reshape(g, middle, 2, (int[]){3, 12});
    return at_mul(g, at_slice_rows(g, flat, 1, 3),
                  at_slice(g, at_reshape(g, top, 2, (int[]){2, 24}), 0, 12));
}

static void rearranging(void **state)
{
    (void)state;
    grad_check(&(grad_case){"concat",
                            build_concat,
                            {GRAD_IN(2, 4, 3), GRAD_IN(2, 4, 1), GRAD_IN(2, 4, 5)},
                            NULL,
                            0,
                            0});
    grad_check(&(grad_case){"slices", build_slices, {GRAD_IN(3, 3, 4, 6)}, NULL, 0, 0});
    grad_check(&(grad_case){"slices, too", build_slices, {GRAD_IN(4, 3, 2, 2, 6)}, NULL, 0, 0});
}

static at_tensor *build_dropout(at_graph *g, at_tensor *const *in, const grad_case *c)
{
    (void)c;
    return at_dropout(g, at_dropout(g, in[0], 0.3f), 0.5f);
}

static void dropout(void **state)
{
    (void)state;
    grad_check(&(grad_case){"dropout", build_dropout, {GRAD_IN(2, 200, 100)}, NULL, 0, 0});

    at_graph *g = NULL;
    const int dim[] = {40000};
    assert_int_equal(at_graph_create(&g, NULL, at_kernels_best(), NULL), ATTUNE_OK);
    at_graph_begin(g, AT_TRAIN, 3);
    at_tensor *x = at_tensor_new(g, 1, dim, 0);
    for (int i = 0; i < dim[0]; i++)
        x->data[i] = 1;
    at_tensor *y = at_dropout(g, x, 0.25f), *other = at_dropout(g, x, 0.25f);
    assert_non_null(y);
    assert_non_null(other);
    int kept = 0, same = 0;
    for (int i = 0; i < dim[0]; i++) {
        assert_true(y->data[i] == 0 || fabsf(y->data[i] - 4 / 3.f) < 1e-6f);
        kept += y->data[i] != 0;
        same += (y->data[i] != 0) == (other->data[i] != 0);
    }
    assert_in_range(kept, 29500, 30500); /* deviation 87 */
    assert_in_range(same, 24500, 25500); /* masks are independent: 10/16 agree */
    at_graph_begin(g, AT_INFER, 3);
    x = at_tensor_new(g, 1, dim, 0);
    assert_ptr_equal(at_dropout(g, x, 0.25f), x);
    at_graph_free(&g);
}

static at_tensor *build_average(at_graph *g, at_tensor *const *in, const grad_case *c)
{
    (void)c;
    return at_global_avg_pool(g, in[0]);
}

static at_tensor *build_max(at_graph *g, at_tensor *const *in, const grad_case *c)
{
    (void)c;
    return at_max_pool2(g, in[0]);
}

static at_tensor *build_upsample(at_graph *g, at_tensor *const *in, const grad_case *c)
{
    (void)c;
    return at_upsample2(g, in[0]);
}

static void pooling(void **state)
{
    (void)state;
    grad_check(&(grad_case){"average", build_average, {GRAD_IN(4, 3, 4, 5, 6)}, NULL, 0, 0});
    grad_check(&(grad_case){"max pool", build_max, {GRAD_IN(4, 2, 4, 6, 5)}, NULL, 0, 0});
    grad_check(&(grad_case){"max pool, odd", build_max, {GRAD_IN(4, 2, 5, 7, 3)}, NULL, 0, 0});
    grad_check(&(grad_case){"upsample", build_upsample, {GRAD_IN(4, 2, 3, 2, 5)}, NULL, 0, 0});
}

static at_tensor *build_softmax(at_graph *g, at_tensor *const *in, const grad_case *c)
{
    (void)c;
    return at_softmax(g, in[0]);
}

static void softmax(void **state)
{
    (void)state;
    grad_check(&(grad_case){"softmax", build_softmax, {GRAD_RANGE(-3, 3, 2, 6, 9)}, NULL, 0, 0});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(activations), cmocka_unit_test(arithmetic), cmocka_unit_test(residual),
        cmocka_unit_test(rearranging), cmocka_unit_test(dropout),    cmocka_unit_test(pooling),
        cmocka_unit_test(softmax),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
