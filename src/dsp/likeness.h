/* likeness.h - is what stands out a voice, or music, a siren, a noise that has just begun?
 *
 * vad.h says where something is to be heard; this says what it is, from how a second of it behaves:
 * a voice changes its timbre and its pitch as syllables do. Statistics over a stretch of feature
 * rows go through a small network (likeness_weights.c, written by tools/learn_likeness.py). None of
 * them depends on loudness. Internal to dsp: at_voice_quality_of is the way to it. No allocation.
 */
#ifndef AT_DSP_LIKENESS_H
#define AT_DSP_LIKENESS_H

#include "dsp/features.h"

enum {
    AT_LIKENESS_ROWS = 100,       /* a stretch: 1 s */
    AT_LIKENESS_STEP = 50,        /* rows from one stretch to the next */
    AT_LIKENESS_SPEECH_ROWS = 20, /* a stretch with fewer such rows says nothing */
    AT_LIKENESS_STATS = 61,
    AT_LIKENESS_HIDDEN = 24,
};

/* stats (AT_LIKENESS_STATS) of the rows (n): finite. Returns how many are speech; under
 * AT_LIKENESS_SPEECH_ROWS the stats are not set. */
size_t at_likeness_describe(const at_feature_row *rows, size_t n, float *stats);

/* Mean over the stretches of rows (n, in order of time), by the speech in each; 0 without speech. */
float at_likeness_of(const at_feature_row *rows, size_t n);

/* likeness_weights.c: hidden = tanh(w1 stats + b1), probability = sigmoid(w2 hidden + b2). */
extern const float at_likeness_w1[AT_LIKENESS_HIDDEN][AT_LIKENESS_STATS];
extern const float at_likeness_b1[AT_LIKENESS_HIDDEN];
extern const float at_likeness_w2[AT_LIKENESS_HIDDEN];
extern const float at_likeness_b2;

#endif
