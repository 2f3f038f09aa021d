/* telling.h - the most telling windows of a recording, by a score, without two that say the same.
 *
 * The best first, and of one face none that overlaps a better one; where the recording is too short
 * for so many, they may overlap by a half, a quarter, ... of a window, but never show one moment. No more windows are kept than
 * that choice can need, however long the recording.
 */
#ifndef AT_EVAL_TELLING_H
#define AT_EVAL_TELLING_H

#include "eval/moments.h"

typedef struct at_told {
    float score;
    int taken;            /* by another choice, or this one */
    attune_window window; /* window.beside is the offer's: NULL or not is all that it says */
    attune_beside beside;
    at_moment moment;
} at_told;

typedef struct at_telling {
    at_told *list; /* (capacity) */
    int n, capacity, wanted;
    int64_t window_us, hop_us;
} at_telling;

/* wanted: windows in the end; others: windows that other choices may take before. ATTUNE_OK or
 * ATTUNE_E_NOMEM. */
int at_telling_open(at_telling *t, int wanted, int others, const attune_options *o);
void at_telling_free(at_telling *t);
/* Both are copied, if they are kept. Of equal scores the earlier offer counts more. */
void at_telling_offer(at_telling *t, float score, const attune_window *w, const at_moment *m);
/* Another choice shows it: neither its window nor its moment is to be shown again. */
void at_telling_leave(at_telling *t, const at_told *shown);
/* Fills chosen (wanted) with what was chosen, best first, and returns how many. They live with t. */
int at_telling_choose(at_telling *t, const at_told **chosen);

#endif
