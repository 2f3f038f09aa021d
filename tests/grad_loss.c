/* Gradients and values of the losses. */
#include "grad_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <cmocka.h>

typedef struct labels {
    const float *target, *weight, *row_weight;
    const int *level;
    float smoothing;
} labels;

static const float votes[5 * 3] = {1, 0, 0, 0.2f, 0.5f, 0.3f, 0, 0, 1, NAN, NAN, NAN, 0, 1, 0};
static const float class_weight[3] = {0.5f, 2, 1};
static const float row_weight[5] = {1, 0.5f, 2, 0, 1};

static at_tensor *build_cross_entropy(at_graph *g, at_tensor *const *in, const grad_case *c)
{
    const labels *l = c->arg;
    return at_cross_entropy(g, in[0], l->target, l->weight, l->row_weight, l->smoothing);
}

static void cross_entropy(void **state)
{
    (void)state;
    const labels plain = {.target = votes};
    const labels all = {
        .target = votes, .weight = class_weight, .row_weight = row_weight, .smoothing = 0.1f};
    grad_check(&(grad_case){
        "cross-entropy", build_cross_entropy, {GRAD_RANGE(-3, 3, 2, 3, 3)}, &plain, 0, 0});
    grad_check(&(grad_case){"cross-entropy, weighted and masked",
                            build_cross_entropy,
                            {GRAD_RANGE(-3, 3, 2, 5, 3)},
                            &all,
                            0,
                            0});
}

static at_tensor *build_binary(at_graph *g, at_tensor *const *in, const grad_case *c)
{
    const labels *l = c->arg;
    return at_binary_cross_entropy(g, in[0], l->target, l->weight);
}

static at_tensor *build_ordinal(at_graph *g, at_tensor *const *in, const grad_case *c)
{
    const labels *l = c->arg;
    return at_ordinal_loss(g, in[0], l->level, l->weight);
}

static void binary(void **state)
{
    (void)state;
    const float weight[12] = {1, 1, 0, 2, 0.5f, 1, 1, 1, 0, 1, 1, 1};
    const int level[5] = {0, 3, -1, 1, 2};
    const labels plain = {.target = votes}, weighted = {.target = votes, .weight = weight};
    const labels ordinal = {.level = level}, heavy = {.level = level, .weight = class_weight};
    grad_check(&(grad_case){"binary", build_binary, {GRAD_RANGE(-4, 4, 2, 3, 3)}, &plain, 0, 0});
    grad_check(&(grad_case){
        "binary, weighted", build_binary, {GRAD_RANGE(-4, 4, 2, 3, 3)}, &weighted, 0, 0});
    grad_check(
        &(grad_case){"ordinal", build_ordinal, {GRAD_RANGE(-3, 3, 2, 5, 3)}, &ordinal, 0, 0});
    grad_check(&(grad_case){
        "ordinal, weighted", build_ordinal, {GRAD_RANGE(-3, 3, 2, 5, 3)}, &heavy, 0, 0});
}

static at_tensor *build_smooth_l1(at_graph *g, at_tensor *const *in, const grad_case *c)
{
    const labels *l = c->arg;
    return at_smooth_l1(g, in[0], l->target, l->weight);
}

static at_tensor *build_mse(at_graph *g, at_tensor *const *in, const grad_case *c)
{
    const labels *l = c->arg;
    return at_mse(g, in[0], l->target, l->weight);
}

static void regression(void **state)
{
    (void)state;
    const float weight[9] = {1, 2, 0, 1, 0.5f, 1, 1, 3, 1};
    const labels plain = {.target = votes}, weighted = {.target = votes, .weight = weight};
    grad_check(
        &(grad_case){"smooth l1", build_smooth_l1, {GRAD_RANGE(-3, 3, 2, 3, 3)}, &plain, 0, 0});
    grad_check(&(grad_case){
        "smooth l1, weighted", build_smooth_l1, {GRAD_RANGE(-3, 3, 2, 3, 3)}, &weighted, 0, 0});
    grad_check(&(grad_case){"mse", build_mse, {GRAD_RANGE(-3, 3, 2, 3, 3)}, &plain, 0, 0});
    grad_check(
        &(grad_case){"mse, weighted", build_mse, {GRAD_RANGE(-3, 3, 2, 3, 3)}, &weighted, 0, 0});
}

static at_tensor *build_sum(at_graph *g, at_tensor *const *in, const grad_case *c)
{
    const labels *l = c->arg;
    at_tensor *loss[3] = {at_mse(g, in[0], l->target, NULL),
                          at_cross_entropy(g, in[0], l->target, NULL, NULL, 0),
                          at_smooth_l1(g, in[1], l->target, NULL)};
    return at_sum_losses(g, loss, (float[]){0.5f, 2, -1}, 3);
}

static void sum_of_losses(void **state)
{
    (void)state;
    const labels plain = {.target = votes};
    grad_check(&(grad_case){
        "sum", build_sum, {GRAD_RANGE(-2, 2, 2, 3, 3), GRAD_RANGE(-2, 2, 2, 2, 3)}, &plain, 0, 0});
}

/* ---- values ----------------------------------------------------------------------------- */

static at_tensor *logits(at_graph *g, int rows, int cols, const float *x)
{
    at_graph_begin(g, AT_INFER, 0);
    at_tensor *t = at_tensor_new(g, 2, (int[]){rows, cols}, 0);
    assert_non_null(t);
    for (int i = 0; i < rows * cols; i++)
        t->data[i] = x[i];
    return t;
}

static void values(void **state)
{
    (void)state;
    at_graph *g = NULL;
    assert_int_equal(at_graph_create(&g, NULL, at_kernels_best(), NULL), ATTUNE_OK);

    /* softmax(log 1, log 3) = 1/4, 3/4 */
    const float two[] = {0, logf(3), 5, 5}, target[] = {0, 1, 0.5f, 0.5f};
    at_tensor *loss = at_cross_entropy(g, logits(g, 2, 2, two), target, NULL, NULL, 0);
    assert_float_equal(*loss->data, (log(4.0 / 3) + log(2)) / 2, 1e-6);
    const float only_first[] = {1, 0};
    loss = at_cross_entropy(g, logits(g, 2, 2, two), target, NULL, only_first, 0.5f);
    assert_float_equal(*loss->data, 0.75 * log(4.0 / 3) + 0.25 * log(4), 1e-6);
    const float none[] = {0, 0};
    loss = at_cross_entropy(g, logits(g, 2, 2, two), target, NULL, none, 0);
    assert_float_equal(*loss->data, 0, 0);

    /* no overflow far out */
    const float far[] = {500, -500}, ones[] = {1, 1};
    loss = at_binary_cross_entropy(g, logits(g, 1, 2, far), ones, NULL);
    assert_float_equal(*loss->data, 250, 1e-3);

    /* level 1 of 3: above 0, not above 1; the rows' mean of the tasks' sums */
    const float steps[] = {logf(3), -logf(3), 9, 9};
    const int level[] = {1, -1};
    loss = at_ordinal_loss(g, logits(g, 2, 2, steps), level, NULL);
    assert_float_equal(*loss->data, 2 * log(4.0 / 3), 1e-6);

    const float x[] = {0.5f, -3}, zero[] = {0, 0};
    loss = at_smooth_l1(g, logits(g, 1, 2, x), zero, NULL);
    assert_float_equal(*loss->data, (0.125 + 2.5) / 2, 1e-6);
    loss = at_mse(g, logits(g, 1, 2, x), zero, NULL);
    assert_float_equal(*loss->data, (0.25 + 9) / 2, 1e-6);
    at_graph_free(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cross_entropy), cmocka_unit_test(binary), cmocka_unit_test(regression),
        cmocka_unit_test(sum_of_losses), cmocka_unit_test(values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
