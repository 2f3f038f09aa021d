/* classes.h - a label, or an answer about states, in the classes of a head. */
#ifndef AT_EVAL_CLASSES_H
#define AT_EVAL_CLASSES_H

#include "eval/run.h"

/* The class that a sample is labelled with, -1: none. */
int at_label_of(const at_sample *s, at_head head);

/* p from the levels of the states: how much each state stands out, as shares of the expected levels. */
void at_state_shares(at_answer *a);

#endif
