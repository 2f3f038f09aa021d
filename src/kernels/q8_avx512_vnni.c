/* q8_avx512_vnni.c - the eight-bit table for AVX-512 with VNNI: sixteen sums a vector, 64 products an
 * instruction; a tile of 12 x 32, 24 of 32 registers. The words of q8_simd.h; see there. */
#include <immintrin.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define Q_TABLE at_q8_avx512_vnni
#define Q_NAME  "avx512-vnni"
#define Q_LANES 16
#define Q_MR    12
#define Q_NV    2

typedef __m512i q_i, q_b;

#define Q_KEEP(v) __asm__("" : "+v"(v))

static inline q_i q_start(const int32_t *bias, const int32_t *sum)
{
    (void)sum;
    return _mm512_loadu_si512(bias);
}

static inline q_b q_spread(const uint8_t *p)
{
    int32_t v;
    memcpy(&v, p, sizeof v);
    return _mm512_set1_epi32(v);
}

static inline q_b q_input(const uint8_t *p)
{
    return _mm512_loadu_si512(p);
}

static inline q_b q_fill(int byte)
{
    return _mm512_set1_epi8((char)byte);
}

static inline q_b q_weights(const int8_t *p)
{
    return _mm512_loadu_si512(p);
}

/* With the intrinsic gcc 12 copies each sum before it is added to, and runs out of registers. */
static inline q_i q_dot(q_i acc, q_b a, q_b w)
{
    __asm__("vpdpbusd %2, %1, %0" : "+v"(acc) : "v"(a), "vm"(w));
    return acc;
}

static inline q_i q_dot3(q_i acc, const q_b *a, const int8_t *w, int step)
{
    for (int i = 0; i < 3; i++)
        acc = q_dot(acc, a[i], q_weights(w + i * step));
    return acc;
}

static inline q_i q_add_bytes(q_i v, const uint8_t *p)
{
    return _mm512_add_epi32(v, _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p)));
}

static inline q_i q_scale(q_i v, const float *scale)
{
    return _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_cvtepi32_ps(v), _mm512_loadu_ps(scale)));
}

static inline void q_floats(q_i v, const float *scale, float lo, float hi, float *p)
{
    __m512 f = _mm512_mul_ps(_mm512_cvtepi32_ps(v), _mm512_loadu_ps(scale));
    f = _mm512_min_ps(_mm512_max_ps(f, _mm512_set1_ps(lo)), _mm512_set1_ps(hi));
    _mm512_storeu_ps(p, f);
}

/* Within 128 bits: four lanes of each pixel after one another. */
static inline q_b q_pack(q_i v0, q_i v1, q_i v2, q_i v3, int zero)
{
    const q_i z = _mm512_set1_epi16((short)zero);
    return _mm512_packus_epi16(_mm512_adds_epi16(_mm512_packs_epi32(v0, v1), z),
                               _mm512_adds_epi16(_mm512_packs_epi32(v2, v3), z));
}

static inline void q_store_quads(q_b b, int n, int byte, uint8_t *p)
{
    const q_b turn =
        _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
    b = _mm512_shuffle_epi8(b, turn);
    if (n < 4) {
        const __mmask64 some = 0x1111111111111111u * ((1u << n) - 1);
        b = _mm512_mask_blend_epi8(some, _mm512_set1_epi8((char)byte), b);
    }
    _mm512_storeu_si512(p, b);
}

static inline void q_store_rows(q_b b, int n, uint8_t *p, ptrdiff_t step)
{
    const q_b turn = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    b = _mm512_permutexvar_epi32(turn, b);
    _mm_storeu_si128((__m128i *)p, _mm512_castsi512_si128(b));
    if (n > 1)
        _mm_storeu_si128((__m128i *)(p + step), _mm512_extracti32x4_epi32(b, 1));
    if (n > 2)
        _mm_storeu_si128((__m128i *)(p + 2 * step), _mm512_extracti32x4_epi32(b, 2));
    if (n > 3)
        _mm_storeu_si128((__m128i *)(p + 3 * step), _mm512_extracti32x4_epi32(b, 3));
}

#include "kernels/q8_simd.h"
