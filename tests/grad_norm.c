/* Gradients of batch and layer normalisation. */
#include "grad_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <string.h>
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

/* A convolution and the batch norm after it share work: sums on the way out, the last pass on the
 * way back. With a copy between them they cannot, and the results must be the same. */
typedef struct pair {
    int depthwise, apart, shared, threads;
    int dim[4]; /* of x */
    int out;    /* channels */
    float *y, *dx, *dw;
} pair;

static at_tensor *convolve(at_graph *g, const pair *p, at_tensor *x, at_tensor *w)
{
    at_tensor *y = p->depthwise ? at_depthwise3x3(g, x, w, NULL, 1, at_pad_one)
                                : at_linear(g, x, w, NULL);
    return p->apart ? at_scale(g, y, 1) : y;
}

static float *copy_of(const float *x, size_t n)
{
    float *copy = at_alloc(n, sizeof(float));
    assert_non_null(copy);
    memcpy(copy, x, n * sizeof(float));
    return copy;
}

static void run_pair(pair *p)
{
    at_graph *g = NULL;
    at_pool *pool = NULL;
    norm n = make_norm(p->out, AT_ACT_RELU6);
    assert_int_equal(at_pool_create(&pool, p->threads, NULL), ATTUNE_OK);
    assert_int_equal(at_graph_create(&g, pool, at_kernels_best(), NULL), ATTUNE_OK);
    at_graph_begin(g, AT_TRAIN, 0);
    at_tensor *x = at_tensor_new(g, 4, p->dim, 1), *gamma = at_tensor_new(g, 1, &p->out, 1);
    at_tensor *w = at_tensor_new(g, 2, (int[]){p->depthwise ? 9 : p->dim[3], p->out}, 1);
    at_tensor *beta = at_tensor_new(g, 1, &p->out, 1);
    at_tensor *const made[] = {x, w, gamma, beta};
    for (int i = 0; i < 4; i++)
        grad_fill(made[i]->data, at_tensor_count(made[i]), -1, 1, (uint64_t)i);

    at_tensor *in = at_scale(g, x, 1), *y = convolve(g, p, in, w);
    at_tensor *z = at_batch_norm(g, y, gamma, beta, n.mean, n.var, 0.1f, 1e-3f, n.act);
    if (p->shared > 0) /* x has a gradient already when the pair gives its own */
        z = at_add(g, z, convolve(g, p, in, w));
    if (p->shared > 1) /* and so has what lies between them */
        z = at_add(g, z, y);
    assert_non_null(z);
    size_t count = at_tensor_count(z);
    float *target = at_alloc(count, sizeof(float));
    grad_fill(target, count, -1, 1, 9);
    assert_int_equal(at_graph_backward(g, at_mse(g, z, target, NULL)), ATTUNE_OK);
    p->y = copy_of(z->data, count);
    p->dx = copy_of(x->grad, at_tensor_count(x));
    p->dw = copy_of(w->grad, at_tensor_count(w));
    at_free(target);
    at_graph_free(&g);
    at_pool_free(&pool);
    at_params_free(&n.params);
}

static void assert_close(const float *a, const float *b, size_t n)
{
    float scale = 0;
    for (size_t i = 0; i < n; i++)
        scale = fmaxf(scale, fabsf(b[i]));
    assert_true(scale > 0);
    for (size_t i = 0; i < n; i++)
        assert_float_equal(a[i], b[i], 2e-5f * scale);
}

static void free_pair(pair *p)
{
    at_free(p->y);
    at_free(p->dx);
    at_free(p->dw);
}

static void check_pair(pair together)
{
    pair apart = together, threaded = together;
    apart.apart = 1;
    together.threads = apart.threads = 1;
    threaded.threads = 3;
    run_pair(&together);
    run_pair(&apart);
    run_pair(&threaded);
    size_t pixels = (size_t)together.dim[0] * together.dim[1] * together.dim[2];
    size_t weights = (size_t)(together.depthwise ? 9 : together.dim[3]) * together.out;
    assert_close(together.y, apart.y, pixels * together.out);
    assert_close(together.dx, apart.dx, pixels * together.dim[3]);
    assert_close(together.dw, apart.dw, weights);
    assert_memory_equal(together.y, threaded.y, pixels * together.out * sizeof(float));
    assert_memory_equal(together.dx, threaded.dx, pixels * together.dim[3] * sizeof(float));
    assert_memory_equal(together.dw, threaded.dw, weights * sizeof(float));
    free_pair(&together);
    free_pair(&apart);
    free_pair(&threaded);
}

static void convolution_then_norm(void **state)
{
    (void)state;
    for (int shared = 0; shared < 3; shared++) {
        check_pair((pair){.dim = {5, 30, 31, 13}, .out = 37, .shared = shared});
        check_pair((pair){.dim = {2, 50, 60, 40}, .out = 9, .shared = shared});
        check_pair((pair){.depthwise = 1, .dim = {5, 19, 20, 21}, .out = 21, .shared = shared});
        check_pair((pair){.depthwise = 1, .dim = {40, 4, 5, 17}, .out = 17, .shared = shared});
    }
}

/* What reads a norm's output makes it itself, block by block, and finds the sums for the norm's
 * backward. With a copy before it it cannot, and the results must be the same. */
typedef struct chain {
    int depthwise, stride, apart, read_twice, threads;
    int dim[4]; /* of x */
    int out;    /* channels of a product */
    float *dx, *dw, *dgamma;
} chain;

static at_tensor *norm_of(at_graph *g, norm *n, at_tensor *x, at_tensor *gamma, at_tensor *beta)
{
    return at_batch_norm(g, x, gamma, beta, n->mean, n->var, 0.1f, 1e-3f, n->act);
}

static void run_chain(chain *p)
{
    at_graph *g = NULL;
    at_pool *pool = NULL;
    int c = p->dim[3], out = p->depthwise ? c : p->out;
    norm first = make_norm(c, AT_ACT_RELU6), second = make_norm(out, AT_ACT_NONE);
    assert_int_equal(at_pool_create(&pool, p->threads, NULL), ATTUNE_OK);
    assert_int_equal(at_graph_create(&g, pool, at_kernels_best(), NULL), ATTUNE_OK);
    at_graph_begin(g, AT_TRAIN, 0);
    at_tensor *x = at_tensor_new(g, 4, p->dim, 1);
    at_tensor *gamma = at_tensor_new(g, 1, &c, 1), *beta = at_tensor_new(g, 1, &c, 1);
    at_tensor *gamma2 = at_tensor_new(g, 1, &out, 1), *beta2 = at_tensor_new(g, 1, &out, 1);
    at_tensor *w = at_tensor_new(g, 2, (int[]){p->depthwise ? 9 : c, out}, 1);
    at_tensor *const made[] = {x, gamma, beta, gamma2, beta2, w};
    for (int i = 0; i < 6; i++)
        grad_fill(made[i]->data, at_tensor_count(made[i]), -1, 1, (uint64_t)i);

    at_tensor *z = norm_of(g, &first, at_scale(g, x, 1), gamma, beta);
    at_tensor *in = p->apart ? at_scale(g, z, 1) : z;
    at_tensor *y = p->depthwise ? at_depthwise3x3(g, in, w, NULL, p->stride, at_pad_one)
                                : at_linear(g, in, w, NULL);
    at_tensor *loss[2] = {NULL};
    y = norm_of(g, &second, y, gamma2, beta2);
    assert_non_null(y);
    size_t count = at_tensor_count(y), most = at_tensor_count(z);
    most = most > count ? most : count;
    float *target = at_alloc(most, sizeof(float));
    grad_fill(target, most, -1, 1, 9);
    loss[0] = at_mse(g, y, target, NULL);
    loss[1] = p->read_twice ? at_mse(g, z, target, NULL) : loss[0];
    at_tensor *both = at_sum_losses(g, loss, (const float[]){1, 2}, 2);
    assert_int_equal(at_graph_backward(g, both), ATTUNE_OK);
    p->dx = copy_of(x->grad, at_tensor_count(x));
    p->dw = copy_of(w->grad, at_tensor_count(w));
    p->dgamma = copy_of(gamma->grad, (size_t)c);
    at_free(target);
    at_graph_free(&g);
    at_pool_free(&pool);
    at_params_free(&first.params);
    at_params_free(&second.params);
}

static void free_chain(chain *p)
{
    at_free(p->dx);
    at_free(p->dw);
    at_free(p->dgamma);
}

static void check_chain(chain together)
{
    chain apart = together, threaded = together;
    apart.apart = 1;
    together.threads = apart.threads = 1;
    threaded.threads = 3;
    run_chain(&together);
    run_chain(&apart);
    run_chain(&threaded);
    size_t c = (size_t)together.dim[3];
    size_t count = (size_t)together.dim[0] * together.dim[1] * together.dim[2] * c;
    size_t weights = together.depthwise ? 9 * c : c * together.out;
    assert_close(together.dx, apart.dx, count);
    assert_close(together.dw, apart.dw, weights);
    assert_close(together.dgamma, apart.dgamma, c);
    assert_memory_equal(together.dx, threaded.dx, count * sizeof(float));
    assert_memory_equal(together.dw, threaded.dw, weights * sizeof(float));
    assert_memory_equal(together.dgamma, threaded.dgamma, c * sizeof(float));
    free_chain(&together);
    free_chain(&apart);
    free_chain(&threaded);
}

static void norm_then_convolution(void **state)
{
    (void)state;
    for (int twice = 0; twice < 2; twice++) {
        check_chain((chain){.dim = {5, 30, 31, 13}, .out = 37, .read_twice = twice});
        check_chain((chain){.dim = {4, 40, 50, 70}, .out = 9, .read_twice = twice});
        check_chain((chain){.dim = {2, 5, 6, 7}, .out = 9, .read_twice = twice});
        for (int stride = 1; stride < 3; stride++) {
            chain p = {.depthwise = 1, .stride = stride, .read_twice = twice};
            memcpy(p.dim, (int[]){5, 19, 20, 21}, sizeof p.dim);
            check_chain(p);
            memcpy(p.dim, (int[]){4, 33, 48, 160}, sizeof p.dim); /* some bands an image */
            check_chain(p);
        }
    }
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
        cmocka_unit_test(convolution_then_norm),
        cmocka_unit_test(norm_then_convolution),
        cmocka_unit_test(layer_norm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
