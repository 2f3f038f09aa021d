/* parity_conv.c - the threaded drivers (gemm.h, conv.h): right against plain loops in double, and
 * the same bits from one, two and three threads, on every table that runs here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "pools.h"
#include "base/pool.h"
#include "base/rng.h"
#include "kernels/conv.h"
#include "kernels/gemm.h"
#include "sanitized.h"

#define BUFFERS 64

static float *buffers[BUFFERS];
static int buffer_count;
static at_rng rng;

ALONE static float *values(size_t n)
{
    float *x = at_alloc(n, sizeof *x);

    assert_non_null(x);
    assert_true(buffer_count < BUFFERS);
    buffers[buffer_count++] = x;
    for (size_t i = 0; i < n; i++)
        x[i] = at_rng_range(&rng, -1, 1);
    return x;
}

static float *copy_of(const float *x, size_t n)
{
    return memcpy(values(n), x, n * sizeof *x);
}

static void release(void)
{
    while (buffer_count)
        at_free(buffers[--buffer_count]);
}

ALONE static void close_enough(const char *what, const at_kernels *kn, const float *got,
                               const double *want, size_t n, double tolerance)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabs(got[i] - want[i]) <= tolerance * (1 + fabs(want[i]))))
            fail_msg("%s, %s: [%zu] is %.9g, should be %.9g", kn->name, what, i, got[i], want[i]);
}

static double *doubles(size_t n)
{
    double *x = (double *)(void *)values(2 * n);

    memset(x, 0, n * sizeof *x);
    return x;
}

/* Runs `call` (which writes `out`) with every pool (one thread shows no race); all must give the first's bits. */
#define SAME_BITS(out, n, call)                                        \
    do {                                                               \
        const float *before_ = copy_of(out, n), *first_ = NULL;        \
        for (int t_ = THREAD_SANITIZED; t_ < POOLS; t_++) {            \
            at_pool *pool = pools[t_];                                 \
            memcpy(out, before_, (n) * sizeof *(out));                 \
            call;                                                      \
            if (first_)                                                \
                assert_memory_equal(out, first_, (n) * sizeof *(out)); \
            else                                                       \
                first_ = copy_of(out, n);                              \
        }                                                              \
    } while (0)

static double act_of(at_act act, double v)
{
    return act == AT_ACT_RELU6 ? fmin(fmax(v, 0), 6) : act == AT_ACT_SILU ? v / (1 + exp(-v)) : v;
}

typedef void check_fn(const at_kernels *kn);

static void each_table(check_fn *check)
{
    at_rng_seed(&rng, 11, 2);
    for (int isa = 0; isa < AT_ISA_COUNT; isa++)
        if (at_kernels_get((at_isa)isa))
            check(at_kernels_get((at_isa)isa));
}

/* ---- matrix products -------------------------------------------------------------------------- */

static float *packed_values(const at_kernels *kn, int k, int n, const float *b, int transposed)
{
    float *packed = values(at_gemm_packed_floats(kn, k, n));

    at_gemm_pack(NULL, kn, k, n, b, transposed ? 1 : n, transposed ? k : 1, packed);
    return packed;
}

/* Panels are copies, zeros after the last column. */
static void check_one_pack(const at_kernels *kn, int k, int n, int transposed)
{
    const ptrdiff_t b_row = transposed ? 1 : n + 2, b_col = transposed ? k + 2 : 1;
    const size_t floats = at_gemm_packed_floats(kn, k, n);
    const float *b = values((size_t)(k + 2) * (size_t)(n + 2));
    float *packed = values(floats);

    SAME_BITS(packed, floats, at_gemm_pack(pool, kn, k, n, b, b_row, b_col, packed));
    for (size_t i = 0; i < floats; i++) {
        int lane = (int)(i % (size_t)kn->nr), p = (int)(i / (size_t)kn->nr) % k;
        int j = (int)(i / (size_t)kn->nr) / k * kn->nr + lane;
        assert_true(packed[i] == (j < n ? b[p * b_row + j * b_col] : 0));
    }
    release();
}

static void check_pack(const at_kernels *kn)
{
    static const int shapes[][2] = {{1, 1}, {3, 5}, {18, 33}, {35, 64}, {301, 1}, {700, 231}};

    for (int s = 0; s < 6; s++)
        for (int transposed = 0; transposed < 2; transposed++)
            check_one_pack(kn, shapes[s][0], shapes[s][1], transposed);
}

static void test_pack(void **state)
{
    (void)state;
    each_table(check_pack);
}

ALONE static void check_one_gemm(const at_kernels *kn, int m, int n, int k, int variant)
{
    const int ta = variant & 1, tb = variant >> 1 & 1;
    const size_t mn = (size_t)m * (size_t)n;
    const float *a = values((size_t)(m * k)), *b = values((size_t)(k * n));
    const float *packed = packed_values(kn, k, n, b, tb);
    const at_epilogue e = {.bias = variant & 4 ? values((size_t)n) : NULL,
                           .residual = variant & 8 ? values(mn) : NULL,
                           .residual_row = n,
                           .act = variant % 5 == 0   ? AT_ACT_RELU6
                                  : variant % 5 == 1 ? AT_ACT_SILU
                                                     : AT_ACT_NONE,
                           .accumulate = variant % 3 == 0};
    float *c = values(mn);
    double *want = doubles(mn);

    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            double s = e.accumulate ? c[i * n + j] : 0;
            for (int p = 0; p < k; p++)
                s += (double)a[ta ? p * m + i : i * k + p] * b[tb ? j * k + p : p * n + j];
            s = act_of(e.act, s + (e.bias ? e.bias[j] : 0));
            want[i * n + j] = s + (e.residual ? e.residual[i * n + j] : 0);
        }
    SAME_BITS(c, mn,
              at_gemm_packed(pool, kn, m, n, k, a, ta ? 1 : k, ta ? m : 1, packed, c, n, &e));
    close_enough("at_gemm_packed", kn, c, want, mn, 2e-6 * sqrt(k + 1));
    release();
}

/* What is read later comes into cache in order and once, as far as there are tiles for it; C is the same. */
static void check_ahead(const at_kernels *kn)
{
    const int k = 8, n = kn->nr, tiles = 5, m = tiles * kn->mr;
    const size_t step = (size_t)(k * n) * sizeof(float), mn = (size_t)(m * n);
    const float *a = values((size_t)(m * k)),
                *packed = packed_values(kn, k, n, values((size_t)(k * n)), 0);
    const char *later = (const char *)values(8 * (size_t)(k * n));
    at_ahead ahead = {{later, later + step, later}, {step / 2, 0, 8 * step}};
    const at_epilogue e = {.ahead = &ahead};
    float *c = values(mn), *want = values(mn);

    at_gemm_packed(NULL, kn, m, n, k, a, k, 1, packed, want, n, NULL);
    at_gemm_packed(NULL, kn, m, n, k, a, k, 1, packed, c, n, &e);
    assert_memory_equal(c, want, mn * sizeof(float));
    assert_ptr_equal(ahead.from[0], later + step / 2);
    assert_ptr_equal(ahead.from[1], later + step);
    assert_ptr_equal(ahead.from[2],
                     later +
                         3 * step); /* the first tile fetches the next panel, the second the half */
    assert_int_equal(ahead.bytes[0], 0);
    assert_int_equal(ahead.bytes[2], 5 * step);
    release();
}

static void test_ahead(void **state)
{
    (void)state;
    each_table(check_ahead);
}

ALONE static void check_one_gemm_tn(const at_kernels *kn, int m, int n, int k, int accumulate)
{
    const size_t kn_floats = (size_t)(k * n);
    const int a_row = k + 3, d_row = n + 1;
    const float *a = values((size_t)(m * a_row) + 1), *d = values((size_t)(m * d_row) + 1);
    float *dw = values(kn_floats), *workspace = values(at_gemm_tn_workspace(kn, m, n, k));
    double *want = doubles(kn_floats);

    for (int i = 0; i < k; i++)
        for (int j = 0; j < n; j++) {
            double s = accumulate ? dw[i * n + j] : 0;
            for (int p = 0; p < m; p++)
                s += (double)a[p * a_row + i] * d[p * d_row + j];
            want[i * n + j] = s;
        }
    SAME_BITS(dw, kn_floats,
              at_gemm_tn(pool, kn, m, n, k, a, a_row, d, d_row, dw, n, accumulate, workspace));
    close_enough("at_gemm_tn", kn, dw, want, kn_floats, 2e-6 * sqrt(m + 1));
    release();
}

static void check_gemm(const at_kernels *kn)
{
    static const int shapes[][3] = {{1, 1, 1},       {1, 40, 7},    {5, 3, 2},     {17, 33, 65},
                                    {49, 24, 96},    {130, 70, 30}, {200, 16, 24}, {3, 500, 64},
                                    {300, 129, 144}, {64, 64, 0}};
    static const int tn[][3] = {
        {0, 5, 3},      {1, 1, 1},      {7, 40, 9},     {200, 17, 33},
        {515, 24, 40},  {3000, 16, 24}, {1100, 96, 70}, {129, 200, 100},
        {600, 40, 500}, {300, 17, 48},  {2100, 24, 144}}; /* wide A: dW^T is made */

    for (int s = 0; s < 10; s++)
        for (int variant = 0; variant < 16; variant++)
            if (!SANITIZED || (variant + s) % 3 == 0) /* each with some shape */
                check_one_gemm(kn, shapes[s][0], shapes[s][1], shapes[s][2], variant);
    for (int s = 0; s < 11; s++)
        for (int accumulate = 0; accumulate < 2; accumulate++)
            check_one_gemm_tn(kn, tn[s][0], tn[s][1], tn[s][2], accumulate);
}

static void test_gemm(void **state)
{
    (void)state;
    each_table(check_gemm);
}

/* ---- convolutions: one definition in double ------------------------------------------------------- */

/* Tap t of output (oy, ox): the input pixel's number, or -1 outside. */
ALONE static int tap(int h, int w, int stride, int pad_top, int pad_left, int oy, int ox, int t)
{
    int iy = oy * stride - pad_top + t / 3, ix = ox * stride - pad_left + t % 3;

    return iy < 0 || ix < 0 || iy >= h || ix >= w ? -1 : iy * w + ix;
}

ALONE static int dw_tap(const at_dw3x3 *g, int p, int t)
{
    return tap(g->h, g->w, g->stride, g->pad_top, g->pad_left, p / g->ow, p % g->ow, t);
}

static at_dw3x3 dw_shape(int h, int w, int c, int stride, int pad)
{
    return (at_dw3x3){.h = h,
                      .w = w,
                      .c = c,
                      .oh = (h + stride - 1) / stride,
                      .ow = (w + stride - 1) / stride,
                      .stride = stride,
                      .pad_top = pad,
                      .pad_left = pad};
}

/* y, dx, dw: outputs of the layer and of its gradients for output gradient dy; each nullable. */
ALONE static void depthwise_reference(const at_dw3x3 *g, const double *x, const float *weight,
                                      const float *bias, at_act act, const float *dy, double *y,
                                      double *dx, double *dw)
{
    for (int p = 0; p < g->oh * g->ow; p++)
        for (int ch = 0; ch < g->c; ch++) {
            double s = bias ? bias[ch] : 0;
            for (int t = 0; t < 9; t++) {
                int in = dw_tap(g, p, t);
                if (in < 0)
                    continue;
                s += x[in * g->c + ch] * weight[t * g->c + ch];
                if (dx)
                    dx[in * g->c + ch] += (double)dy[p * g->c + ch] * weight[t * g->c + ch];
                if (dw)
                    dw[t * g->c + ch] += dy[p * g->c + ch] * x[in * g->c + ch];
            }
            if (y)
                y[p * g->c + ch] = act_of(act, s);
        }
}

ALONE static double *widened(const float *x, size_t n)
{
    double *d = doubles(n);

    for (size_t i = 0; i < n; i++)
        d[i] = x[i];
    return d;
}

static void check_one_depthwise(const at_kernels *kn, const at_dw3x3 *g, int batch)
{
    const size_t c = (size_t)g->c, image = (size_t)(g->h * g->w) * c;
    const size_t out_image = (size_t)(g->oh * g->ow) * c;
    const size_t nx = image * (size_t)batch, ny = out_image * (size_t)batch;
    const float *x = values(nx), *weight = values(9 * c), *bias = values(c), *dy = values(ny);
    float *y = values(ny), *dx = values(nx), *dw = values(9 * c);
    float *workspace = values(at_depthwise_bwd_weight_workspace(g, batch));
    const double *wide = widened(x, nx);
    double *want_y = doubles(ny), *want_dx = doubles(nx), *want_dw = widened(dw, 9 * c);

    for (size_t b = 0; b < (size_t)batch; b++)
        depthwise_reference(g, wide + b * image, weight, bias, AT_ACT_RELU6, dy + b * out_image,
                            want_y + b * out_image, want_dx + b * image, want_dw);
    SAME_BITS(y, ny, at_depthwise(pool, kn, g, batch, x, weight, bias, AT_ACT_RELU6, y));
    close_enough("at_depthwise", kn, y, want_y, ny, 2e-6);
    SAME_BITS(dx, nx, at_depthwise_bwd_data(pool, kn, g, batch, dy, weight, dx));
    close_enough("at_depthwise_bwd_data", kn, dx, want_dx, nx, 2e-6);
    SAME_BITS(dw, 9 * c, at_depthwise_bwd_weight(pool, kn, g, batch, x, dy, dw, 1, workspace));
    close_enough("at_depthwise_bwd_weight", kn, dw, want_dw, 9 * c,
                 2e-6 * sqrt((double)batch * g->oh * g->ow));
    release();
}

static void check_depthwise(const at_kernels *kn)
{
    for (int stride = 1; stride <= 2; stride++)
        for (int pad = 0; pad <= 1; pad++) {
            at_dw3x3 small = dw_shape(5, 3, 7, stride, pad),
                     odd = dw_shape(13, 17, 33, stride, pad);
            at_dw3x3 large = dw_shape(56, 56, 48, stride, pad);
            check_one_depthwise(kn, &small, 3);
            check_one_depthwise(kn, &odd, 2);
            check_one_depthwise(kn, &large, SANITIZED ? 2 : 5);
        }
}

static void test_depthwise(void **state)
{
    (void)state;
    each_table(check_depthwise);
}

ALONE static void check_one_conv(const at_kernels *kn, const at_conv_size *g, int batch)
{
    const size_t c = (size_t)g->c, n = (size_t)g->n, image = (size_t)(g->h * g->w) * c;
    const size_t pixels = (size_t)(g->oh * g->ow), ny = pixels * n * (size_t)batch;
    const float *x = values(image * (size_t)batch), *weight = values(9 * c * n), *bias = values(n);
    const float *dy = values(ny), *packed = packed_values(kn, 9 * g->c, g->n, weight, 0);
    float *y = values(ny), *dw = values(9 * c * n);
    float *workspace = values(at_conv3x3_workspace(g, pools[POOLS - 1]));
    float *bwd_workspace = values(at_conv3x3_bwd_weight_workspace(g, batch));
    double *want = doubles(ny), *want_dw = doubles(9 * c * n);

    for (size_t row = 0; row < (size_t)batch * pixels; row++)
        for (size_t j = 0; j < n; j++) {
            int p = (int)(row % pixels);
            double s = bias[j];
            for (size_t i = 0; i < 9 * c; i++) {
                int in = tap(g->h, g->w, g->stride, g->pad_top, g->pad_left, p / g->ow, p % g->ow,
                             (int)(i / c));
                if (in < 0)
                    continue;
                double v = x[row / pixels * image + (size_t)in * c + i % c];
                s += v * weight[i * n + j];
                want_dw[i * n + j] += v * dy[row * n + j];
            }
            want[row * n + j] = act_of(AT_ACT_RELU6, s);
        }
    SAME_BITS(y, ny,
              at_conv3x3_forward(pool, kn, g, batch, x, packed, bias, AT_ACT_RELU6, y, workspace));
    close_enough("at_conv3x3_forward", kn, y, want, ny, 1e-5);
    SAME_BITS(dw, 9 * c * n,
              at_conv3x3_bwd_weight(pool, kn, g, batch, x, dy, dw, 0, bwd_workspace));
    close_enough("at_conv3x3_bwd_weight", kn, dw, want_dw, 9 * c * n, 1e-4);
    release();
}

static void check_conv(const at_kernels *kn)
{
    for (int stride = 1; stride <= 2; stride++)
        for (int pad = 0; pad <= 1; pad++)
            for (int c = 1; c <= 4; c++) {
                at_conv_size g = {.h = 9 + 8 * c,
                                  .w = 30 + c,
                                  .c = c,
                                  .n = 8 * c + 1,
                                  .stride = stride,
                                  .pad_top = pad,
                                  .pad_left = pad};
                g.oh = (g.h + stride - 1) / stride;
                g.ow = (g.w + stride - 1) / stride;
                check_one_conv(kn, &g, c);
            }
}

static void test_conv(void **state)
{
    (void)state;
    each_table(check_conv);
}

/* ---- fused units ------------------------------------------------------------------------------- */

ALONE static double *dense_reference(const double *x, int m, int k, int n, const float *w,
                                     const float *bias, at_act act)
{
    double *y = doubles((size_t)m * (size_t)n);

    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            double s = bias[j];
            for (int p = 0; p < k; p++)
                s += x[i * k + p] * w[p * n + j];
            y[i * n + j] = act_of(act, s);
        }
    return y;
}

/* shape: expand 1, project 2 */
static void check_one_unit(const at_kernels *kn, at_dw3x3 g, int c_in, int c_out, int shape)
{
    at_inverted_residual u = {.dw = g,
                              .c_in = c_in,
                              .expand_act = AT_ACT_RELU6,
                              .dw_act = AT_ACT_RELU6,
                              .project_act = AT_ACT_NONE};
    u.dw.c = shape & 1 ? g.c : c_in;
    u.c_out = shape & 2 ? c_out : u.dw.c;
    u.residual = shape & 2 && g.stride == 1 && c_in == c_out;

    const int c = u.dw.c, out_pixels = g.oh * g.ow;
    const size_t ny = (size_t)(out_pixels * u.c_out);
    const float *x = values((size_t)(g.h * g.w * c_in));
    const float *w1 = values((size_t)(c_in * c)), *w2 = values((size_t)(c * u.c_out));
    u.dw_weight = values((size_t)(9 * c));
    u.dw_bias = values((size_t)c);
    u.expand_bias = values((size_t)c);
    u.project_bias = values((size_t)u.c_out);
    u.expand = shape & 1 ? packed_values(kn, c_in, c, w1, 0) : NULL;
    u.project = shape & 2 ? packed_values(kn, c, u.c_out, w2, 0) : NULL;

    const double *wide = widened(x, (size_t)(g.h * g.w * c_in));
    const double *expanded =
        shape & 1 ? dense_reference(wide, g.h * g.w, c_in, c, w1, u.expand_bias, u.expand_act)
                  : wide;
    double *want = doubles((size_t)(out_pixels * c));
    depthwise_reference(&u.dw, expanded, u.dw_weight, u.dw_bias, u.dw_act, NULL, want, NULL, NULL);
    if (shape & 2)
        want = dense_reference(want, out_pixels, c, u.c_out, w2, u.project_bias, u.project_act);
    for (size_t i = 0; u.residual && i < ny; i++)
        want[i] += x[i];

    float *y = values(ny);
    size_t floats = 0;
    for (int t = 0; t < POOLS; t++) {
        size_t needed = at_inverted_residual_workspace(&u, pools[t]);
        floats = needed > floats ? needed : floats;
    }
    float *workspace = values(floats);
    SAME_BITS(y, ny, at_inverted_residual_run(pool, kn, &u, x, y, workspace));
    close_enough("at_inverted_residual", kn, y, want, ny, 2e-5);
    release();
}

static void check_units(const at_kernels *kn)
{
    for (int shape = 0; shape < 4; shape++)
        for (int stride = 1; stride <= 2; stride++)
            for (int pad = 0; pad <= 1; pad++) {
                check_one_unit(kn, dw_shape(56, 40, 48, stride, pad), 8, 8, shape);
                check_one_unit(kn, dw_shape(29, 31, 33, stride, pad), 7, 9, shape);
                check_one_unit(kn, dw_shape(14, 14, 96, stride, pad), 16, 16, shape);
                check_one_unit(kn, dw_shape(5, 3, 17, stride, pad), 3, 5, shape);
                check_one_unit(kn, dw_shape(1, 1, 8, stride, pad), 4, 4, shape);
            }
    for (int stride = 1; stride <= 2; stride++) /* enough to expand for threads to take channels */
        check_one_unit(kn, dw_shape(7, 7, 550, stride, 1), 160, 40, 3);
}

static void test_units(void **state)
{
    (void)state;
    each_table(check_units);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pack),      cmocka_unit_test(test_gemm), cmocka_unit_test(test_ahead),
        cmocka_unit_test(test_depthwise), cmocka_unit_test(test_conv), cmocka_unit_test(test_units),
    };

    return cmocka_run_group_tests(tests, open_pools, close_pools);
}
