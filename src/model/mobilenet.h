/* mobilenet.h - MobileNetV2 1.0 up to its last feature map (Sandler 2018, table 2).
 *
 * A unit is a convolution with an optional bias and an optional batch norm; which of them there are
 * is read from the parameters that exist, so the one forward pass runs networks in training
 * (batch norm, no bias) and folded ones (bias, no batch norm). Parameters of a unit U:
 *   U.weight  stem (27, 32), depthwise (9, c), 1x1 (in, out)
 *   U.bias (c), or U.gamma U.beta U.mean U.var (c)
 * with U = PREFIX.stem, PREFIX.blockN.{expand,depthwise,project}, PREFIX.head.
 * Stride-2 layers pad as TF SAME does.
 */
#ifndef AT_MODEL_MOBILENET_H
#define AT_MODEL_MOBILENET_H

#include "tensor/ops.h"
#include "tensor/weights.h"

#define AT_MB_EPS 1e-3f /* of batch norm */

enum { AT_MB_STEM = 32, AT_MB_BLOCKS = 17, AT_MB_FEATURES = 1280 };

typedef struct at_mb_block {
    int in, mid, out; /* channels; mid == in: no expansion */
    int stride;       /* residual if 1 and in == out */
} at_mb_block;

extern const at_mb_block at_mb_blocks[AT_MB_BLOCKS];

/* Creates the parameters, He-initialised. batch_norm 0: biases instead. Weight decay is set for
 * dense weights only. */
int at_mobilenet_init(at_params *p, const char *prefix, int batch_norm, at_rng *rng,
                      attune_error *err);

/* Copies a network with batch norm folded in (names stem.weight ..., OIHW) into p, created before.
 * Units with batch norm get gamma 1, beta = bias and statistics that make it the identity, so that
 * AT_INFER gives the folded network's output; train only after at_mobilenet_calibrate. */
int at_mobilenet_import_folded(at_params *p, const char *prefix, const at_weights *w,
                               attune_error *err);
/* The same from a model file of ours (names prefix.stem.weight ...), folded or not, into a network
 * with batch norm. */
int at_mobilenet_import_own(at_params *p, const char *prefix, const at_weights *w,
                            attune_error *err);

/* How far activations go, of the pictures seen: the widened map of each block (the first one's is the
 * stem's) and its depthwise layer's output in [0, 6], both after ReLU6; and the map after it, with the
 * residual, as the largest absolute value. */
typedef struct at_mb_ranges {
    float widened[AT_MB_BLOCKS], depthwise[AT_MB_BLOCKS], map[AT_MB_BLOCKS];
} at_mb_ranges;

typedef struct at_mb_observer at_mb_observer;

/* momentum: of the running statistics. observer: nullable, see calibrate. Returns the last feature
 * map (b, ceil(h/32), ceil(w/32), AT_MB_FEATURES) after its activation. */
at_tensor *at_mobilenet_forward(at_graph *g, at_params *p, const char *prefix, at_tensor *x,
                                float momentum, at_mb_observer *observer);

/* Makes batch norm start out equal to what the network computes now: forwards in AT_INFER mode
 * with the observer record each unit's mean and variance; apply then moves the statistics there and
 * changes gamma and beta so that outputs stay what they were. */
int at_mb_observer_create(at_mb_observer **out, attune_error *err);
/* Of all pictures that it saw. Lives with it. */
const at_mb_ranges *at_mb_observer_ranges(const at_mb_observer *o);
void at_mb_observer_free(at_mb_observer **o);
int at_mobilenet_calibrate(at_params *p, const char *prefix, const at_mb_observer *o,
                           attune_error *err);

/* weight (rows, out) and bias (out) of a unit of a model file, batch norm folded in if it has one;
 * a plain linear layer is taken as it is. ATTUNE_E_FORMAT names what is missing or misshapen. */
int at_mb_fold_unit(const at_weights *w, const char *unit, int rows, int out, float *weight,
                    float *bias, attune_error *err);
/* The whole network of a model file into out, folded. */
int at_mobilenet_fold(at_params *out, const char *prefix, const at_weights *w, attune_error *err);

#endif
