/* surround.h - what a sample's sound can be mixed with: noises from a folder, and the voices of the
 * other people of its own corpus.
 */
#ifndef AT_EVAL_SURROUND_H
#define AT_EVAL_SURROUND_H

#include "data/corpus.h"
#include "degrade/harms.h"

enum { AT_SURROUND_VOICES = 16 };

typedef struct at_surround at_surround;

/* Reads only what harms need: *out is NULL where that is nothing. noise: nullable. Of each noise the
 * part that training leaves alone. c is borrowed. */
int at_surround_open(at_surround **out, const at_harms *harms, const char *noise,
                     const at_corpus *c, attune_error *err);
void at_surround_free(at_surround **s);

/* sources points into this. */
typedef struct at_surroundings {
    at_sound_sources sources;
    const float *voice[AT_SURROUND_VOICES];
    size_t voice_n[AT_SURROUND_VOICES];
} at_surroundings;

/* s: nullable. */
void at_surround_of(const at_surround *s, const at_sample *who, at_surroundings *out);

#endif
