/* visual_q8.h - the face stream's convolutions in eight bits (kernels/q8.h), derived from the f32 network
 * and the ranges of its activations. Private to model.
 *
 * The picture's bytes are the first layer's input as they are. Activations after ReLU6 take [0, range];
 * the maps between inverted residuals, which have no activation, [-range, range], one range for all that
 * a residual's sum ties together. The last layer's sums come out as floats: pooling, heads and encoders
 * are f32's.
 */
#ifndef AT_MODEL_VISUAL_Q8_H
#define AT_MODEL_VISUAL_Q8_H

#include "base/pool.h"
#include "kernels/q8.h"
#include "model/mobilenet.h"

typedef struct at_visual_q8 at_visual_q8; /* immutable: share it */

/* w: a model file's, with or without batch norm. */
int at_visual_q8_create(at_visual_q8 **out, const at_weights *w, const at_mb_ranges *ranges,
                        const at_q8_kernels *kn, attune_error *err);
void at_visual_q8_free(at_visual_q8 **v);

size_t at_visual_q8_workspace(const at_visual_q8 *v, const at_pool *pool, int side); /* bytes */
/* features (s, s, AT_MB_FEATURES) of a side x side RGB picture. Returns s. */
int at_visual_q8_run(const at_visual_q8 *v, at_pool *pool, const uint8_t *face, int side,
                     int mirrored, uint8_t *workspace, float *features);

#endif
