/* simd_rows.h - batch norm's passes over rows x c matrices. Part of simd.h.
 *
 * Sums: ROWS rows at a time, channels innermost, so that a channel's sum is loaded and stored once
 * for ROWS values. Passes that write: strictly in the order of memory, which is where their time
 * goes; a channel's scales come from the first-level cache.
 */
#ifndef AT_KERNELS_SIMD_ROWS_H
#define AT_KERNELS_SIMD_ROWS_H

#define ROWS 4

/* Floats ahead of what is read. A processor that foresees a row's reading stops at the end of a page of
 * 4 KiB, and begins anew in the next. */
#define AHEAD 2048

AT_INLINE void fetch_ahead(const float *x)
{
    __builtin_prefetch(x + AHEAD);
}

AT_INLINE void sum_step(const int rows, int c, const int lanes, const float *x, float *sum,
                        float *sumsq)
{
    v_f s = v_load_n(sum, lanes), q = sumsq ? v_load_n(sumsq, lanes) : v_zero();
    v_f part = v_zero(), part_sq = v_zero();

    AT_UNROLL
    for (int r = 0; r < rows; r++) {
        v_f v = v_load_n(x + (ptrdiff_t)r * c, lanes);
        part = v_add(part, v);
        if (sumsq)
            part_sq = v_fma(v, v, part_sq);
    }
    v_store_n(sum, v_add(s, part), lanes);
    if (sumsq)
        v_store_n(sumsq, v_add(q, part_sq), lanes);
}

AT_INLINE void sum_some(const int rows, int c, const float *x, float *sum, float *sumsq)
{
    int ch = 0;

    for (; ch + AT_VW <= c; ch += AT_VW)
        sum_step(rows, c, AT_VW, x + ch, sum + ch, sumsq ? sumsq + ch : NULL);
    if (ch < c)
        sum_step(rows, c, c - ch, x + ch, sum + ch, sumsq ? sumsq + ch : NULL);
}

static void sum_sumsq(int rows, int c, const float *x, float *sum, float *sumsq)
{
    int r = 0;

    for (; r + 2 * ROWS <= rows; r += 2 * ROWS)
        sum_some(2 * ROWS, c, x + (ptrdiff_t)r * c, sum, sumsq);
    for (; r < rows; r++)
        sum_some(1, c, x + (ptrdiff_t)r * c, sum, sumsq);
}

static void sum_rows(int rows, int c, const float *x, float *sum)
{
    int r = 0;

    for (; r + 2 * ROWS <= rows; r += 2 * ROWS)
        sum_some(2 * ROWS, c, x + (ptrdiff_t)r * c, sum, NULL);
    for (; r < rows; r++)
        sum_some(1, c, x + (ptrdiff_t)r * c, sum, NULL);
}

/* ---- y = act(x * scale + shift) ----------------------------------------------------------------- */

AT_INLINE void scale_step(const int lanes, const float *x, const float *scale, const float *shift,
                          clamp limits, float *y)
{
    fetch_ahead(x);
    v_f v = v_fma(v_load_n(x, lanes), v_load_n(scale, lanes), v_load_n(shift, lanes));
    v_store_n(y, v_clamp(limits, v), lanes);
}

AT_INLINE void scale_row(int c, const float *x, const float *scale, const float *shift,
                         clamp limits, float *y)
{
    int ch = 0;

    for (; ch + AT_VW <= c; ch += AT_VW)
        scale_step(AT_VW, x + ch, scale + ch, shift + ch, limits, y + ch);
    if (ch < c)
        scale_step(c - ch, x + ch, scale + ch, shift + ch, limits, y + ch);
}

static void scale_shift_act(int rows, int c, const float *x, const float *scale, const float *shift,
                            at_act act, float *y)
{
    const clamp limits = clamp_of(act);

    for (int r = 0; r < rows; r++)
        scale_row(c, x + (ptrdiff_t)r * c, scale, shift, limits, y + (ptrdiff_t)r * c);
    if (is_curve(act))
        apply_act((size_t)rows * (size_t)c, act, y, y);
}

/* ---- backward ---------------------------------------------------------------------------------- */

/* dy where x * a + b is strictly inside the activation's clamp, else 0. */
AT_INLINE v_f bn_gradient(v_f x, v_f dy, v_f a, v_f b, clamp limits)
{
    v_f z = v_fma(x, a, b);
    return v_if_lt(limits.lo, z, v_if_lt(z, limits.hi, dy, v_zero()), v_zero());
}

typedef struct bn_channels {
    const float *scale, *shift;
    const float *ka, *kb, *kc; /* apply */
    float *dsum, *dxsum;       /* reduce */
} bn_channels;

AT_INLINE void bn_reduce_step(const int rows, int c, const int lanes, const float *x,
                              const float *dy, const bn_channels *k, int ch, clamp limits)
{
    v_f a = v_load_n(k->scale + ch, lanes), b = v_load_n(k->shift + ch, lanes);
    v_f sum = v_zero(), xsum = v_zero();

    AT_UNROLL
    for (int r = 0; r < rows; r++) {
        v_f v = v_load_n(x + (ptrdiff_t)r * c + ch, lanes);
        v_f g = bn_gradient(v, v_load_n(dy + (ptrdiff_t)r * c + ch, lanes), a, b, limits);
        sum = v_add(sum, g);
        xsum = v_fma(g, v, xsum);
    }
    v_store_n(k->dsum + ch, v_add(v_load_n(k->dsum + ch, lanes), sum), lanes);
    v_store_n(k->dxsum + ch, v_add(v_load_n(k->dxsum + ch, lanes), xsum), lanes);
}

AT_INLINE void bn_reduce_some(const int rows, int c, const float *x, const float *dy,
                              const bn_channels *k, clamp limits)
{
    int ch = 0;

    for (; ch + AT_VW <= c; ch += AT_VW)
        bn_reduce_step(rows, c, AT_VW, x, dy, k, ch, limits);
    if (ch < c)
        bn_reduce_step(rows, c, c - ch, x, dy, k, ch, limits);
}

static void bn_bwd_reduce(int rows, int c, const float *x, const float *dy, const float *scale,
                          const float *shift, at_act act, float *dsum, float *dxsum)
{
    const bn_channels k = {.scale = scale, .shift = shift, .dsum = dsum, .dxsum = dxsum};
    const clamp limits = clamp_of(act);
    int r = 0;

    for (; r + ROWS <= rows; r += ROWS)
        bn_reduce_some(ROWS, c, x + (ptrdiff_t)r * c, dy + (ptrdiff_t)r * c, &k, limits);
    for (; r < rows; r++)
        bn_reduce_some(1, c, x + (ptrdiff_t)r * c, dy + (ptrdiff_t)r * c, &k, limits);
}

AT_INLINE void bn_apply_step(const int lanes, const float *x, const float *dy, const bn_channels *k,
                             int ch, clamp limits, float *dx)
{
    fetch_ahead(x + ch);
    fetch_ahead(dy + ch);
    v_f v = v_load_n(x + ch, lanes);
    v_f g = bn_gradient(v, v_load_n(dy + ch, lanes), v_load_n(k->scale + ch, lanes),
                        v_load_n(k->shift + ch, lanes), limits);
    v_f rest = v_fma(v_load_n(k->kb + ch, lanes), v, v_load_n(k->kc + ch, lanes));
    v_store_n(dx + ch, v_fma(v_load_n(k->ka + ch, lanes), g, rest), lanes);
}

AT_INLINE void bn_apply_row(int c, const float *x, const float *dy, const bn_channels *k,
                            clamp limits, float *dx)
{
    int ch = 0;

    for (; ch + AT_VW <= c; ch += AT_VW)
        bn_apply_step(AT_VW, x, dy, k, ch, limits, dx);
    if (ch < c)
        bn_apply_step(c - ch, x, dy, k, ch, limits, dx);
}

static void bn_bwd_apply(int rows, int c, const float *x, const float *dy, const float *scale,
                         const float *shift, at_act act, const float *ka, const float *kb,
                         const float *kc, float *dx)
{
    const bn_channels k = {.scale = scale, .shift = shift, .ka = ka, .kb = kb, .kc = kc};
    const clamp limits = clamp_of(act);

    for (int r = 0; r < rows; r++)
        bn_apply_row(c, x + (ptrdiff_t)r * c, dy + (ptrdiff_t)r * c, &k, limits,
                     dx + (ptrdiff_t)r * c);
}

#endif
