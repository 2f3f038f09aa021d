/* drawn_harm.h - which of a recipe's degradations a sample gets. */
#ifndef AT_TRAIN_DRAWN_HARM_H
#define AT_TRAIN_DRAWN_HARM_H

#include "train/settings.h"

/* One of list (n) that is of pictures, or of sound, at a level between a third of what it says and all of
 * it, from (seed, sample) alone; none where there is none of that sort. */
at_harms at_drawn_harm(const at_harm_settings *list, int n, int to_sound, uint64_t seed,
                       uint64_t sample);

#endif
