/* q8_layer.h - eight-bit layers made of f32 ones and of what their inputs and outputs stand for. */
#ifndef AT_KERNELS_Q8_LAYER_H
#define AT_KERNELS_Q8_LAYER_H

#include "base/mem.h"
#include "kernels/q8.h"

/* A byte q stands for scale * (q - zero). */
typedef struct at_q8_code {
    float scale;
    double zero;
} at_q8_code;

enum { AT_Q8_MIDDLE = 128 }; /* the zero of what may be negative */

at_q8_code at_q8_code_of_activation(float range); /* [0, range] */
at_q8_code at_q8_code_of_map(float range);        /* [-range, range] */

/* A matrix of weights, `segments` times `quads` times four rows by n columns; or a depthwise layer of n
 * channels. */
typedef struct at_q8_layer {
    int quads, segments;
    int n;                /* whole groups */
    const int8_t *weight; /* packed; NULL: there is no such layer */
    at_q8_scales q;
} at_q8_layer;

/* w (pieces, rows, n) and bias (n) of a product that reads `pieces` times `rows` values of code in and
 * writes out, NULL: floats. Memory of the layer is the arena's. ATTUNE_OK or ATTUNE_E_NOMEM. */
int at_q8_make_dense(at_q8_layer *l, at_arena *arena, int pieces, int rows, int n, const float *w,
                     const float *bias, const at_q8_code *in, const at_q8_code *out);
/* w (9, n) of a depthwise layer, likewise. */
int at_q8_make_depthwise(at_q8_layer *l, at_arena *arena, int n, const float *w, const float *bias,
                         const at_q8_code *in, const at_q8_code *out);

#endif
