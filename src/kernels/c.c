/* c.c - the kernel table in portable C: what runs on a processor that has nothing better, and
 * the reference that every other table is tested against.
 *
 * Loops run over contiguous channels, so a compiler vectorises them for the baseline it is given;
 * nothing here depends on that. Meaning and shapes: kernels.h.
 */
#include <math.h>
#include <string.h>

#include "kernels/tables.h"

#define MR 4
#define NR 8

/* ---- activations ------------------------------------------------------------------------- */

static float sigmoid(float x)
{
    return 1.0f / (1.0f + expf(-x));
}

/* Normal distribution function, Phi(x). */
static float normal_cdf(float x)
{
    return 0.5f * erfcf(-x * 0.70710678f);
}

static float clamp6(float x)
{
    return x < 0 ? 0 : x > 6 ? 6 : x;
}

static void c_act(size_t n, at_act act, const float *x, float *y)
{
    switch (act) {
    case AT_ACT_NONE:
        if (x != y)
            memmove(y, x, n * sizeof *y);
        break;
    case AT_ACT_RELU:
        for (size_t i = 0; i < n; i++)
            y[i] = x[i] < 0 ? 0 : x[i];
        break;
    case AT_ACT_RELU6:
        for (size_t i = 0; i < n; i++)
            y[i] = clamp6(x[i]);
        break;
    case AT_ACT_SILU:
        for (size_t i = 0; i < n; i++)
            y[i] = x[i] * sigmoid(x[i]);
        break;
    case AT_ACT_GELU:
        for (size_t i = 0; i < n; i++)
            y[i] = x[i] * normal_cdf(x[i]);
        break;
    case AT_ACT_SIGMOID:
        for (size_t i = 0; i < n; i++)
            y[i] = sigmoid(x[i]);
        break;
    case AT_ACT_TANH:
        for (size_t i = 0; i < n; i++)
            y[i] = tanhf(x[i]);
        break;
    }
}

/* act'(x) */
static float slope(at_act act, float x)
{
    float s;
    switch (act) {
    case AT_ACT_RELU: return x > 0;
    case AT_ACT_RELU6: return x > 0 && x < 6;
    case AT_ACT_SILU: s = sigmoid(x); return s * (1 + x * (1 - s));
    case AT_ACT_GELU: /* Phi(x) + x phi(x) */
        return normal_cdf(x) + x * 0.39894228f * expf(-0.5f * x * x);
    case AT_ACT_SIGMOID: s = sigmoid(x); return s * (1 - s);
    case AT_ACT_TANH: s = tanhf(x); return 1 - s * s;
    case AT_ACT_NONE: break;
    }
    return 1;
}

static void c_act_bwd(size_t n, at_act act, const float *x, const float *dy, float *dx,
                      int accumulate)
{
    for (size_t i = 0; i < n; i++)
        dx[i] = (accumulate ? dx[i] : 0) + dy[i] * slope(act, x[i]);
}

/* ---- matrix product ---------------------------------------------------------------------- */

/* m is a constant after inlining, so that a compiler can keep all sums in registers. */
static inline void add_products(const int m, int k, const float *a, ptrdiff_t a_row,
                                ptrdiff_t a_col, const float *b, ptrdiff_t b_row, float (*acc)[NR])
{
    float sum[MR][NR];

    memcpy(sum, acc, (size_t)m * sizeof *sum);
    for (int p = 0; p < k; p++, a += a_col, b += b_row)
        for (int i = 0; i < m; i++)
            for (int j = 0; j < NR; j++)
                sum[i][j] += a[i * a_row] * b[j];
    memcpy(acc, sum, (size_t)m * sizeof *sum);
}

static void c_gemm_tile(int m, int n, int k, const float *a, ptrdiff_t a_row, ptrdiff_t a_col,
                        const float *b, ptrdiff_t b_row, float *c, ptrdiff_t c_row,
                        const at_epilogue *e)
{
    float acc[MR][NR] = {{0}};

    if (e->accumulate)
        for (int i = 0; i < m; i++)
            memcpy(acc[i], c + i * c_row, (size_t)n * sizeof *c);
    if (m == MR)
        add_products(MR, k, a, a_row, a_col, b, b_row, acc);
    else
        for (int i = 0; i < m; i++)
            add_products(1, k, a + i * a_row, a_row, a_col, b, b_row, acc + i);
    for (int i = 0; i < m; i++) {
        float *y = c + i * c_row;
        for (int j = 0; j < n; j++)
            y[j] = acc[i][j] + (e->bias ? e->bias[j] : 0);
        c_act((size_t)n, e->act, y, y);
        if (e->residual)
            for (int j = 0; j < n; j++)
                y[j] += e->residual[i * e->residual_row + j];
    }
}

/* ---- depthwise 3x3 ----------------------------------------------------------------------- */

static void dw_row(const at_dw3x3 *g, int from, int to, const float *const row[3],
                   const float *weight, const float *bias, at_act act, float *y)
{
    int c = g->c;

    for (int ox = 0; ox < g->ow; ox++) {
        float *out = y + (ptrdiff_t)ox * c;
        for (int ch = from; ch < to; ch++)
            out[ch] = bias ? bias[ch] : 0;
        for (int ky = 0; ky < 3; ky++) {
            for (int kx = 0; row[ky] && kx < 3; kx++) {
                int ix = ox * g->stride - g->pad_left + kx;
                if (ix < 0 || ix >= g->w)
                    continue;
                const float *in = row[ky] + (ptrdiff_t)ix * c;
                const float *w = weight + (ky * 3 + kx) * c;
                for (int ch = from; ch < to; ch++)
                    out[ch] += in[ch] * w[ch];
            }
        }
        c_act((size_t)(to - from), act, out + from, out + from);
    }
}

static void c_dw3x3_rows(const at_dw3x3 *g, int rows, int from, int to, const float *const row[],
                         const float *weight, const float *bias, at_act act, float *y)
{
    for (int i = 0; i < rows; i++)
        dw_row(g, from, to, row + i * g->stride, weight, bias, act,
               y + (ptrdiff_t)i * g->ow * g->c);
}

static void c_dw3x3(const at_dw3x3 *g, int oy0, int oy1, const float *x, const float *weight,
                    const float *bias, at_act act, float *y)
{
    for (int oy = oy0; oy < oy1; oy++) {
        const float *row[3];
        at_dw3x3_rows(g, oy, 1, x, row);
        dw_row(g, 0, g->c, row, weight, bias, act, y + (ptrdiff_t)oy * g->ow * g->c);
    }
}

static void c_dw3x3_bwd_data(const at_dw3x3 *g, int iy0, int iy1, const float *dy,
                             const float *weight, float *dx)
{
    int c = g->c, s = g->stride;

    for (int iy = iy0; iy < iy1; iy++)
        for (int ix = 0; ix < g->w; ix++) {
            float *out = dx + ((ptrdiff_t)iy * g->w + ix) * c;
            memset(out, 0, (size_t)c * sizeof *out);
            for (int t = 0; t < 9; t++) {
                int oy = iy + g->pad_top - t / 3, ox = ix + g->pad_left - t % 3;
                if (oy < 0 || ox < 0 || oy % s || ox % s || oy / s >= g->oh || ox / s >= g->ow)
                    continue;
                const float *d = dy + ((ptrdiff_t)(oy / s) * g->ow + ox / s) * c;
                const float *w = weight + t * c;
                for (int ch = 0; ch < c; ch++)
                    out[ch] += d[ch] * w[ch];
            }
        }
}

static void c_dw3x3_bwd_weight(const at_dw3x3 *g, int oy0, int oy1, const float *x, const float *dy,
                               float *dweight)
{
    int c = g->c;

    for (int oy = oy0; oy < oy1; oy++) {
        const float *row[3];
        at_dw3x3_rows(g, oy, 1, x, row);
        for (int ox = 0; ox < g->ow; ox++) {
            const float *d = dy + ((ptrdiff_t)oy * g->ow + ox) * c;
            for (int t = 0; t < 9; t++) {
                int ix = ox * g->stride - g->pad_left + t % 3;
                if (!row[t / 3] || ix < 0 || ix >= g->w)
                    continue;
                const float *in = row[t / 3] + (ptrdiff_t)ix * c;
                float *dw = dweight + t * c;
                for (int ch = 0; ch < c; ch++)
                    dw[ch] += in[ch] * d[ch];
            }
        }
    }
}

/* ---- rows x c ---------------------------------------------------------------------------- */

static void c_sum_sumsq(int rows, int c, const float *x, float *sum, float *sumsq)
{
    for (int r = 0; r < rows; r++, x += c)
        for (int j = 0; j < c; j++) {
            sum[j] += x[j];
            sumsq[j] += x[j] * x[j];
        }
}

static void c_sum_rows(int rows, int c, const float *x, float *sum)
{
    for (int r = 0; r < rows; r++, x += c)
        for (int j = 0; j < c; j++)
            sum[j] += x[j];
}

static void c_scale_shift_act(int rows, int c, const float *x, const float *scale,
                              const float *shift, at_act act, float *y)
{
    for (int r = 0; r < rows; r++, x += c, y += c) {
        for (int j = 0; j < c; j++)
            y[j] = x[j] * scale[j] + shift[j];
        c_act((size_t)c, act, y, y);
    }
}

/* dy where z lies strictly inside the activation's clamp, else 0. */
static inline float inside(float z, float lo, float hi, float dy)
{
    return z > lo && z < hi ? dy : 0;
}

static float clamp_low(at_act act)
{
    return act == AT_ACT_NONE ? -INFINITY : 0;
}

static float clamp_high(at_act act)
{
    return act == AT_ACT_RELU6 ? 6 : INFINITY;
}

static void c_bn_bwd_reduce(int rows, int c, const float *x, const float *dy, const float *scale,
                            const float *shift, at_act act, float *dsum, float *dxsum)
{
    const float lo = clamp_low(act), hi = clamp_high(act);

    for (int r = 0; r < rows; r++, x += c, dy += c)
        for (int j = 0; j < c; j++) {
            float g = inside(x[j] * scale[j] + shift[j], lo, hi, dy[j]);
            dsum[j] += g;
            dxsum[j] += g * x[j];
        }
}

static void c_bn_bwd_apply(int rows, int c, const float *x, const float *dy, const float *scale,
                           const float *shift, at_act act, const float *ka, const float *kb,
                           const float *kc, float *dx)
{
    const float lo = clamp_low(act), hi = clamp_high(act);

    for (int r = 0; r < rows; r++, x += c, dy += c, dx += c)
        for (int j = 0; j < c; j++) {
            float g = inside(x[j] * scale[j] + shift[j], lo, hi, dy[j]);
            dx[j] = ka[j] * g + kb[j] * x[j] + kc[j];
        }
}

/* ---- vectors ----------------------------------------------------------------------------- */

static void c_add(size_t n, const float *a, const float *b, float *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = a[i] + b[i];
}

static void c_axpy(size_t n, float alpha, const float *x, float *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] += alpha * x[i];
}

/* Eight partial sums: less rounding than one, and room for the compiler. */
static float c_dot(size_t n, const float *a, const float *b)
{
    float s[8] = {0};
    size_t i = 0;

    for (; i + 8 <= n; i += 8)
        for (int l = 0; l < 8; l++)
            s[l] += a[i + l] * b[i + l];
    for (; i < n; i++)
        s[i % 8] += a[i] * b[i];
    return ((s[0] + s[4]) + (s[1] + s[5])) + ((s[2] + s[6]) + (s[3] + s[7]));
}

static void c_exp_sum(int c, const float *x, float max, float *y, float *sum)
{
    float s = 0;

    for (int j = 0; j < c; j++) {
        y[j] = expf(x[j] - max);
        s += y[j];
    }
    *sum = s;
}

static void c_softmax(int rows, int c, const float *x, float *y)
{
    for (int r = 0; r < rows; r++, x += c, y += c) {
        float max = x[0], sum;
        for (int j = 1; j < c; j++)
            max = x[j] > max ? x[j] : max;
        c_exp_sum(c, x, max, y, &sum);
        for (int j = 0; j < c; j++)
            y[j] *= 1 / sum;
    }
}

/* ---- LSTM, optimiser, half floats -------------------------------------------------------- */

static void c_lstm_cell(int b, int u, float *gates, const float *c_prev, float *c, float *tanh_c,
                        float *h)
{
    for (int r = 0; r < b; r++, gates += 4 * u)
        for (int j = 0; j < u; j++) {
            float *i = gates + j, *f = i + u, *g = f + u, *o = g + u;
            int at = r * u + j;
            *i = sigmoid(*i);
            *f = sigmoid(*f);
            *g = tanhf(*g);
            *o = sigmoid(*o);
            c[at] = *i * *g + (c_prev ? *f * c_prev[at] : 0);
            float t = tanhf(c[at]);
            if (tanh_c)
                tanh_c[at] = t;
            h[at] = *o * t;
        }
}

static void c_lstm_cell_bwd(int b, int u, const float *gates, const float *c_prev,
                            const float *tanh_c, const float *dh, float *dc, float *dgates)
{
    for (int r = 0; r < b; r++, gates += 4 * u, dgates += 4 * u)
        for (int j = 0; j < u; j++) {
            int at = r * u + j;
            float i = gates[j], f = gates[u + j], g = gates[2 * u + j], o = gates[3 * u + j];
            float t = tanh_c[at], d = dc[at] + dh[at] * o * (1 - t * t);
            dgates[j] = d * g * i * (1 - i);
            dgates[u + j] = (c_prev ? d * c_prev[at] : 0) * f * (1 - f);
            dgates[2 * u + j] = d * i * (1 - g * g);
            dgates[3 * u + j] = dh[at] * t * o * (1 - o);
            dc[at] = d * f;
        }
}

static void c_adamw(size_t n, float *p, const float *g, float *m, float *v, float lr, float b1,
                    float b2, float eps, float decay, float c1, float c2)
{
    for (size_t i = 0; i < n; i++) {
        m[i] = b1 * m[i] + (1 - b1) * g[i];
        v[i] = b2 * v[i] + (1 - b2) * g[i] * g[i];
        p[i] -= lr * (m[i] * c1 / (sqrtf(v[i] * c2) + eps) + decay * p[i]);
    }
}

static void c_f16_to_f32(size_t n, const uint16_t *x, float *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = at_f16_to_f32(x[i]);
}

static void c_f32_to_f16(size_t n, const float *x, uint16_t *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = at_f32_to_f16(x[i]);
}

static double c_fma_peak(int steps)
{
    enum { CHAINS = 8 };
    float chain[CHAINS] = {0, 1, 2, 3, 4, 5, 6, 7};
    volatile float sink = 0;

    for (int s = 0; s < steps; s++)
        for (int i = 0; i < CHAINS; i++)
            chain[i] = chain[i] * 0.75f + 0.5f;
    for (int i = 0; i < CHAINS; i++)
        sink += chain[i];
    (void)sink;
    return 2.0 * CHAINS * steps;
}

const at_kernels at_kernels_c = {
    .name = "c",
    .mr = MR,
    .nr = NR,
    .gemm_tile = c_gemm_tile,
    .dw3x3 = c_dw3x3,
    .dw3x3_rows = c_dw3x3_rows,
    .dw3x3_bwd_data = c_dw3x3_bwd_data,
    .dw3x3_bwd_weight = c_dw3x3_bwd_weight,
    .sum_sumsq = c_sum_sumsq,
    .scale_shift_act = c_scale_shift_act,
    .bn_bwd_reduce = c_bn_bwd_reduce,
    .bn_bwd_apply = c_bn_bwd_apply,
    .sum_rows = c_sum_rows,
    .add = c_add,
    .axpy = c_axpy,
    .act = c_act,
    .act_bwd = c_act_bwd,
    .dot = c_dot,
    .softmax = c_softmax,
    .exp_sum = c_exp_sum,
    .lstm_cell = c_lstm_cell,
    .lstm_cell_bwd = c_lstm_cell_bwd,
    .adamw = c_adamw,
    .f16_to_f32 = c_f16_to_f32,
    .f32_to_f16 = c_f32_to_f16,
    .fma_peak = c_fma_peak,
};
