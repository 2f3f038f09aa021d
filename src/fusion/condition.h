/* condition.h - how fit one modality's input is to be judged over one window. Private to fusion, train, onnx and experiments.
 *
 * The paper's reliability, section 3.4: the distance of the window's embedding from the clean reference (mean and
 * variance a dimension), turned into (0,1] by two thresholds learned on clean validation data, times
 * the input's quality, and less where the modality covered little of the window.
 */
#ifndef AT_FUSION_CONDITION_H
#define AT_FUSION_CONDITION_H

#include "fusion/fusion.h"

/* A modality whose window covers less than this share loses in proportion. */
#define AT_FULL_SHARE 0.3f

/* One modality's embeddings on clean data. */
typedef struct at_reference {
    int dims;
    float *mean, *inv_std; /* (dims) NULL: none in the model, the distance counts for nothing */
    float near, far;       /* distances at which the condition starts to fall, and is a half */
} at_reference;

/* of: "fusion.face", ... */
int at_reference_load(at_reference *r, const at_weights *w, const char *of, int dims,
                      attune_error *err);
/* Of r->dims numbers each. ATTUNE_OK or ATTUNE_E_NOMEM. */
int at_reference_set(at_reference *r, const float *mean, const float *var);
void at_reference_free(at_reference *r);

/* [0,1]; 0 when absent. */
float at_condition(const at_reference *r, const at_evidence *e);

/* sqrt(mean_i ((x_i - mean_i) / std_i)^2): about 1 for what the reference was made of. */
float at_embedding_distance(const float *embedding, const float *mean, const float *inv_std,
                            int dims);

#endif
