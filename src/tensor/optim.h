/* optim.h - AdamW, gradient clipping, learning-rate schedules, averaged weights. */
#ifndef AT_TENSOR_OPTIM_H
#define AT_TENSOR_OPTIM_H

#include "tensor/tensor.h"

/* AdamW with decoupled decay (Loshchilov & Hutter 2019, alg. 2). Zero fields are defaults. */
typedef struct at_adamw {
    float lr, beta1, beta2, eps, decay; /* 1e-4, 0.9, 0.999, 1e-8, 0 */
    float clip;                         /* global gradient norm; 0: off */
    float ema;                          /* e.g. 0.999, less in the first steps; 0: off */
    float scale;                        /* that gradients are too large by (loss_scale.h); 0: 1 */
    int64_t step;                       /* steps taken, saved in checkpoints */
} at_adamw;

/* Allocates the moments (and averages, also of buffers) that are missing: call again after making
 * more parameters trainable. */
int at_adamw_init(at_adamw *o, at_params *p, attune_error *err);
/* One step with this learning rate; *norm: that of the gradients before clipping (one that is not finite skips the
 * step). Parameters without a gradient are left alone. Divides gradients by the scale and clips them in place.
 * Fails for want of memory alone, and has moved nothing then. */
int at_adamw_step(at_adamw *o, at_params *p, at_pool *pool, const at_kernels *kn, float lr,
                  float *norm, attune_error *err);
/* Swap weights and averages (evaluation on the averages), call again to swap back. */
void at_ema_swap(at_params *p);

/* lr at step (from 0) of total: linear warm-up, then cosine to floor (Loshchilov & Hutter 2017). */
float at_lr_cosine(float lr, float floor, int64_t step, int64_t warmup, int64_t total);

/* Reduce on plateau (paper 3.5). */
typedef struct at_plateau {
    float factor, min_lr; /* 0.5 where it is 0; and 0 */
    int patience;         /* epochs without a better value; 3 where it is 0 */
    float best;           /* state */
    int waited, started;
} at_plateau;
float at_plateau_step(at_plateau *s, float lr, float value /* higher is better */);

#endif
