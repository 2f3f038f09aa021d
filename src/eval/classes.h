/* classes.h - an answer about states in the classes of a head. */
#ifndef AT_EVAL_CLASSES_H
#define AT_EVAL_CLASSES_H

#include "eval/run.h"

/* p from the levels of the states: how much each state stands out, as shares of the expected levels. */
void at_state_shares(at_answer *a);

#endif
