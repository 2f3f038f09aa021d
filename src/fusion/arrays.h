/* arrays.h - small arrays of a model file, checked. Private to fusion. */
#ifndef AT_FUSION_ARRAYS_H
#define AT_FUSION_ARRAYS_H

#include "tensor/weights.h"

/* Copies an array of n finite numbers if the model has it; 1 if it did, negative when misshapen. */
int at_fusion_take(const at_weights *w, const char *name, int n, float *out, attune_error *err);
/* The array "of.what". */
int at_fusion_take_part(const at_weights *w, const char *of, const char *what, int n, float *out,
                        attune_error *err);

/* Whether it may divide logits, which are any numbers: what is left of them stays numbers. */
static inline int at_is_temperature(float t)
{
    return t >= 1e-3f && t <= 1e3f;
}

#endif
