/* spatial.h - a Transformer encoder over the places of the face network's last map.
 *
 * The paper's face stream (sections 2.2 and 3.1): the map's places are tokens that look at each other, so
 * that what one place shows can be read by what others do, and places that show nothing lose weight. A
 * token is a linear projection of its place's features plus a learned vector of where the place lies;
 * pre-norm layers (Vaswani 2017; Xiong 2020) of self-attention and feed-forward follow, then pooling by
 * attention, each head with a look of its own. What comes out is added to the logits of FER+'s and
 * FER2013's heads; its last weights start at zero, so a network that is given an encoder starts out as
 * it was.
 *
 * Where places lie is learned as weights of the cosines cos(pi i x) cos(pi j y), i and j under
 * AT_SPATIAL_WAVES, at the middle of each place: on a 4 x 4 map all that a table of vectors could say, and
 * on any other map what lies between.
 *
 * Arrays, all named visual.spatial.*, w the width, h the heads; what they are is what the encoder is:
 *   project.weight (1280, w) .bias   place (16, w)   norm.gamma .beta   pool.weight (w, h)
 *   expression.weight (w, 8) .bias   basic.weight (w, 7) .bias, and of each layer N
 *   layerN.attend.gamma .beta   layerN.seen.weight (w, 3 w) .bias: queries, keys, values
 *   layerN.found.weight (w, w) .bias   layerN.feed.gamma .beta
 *   layerN.widen.weight (w, 2 w) .bias   layerN.narrow.weight (2 w, w) .bias
 */
#ifndef AT_MODEL_SPATIAL_H
#define AT_MODEL_SPATIAL_H

#include "model/heads.h"
#include "tensor/ops.h"
#include "tensor/weights.h"

#define AT_SPATIAL_EPS 1e-5f /* of layer norm */

enum {
    AT_SPATIAL_LAYERS = 4, /* at most */
    AT_SPATIAL_WIDTH = 512,
    AT_SPATIAL_HEADS = 16,
    AT_SPATIAL_WAVES = 4, /* along each axis */
    AT_SPATIAL_PLACE = AT_SPATIAL_WAVES * AT_SPATIAL_WAVES,
    AT_SPATIAL_WIDER = 2, /* the feed-forward's hidden layer, times the width */
    AT_SPATIAL_LOGITS = AT_FACE_CLASSES + AT_BASIC_CLASSES,
};

/* At least 1 each and at most what stands above, the heads dividing the width; layers 0: no encoder. */
typedef struct at_spatial_shape {
    int layers, width, heads;
} at_spatial_shape;

/* What is wrong with a shape of at least one layer; NULL: nothing. */
const char *at_spatial_wrong(const at_spatial_shape *s);

/* The shape of the encoder in there, all of whose arrays have been found whole: there, of their shapes,
 * finite. ATTUNE_E_FORMAT names one that is not. layers 0: there is none. */
int at_spatial_shape_of(at_weight_source from, at_spatial_shape *out, attune_error *err);

/* Creates the arrays, random but for the last weights, which are zero. */
int at_spatial_init(at_params *p, const at_spatial_shape *s, at_rng *rng, attune_error *err);
/* Copies the encoder in there, if there is one, into p, which gets one if it has none. ATTUNE_E_FORMAT: p
 * has one of another shape. */
int at_spatial_import(at_params *p, at_weight_source from, attune_error *err);

/* expression (b, 8) and basic (b, 7) of the map features (b, h, w, 1280), to be added to logits; dropout:
 * before the last weights. p has an encoder. NULL, both, after a failure of the graph. */
void at_spatial_forward(at_graph *g, const at_params *p, at_tensor *features, float dropout,
                        at_tensor **expression, at_tensor **basic);
static inline int at_spatial_is_in(const at_params *p)
{
    return at_params_find(p, "visual.spatial.project.weight") != NULL;
}

/* place (h * w, AT_SPATIAL_PLACE): the cosines. */
void at_spatial_places(int h, int w, float *place);

/* ---- run-time path (spatial_run.c) -------------------------------------------------------- */

/* A linear layer ready to run: packed for the kernels. */
typedef struct at_spatial_dense {
    int rows, cols;
    float *weight, *bias; /* bias: nullable */
} at_spatial_dense;

typedef struct at_spatial_norm {
    const float *gamma, *beta;
} at_spatial_norm;

/* Zeros: no encoder. */
typedef struct at_spatial_net {
    at_spatial_shape shape;
    at_spatial_dense project, place, pool, logits; /* logits: both heads' side by side */
    at_spatial_norm norm;
    struct {
        at_spatial_norm attend, feed;
        at_spatial_dense seen, found, widen, narrow;
    } layer[AT_SPATIAL_LAYERS];
} at_spatial_net;

/* The encoder of a model file, packed, its memory in the arena; a file without one leaves zeros. */
int at_spatial_freeze(at_spatial_net *out, at_arena *arena, const at_weights *w,
                      const at_kernels *kn, attune_error *err);
/* Floats that a run on a map of that many places takes. */
size_t at_spatial_workspace(const at_spatial_net *s, const at_kernels *kn, int places);
/* expression (8) and basic (7) are added to. map (h, w, 1280). Bits do not depend on the pool. */
void at_spatial_run(const at_spatial_net *s, at_pool *pool, const at_kernels *kn, const float *map,
                    int h, int w, float *workspace, float *expression, float *basic);

#endif
