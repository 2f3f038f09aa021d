/* temporal.h - a Transformer encoder (encoder.h) over the frames of a window.
 *
 * The paper's face stream looks at sequences of frames (sections 2.2 and 3.1): each sighting of a face is a
 * token, its embedding, and what one frame shows can be read by what came before and after. So a mouth
 * that opens and shuts can be told from one that stays open. When a token was seen is told by its time
 * before the latest, as sines and cosines of some periods (Vaswani 2017, section 3.5): frames may be
 * missing and rates differ. Arrays: visual.temporal.*, with visual.temporal.time (8, w).
 */
#ifndef AT_MODEL_TEMPORAL_H
#define AT_MODEL_TEMPORAL_H

#include "model/encoder.h"

enum { AT_TEMPORAL_TIME = 8 };

extern const at_encoder_kind at_temporal;
extern const float at_temporal_period_s[AT_TEMPORAL_TIME / 2]; /* of a sine and a cosine each */

/* f (AT_TEMPORAL_TIME): of the moment t_us, when the latest is latest_us. */
void at_temporal_time(int64_t t_us, int64_t latest_us, float *f);

/* Windows of several frames each. */
typedef struct at_temporal_batch {
    int n, frames;       /* windows; of the one that has most */
    const float *token;  /* (n, frames, 1280) */
    const int64_t *t_us; /* (n, frames) not decreasing */
    const int *lengths;  /* (n) frames of each, at least 1 */
} at_temporal_batch;

/* at_encoder_forward; what stands past a window's length is not read. */
void at_temporal_forward(at_graph *g, const at_params *p, const at_temporal_batch *b, float dropout,
                         at_tensor **expression, at_tensor **basic);
/* at_encoder_run of one window: token (n, 1280), t_us (n) not decreasing, n > 0. */
void at_temporal_run(const at_encoder_net *s, at_pool *pool, const at_kernels *kn,
                     const float *token, const int64_t *t_us, int n, float *workspace,
                     float *expression, float *basic);

#endif
