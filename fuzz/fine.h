/* fine.h - arrays of a model that nothing is wrong with. */
#ifndef AT_FUZZ_FINE_H
#define AT_FUZZ_FINE_H

#include "tensor/tensor.h"

enum { FINE_CHANNELS = 4 };

/* A matrix (rows, cols) or, with rows 0, a vector (cols) of that value. */
void fine_add(at_params *p, const char *name, int rows, int cols, float value);
void fine_add_of(at_params *p, const char *of, const char *what, int rows, int cols, float value);
/* "detector.*", in our own layout. */
void fine_detector(at_params *p);

#endif
