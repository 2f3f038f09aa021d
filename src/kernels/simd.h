/* simd.h - a whole kernel table, written once over a few words that each vec_<isa>.h defines:
 *
 *     v_f                        AT_VW f32 lanes; AT_V_REGS registers of them
 *     v_zero v_set v_load v_store
 *     v_load_n v_store_n         the first n lanes, 1 <= n <= AT_VW; lanes not loaded are zero
 *     v_add v_sub v_mul v_div v_sqrt v_abs
 *     v_fma(a, b, c)             a * b + c
 *     v_fnma(a, b, c)            c - a * b
 *     v_max v_min                a NaN in the second operand comes through
 *     v_if_lt(a, b, yes, no)     a < b ? yes : no; a NaN says no
 *     v_round                    to the nearest integer
 *     v_pow2(n)                  2^n for integral n in [-127, 127]; 2^-127 is 0
 *     v_sum                      of the lanes
 *     v_from_f16 v_to_f16        AT_VW half floats
 *     V_KEEP(v)                  v stays in a register
 *
 * <isa>.c includes its vec_<isa>.h, names its table (AT_SIMD_TABLE, AT_SIMD_NAME) and tile (AT_MR
 * rows by AT_NV vectors), and includes this. Loops take whole vectors, then one partial: the same
 * inline function with a smaller number of lanes, so a tail rounds as the body does.
 */
#ifndef AT_KERNELS_SIMD_H
#define AT_KERNELS_SIMD_H

#include <assert.h>
#include <math.h>
#include <string.h>

#include "kernels/tables.h"

#define AT_INLINE static inline __attribute__((always_inline))

#if defined(__clang__)
#define AT_UNROLL _Pragma("clang loop unroll(full)")
#else
#define AT_UNROLL _Pragma("GCC unroll 64")
#endif

/* Lanes of the vector that starts at i of n. */
AT_INLINE int v_lanes(size_t n, size_t i)
{
    return n - i < AT_VW ? (int)(n - i) : AT_VW;
}

/* relu and relu6 are clamps, and no activation is a clamp to all numbers. The others are not:
 * code that clamps stores first, then applies them (apply_curve). */
typedef struct clamp {
    v_f lo, hi;
} clamp;

AT_INLINE clamp clamp_of(at_act act)
{
    return (clamp){v_set(act == AT_ACT_RELU || act == AT_ACT_RELU6 ? 0 : -INFINITY),
                   v_set(act == AT_ACT_RELU6 ? 6 : INFINITY)};
}

AT_INLINE v_f v_clamp(clamp k, v_f v)
{
    return v_min(k.hi, v_max(k.lo, v));
}

AT_INLINE int is_curve(at_act act)
{
    return act > AT_ACT_RELU6;
}

#include "kernels/simd_math.h"
#include "kernels/simd_tile.h"
#include "kernels/simd_depthwise.h"
#include "kernels/simd_rows.h"
#include "kernels/simd_vectors.h"
#include "kernels/simd_peak.h"

const at_kernels AT_SIMD_TABLE = {
    .name = AT_SIMD_NAME,
    .mr = AT_MR,
    .nr = AT_NV * AT_VW,
    .gemm_tile = gemm_tile,
    .dw3x3 = dw3x3,
    .dw3x3_rows = dw3x3_rows,
    .dw3x3_bwd_data = dw3x3_bwd_data,
    .dw3x3_bwd_weight = dw3x3_bwd_weight,
    .sum_sumsq = sum_sumsq,
    .scale_shift_act = scale_shift_act,
    .bn_bwd_reduce = bn_bwd_reduce,
    .bn_bwd_apply = bn_bwd_apply,
    .sum_rows = sum_rows,
    .add = add,
    .axpy = axpy,
    .act = apply_act,
    .act_bwd = act_bwd,
    .dot = dot,
    .softmax = softmax,
    .exp_sum = exp_sum,
    .lstm_cell = lstm_cell,
    .lstm_cell_bwd = lstm_cell_bwd,
    .adamw = adamw,
    .f16_to_f32 = f16_to_f32,
    .f32_to_f16 = f32_to_f16,
    .fma_peak = fma_peak,
};

#endif
