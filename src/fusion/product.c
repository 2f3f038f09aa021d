/* product.c - late fusion by Bayes' rule for streams that err independently, all emotions as likely
 * before: p ~ prod_m p_m^w_m (Kittler et al. 1998, "On combining classifiers", the product rule), each
 * tempered by what it is worth, so that the answer of a stream that is poor, or seldom right on strangers,
 * fades to "any of them". Two that agree are surer together than either; a pool (late.c) never is. */
#include "fusion/kind.h"

static void run(const at_fusion_net *net, const at_evidence *evidence, const at_estimate *trust,
                float *logit)
{
    for (int m = 0; m < ATTUNE_MODALITIES; m++)
        if (at_fusion_counts(trust, m))
            at_fusion_add_answer(net, m, &evidence[m], trust->worth[m], logit);
}

const at_fusion_kind at_fusion_product = {.name = "product", .run = run};
