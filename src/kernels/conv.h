/* conv.h - convolutions over whole batches, threaded, on the kernel table.
 *
 * NHWC f32. Work is cut by image and row, from the problem's size only, and every sum has a fixed
 * order: results are bit-identical for any pool. Pools are nullable. All workspaces are floats,
 * given by the caller.
 */
#ifndef AT_KERNELS_CONV_H
#define AT_KERNELS_CONV_H

#include "base/pool.h"
#include "kernels/kernels.h"

/* ---- depthwise 3x3 over batch images of g->h x g->w x g->c -------------------------------- */

void at_depthwise(at_pool *pool, const at_kernels *kn, const at_dw3x3 *g, int batch, const float *x,
                  const float *weight, const float *bias, at_act act, float *y);
/* dx is overwritten. */
void at_depthwise_bwd_data(at_pool *pool, const at_kernels *kn, const at_dw3x3 *g, int batch,
                           const float *dy, const float *weight, float *dx);
/* dweight (9 x c) is overwritten, or added to when accumulate is set. */
size_t at_depthwise_bwd_weight_workspace(const at_dw3x3 *g, int batch);
void at_depthwise_bwd_weight(at_pool *pool, const at_kernels *kn, const at_dw3x3 *g, int batch,
                             const float *x, const float *dy, float *dweight, int accumulate,
                             float *workspace);

/* ---- dense 3x3 with few input channels (first layers): im2col rows, then the GEMM tile -------- */

typedef struct at_conv_size {
    int h, w, c, oh, ow, n; /* x (h x w x c) -> y (oh x ow x n) */
    int stride, pad_top, pad_left;
} at_conv_size;

/* packed: at_gemm_pack of the (9c x n) weight, rows in (ky, kx, c) order. bias (n) nullable. */
size_t at_conv3x3_workspace(const at_conv_size *g, const at_pool *pool);
void at_conv3x3_forward(at_pool *pool, const at_kernels *kn, const at_conv_size *g, int batch,
                        const float *x, const float *packed, const float *bias, at_act act,
                        float *y, float *workspace);
/* dweight (9c x n) is overwritten, or added to when accumulate is set. */
size_t at_conv3x3_bwd_weight_workspace(const at_conv_size *g, int batch);
void at_conv3x3_bwd_weight(at_pool *pool, const at_kernels *kn, const at_conv_size *g, int batch,
                           const float *x, const float *dy, float *dweight, int accumulate,
                           float *workspace);

/* ---- fused units for inference ------------------------------------------------------------- */

/* MobileNetV2's inverted residual (Sandler 2018, figure 3b), batch norm folded:
 *     y = [x +] act2(project(act(depthwise(act(expand(x))))))
 * The expanded tensor is never whole in memory where that is faster: a ring of its rows is. With
 * expand NULL the depthwise layer reads x itself; with project NULL its output is y (a pointwise
 * then depthwise unit, or with both NULL a depthwise layer). */
typedef struct at_inverted_residual {
    at_dw3x3 dw;     /* h, w: of x too; c: expanded channels (= c_in when expand is NULL) */
    int c_in, c_out; /* c_out = dw.c when project is NULL */
    int residual;    /* add x: stride 1 and c_in == c_out */
    at_act expand_act, dw_act, project_act;
    const float *expand; /* packed (c_in x dw.c), nullable; bias (dw.c) */
    const float *expand_bias;
    const float *dw_weight, *dw_bias; /* (9 x dw.c), (dw.c) */
    const float *project;             /* packed (dw.c x c_out), nullable; bias (c_out) */
    const float *project_bias;
} at_inverted_residual;

size_t at_inverted_residual_workspace(const at_inverted_residual *u, const at_pool *pool);
/* x (h x w x c_in) -> y (dw.oh x dw.ow x c_out), one image. y must not overlap x. */
void at_inverted_residual_run(at_pool *pool, const at_kernels *kn, const at_inverted_residual *u,
                              const float *x, float *y, float *workspace);

#endif
