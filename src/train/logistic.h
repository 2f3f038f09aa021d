/* logistic.h - multinomial logistic regression: the one minimum of
 *
 *     1/n sum_i v_i w[y_i] (-log softmax(x_i W + b + o_i)[y_i])  +  1/(2 c n) |W|^2
 *
 * over the n labelled rows, found on all of them at once (lbfgs.h). c is the inverse of the penalty, as
 * scikit-learn's LogisticRegression has it; b is not penalised. The same bits for any number of threads.
 */
#ifndef AT_TRAIN_LOGISTIC_H
#define AT_TRAIN_LOGISTIC_H

#include "base/pool.h"
#include "kernels/kernels.h"
#include <attune/attune.h>

typedef struct at_logistic {
    int rows, values, classes;
    const float *x;            /* (rows, values) */
    const int *label;          /* (rows) -1: left out */
    const float *class_weight; /* (classes) w */
    const float *row_weight;   /* (rows) v; NULL: 1 */
    const float *offset;       /* (rows, classes) o, what is known of a row's logits; NULL: 0 */
    double c;
    double tolerance; /* of the gradient's largest component */
    int iterations;   /* most */
    /* nullable; told of each iteration, non-zero ends with ATTUNE_E_INTERRUPTED */
    int (*step)(void *user, int iteration, double value, double largest);
    void *user;
} at_logistic;

/* weight (values, classes), bias (classes): from zeros. Returns the iterations that it took. ATTUNE_E_ARG:
 * no row has a label. */
int at_logistic_fit(const at_logistic *l, at_pool *pool, const at_kernels *kn, float *weight,
                    float *bias, attune_error *err);

#endif
