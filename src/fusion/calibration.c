#include "fusion/calibration.h"
#include "base/error.h"
#include "fusion/arrays.h"
#include "fusion/stream.h"

static int load_temperature(float *t, const at_weights *w, const char *of, attune_error *err)
{
    *t = 1;
    if (at_fusion_take_part(w, of, "temperature", 1, t, err) < 0)
        return ATTUNE_E_FORMAT;
    return at_is_temperature(*t)
               ? ATTUNE_OK
               : at_fail(err, ATTUNE_E_FORMAT, "model: %s.temperature is out of range", of);
}

int at_calibration_load(at_calibration *c, const at_weights *w, attune_error *err)
{
    *c = (at_calibration){0};
    for (int s = 0; s < ATTUNE_STATES; s++)
        c->state_scale[s] = 1;
    for (int m = 0; m < ATTUNE_MODALITIES; m++)
        if (load_temperature(&c->temperature[m], w, at_fusion_streams[m].arrays, err) < 0)
            return ATTUNE_E_FORMAT;
    if (load_temperature(&c->basic_temperature, w, "fusion.basic", err) < 0 ||
        load_temperature(&c->engagement_temperature, w, "fusion.engagement", err) < 0 ||
        at_fusion_take(w, "fusion.state.scale", ATTUNE_STATES, c->state_scale, err) < 0 ||
        at_fusion_take(w, "fusion.state.bias", ATTUNE_STATES * AT_THRESHOLDS, c->state_bias, err) <
            0)
        return ATTUNE_E_FORMAT;
    return ATTUNE_OK;
}

void at_calibrated_native(const at_calibration *c, int modality, const float *logit, float *p)
{
    at_probabilities(logit, at_heads[at_fusion_streams[modality].head].classes,
                     1 / c->temperature[modality], p);
}

void at_calibrated_emotion(const at_calibration *c, int modality, const float *logit,
                           float *emotion7)
{
    float native[AT_MOST_CLASSES];
    at_calibrated_native(c, modality, logit, native);
    at_fold(at_fusion_streams[modality].head, native, emotion7);
}

void at_calibrated_states(const at_calibration *c, const float *state_logit,
                          const float *engagement_logit, float state4[ATTUNE_STATES][ATTUNE_LEVELS],
                          float engagement3[ATTUNE_ENGAGEMENTS])
{
    for (int s = 0; s < ATTUNE_STATES; s++) {
        float logit[AT_THRESHOLDS];
        for (int k = 0; k < AT_THRESHOLDS; k++) {
            int i = s * AT_THRESHOLDS + k;
            logit[k] = c->state_scale[s] * state_logit[i] + c->state_bias[i];
        }
        at_ordinal_to_levels(logit, state4[s]);
    }
    at_probabilities(engagement_logit, ATTUNE_ENGAGEMENTS, 1 / c->engagement_temperature,
                     engagement3);
}
