/* hog_net.h - what faces were told by before networks: logistic regression on histograms of oriented
 * gradients (vision/hog.h), the paper's baseline (Tables 1 and 2).
 *
 * A head of it is a model file's arrays hog.HEAD.weight (values, outputs) and hog.HEAD.bias (outputs), HEAD
 * as at_heads names it. It has those that it was taught.
 */
#ifndef AT_MODEL_HOG_NET_H
#define AT_MODEL_HOG_NET_H

#include "model/heads.h"
#include "tensor/weights.h"

#define AT_HOG_PREFIX "hog."

/* Those that it can be taught, with classes to choose from; AT_HEADS past the end. */
at_head at_hog_head(int i);
/* "hog.HEAD.weight" or ".bias". name: room for 80. */
void at_hog_array(at_head head, const char *what, char name[80]);

typedef struct at_hog_net {
    int values;
    const float *weight[AT_HEADS], *bias[AT_HEADS]; /* the file's; NULL: not taught */
} at_hog_net;

/* values: of a face. w [kept] */
int at_hog_net_open(at_hog_net *out, const at_weights *w, int values, attune_error *err);
/* logit (the head's outputs) of a face x (values); NaN where it was not taught. */
void at_hog_net_run(const at_hog_net *n, at_head head, const float *x, float *logit);

#endif
