/* noise.h - how loud is the noise, under the voice and right after it has changed?
 *
 * Minimum statistics (Martin, "Noise power spectral density estimation based on optimal smoothing
 * and minimum statistics", IEEE Trans. Speech and Audio Processing 9(5), 2001): in each mel band
 * the smallest power of the last two seconds, since even fluent speech leaves each band alone at
 * times. Smoothed over four frames only: Martin lets go of the smoothing where the power falls, and
 * a short mean comes to the same. So the estimate falls within 60 ms of a noise's end, where a
 * recursive mean hangs on for half a second and bridges the gaps between words. That it rises late,
 * and what the minimum of few frames is short of the mean, at_voice_quality_of makes good.
 *
 * Apart from the floors of vad.h, which answer another question: the features' trimming, and with
 * it every trained voice, depends on those. Internal to dsp. No allocation.
 */
#ifndef AT_DSP_NOISE_H
#define AT_DSP_NOISE_H

#include "dsp/minima.h"

enum {
    AT_NOISE_SMOOTH = 4, /* frames */
    /* A noise that began is known for sure once it has lasted for so many frames. */
    AT_NOISE_MEMORY = (AT_MINIMA_SLOTS - 1) * AT_MINIMA_FRAMES,
};

/* Zero-initialised is ready for use. One thread at a time. */
typedef struct at_noise {
    float recent[AT_NOISE_SMOOTH][AT_MEL_BANDS]; /* ring */
    int next, used;                              /* of it */
    at_minima minima;
    float floor[AT_MEL_BANDS]; /* the present estimate, power in the mel bands */
} at_noise;

/* Takes one frame's mel band powers (AT_MEL_BANDS, >= 0, linear). Not to be called for digital
 * silence, which says nothing of the noise. */
void at_noise_push(at_noise *n, const float *band);

#endif
