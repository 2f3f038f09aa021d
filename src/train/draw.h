/* draw.h - the order in which an epoch goes through the samples of several sets, each as often as its
 * share says. */
#ifndef AT_TRAIN_DRAW_H
#define AT_TRAIN_DRAW_H

#include <attune/attune.h>
#include <stdint.h>

/* Samples [0, n), sample i of set set_of[i] in [0, sets). share[k]: of set k in an epoch, 0.5 half
 * of it, 2 twice. */
typedef struct at_draw {
    int n, sets;
    const int *set_of;
    const double *share;
} at_draw;

/* Size of an epoch. */
int at_draw_count(const at_draw *d);
/* Its order: shuffled, from (seed, epoch) alone. order (count). ATTUNE_OK or ATTUNE_E_NOMEM. */
int at_draw_order(const at_draw *d, int64_t seed, int64_t epoch, int *order);

#endif
