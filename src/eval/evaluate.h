/* evaluate.h - runs a model over a corpus and keeps its answers. Private to src/eval.
 *
 * Pictures and voices go straight through their stream's network, in that stream's native classes;
 * clips go through a session as attune_analyze_file does.
 */
#ifndef AT_EVAL_EVALUATE_H
#define AT_EVAL_EVALUATE_H

#include "base/pool.h"
#include "data/corpus.h"
#include "fusion/fusion.h"

#include <attune/eval.h>

/* What one sample was answered. */
typedef struct at_answer {
    int judged;                                /* 0: unreadable */
    float p[AT_VOTES];                         /* probabilities in the task's classes */
    float state[ATTUNE_STATES][ATTUNE_LEVELS]; /* AT_TASK_STATE4 only */
} at_answer;

typedef struct at_eval_run {
    const attune_eval_options *options;
    const char *model_path;
    const at_weights *weights;
    const at_fusion *fusion;
    at_pool *pool;
    const at_corpus *corpus;
    at_answer *answer; /* (corpus->count) to fill */
    int not_found;
} at_eval_run;

int at_eval_pictures(at_eval_run *r, attune_error *err);
int at_eval_voices(at_eval_run *r, attune_error *err);
int at_eval_clips(at_eval_run *r, attune_error *err);

#endif
