/* neon.c - the table for AArch64: a tile of 8 x 8, sixteen of 32 registers. */
#include "kernels/vec_neon.h"

#define AT_SIMD_TABLE at_kernels_neon
#define AT_SIMD_NAME  "neon"
#define AT_MR         8
#define AT_NV         2
#include "kernels/simd.h"
