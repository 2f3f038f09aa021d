/* q8_neon_dotprod.c - the eight-bit table for NEON with the dot product of Armv8.2: a tile of 4 x 16. */
#define Q_DOTPROD
#include "kernels/q8_vec_neon.h"

#define Q_TABLE at_q8_neon_dotprod
#define Q_NAME  "neon-dotprod"
#define Q_MR    4
#define Q_NV    4
#include "kernels/q8_simd.h"
