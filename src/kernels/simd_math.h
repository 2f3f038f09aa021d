/* simd_math.h - exp and what follows from it, on vectors. Part of simd.h.
 *
 * Errors are relative and about 1e-7 unless said otherwise.
 */
#ifndef AT_KERNELS_SIMD_MATH_H
#define AT_KERNELS_SIMD_MATH_H

/* exp(x) = 2^n exp(r), |r| <= ln(2)/2; ln(2) in two pieces, polynomial from Cephes (Moshier).
 * Below -87.7 gives 0; above 88.37 stays at 2.4e38, so there is never an infinity. */
AT_INLINE v_f v_exp(v_f x)
{
    x = v_min(v_set(88.37f), v_max(v_set(-88.0f), x));
    v_f n = v_round(v_mul(x, v_set(1.44269504f)));
    v_f r = v_fnma(n, v_set(0.693359375f), x);
    r = v_fnma(n, v_set(-2.12194440e-4f), r);

    v_f p = v_set(1.9875691500e-4f);
    p = v_fma(p, r, v_set(1.3981999507e-3f));
    p = v_fma(p, r, v_set(8.3334519073e-3f));
    p = v_fma(p, r, v_set(4.1665795894e-2f));
    p = v_fma(p, r, v_set(1.6666665459e-1f));
    p = v_fma(p, r, v_set(5.0000001201e-1f));
    p = v_fma(p, v_mul(r, r), v_add(r, v_set(1)));
    return v_mul(p, v_pow2(n));
}

AT_INLINE v_f v_sigmoid(v_f x)
{
    return v_div(v_set(1), v_add(v_set(1), v_exp(v_sub(v_zero(), x))));
}

/* x P(x^2) / Q(x^2): a minimax fit of tanh(x)/x on |x| <= 8.6, 1.4e-8 off at most; beyond that
 * tanh is 1 to the last bit but one. All terms are positive, so nothing cancels; rounding makes it
 * 3e-7. */
AT_INLINE v_f v_tanh(v_f x)
{
    x = v_min(v_set(8.6f), v_max(v_set(-8.6f), x));
    v_f z = v_mul(x, x);
    v_f p = v_set(1.408348084713e-8f);
    p = v_fma(p, z, v_set(2.112322200946e-5f));
    p = v_fma(p, z, v_set(3.526457361540e-3f));
    p = v_fma(p, z, v_set(1.340692385227e-1f));
    p = v_fma(p, z, v_set(9.999999869392e-1f));
    v_f q = v_set(8.071083513119e-7f);
    q = v_fma(q, z, v_set(3.336358175262e-4f));
    q = v_fma(q, z, v_set(2.599411702986e-2f));
    q = v_fma(q, z, v_set(4.674024547791e-1f));
    q = v_fma(q, z, v_set(1));
    v_f t = v_div(v_mul(x, p), q);
    return v_min(v_set(1), v_max(v_set(-1), t));
}

/* The normal density's shape, exp(-x^2/2). */
AT_INLINE v_f v_bell(v_f x)
{
    return v_exp(v_mul(v_mul(x, x), v_set(-0.5f)));
}

/* Normal distribution function. Phi(-a) = bell(a) t q(t), t = 1/(1 + 0.27 a), a >= 0: q is a
 * Chebyshev fit of degree 8 on a <= 14, 3e-8 off at most. bell: v_bell(x). */
AT_INLINE v_f v_normal_cdf(v_f x, v_f bell)
{
    v_f t = v_div(v_set(1), v_fma(v_abs(x), v_set(0.27f), v_set(1)));
    v_f q = v_set(0.0291070282f);
    q = v_fma(q, t, v_set(-0.12724212f));
    q = v_fma(q, t, v_set(0.171444687f));
    q = v_fma(q, t, v_set(-0.0712139171f));
    q = v_fma(q, t, v_set(0.109277207f));
    q = v_fma(q, t, v_set(0.0714060625f));
    q = v_fma(q, t, v_set(0.101980367f));
    q = v_fma(q, t, v_set(0.107518603f));
    q = v_fma(q, t, v_set(0.107722093f));
    v_f tail = v_mul(bell, v_mul(q, t));
    return v_if_lt(x, v_zero(), tail, v_sub(v_set(1), tail));
}

/* act(x); act is a constant wherever this is used. */
AT_INLINE v_f v_act(at_act act, v_f x)
{
    switch (act) {
    case AT_ACT_RELU: return v_max(v_zero(), x);
    case AT_ACT_RELU6: return v_min(v_set(6), v_max(v_zero(), x));
    case AT_ACT_SILU: return v_mul(x, v_sigmoid(x));
    case AT_ACT_GELU: return v_mul(x, v_normal_cdf(x, v_bell(x)));
    case AT_ACT_SIGMOID: return v_sigmoid(x);
    case AT_ACT_TANH: return v_tanh(x);
    case AT_ACT_NONE: break;
    }
    return x;
}

/* g * act'(x) */
AT_INLINE v_f v_act_slope(at_act act, v_f x, v_f g)
{
    v_f s;

    switch (act) {
    case AT_ACT_RELU: return v_if_lt(v_zero(), x, g, v_zero());
    case AT_ACT_RELU6: return v_if_lt(v_zero(), x, v_if_lt(x, v_set(6), g, v_zero()), v_zero());
    case AT_ACT_SILU:
        s = v_sigmoid(x);
        return v_mul(g, v_mul(s, v_fma(x, v_sub(v_set(1), s), v_set(1))));
    case AT_ACT_GELU:
        s = v_bell(x);
        return v_mul(g, v_fma(v_mul(x, v_set(0.39894228f)), s, v_normal_cdf(x, s)));
    case AT_ACT_SIGMOID: s = v_sigmoid(x); return v_mul(g, v_mul(s, v_sub(v_set(1), s)));
    case AT_ACT_TANH: s = v_tanh(x); return v_mul(g, v_fnma(s, s, v_set(1)));
    case AT_ACT_NONE: break;
    }
    return g;
}

AT_INLINE void act_steps(size_t n, at_act act, const float *x, float *y)
{
    size_t i = 0;

    for (; i + AT_VW <= n; i += AT_VW)
        v_store(y + i, v_act(act, v_load(x + i)));
    if (i < n)
        v_store_n(y + i, v_act(act, v_load_n(x + i, (int)(n - i))), (int)(n - i));
}

static void apply_act(size_t n, at_act act, const float *x, float *y)
{
    switch (act) {
    case AT_ACT_NONE:
        if (x != y)
            memmove(y, x, n * sizeof *y);
        break;
    case AT_ACT_RELU: act_steps(n, AT_ACT_RELU, x, y); break;
    case AT_ACT_RELU6: act_steps(n, AT_ACT_RELU6, x, y); break;
    case AT_ACT_SILU: act_steps(n, AT_ACT_SILU, x, y); break;
    case AT_ACT_GELU: act_steps(n, AT_ACT_GELU, x, y); break;
    case AT_ACT_SIGMOID: act_steps(n, AT_ACT_SIGMOID, x, y); break;
    case AT_ACT_TANH: act_steps(n, AT_ACT_TANH, x, y); break;
    }
}

AT_INLINE void act_bwd_step(at_act act, const float *x, const float *dy, float *dx, int accumulate,
                            int lanes)
{
    v_f g = v_act_slope(act, v_load_n(x, lanes), v_load_n(dy, lanes));
    v_store_n(dx, accumulate ? v_add(v_load_n(dx, lanes), g) : g, lanes);
}

AT_INLINE void act_bwd_steps(size_t n, at_act act, const float *x, const float *dy, float *dx,
                             int accumulate)
{
    size_t i = 0;

    for (; i + AT_VW <= n; i += AT_VW)
        act_bwd_step(act, x + i, dy + i, dx + i, accumulate, AT_VW);
    if (i < n)
        act_bwd_step(act, x + i, dy + i, dx + i, accumulate, (int)(n - i));
}

static void act_bwd(size_t n, at_act act, const float *x, const float *dy, float *dx,
                    int accumulate)
{
    switch (act) {
    case AT_ACT_NONE: act_bwd_steps(n, AT_ACT_NONE, x, dy, dx, accumulate); break;
    case AT_ACT_RELU: act_bwd_steps(n, AT_ACT_RELU, x, dy, dx, accumulate); break;
    case AT_ACT_RELU6: act_bwd_steps(n, AT_ACT_RELU6, x, dy, dx, accumulate); break;
    case AT_ACT_SILU: act_bwd_steps(n, AT_ACT_SILU, x, dy, dx, accumulate); break;
    case AT_ACT_GELU: act_bwd_steps(n, AT_ACT_GELU, x, dy, dx, accumulate); break;
    case AT_ACT_SIGMOID: act_bwd_steps(n, AT_ACT_SIGMOID, x, dy, dx, accumulate); break;
    case AT_ACT_TANH: act_bwd_steps(n, AT_ACT_TANH, x, dy, dx, accumulate); break;
    }
}

#endif
