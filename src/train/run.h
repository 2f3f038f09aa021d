/* run.h - one run of one recipe, from the file's name to the files written. */
#ifndef AT_TRAIN_RUN_H
#define AT_TRAIN_RUN_H

#include "train/learn.h"

/* ranks: nullable. Runs the recipe r, which is not a chain. Afterwards NAME.done.json says of which recipe, options
 * and files the outputs are. unless_done: with that note there, and its outputs, nothing is run, and
 * *ran (nullable) is 0. */
int at_run_recipe(const at_recipe *r, const attune_train_options *o, at_ranks *ranks,
                  at_resume resume, int unless_done, int *ran, attune_error *err);

/* Runs a chain's recipes in order, those that are not done, and judges the model at the end. */
int at_run_chain(const at_recipe *r, const attune_train_options *o, at_ranks *ranks,
                 attune_error *err);

#endif
