/* Parameters, the graph's bookkeeping, optimiser and schedules, and training as a whole. */
#include "tensor_net.h"

#include "kernels/gemm.h"
#include "tensor/graph.h"
#include "tensor/optim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static at_graph *new_graph(at_pool *pool, const at_kernels *kn)
{
    at_graph *g = NULL;
    assert_int_equal(at_graph_create(&g, pool, kn, NULL), ATTUNE_OK);
    return g;
}

static at_param *new_param(at_params *p, const char *name, int n, const float *value)
{
    at_param *q = at_params_get(p, name, 1, &n);
    assert_non_null(q);
    memcpy(q->value.data, value, (size_t)n * sizeof(float));
    return q;
}

/* ---- parameters ----------------------------------------------------------------------- */

static void params(void **state)
{
    (void)state;
    at_params p = {0};
    const int dim[] = {3, 4};
    at_param *w = at_params_get(&p, "w", 2, dim);
    assert_non_null(w);
    assert_int_equal(w->decay, 1);
    assert_int_equal(w->trainable, 1);
    assert_float_equal(w->lr_scale, 1, 0);
    assert_null(w->value.grad);
    for (int i = 0; i < 12; i++)
        assert_float_equal(w->value.data[i], 0, 0);
    assert_ptr_equal(at_params_get(&p, "w", 2, dim), w);
    assert_null(at_params_get(&p, "w", 1, dim));
    assert_null(at_params_get(&p, "w", 2, (int[]){4, 3}));
    assert_null(at_params_find(&p, "b"));

    char name[16];
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "b%d", i);
        assert_non_null(at_params_get(&p, name, 1, dim));
    }
    assert_int_equal(p.count, 301);
    assert_ptr_equal(p.list[0], w);
    assert_string_equal(p.list[300]->name, "b299");
    assert_int_equal(p.list[300]->decay, 0);

    static const float values[6] = {1, 2, 3, 4, 5, 6}; /* not to be freed */
    at_param *lent = at_params_borrow(&p, "lent", 2, (int[]){2, 3}, values);
    assert_non_null(lent);
    assert_ptr_equal(lent->value.data, values);
    assert_int_equal(lent->trainable, 0);
    assert_ptr_equal(at_params_get(&p, "lent", 2, (int[]){2, 3}), lent);
    assert_null(at_params_borrow(&p, "w", 2, dim, values));
    at_params_free(&p);
    assert_int_equal(p.count, 0);
    at_params_free(&p);
    at_params_free(NULL);
}

/* ---- graph ------------------------------------------------------------------------------ */

/* A pass by the kernels that they were packed for takes the panels that are there, and they are what it would make;
 * a pass by others makes its own. */
static void panels_are_kept(void **state)
{
    (void)state;
    at_params p = {0};
    at_arena room = {0};
    const at_kernels *kn = at_kernels_best(), other = *kn;
    at_graph *g = new_graph(NULL, kn);
    at_param *w = at_params_get(&p, "w", 2, (int[]){7, 19}),
             *b = new_param(&p, "b", 1, (float[]){2});
    const size_t bytes = at_gemm_packed_floats(kn, 7, 19) * sizeof(float);

    for (int i = 0; i < 7 * 19; i++)
        w->value.data[i] = (float)i;
    at_graph_begin(g, AT_INFER, 0);
    const float *made = at_packed(g, at_use(g, w), 0);
    assert_int_equal(at_params_pack(&p, &room, kn), ATTUNE_OK);
    assert_non_null(w->panels);
    assert_null(b->panels);
    assert_memory_equal(w->panels, made, bytes);
    at_graph_begin(g, AT_INFER, 0);
    assert_ptr_equal(at_packed(g, at_use(g, w), 0), w->panels);
    at_graph_free(&g);

    g = new_graph(NULL, &other);
    at_graph_begin(g, AT_INFER, 0);
    assert_ptr_not_equal(at_packed(g, at_use(g, w), 0), w->panels);
    at_graph_free(&g);
    at_params_free(&p);
    at_arena_free(&room);
}

/* Gradients of several passes add up, until they are zeroed; frozen parameters get none, and those
 * that the loss does not depend on none but zero. */
static void gradients_add_up(void **state)
{
    (void)state;
    at_params p = {0};
    at_param *w = new_param(&p, "w", 2, (float[]){3, 5});
    at_param *frozen = new_param(&p, "frozen", 2, (float[]){7, 11});
    at_param *idle = new_param(&p, "idle", 1, (float[]){2});
    frozen->trainable = 0;
    at_graph *g = new_graph(NULL, at_kernels_best());
    for (int pass = 1; pass <= 4; pass++) {
        const int since = pass <= 2 ? pass : pass - 2; /* they were zeroed */
        at_graph_begin(g, AT_TRAIN, 0);
        at_tensor *a = at_use(g, w);
        at_mul(g, at_use(g, idle), at_use(g, idle));
        assert_ptr_equal(at_use(g, w), a);
        at_tensor *y = at_mul(g, a, at_use(g, frozen));
        at_tensor *loss = at_mse(g, y, (float[]){0, 0}, NULL); /* mean of (w f)^2 */
        assert_int_equal(at_graph_backward(g, loss), ATTUNE_OK);
        assert_float_equal(w->value.grad[0], since * 3 * 49, 1e-3);
        assert_float_equal(w->value.grad[1], since * 5 * 121, 1e-3);
        assert_null(frozen->value.grad);
        assert_float_equal(idle->value.grad[0], 0, 0);
        idle->value.grad[0] = 1;
        if (pass == 2)
            at_params_zero_grad(&p);
        else
            idle->value.grad[0] = 0;
    }
    at_params_zero_grad(&p);
    at_param_settle_grad(w);
    assert_float_equal(w->value.grad[0], 0, 0);
    at_graph_free(&g);
    assert_null(g);
    at_graph_free(&g);
    at_params_free(&p);
}

/* Only kept gradients of intermediates are to be seen afterwards, through a reshape too. */
static void kept_gradients(void **state)
{
    (void)state;
    at_graph *g = new_graph(NULL, at_kernels_best());
    at_graph_begin(g, AT_TRACE, 0);
    at_tensor *x = at_tensor_new(g, 1, (int[]){4}, 1);
    for (int i = 0; i < 4; i++)
        x->data[i] = (float)i;
    at_tensor *kept = at_scale(g, x, 2), *passing = at_scale(g, kept, 3);
    at_tensor *square = at_reshape(g, passing, 2, (int[]){2, 2});
    at_tensor *last = at_scale(g, square, 1);
    at_keep_grad(g, kept);
    at_keep_grad(g, NULL);
    at_tensor *view = at_reshape(g, kept, 2, (int[]){4, 1});
    at_tensor *loss = at_mse(g, last, (float[]){0, 0, 0, 0}, NULL); /* mean of (6x)^2 */
    assert_int_equal(at_graph_backward(g, loss), ATTUNE_OK);
    assert_null(passing->grad);
    for (int i = 0; i < 4; i++) {
        assert_float_equal(x->grad[i], 18.f * (float)i, 1e-5);
        assert_float_equal(kept->grad[i], 9.f * (float)i, 1e-5);
        assert_float_equal(view->grad[i], 9.f * (float)i, 1e-5);
    }
    at_graph_free(&g);
}

/* Inference records nothing and makes no gradient. */
static void inference(void **state)
{
    (void)state;
    at_params p = {0};
    at_graph *g = new_graph(NULL, at_kernels_best());
    at_graph_begin(g, AT_INFER, 0);
    assert_int_equal(g->mode, AT_INFER);
    at_tensor *loss = tensor_net_loss(g, &p, 1);
    assert_non_null(loss);
    assert_true(isfinite(*loss->data));
    assert_null(g->tape);
    for (int i = 0; i < p.count; i++)
        assert_null(p.list[i]->value.grad);
    at_graph_free(&g);
    at_params_free(&p);
}

/* An op that got NULL gives NULL, and a missing parameter is a pass out of memory. */
static void errors_stick(void **state)
{
    (void)state;
    at_graph *g = new_graph(NULL, at_kernels_best());
    at_graph_begin(g, AT_TRAIN, 0);
    at_tensor *x = at_tensor_new(g, 2, (int[]){2, 2}, 1);
    at_tensor *pair[2] = {x, NULL};
    assert_non_null(x);
    assert_null(at_use(g, NULL));
    assert_int_equal(at_graph_status(g), ATTUNE_E_NOMEM);
    assert_null(at_linear(g, x, NULL, NULL));
    assert_null(at_add(g, x, x));
    assert_null(at_concat(g, pair, 2));
    assert_null(at_sum_losses(g, &pair[1], (float[]){1}, 1));
    assert_int_equal(at_graph_backward(g, NULL), ATTUNE_E_NOMEM);
    at_graph_begin(g, AT_TRAIN, 0);
    assert_int_equal(at_graph_status(g), ATTUNE_OK);
    at_graph_free(&g);
}

/* ---- optimiser -------------------------------------------------------------------------- */

typedef struct scalar {
    double p, m, v;
} scalar;

/* Loshchilov & Hutter 2019, algorithm 2, in double. */
static void adamw_by_hand(scalar *s, double grad, double lr, double decay, int step)
{
    s->m = 0.9 * s->m + 0.1 * grad;
    s->v = 0.999 * s->v + 0.001 * grad * grad;
    double m = s->m / (1 - pow(0.9, step)), v = s->v / (1 - pow(0.999, step));
    s->p -= lr * (m / (sqrt(v) + 1e-8) + decay * s->p);
}

static void set_grad(at_param *p, float a, float b)
{
    if (p->value.grad == NULL)
        p->value.grad = at_calloc(at_tensor_count(&p->value), sizeof(float));
    assert_non_null(p->value.grad);
    p->value.grad[0] = a;
    p->value.grad[1] = b;
}

/* The gradients' norm. */
static float take_step(at_adamw *o, at_params *p, at_pool *pool, const at_kernels *kn, float lr)
{
    float norm;

    assert_int_equal(at_adamw_step(o, p, pool, kn, lr, &norm, NULL), ATTUNE_OK);
    return norm;
}

static void adamw(void **state)
{
    (void)state;
    at_params p = {0};
    at_param *w = new_param(&p, "w", 2, (float[]){1, -2});
    at_param *b = new_param(&p, "b", 2, (float[]){0.5f, 3});
    at_param *idle = new_param(&p, "idle", 2, (float[]){4, 4});
    w->decay = 1;
    idle->decay = 1;
    b->lr_scale = 0.1f;
    at_adamw o = {.decay = 0.01f, .clip = 5};
    assert_int_equal(at_adamw_init(&o, &p, NULL), ATTUNE_OK);

    scalar hand[4] = {{.p = 1}, {.p = -2}, {.p = 0.5}, {.p = 3}};
    static const float grads[3][4] = {{1, -2, 0.5f, 3}, {30, 0, 0, 40}, {-1, 1, 0, 1e-4f}};
    for (int step = 1; step <= 3; step++) {
        const float *d = grads[step - 1];
        double norm = sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2] + d[3] * d[3]);
        double clip = norm > 5 ? 5 / norm : 1;
        set_grad(w, d[0], d[1]);
        set_grad(b, d[2], d[3]);
        assert_float_equal(take_step(&o, &p, NULL, at_kernels_best(), 0.01f), norm, 1e-5 * norm);
        for (int i = 0; i < 4; i++)
            adamw_by_hand(&hand[i], clip * d[i], i < 2 ? 0.01 : 0.001, i < 2 ? 0.01 : 0, step);
        for (int i = 0; i < 2; i++) {
            assert_float_equal(w->value.data[i], hand[i].p, 2e-6);
            assert_float_equal(b->value.data[i], hand[2 + i].p, 2e-6);
            assert_float_equal(idle->value.data[i], 4, 0);
        }
    }
    assert_int_equal(o.step, 3);

    set_grad(w, NAN, 0);
    assert_true(isnan(take_step(&o, &p, NULL, at_kernels_best(), 0.01f)));
    assert_int_equal(o.step, 3);
    assert_float_equal(w->value.data[0], hand[0].p, 2e-6);
    assert_float_equal(w->m[0], hand[0].m, 1e-5);
    at_params_free(&p);
}

static void averages(void **state)
{
    (void)state;
    at_params p = {0};
    at_param *w = new_param(&p, "w", 2, (float[]){1, 2});
    at_param *buffer = new_param(&p, "running", 2, (float[]){0, 0});
    buffer->trainable = 0;
    at_adamw o = {.ema = 0.999f};
    assert_int_equal(at_adamw_init(&o, &p, NULL), ATTUNE_OK);
    assert_null(buffer->m);
    double average = 1, running = 0;
    for (int step = 1; step <= 4; step++) {
        set_grad(w, 1, 0);
        buffer->value.data[0] = (float)step;
        take_step(&o, &p, NULL, at_kernels_best(), 0.1f);
        double keep = (1.0 + step) / (10.0 + step);
        average = keep * average + (1 - keep) * w->value.data[0];
        running = keep * running + (1 - keep) * step;
    }
    float last = w->value.data[0];
    at_ema_swap(&p);
    assert_float_equal(w->value.data[0], average, 1e-6);
    assert_float_equal(buffer->value.data[0], running, 1e-6);
    assert_float_equal(w->ema[0], last, 0);
    at_ema_swap(&p);
    assert_float_equal(w->value.data[0], last, 0);
    at_params_free(&p);
}

static void schedules(void **state)
{
    (void)state;
    assert_float_equal(at_lr_cosine(1, 0.1f, 0, 4, 104), 0.25, 1e-6);
    assert_float_equal(at_lr_cosine(1, 0.1f, 3, 4, 104), 1, 1e-6);
    assert_float_equal(at_lr_cosine(1, 0.1f, 4, 4, 104), 1, 1e-6);
    assert_float_equal(at_lr_cosine(1, 0.1f, 54, 4, 104), 0.55, 1e-6);
    assert_float_equal(at_lr_cosine(1, 0.1f, 79, 4, 104), 0.1 + 0.45 * (1 - sqrt(0.5)), 1e-6);
    assert_float_equal(at_lr_cosine(1, 0.1f, 104, 4, 104), 0.1, 1e-6);
    assert_float_equal(at_lr_cosine(1, 0, 0, 0, 0), 0, 1e-6);

    at_plateau s = {.patience = 2};
    assert_float_equal(at_plateau_step(&s, 1, -5), 1, 0); /* the first is the best so far */
    assert_float_equal(at_plateau_step(&s, 1, -6), 1, 0);
    assert_float_equal(at_plateau_step(&s, 1, -4), 1, 0); /* better: waits afresh */
    assert_float_equal(at_plateau_step(&s, 1, -4), 1, 0);
    assert_float_equal(at_plateau_step(&s, 1, -7), 0.5, 0);
    assert_float_equal(at_plateau_step(&s, 0.5f, -7), 0.5, 0);
    assert_float_equal(at_plateau_step(&s, 0.5f, -7), 0.25, 0);
    assert_float_equal(s.best, -4, 0);
    at_plateau low = {.patience = 1, .min_lr = 0.2f, .best = 9, .started = 1};
    assert_float_equal(at_plateau_step(&low, 0.3f, 1), 0.2f, 0);
    assert_float_equal(at_plateau_step(&low, 0.2f, 1), 0.2f, 0);
    at_plateau no_floor = {.patience = 1, .best = 9, .started = 1};
    assert_float_equal(at_plateau_step(&no_floor, 1e-6f, 1), 0.5e-6f, 0);
    assert_true(at_plateau_step(&no_floor, FLT_MIN, 1) > 0);
}

/* ---- training as a whole ---------------------------------------------------------------- */

/* Four steps from the same start; the loss before and after. */
static void train(at_params *p, int threads, const at_kernels *kn, float *first, float *last)
{
    at_pool *pool = NULL;
    assert_int_equal(at_pool_create(&pool, threads, NULL), ATTUNE_OK);
    at_graph *g = new_graph(pool, kn);
    at_adamw o = {.decay = 0.01f, .clip = 3, .ema = 0.99f};
    size_t used = 0;
    for (int step = 0; step < 4; step++) {
        at_graph_begin(g, AT_TRAIN, (uint64_t)step);
        at_tensor *loss = tensor_net_loss(g, p, 1);
        if (step == 0)
            assert_int_equal(at_adamw_init(&o, p, NULL), ATTUNE_OK);
        at_params_zero_grad(p);
        assert_int_equal(at_graph_backward(g, loss), ATTUNE_OK);
        assert_true(isfinite(take_step(&o, p, pool, kn, 0.01f)));
        *(step == 0 ? first : last) = *loss->data;
        if (step > 0) /* every pass takes the same memory */
            assert_int_equal(g->arena.used_bytes, used);
        used = g->arena.used_bytes;
    }
    for (int i = 0; i < p->count; i++)
        assert_true(!p->list[i]->trainable || p->list[i]->value.grad != NULL);
    at_graph_free(&g);
    at_pool_free(&pool);
}

static void same_bits_for_any_threads(void **state)
{
    (void)state;
    const at_kernels *const tables[] = {at_kernels_get(AT_ISA_C), at_kernels_best()};
    for (int k = 0; k < 2; k++) {
        at_params one = {0};
        float first, last, loss[2];
        train(&one, 1, tables[k], &first, &last);
        assert_true(last < first);
        for (int threads = 2; threads <= 3; threads++) {
            at_params more = {0};
            train(&more, threads, tables[k], &loss[0], &loss[1]);
            assert_memory_equal(&first, &loss[0], sizeof first);
            assert_memory_equal(&last, &loss[1], sizeof last);
            assert_int_equal(more.count, one.count);
            for (int i = 0; i < one.count; i++) {
                const at_param *a = one.list[i], *b = more.list[i];
                size_t bytes = at_tensor_count(&a->value) * sizeof(float);
                assert_memory_equal(a->value.data, b->value.data, bytes);
                assert_memory_equal(a->ema, b->ema, bytes);
                if (a->trainable)
                    assert_memory_equal(a->v, b->v, bytes);
            }
            at_params_free(&more);
        }
        at_params_free(&one);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(params),
        cmocka_unit_test(panels_are_kept),
        cmocka_unit_test(gradients_add_up),
        cmocka_unit_test(kept_gradients),
        cmocka_unit_test(inference),
        cmocka_unit_test(errors_stick),
        cmocka_unit_test(adamw),
        cmocka_unit_test(averages),
        cmocka_unit_test(schedules),
        cmocka_unit_test(same_bits_for_any_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
