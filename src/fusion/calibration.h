/* calibration.h - logits to probabilities that mean what they say. Private to fusion and onnx.
 *
 * A temperature a head (Guo 2017, "On calibration of modern neural networks"), and for the ordinal
 * learning states a scale each and a bias each threshold, all fitted on validation data.
 */
#ifndef AT_FUSION_CALIBRATION_H
#define AT_FUSION_CALIBRATION_H

#include "fusion/fusion.h"

struct at_calibration {
    float temperature[ATTUNE_MODALITIES]; /* of the native logits */
    float basic_temperature;
    float state_scale[ATTUNE_STATES], state_bias[ATTUNE_STATES * AT_THRESHOLDS];
    float engagement_temperature;
};
typedef struct at_calibration at_calibration;

int at_calibration_load(at_calibration *c, const at_weights *w, attune_error *err);

/* One modality's native probabilities, and folded into the seven. */
void at_calibrated_native(const at_calibration *c, int modality, const float *logit, float *p);
void at_calibrated_emotion(const at_calibration *c, int modality, const float *logit,
                           float *emotion7);
void at_calibrated_states(const at_calibration *c, const float *state_logit,
                          const float *engagement_logit, float state4[ATTUNE_STATES][ATTUNE_LEVELS],
                          float engagement3[ATTUNE_ENGAGEMENTS]);

#endif
