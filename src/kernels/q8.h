/* q8.h - the arithmetic of eight-bit inference: one table of functions an instruction set, all of which
 * give the same integers.
 *
 * Method (Jacob et al. 2018, sections 2.1 to 2.4). A byte q stands for scale * (q - zero), their eq. 1.
 * Weights are signed and symmetric, with a scale for each output channel; products are summed in 32
 * bits onto a bias of the products' scale (eq. 7 and 11), and a sum becomes a byte again by
 *
 *     y = saturate(round(sum * scale) + zero)
 *
 * with the sum made an f32, one f32 product, rounding to nearest with ties to even, and saturation to
 * [0, 255]. That is also the activation: of ReLU and ReLU6 the zero is 0 and 255 is the top of the range.
 * Nothing here can differ between instruction sets: sums are exact, and IEEE 754 says the rest.
 *
 * Sums of two products must fit 16 bits, since AVX2 without VNNI adds pairs there; and depthwise, sums
 * of six. at_q8_quantise and at_q8_quantise_dw choose each channel's scale such that they do.
 *
 * Layouts. Channels come in groups of AT_Q8_GROUP; those that do not exist have weights of zero.
 *   rows    (w, c)             pixel by pixel, as a product reads them
 *   quads   (ceil(w / 4), c, 4)  four neighbours' bytes of a channel together, as the depthwise layer
 *           reads them: a dot product of four bytes then is one row of a 3 x 3 window. What is past w
 *           is the layer's zero.
 */
#ifndef AT_KERNELS_Q8_H
#define AT_KERNELS_Q8_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/kernels.h"

#define AT_Q8_GROUP 16

/* What makes bytes of sums, for n channels (a multiple of AT_Q8_GROUP). */
typedef struct at_q8_scales {
    const float *scale;  /* (n) in (0, 1]; where floats come out, whatever it is */
    const int32_t *bias; /* (n) within 2^29 */
    const int32_t
        *sum; /* (n) 128 times the sum of the channel's weights: what is missing where inputs
                          * are multiplied as signed bytes, less 128 */
    int zero; /* [0,255] of the output */
} at_q8_scales;

/* m pixels by n channels of a matrix product. Pointers are those of the first. */
typedef struct at_q8_tile {
    const uint8_t *a; /* pixel i's piece s at a + i*pixel + s*segment: `quads` times four bytes. Of
                          * pixels up to a multiple of four there must be something to read */
    ptrdiff_t pixel, segment;
    int quads, segments;
    const int8_t *b; /* packed, see at_q8_pack; panels (16 columns) lie `panel` bytes apart */
    ptrdiff_t panel;
    at_q8_scales q;
    const uint8_t
        *residual; /* nullable: (m, ...) rows like c; their bytes take the place of zero */
    uint8_t *c;    /* rows: pixel i at c + i*c_step; quads: quad i there */
    float *f;      /* floats: pixel i there */
    ptrdiff_t c_step;
    float lo, hi; /* floats: within these */
} at_q8_tile;

/* Output pixels of one row of a 3x3 depthwise layer, all groups. */
typedef struct at_q8_dw {
    int c, w, ow; /* channels (a multiple of the group), pixels of the input, of the output */
    int stride, pad_left; /* 1 and 1; or 2 and 0 or 1 */
    int pad;              /* the byte that stands for zero in the input */
    const int8_t *weight; /* packed, see at_q8_pack_dw */
    at_q8_scales q;
} at_q8_dw;

typedef struct at_q8_kernels {
    const char *name; /* "c", "neon", "neon-dotprod", "avx2", "avx-vnni", "avx512-vnni" */
    int mr, nr;       /* most pixels (a multiple of four) and channels (16 or 32) of a tile */
    void (*rows)(const at_q8_tile *t, int m, int n);
    void (*quads)(const at_q8_tile *t, int m, int n);  /* m up to a multiple of four is written */
    void (*floats)(const at_q8_tile *t, int m, int n); /* sum * scale, clamped */
    /* row: input rows in quads, NULL: a row of the byte `pad`. y (ow, c) rows. */
    void (*dw_row)(const at_q8_dw *d, const uint8_t *const row[3], uint8_t *y);
    void (*dw_row_floats)(const at_q8_dw *d, const uint8_t *const row[3], float *y);
} at_q8_kernels;

typedef enum at_q8_isa {
    AT_Q8_C,
    AT_Q8_NEON,
    AT_Q8_NEON_DOTPROD,
    AT_Q8_AVX2,
    AT_Q8_AVX_VNNI,
    AT_Q8_AVX512_VNNI,
    AT_Q8_ISA_COUNT
} at_q8_isa;

/* The table for an instruction set, or NULL when this build or processor lacks it. */
const at_q8_kernels *at_q8_get(at_q8_isa isa);
/* The best here; $ATTUNE_ISA with a table's name overrides. Constant, thread-safe. */
const at_q8_kernels *at_q8_best(void);

/* ---- weights ------------------------------------------------------------------------------------ */

/* w (k x n) in int8: out (k x n), scale (n), w ~ out * scale. least (n): no scale below it. In no
 * channel do two neighbours of one sign, rows 2i and 2i+1, come to more than 128. */
void at_q8_quantise(int k, int n, const float *w, const float *least, int8_t *out, float *scale);
/* The same of a depthwise layer (9 x n): six taps of two neighbouring columns. */
void at_q8_quantise_dw(int n, const float *w, const float *least, int8_t *out, float *scale);

size_t at_q8_packed_bytes(int k, int n); /* k rounded up to four, n to groups */
/* Panels of 16 columns, of each all of k, four rows together: (panels, k / 4, 16, 4). */
void at_q8_pack(int k, int n, const int8_t *w, int8_t *packed);
/* (groups, 6, 3, 16, 4): a window's row as it lies in a quad, in the six ways that there are. */
size_t at_q8_packed_dw_bytes(int n);
void at_q8_pack_dw(int n, const int8_t *w, int8_t *packed);

#endif
