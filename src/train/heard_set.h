/* heard_set.h - what the voices of a recipe's corpora sound like as a whole (dsp/functionals.h): a row each
 * version of a voice, and once more less what is usual of the person who speaks.
 */
#ifndef AT_TRAIN_HEARD_SET_H
#define AT_TRAIN_HEARD_SET_H

#include "model/audio.h"
#include "train/settings.h"
#include "train/voice_set.h"

/* Row r < heard is voice r / versions in version r % versions; row heard + r is the same centred. */
typedef struct at_heard_set {
    at_voice_set voices;
    int versions, heard; /* rows that were heard: voices x versions */
    int rows;            /* in use: heard, or twice that */
    float *z;            /* (2 heard, AT_VOICE_FUNCTIONALS) */
} at_heard_set;

/* Reads one part of the recipe's sets and hears each voice as it is and in versions - 1 others, harmed
 * as the recipe says, with its noise (nullable). What was taken is freed by at_heard_set_free, also
 * after a failure. */
int at_heard_set_load(at_heard_set *out, const at_job *job, const at_functionals_settings *s,
                      at_part part, const char *noise, int versions, attune_error *err);
void at_heard_set_free(at_heard_set *h);

/* Fills the second half of the rows: each voice with its person's mean moved to what is usual of people,
 * which is mean; or, of the training set, what comes of it. */
int at_heard_set_centre(at_heard_set *h, double mean[AT_VOICE_FUNCTIONALS], int is_training,
                        attune_error *err);

static inline int at_heard_voice(const at_heard_set *h, int row)
{
    return row % h->heard / h->versions;
}

#endif
