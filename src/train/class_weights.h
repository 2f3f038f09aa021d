/* class_weights.h - how much each class counts in a loss. */
#ifndef AT_TRAIN_CLASS_WEIGHTS_H
#define AT_TRAIN_CLASS_WEIGHTS_H

/* weight (n): (1 / share)^power of the samples, scaled so that the mean over samples is 1; 0 for a class
 * without any. Power 1 is the paper's weight (4.1), inverse to the frequency, as scikit-learn's
 * "balanced": total / (n count). Power 0 counts all alike. No samples at all: 1. */
void at_class_weights(const double *count, int n, double power, float *weight);

#endif
