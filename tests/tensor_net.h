/* tensor_net.h - a small network in which every op has a part, for tests of the whole engine. */
#ifndef AT_TESTS_TENSOR_NET_H
#define AT_TESTS_TENSOR_NET_H

#include "tensor/ops.h"

/* The loss on a batch made from `seed`, with parameters from p (made at the first call). NULL
 * after a failure. */
at_tensor *tensor_net_loss(at_graph *g, at_params *p, uint64_t seed);

#endif
