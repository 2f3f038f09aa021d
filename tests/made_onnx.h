/* made_onnx.h - a small network on the tensor graph, and the same written down as ONNX. */
#ifndef AT_TESTS_MADE_ONNX_H
#define AT_TESTS_MADE_ONNX_H

#include "tensor/tensor.h"

enum { MADE_SIDE = 12, MADE_CHANNELS = 3, MADE_ANSWERS = 4 };

/* Its parameters, random. */
int made_onnx_init(at_params *p, attune_error *err);
/* x (1, MADE_SIDE, MADE_SIDE, MADE_CHANNELS) -> (1, MADE_ANSWERS), probabilities. NULL after a failure of the graph. */
at_tensor *made_onnx_forward(at_graph *g, at_params *p, at_tensor *x);
/* The file of a pass of it: input "x", output "y". *bytes is to be freed by free. */
int made_onnx_file(at_params *p, char **bytes, size_t *n, attune_error *err);

#endif
