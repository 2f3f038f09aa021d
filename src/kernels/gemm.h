/* gemm.h - matrix product on the kernel table's register tile, threaded.
 *
 * 1x1 convolutions, linear layers, attention, LSTM gates and (through im2col) the first
 * convolution all come here. B is packed once into panels of nr columns; weights that do not
 * change between calls are packed at load.
 */
#ifndef AT_KERNELS_GEMM_H
#define AT_KERNELS_GEMM_H

#include "base/pool.h"
#include "kernels/kernels.h"

/* Floats that a packed k x n matrix takes (n rounded up to panels of nr). */
size_t at_gemm_packed_floats(const at_kernels *kn, int k, int n);
/* B[p,j] at b[p*b_row + j*b_col], one of the two being 1; columns past n are zero. Pool nullable. */
void at_gemm_pack(at_pool *pool, const at_kernels *kn, int k, int n, const float *b,
                  ptrdiff_t b_row, ptrdiff_t b_col, float *packed);

/* C (m x n) = epilogue(A (m x k) * B (k x n)), B packed. Pool nullable. */
void at_gemm_packed(at_pool *pool, const at_kernels *kn, int m, int n, int k, const float *a,
                    ptrdiff_t a_row, ptrdiff_t a_col, const float *packed, float *c,
                    ptrdiff_t c_row, const at_epilogue *e);

/* Weight gradient: dW (k x n) (+)= A (m x k)^T * D (m x n), rows contiguous with strides a_row,
 * d_row; m long. Chunks of rows are summed in fixed order. workspace: at_gemm_tn_workspace floats. */
size_t at_gemm_tn_workspace(const at_kernels *kn, int m, int n, int k);
void at_gemm_tn(at_pool *pool, const at_kernels *kn, int m, int n, int k, const float *a,
                ptrdiff_t a_row, const float *d, ptrdiff_t d_row, float *dw, ptrdiff_t dw_row,
                int accumulate, float *workspace);

#endif
