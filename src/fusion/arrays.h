/* arrays.h - small arrays of a model file, checked. Private to fusion. */
#ifndef AT_FUSION_ARRAYS_H
#define AT_FUSION_ARRAYS_H

#include "tensor/weights.h"

/* Whether each number is in the range that arrays of such a name have: ATTUNE_OK, or ATTUNE_E_FORMAT with name,
 * value and range. */
int at_fusion_check(const char *name, const float *x, size_t n, attune_error *err);
/* Copies an array of n numbers, each in its range, if the model has it; 1 if it did, negative when it is
 * misshapen. */
int at_fusion_take(const at_weights *w, const char *name, int n, float *out, attune_error *err);
/* The array "of.what". */
int at_fusion_take_part(const at_weights *w, const char *of, const char *what, int n, float *out,
                        attune_error *err);

#endif
