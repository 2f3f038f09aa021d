/* augment.h - make training voices vary: noise, speed, pitch, gain, telephone band, and masks on
 * feature rows. All randomness comes from the caller's at_rng: same seed, same result.
 *
 * Sound is f32 mono at 16 kHz. Functions with an out parameter allocate *out (at_alloc, free with
 * at_free); the others work in place. Results may leave [-1, 1]; only at_augment_voice limits.
 */
#ifndef AT_DEGRADE_SOUND_H
#define AT_DEGRADE_SOUND_H

#include "base/rng.h"
#include "dsp/features.h"

/* x (n) times 10^(db/20). */
void at_augment_gain(float *x, size_t n, float db);

/* Adds noise (noise_n), repeated from a random start, scaled so that the power of x over the power
 * of the added stretch is snr_db. x's power is that of its active parts (frames within 30 dB of
 * the loudest), so that pauses do not count. Silence on either side: x is left alone. */
void at_augment_noise(float *x, size_t n, const float *noise, size_t noise_n, float snr_db,
                      at_rng *rng);

/* Adds other (n) so scaled, from its beginning. */
void at_augment_mix(float *x, size_t n, const float *other, float snr_db);

/* Adds white noise of the same meaning of snr_db. */
void at_augment_white(float *x, size_t n, float snr_db, at_rng *rng);

/* Plays factor times as fast (pitch moves with it): *out_n = round(n / factor).
 * factor in [0.5, 2], else ATTUNE_E_ARG. */
int at_augment_speed(const float *x, size_t n, double factor, float **out, size_t *out_n);

/* Lasts factor times as long at the same pitch (WSOLA, Verhelst & Roelands 1993):
 * *out_n = round(n * factor). factor in [0.5, 2]. */
int at_augment_stretch(const float *x, size_t n, double factor, float **out, size_t *out_n);

/* Moves the pitch (formants with it) by semitones in [-12, 12]; the length n stays. */
int at_augment_pitch(const float *x, size_t n, double semitones, float **out);

/* Keeps low_hz..high_hz: Butterworth high-pass and low-pass of order 4 each.
 * 0 < low_hz < high_hz < 8000, else ATTUNE_E_ARG. Telephone: 300, 3400. */
int at_augment_band(float *x, size_t n, double low_hz, double high_hz);

/* SpecAugment (Park et al. 2019, section 2) without time warp, on normalised rows, so that 0 is
 * the mean. Frequency masks cover log-mel columns, time masks all columns. The MFCC still tell of
 * a masked band, so with probability mfcc_p they (and their deltas) are cleared for all n rows.
 * Mask widths are uniform in [0, width]. Zero-initialised: nothing happens. */
typedef struct at_spec_masks {
    int freq_masks, freq_width; /* count, largest width in bands (at most AT_MEL_BANDS) */
    int time_masks, time_width; /* count, largest width in frames */
    float time_share;           /* no time mask is longer than this share of n; 0: 1 */
    float mfcc_p;
} at_spec_masks;
void at_augment_spec(float *x, size_t n, const at_spec_masks *m, at_rng *rng);

/* One call for training: each change happens with its probability, with strength uniform in its
 * range, in the order speed, pitch, band, gain, noise. Zero-initialised: copies. */
typedef struct at_voice_augment {
    float speed_p, speed_min, speed_max; /* e.g. 0.5, 0.9, 1.1 */
    float pitch_p, pitch_max;            /* semitones, +-pitch_max */
    float band_p;                        /* telephone band */
    float gain_p, gain_max;              /* dB, +-gain_max */
    float noise_p, snr_min, snr_max;     /* dB */
    const float *noise;                  /* (noise_n) borrowed; NULL: white */
    size_t noise_n;
} at_voice_augment;
int at_augment_voice(const float *x, size_t n, const at_voice_augment *a, at_rng *rng, float **out,
                     size_t *out_n, attune_error *err);

#endif
