/* product.c - late fusion by Bayes' rule for streams that err independently, all emotions as likely
 * before: p ~ prod_m p_m^w_m (Kittler et al. 1998, "On combining classifiers", the product rule), each
 * tempered by what it is worth, so that the answer of a stream that is poor, or seldom right on strangers,
 * fades to "any of them". Two that agree are surer together than either; a pool (late.c) never is. */
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
            logit[e] += trust->worth[m] * logf(fmaxf(p[e], 1e-7f));
    }
}

const at_fusion_kind at_fusion_product = {.name = "product", .run = run};
