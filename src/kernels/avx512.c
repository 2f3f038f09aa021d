/* avx512.c - the table for AVX-512: a tile of 14 x 32, 28 of 32 registers. Fourteen divides the
 * widths of MobileNetV2's feature maps (112, 56, 28, 14). */
#include "kernels/vec_avx512.h"

#define AT_SIMD_TABLE at_kernels_avx512
#define AT_SIMD_NAME  "avx512"
#define AT_MR         14
#define AT_NV         2
#include "kernels/simd.h"
