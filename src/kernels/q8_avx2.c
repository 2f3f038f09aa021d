/* q8_avx2.c - the eight-bit table for AVX2: a tile of 4 x 16. */
#include "kernels/q8_vec_avx2.h"

#define Q_TABLE at_q8_avx2
#define Q_NAME  "avx2"
#define Q_MR    4
#define Q_NV    2
#include "kernels/q8_simd.h"
