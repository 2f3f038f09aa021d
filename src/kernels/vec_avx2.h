/* vec_avx2.h - eight f32 lanes on AVX2 and FMA. The words of simd.h's code; see there. */
#ifndef AT_KERNELS_VEC_AVX2_H
#define AT_KERNELS_VEC_AVX2_H

#include <immintrin.h>
#include <stdint.h>

#define AT_VW     8 /* lanes */
#define AT_V_REGS 16

typedef __m256 v_f;

static inline v_f v_zero(void)
{
    return _mm256_setzero_ps();
}

static inline v_f v_set(float x)
{
    return _mm256_set1_ps(x);
}

static inline v_f v_load(const float *p)
{
    return _mm256_loadu_ps(p);
}

static inline void v_store(float *p, v_f v)
{
    _mm256_storeu_ps(p, v);
}

/* A mask whose first n lanes are set. */
static inline __m256i v_first(int n)
{
    static const int32_t lanes[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
    return _mm256_loadu_si256((const __m256i *)(lanes + 8 - n));
}

static inline v_f v_load_n(const float *p, int n)
{
    return n == AT_VW ? v_load(p) : _mm256_maskload_ps(p, v_first(n));
}

static inline void v_store_n(float *p, v_f v, int n)
{
    if (n == AT_VW)
        v_store(p, v);
    else
        _mm256_maskstore_ps(p, v_first(n), v);
}

static inline v_f v_add(v_f a, v_f b)
{
    return _mm256_add_ps(a, b);
}

static inline v_f v_sub(v_f a, v_f b)
{
    return _mm256_sub_ps(a, b);
}

static inline v_f v_mul(v_f a, v_f b)
{
    return _mm256_mul_ps(a, b);
}

static inline v_f v_div(v_f a, v_f b)
{
    return _mm256_div_ps(a, b);
}

static inline v_f v_fma(v_f a, v_f b, v_f c)
{
    return _mm256_fmadd_ps(a, b, c);
}

static inline v_f v_fnma(v_f a, v_f b, v_f c)
{
    return _mm256_fnmadd_ps(a, b, c);
}

static inline v_f v_max(v_f a, v_f b)
{
    return _mm256_max_ps(a, b);
}

static inline v_f v_min(v_f a, v_f b)
{
    return _mm256_min_ps(a, b);
}

static inline v_f v_sqrt(v_f a)
{
    return _mm256_sqrt_ps(a);
}

static inline v_f v_abs(v_f a)
{
    return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a);
}

static inline v_f v_if_lt(v_f a, v_f b, v_f yes, v_f no)
{
    return _mm256_blendv_ps(no, yes, _mm256_cmp_ps(a, b, _CMP_LT_OQ));
}

static inline v_f v_round(v_f a)
{
    return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

static inline v_f v_pow2(v_f n)
{
    __m256i e = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
    return _mm256_castsi256_ps(_mm256_slli_epi32(e, 23));
}

static inline float v_sum(v_f a)
{
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

static inline v_f v_from_f16(const uint16_t *p)
{
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p));
}

static inline void v_to_f16(uint16_t *p, v_f v)
{
    _mm_storeu_si128((__m128i *)p,
                     _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

/* Keeps a value in a register: without it gcc repeats a load inside every multiply-add that uses
 * it, and the load ports become the limit. */
#define V_KEEP(v) __asm__("" : "+x"(v))

#endif
