/* detect_q8.h - the detector's network in eight bits (kernels/q8.h). Private to vision.
 *
 * A picture's bytes are its input as they are. What comes after ReLU takes [0, range], what comes between
 * a unit's two layers [-range, range]; a coarser feature that is added to a finer one has its range, so
 * that bytes are added. The heads' values are floats.
 *
 * Ranges are arrays of the same source as the weights: detector.range.stem (1), .wide and .out (20, of
 * units as detect_net.h numbers them; out of a level's feature: with what is added to it).
 */
#ifndef AT_VISION_DETECT_Q8_H
#define AT_VISION_DETECT_Q8_H

#include "kernels/q8.h"
#include "vision/detect_net.h"

typedef struct at_detect_q8 at_detect_q8; /* one thread at a time: it has buffers */

/* Shapes are those that at_detect_net_create has found right; out is NULL where the source has no
 * ranges. */
int at_detect_q8_create(at_detect_q8 **out, const at_weight_source *src, at_pool *pool,
                        const at_q8_kernels *kn, attune_error *err);
void at_detect_q8_free(at_detect_q8 **n);
/* x: whole numbers, 0..255. */
int at_detect_q8_run(at_detect_q8 *n, const float *x, int h, int w,
                     const float *head[AT_DETECT_LEVELS]);

#endif
