/* Gradients of what runs over time: attention, pooling, LSTMs, convolution. */
#include "grad_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <string.h>
#include <cmocka.h>

/* ---- attention -------------------------------------------------------------------------- */

static at_tensor *build_attention(at_graph *g, at_tensor *const *in, const grad_case *c)
{
    return at_attention(g, in[0], in[1], in[2], *(const int *)c->arg, in[3]);
}

static at_tensor *build_self_attention(at_graph *g, at_tensor *const *in, const grad_case *c)
{
    return at_attention(g, in[0], in[0], in[0], *(const int *)c->arg, NULL);
}

/* The last key of item 0 and the first of item 1 are masked. */
static at_tensor *build_masked(at_graph *g, at_tensor *const *in, const grad_case *c)
{
    int tk = in[1]->dim[1];
    at_tensor *mask = at_tensor_new(g, 2, (int[]){2, tk}, 0);
    assert_non_null(mask);
    memset(mask->data, 0, 2 * (size_t)tk * sizeof(float));
    mask->data[tk - 1] = mask->data[tk] = -1e30f;
    return at_attention(g, in[0], in[1], in[2], *(const int *)c->arg, mask);
}

static void attention(void **state)
{
    (void)state;
    const int one = 1, three = 3;
    grad_check(&(grad_case){
        "attention",
        build_attention,
        {GRAD_IN(3, 2, 5, 12), GRAD_IN(3, 2, 7, 12), GRAD_IN(3, 2, 7, 12), GRAD_IN(2, 2, 7)},
        &three,
        0,
        0});
    grad_check(
        &(grad_case){"self-attention", build_self_attention, {GRAD_IN(3, 3, 6, 9)}, &three, 0, 0});
    grad_check(&(grad_case){"masked attention",
                            build_masked,
                            {GRAD_IN(3, 2, 3, 4), GRAD_IN(3, 2, 5, 4), GRAD_IN(3, 2, 5, 4)},
                            &one,
                            0,
                            0});
}

/* Values: with equal keys the mean of v; a masked key counts for nothing. */
static void attention_values(void **state)
{
    (void)state;
    at_graph *g = NULL;
    const int dim[3] = {1, 3, 2};
    assert_int_equal(at_graph_create(&g, NULL, at_kernels_best(), NULL), ATTUNE_OK);
    at_graph_begin(g, AT_INFER, 0);
    at_tensor *q = at_tensor_new(g, 3, dim, 0), *k = at_tensor_new(g, 3, dim, 0);
    at_tensor *v = at_tensor_new(g, 3, dim, 0), *bias = at_tensor_new(g, 2, (int[]){1, 3}, 0);
    for (int i = 0; i < 6; i++) {
        q->data[i] = (float)i;
        k->data[i] = 1;
        v->data[i] = (float)i;
    }
    bias->data[0] = 0;
    bias->data[1] = logf(3);
    bias->data[2] = -1e30f;
    at_tensor *y = at_attention(g, q, k, v, 1, bias);
    assert_non_null(y);
    for (int r = 0; r < 3; r++) { /* weights 1/4, 3/4, 0 */
        assert_float_equal(y->data[2 * r], 0.75 * 2, 1e-5);
        assert_float_equal(y->data[2 * r + 1], 0.25 * 1 + 0.75 * 3, 1e-5);
    }
    at_graph_free(&g);
}

/* ---- pooling ---------------------------------------------------------------------------- */

typedef struct pooling {
    const int *lengths;
    int with_std;
} pooling;

static at_tensor *build_pool(at_graph *g, at_tensor *const *in, const grad_case *c)
{
    const pooling *p = c->arg;
    return at_attention_pool(g, in[0], in[1], p->lengths, p->with_std);
}

static void attention_pool(void **state)
{
    (void)state;
    const int lengths[3] = {6, 1, 4};
    const pooling mean = {NULL, 0}, both = {NULL, 1}, masked = {lengths, 1};
    grad_check(&(grad_case){
        "pool, mean", build_pool, {GRAD_IN(3, 3, 6, 5), GRAD_IN(3, 3, 6, 1)}, &mean, 0, 0});
    grad_check(
        &(grad_case){"pool", build_pool, {GRAD_IN(3, 3, 6, 5), GRAD_IN(3, 3, 6, 1)}, &both, 0, 0});
    /* a sequence of one has no deviation, its slope is steep there: one of three is passed over */
    grad_check(&(grad_case){
        "pool, lengths", build_pool, {GRAD_IN(3, 3, 6, 5), GRAD_IN(3, 3, 6, 1)}, &masked, 0, 0});
}

/* ---- LSTM ------------------------------------------------------------------------------- */

typedef struct layer {
    const int *lengths;
    int reverse;
} layer;

static at_tensor *build_lstm(at_graph *g, at_tensor *const *in, const grad_case *c)
{
    const layer *l = c->arg;
    return at_lstm(g, in[0], in[1], in[2], in[3], l->lengths, l->reverse);
}

static at_tensor *build_bilstm(at_graph *g, at_tensor *const *in, const grad_case *c)
{
    const layer *l = c->arg;
    at_tensor *fwd[3] = {in[1], in[2], in[3]}, *bwd[3] = {in[4], in[2], in[5]};
    return at_bilstm(g, in[0], fwd, bwd, l->lengths);
}

static void lstm(void **state)
{
    (void)state;
    const int lengths[4] = {3, 7, 0, 5};
    const layer forward = {NULL, 0}, backward = {NULL, 1}, ragged = {lengths, 0},
                ragged_backward = {lengths, 1};
    const layer *const all[] = {&forward, &backward, &ragged, &ragged_backward};
    const char *const names[] = {"lstm", "lstm, reversed", "lstm, lengths",
                                 "lstm, lengths, reversed"};
    for (int i = 0; i < 4; i++)
        grad_check(&(grad_case){
            names[i],
            build_lstm,
            {GRAD_IN(3, 4, 7, 5), GRAD_IN(2, 5, 12), GRAD_IN(2, 3, 12), GRAD_IN(1, 12)},
            all[i],
            0,
            0});
}

static void bilstm(void **state)
{
    (void)state;
    const int lengths[3] = {2, 5, 4};
    const layer even = {NULL, 0}, ragged = {lengths, 0};
    grad_check(&(grad_case){"bilstm",
                            build_bilstm,
                            {GRAD_IN(3, 3, 5, 4), GRAD_IN(2, 4, 8), GRAD_IN(2, 2, 8), GRAD_IN(1, 8),
                             GRAD_IN(2, 4, 8), GRAD_IN(1, 8)},
                            &even,
                            0,
                            0});
    grad_check(&(grad_case){"bilstm, lengths",
                            build_bilstm,
                            {GRAD_IN(3, 3, 5, 4), GRAD_IN(2, 4, 8), GRAD_IN(2, 2, 8), GRAD_IN(1, 8),
                             GRAD_IN(2, 4, 8), GRAD_IN(1, 8)},
                            &ragged,
                            0,
                            0});
}

static float *filled(at_tensor *t, uint64_t stream)
{
    assert_non_null(t);
    grad_fill(t->data, at_tensor_count(t), -1, 1, stream);
    return t->data;
}

static float logistic(float x)
{
    return 1 / (1 + expf(-x));
}

/* One unit, one feature, by the equations; and lengths mean what they say: a padded sequence gives
 * what it gives alone, then zeros. */
static void lstm_values(void **state)
{
    (void)state;
    const int lengths[2] = {2, 4};
    at_graph *g = NULL;
    assert_int_equal(at_graph_create(&g, NULL, at_kernels_get(AT_ISA_C), NULL), ATTUNE_OK);
    for (int reverse = 0; reverse < 2; reverse++) {
        at_graph_begin(g, AT_INFER, 0);
        at_tensor *x = at_tensor_new(g, 3, (int[]){2, 4, 1}, 0);
        at_tensor *w_x = at_tensor_new(g, 2, (int[]){1, 4}, 0);
        at_tensor *w_h = at_tensor_new(g, 2, (int[]){1, 4}, 0);
        at_tensor *bias = at_tensor_new(g, 1, (int[]){4}, 0);
        const float *in = filled(x, 1), *wx = filled(w_x, 2), *wh = filled(w_h, 3),
                    *b = filled(bias, 4);
        at_tensor *y = at_lstm(g, x, w_x, w_h, bias, lengths, reverse);
        assert_non_null(y);
        for (int r = 0; r < 2; r++) {
            float h = 0, c = 0, z[4];
            for (int s = 0; s < lengths[r]; s++) {
                int t = reverse ? lengths[r] - 1 - s : s;
                for (int k = 0; k < 4; k++)
                    z[k] = in[4 * r + t] * wx[k] + h * wh[k] + b[k];
                c = logistic(z[1]) * c + logistic(z[0]) * tanhf(z[2]);
                h = logistic(z[3]) * tanhf(c);
                assert_float_equal(y->data[4 * r + t], h, 1e-6);
            }
            for (int t = lengths[r]; t < 4; t++)
                assert_float_equal(y->data[4 * r + t], 0, 0);
        }
    }
    at_graph_free(&g);
}

/* ---- convolution ------------------------------------------------------------------------ */

static at_tensor *build_conv(at_graph *g, at_tensor *const *in, const grad_case *c)
{
    const int *k_stride = c->arg;
    return at_conv_time(g, in[0], in[1], in[2], k_stride[0], k_stride[1]);
}

static void conv_time(void **state)
{
    (void)state;
    const int three[2] = {3, 1}, five[2] = {5, 2}, one[2] = {1, 1};
    grad_check(&(grad_case){"conv over time",
                            build_conv,
                            {GRAD_IN(3, 3, 7, 4), GRAD_IN(2, 12, 5), GRAD_IN(1, 5)},
                            three,
                            0,
                            0});
    grad_check(&(grad_case){"conv over time, stride 2",
                            build_conv,
                            {GRAD_IN(3, 2, 8, 3), GRAD_IN(2, 15, 18), GRAD_IN(1, 18)},
                            five,
                            0,
                            0});
    grad_check(&(grad_case){
        "conv over time, one", build_conv, {GRAD_IN(3, 2, 3, 3), GRAD_IN(2, 3, 2)}, one, 0, 0});
}

static void conv_time_values(void **state)
{
    (void)state;
    at_graph *g = NULL;
    assert_int_equal(at_graph_create(&g, NULL, at_kernels_best(), NULL), ATTUNE_OK);
    at_graph_begin(g, AT_INFER, 0);
    at_tensor *x = at_tensor_new(g, 3, (int[]){1, 5, 1}, 0);
    at_tensor *w = at_tensor_new(g, 2, (int[]){3, 1}, 0);
    for (int i = 0; i < 5; i++)
        x->data[i] = (float)(i + 1);
    w->data[0] = 100;
    w->data[1] = 10;
    w->data[2] = 1;
    const float every[] = {12, 123, 234, 345, 450}, second[] = {12, 234, 450};
    at_tensor *y = at_conv_time(g, x, w, NULL, 3, 1), *z = at_conv_time(g, x, w, NULL, 3, 2);
    assert_non_null(y);
    assert_non_null(z);
    assert_memory_equal(y->data, every, sizeof every);
    assert_int_equal(z->dim[1], 3);
    assert_memory_equal(z->data, second, sizeof second);
    at_graph_free(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attention),      cmocka_unit_test(attention_values),
        cmocka_unit_test(attention_pool), cmocka_unit_test(lstm),
        cmocka_unit_test(bilstm),         cmocka_unit_test(lstm_values),
        cmocka_unit_test(conv_time),      cmocka_unit_test(conv_time_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
