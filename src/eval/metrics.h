/* metrics.h - what a classifier's answers are worth (paper 3.6, eqs. 1-6), with intervals.
 *
 * Pure functions of labels and probabilities; no data set, no model. Intervals are 95 % percentile
 * bootstraps (Efron 1979), resampling people where they are known, since pictures of one person are
 * not independent.
 */
#ifndef AT_EVAL_METRICS_H
#define AT_EVAL_METRICS_H

#include <attune/attune.h>

enum { AT_MAX_CLASSES = 16 };

/* Answers to one classification task. */
typedef struct at_answers {
    int n, classes;
    const int *label; /* (n) 0..classes-1 */
    const float *p;   /* (n x classes) probabilities */
    const int *group; /* (n) person number, nullable: each sample its own */
} at_answers;

typedef struct at_class_metrics {
    double precision, recall, specificity, f1; /* 0 where undefined */
    int n;
} at_class_metrics;

typedef struct at_interval {
    double lo, hi;
} at_interval;

typedef struct at_metrics {
    int n, classes;
    double accuracy;
    double balanced_accuracy; /* mean recall over the classes that are labels */
    double macro_f1;          /* mean over the classes that are labels or answers */
    double weighted_f1;       /* mean weighted by the labels of each class */
    at_class_metrics per_class[AT_MAX_CLASSES];
    int confusion[AT_MAX_CLASSES][AT_MAX_CLASSES]; /* [label][answer] */
} at_metrics;

void at_metrics_compute(at_metrics *m, const at_answers *a);
/* The same labels, all answered with their most frequent class (the first of several): what a figure has
 * to be above to mean anything. Returns the class, -1 when there is no label. */
int at_metrics_constant(at_metrics *out, const at_metrics *of);

typedef struct at_metric_intervals {
    at_interval accuracy, balanced_accuracy, macro_f1, weighted_f1;
} at_metric_intervals;

/* draws: e.g. 1000. Reproducible from seed. */
int at_metrics_bootstrap(at_metric_intervals *out, const at_answers *a, int draws, uint64_t seed,
                         attune_error *err);

/* By how much more often p (n x classes) is right than a->p, on the same samples: out->of, with its paired
 * bootstrap interval over groups. */
typedef struct at_gain {
    double of;
    at_interval interval;
} at_gain;
int at_gain_bootstrap(at_gain *out, const at_answers *a, const float *p, int draws, uint64_t seed,
                      attune_error *err);

/* Area under the ROC curve of score for positive (n, 0 or 1), ties counted half (Mann-Whitney);
 * NaN when a class is missing. ATTUNE_OK or ATTUNE_E_NOMEM. */
int at_auc(double *out, const float *score, const int *positive, int n);
/* Its bootstrap interval over groups (nullable). */
int at_auc_bootstrap(at_interval *out, const float *score, const int *positive, const int *group,
                     int n, int draws, uint64_t seed, attune_error *err);

/* Bootstrap interval over groups (nullable) of the mean of x (n). */
int at_mean_bootstrap(at_interval *out, const float *x, const int *group, int n, int draws,
                      uint64_t seed, attune_error *err);

/* Pearson's correlation of x and y (n); 0 where one of them is constant. */
double at_correlation(const float *x, const float *y, int n);

#endif
