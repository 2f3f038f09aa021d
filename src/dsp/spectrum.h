/* spectrum.h - one 25 ms frame to mel bands, MFCC, energy, zero crossings and pitch.
 *
 * Internal to dsp: features.h is what others use. Everything here depends on the frame's own 400
 * samples and on nothing before them, so that a frame gives the same bits wherever it is cut.
 */
#ifndef AT_DSP_SPECTRUM_H
#define AT_DSP_SPECTRUM_H

#include "dsp/features.h"

typedef struct at_spectrum at_spectrum; /* tables and scratch; one thread at a time */

int at_spectrum_create(at_spectrum **out, attune_error *err);
void at_spectrum_free(at_spectrum **s);

/* What a frame says, before logs and deltas. */
typedef struct at_frame {
    float band[AT_MEL_BANDS]; /* weighted mean of the power spectrum, >= 0 */
    float power;              /* mean square about the frame's mean */
    float zcr;                /* sign changes over AT_FRAME_LEN - 1 steps */
} at_frame;

/* pcm: AT_FRAME_LEN finite samples. */
void at_spectrum_frame(at_spectrum *s, const float *pcm, at_frame *out);

/* The mean square that band powers (AT_MEL_BANDS) stand for: pre-emphasis undone, band by band, on
 * the understanding that the spectrum is flat within each. What is outside the bands is left out. */
float at_spectrum_band_power(const at_spectrum *s, const float *band);

/* How periodic the frame last given to at_spectrum_frame is at a voice's pitch (AT_PITCH_LOW_HZ to
 * AT_PITCH_TOP_HZ): the highest autocorrelation in that range over that at lag 0, [0, 1]. */
float at_spectrum_periodicity(at_spectrum *s);

/* Pitch of the frame last given to at_spectrum_frame: returns the height of the same
 * autocorrelation's best peak, [0, 1], and sets *octaves to log2(pitch / AT_PITCH_LOW_HZ); both 0
 * without a peak. Peaks are placed between lags by a parabola, and those at shorter lags are
 * preferred a little, or a voice would often be heard an octave too low (Boersma 1993, eq. 24-26). */
float at_spectrum_pitch(at_spectrum *s, float *octaves);

/* logmel (AT_MEL_BANDS) = ln(band + floor), mfcc (AT_MFCCS) = its orthonormal DCT-II. */
void at_spectrum_cepstrum(const at_spectrum *s, const float *band, float floor, float *logmel,
                          float *mfcc);

/* Where band i - 1 has its centre, and its neighbours begin or end, in mel; i from 0, where band 0 begins, to
 * AT_MEL_BANDS + 1, where the last ends. */
double at_mel_edge(int i);
double at_hz_of_mel(double mel);

/* For tests: the weights (AT_FFT_BINS) of one mel band. */
void at_spectrum_band_weights(const at_spectrum *s, int band, float *weights);

#endif
