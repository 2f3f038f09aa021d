/* prosody.h - how a stretch is spoken: its melody, how rough and how bright the voice is, its pace.
 *
 * Each is about the stretch's own voice, so that it says little of who speaks, in what language and through
 * what: pitch in semitones from the stretch's median, the balance of low and high bands, how clear the pitch
 * is, how both go with the energy. Low-level descriptors and statistics after the GeMAPS (Eyben 2016, "The
 * Geneva minimalistic acoustic parameter set"), computed from the feature rows (features.h):
 *
 *   alpha ratio         dB, power of 1 to 5 kHz over that below 1 kHz
 *   Hammarberg index    dB, the strongest band below 2 kHz over the strongest of 2 to 5 kHz
 *   slopes              dB per 1000 mel, of the bands below 600 Hz, 500 to 1600 Hz, 1500 to 5000 Hz
 *   centroid, entropy   of the power over the bands: octaves over 1 Hz, nats
 *   clearness           dB, 10 log10 r / (1 - r) of the pitch's strength r, an estimate of the ratio of
 *                       harmonics to noise (Boersma 1993)
 *
 * The bands are pre-emphasised, so the balance is of that. How loud the recording is changes nothing.
 */
#ifndef AT_DSP_PROSODY_H
#define AT_DSP_PROSODY_H

#include "dsp/features.h"

enum {
    AT_PROSODY = 123,
    AT_PROSODY_SCRATCH = 12, /* floats a row */
};

extern const char *const at_prosody_names[AT_PROSODY];

/* x (n, AT_FEATURE_COLS) as it is, speech (n), scratch (n x AT_PROSODY_SCRATCH). What there are too few
 * frames for is 0. */
void at_prosody(const float *x, size_t n, const unsigned char *speech, float *scratch,
                float out[AT_PROSODY]);

#endif
