/* made_weights.h - weights out of a file, as a model's are, of what a test puts into one. The file is gone. */
#ifndef AT_TESTS_MADE_WEIGHTS_H
#define AT_TESTS_MADE_WEIGHTS_H

#include "tensor/tensor.h"
#include "tensor/weights.h"

at_weights_writer *begin_weights(void); /* numbers may be any */
/* without (nullable): the name of one that is left out; ending with a point, what several begin with. */
void put_params(at_weights_writer *w, const at_params *p, const char *without);
/* at_weights_free. The writer, which borrows until then, is freed. */
at_weights *end_weights(at_weights_writer *w);

/* These parameters and nothing else. */
at_weights *weights_of(const at_params *p);

#endif
