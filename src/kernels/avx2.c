/* avx2.c - the table for AVX2 with FMA and F16C: a tile of 6 x 16, twelve of sixteen registers. */
#include "kernels/vec_avx2.h"

#define AT_SIMD_TABLE at_kernels_avx2
#define AT_SIMD_NAME  "avx2"
#define AT_MR         6
#define AT_NV         2
#include "kernels/simd.h"
