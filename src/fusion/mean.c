/* mean.c - late fusion, a linear opinion pool: p = sum_m w_m p_m (Stone 1961, "The opinion pool").
 * Where two disagree it keeps both as possible. */
#include "fusion/calibration.h"
#include "fusion/kind.h"
#include <math.h>

static void run(const at_fusion_net *net, const at_evidence *evidence, const at_estimate *trust,
                float *logit)
{
    float sum[ATTUNE_EMOTIONS] = {0};
    for (int m = 0; m < ATTUNE_MODALITIES; m++) {
        float p[ATTUNE_EMOTIONS];
        if (!at_fusion_counts(trust, m))
            continue;
        at_calibrated_emotion(net->calibration, m, evidence[m].logit, p);
        for (int e = 0; e < ATTUNE_EMOTIONS; e++)
            sum[e] += trust->weight[m] * p[e];
    }
    for (int e = 0; e < ATTUNE_EMOTIONS; e++)
        logit[e] = logf(fmaxf(sum[e], 1e-30f));
}

const at_fusion_kind at_fusion_mean = {.name = "mean", .run = run};
