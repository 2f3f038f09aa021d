/* q8_tables.h - the tables that a build may hold, and where a depthwise window lies in quads. Inside
 * this module only; others ask at_q8_get or at_q8_best.
 */
#ifndef AT_KERNELS_Q8_TABLES_H
#define AT_KERNELS_Q8_TABLES_H

#include "kernels/q8.h"

extern const at_q8_kernels at_q8_c;
extern const at_q8_kernels at_q8_neon;
extern const at_q8_kernels at_q8_neon_dotprod;
extern const at_q8_kernels at_q8_avx2;
extern const at_q8_kernels at_q8_avx_vnni;
extern const at_q8_kernels at_q8_avx512_vnni;

/* A window's three columns against a quad: its first column at byte -1, 0, 1, 2 or 3, and the rest of
 * the latter two in the quad after; of the first, the column in the quad before. */
enum {
    AT_Q8_AT_LEFT, /* w1 w2 0 0 */
    AT_Q8_BEFORE,  /* 0 0 0 w0: of the quad before AT_LEFT's */
    AT_Q8_AT_0,    /* w0 w1 w2 0 */
    AT_Q8_AT_1,    /* 0 w0 w1 w2 */
    AT_Q8_AT_2,    /* 0 0 w0 w1 */
    AT_Q8_AFTER,   /* w2 0 0 0: of the quad after AT_2's */
    AT_Q8_WAYS
};
enum { AT_Q8_TAP = 4 * AT_Q8_GROUP, AT_Q8_WAY = 3 * AT_Q8_TAP, AT_Q8_DW_GROUP = 6 * AT_Q8_WAY };

#endif
