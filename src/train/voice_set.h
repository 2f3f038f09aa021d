/* voice_set.h - the voices of a recipe's corpora, in the voice network's classes.
 *
 * Voices of several sets train together. A set need not have every class.
 */
#ifndef AT_TRAIN_VOICE_SET_H
#define AT_TRAIN_VOICE_SET_H

#include "data/voices.h"
#include "train/draw.h"
#include "train/learn.h"

typedef struct at_voice_set {
    at_voices voices;
    int sets;
    double share[AT_MAX_SETS];
    at_head head[AT_MAX_SETS];     /* what each set is labelled by: VOICE8 or EMOTION7 */
    unsigned classes[AT_MAX_SETS]; /* bit k: class k of the network occurs in the set */
    int *set_of;                   /* (voices.count) */
    int *label;                    /* (voices.count) in the network's classes */
    int *person; /* (voices.count) from 0 as they come; of two sets never the same */
    int people;
} at_voice_set;

/* Reads one part of each set of data that has it. noise: as in a recipe; nullable. */
int at_voice_set_load(at_voice_set *out, const at_job *job, const at_voices_settings *data,
                      at_part part, const char *noise, attune_error *err);
void at_voice_set_free(at_voice_set *s);

/* The set as what epochs are drawn from. */
at_draw at_voice_set_draw(const at_voice_set *s);

/* What a voice should be answered by, target (8): its class, smoothed over those of its set. */
void at_voice_set_target(const at_voice_set *s, int sample, float smoothing, float *target);
/* What is added to the logits of samples [0, n) of a batch in the loss, prior (n x 8): 0 for the classes
 * of a voice's set, and of the one that is mixed into it (at_mix_voices), else -lacking: what the set
 * lacks is rare in it, not in the world (logit adjustment, Menon 2021). */
void at_voice_set_prior(const at_voice_set *s, const int *sample, int n, int mixed, float lacking,
                        float *prior);

/* The network's probabilities (8) in the classes of the sample's own set: p, their number returned. */
int at_voice_set_answer(const at_voice_set *s, int sample, const float *native, float *p);

#endif
