/* fusion.h - both streams' evidence over one window in, one calibrated estimate out.
 *
 * One interface for every fusion (paper 2.4, 3.4); the first is reliability-weighted late fusion:
 * p = softmax(sum_m w_m log p_m), w_m = r_m / sum r, with r_m the modality's reliability.
 *
 * Reliability (paper 3.4): the Mahalanobis-like distance of the window's embedding from the clean
 * reference (per-dimension mean and variance), turned into (0,1] by thresholds learned on clean
 * validation data, times the input's quality. Below the floor a modality is left out; with all of
 * them below it the window abstains.
 *
 * Arrays in the model file, all optional, M = fusion.face or fusion.voice:
 *   M.temperature (1), M.mean M.var (embedding size), M.distance (2: where reliability starts to
 *   fall, where it is a half), fusion.basic.temperature (1), fusion.state.scale (4) .bias (12),
 *   fusion.engagement.temperature (1), fusion.floor (1)
 */
#ifndef AT_FUSION_FUSION_H
#define AT_FUSION_FUSION_H

#include "model/audio.h"
#include "model/visual.h"
#include "tensor/weights.h"

/* What one modality has to say about a window. Absent: present = 0, the rest ignored. */
typedef struct at_evidence {
    int present;
    const float *embedding; /* (AT_VISUAL_EMBED or AT_AUDIO_EMBED), mean over the window */
    const float *logit;     /* (8) native logits, mean over the window */
    float quality;          /* [0,1] from the input-quality measures; 1 = clean */
    float share;            /* [0,1] of the window that this modality covered */
} at_evidence;

typedef struct at_estimate {
    float reliability[ATTUNE_MODALITIES]; /* [0,1], 0 absent */
    float weight[ATTUNE_MODALITIES];      /* sum 1, or all 0 */
    unsigned used;
    int abstain;
    float emotion7[ATTUNE_EMOTIONS];
} at_estimate;

typedef struct at_fusion at_fusion; /* immutable: share it */

/* Reads calibration (temperatures, reference statistics, thresholds; names fusion.*) from the
 * model file; sane defaults for what is absent. */
int at_fusion_load(at_fusion **out, const at_weights *w, attune_error *err);
void at_fusion_free(at_fusion **f);
void at_fusion_run(const at_fusion *f, const at_evidence evidence[ATTUNE_MODALITIES],
                   at_estimate *out);

/* Calibrated learning states from the face stream's mean logits: state (12), engagement (3). */
void at_fusion_states(const at_fusion *f, const float *state_logit, const float *engagement_logit,
                      float state4[ATTUNE_STATES][ATTUNE_LEVELS],
                      float engagement3[ATTUNE_ENGAGEMENTS]);

/* The temperature-scaled native probabilities of one stream (evaluation). */
void at_fusion_native(const at_fusion *f, int modality, const float *logit, float *p);
/* The same of the face stream's FER2013 head (7). */
void at_fusion_basic(const at_fusion *f, const float *logit, float *p);

/* sqrt(mean_i ((x_i - mean_i) / std_i)^2): about 1 for what the reference was made of. */
float at_embedding_distance(const float *embedding, const float *mean, const float *inv_std,
                            int dims);

#endif
