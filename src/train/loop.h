/* loop.h - the training loop: prefetched batches, AdamW under a cosine schedule, averaged weights,
 * evaluation and a checkpoint each epoch, and every few minutes in between.
 *
 * What is learned is behind at_learner; the loop knows only parameters and scalars.
 */
#ifndef AT_TRAIN_LOOP_H
#define AT_TRAIN_LOOP_H

#include "tensor/optim.h"
#include "train/recipe.h"

/* One thing to be trained. All callbacks get self; err is never NULL. */
typedef struct at_learner {
    void *self;
    at_params *params;
    int64_t steps_per_epoch;
    int batch;
    /* On the prefetch thread: batch number step into slot 0 or 1, from (seed, step) alone. */
    int (*prepare)(void *self, int64_t step, int slot);
    /* Forward pass of the prepared batch; the graph has begun. Returns the scalar loss. */
    at_tensor *(*loss)(void *self, at_graph *g, int64_t step, int slot);
    /* On the averaged weights, which it may finish (batch norm statistics). Adds figures to metrics
     * (key: number) and sets score, by which the best epoch is known. */
    int (*evaluate)(void *self, at_graph *g, int64_t step, json_t *metrics, double *score,
                    attune_error *err);
    const char *record; /* metadata key of the model's file that holds the metrics */
} at_learner;

typedef struct at_loop_plan {
    int epochs;
    float lr, floor, warmup; /* peak, end; share of all steps */
    int64_t seed;
    double checkpoint_s; /* seconds between checkpoints within an epoch */
    int eval_every;      /* epochs; the last is always evaluated */
    at_adamw optimiser;
} at_loop_plan;

/* Reads the recipe's "optimiser" object and epochs, seed. */
int at_loop_plan_read(at_loop_plan *plan, const at_recipe *r, const attune_train_options *o,
                      attune_error *err);

int at_loop_run(const at_learner *l, const at_loop_plan *plan, const at_recipe *r,
                const attune_train_options *o, at_pool *pool, attune_error *err);

/* The seed of one step's randomness (SplitMix64 over both). */
uint64_t at_step_seed(int64_t seed, int64_t step);

#endif
