/* late.c - late fusion, a logarithmic opinion pool (Genest & Zidek 1986, "Combining probability
 * distributions"): p = softmax(sum_m w_m log p_m). Who is sure counts for more; what one modality
 * rules out stays out. */
#include "fusion/calibration.h"
#include "fusion/kind.h"
#include <math.h>

static void run(const at_fusion_net *net, const at_evidence *evidence, const at_estimate *trust,
                float *logit)
{
    for (int m = 0; m < ATTUNE_MODALITIES; m++) {
        float p[ATTUNE_EMOTIONS];
        if (!at_fusion_counts(trust, m))
            continue;
        at_calibrated_emotion(net->calibration, m, evidence[m].logit, p);
        for (int e = 0; e < ATTUNE_EMOTIONS; e++)
            logit[e] += trust->weight[m] * logf(fmaxf(p[e], 1e-7f));
    }
}

const at_fusion_kind at_fusion_late = {.name = "late", .run = run};
