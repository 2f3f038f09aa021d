/* signs.h - all that a model's reliability is made of, part by part, and what else might tell a stream's right
 * answers from its wrong ones: a table of figures of one sample.
 */
#ifndef AT_EXPERIMENTS_SIGNS_H
#define AT_EXPERIMENTS_SIGNS_H

#include "experiments/cases.h"
#include "experiments/deviation.h"
#include "fusion/condition.h"
#include "tensor/weights.h"

/* Parts of the condition that are left out of it, one at a time. */
typedef enum at_left_out {
    AT_NOTHING_OUT,
    AT_DISTANCE_OUT,
    AT_QUALITY_OUT,
    AT_SHARE_OUT,
    AT_LEFT_OUTS
} at_left_out;

/* A model, and its streams' references. */
typedef struct at_assessor {
    at_weights *weights;
    at_fusion *fusion;
    at_reference reference[ATTUNE_MODALITIES];
    at_normal normal[ATTUNE_MODALITIES]; /* factor NULL: no low rank */
    /* (dims x 8) linear from the embedding to the stream's logits, and by how much they count there. NULL: the
     * model has none */
    const float *head[ATTUNE_MODALITIES];
    float share[ATTUNE_MODALITIES];
} at_assessor;

int at_assessor_open(at_assessor *a, const char *model, attune_error *err);
/* Fits the low-rank covariance to the cases' embeddings. */
int at_assessor_fit(at_assessor *a, int modality, const at_cases *normal, attune_error *err);
void at_assessor_close(at_assessor *a);

/* Cases as an assessor sees them; borrows both. */
typedef struct at_view {
    const at_assessor *a;
    const at_cases *c;
    at_estimate *estimate;           /* (AT_LEFT_OUTS x cases) */
    float *usual[ATTUNE_MODALITIES]; /* (people x 2 x dims) mean and deviation of who is known */
    int *met[ATTUNE_MODALITIES];     /* (people) samples that these are of */
} at_view;
int at_view_make(at_view *v, const at_assessor *a, const at_cases *c, attune_error *err);
void at_view_free(at_view *v);

/* How sure, by this measure, an answer is, and whether it is right. */
typedef struct at_sure {
    float sure;
    int right;
} at_sure;

typedef struct at_sign {
    const char *name;
    int of_fused;       /* else of a stream's own answer */
    int is_probability; /* that the answer is right */
    /* 1: there is one of sample i, of stream m; 0: there is not. */
    int (*take)(const at_view *v, int i, int m, at_left_out out, at_sure *sure);
    at_left_out out;
} at_sign;
extern const at_sign at_signs[]; /* ends with a name of NULL */

#endif
