/* mean.c - late fusion, a linear opinion pool: p = sum_m w_m p_m (Stone 1961, "The opinion pool").
 * Where two disagree it keeps both as possible. */
#include "fusion/calibration.h"

static void run(const at_calibration *c, const at_evidence *evidence, const float *weight,
                float *emotion7)
{
    float sum = 0;
    for (int e = 0; e < ATTUNE_EMOTIONS; e++)
        emotion7[e] = 0;
    for (int m = 0; m < ATTUNE_MODALITIES; m++) {
        float p[ATTUNE_EMOTIONS];
        if (!(weight[m] > 0))
            continue;
        at_calibrated_emotion(c, m, evidence[m].logit, p);
        for (int e = 0; e < ATTUNE_EMOTIONS; e++)
            emotion7[e] += weight[m] * p[e];
        sum += weight[m];
    }
    for (int e = 0; e < ATTUNE_EMOTIONS; e++)
        emotion7[e] = sum > 0 ? emotion7[e] / sum : 1.0f / ATTUNE_EMOTIONS;
}

const at_fusion_kind at_fusion_mean = {"mean", run};
