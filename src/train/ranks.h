/* ranks.h - what processes that train together tell one another, besides gradients (shards.h).
 *
 * All make the same calls in the same order, with one liberty: who fails goes on to its next at_ranks_agree, be it
 * one further out than that of the others. So where one may fail by itself, at_ranks_agree comes first of the
 * calls that follow, and after a failure or ATTUNE_E_INTERRUPTED none asks the others anything any more.
 *
 * NULL everywhere: one process, which nobody has to be told of.
 */
#ifndef AT_TRAIN_RANKS_H
#define AT_TRAIN_RANKS_H

#include <attune/train.h>
#include <stddef.h>

typedef struct at_ranks {
    const attune_ranks *calls;
    int rank, count;
    int over; /* no more calls are made */
} at_ranks;

/* Whether this one writes and speaks. */
int at_ranks_lead(const at_ranks *r);
/* The vectors of shards.h: as the two calls of attune_ranks. */
int at_ranks_gather(at_ranks *r, const void *mine, void *all, const size_t *sizes,
                    attune_error *err);
int at_ranks_exchange(at_ranks *r, const void *send, const size_t *send_sizes, void *recv,
                      const size_t *recv_sizes, attune_error *err);
/* How each did; where one failed, all get the status of the first that did, and its text with its rank. */
int at_ranks_agree(at_ranks *r, int status, attune_error *err);
/* Rank 0's data to all. */
int at_ranks_share(at_ranks *r, void *data, size_t size, attune_error *err);
/* Fails where `data` is not the same everywhere: `what` says what it stands for, "recipe or data". */
int at_ranks_same(at_ranks *r, const char *what, const void *data, size_t size, attune_error *err);

#endif
