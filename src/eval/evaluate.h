/* evaluate.h - what grid.c asks of an evaluation. Private to eval. */
#ifndef AT_EVAL_EVALUATE_H
#define AT_EVAL_EVALUATE_H

#include "degrade/degrade.h"

#include <attune/eval.h>

/* Whether each kind of degradation would change anything that o judges. */
int at_evaluate_touched(int touched[AT_DEGRADE_KINDS], const attune_eval_options *o,
                        attune_error *err);

#endif
