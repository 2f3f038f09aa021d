/* checkpoint.h - a training run on disk: parameters, AdamW moments, averages and where it stands.
 *
 * All randomness of a run comes from (seed, step), so these are the whole state: a run that goes on
 * from a checkpoint gives the bits that it would have given without the stop.
 */
#ifndef AT_TRAIN_CHECKPOINT_H
#define AT_TRAIN_CHECKPOINT_H

#include "tensor/loss_scale.h"
#include "tensor/optim.h"
#include "tensor/weights.h"
#include <attune/attune.h>

/* Steps of a run, at most: what would take weeks is a slip. */
#define AT_MOST_STEPS INT64_C(10000000)

typedef struct at_progress_state {
    int64_t step;    /* taken */
    int64_t steps;   /* planned: the learning rate depends on it */
    double best;     /* score of the best evaluation, -1 before the first */
    double score;    /* of the last one */
    double loss;     /* running mean, for the log */
    double rate;     /* what plateaus have left of the learning rate; 0: not begun */
    int64_t waited;  /* evaluations since the best one or the last plateau */
    int64_t stale;   /* evaluations since the best one */
    int64_t skipped; /* steps with a gradient that was not finite */
    at_loss_scale scaling;
    uint64_t stamp; /* of the run that it belongs to */
} at_progress_state;

int at_checkpoint_save(const char *path, const at_params *p, const at_adamw *o,
                       const at_progress_state *s, attune_error *err);
/* p and o as made for the same recipe. ATTUNE_E_FORMAT: an array is missing, misshapen or not finite, a
 * second moment is negative, or a number is none or out of its range (0 <= step <= steps, and so
 * on); p and o may be half filled then. */
int at_checkpoint_load(const char *path, at_params *p, at_adamw *o, at_progress_state *s,
                       attune_error *err);

/* The stamp in a checkpoint's file, whatever else is in it. */
int at_checkpoint_stamp(const char *path, uint64_t *stamp, attune_error *err);

/* Parameters as a model file, f32, with nullable {key, value} pairs that end in NULL. */
int at_params_save(const char *path, const at_params *p, const char *const *meta,
                   attune_error *err);
/* Adds to p copies of the arrays of a file whose names begin with prefix, but for those that begin with but
 * (nullable). */
int at_params_copy(at_params *p, const at_weights *w, const char *prefix, const char *but,
                   attune_error *err);
/* Copies what p has from a model file; all of p must be there, but for names that begin with one of
 * optional (nullable, ends in NULL), which keep their values where the file lacks them. */
int at_params_load(const char *path, at_params *p, const char *const *optional, attune_error *err);

#endif
