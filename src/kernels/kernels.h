/* kernels.h - the arithmetic that time is spent in, one table of functions an instruction set.
 *
 * A table starts as portable C and is overwritten, entry by entry, by what the processor can do
 * (AVX2+FMA, AVX-512, NEON). All entries run on the calling thread and touch no globals; the
 * threaded drivers built on them (gemm.h, conv.h) cut work by problem size only, so results are
 * bit-identical for any number of threads. Different tables may differ in the last bits.
 *
 * Layout: NHWC f32, channels contiguous. Pointers from at_alloc are 64-byte aligned, but entries
 * accept any alignment and any size (c need not divide the vector).
 */
#ifndef AT_KERNELS_KERNELS_H
#define AT_KERNELS_KERNELS_H

#include <stddef.h>
#include <stdint.h>

typedef enum at_act {
    AT_ACT_NONE,
    AT_ACT_RELU,
    AT_ACT_RELU6,
    AT_ACT_SILU,
    AT_ACT_GELU,
    AT_ACT_SIGMOID,
    AT_ACT_TANH
} at_act;

/* What is read after a product and comes into the second-level cache meanwhile: `bytes` from each address, in
 * this order (0: nothing). What was asked for is taken off. */
enum { AT_AHEAD = 3 };
typedef struct at_ahead {
    const char *from[AT_AHEAD];
    size_t bytes[AT_AHEAD];
} at_ahead;

/* What happens to a tile of C before it is stored: C = act(acc + bias) + residual, where acc
 * starts from the old C when accumulate is set. */
typedef struct at_epilogue {
    const float *bias;     /* (n) nullable */
    const float *residual; /* (m x n) nullable, row stride residual_row */
    ptrdiff_t residual_row;
    at_act act;
    int accumulate;
    const float *next; /* nullable: what is read after B, laid out as it is; fetched meanwhile */
    at_ahead *ahead;   /* nullable, for at_gemm_packed without a pool */
} at_epilogue;

/* One 3x3 depthwise convolution over one image.
 * x (h x w x c), weight (9 x c, row-major over ky, kx), y (oh x ow x c). Output (oy, ox) reads
 * input rows oy*stride - pad_top + ky; what falls outside is zero. */
typedef struct at_dw3x3 {
    int h, w, c, oh, ow;
    int stride;            /* 1 or 2 */
    int pad_top, pad_left; /* 0 or 1 */
} at_dw3x3;

/* Output rows that one call makes at most, where it is given the input rows. */
#define AT_DW_ROWS 4

typedef struct at_kernels {
    const char *name; /* "c", "avx2", "avx512", "neon" */
    int mr, nr;       /* the register tile: mr <= 16 rows of A by nr <= 64 columns of B */

    /* C[mr' x nr'] = epilogue(sum_k A[i,k] B[k,j]), mr' <= mr, nr' <= nr (edges handled here).
     * A[i,k] at a[i*a_row + k*a_col]; B[k,j] at b[k*b_row + j], read up to the end of a vector of
     * nr / 2 columns (packed panels: b_row == nr, zero-padded). Each C is one chain of k
     * multiply-adds, the same for every m and n. e: bias and residual already offset. */
    void (*gemm_tile)(int m, int n, int k, const float *a, ptrdiff_t a_row, ptrdiff_t a_col,
                      const float *b, ptrdiff_t b_row, float *c, ptrdiff_t c_row,
                      const at_epilogue *e);

    /* Rows [oy0, oy1) of the output. rows: input row pointers are x + iy*w*c. bias (c) nullable. */
    void (*dw3x3)(const at_dw3x3 *g, int oy0, int oy1, const float *x, const float *weight,
                  const float *bias, at_act act, float *y);
    /* Channels [from, to) of `rows` output rows, at most AT_DW_ROWS, from (rows - 1) * stride + 3
     * pointers to input rows (each w*c; NULL = a row of zeros): the fused inverted residual keeps
     * only a ring of rows, or only some channels. All pointers are channel 0's. */
    void (*dw3x3_rows)(const at_dw3x3 *g, int rows, int from, int to, const float *const row[],
                       const float *weight, const float *bias, at_act act, float *y);
    /* dx rows [iy0, iy1) (overwritten) from dy (oh x ow x c). */
    void (*dw3x3_bwd_data)(const at_dw3x3 *g, int iy0, int iy1, const float *dy,
                           const float *weight, float *dx);
    /* dweight (9 x c) += contributions of output rows [oy0, oy1). */
    void (*dw3x3_bwd_weight)(const at_dw3x3 *g, int oy0, int oy1, const float *x, const float *dy,
                             float *dweight);

    /* ---- rows x c matrices, contiguous -------------------------------------------------- */
    /* sum (c) and sumsq (c) are added to. Over at most 4096 rows a call, f32. */
    void (*sum_sumsq)(int rows, int c, const float *x, float *sum, float *sumsq);
    /* y = act(x * scale + shift), scale and shift (c). y may be x. */
    void (*scale_shift_act)(int rows, int c, const float *x, const float *scale, const float *shift,
                            at_act act, float *y);
    /* Batch norm backward, first pass, with the activation's derivative folded in:
     * g = dy * act'(x*scale + shift); dsum (c) += sum g; dxsum (c) += sum g * x. act: none, relu,
     * relu6 only. */
    void (*bn_bwd_reduce)(int rows, int c, const float *x, const float *dy, const float *scale,
                          const float *shift, at_act act, float *dsum, float *dxsum);
    /* second pass: dx = ka*g + kb*x + kc, per channel (c). dx may be dy. */
    void (*bn_bwd_apply)(int rows, int c, const float *x, const float *dy, const float *scale,
                         const float *shift, at_act act, const float *ka, const float *kb,
                         const float *kc, float *dx);
    void (*sum_rows)(int rows, int c, const float *x, float *sum); /* sum (c) += */

    /* ---- vectors of n ------------------------------------------------------------------- */
    void (*add)(size_t n, const float *a, const float *b, float *y);
    void (*axpy)(size_t n, float alpha, const float *x, float *y); /* y += alpha x */
    void (*act)(size_t n, at_act act, const float *x, float *y);   /* y may be x */
    /* dx (+)= dy * act'(x); accumulate 0 or 1 */
    void (*act_bwd)(size_t n, at_act act, const float *x, const float *dy, float *dx,
                    int accumulate);
    float (*dot)(size_t n, const float *a, const float *b);
    void (*softmax)(int rows, int c, const float *x, float *y); /* over c */
    /* y = exp(x - max); *sum = total of y */
    void (*exp_sum)(int c, const float *x, float max, float *y, float *sum);

    /* One LSTM step over a batch of b rows, after the gates' GEMM. gates (b x 4u) holds i,f,g,o
     * pre-activations and receives the activated values; c_prev (NULL: zeros), c, h (b x u);
     * tanh_c (b x u) nullable. c may be c_prev. */
    void (*lstm_cell)(int b, int u, float *gates, const float *c_prev, float *c, float *tanh_c,
                      float *h);
    /* dh (b x u), dc (b x u, in: from the step after; out: for the step before); dgates (b x 4u)
     * from the activated gates. c_prev NULL: zeros; dgates may be gates. */
    void (*lstm_cell_bwd)(int b, int u, const float *gates, const float *c_prev,
                          const float *tanh_c, const float *dh, float *dc, float *dgates);

    /* AdamW with decoupled decay (Loshchilov & Hutter 2019): m, v updated; p -= lr*(mhat/(sqrt(
     * vhat)+eps) + decay*p). c1 = 1/(1-b1^t), c2 = 1/(1-b2^t). */
    void (*adamw)(size_t n, float *p, const float *g, float *m, float *v, float lr, float b1,
                  float b2, float eps, float decay, float c1, float c2);

    void (*f16_to_f32)(size_t n, const uint16_t *x, float *y);
    void (*f32_to_f16)(size_t n, const float *x, uint16_t *y); /* round to nearest even */

    /* Multiply-adds on registers alone, in independent chains, `steps` of each: timing it gives the
     * most that a core can do. Returns the operations done, two a multiply-add. */
    double (*fma_peak)(int steps);
} at_kernels;

typedef enum at_isa { AT_ISA_C, AT_ISA_NEON, AT_ISA_AVX2, AT_ISA_AVX512, AT_ISA_COUNT } at_isa;

/* The table for an instruction set, or NULL when this build or processor lacks it. */
const at_kernels *at_kernels_get(at_isa isa);
/* The best table here; $ATTUNE_ISA (c, avx2, avx512, neon) overrides. Constant, thread-safe. */
const at_kernels *at_kernels_best(void);

#endif
