#include "grad_check.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* How the op meets its inputs: each takes another way through the bookkeeping of gradients. */
typedef enum usage { LEAF, INTERMEDIATE, TWICE, USAGES } usage;

static const char *const usage_names[] = {"leaf", "intermediate", "twice"};

typedef struct run {
    const grad_case *c;
    at_graph *g;
    usage how;
    int n;
    float *x[GRAD_INPUTS];    /* values */
    float *grad[GRAD_INPUTS]; /* analytic gradients */
    size_t size[GRAD_INPUTS];
} run;

/* Points of an input that are held against differences; fewer where passes are long. */
enum { SEED = 7, SAMPLES = 24, FEW_SAMPLES = 5, LONG = 8000 };

void grad_fill(float *x, size_t n, float lo, float hi, uint64_t stream)
{
    at_rng rng;
    at_rng_seed(&rng, 2024, stream);
    for (size_t i = 0; i < n; i++)
        x[i] = at_rng_range(&rng, lo, hi);
}

/* sum of weights * y, as an op: its weights are the same for every pass */
static at_tensor *weigh(at_graph *g, at_tensor *y, uint64_t stream, double *value)
{
    assert_non_null(y);
    int n = (int)at_tensor_count(y);
    at_tensor *weight = at_tensor_new(g, 2, (int[]){n, 1}, 0);
    assert_non_null(weight);
    grad_fill(weight->data, (size_t)n, -1, 1, 1000 + stream);
    for (int i = 0; i < n; i++)
        *value += (double)weight->data[i] * y->data[i];
    at_tensor *flat = at_reshape(g, y, 2, (int[]){1, n});
    return at_reshape(g, at_linear(g, flat, weight, NULL), 0, NULL);
}

/* One pass; the value in double (the graph's own is in float), and the gradients if wanted. */
static double pass(run *r, int backward)
{
    at_graph *g = r->g;
    at_tensor *leaf[GRAD_INPUTS] = {0}, *in[GRAD_INPUTS] = {0}, *loss[2];
    double value = 0;
    at_graph_begin(g, r->c->mode == AT_INFER ? AT_TRAIN : r->c->mode, SEED);
    for (int i = 0; i < r->n; i++) {
        leaf[i] = at_tensor_new(g, r->c->in[i].rank, r->c->in[i].dim, 1);
        assert_non_null(leaf[i]);
        memcpy(leaf[i]->data, r->x[i], r->size[i] * sizeof(float));
        in[i] = r->how == LEAF ? leaf[i] : at_scale(g, leaf[i], 1);
    }
    loss[0] = weigh(g, r->c->build(g, in, r->c), 0, &value);
    if (r->how == TWICE)
        loss[1] = weigh(g, r->c->build(g, in, r->c), 1, &value);
    if (backward) {
        at_tensor *sum = at_sum_losses(g, loss, (float[]){1, 1}, r->how == TWICE ? 2 : 1);
        assert_int_equal(at_graph_backward(g, sum), ATTUNE_OK);
        for (int i = 0; i < r->n; i++)
            memcpy(r->grad[i], leaf[i]->grad, r->size[i] * sizeof(float));
    }
    assert_int_equal(at_graph_status(g), ATTUNE_OK);
    return value;
}

/* Values of the pass with *x moved by -2h, -h, 0, h and 2h. */
static void sweep(run *r, float *x, float h, double value[5])
{
    float keep = *x;
    for (int i = 0; i < 5; i++) {
        *x = keep + (float)(i - 2) * h;
        value[i] = pass(r, 0);
    }
    *x = keep;
}

/* Richardson's extrapolation of the central differences at h and 2h. A kink (relu, max) nearby
 * makes the two disagree, or the second differences, of which that over twice the step should be
 * twice as large; then the point is passed over: *smooth is 0. */
static double difference(run *r, float *x, double tolerance, double scale, int *smooth)
{
    const float h = 1.f / 128;
    double v[5];
    sweep(r, x, h, v);
    double fine = (v[3] - v[1]) / (2 * h), coarse = (v[4] - v[0]) / (4 * h);
    double bend = (v[3] - 2 * v[2] + v[1]) / h, wide_bend = (v[4] - 2 * v[2] + v[0]) / (2 * h);
    double slack = 0.25 * tolerance * (fabs(fine) + 0.1 * scale) + 1e-4;
    *smooth = fabs(fine - coarse) < slack && fabs(wide_bend - 2 * bend) < slack;
    return (4 * fine - coarse) / 3;
}

static double largest(const float *x, size_t n)
{
    double max = 0;
    for (size_t i = 0; i < n; i++)
        max = fabs(x[i]) > max ? fabs(x[i]) : max;
    return max;
}

static void check_input(run *r, int input, const char *kernels)
{
    double tolerance = r->c->tolerance > 0 ? r->c->tolerance : 2e-3;
    size_t n = r->size[input], samples = r->size[0] > LONG ? FEW_SAMPLES : SAMPLES;
    size_t step = n > samples ? n / samples : 1;
    const float *grad = r->grad[input];
    double scale = largest(grad, n);
    int checked = 0, seen = 0, smooth;
    for (size_t i = 0; i < n; i += step) {
        double numeric = difference(r, &r->x[input][i], tolerance, scale, &smooth);
        seen++;
        if (!smooth)
            continue;
        checked++;
        if (!(fabs(grad[i] - numeric) <= tolerance * (fabs(numeric) + 0.1 * scale) + 5e-5))
            fail_msg("%s, %s, %s: input %d[%zu]: gradient %g, differences give %g", r->c->name,
                     kernels, usage_names[r->how], input, i, grad[i], numeric);
    }
    if (2 * checked < seen)
        fail_msg("%s: input %d is smooth at %d of %d points only", r->c->name, input, checked,
                 seen);
}

/* A second pass with a pool must give the very same bits. */
static void check_threads(run *r, const at_kernels *kn)
{
    at_graph *single = r->g;
    at_pool *pool = NULL;
    float *alone[GRAD_INPUTS];
    assert_int_equal(at_pool_create(&pool, 3, NULL), ATTUNE_OK);
    assert_int_equal(at_graph_create(&r->g, pool, kn, NULL), ATTUNE_OK);
    for (int i = 0; i < r->n; i++) {
        alone[i] = r->grad[i];
        r->grad[i] = at_calloc(r->size[i], sizeof(float));
    }
    pass(r, 1);
    for (int i = 0; i < r->n; i++) {
        assert_memory_equal(alone[i], r->grad[i], r->size[i] * sizeof(float));
        at_free(r->grad[i]);
        r->grad[i] = alone[i];
    }
    at_graph_free(&r->g);
    at_pool_free(&pool);
    r->g = single;
}

static void check_with(const grad_case *c, const at_kernels *kn)
{
    run r = {.c = c};
    assert_int_equal(at_graph_create(&r.g, NULL, kn, NULL), ATTUNE_OK);
    for (; r.n < GRAD_INPUTS && c->in[r.n].rank > 0; r.n++) {
        const grad_input *in = &c->in[r.n];
        r.size[r.n] = 1;
        for (int i = 0; i < in->rank; i++)
            r.size[r.n] *= (size_t)in->dim[i];
        r.x[r.n] = at_alloc(r.size[r.n], sizeof(float));
        r.grad[r.n] = at_calloc(r.size[r.n], sizeof(float));
        int given = in->lo != 0 || in->hi != 0;
        grad_fill(r.x[r.n], r.size[r.n], given ? in->lo : -1, given ? in->hi : 1, (uint64_t)r.n);
    }
    for (r.how = LEAF; r.how < USAGES; r.how++) {
        pass(&r, 1);
        for (int i = 0; i < r.n; i++)
            check_input(&r, i, kn->name);
        check_threads(&r, kn);
    }
    for (int i = 0; i < r.n; i++) {
        at_free(r.x[i]);
        at_free(r.grad[i]);
    }
    at_graph_free(&r.g);
}

void grad_check(const grad_case *c)
{
    check_with(c, at_kernels_get(AT_ISA_C));
    if (at_kernels_best() != at_kernels_get(AT_ISA_C))
        check_with(c, at_kernels_best());
}
