/* loss_scale.h - dynamic loss scaling (Micikevicius 2018, section 3.2).
 *
 * Gradients are found of the loss times a power of two and divided by it in the optimiser's step, so
 * that small ones are not lost where gradients are half floats. The scale is as large as it can be: a
 * step whose gradients are not finite is left out and halves it, GROWTH good steps on end double it.
 * This library's own gradients are f32, in which a power of two changes no bit short of overflow.
 */
#ifndef AT_TENSOR_LOSS_SCALE_H
#define AT_TENSOR_LOSS_SCALE_H

#include <stdint.h>

#define AT_LOSS_SCALE_START 65536.0f
#define AT_LOSS_SCALE_LEAST 1.0f
#define AT_LOSS_SCALE_MOST  16777216.0f /* 2^24 */

enum { AT_LOSS_SCALE_GROWTH = 2000 }; /* steps */

typedef struct at_loss_scale {
    float scale;  /* a power of two from LEAST to MOST; 0: off, gradients are as they are */
    int64_t good; /* steps since it last changed, in [0, GROWTH) */
} at_loss_scale;

/* What the loss is multiplied by: 1 when off. */
float at_loss_scale_factor(const at_loss_scale *s);
/* After a step: whether its gradients were finite. */
void at_loss_scale_update(at_loss_scale *s, int finite);
/* Whether the fields are as they may be. */
int at_loss_scale_valid(const at_loss_scale *s);

#endif
