/* late.c - late fusion, a logarithmic opinion pool (Genest & Zidek 1986, "Combining probability
 * distributions"): p = softmax(sum_m w_m log p_m). Who is sure counts for more; what one modality
 * rules out stays out. */
#include "fusion/kind.h"

static void run(const at_fusion_net *net, const at_evidence *evidence, const at_estimate *trust,
                float *logit)
{
    for (int m = 0; m < ATTUNE_MODALITIES; m++)
        if (at_fusion_counts(trust, m))
            at_fusion_add_answer(net, m, &evidence[m], trust->weight[m], logit);
}

const at_fusion_kind at_fusion_late = {.name = "late", .run = run};
