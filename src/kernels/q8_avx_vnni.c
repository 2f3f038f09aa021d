/* q8_avx_vnni.c - the eight-bit table for AVX-VNNI, which processors without AVX-512 have: a tile of
 * 4 x 16. */
#define Q_VNNI
#include "kernels/q8_vec_avx2.h"

#define Q_TABLE at_q8_avx_vnni
#define Q_NAME  "avx-vnni"
#define Q_MR    4
#define Q_NV    2
#include "kernels/q8_simd.h"
