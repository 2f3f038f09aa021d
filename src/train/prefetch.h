/* prefetch.h - prepares the next batch on a thread of its own while the last one trains. */
#ifndef AT_TRAIN_PREFETCH_H
#define AT_TRAIN_PREFETCH_H

#include <attune/attune.h>
#include <stdint.h>

typedef struct at_prefetch at_prefetch;

/* Prepares batch number step into slot 0 or 1; runs on the prefetch thread only, steps in order.
 * Must depend on step alone. Negative: an attune_status. */
typedef int (*at_prepare_fn)(void *user, int64_t step, int slot);

/* Starts preparing first .. end - 1. */
int at_prefetch_start(at_prefetch **out, at_prepare_fn fn, void *user, int64_t first, int64_t end,
                      attune_error *err);
/* Waits for the next batch and gives its slot, which stays the caller's until the next call.
 * Negative: the status that preparing failed with. */
int at_prefetch_next(at_prefetch *p);
void at_prefetch_stop(at_prefetch **p);

#endif
