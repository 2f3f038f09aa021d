/* parity_kernels.c - every entry of every table that runs here against the C table, on shapes that
 * do not divide evenly and pointers that are not aligned.
 *
 * --bench [NAME] prints the speed of each entry instead, or of those with NAME in their names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "kernels/kernels.h"
#include "parity_bench.h"

/* ---- buffers with guards ---------------------------------------------------------------------- */

#define GUARD   16
#define CANARY  -12345.5f
#define BUFFERS 64

static struct {
    float *base;
    size_t n;
} buffers[BUFFERS];
static int buffer_count;
static at_rng rng;

/* n floats, uniform in [-range, range), at an address that is aligned to a float and no more, with
 * canaries on both sides that release checks. */
static float *values(size_t n, float range)
{
    float *base = at_alloc(n + 2 * GUARD + 1, sizeof *base);

    assert_non_null(base);
    assert_true(buffer_count < BUFFERS);
    buffers[buffer_count].base = base;
    buffers[buffer_count++].n = n;
    for (size_t i = 0; i < n + 2 * GUARD + 1; i++)
        base[i] = CANARY;
    for (size_t i = 0; i < n; i++)
        base[GUARD + 1 + i] = at_rng_range(&rng, -range, range);
    return base + GUARD + 1;
}

static float *copy_of(const float *x, size_t n)
{
    return memcpy(values(n, 0), x, n * sizeof *x);
}

static void release(void)
{
    while (buffer_count) {
        float *base = buffers[--buffer_count].base;
        size_t end = GUARD + 1 + buffers[buffer_count].n;
        for (size_t i = 0; i <= GUARD; i++)
            assert_true(base[i] == CANARY);
        for (size_t i = end; i < end + GUARD; i++)
            assert_true(base[i] == CANARY);
        at_free(base);
    }
}

/* |got - want| <= tolerance * (scale + |want|) */
static void close_enough(const char *what, const at_kernels *kn, const float *got,
                         const float *want, size_t n, float scale, float tolerance)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabsf(got[i] - want[i]) <= tolerance * (scale + fabsf(want[i]))))
            fail_msg("%s, %s: [%zu] is %.9g, should be %.9g", kn->name, what, i, got[i], want[i]);
}

static const at_act all_acts[] = {AT_ACT_NONE, AT_ACT_RELU,    AT_ACT_RELU6, AT_ACT_SILU,
                                  AT_ACT_GELU, AT_ACT_SIGMOID, AT_ACT_TANH};
#define ACTS 7

typedef void check_fn(const at_kernels *ref, const at_kernels *kn);

static void each_table(check_fn *check)
{
    const at_kernels *ref = at_kernels_get(AT_ISA_C);

    at_rng_seed(&rng, 7, 1);
    for (int isa = 0; isa < AT_ISA_COUNT; isa++) {
        const at_kernels *kn = at_kernels_get((at_isa)isa);
        if (kn && kn != ref)
            check(ref, kn);
    }
}

/* ---- matrix tile ------------------------------------------------------------------------------- */

/* The C table's tile is smaller: the reference is the definition itself, in double. */
static void tile_reference(int m, int n, int k, const float *a, ptrdiff_t a_row, ptrdiff_t a_col,
                           const float *b, ptrdiff_t b_row, float *c, ptrdiff_t c_row,
                           const at_epilogue *e)
{
    const at_kernels *ref = at_kernels_get(AT_ISA_C);

    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            double s = e->accumulate ? c[i * c_row + j] : 0;
            for (int p = 0; p < k; p++)
                s += (double)a[i * a_row + p * a_col] * b[p * b_row + j];
            float v = (float)(s + (e->bias ? e->bias[j] : 0));
            ref->act(1, e->act, &v, &v);
            c[i * c_row + j] = v + (e->residual ? e->residual[i * e->residual_row + j] : 0);
        }
}

static void check_one_tile(const at_kernels *kn, int m, int n, int k, int variant)
{
    const int transposed = variant & 1;
    const ptrdiff_t a_row = transposed ? 1 : k + 3, a_col = transposed ? m + 2 : 1;
    const ptrdiff_t b_row = variant & 2 ? kn->nr + 5 : kn->nr, c_row = n + 1;
    const size_t c_floats = (size_t)((m - 1) * c_row + n);
    const float *a =
        values(transposed ? (size_t)((k - 1) * a_col + m) : (size_t)((m - 1) * a_row + k), 1);
    const float *b = values((size_t)((k - 1) * b_row + kn->nr), 1);
    float *got = values(c_floats, 1), *want = copy_of(got, c_floats);
    at_epilogue e = {.bias = variant & 4 ? values((size_t)n, 1) : NULL,
                     .residual = variant & 8 ? values(c_floats, 1) : NULL,
                     .residual_row = c_row,
                     .act = all_acts[variant % ACTS],
                     .accumulate = variant % 3 == 0};

    tile_reference(m, n, k, a, a_row, a_col, b, b_row, want, c_row, &e);
    kn->gemm_tile(m, n, k, a, a_row, a_col, b, b_row, got, c_row, &e);
    close_enough("gemm_tile", kn, got, want, c_floats, 1, 2e-6f * sqrtf((float)k) + 1e-6f);
    release();
}

static void check_tile(const at_kernels *ref, const at_kernels *kn)
{
    static const int ks[] = {1, 2, 5, 16, 67};
    int variant = 0;

    (void)ref;
    for (int m = 1; m <= kn->mr; m++)
        for (int n = 1; n <= kn->nr; n++)
            for (int i = 0; i < 5; i++)
                check_one_tile(kn, m, n, ks[i], variant++);
}

static void test_tile(void **state)
{
    (void)state;
    each_table(check_tile);
    check_tile(NULL, at_kernels_get(AT_ISA_C));
}

/* ---- depthwise --------------------------------------------------------------------------------- */

static void check_one_depthwise(const at_kernels *ref, const at_kernels *kn, const at_dw3x3 *g,
                                at_act act)
{
    const size_t c = (size_t)g->c, nx = (size_t)(g->h * g->w) * c, ny = (size_t)(g->oh * g->ow) * c;
    const float *x = values(nx, 1), *weight = values(9 * c, 1), *dy = values(ny, 1);
    const float *bias = g->h % 2 ? values(c, 1) : NULL;
    float *got = values(ny, 0), *want = values(ny, 0);

    ref->dw3x3(g, 0, g->oh, x, weight, bias, act, want);
    kn->dw3x3(g, 0, g->oh, x, weight, bias, act, got);
    close_enough("dw3x3", kn, got, want, ny, 1, 2e-6f);
    /* Any number of rows, which may lie anywhere, in two parts; what lies before them is left alone. */
    const int from = g->c / 3, middle = g->c / 2;
    const float *row[2 * AT_DW_ROWS + 1];
    for (int i = 0; i < 2 * AT_DW_ROWS + 1; i++)
        row[i] = i % 5 == 1 ? NULL : x + (size_t)(7 * i % g->h * g->w) * c;
    for (int rows = 1; rows <= AT_DW_ROWS && rows <= g->oh; rows++) {
        memcpy(got, want, ny * sizeof *got);
        ref->dw3x3_rows(g, rows, from, g->c, row, weight, bias, act, want);
        kn->dw3x3_rows(g, rows, from, middle, row, weight, bias, act, got);
        kn->dw3x3_rows(g, rows, middle, g->c, row, weight, bias, act, got);
        close_enough("dw3x3_rows", kn, got, want, ny, 1, 2e-6f);
    }

    float *got_dx = values(nx, 1), *want_dx = values(nx, 1);
    ref->dw3x3_bwd_data(g, 0, g->h, dy, weight, want_dx);
    kn->dw3x3_bwd_data(g, 0, g->h, dy, weight, got_dx);
    close_enough("dw3x3_bwd_data", kn, got_dx, want_dx, nx, 1, 2e-6f);

    float *got_dw = values(9 * c, 1), *want_dw = copy_of(got_dw, 9 * c);
    ref->dw3x3_bwd_weight(g, 0, g->oh, x, dy, want_dw);
    kn->dw3x3_bwd_weight(g, 0, g->oh, x, dy, got_dw);
    close_enough("dw3x3_bwd_weight", kn, got_dw, want_dw, 9 * c, 1, 1e-5f);
    release();
}

static const int channels[] = {1, 3, 4, 7, 8, 15, 16, 17, 24, 33, 96, 144};
#define CHANNELS 12

static void check_depthwise(const at_kernels *ref, const at_kernels *kn)
{
    static const int sizes[][2] = {{1, 1}, {1, 2},  {2, 1},  {3, 2},  {4, 3},
                                   {5, 7}, {6, 12}, {7, 13}, {9, 19}, {4, 28}};
    int variant = 0;

    for (int s = 0; s < 10; s++)
        for (int i = 0; i < CHANNELS; i++)
            for (int pads = 0; pads < 4; pads++)
                for (int stride = 1; stride <= 2; stride++) {
                    at_dw3x3 g = {.h = sizes[s][0],
                                  .w = sizes[s][1],
                                  .c = channels[i],
                                  .stride = stride,
                                  .pad_top = pads & 1,
                                  .pad_left = pads >> 1};
                    g.oh = (g.h + stride - 1) / stride;
                    g.ow = (g.w + stride - 1) / stride;
                    check_one_depthwise(ref, kn, &g, all_acts[variant++ % ACTS]);
                }
}

static void test_depthwise(void **state)
{
    (void)state;
    each_table(check_depthwise);
}

/* ---- rows x c ---------------------------------------------------------------------------------- */

static void check_one_matrix(const at_kernels *ref, const at_kernels *kn, int rows, int c,
                             at_act act)
{
    const size_t n = (size_t)rows * (size_t)c, k = (size_t)c;
    const float *x = values(n, 4), *dy = values(n, 1), *a = values(k, 2), *b = values(k, 2);
    const float *ka = values(k, 1), *kb = values(k, 1), *kc = values(k, 1);
    float *s1 = values(k, 1), *q1 = values(k, 1), *s2 = copy_of(s1, k), *q2 = copy_of(q1, k);
    float *y1 = values(n, 1), *y2 = values(n, 1);

    ref->sum_sumsq(rows, c, x, s1, q1);
    kn->sum_sumsq(rows, c, x, s2, q2);
    close_enough("sum_sumsq: sum", kn, s2, s1, k, 4 * sqrtf((float)rows), 2e-6f);
    close_enough("sum_sumsq: squares", kn, q2, q1, k, 1, 1e-5f);
    ref->sum_rows(rows, c, x, s1);
    kn->sum_rows(rows, c, x, s2);
    close_enough("sum_rows", kn, s2, s1, k, 4 * sqrtf((float)rows), 4e-6f);

    ref->scale_shift_act(rows, c, x, a, b, act, y1);
    kn->scale_shift_act(rows, c, x, a, b, act, y2);
    close_enough("scale_shift_act", kn, y2, y1, n, 4, 1e-6f);
    memcpy(y2, x, n * sizeof *y2);
    kn->scale_shift_act(rows, c, y2, a, b, act, y2);
    close_enough("scale_shift_act in place", kn, y2, y1, n, 4, 1e-6f);

    if (act <= AT_ACT_RELU6) {
        ref->bn_bwd_reduce(rows, c, x, dy, a, b, act, s1, q1);
        kn->bn_bwd_reduce(rows, c, x, dy, a, b, act, s2, q2);
        close_enough("bn_bwd_reduce: sum", kn, s2, s1, k, 4 * sqrtf((float)rows), 4e-6f);
        close_enough("bn_bwd_reduce: products", kn, q2, q1, k, 4 * sqrtf((float)rows), 1e-5f);
        ref->bn_bwd_apply(rows, c, x, dy, a, b, act, ka, kb, kc, y1);
        kn->bn_bwd_apply(rows, c, x, dy, a, b, act, ka, kb, kc, y2);
        close_enough("bn_bwd_apply", kn, y2, y1, n, 4, 1e-6f);
    }
    release();
}

static void check_matrices(const at_kernels *ref, const at_kernels *kn)
{
    static const int rows[] = {1, 2, 3, 4, 7, 8, 9, 30, 131};
    int variant = 0;

    for (int r = 0; r < 9; r++)
        for (int i = 0; i < CHANNELS; i++)
            for (int act = 0; act < ACTS; act++, variant++)
                check_one_matrix(ref, kn, rows[r], channels[i], all_acts[act]);
}

static void test_matrices(void **state)
{
    (void)state;
    each_table(check_matrices);
}

/* ---- vectors ----------------------------------------------------------------------------------- */

static void check_curves(const at_kernels *ref, const at_kernels *kn, size_t n, float range)
{
    const float *x = values(n, range), *dy = values(n, 1);
    float *got = values(n, 1), *want = values(n, 1);

    for (int i = 0; i < ACTS; i++) {
        ref->act(n, all_acts[i], x, want);
        kn->act(n, all_acts[i], x, got);
        close_enough("act", kn, got, want, n, 1e-3f, 1e-6f);
        memcpy(got, x, n * sizeof *got);
        kn->act(n, all_acts[i], got, got);
        close_enough("act in place", kn, got, want, n, 1e-3f, 1e-6f);
        for (int accumulate = 0; accumulate < 2; accumulate++) {
            memcpy(got, x, n * sizeof *got);
            memcpy(want, x, n * sizeof *got);
            ref->act_bwd(n, all_acts[i], x, dy, want, accumulate);
            kn->act_bwd(n, all_acts[i], x, dy, got, accumulate);
            close_enough("act_bwd", kn, got, want, n, 1, 1e-6f);
        }
    }
    release();
}

static void check_sums(const at_kernels *ref, const at_kernels *kn, size_t n)
{
    const float *a = values(n, 1), *b = values(n, 1);
    float *y1 = values(n, 1), *y2 = copy_of(y1, n);

    kn->axpy(n, 0.7f, a, y2);
    ref->axpy(n, 0.7f, a, y1);
    close_enough("axpy", kn, y2, y1, n, 1, 1e-6f);
    kn->add(n, a, b, y2);
    ref->add(n, a, b, y1);
    close_enough("add", kn, y2, y1, n, 0, 0);
    if (n) {
        float d1 = ref->dot(n, a, b), d2 = kn->dot(n, a, b);
        close_enough("dot", kn, &d2, &d1, 1, sqrtf((float)n), 1e-6f);
    }
    release();
}

static void check_softmax(const at_kernels *ref, const at_kernels *kn, int rows, int c)
{
    const size_t n = (size_t)rows * (size_t)c;
    float *x = values(n, 20), *got = values(n, 1), *want = values(n, 1), s1 = 0, s2 = 0;

    if (n > 2)
        x[n / 2] = -1e30f; /* a masked position has weight zero, exactly */
    ref->softmax(rows, c, x, want);
    kn->softmax(rows, c, x, got);
    close_enough("softmax", kn, got, want, n, 1e-4f, 2e-6f);
    if (n > 2 && c > 1)
        assert_true(got[n / 2] == 0);
    ref->exp_sum(c, x, 20, want, &s1);
    kn->exp_sum(c, x, 20, got, &s2);
    close_enough("exp_sum", kn, got, want, (size_t)c, 1e-30f, 1e-6f);
    close_enough("exp_sum: sum", kn, &s2, &s1, 1, 1e-30f, 2e-6f);
    release();
}

static void check_vectors(const at_kernels *ref, const at_kernels *kn)
{
    for (size_t n = 0; n < 70; n++) {
        check_sums(ref, kn, n);
        check_curves(ref, kn, n, n % 2 ? 1 : 12);
    }
    check_sums(ref, kn, 1000);
    check_curves(ref, kn, 5000, 3);
    check_curves(ref, kn, 5000, 100);
    for (int c = 1; c < 40; c++)
        check_softmax(ref, kn, 1 + c % 3, c);
    check_softmax(ref, kn, 2, 301);
}

static void test_vectors(void **state)
{
    (void)state;
    each_table(check_vectors);
}

/* A NaN must not be washed into a number on the way. */
static void check_nan(const at_kernels *ref, const at_kernels *kn)
{
    (void)ref;
    for (int i = 0; i < ACTS; i++) {
        float *x = values(21, 1), one = 1, zero = 0;
        x[3] = x[20] = NAN;
        kn->act(21, all_acts[i], x, x);
        assert_true(isnan(x[3]) && isnan(x[20]) && !isnan(x[4]));
        x[5] = NAN;
        kn->scale_shift_act(21, 1, x, &one, &zero, all_acts[i], x);
        assert_true(isnan(x[5]) && !isnan(x[4]));
        release();
    }
}

static void test_nan(void **state)
{
    (void)state;
    each_table(check_nan);
    check_nan(NULL, at_kernels_get(AT_ISA_C));
}

/* ---- LSTM, AdamW, half floats ------------------------------------------------------------------- */

static void check_one_lstm(const at_kernels *ref, const at_kernels *kn, int b, int u, int first)
{
    const size_t n = (size_t)b * (size_t)u;
    float *g1 = values(4 * n, 5), *g2 = copy_of(g1, 4 * n);
    const float *prev = first ? NULL : values(n, 2), *dh = values(n, 1);
    float *c1 = values(n, 0), *c2 = values(n, 0), *t1 = values(n, 0), *t2 = values(n, 0);
    float *h1 = values(n, 0), *h2 = values(n, 0), *d1 = values(n, 1), *d2 = copy_of(d1, n);

    ref->lstm_cell(b, u, g1, prev, c1, t1, h1);
    kn->lstm_cell(b, u, g2, prev, c2, first ? NULL : t2, h2);
    close_enough("lstm_cell: gates", kn, g2, g1, 4 * n, 1e-2f, 2e-6f);
    close_enough("lstm_cell: c", kn, c2, c1, n, 1, 2e-6f);
    close_enough("lstm_cell: h", kn, h2, h1, n, 1, 2e-6f);
    if (!first)
        close_enough("lstm_cell: tanh c", kn, t2, t1, n, 1, 2e-6f);

    float *x1 = values(4 * n, 0), *x2 = copy_of(g1, 4 * n);
    ref->lstm_cell_bwd(b, u, g1, prev, t1, dh, d1, x1);
    kn->lstm_cell_bwd(b, u, x2, prev, t1, dh, d2, x2);
    close_enough("lstm_cell_bwd: gates", kn, x2, x1, 4 * n, 1, 2e-6f);
    close_enough("lstm_cell_bwd: dc", kn, d2, d1, n, 1, 2e-6f);
    release();
}

static void check_lstm(const at_kernels *ref, const at_kernels *kn)
{
    for (int u = 1; u < 40; u++)
        check_one_lstm(ref, kn, 1 + u % 4, u, u % 2);
    check_one_lstm(ref, kn, 5, 128, 0);
}

static void test_lstm(void **state)
{
    (void)state;
    each_table(check_lstm);
}

static void check_adamw(const at_kernels *ref, const at_kernels *kn)
{
    for (size_t n = 1; n < 70; n += 3) {
        const float *g = values(n, 1);
        float *p1 = values(n, 1), *m1 = values(n, 1), *v1 = values(n, 1);
        for (size_t i = 0; i < n; i++)
            v1[i] = fabsf(v1[i]);
        float *p2 = copy_of(p1, n), *m2 = copy_of(m1, n), *v2 = copy_of(v1, n);
        ref->adamw(n, p1, g, m1, v1, 1e-2f, 0.9f, 0.999f, 1e-8f, 0.05f, 1.2f, 1.5f);
        kn->adamw(n, p2, g, m2, v2, 1e-2f, 0.9f, 0.999f, 1e-8f, 0.05f, 1.2f, 1.5f);
        close_enough("adamw: p", kn, p2, p1, n, 1, 2e-6f);
        close_enough("adamw: m", kn, m2, m1, n, 1, 1e-6f);
        close_enough("adamw: v", kn, v2, v1, n, 1, 1e-6f);
        release();
    }
}

static void test_adamw(void **state)
{
    (void)state;
    each_table(check_adamw);
}

/* All 65536 half floats to f32 and back; f32 values at and around every rounding boundary. */
static void check_f16(const at_kernels *ref, const at_kernels *kn)
{
    static uint16_t half[65536], got[65536], want[65536];
    static float f1[65536], f2[65536];

    for (int i = 0; i < 65536; i++)
        half[i] = (uint16_t)i;
    ref->f16_to_f32(65536, half, f1);
    kn->f16_to_f32(65535, half + 1, f2 + 1);
    assert_memory_equal(f1 + 1, f2 + 1, 65535 * sizeof *f1);
    kn->f32_to_f16(65536, f1, got);
    for (int i = 0; i < 65536; i++)
        if (!isnan(f1[i]))
            assert_int_equal(got[i], half[i]);
    for (int shift = -1; shift <= 1; shift++) { /* halfway between neighbours, and an ulp beside */
        for (int i = 0; i < 65535; i++) {
            float middle = 0.5f * (f1[i] + f1[i + 1]);
            f2[i] = shift ? nextafterf(middle, shift * INFINITY) : middle;
        }
        f2[65535] = shift * 1e9f;
        ref->f32_to_f16(65536, f2, want);
        kn->f32_to_f16(65536, f2, got);
        for (int i = 0; i < 65536; i++)
            if (!isnan(f2[i]))
                assert_int_equal(got[i], want[i]);
    }
}

static void test_f16(void **state)
{
    (void)state;
    each_table(check_f16);
}

/* ---- dispatch ----------------------------------------------------------------------------------- */

static void test_dispatch(void **state)
{
    const at_kernels *best = at_kernels_best();
    const char *wanted = getenv("ATTUNE_ISA");
    int found = 0;

    (void)state;
    assert_non_null(at_kernels_get(AT_ISA_C));
    assert_ptr_equal(best, at_kernels_best());
    for (int isa = 0; isa < AT_ISA_COUNT; isa++) {
        const at_kernels *kn = at_kernels_get((at_isa)isa);
        found |= kn == best;
        if (kn && wanted && !strcmp(wanted, kn->name))
            assert_ptr_equal(best, kn);
        /* no entry may be missing: a table is function pointers from gemm_tile on */
        for (size_t at = offsetof(at_kernels, gemm_tile); kn && at < sizeof *kn;
             at += sizeof(void (*)(void))) {
            void (*entry)(void);
            memcpy(&entry, (const char *)kn + at, sizeof entry);
            assert_true(entry != NULL);
        }
    }
    assert_true(found);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dispatch),  cmocka_unit_test(test_tile),
        cmocka_unit_test(test_depthwise), cmocka_unit_test(test_matrices),
        cmocka_unit_test(test_vectors),   cmocka_unit_test(test_nan),
        cmocka_unit_test(test_lstm),      cmocka_unit_test(test_adamw),
        cmocka_unit_test(test_f16),
    };

    if (argc > 1 && !strcmp(argv[1], "--bench"))
        return parity_bench(argc > 2 ? argv[2] : NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
