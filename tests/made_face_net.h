/* made_face_net.h - a face network with made-up weights, for tests that have no model at hand. */
#ifndef AT_TESTS_MADE_FACE_NET_H
#define AT_TESTS_MADE_FACE_NET_H

#include "model/visual.h"

/* Random values that keep the size of activations, for what batch norm and biases are made of. */
void stir_params(at_params *p, at_rng *rng);

/* Random, but so that activations keep their size and the head says something. p: empty; takes the
 * same values, with batch norm as in training. Both are the caller's. */
at_weights *made_face_net(at_params *p);

#endif
