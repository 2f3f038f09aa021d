/* mono.h - sound of any rate and number of channels as mono 16 kHz, as it comes.
 *
 * Channels are averaged, then resampled by speexdsp's windowed sinc, whose delay is taken off: output
 * sample i is of the moment i / 16000 s after the first input. Pushing in pieces of any size gives
 * the same bits as one push. Samples that are not numbers count as 0, others are limited to [-8, 8].
 */
#ifndef AT_DSP_MONO_H
#define AT_DSP_MONO_H

#include <attune/attune.h>

typedef struct at_mono at_mono;

/* rate in ATTUNE_MIN_RATE..ATTUNE_MAX_RATE, channels in 1..ATTUNE_MAX_CHANNELS. */
int at_mono_create(at_mono **out, int rate, int channels);
void at_mono_free(at_mono **m);

/* Room for what comes of n more samples of each channel, and of finishing after them. */
size_t at_mono_most(const at_mono *m, size_t n);
/* Samples written to pcm. x: of m's rate and channels. */
size_t at_mono_push(at_mono *m, const attune_sound *x, float *pcm);
/* What the filter still holds; m is of no more use after it. */
size_t at_mono_finish(at_mono *m, float *pcm);

#endif
