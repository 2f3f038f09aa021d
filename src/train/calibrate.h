/* calibrate.h - small fits on held-out answers: temperatures (Guo 2017), scale and bias of ordinal
 * levels (Platt 1999), and the clean reference that reliability is measured against (paper 3.4).
 */
#ifndef AT_TRAIN_CALIBRATE_H
#define AT_TRAIN_CALIBRATE_H

#include "model/heads.h"

/* Where f is least in [lo, hi], by golden section; f has one minimum there. */
double at_minimise(double (*f)(void *user, double x), void *user, double lo, double hi);

/* The temperature in [0.2, 5] with the least negative log-likelihood of label (n) under
 * softmax(logit / T), logit (n, classes). 1 for n = 0. */
float at_fit_temperature(const float *logit, const int *label, int n, int classes);

/* One state's cumulative logits (n, 3): sigmoid(scale logit[k] + bias[k]) = P(level > k), most likely
 * for scale in [0.05, 5] and biases in [-8, 8]. 1 and 0 for n = 0. */
void at_fit_levels(const float *logit, const int *level, int n, float *scale, float *bias);

/* What is usual of answers (fusion/baseline.h): the mean of the scaled, centred logits of those
 * answered by each class, answer (classes x classes), and how often it is answered, share (classes).
 * A class that is never answered has the logits of certainty. n > 0. */
void at_fit_usual(const float *logit, int n, int classes, float temperature, float *answer,
                  float *share);

/* Mean and variance of x (n, dims) in each dimension; a variance is at least a hundredth of their
 * mean, so that a dimension that is nearly always 0 does not decide alone. */
void at_fit_reference(const float *x, int n, int dims, float *mean, float *var);

/* The q-quantile of x (n > 0), which is sorted. */
float at_quantile(float *x, int n, double q);

#endif
