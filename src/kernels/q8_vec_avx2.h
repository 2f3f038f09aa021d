/* q8_vec_avx2.h - eight sums a vector, in 256 bits. The words of q8_simd.h; see there. With AVX-VNNI
 * (Q_VNNI) four products are one instruction; without, pairs are summed in 16 bits, which they fit
 * (q8.h), and then to 32. */
#ifndef AT_KERNELS_Q8_VEC_AVX2_H
#define AT_KERNELS_Q8_VEC_AVX2_H

#include <immintrin.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define Q_LANES 8

typedef __m256i q_i, q_b;

#define Q_KEEP(v) __asm__("" : "+x"(v))

static inline q_i q_start(const int32_t *bias, const int32_t *sum)
{
    (void)sum;
    return _mm256_loadu_si256((const __m256i *)bias);
}

static inline q_b q_spread(const uint8_t *p)
{
    int32_t v;
    memcpy(&v, p, sizeof v);
    return _mm256_set1_epi32(v);
}

static inline q_b q_input(const uint8_t *p)
{
    return _mm256_loadu_si256((const __m256i *)p);
}

static inline q_b q_fill(int byte)
{
    return _mm256_set1_epi8((char)byte);
}

static inline q_b q_weights(const int8_t *p)
{
    return _mm256_loadu_si256((const __m256i *)p);
}

#ifdef Q_VNNI
/* With the intrinsic gcc 12 copies each sum before it is added to, and runs out of registers. */
static inline q_i q_dot(q_i acc, q_b a, q_b w)
{
    __asm__("%{vex%} vpdpbusd %2, %1, %0" : "+x"(acc) : "x"(a), "xm"(w));
    return acc;
}

static inline q_i q_dot3(q_i acc, const q_b *a, const int8_t *w, int step)
{
    for (int i = 0; i < 3; i++)
        acc = q_dot(acc, a[i], q_weights(w + i * step));
    return acc;
}
#else
static inline q_i q_widen(q_i acc, q_i pairs)
{
    return _mm256_add_epi32(acc, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

static inline q_i q_dot(q_i acc, q_b a, q_b w)
{
    return q_widen(acc, _mm256_maddubs_epi16(a, w));
}

static inline q_i q_dot3(q_i acc, const q_b *a, const int8_t *w, int step)
{
    const q_i pairs = _mm256_add_epi16(_mm256_maddubs_epi16(a[0], q_weights(w)),
                                       _mm256_maddubs_epi16(a[1], q_weights(w + step)));
    return q_widen(acc,
                   _mm256_add_epi16(pairs, _mm256_maddubs_epi16(a[2], q_weights(w + 2 * step))));
}
#endif

static inline q_i q_add_bytes(q_i v, const uint8_t *p)
{
    return _mm256_add_epi32(v, _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)p)));
}

static inline q_i q_scale(q_i v, const float *scale)
{
    return _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_cvtepi32_ps(v), _mm256_loadu_ps(scale)));
}

static inline void q_floats(q_i v, const float *scale, float lo, float hi, float *p)
{
    __m256 f = _mm256_mul_ps(_mm256_cvtepi32_ps(v), _mm256_loadu_ps(scale));
    f = _mm256_min_ps(_mm256_max_ps(f, _mm256_set1_ps(lo)), _mm256_set1_ps(hi));
    _mm256_storeu_ps(p, f);
}

/* Within 128 bits: four lanes of each pixel after one another. */
static inline q_b q_pack(q_i v0, q_i v1, q_i v2, q_i v3, int zero)
{
    const q_i z = _mm256_set1_epi16((short)zero);
    return _mm256_packus_epi16(_mm256_adds_epi16(_mm256_packs_epi32(v0, v1), z),
                               _mm256_adds_epi16(_mm256_packs_epi32(v2, v3), z));
}

static inline void q_store_quads(q_b b, int n, int byte, uint8_t *p)
{
    const q_b turn = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
    b = _mm256_shuffle_epi8(b, turn);
    if (n < 4) {
        const __m256i some = _mm256_set1_epi32((int)((1u << 8 * n) - 1));
        b = _mm256_blendv_epi8(_mm256_set1_epi8((char)byte), b, some);
    }
    _mm256_storeu_si256((__m256i *)p, b);
}

static inline void q_store_rows(q_b b, int n, uint8_t *p, ptrdiff_t step)
{
    b = _mm256_permutevar8x32_epi32(b, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
    const __m128i low = _mm256_castsi256_si128(b), high = _mm256_extracti128_si256(b, 1);
    _mm_storel_epi64((__m128i *)p, low);
    if (n > 1)
        _mm_storel_epi64((__m128i *)(p + step), _mm_unpackhi_epi64(low, low));
    if (n > 2)
        _mm_storel_epi64((__m128i *)(p + 2 * step), high);
    if (n > 3)
        _mm_storel_epi64((__m128i *)(p + 3 * step), _mm_unpackhi_epi64(high, high));
}

#endif
