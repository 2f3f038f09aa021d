/* learn.h - what attune_train knows how to run, one function a kind of recipe. */
#ifndef AT_TRAIN_LEARN_H
#define AT_TRAIN_LEARN_H

#include "base/pool.h"
#include "train/recipe.h"

typedef int (*at_recipe_fn)(const at_recipe *r, const attune_train_options *o, at_pool *pool,
                            attune_error *err);

int at_learn_visual(const at_recipe *r, const attune_train_options *o, at_pool *pool,
                    attune_error *err);
int at_learn_detector(const at_recipe *r, const attune_train_options *o, at_pool *pool,
                      attune_error *err);
int at_learn_audio(const at_recipe *r, const attune_train_options *o, at_pool *pool,
                   attune_error *err);

int at_learn_assemble(const at_recipe *r, const attune_train_options *o, at_pool *pool,
                      attune_error *err);

#endif
