/* tables.h - the tables that a build may hold, and what their sources share. Inside this module
 * only; others ask at_kernels_get or at_kernels_best.
 */
#ifndef AT_KERNELS_TABLES_H
#define AT_KERNELS_TABLES_H

#include <string.h>

#include "kernels/kernels.h"

extern const at_kernels at_kernels_c;
extern const at_kernels at_kernels_avx2;
extern const at_kernels at_kernels_avx512;
extern const at_kernels at_kernels_neon;

/* The input rows that `rows` output rows from oy on read; NULL: padding. */
static inline void at_dw3x3_rows(const at_dw3x3 *g, int oy, int rows, const float *x,
                                 const float *row[])
{
    for (int i = 0; i < (rows - 1) * g->stride + 3; i++) {
        int iy = oy * g->stride - g->pad_top + i;
        row[i] = iy < 0 || iy >= g->h ? NULL : x + (ptrdiff_t)iy * g->w * g->c;
    }
}

/* IEEE 754 binary16 by integer arithmetic. */
static inline float at_f16_to_f32(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = h >> 10 & 31, mantissa = h & 0x3ff;
    uint32_t bits;
    float f;

    if (exponent == 31) { /* infinity, or NaN made quiet */
        bits = sign | 0x7f800000 | mantissa << 13 | (mantissa ? 0x400000 : 0);
    } else if (exponent) {
        bits = sign | (exponent + 112) << 23 | mantissa << 13;
    } else { /* zero or subnormal: mantissa * 2^-24 is exact */
        f = (float)mantissa * 0x1p-24f;
        return sign ? -f : f;
    }
    memcpy(&f, &bits, sizeof f);
    return f;
}

/* Round to nearest, ties to even; past 65504 (after rounding) gives infinity. */
static inline uint16_t at_f32_to_f16(float f)
{
    uint32_t bits, sign, rest;

    memcpy(&bits, &f, sizeof bits);
    sign = bits >> 16 & 0x8000;
    rest = bits & 0x7fffffff;
    if (rest > 0x7f800000) /* NaN, made quiet */
        return (uint16_t)(sign | 0x7e00 | (rest >> 13 & 0x1ff));
    if (rest >= 0x477ff000) /* 65520 and more */
        return (uint16_t)(sign | 0x7c00);
    if (rest <
        0x38800000) { /* below 2^-14: adding 0.5 leaves the rounded mantissa in the low bits */
        float magic;
        memcpy(&magic, &rest, sizeof magic);
        magic += 0.5f;
        memcpy(&rest, &magic, sizeof rest);
        return (uint16_t)(sign | (rest - 0x3f000000));
    }
    rest += 0xfff + (rest >> 13 & 1);
    return (uint16_t)(sign | (rest - 0x38000000) >> 13);
}

#endif
