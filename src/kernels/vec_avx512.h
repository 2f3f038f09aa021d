/* vec_avx512.h - sixteen f32 lanes on AVX-512 (F, BW, DQ, VL). The words of simd.h's code; see
 * there. */
#ifndef AT_KERNELS_VEC_AVX512_H
#define AT_KERNELS_VEC_AVX512_H

#include <immintrin.h>
#include <stdint.h>

#define AT_VW     16 /* lanes */
#define AT_V_REGS 32

typedef __m512 v_f;

static inline v_f v_zero(void)
{
    return _mm512_setzero_ps();
}

static inline v_f v_set(float x)
{
    return _mm512_set1_ps(x);
}

static inline v_f v_load(const float *p)
{
    return _mm512_loadu_ps(p);
}

static inline void v_store(float *p, v_f v)
{
    _mm512_storeu_ps(p, v);
}

static inline __mmask16 v_first(int n)
{
    return (__mmask16)((1u << n) - 1);
}

static inline v_f v_load_n(const float *p, int n)
{
    return n == AT_VW ? v_load(p) : _mm512_maskz_loadu_ps(v_first(n), p);
}

static inline void v_store_n(float *p, v_f v, int n)
{
    if (n == AT_VW)
        v_store(p, v);
    else
        _mm512_mask_storeu_ps(p, v_first(n), v);
}

static inline v_f v_add(v_f a, v_f b)
{
    return _mm512_add_ps(a, b);
}

static inline v_f v_sub(v_f a, v_f b)
{
    return _mm512_sub_ps(a, b);
}

static inline v_f v_mul(v_f a, v_f b)
{
    return _mm512_mul_ps(a, b);
}

static inline v_f v_div(v_f a, v_f b)
{
    return _mm512_div_ps(a, b);
}

static inline v_f v_fma(v_f a, v_f b, v_f c)
{
    return _mm512_fmadd_ps(a, b, c);
}

static inline v_f v_fnma(v_f a, v_f b, v_f c)
{
    return _mm512_fnmadd_ps(a, b, c);
}

static inline v_f v_max(v_f a, v_f b)
{
    return _mm512_max_ps(a, b);
}

static inline v_f v_min(v_f a, v_f b)
{
    return _mm512_min_ps(a, b);
}

static inline v_f v_sqrt(v_f a)
{
    return _mm512_sqrt_ps(a);
}

static inline v_f v_abs(v_f a)
{
    return _mm512_abs_ps(a);
}

static inline v_f v_if_lt(v_f a, v_f b, v_f yes, v_f no)
{
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), no, yes);
}

static inline v_f v_round(v_f a)
{
    return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

static inline v_f v_pow2(v_f n)
{
    __m512i e = _mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127));
    return _mm512_castsi512_ps(_mm512_slli_epi32(e, 23));
}

static inline float v_sum(v_f a)
{
    return _mm512_reduce_add_ps(a);
}

static inline v_f v_from_f16(const uint16_t *p)
{
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
}

static inline void v_to_f16(uint16_t *p, v_f v)
{
    _mm256_storeu_si256((__m256i *)p,
                        _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

/* Keeps a value in a register: without it gcc repeats a load inside every multiply-add that uses
 * it, and the load ports become the limit. */
#define V_KEEP(v) __asm__("" : "+v"(v))

#endif
