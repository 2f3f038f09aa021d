/* denoise.h - speexdsp's noise suppressor on a stream of 10 ms blocks.
 *
 * Internal to dsp (at_features_options.denoise is the way to it). The suppressor (Valin, after
 * Ephraim & Malah 1985 with minimum-controlled noise tracking) works on 16-bit samples and overlaps
 * windows by half, so what comes out belongs to the block before the one that went in.
 */
#ifndef AT_DSP_DENOISE_H
#define AT_DSP_DENOISE_H

#include "dsp/features.h"

enum { AT_DENOISE_BLOCK = AT_FRAME_HOP }; /* samples in, samples out, samples of delay */

typedef struct at_denoise at_denoise; /* one thread at a time */

/* suppress_db: the most it takes off any frequency, in [1, 60]. */
int at_denoise_create(at_denoise **out, float suppress_db, attune_error *err);
void at_denoise_free(at_denoise **d);

/* in, out: AT_DENOISE_BLOCK samples; in finite. gain (> 0) brings them to where 16 bits are enough;
 * what is then beyond [-1, 1] clips. out: the block before, denoised, its own gain taken back
 * (after create: near silence). in and out may be the same. */
void at_denoise_block(at_denoise *d, float gain, const float *in, float *out);

#endif
