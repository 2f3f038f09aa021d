/* parity_q8.c - every table of eight-bit kernels that runs here gives the integers of the C table, which
 * are those of the definition; the weights that they are given keep what q8.h promises; and whole units
 * do not depend on table or pool.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "pools.h"
#include "sanitized.h"
#include "base/rng.h"
#include "kernels/q8_unit.h"

/* ---- made-up layers ------------------------------------------------------------------------------- */

enum { MOST = 1 << 16, SLACK = AT_Q8_SLACK };

static at_rng rng;

ALONE static int below(int n)
{
    return (int)at_rng_below(&rng, (uint32_t)n);
}

ALONE static void fill_bytes(uint8_t *x, size_t n)
{
    for (size_t i = 0; i < n; i++) /* with many at the ends of the range */
        x[i] = (uint8_t)(below(4) ? below(256) : below(2) * 255);
}

typedef struct made {
    int8_t plain[MOST], packed[2 * MOST];
    float weight[MOST], least[1024], scale[1024];
    int32_t bias[1024], sum[1024];
    at_q8_scales q;
} made;

/* Scales such that most sums of k products become bytes that are not saturated. */
ALONE static void make_scales(made *m, int k, int n, int padded, int zero)
{
    for (int j = 0; j < padded; j++) {
        int sum = 0;
        for (int p = 0; p < k && j < n; p++)
            sum += m->plain[p * n + j];
        m->sum[j] = 128 * sum;
        m->bias[j] = j < n ? below(20000) - 10000 - 100 * sum : 0;
        m->scale[j] = at_rng_range(&rng, 0.2F, 1) / (100 * sqrtf((float)k));
    }
    m->q = (at_q8_scales){m->scale, m->bias, m->sum, zero};
}

static int groups(int n)
{
    return (n + AT_Q8_GROUP - 1) / AT_Q8_GROUP * AT_Q8_GROUP;
}

ALONE static void draw_weights(made *m, int count)
{
    for (int i = 0; i < count; i++)
        m->weight[i] = at_rng_normal(&rng) * (below(8) ? 1 : 4);
    memset(m->least, 0, sizeof m->least);
}

static void make_dense(made *m, int k, int n, int zero)
{
    draw_weights(m, k * n);
    at_q8_quantise(k, n, m->weight, m->least, m->plain, m->scale);
    at_q8_pack(k, n, m->plain, m->packed);
    make_scales(m, k, n, groups(n), zero);
}

static void make_depthwise(made *m, int n, int zero)
{
    draw_weights(m, 9 * n);
    at_q8_quantise_dw(n, m->weight, m->least, m->plain, m->scale);
    at_q8_pack_dw(n, m->plain, m->packed);
    make_scales(m, 9, n, n, zero);
}

typedef void check_fn(const at_q8_kernels *ref, const at_q8_kernels *kn);

static void each_table(check_fn *check)
{
    at_rng_seed(&rng, 7, 1);
    for (int isa = 0; isa < AT_Q8_ISA_COUNT; isa++) {
        const at_q8_kernels *kn = at_q8_get((at_q8_isa)isa);
        if (kn)
            check(at_q8_get(AT_Q8_C), kn);
    }
}

/* ---- weights -------------------------------------------------------------------------------------- */

ALONE static int one_sign(const int8_t *w, const int *row, int rows, int n)
{
    int up = 0, down = 0;
    for (int i = 0; i < rows; i++) {
        up += w[row[i] * n] > 0 ? w[row[i] * n] : 0;
        down += w[row[i] * n] < 0 ? -w[row[i] * n] : 0;
    }
    return up > down ? up : down;
}

ALONE static void near_the_weights(const made *m, int k, int n)
{
    for (int j = 0; j < n; j++) {
        int most = 0;
        for (int p = 0; p < k; p++) {
            const float is = (float)m->plain[p * n + j] * m->scale[j];
            assert_true(fabsf(is - m->weight[p * n + j]) <= 0.5001F * m->scale[j]);
            most = abs(m->plain[p * n + j]) > most ? abs(m->plain[p * n + j]) : most;
        }
        assert_in_range(most, 20, 127); /* not wasteful */
    }
}

static void test_weights(void **state)
{
    static const int left[] = {0, 1, 3, 4, 6, 7}, right[] = {1, 2, 4, 5, 7, 8};
    made *m = at_alloc(1, sizeof *m);
    (void)state;
    assert_non_null(m);
    at_rng_seed(&rng, 3, 1);
    for (int k = 1; k < 70; k += 3) {
        draw_weights(m, k * 40);
        at_q8_quantise(k, 40, m->weight, m->least, m->plain, m->scale);
        near_the_weights(m, k, 40);
        for (int j = 0; j < 40; j++)
            for (int p = 0; p + 1 < k; p += 2)
                assert_in_range(one_sign(m->plain + p * 40 + j, (int[]){0, 1}, 2, 40), 0, 128);
    }
    draw_weights(m, 9 * 500);
    at_q8_quantise_dw(500, m->weight, m->least, m->plain, m->scale);
    near_the_weights(m, 9, 500);
    for (int j = 0; j < 500; j++) {
        assert_in_range(one_sign(m->plain + j, left, 6, 500), 0, 128);
        assert_in_range(one_sign(m->plain + j, right, 6, 500), 0, 128);
    }
    at_free(m);
}

/* Where a bias needs it the scale is larger; weights of nothing are nothing. */
static void test_least_scale(void **state)
{
    const float w[6] = {1, 0, 0.5F, 0, -1, 0}, least[2] = {0.1F, 0.25F};
    int8_t out[6];
    float scale[2];
    (void)state;
    at_q8_quantise(3, 2, w, least, out, scale);
    assert_true(scale[0] == 0.1F && scale[1] == 0.25F);
    assert_int_equal(out[0], 10);
    assert_int_equal(out[2], 5);
    assert_int_equal(out[4], -10);
    assert_int_equal(out[1], 0);
}

/* Whatever the ranges: scales are at most 1 and biases within 2^29, so that no sum or product overflows. */
static void test_layers_keep_within(void **state)
{
    static const float range[] = {0, 1e-9F, 1, 1e6F}, w[2 * 3] = {1, 0, -0.5F, 1e-7F, 3, 0};
    static const float bias[3] = {1000, -1e6F, 0};
    (void)state;
    for (size_t i = 0; i < 16; i++) {
        const at_q8_code in = at_q8_code_of_map(range[i / 4]);
        const at_q8_code out = at_q8_code_of_activation(range[i % 4]);
        at_arena arena = {0};
        at_q8_layer l;
        assert_int_equal(at_q8_make_dense(&l, &arena, 1, 2, 3, w, bias, &in, &out), 0);
        for (int j = 0; j < AT_Q8_GROUP; j++) {
            assert_true(l.q.scale[j] > 0 && l.q.scale[j] <= 1);
            assert_true(abs(l.q.bias[j]) <= (1 << 29) + (1 << 16));
        }
        at_arena_free(&arena);
    }
}

/* ---- tiles ---------------------------------------------------------------------------------------- */

/* What kn and the definition make of one tile, each with the same bytes around it. */
typedef struct outcome {
    uint8_t bytes[8192];
    float floats[2048];
} outcome;

typedef enum form { ROWS, QUADS, FLOATS } form;

static void run_tile(const at_q8_kernels *kn, form f, at_q8_tile t, int m, int n, outcome *out)
{
    memset(out, 77, sizeof *out);
    t.c = out->bytes + 64;
    t.f = out->floats + 16;
    (f == ROWS ? kn->rows : f == QUADS ? kn->quads : kn->floats)(&t, m, n);
}

/* The C table's tile may be smaller: a pixel and a group at a time are the same. */
static void run_reference(const at_q8_kernels *ref, form f, at_q8_tile t, int m, int n,
                          outcome *out)
{
    memset(out, 77, sizeof *out);
    t.c = out->bytes + 64;
    t.f = out->floats + 16;
    for (int j = 0; j < n; j += AT_Q8_GROUP) {
        (f == ROWS ? ref->rows : f == QUADS ? ref->quads : ref->floats)(&t, m, AT_Q8_GROUP);
        t.b += t.panel;
        t.q.scale += AT_Q8_GROUP;
        t.q.bias += AT_Q8_GROUP;
        t.q.sum += AT_Q8_GROUP;
        if (t.residual)
            t.residual += AT_Q8_GROUP;
        t.c += f == QUADS ? 4 * AT_Q8_GROUP : AT_Q8_GROUP;
        t.f += AT_Q8_GROUP;
    }
}

static void check_tile(const at_q8_kernels *ref, const at_q8_kernels *kn)
{
    made *l = at_alloc(1, sizeof *l);
    outcome *want = at_alloc(2, sizeof *want), *got = want + 1;
    uint8_t *x = at_alloc(MOST + SLACK, 1), *residual = at_alloc(8192, 1);
    assert_true(l && want && x && residual);
    for (int m = 1; m <= kn->mr; m++)
        for (int n = AT_Q8_GROUP; n <= kn->nr; n += kn->nr - AT_Q8_GROUP ? kn->nr - AT_Q8_GROUP : 1)
            for (int variant = 0; variant < 8; variant++) {
                const int segments = variant & 1 ? 3 : 1, quads = 1 + below(segments == 1 ? 40 : 5);
                const int k = 4 * quads * segments;
                make_dense(l, k, n, variant & 2 ? 128 : 0);
                fill_bytes(x, MOST + SLACK);
                fill_bytes(residual, 8192);
                at_q8_tile t = {.a = x + below(64),
                                .pixel = variant & 1 ? 6 : 4 * quads + below(9),
                                .segment = 700,
                                .quads = quads,
                                .segments = segments,
                                .b = l->packed,
                                .panel = (ptrdiff_t)k * AT_Q8_GROUP,
                                .q = l->q,
                                .lo = variant & 2 ? 0 : -INFINITY,
                                .hi = variant & 2 ? 6 : INFINITY};
                for (form f = ROWS; f <= FLOATS; f++) {
                    t.c_step = f == QUADS ? 4 * n + 64 : n + 5;
                    t.residual = f == ROWS && variant & 4 ? residual : NULL;
                    run_reference(ref, f, t, m, n, want);
                    run_tile(kn, f, t, m, n, got);
                    if (memcmp(want, got, sizeof *want) != 0)
                        fail_msg("%s: form %d of %d x %d, k %d in %d pieces, differs", kn->name, f,
                                 m, n, k, segments);
                }
            }
    at_free(l);
    at_free(want);
    at_free(x);
    at_free(residual);
}

static void test_tiles(void **state)
{
    (void)state;
    each_table(check_tile);
}

/* By hand: 255 and 255 by 64 and 64 is what 16 bits just hold, and saturation is at the bytes' ends. */
static void check_ends(const at_q8_kernels *ref, const at_q8_kernels *kn)
{
    int8_t plain[4 * AT_Q8_GROUP], packed[4 * AT_Q8_GROUP];
    float scale[AT_Q8_GROUP];
    int32_t bias[AT_Q8_GROUP] = {0}, sum[AT_Q8_GROUP];
    uint8_t x[4 * 16 + SLACK], y[4 * AT_Q8_GROUP];
    (void)ref;
    memset(x, 255, sizeof x);
    for (int j = 0; j < AT_Q8_GROUP; j++) {
        for (int p = 0; p < 4; p++)
            plain[p * AT_Q8_GROUP + j] = (int8_t)(j % 2 ? -64 : 64);
        sum[j] = 128 * 4 * (j % 2 ? -64 : 64);
        scale[j] = j < 4 ? 1 : 100.0F / (255 * 256); /* 65280 becomes 100 */
    }
    at_q8_pack(4, AT_Q8_GROUP, plain, packed);
    at_q8_tile t = {.a = x,
                    .pixel = 4,
                    .quads = 1,
                    .segments = 1,
                    .b = packed,
                    .q = {scale, bias, sum, 128},
                    .c = y,
                    .c_step = AT_Q8_GROUP};
    kn->rows(&t, 1, AT_Q8_GROUP);
    const uint8_t want[] = {255, 0, 255, 0, 228, 28};
    assert_memory_equal(y, want, sizeof want);
    bias[4] = -65280 +
              1; /* 1 * scale rounds to nothing; the ties of 0.5 and 1.5 go to the even one */
    bias[6] = -65280 + 1;
    bias[8] = -65280 + 3;
    scale[6] = scale[8] = 0.5F;
    kn->rows(&t, 1, AT_Q8_GROUP);
    assert_int_equal(y[4], 128);
    assert_int_equal(y[6], 128);
    assert_int_equal(y[8], 130);
}

static void test_ends(void **state)
{
    (void)state;
    each_table(check_ends);
}

/* ---- depthwise ------------------------------------------------------------------------------------ */

static void check_dw(const at_q8_kernels *ref, const at_q8_kernels *kn)
{
    enum { MOST_W = 30, MOST_C = 48, ROW = (MOST_W + 3) / 4 * 4 * MOST_C };
    made *l = at_alloc(1, sizeof *l);
    uint8_t *x = at_alloc(3 * ROW, 1);
    uint8_t *y = at_alloc(2 * ROW, 1);
    float *f = at_alloc(2 * ROW, sizeof *f);
    assert_true(l && x && y && f);
    for (int w = 1; w <= MOST_W; w++)
        for (int variant = 0; variant < 12; variant++) {
            const int c = AT_Q8_GROUP * (1 + below(3)), stride = 1 + variant % 2;
            const int pad_left = stride == 1 || variant & 2;
            make_depthwise(l, c, variant & 4 ? 128 : 0);
            fill_bytes(x, 3 * ROW);
            const at_q8_dw d = {.c = c,
                                .w = w,
                                .ow = (w + stride - 1) / stride,
                                .stride = stride,
                                .pad_left = pad_left != 0,
                                .pad = variant & 4 ? 128 : 0,
                                .weight = l->packed,
                                .q = l->q};
            for (int r = 0; r < 3; r++) /* as the layer before leaves what is past the width */
                for (int p = w; p % 4; p++)
                    for (int ch = 0; ch < c; ch++)
                        x[r * ROW + (p / 4 * c + ch) * 4 + p % 4] = (uint8_t)d.pad;
            const uint8_t *row[3] = {x, x + ROW, x + 2 * ROW};
            row[below(6) % 3] = below(2) ? NULL : row[0];
            memset(y, 77, 2 * ROW);
            memset(f, 77, 2 * ROW * sizeof *f);
            ref->dw_row(&d, row, y);
            kn->dw_row(&d, row, y + ROW);
            ref->dw_row_floats(&d, row, f);
            kn->dw_row_floats(&d, row, f + ROW);
            if (memcmp(y, y + ROW, ROW) != 0 || memcmp(f, f + ROW, ROW * sizeof *f) != 0)
                fail_msg("%s: depthwise, width %d, %d channels, stride %d, differs", kn->name, w, c,
                         stride);
        }
    at_free(l);
    at_free(x);
    at_free(y);
    at_free(f);
}

static void test_depthwise(void **state)
{
    (void)state;
    each_table(check_dw);
}

/* ---- units ---------------------------------------------------------------------------------------- */

/* x (h, w, in) through a unit, by the definition: whole maps of integers. */
typedef struct unit_case {
    int h, w, in, mid, out, stride, residual;
} unit_case;

ALONE static uint8_t to_byte(int32_t sum, float scale, int base)
{
    const int v = (int)lrintf((float)sum * scale) + base;
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

ALONE static void define_dense(const made *l, int pixels, int k, int n, const uint8_t *x,
                               int x_step, const uint8_t *residual, uint8_t *y)
{
    for (int i = 0; i < pixels; i++)
        for (int j = 0; j < groups(n); j++) {
            int32_t sum = l->bias[j];
            for (int p = 0; p < k && j < n; p++)
                sum += x[i * x_step + p] * l->plain[p * n + j];
            y[i * groups(n) + j] =
                to_byte(sum, l->scale[j], residual ? residual[i * groups(n) + j] : l->q.zero);
        }
}

ALONE static void define_depthwise(const made *l, const at_q8_unit *u, const uint8_t *x, uint8_t *y)
{
    const at_q8_dw *d = &u->dw;
    for (int oy = 0; oy < u->oh; oy++)
        for (int ox = 0; ox < d->ow; ox++)
            for (int ch = 0; ch < d->c; ch++) {
                int32_t sum = l->bias[ch];
                for (int t = 0; t < 9; t++) {
                    const int iy = oy * d->stride - u->pad_top + t / 3;
                    const int ix = ox * d->stride - d->pad_left + t % 3;
                    const int in = iy >= 0 && iy < u->h && ix >= 0 && ix < d->w;
                    sum += (in ? x[(iy * d->w + ix) * d->c + ch] : d->pad) *
                           l->plain[t * d->c + ch];
                }
                y[(oy * d->ow + ox) * d->c + ch] = to_byte(sum, l->scale[ch], l->q.zero);
            }
}

enum { MANY = 16 }; /* threads */

static void check_unit(const unit_case *c, const at_q8_kernels *kn, at_pool *pool)
{
    const int oh = (c->h + c->stride - 1) / c->stride, ow = (c->w + c->stride - 1) / c->stride;
    const int pad = c->stride == 1 || c->h % 2, step = groups(c->in), out = groups(c->out);
    made *l = at_alloc(3, sizeof *l);
    at_rng_seed(&rng, 11, 1);
    assert_non_null(l);
    make_dense(&l[0], c->in, c->mid, 0);
    make_depthwise(&l[1], c->mid, 0);
    make_dense(&l[2], c->mid, c->out, 128);
    const at_q8_unit u = {
        .h = c->h,
        .oh = oh,
        .pad_top = pad,
        .widen = {c->in / 4, 1, c->mid, l[0].packed, l[0].q},
        .dw = {c->mid, c->w, ow, c->stride, c->stride == 1 || c->w % 2, 0, l[1].packed, l[1].q},
        .project = {c->mid / 4, 1, out, l[2].packed, l[2].q},
        .residual = c->residual};
    const size_t in_bytes = (size_t)(c->h * c->w * step), out_bytes = (size_t)(oh * ow * out);
    uint8_t *x = at_alloc(in_bytes + SLACK, 1), *got = at_alloc(out_bytes + SLACK, 1);
    uint8_t *wide = at_alloc((size_t)(c->h * c->w * c->mid), 1);
    uint8_t *deep = at_alloc((size_t)(oh * ow * c->mid), 1), *want = at_alloc(out_bytes, 1);
    const size_t work_bytes = at_q8_unit_workspace(&u, pool);
    uint8_t *workspace =
        at_alloc(MANY * work_bytes, 1); /* nothing may be written behind the first */
    assert_true(x && got && wide && deep && want && workspace);
    fill_bytes(x, in_bytes + SLACK);
    define_dense(&l[0], c->h * c->w, c->in, c->mid, x, step, NULL, wide);
    define_depthwise(&l[1], &u, wide, deep);
    define_dense(&l[2], oh * ow, c->mid, c->out, deep, c->mid, c->residual ? x : NULL, want);
    memset(workspace, 0xa5, MANY * work_bytes);
    at_q8_unit_run(pool, kn, &u, &(at_q8_map){x, (ptrdiff_t)c->w * step, step, 0}, got, workspace);
    for (size_t i = work_bytes; i < MANY * work_bytes; i++)
        assert_int_equal(workspace[i], 0xa5);
    if (memcmp(got, want, out_bytes) != 0)
        fail_msg("%s: a unit of %d x %d, %d-%d-%d, differs", kn->name, c->h, c->w, c->in, c->mid,
                 c->out);
    at_free(l);
    at_free(x);
    at_free(got);
    at_free(wide);
    at_free(deep);
    at_free(want);
    at_free(workspace);
}

static void check_units(const at_q8_kernels *ref, const at_q8_kernels *kn)
{
    static const unit_case cases[] = {
        {7, 7, 32, 96, 32, 1, 1},   {14, 14, 24, 48, 24, 1, 1},  {14, 14, 16, 64, 40, 2, 0},
        {9, 5, 8, 16, 16, 2, 0},    {3, 3, 16, 32, 16, 1, 1},    {1, 1, 4, 16, 8, 1, 0},
        {66, 70, 16, 48, 16, 1, 1}, {60, 61, 24, 144, 32, 2, 0},
    };
    (void)ref;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int p = THREAD_SANITIZED; p < POOLS; p++) /* none shows no race */
            check_unit(&cases[i], kn, pools[p]);
}

static void test_units(void **state)
{
    (void)state;
    each_table(check_units);
}

/* Of each unit's rows there are fewer than that. */
static void check_few_rows(const at_q8_kernels *ref, const at_q8_kernels *kn)
{
    static const unit_case cases[] = {{7, 7, 32, 96, 32, 1, 1}, {14, 14, 16, 64, 40, 2, 0}};
    at_pool *many;

    (void)ref;
    assert_int_equal(at_pool_create(&many, MANY, NULL), ATTUNE_OK);
    for (int run = 0; run < 8; run++) /* which thread has which task is chance */
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
            check_unit(&cases[i], kn, many);
    at_pool_free(&many);
}

static void test_more_threads_than_rows(void **state)
{
    (void)state;
    each_table(check_few_rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_least_scale),
        cmocka_unit_test(test_layers_keep_within),
        cmocka_unit_test(test_tiles),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_depthwise),
        cmocka_unit_test(test_units),
        cmocka_unit_test(test_more_threads_than_rows),
    };

    return cmocka_run_group_tests(tests, open_pools, close_pools);
}
