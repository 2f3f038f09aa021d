/* confidence.h - what a classifier's own probabilities are worth: whether it is right as often as it says,
 * and whether it is surer where it is right.
 *
 * Pure functions, as in metrics.h.
 */
#ifndef AT_EVAL_CONFIDENCE_H
#define AT_EVAL_CONFIDENCE_H

#include "eval/metrics.h"

typedef struct at_confidence {
    double ece; /* at_ece */
    double
        ece_by_chance; /* what it is on average for answers that are as sure and right just as often as
                        * they say: of few answers, chance alone makes it large */
    double auc; /* area under the ROC curve of the top probability for a right answer; NaN: all are
                        * right, or none */
    double
        kept_error; /* share of wrong answers among the surest four fifths (risk at 80 % coverage,
                        * El-Yaniv & Wiener 2010); NaN: there are none */
} at_confidence;

/* Expected calibration error of the top class (Guo 2017) in 15 bins that hold as many answers each
 * (Nixon 2019, "Measuring calibration in deep learning"); 0 of none. ATTUNE_OK or ATTUNE_E_NOMEM. */
int at_ece(double *out, const at_answers *a);

/* Reproducible: chance is drawn from seed. ATTUNE_OK or ATTUNE_E_NOMEM. */
int at_confidence_compute(at_confidence *out, const at_answers *a, uint64_t seed);

#endif
