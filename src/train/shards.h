/* shards.h - a step in shards: a batch is cut into equal parts, each goes through the network by itself, and what
 * they came to is summed in one fixed order, whoever computed which.
 *
 * Ranks have neighbouring shards. The sum is a binary tree over the shards' numbers,
 *
 *     ((0 + 1) + (2 + 3)) + (4 + 5)
 *
 * of which a rank sums the whole branches that it has; the rest is summed by the rank that owns that stretch of
 * the parameters, and gathered. So the bits are the same for any number of ranks, as they are for any number of
 * threads, and a rank sends about two gradients a step.
 *
 * Besides gradients a pass moves running statistics: untrained vectors. Each shard moves them from where they
 * stood before the step; the step moves them by the mean.
 */
#ifndef AT_TRAIN_SHARDS_H
#define AT_TRAIN_SHARDS_H

#include "tensor/tensor.h"
#include "train/ranks.h"

typedef struct at_shards at_shards;

/* p [kept]: with all that will be in it. ranks [kept]: nullable; no more of them than shards. */
int at_shards_create(at_shards **out, at_params *p, int shards, at_ranks *ranks, attune_error *err);
void at_shards_free(at_shards **s);
/* Those of rank `rank` of `count`: [first, end). */
int at_shards_first(int shards, int rank, int count);

/* A step begins: where the running statistics stand is remembered. */
void at_shards_begin(at_shards *s);
/* After the pass of the shard that comes next, with its loss: takes gradients and statistics away. */
int at_shards_add(at_shards *s, double loss, attune_error *err);
/* All of this rank's are added: gradients become the sum over all shards, statistics move by their mean, *loss is
 * the mean. All ranks call it. */
int at_shards_end(at_shards *s, double *loss, attune_error *err);
/* Instead: as if the step had not begun. */
void at_shards_drop(at_shards *s);

#endif
