/* Gradients of linear layers and 3x3 convolutions. */
#include "grad_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static at_tensor *build_linear(at_graph *g, at_tensor *const *in, const grad_case *c)
{
    (void)c;
    return at_linear(g, in[0], in[1], in[2]);
}

static void linear(void **state)
{
    (void)state;
    grad_check(&(grad_case){"linear",
                            build_linear,
                            {GRAD_IN(2, 13, 7), GRAD_IN(2, 7, 21), GRAD_IN(1, 21)},
                            NULL,
                            0,
                            0});
    grad_check(&(grad_case){
        "linear, one row, no bias", build_linear, {GRAD_IN(1, 5), GRAD_IN(2, 5, 3)}, NULL, 0, 0});
    grad_check(&(grad_case){"linear on images",
                            build_linear,
                            {GRAD_IN(4, 2, 3, 5, 18), GRAD_IN(2, 18, 33), GRAD_IN(1, 33)},
                            NULL,
                            0,
                            0});
}

/* More rows than one task of any of the loops takes. */
static void linear_many_rows(void **state)
{
    (void)state;
    grad_check(&(grad_case){"linear, many rows",
                            build_linear,
                            {GRAD_IN(2, 2500, 9), GRAD_IN(2, 9, 17), GRAD_IN(1, 17)},
                            NULL,
                            0,
                            0});
}

typedef struct window {
    int stride;
    at_pad pad;
} window;

static at_tensor *build_conv(at_graph *g, at_tensor *const *in, const grad_case *c)
{
    const window *w = c->arg;
    return at_conv3x3(g, in[0], in[1], in[2], w->stride, w->pad);
}

static void conv3x3(void **state)
{
    (void)state;
    const window one = {1, {1, 1}}, two = {2, {1, 1}};
    const window same = {2, at_pad_same(6, 8, 2)};
    grad_check(&(grad_case){"conv3x3",
                            build_conv,
                            {GRAD_IN(4, 2, 5, 7, 3), GRAD_IN(2, 27, 5), GRAD_IN(1, 5)},
                            &one,
                            0,
                            0});
    grad_check(&(grad_case){"conv3x3, stride 2",
                            build_conv,
                            {GRAD_IN(4, 3, 7, 6, 4), GRAD_IN(2, 36, 17), GRAD_IN(1, 17)},
                            &two,
                            0,
                            0});
    grad_check(&(grad_case){
        "conv3x3, same", build_conv, {GRAD_IN(4, 1, 6, 8, 2), GRAD_IN(2, 18, 3)}, &same, 0, 0});
    grad_check(&(grad_case){"conv3x3, several blocks of rows",
                            build_conv,
                            {GRAD_IN(4, 2, 40, 41, 4), GRAD_IN(2, 36, 4)},
                            &one,
                            0,
                            0});
}

static at_tensor *build_depthwise(at_graph *g, at_tensor *const *in, const grad_case *c)
{
    const window *w = c->arg;
    return at_depthwise3x3(g, in[0], in[1], in[2], w->stride, w->pad);
}

static void depthwise3x3(void **state)
{
    (void)state;
    const window one = {1, {1, 1}}, two = {2, {1, 1}};
    const window same = {2, at_pad_same(6, 6, 2)};
    grad_check(&(grad_case){"depthwise",
                            build_depthwise,
                            {GRAD_IN(4, 2, 5, 4, 11), GRAD_IN(2, 9, 11), GRAD_IN(1, 11)},
                            &one,
                            0,
                            0});
    grad_check(&(grad_case){"depthwise, stride 2",
                            build_depthwise,
                            {GRAD_IN(4, 3, 7, 5, 16), GRAD_IN(2, 9, 16), GRAD_IN(1, 16)},
                            &two,
                            0,
                            0});
    grad_check(&(grad_case){"depthwise, same",
                            build_depthwise,
                            {GRAD_IN(4, 2, 6, 6, 5), GRAD_IN(2, 9, 5)},
                            &same,
                            0,
                            0});
    grad_check(&(grad_case){"depthwise, one pixel",
                            build_depthwise,
                            {GRAD_IN(4, 2, 1, 1, 3), GRAD_IN(2, 9, 3)},
                            &two,
                            0,
                            0});
}

/* TensorFlow pads even sizes at stride 2 after the picture only. */
static void padding(void **state)
{
    (void)state;
    at_pad p = at_pad_same(112, 7, 2);
    assert_int_equal(p.top, 0);
    assert_int_equal(p.left, 1);
    p = at_pad_same(8, 9, 1);
    assert_int_equal(p.top, 1);
    assert_int_equal(p.left, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linear),  cmocka_unit_test(linear_many_rows),
        cmocka_unit_test(conv3x3), cmocka_unit_test(depthwise3x3),
        cmocka_unit_test(padding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
