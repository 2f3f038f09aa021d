/* ops.h - the operations. Forward and backward of an op stand side by side in ops_*.c.
 *
 * Each takes the graph first and returns a fresh tensor (NULL after a failure). Shapes in
 * comments: b batch, t time, h w image, c channels, n classes.
 */
#ifndef AT_TENSOR_OPS_H
#define AT_TENSOR_OPS_H

#include "tensor/tensor.h"

/* ---- ops_linear.c, ops_conv.c ---------------------------------------------------------- */

/* y (b,h,w,o) = x (b,h,w,c) weight (c,o) + bias (o, nullable); also linear layers: any rank, the
 * last dimension is c. */
at_tensor *at_linear(at_graph *g, at_tensor *x, at_tensor *weight, at_tensor *bias);

typedef struct at_pad {
    int top, left; /* bottom and right follow from the output size */
} at_pad;
/* Output size is ceil(h/stride). For a 3x3: TF SAME pads (0,0) at stride 2 on even sizes; symmetric
 * padding is (1,1). */
at_pad at_pad_same(int h, int w, int stride);
extern const at_pad at_pad_one; /* {1,1} */

/* x (b,h,w,c), weight (9c, o) in (ky,kx,c) order */
at_tensor *at_conv3x3(at_graph *g, at_tensor *x, at_tensor *weight, at_tensor *bias, int stride,
                      at_pad pad);
/* x (b,h,w,c), weight (9, c), bias (c) nullable */
at_tensor *at_depthwise3x3(at_graph *g, at_tensor *x, at_tensor *weight, at_tensor *bias,
                           int stride, at_pad pad);

/* ---- ops_norm.c ------------------------------------------------------------------------ */

/* Batch norm over all but the last dimension, fused with its activation (none, relu, relu6).
 * gamma, beta, running mean and variance (c; a NULL param counts as memory being out). In AT_TRAIN
 * batch statistics are used and the running ones move by momentum towards them (running =
 * (1-momentum)*running + momentum*batch, the variance unbiased). Where gamma and beta are frozen
 * the running statistics are used and left alone, in training too. Of pictures (rank 4) in AT_TRAIN
 * y->data stays NULL until an operation needs it whole: a convolution does not. */
at_tensor *at_batch_norm(at_graph *g, at_tensor *x, at_tensor *gamma, at_tensor *beta,
                         at_param *mean, at_param *var, float momentum, float eps, at_act act);
at_tensor *at_layer_norm(at_graph *g, at_tensor *x, at_tensor *gamma, at_tensor *beta, float eps);

/* ---- ops_basic.c ----------------------------------------------------------------------- */

at_tensor *at_activation(at_graph *g, at_tensor *x, at_act act);
at_tensor *at_add(at_graph *g, at_tensor *a, at_tensor *b); /* b: same shape, or (cols) */
at_tensor *at_mul(at_graph *g, at_tensor *a, at_tensor *b); /* same shape */
at_tensor *at_scale(at_graph *g, at_tensor *a, float k);
at_tensor *at_concat(at_graph *g, at_tensor *const *x, int n);              /* last dimension */
at_tensor *at_slice(at_graph *g, at_tensor *x, int from, int to);           /* last dimension */
at_tensor *at_slice_rows(at_graph *g, at_tensor *x, int from, int to);      /* first dimension */
at_tensor *at_reshape(at_graph *g, at_tensor *x, int rank, const int *dim); /* shares data, grad */
at_tensor *at_dropout(at_graph *g, at_tensor *x, float p);                  /* p in [0,1) */
at_tensor *at_softmax(at_graph *g, at_tensor *x);                           /* last dimension */

/* ---- ops_pool.c ------------------------------------------------------------------------ */

at_tensor *at_global_avg_pool(at_graph *g, at_tensor *x); /* (b,h,w,c) -> (b,c) */
at_tensor *at_max_pool2(at_graph *g, at_tensor *x);       /* 2x2 stride 2 (YuNet) */
at_tensor *at_upsample2(at_graph *g, at_tensor *x);       /* nearest, x2 (YuNet's neck) */

/* ---- ops_attention.c ------------------------------------------------------------------- */

/* Scaled dot-product attention (Vaswani 2017, eq. 1) with an additive bias on the logits:
 * softmax(q k^T / sqrt(d) + bias) v. q (b,tq,c), k v (b,tk,c), heads divides c; bias (b,tk)
 * nullable, constant or with grad: log-reliabilities and masks (-1e30) go there. */
at_tensor *at_attention(at_graph *g, at_tensor *q, at_tensor *k, at_tensor *v, int heads,
                        at_tensor *bias);
/* Keeps a deviation's slope finite where nothing varies. */
#define AT_POOL_VARIANCE_FLOOR 1e-6
/* Attention pooling: w = softmax_t(score (b,t,1) masked by lengths), y (b, 2c) = weighted mean and
 * deviation of x (b,t,c) if with_std, else the mean (b,c). lengths (b) nullable, in [0,t]; an empty
 * sequence gives zeros (and deviations of 0.001). */
at_tensor *at_attention_pool(at_graph *g, at_tensor *x, at_tensor *score, const int *lengths,
                             int with_std);

/* ---- ops_lstm.c ------------------------------------------------------------------------ */

/* One LSTM direction over padded sequences: x (b,t,c), w_x (c,4u), w_h (u,4u), bias (4u), gates in
 * order i,f,g,o -> h (b,t,u). Steps past lengths[b] give zeros; reverse runs each sequence from
 * its own end. */
at_tensor *at_lstm(at_graph *g, at_tensor *x, at_tensor *w_x, at_tensor *w_h, at_tensor *bias,
                   const int *lengths, int reverse);
/* Both directions, one a thread: (b,t,2u) */
at_tensor *at_bilstm(at_graph *g, at_tensor *x, at_tensor *const fwd[3], at_tensor *const bwd[3],
                     const int *lengths);

/* ---- ops_time.c ------------------------------------------------------------------------ */

/* 1-d convolution over time, k odd, same padding: x (b,t,c), weight (k*c, o) in (k,c) order, bias
 * (o) nullable -> (b, ceil(t/stride), o). Output i is centred on input i*stride. */
at_tensor *at_conv_time(at_graph *g, at_tensor *x, at_tensor *weight, at_tensor *bias, int k,
                        int stride);

/* ---- ops_loss.c: all give a scalar, the mean over the rows (or, where weights are element-wise,
 * the elements) whose weight is not zero; 0 when there are none. Targets of masked ones are not
 * read. Arrays are borrowed for the call only. ---------------------------------------------- */

/* -sum_n class_weight[n] target[r,n] log softmax(x)[r,n], times row_weight[r]. x (r,n), target (r,n)
 * rows sum to 1 (soft votes); smoothing mixes in the uniform; class_weight (n) and row_weight (r,
 * 0 masks a missing label) nullable. */
at_tensor *at_cross_entropy(at_graph *g, at_tensor *x, const float *target,
                            const float *class_weight, const float *row_weight, float smoothing);
/* Element-wise binary cross-entropy on logits: target, weight (same shape as x; weight nullable). */
at_tensor *at_binary_cross_entropy(at_graph *g, at_tensor *x, const float *target,
                                   const float *weight);
/* Ordinal levels as cumulative binary tasks (Frank & Hall 2001; Niu 2016): x (r, levels-1) logits of
 * P(level > k); level (r), < 0 masks; positive_weight (levels-1) nullable. A row's loss is the sum
 * of its tasks'. */
at_tensor *at_ordinal_loss(at_graph *g, at_tensor *x, const int *level,
                           const float *positive_weight);
/* Mean of |x-t| smoothed at 1 (Huber), weight (same shape) nullable: box and landmark distillation */
at_tensor *at_smooth_l1(at_graph *g, at_tensor *x, const float *target, const float *weight);
/* Mean squared error (feature distillation). */
at_tensor *at_mse(at_graph *g, at_tensor *x, const float *target, const float *weight);
at_tensor *at_sum_losses(at_graph *g, at_tensor *const *loss, const float *weight, int n);

#endif
