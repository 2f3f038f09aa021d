/* vision_net.h - a small detector with made-up weights, for tests that have no model at hand. */
#ifndef AT_TESTS_VISION_NET_H
#define AT_TESTS_VISION_NET_H

#include "tensor/tensor.h"

/* Fills p with "detector.*", channels wide. shared: with the units that heads share. The heads'
 * biases make a few cells of any picture pass for faces. */
void vision_net_make(at_params *p, int channels, int shared);

#endif
