/* late.c - late fusion, a logarithmic opinion pool (Genest & Zidek 1986, "Combining probability
 * distributions"): p = softmax(sum_m w_m log p_m). Who is sure counts for more; what one modality
 * rules out stays out. */
#include "fusion/calibration.h"
#include <math.h>

static void run(const at_calibration *c, const at_evidence *evidence, const float *weight,
                float *emotion7)
{
    float logit[ATTUNE_EMOTIONS] = {0};
    for (int m = 0; m < ATTUNE_MODALITIES; m++) {
        float p[ATTUNE_EMOTIONS];
        if (!(weight[m] > 0))
            continue;
        at_calibrated_emotion(c, m, evidence[m].logit, p);
        for (int e = 0; e < ATTUNE_EMOTIONS; e++)
            logit[e] += weight[m] * logf(fmaxf(p[e], 1e-7f));
    }
    at_probabilities(logit, ATTUNE_EMOTIONS, 1, emotion7);
}

const at_fusion_kind at_fusion_late = {"late", run};
