/* q8_unit.h - eight-bit layers over whole pictures, threaded, on the table of q8.h: what conv.h's
 * inverted residual and gemm.h's product are in f32. Pools are nullable; sums are exact, so bits depend
 * on neither pool nor table.
 */
#ifndef AT_KERNELS_Q8_UNIT_H
#define AT_KERNELS_Q8_UNIT_H

#include "base/pool.h"
#include "kernels/q8_layer.h"

/* How a product finds its input: pixel (y, x) at data + y*row + x*pixel; a piece of it is `quads` times
 * four bytes, and pieces lie `segment` bytes apart (a 1x1 convolution has one, a 3x3 one three, rows of
 * the picture). After the last pixel AT_Q8_SLACK bytes more can be read. */
typedef struct at_q8_map {
    const uint8_t *data;
    ptrdiff_t row, pixel, segment;
} at_q8_map;

enum { AT_Q8_SLACK = 4 * 1280 };

/* An inverted residual, or a part of one: widen, depthwise, project. The widened map is never whole in
 * memory. */
typedef struct at_q8_unit {
    int h, oh, pad_top;  /* rows of the widened map, of the output */
    at_q8_layer widen;   /* a pixel of the widened map each */
    at_q8_dw dw;         /* dw.c = widen.n */
    at_q8_layer project; /* without: the depthwise layer's output is y */
    int residual;        /* y = x + ...: both have project's scale and zero */
} at_q8_unit;

size_t at_q8_unit_workspace(const at_q8_unit *u, const at_pool *pool); /* bytes */
/* y: (oh, dw.ow, project.n or dw.c), then AT_Q8_SLACK bytes, which become 0. */
void at_q8_unit_run(at_pool *pool, const at_q8_kernels *kn, const at_q8_unit *u, const at_q8_map *x,
                    uint8_t *y, uint8_t *workspace);
/* The same with the depthwise layer's output as floats; there is no projection. */
void at_q8_unit_run_floats(at_pool *pool, const at_q8_kernels *kn, const at_q8_unit *u,
                           const at_q8_map *x, float *y, uint8_t *workspace);

/* y (h, w, n) = the product of each pixel; then AT_Q8_SLACK bytes, which become 0. */
void at_q8_product(at_pool *pool, const at_q8_kernels *kn, const at_q8_layer *l, const at_q8_map *x,
                   int h, int w, uint8_t *y);
/* y (m, n) = the product of m pixels in a row, within lo and hi. */
void at_q8_product_floats(at_pool *pool, const at_q8_kernels *kn, const at_q8_layer *l,
                          const at_q8_map *x, int m, float lo, float hi, float *y);

#endif
