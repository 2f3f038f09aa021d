/* Mixed precision: a tape in half floats beside one in f32, what it saves, and loss scaling. */
#include "one_thread_case.h"
#include "tensor_net.h"

#include "tensor/graph.h"
#include "tensor/loss_scale.h"
#include "tensor/optim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static at_graph *new_graph(at_pool *pool, const at_kernels *kn, at_precision precision)
{
    at_graph *g = NULL;
    assert_int_equal(at_graph_create(&g, pool, kn, NULL), ATTUNE_OK);
    at_graph_set_precision(g, precision);
    return g;
}

/* ---- a network of pictures whose layers are read and written by rows -------------------------- */

enum { BATCH = 5, SIDE = 34, WIDTH = 8, WIDE = 24, CLASSES = 3 };

static at_tensor *use(at_graph *g, at_params *p, const char *name, int rows, int cols, float centre)
{
    int fresh = at_params_find(p, name) == NULL;
    at_param *q = at_params_get(p, name, 2, (int[]){rows, cols});
    at_rng rng;
    at_rng_seed(&rng, 11, (uint64_t)p->count);
    for (size_t i = 0; q != NULL && fresh && i < at_tensor_count(&q->value); i++)
        q->value.data[i] = centre + at_rng_normal(&rng) * (centre > 0 ? 0.1f : 0.5f);
    return at_use(g, q);
}

static at_tensor *norm(at_graph *g, at_params *p, const char *name, at_tensor *x, at_act act)
{
    char full[4][32];
    static const char *const part[4] = {"gamma", "beta", "mean", "var"};
    int c = at_tensor_cols(x);
    for (int i = 0; i < 4; i++)
        snprintf(full[i], sizeof full[i], "%.20s.%s", name, part[i]);
    at_tensor *gamma = use(g, p, full[0], 1, c, 1), *beta = use(g, p, full[1], 1, c, 0);
    at_param *mean = at_params_get(p, full[2], 1, &c), *var = at_params_get(p, full[3], 1, &c);
    mean->trainable = var->trainable = 0;
    return at_batch_norm(g, x, gamma, beta, mean, var, 0.1f, 1e-3f, act);
}

/* An inverted residual (Sandler 2018): wide layers are deferred and made row by row. */
static at_tensor *block(at_graph *g, at_params *p, int i, at_tensor *x, int stride, at_act act)
{
    char name[3][32];
    static const char *const part[3] = {"expand", "depthwise", "project"};
    for (int k = 0; k < 3; k++)
        snprintf(name[k], sizeof name[k], "%d.%s", i, part[k]);
    at_tensor *y = at_linear(g, x, use(g, p, name[0], WIDTH, WIDE, 0), NULL);
    y = norm(g, p, name[0], y, act);
    y = at_depthwise3x3(g, y, use(g, p, name[1], 9, WIDE, 0), NULL, stride, at_pad_one);
    y = norm(g, p, name[1], y, act);
    y = norm(g, p, name[2], at_linear(g, y, use(g, p, name[2], WIDE, WIDTH, 0), NULL), AT_ACT_NONE);
    return stride == 1 ? at_add(g, y, x) : y;
}

static at_tensor *pictures(at_graph *g, at_params *p, at_act act)
{
    float target[BATCH * CLASSES] = {0};
    at_rng rng;
    at_rng_seed(&rng, 3, 0);
    at_tensor *x = at_tensor_new(g, 4, (int[]){BATCH, SIDE, SIDE, 3}, 0);
    for (size_t i = 0; i < at_tensor_count(x); i++)
        x->data[i] = at_rng_range(&rng, -1, 1);
    for (int i = 0; i < BATCH; i++)
        target[i * CLASSES + i % CLASSES] = 1;
    x = at_conv3x3(g, x, use(g, p, "stem", 27, WIDTH, 0), NULL, 1, at_pad_one);
    x = norm(g, p, "stem", x, act);
    for (int i = 0; i < 3; i++)
        x = block(g, p, i, x, i == 1 ? 2 : 1, act);
    x = at_linear(g, at_global_avg_pool(g, x), use(g, p, "head", WIDTH, CLASSES, 0), NULL);
    return at_cross_entropy(g, x, target, NULL, NULL, 0);
}

static at_tensor *pictures_loss(at_graph *g, at_params *p)
{
    return pictures(g, p, AT_ACT_RELU6);
}

/* Without kinks, at which a rounding now and then takes a whole gradient away or gives it. */
static at_tensor *smooth_loss(at_graph *g, at_params *p)
{
    return pictures(g, p, AT_ACT_NONE);
}

static at_tensor *sequences_loss(at_graph *g, at_params *p)
{
    return tensor_net_loss(g, p, 1);
}

typedef at_tensor *(*loss_of)(at_graph *g, at_params *p);

/* ---- beside f32 ------------------------------------------------------------------------------- */

/* The gradients of one pass, with `least` as the smallest result that is kept in half. */
static float gradients(loss_of of, at_params *p, at_precision precision, size_t least, float scale,
                       const at_kernels *kn, int threads, size_t *memory)
{
    at_pool *pool = NULL;
    assert_int_equal(at_pool_create(&pool, threads, NULL), ATTUNE_OK);
    at_graph *g = new_graph(pool, kn, precision);
    g->least_half = least;
    at_graph_begin(g, AT_TRAIN, 7);
    at_tensor *loss = of(g, p);
    assert_non_null(loss);
    assert_int_equal(at_graph_backward_scaled(g, loss, scale), ATTUNE_OK);
    const float value = *loss->data;
    *memory = g->arena.used_bytes;
    at_graph_free(&g);
    at_pool_free(&pool);
    return value;
}

static void assert_same_gradients(const at_params *a, const at_params *b)
{
    assert_int_equal(a->count, b->count);
    for (int i = 0; i < a->count; i++) {
        const at_param *x = a->list[i], *y = b->list[i];
        const size_t bytes = at_tensor_count(&x->value) * sizeof(float);
        assert_memory_equal(x->value.data, y->value.data, bytes); /* running statistics too */
        assert_int_equal(x->value.grad != NULL, y->value.grad != NULL);
        if (x->value.grad != NULL)
            assert_memory_equal(x->value.grad, y->value.grad, bytes);
    }
}

/* |a - b| / |b| over all gradients. */
static double distance(const at_params *a, const at_params *b)
{
    double apart = 0, all = 0;
    assert_int_equal(a->count, b->count);
    for (int i = 0; i < a->count; i++) {
        const float *x = a->list[i]->value.grad, *y = b->list[i]->value.grad;
        for (size_t k = 0, n = x != NULL ? at_tensor_count(&a->list[i]->value) : 0; k < n; k++) {
            apart += ((double)x[k] - y[k]) * ((double)x[k] - y[k]);
            all += (double)y[k] * y[k];
        }
    }
    return sqrt(apart / all);
}

static void close_to_f32(loss_of of, size_t least, double tolerance)
{
    const at_kernels *const tables[] = {at_kernels_get(AT_ISA_C), at_kernels_best()};
    for (int k = 0; k < 2; k++) {
        at_params whole = {0}, half = {0};
        size_t bytes[2];
        float a = gradients(of, &whole, AT_F32, least, 1, tables[k], 1, &bytes[0]);
        float b = gradients(of, &half, AT_MIXED, least, 1, tables[k], 1, &bytes[1]);
        assert_float_equal(b, a, 2e-3 * a);
        const double apart = distance(&half, &whole);
        print_message("%s: gradients %.1e apart\n", tables[k]->name, apart);
        assert_true(apart < tolerance);
        assert_true(apart > 0); /* it is not f32 after all */
        at_params_free(&whole);
        at_params_free(&half);
    }
}

/* ---- with a store that loses nothing ---------------------------------------------------------- */

/* In place of half floats: f32 values beside, found by the address that the half would lie at. */
enum { SIDE_TABLE = 1 << 22 };
static float value_at[SIDE_TABLE];
static const uint16_t *address_of[SIDE_TABLE];

static size_t slot_of(const uint16_t *half)
{
    return ((uintptr_t)half / sizeof *half) % SIDE_TABLE;
}

static void lossless_store(size_t n, const float *x, uint16_t *y)
{
    for (size_t i = 0; i < n; i++) {
        value_at[slot_of(y + i)] = x[i];
        address_of[slot_of(y + i)] = y + i;
    }
}

static void lossless_load(size_t n, const uint16_t *x, float *y)
{
    for (size_t i = 0; i < n; i++) {
        assert_ptr_equal(address_of[slot_of(x + i)],
                         x + i); /* else it was never stored, or overwritten */
        y[i] = value_at[slot_of(x + i)];
    }
}

/* Where values lie must not matter: the same bits as f32's. */
static void same_bits_as_f32(loss_of of, size_t least)
{
    const at_kernels *const tables[] = {at_kernels_get(AT_ISA_C), at_kernels_best()};
    for (int k = 0; k < 2; k++) {
        at_kernels lossless = *tables[k];
        lossless.f32_to_f16 = lossless_store;
        lossless.f16_to_f32 = lossless_load;
        at_params whole = {0}, half = {0};
        size_t bytes[2];
        float a = gradients(of, &whole, AT_F32, least, 1, tables[k], 1, &bytes[0]);
        float b = gradients(of, &half, AT_MIXED, least, 1, &lossless, 1, &bytes[1]);
        assert_memory_equal(&a, &b, sizeof a);
        assert_same_gradients(&whole, &half);
        at_params_free(&whole);
        at_params_free(&half);
    }
}

static void a_store_without_loss_is_f32(void **state)
{
    (void)state;
    same_bits_as_f32(pictures_loss, AT_LEAST_HALF);
    same_bits_as_f32(pictures_loss, 2);
    same_bits_as_f32(sequences_loss, AT_LEAST_HALF);
    same_bits_as_f32(sequences_loss, 2);
}

/* ---- in half floats --------------------------------------------------------------------------- */

static void gradients_are_close_to_f32(void **state)
{
    (void)state;
    close_to_f32(smooth_loss, AT_LEAST_HALF, 2e-3);
    close_to_f32(smooth_loss, 2, 2e-3);
    close_to_f32(sequences_loss, 2, 2e-3);
    close_to_f32(pictures_loss, AT_LEAST_HALF, 0.03);
}

/* Rows that are done are as all will read them. */
static void assert_rounded_once(at_graph *g)
{
    float values[300], room[300];
    at_tensor *y = at_result_rows(g, 2, (int[]){100, 60}, 1);
    assert_non_null(y);
    assert_null(y->data);
    assert_ptr_equal(at_rows_out(y, 20, room), room);
    for (int i = 0; i < 300; i++)
        values[i] = (float)i / 3;
    at_rows_done(g->kn, y, 20, 5, values);
    assert_memory_equal(at_rows(g->kn, y, 20, 5, room), values, sizeof values);
    for (int i = 0; i < 300; i++)
        assert_float_equal(values[i], (float)i / 3, (float)i * 0x1p-11f);
}

/* Between operations there are no f32 values of what passes; where and how long they are open is the
 * same in every pass. */
static void values_pass(void **state)
{
    (void)state;
    at_params p = {0};
    at_graph *g = new_graph(NULL, at_kernels_best(), AT_MIXED);
    at_graph_begin(g, AT_TRAIN, 0);
    at_tensor *w = use(g, &p, "w", 100, 100, 0);
    at_tensor *x = at_scale(g, w, 2), *view = at_reshape(g, x, 1, (int[]){10000});
    assert_null(x->data);
    assert_null(view->data);
    at_tensor *y = at_scale(g, view, 3);
    assert_null(x->data);
    assert_null(view->data);
    at_tensor *few = at_slice_rows(g, y, 0, 10);
    assert_non_null(few->data);
    for (int i = 0; i < 10; i++) /* rounded twice: 2^-11 each at most */
        assert_float_equal(few->data[i], 6 * w->data[i], 6 * fabsf(w->data[i]) * 0x1p-10f);
    at_tensor *square = at_mul(g, view, view);
    at_tensor *loss = at_mse(g, at_slice_rows(g, square, 0, 3), (float[]){0, 0, 0}, NULL);
    assert_int_equal(at_graph_backward(g, loss), ATTUNE_OK);
    assert_null(x->data); /* it was read on the way back */
    assert_null(view->data);
    at_tensor *mine = at_tensor_new(g, 1, (int[]){10000}, 1);
    assert_non_null(mine->data); /* the caller's, to be filled */
    assert_rounded_once(g);
    at_graph_begin(g, AT_TRACE, 0);
    assert_non_null(at_scale(g, use(g, &p, "w", 100, 100, 0), 2)->data);
    at_graph_free(&g);
    at_params_free(&p);
}

/* Batches of pictures at which the stores are most of what a pass takes. */
static void memory_is_saved(void **state)
{
    (void)state;
    at_params p = {0};
    size_t whole, half;
    gradients(pictures_loss, &p, AT_F32, AT_LEAST_HALF, 1, at_kernels_best(), 1, &whole);
    gradients(pictures_loss, &p, AT_MIXED, AT_LEAST_HALF, 1, at_kernels_best(), 1, &half);
    assert_true(half < whole * 3 / 4);
    at_params_free(&p);
}

static void same_bits_for_any_threads(void **state)
{
    (void)state;
    static const loss_of nets[] = {pictures_loss, sequences_loss};
    const at_kernels *const tables[] = {at_kernels_get(AT_ISA_C), at_kernels_best()};
    for (int i = 0; i < 4; i++) {
        at_params one = {0};
        size_t bytes;
        gradients(nets[i % 2], &one, AT_MIXED, 2, 1, tables[i / 2], 1, &bytes);
        for (int threads = 2; threads <= 3; threads++) {
            at_params more = {0};
            gradients(nets[i % 2], &more, AT_MIXED, 2, 1, tables[i / 2], threads, &bytes);
            assert_same_gradients(&one, &more);
            at_params_free(&more);
        }
        at_params_free(&one);
    }
}

/* ---- loss scaling ----------------------------------------------------------------------------- */

static float step(at_params *p, float scale, float clip, at_precision precision)
{
    size_t bytes;
    at_adamw o = {.decay = 0.01f, .clip = clip, .scale = scale};
    gradients(pictures_loss, p, precision, AT_LEAST_HALF, scale > 0 ? scale : 1, at_kernels_best(),
              1, &bytes);
    assert_int_equal(at_adamw_init(&o, p, NULL), ATTUNE_OK);
    float norm;
    assert_int_equal(at_adamw_step(&o, p, NULL, at_kernels_best(), 0.01f, &norm, NULL), ATTUNE_OK);
    return norm;
}

/* A power of two is taken out again to the bit: of the norm, the moments and the weights. */
static void a_scale_changes_no_bit(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        const at_precision precision = i % 2 ? AT_MIXED : AT_F32;
        const float clip = i / 2 ? 0.01f : 0;
        at_params plain = {0}, scaled = {0};
        const float norm = step(&plain, 0, clip, precision);
        assert_float_equal(step(&scaled, AT_LOSS_SCALE_START, clip, precision), norm, 0);
        assert_true(norm > 0.01f);
        for (int k = 0; k < plain.count; k++) {
            const at_param *a = plain.list[k], *b = scaled.list[k];
            const size_t bytes = at_tensor_count(&a->value) * sizeof(float);
            assert_memory_equal(a->value.data, b->value.data, bytes);
            if (a->m != NULL)
                assert_memory_equal(a->v, b->v, bytes);
        }
        at_params_free(&plain);
        at_params_free(&scaled);
    }
}

static void an_overflow_skips_the_step(void **state)
{
    (void)state;
    at_params p = {0}, before = {0};
    size_t bytes;
    at_loss_scale s = {.scale = AT_LOSS_SCALE_START, .good = 5};
    gradients(pictures_loss, &before, AT_MIXED, AT_LEAST_HALF, 1, at_kernels_best(), 1, &bytes);
    const float norm = step(&p, 0x1p127f, 0, AT_MIXED);
    assert_false(isfinite(norm));
    at_loss_scale_update(&s, isfinite(norm));
    assert_float_equal(s.scale, AT_LOSS_SCALE_START / 2, 0);
    assert_int_equal(s.good, 0);
    for (int i = 0; i < p.count; i++)
        assert_memory_equal(p.list[i]->value.data, before.list[i]->value.data,
                            at_tensor_count(&p.list[i]->value) * sizeof(float));
    at_params_free(&p);
    at_params_free(&before);
}

static void scales(void **state)
{
    (void)state;
    at_loss_scale s = {.scale = 4}, off = {0};
    for (int i = 1; i < AT_LOSS_SCALE_GROWTH; i++)
        at_loss_scale_update(&s, 1);
    assert_float_equal(s.scale, 4, 0);
    assert_int_equal(s.good, AT_LOSS_SCALE_GROWTH - 1);
    at_loss_scale_update(&s, 1);
    assert_float_equal(s.scale, 8, 0);
    assert_int_equal(s.good, 0);
    s.good = AT_LOSS_SCALE_GROWTH - 1;
    at_loss_scale_update(&s, 0); /* one more would have been enough */
    assert_float_equal(s.scale, 4, 0);
    for (int i = 0; i < 9; i++)
        at_loss_scale_update(&s, 0);
    assert_float_equal(s.scale, AT_LOSS_SCALE_LEAST, 0);
    for (int i = 0; i < 40 * AT_LOSS_SCALE_GROWTH; i++)
        at_loss_scale_update(&s, 1);
    assert_float_equal(s.scale, AT_LOSS_SCALE_MOST, 0);

    at_loss_scale_update(&off, 1);
    at_loss_scale_update(&off, 0);
    assert_float_equal(off.scale, 0, 0);
    assert_float_equal(at_loss_scale_factor(&off), 1, 0);
    assert_float_equal(at_loss_scale_factor(&s), AT_LOSS_SCALE_MOST, 0);
    assert_true(at_loss_scale_valid(&off) && at_loss_scale_valid(&s));
    static const at_loss_scale wrong[] = {
        {0, 1}, {3, 0}, {0.5f, 0}, {0x1p25f, 0}, {-4, 0}, {NAN, 0}, {4, AT_LOSS_SCALE_GROWTH},
        {4, -1}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(at_loss_scale_valid(&wrong[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        one_thread_case(a_store_without_loss_is_f32),
        one_thread_case(gradients_are_close_to_f32),
        one_thread_case(values_pass),
        one_thread_case(memory_is_saved),
        cmocka_unit_test(same_bits_for_any_threads),
        one_thread_case(a_scale_changes_no_bit),
        one_thread_case(an_overflow_skips_the_step),
        one_thread_case(scales),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
