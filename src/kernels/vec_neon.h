/* vec_neon.h - four f32 lanes on AArch64's Advanced SIMD. The words of simd.h's code; see there. */
#ifndef AT_KERNELS_VEC_NEON_H
#define AT_KERNELS_VEC_NEON_H

#include <arm_neon.h>
#include <stdint.h>

#define AT_VW     4 /* lanes */
#define AT_V_REGS 32

typedef float32x4_t v_f;

static inline v_f v_zero(void)
{
    return vdupq_n_f32(0);
}

static inline v_f v_set(float x)
{
    return vdupq_n_f32(x);
}

static inline v_f v_load(const float *p)
{
    return vld1q_f32(p);
}

static inline void v_store(float *p, v_f v)
{
    vst1q_f32(p, v);
}

static inline v_f v_load_n(const float *p, int n)
{
    if (n == AT_VW)
        return v_load(p);
    v_f v = vld1q_lane_f32(p, v_zero(), 0);
    if (n > 1)
        v = vld1q_lane_f32(p + 1, v, 1);
    if (n > 2)
        v = vld1q_lane_f32(p + 2, v, 2);
    return v;
}

static inline void v_store_n(float *p, v_f v, int n)
{
    if (n == AT_VW) {
        v_store(p, v);
        return;
    }
    vst1q_lane_f32(p, v, 0);
    if (n > 1)
        vst1q_lane_f32(p + 1, v, 1);
    if (n > 2)
        vst1q_lane_f32(p + 2, v, 2);
}

static inline v_f v_add(v_f a, v_f b)
{
    return vaddq_f32(a, b);
}

static inline v_f v_sub(v_f a, v_f b)
{
    return vsubq_f32(a, b);
}

static inline v_f v_mul(v_f a, v_f b)
{
    return vmulq_f32(a, b);
}

static inline v_f v_div(v_f a, v_f b)
{
    return vdivq_f32(a, b);
}

static inline v_f v_fma(v_f a, v_f b, v_f c)
{
    return vfmaq_f32(c, a, b);
}

static inline v_f v_fnma(v_f a, v_f b, v_f c)
{
    return vfmsq_f32(c, a, b);
}

static inline v_f v_max(v_f a, v_f b)
{
    return vmaxq_f32(a, b);
}

static inline v_f v_min(v_f a, v_f b)
{
    return vminq_f32(a, b);
}

static inline v_f v_sqrt(v_f a)
{
    return vsqrtq_f32(a);
}

static inline v_f v_abs(v_f a)
{
    return vabsq_f32(a);
}

static inline v_f v_if_lt(v_f a, v_f b, v_f yes, v_f no)
{
    return vbslq_f32(vcltq_f32(a, b), yes, no);
}

static inline v_f v_round(v_f a)
{
    return vrndnq_f32(a);
}

static inline v_f v_pow2(v_f n)
{
    int32x4_t e = vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127));
    return vreinterpretq_f32_s32(vshlq_n_s32(e, 23));
}

static inline float v_sum(v_f a)
{
    return vaddvq_f32(a);
}

static inline v_f v_from_f16(const uint16_t *p)
{
    return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)));
}

static inline void v_to_f16(uint16_t *p, v_f v)
{
    vst1_u16(p, vreinterpret_u16_f16(vcvt_f16_f32(v)));
}

#define V_KEEP(v) __asm__("" : "+w"(v))

#endif
