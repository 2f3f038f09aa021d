/* said.h - what was answered to each of a set of samples, so that answers of several can be compared sample by
 * sample.
 */
#ifndef AT_EXPERIMENTS_SAID_H
#define AT_EXPERIMENTS_SAID_H

#include "experiments/lab.h"
#include "eval/metrics.h"

typedef struct at_said {
    int n;
    int *label, *answer,
        *group; /* (n) emotion; -1: withheld, or nothing to judge; whose sample it is, from 0 */
} at_said;

int at_said_make(at_said *s, int n, attune_error *err);
void at_said_free(at_said *s);

/* json_decref; NULL: memory is out. */
json_t *at_said_json(const at_said *s);
/* ATTUNE_E_FORMAT when it is no such thing. */
int at_said_read(at_said *out, const json_t *j, attune_error *err);

/* Clips of the part, each through a session: the mean over its windows that are not withheld. without: bits
 * as in at_run_options; harm: "KIND=LEVEL", NULL: nothing more. In a plan: empty. */
int at_said_of_clips(at_said *out, at_lab *lab, const at_part_of *part, unsigned without,
                     const char *const harm[2], attune_error *err);

/* Share of right answers among those given; NaN: there are none. */
double at_said_right(const at_said *s);
int at_said_given(const at_said *s);

/* By how much more often a is right than b where both answer, with its interval over people. */
typedef struct at_said_gain {
    int n; /* samples that both answer */
    double mean;
    at_interval interval; /* NaN: of a single person, or nothing */
} at_said_gain;
int at_said_gain_compute(at_said_gain *out, const at_said *a, const at_said *b, int draws,
                         uint64_t seed, attune_error *err);

#endif
