/* encoder.h - a Transformer encoder over the tokens of a face: the places of a map (spatial.h), or the
 * frames of a window (temporal.h).
 *
 * A token is a linear projection of AT_MB_FEATURES features plus one of numbers that say where it lies;
 * pre-norm layers (Vaswani 2017; Xiong 2020) of self-attention and feed-forward follow, then pooling by
 * attention, each head with a look of its own. What comes out is added to the logits of FER+'s and
 * FER2013's heads; its last weights start at zero, so a network that is given an encoder starts out as
 * it was.
 *
 * Arrays, all named PREFIX*, w the width, h the heads; what they are is what the encoder is:
 *   project.weight (1280, w) .bias   WHERE (waves, w)   norm.gamma .beta   pool.weight (w, h)
 *   expression.weight (w, 8) .bias   basic.weight (w, 7) .bias, and of each layer N
 *   layerN.attend.gamma .beta   layerN.seen.weight (w, 3 w) .bias: queries, keys, values
 *   layerN.found.weight (w, w) .bias   layerN.feed.gamma .beta
 *   layerN.widen.weight (w, 2 w) .bias   layerN.narrow.weight (2 w, w) .bias
 */
#ifndef AT_MODEL_ENCODER_H
#define AT_MODEL_ENCODER_H

#include "model/heads.h"
#include "model/mobilenet.h"
#include "tensor/ops.h"
#include "tensor/weights.h"

#define AT_ENCODER_EPS 1e-5f /* of layer norm */

enum {
    AT_ENCODER_LAYERS = 4, /* at most */
    AT_ENCODER_WIDTH = 512,
    AT_ENCODER_HEADS = 16,
    AT_ENCODER_WIDER = 2, /* the feed-forward's hidden layer, times the width */
    AT_ENCODER_LOGITS = AT_FACE_CLASSES + AT_BASIC_CLASSES,
};

/* What its tokens are. */
typedef struct at_encoder_kind {
    const char *prefix; /* of its arrays: "visual.spatial." */
    const char *where;  /* the array that learns where tokens lie: "place" */
    int waves;          /* numbers that say so of each */
} at_encoder_kind;

/* At least 1 each and at most what stands above, the heads dividing the width; layers 0: no encoder. */
typedef struct at_encoder_shape {
    int layers, width, heads;
} at_encoder_shape;

/* What is wrong with a shape of at least one layer; NULL: nothing. */
const char *at_encoder_wrong(const at_encoder_shape *s);

/* The shape of the encoder in there, all of whose arrays have been found whole: there, of their shapes,
 * finite. ATTUNE_E_FORMAT names one that is not. layers 0: there is none. */
int at_encoder_shape_of(const at_encoder_kind *kind, at_weight_source from, at_encoder_shape *out,
                        attune_error *err);

/* Creates the arrays, random but for the last weights, which are zero. */
int at_encoder_init(const at_encoder_kind *kind, at_params *p, const at_encoder_shape *s,
                    at_rng *rng, attune_error *err);
/* Copies the encoder in there, if there is one, into p, which gets one if it has none. ATTUNE_E_FORMAT: p
 * has one of another shape. */
int at_encoder_import(const at_encoder_kind *kind, at_params *p, at_weight_source from,
                      attune_error *err);
int at_encoder_is_in(const at_encoder_kind *kind, const at_params *p);

/* Tokens of a pass. */
typedef struct at_encoder_tokens {
    at_tensor *features; /* (b, t, 1280) */
    at_tensor *where;    /* (b, t, waves) */
    const int *lengths;  /* (b) in [1,t], tokens past which count for nothing; NULL: all t */
} at_encoder_tokens;

/* expression (b, 8) and basic (b, 7), to be added to logits; dropout: before the last weights. p has an
 * encoder. NULL, both, after a failure of the graph. */
void at_encoder_forward(const at_encoder_kind *kind, at_graph *g, const at_params *p,
                        const at_encoder_tokens *tokens, float dropout, at_tensor **expression,
                        at_tensor **basic);

/* ---- run-time path (encoder_run.c) -------------------------------------------------------- */

/* A linear layer ready to run: packed for the kernels. */
typedef struct at_encoder_dense {
    int rows, cols;
    float *weight, *bias; /* bias: nullable */
} at_encoder_dense;

typedef struct at_encoder_norm {
    const float *gamma, *beta;
} at_encoder_norm;

/* Zeros: no encoder. */
typedef struct at_encoder_net {
    at_encoder_shape shape;
    at_encoder_dense project, where, pool, logits; /* logits: both heads' side by side */
    at_encoder_norm norm;
    struct {
        at_encoder_norm attend, feed;
        at_encoder_dense seen, found, widen, narrow;
    } layer[AT_ENCODER_LAYERS];
} at_encoder_net;

/* The encoder of a model file, packed, its memory in the arena; a file without one leaves zeros. */
int at_encoder_freeze(const at_encoder_kind *kind, at_encoder_net *out, at_arena *arena,
                      const at_weights *w, const at_kernels *kn, attune_error *err);
/* Floats that a run on that many tokens takes; 0: there is no encoder. */
size_t at_encoder_workspace(const at_encoder_net *s, const at_kernels *kn, int tokens);
/* Where in the workspace (n, waves) is to be put before the run. */
float *at_encoder_where(const at_encoder_net *s, const at_kernels *kn, int n, float *workspace);
/* expression (8) and basic (7) are added to. features (n, 1280). Bits do not depend on the pool. */
void at_encoder_run(const at_encoder_net *s, at_pool *pool, const at_kernels *kn,
                    const float *features, int n, float *workspace, float *expression,
                    float *basic);

#endif
