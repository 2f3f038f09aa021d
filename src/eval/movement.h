/* movement.h - whether answers on an ordered scale move as the labels do, across people and with time.
 *
 * Pure functions, as in metrics.h. Answers that hardly move may be calibrated and of a good mean, and say
 * nothing; ones that move may still be wrong, which the correlation tells.
 */
#ifndef AT_EVAL_MOVEMENT_H
#define AT_EVAL_MOVEMENT_H

#include <attune/attune.h>

/* Ratios of a deviation of the answers to the same of the labels. NaN: the labels have none, or there are fewer
 * than two people. */
typedef struct at_movement {
    double samples;     /* of all samples */
    double people;      /* of people's means */
    double time;        /* of samples around their person's mean */
    double correlation; /* of answers with labels (Pearson); 0: one of them is constant */
} at_movement;

/* answer, label (n) on one scale; group (n): person number, any. ATTUNE_OK or ATTUNE_E_NOMEM. */
int at_movement_compute(at_movement *out, const float *answer, const float *label, const int *group,
                        int n);

#endif
