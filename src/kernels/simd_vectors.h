/* simd_vectors.h - element-wise entries, softmax, the LSTM cell, AdamW. Part of simd.h. */
#ifndef AT_KERNELS_SIMD_VECTORS_H
#define AT_KERNELS_SIMD_VECTORS_H

static void add(size_t n, const float *a, const float *b, float *y)
{
    size_t i = 0;

    for (; i + AT_VW <= n; i += AT_VW)
        v_store(y + i, v_add(v_load(a + i), v_load(b + i)));
    for (; i < n; i++)
        y[i] = a[i] + b[i];
}

static void axpy(size_t n, float alpha, const float *x, float *y)
{
    const v_f k = v_set(alpha);
    size_t i = 0;

    for (; i + AT_VW <= n; i += AT_VW)
        v_store(y + i, v_fma(k, v_load(x + i), v_load(y + i)));
    if (i < n) {
        int lanes = (int)(n - i);
        v_store_n(y + i, v_fma(k, v_load_n(x + i, lanes), v_load_n(y + i, lanes)), lanes);
    }
}

static float dot(size_t n, const float *a, const float *b)
{
    v_f s[4] = {v_zero(), v_zero(), v_zero(), v_zero()};
    size_t i = 0;

    for (; i + 4 * AT_VW <= n; i += 4 * AT_VW) {
        AT_UNROLL
        for (int j = 0; j < 4; j++)
            s[j] = v_fma(v_load(a + i + j * AT_VW), v_load(b + i + j * AT_VW), s[j]);
    }
    for (; i < n; i += AT_VW) {
        int lanes = v_lanes(n, i);
        s[0] = v_fma(v_load_n(a + i, lanes), v_load_n(b + i, lanes), s[0]);
    }
    return v_sum(v_add(v_add(s[0], s[1]), v_add(s[2], s[3])));
}

static void exp_sum(int c, const float *x, float max, float *y, float *sum)
{
    const v_f top = v_set(max);
    v_f total = v_zero();
    int j = 0;

    for (; j + AT_VW <= c; j += AT_VW) {
        v_f v = v_exp(v_sub(v_load(x + j), top));
        v_store(y + j, v);
        total = v_add(total, v);
    }
    if (j < c) { /* lanes that do not exist must not add to the sum: read back what was stored */
        v_store_n(y + j, v_exp(v_sub(v_load_n(x + j, c - j), top)), c - j);
        total = v_add(total, v_load_n(y + j, c - j));
    }
    *sum = v_sum(total);
}

static float row_max(int c, const float *x)
{
    float max = x[0];
    int j = 0;

    if (c >= AT_VW) {
        float lane[AT_VW];
        v_f m = v_load(x);
        for (j = AT_VW; j + AT_VW <= c; j += AT_VW)
            m = v_max(m, v_load(x + j));
        v_store(lane, m);
        for (int i = 0; i < AT_VW; i++)
            max = lane[i] > max ? lane[i] : max;
    }
    for (; j < c; j++)
        max = x[j] > max ? x[j] : max;
    return max;
}

static void softmax(int rows, int c, const float *x, float *y)
{
    for (int r = 0; r < rows; r++, x += c, y += c) {
        float sum;
        exp_sum(c, x, row_max(c, x), y, &sum);
        const v_f k = v_set(1 / sum);
        for (int j = 0; j < c; j += AT_VW) {
            int lanes = v_lanes((size_t)c, (size_t)j);
            v_store_n(y + j, v_mul(v_load_n(y + j, lanes), k), lanes);
        }
    }
}

/* ---- LSTM ------------------------------------------------------------------------------------- */

AT_INLINE void lstm_step(int u, const int lanes, float *gates, const float *c_prev, float *c,
                         float *tanh_c, float *h)
{
    v_f i = v_sigmoid(v_load_n(gates, lanes)), f = v_sigmoid(v_load_n(gates + u, lanes));
    v_f g = v_tanh(v_load_n(gates + 2 * u, lanes)), o = v_sigmoid(v_load_n(gates + 3 * u, lanes));
    v_f cell = v_mul(i, g);

    if (c_prev)
        cell = v_fma(f, v_load_n(c_prev, lanes), cell);
    v_f t = v_tanh(cell);
    v_store_n(gates, i, lanes);
    v_store_n(gates + u, f, lanes);
    v_store_n(gates + 2 * u, g, lanes);
    v_store_n(gates + 3 * u, o, lanes);
    v_store_n(c, cell, lanes);
    if (tanh_c)
        v_store_n(tanh_c, t, lanes);
    v_store_n(h, v_mul(o, t), lanes);
}

static void lstm_cell(int b, int u, float *gates, const float *c_prev, float *c, float *tanh_c,
                      float *h)
{
    for (int r = 0; r < b; r++, gates += 4 * u) {
        for (int j = 0; j < u; j += AT_VW) {
            const ptrdiff_t at = (ptrdiff_t)r * u + j;
            const float *prev = c_prev ? c_prev + at : NULL;
            float *t = tanh_c ? tanh_c + at : NULL;
            if (j + AT_VW <= u)
                lstm_step(u, AT_VW, gates + j, prev, c + at, t, h + at);
            else
                lstm_step(u, u - j, gates + j, prev, c + at, t, h + at);
        }
    }
}

AT_INLINE void lstm_bwd_step(int u, const int lanes, const float *gates, const float *c_prev,
                             const float *tanh_c, const float *dh, float *dc, float *dgates)
{
    const v_f one = v_set(1);
    v_f i = v_load_n(gates, lanes), f = v_load_n(gates + u, lanes);
    v_f g = v_load_n(gates + 2 * u, lanes), o = v_load_n(gates + 3 * u, lanes);
    v_f t = v_load_n(tanh_c, lanes), dht = v_load_n(dh, lanes);
    v_f d = v_fma(v_mul(dht, o), v_fnma(t, t, one), v_load_n(dc, lanes));
    v_f prev = c_prev ? v_load_n(c_prev, lanes) : v_zero();

    v_store_n(dgates, v_mul(v_mul(d, g), v_mul(i, v_sub(one, i))), lanes);
    v_store_n(dgates + u, v_mul(v_mul(d, prev), v_mul(f, v_sub(one, f))), lanes);
    v_store_n(dgates + 2 * u, v_mul(v_mul(d, i), v_fnma(g, g, one)), lanes);
    v_store_n(dgates + 3 * u, v_mul(v_mul(dht, t), v_mul(o, v_sub(one, o))), lanes);
    v_store_n(dc, v_mul(d, f), lanes);
}

static void lstm_cell_bwd(int b, int u, const float *gates, const float *c_prev,
                          const float *tanh_c, const float *dh, float *dc, float *dgates)
{
    for (int r = 0; r < b; r++, gates += 4 * u, dgates += 4 * u) {
        for (int j = 0; j < u; j += AT_VW) {
            const ptrdiff_t at = (ptrdiff_t)r * u + j;
            const float *prev = c_prev ? c_prev + at : NULL;
            if (j + AT_VW <= u)
                lstm_bwd_step(u, AT_VW, gates + j, prev, tanh_c + at, dh + at, dc + at, dgates + j);
            else
                lstm_bwd_step(u, u - j, gates + j, prev, tanh_c + at, dh + at, dc + at, dgates + j);
        }
    }
}

/* ---- AdamW -------------------------------------------------------------------------------------- */

typedef struct adamw_rates {
    v_f lr, b1, b2, rest1, rest2, eps, decay, c1, c2; /* rest: 1 - b */
} adamw_rates;

AT_INLINE void adamw_step(const adamw_rates *k, const int lanes, float *p, const float *g, float *m,
                          float *v)
{
    v_f grad = v_load_n(g, lanes), param = v_load_n(p, lanes);
    v_f mean = v_fma(k->b1, v_load_n(m, lanes), v_mul(k->rest1, grad));
    v_f square = v_fma(k->b2, v_load_n(v, lanes), v_mul(k->rest2, v_mul(grad, grad)));
    v_f step = v_div(v_mul(mean, k->c1), v_add(v_sqrt(v_mul(square, k->c2)), k->eps));

    v_store_n(m, mean, lanes);
    v_store_n(v, square, lanes);
    v_store_n(p, v_fnma(k->lr, v_fma(k->decay, param, step), param), lanes);
}

static void adamw(size_t n, float *p, const float *g, float *m, float *v, float lr, float b1,
                  float b2, float eps, float decay, float c1, float c2)
{
    const adamw_rates k = {v_set(lr),  v_set(b1),    v_set(b2), v_set(1 - b1), v_set(1 - b2),
                           v_set(eps), v_set(decay), v_set(c1), v_set(c2)};
    size_t i = 0;

    for (; i + AT_VW <= n; i += AT_VW)
        adamw_step(&k, AT_VW, p + i, g + i, m + i, v + i);
    if (i < n)
        adamw_step(&k, (int)(n - i), p + i, g + i, m + i, v + i);
}

/* ---- half floats -------------------------------------------------------------------------------- */

static void f16_to_f32(size_t n, const uint16_t *x, float *y)
{
    size_t i = 0;

    for (; i + AT_VW <= n; i += AT_VW)
        v_store(y + i, v_from_f16(x + i));
    for (; i < n; i++)
        y[i] = at_f16_to_f32(x[i]);
}

static void f32_to_f16(size_t n, const float *x, uint16_t *y)
{
    size_t i = 0;

    for (; i + AT_VW <= n; i += AT_VW)
        v_to_f16(y + i, v_load(x + i));
    for (; i < n; i++)
        y[i] = at_f32_to_f16(x[i]);
}

#endif
