/* figures.h - from answers to the figures that are told of them. For eval and experiments. */
#ifndef AT_EVAL_FIGURES_H
#define AT_EVAL_FIGURES_H

#include "data/corpus.h"
#include "eval/metrics.h"
#include "model/heads.h"

#include <attune/eval.h>

/* Fills what follows from answers in the classes of head: groups, figures, intervals, constant, classes
 * and confusion; the rest of out is left alone. a->group is numbered from 0. draws as in
 * attune_eval_options. */
int at_figures_fill(attune_eval_result *out, at_head head, const at_answers *a, int draws,
                    uint64_t seed, attune_error *err);
/* Fills the figures of the answers of each quality: grade (a->n), at_grade. */
int at_figures_by_grade(attune_eval_condition out[ATTUNE_EVAL_CONDITIONS], at_head head,
                        const at_answers *a, const int *grade, int draws, uint64_t seed,
                        attune_error *err);
int at_figures_draws(int draws); /* 0: as many as it is by default */

/* Of how many groups are the samples (of one side; -1: all)? seen (most) is scratch: groups are
 * numbered below most. */
int at_figures_groups(const int *group, const int *positive, int side, int n, int *seen, int most);

#endif
