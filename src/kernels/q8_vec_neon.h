/* q8_vec_neon.h - four sums a vector, on AArch64's Advanced SIMD. The words of q8_simd.h; see there.
 * Inputs are multiplied as signed bytes, less 128, and what is missing is in the first sums. With the
 * dot product (Q_DOTPROD) four products are one instruction. */
#ifndef AT_KERNELS_Q8_VEC_NEON_H
#define AT_KERNELS_Q8_VEC_NEON_H

#include <arm_neon.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define Q_LANES 4

typedef int32x4_t q_i;
typedef int8x16_t q_b;

#define Q_KEEP(v) __asm__("" : "+w"(v))

static inline q_i q_start(const int32_t *bias, const int32_t *sum)
{
    return vaddq_s32(vld1q_s32(bias), vld1q_s32(sum));
}

static inline q_b q_signed(uint8x16_t v)
{
    return vreinterpretq_s8_u8(veorq_u8(v, vdupq_n_u8(0x80)));
}

static inline q_b q_spread(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return q_signed(vreinterpretq_u8_u32(vdupq_n_u32(v)));
}

static inline q_b q_input(const uint8_t *p)
{
    return q_signed(vld1q_u8(p));
}

static inline q_b q_fill(int byte)
{
    return q_signed(vdupq_n_u8((uint8_t)byte));
}

static inline q_b q_weights(const int8_t *p)
{
    return vld1q_s8(p);
}

#ifdef Q_DOTPROD
static inline q_i q_dot(q_i acc, q_b a, q_b w)
{
    return vdotq_s32(acc, a, w);
}
#else
/* -128 * -127 twice is within 16 bits. */
static inline q_i q_dot(q_i acc, q_b a, q_b w)
{
    const int32x4_t low = vpaddlq_s16(vmull_s8(vget_low_s8(a), vget_low_s8(w)));
    const int32x4_t high = vpaddlq_s16(vmull_high_s8(a, w));
    return vaddq_s32(acc, vpaddq_s32(low, high));
}
#endif

static inline q_i q_dot3(q_i acc, const q_b *a, const int8_t *w, int step)
{
    for (int i = 0; i < 3; i++)
        acc = q_dot(acc, a[i], q_weights(w + i * step));
    return acc;
}

static inline q_i q_add_bytes(q_i v, const uint8_t *p)
{
    uint32_t bytes;
    memcpy(&bytes, p, sizeof bytes);
    const uint16x8_t wide = vmovl_u8(vreinterpret_u8_u32(vdup_n_u32(bytes)));
    return vaddq_s32(v, vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(wide))));
}

static inline q_i q_scale(q_i v, const float *scale)
{
    return vcvtnq_s32_f32(vmulq_f32(vcvtq_f32_s32(v), vld1q_f32(scale)));
}

static inline void q_floats(q_i v, const float *scale, float lo, float hi, float *p)
{
    const float32x4_t f = vmulq_f32(vcvtq_f32_s32(v), vld1q_f32(scale));
    vst1q_f32(p, vminq_f32(vmaxq_f32(f, vdupq_n_f32(lo)), vdupq_n_f32(hi)));
}

/* Four lanes of each pixel after one another. */
static inline q_b q_pack(q_i v0, q_i v1, q_i v2, q_i v3, int zero)
{
    const int16x8_t z = vdupq_n_s16((int16_t)zero);
    const int16x8_t first = vqaddq_s16(vqmovn_high_s32(vqmovn_s32(v0), v1), z);
    const int16x8_t second = vqaddq_s16(vqmovn_high_s32(vqmovn_s32(v2), v3), z);
    return vreinterpretq_s8_u8(vqmovun_high_s16(vqmovun_s16(first), second));
}

static inline void q_store_quads(q_b b, int n, int byte, uint8_t *p)
{
    static const uint8_t turn[16] = {0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15};
    uint8x16_t v = vqtbl1q_u8(vreinterpretq_u8_s8(b), vld1q_u8(turn));
    if (n < 4) {
        const uint8x16_t some = vreinterpretq_u8_u32(vdupq_n_u32((1u << 8 * n) - 1));
        v = vbslq_u8(some, v, vdupq_n_u8((uint8_t)byte));
    }
    vst1q_u8(p, v);
}

static inline void q_store_rows(q_b b, int n, uint8_t *p, ptrdiff_t step)
{
    uint32_t row[4];
    vst1q_u32(row, vreinterpretq_u32_s8(b));
    for (int i = 0; i < 4 && i < n; i++)
        memcpy(p + i * step, &row[i], sizeof row[i]);
}

#endif
