/* q8_neon.c - the eight-bit table for NEON: a tile of 4 x 16. */
#include "kernels/q8_vec_neon.h"

#define Q_TABLE at_q8_neon
#define Q_NAME  "neon"
#define Q_MR    4
#define Q_NV    4
#include "kernels/q8_simd.h"
