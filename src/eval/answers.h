/* answers.h - single answers, and what was left out, as CSV files for other tools. */
#ifndef AT_EVAL_ANSWERS_H
#define AT_EVAL_ANSWERS_H

#include "eval/run.h"

/* A row a sample that was answered or withheld, in the corpus's order. */
int at_answers_write(const char *path, const at_corpus *c, const at_answer *answer,
                     attune_error *err);
/* A row a sample, whether or not it could be read: its file within root, its quality. */
int at_qualities_write(const char *path, const char *root, const at_corpus *c,
                       const at_answer *answer, attune_error *err);
/* A row a sample left out: file, kind, detail. */
int at_excluded_write(const char *path, const at_corpus *c, attune_error *err);

#endif
