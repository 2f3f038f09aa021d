/* vad.h - is someone speaking? And how good is the sound?
 *
 * Noise floors per mel band by minimum statistics (after Martin 2001): the smallest smoothed power
 * of the last 1.5 s, which follows a steady noise of any colour and never freezes. A frame's
 * score is how far the group of bands that stands out most does so, together with how periodic
 * the frame is. Hangover bridges the gaps inside words. It tells speech from steady noise; music is
 * sound of interest to it, and voice_like below tells what it is.
 * No allocation.
 */
#ifndef AT_DSP_VAD_H
#define AT_DSP_VAD_H

#include "dsp/minima.h"

enum {
    AT_VAD_SLOTS = 6,     /* sub-windows of the minimum search: 6 x 250 ms */
    AT_VAD_ONSET = 3,     /* frames over one half in a row that start speech: no clicks */
    AT_VAD_HANGOVER = 20, /* frames that stay speech after the last one that was */
};

/* Zero-initialised is ready for use. Private but for its size. */
typedef struct at_vad {
    float smooth[AT_MEL_BANDS], ratio[AT_MEL_BANDS], periodicity;
    at_minima minima;          /* of smooth */
    float floor[AT_MEL_BANDS]; /* the present noise estimate, mean power */
    int frames;                /* so far, as long as they are few */
    int run;                   /* frames over one half without a break */
    int hold;                  /* frames of hangover left */
} at_vad;

/* Takes one frame: its mel band powers (AT_MEL_BANDS, >= 0, linear), its mean square and its
 * periodicity (at_spectrum_periodicity, [0, 1]). Returns 1 if the frame is speech, hangover
 * included. *probability (nullable) gets the frame's own, [0, 1]. What is not over floor (a power,
 * > 0) is silence: no speech, and it teaches nothing about the noise. */
int at_vad_push(at_vad *v, const float *band, float power, float periodicity, float floor,
                float *probability);

/* Between these the noise takes something from a voice: under the one it is lost, over the other
 * nothing is amiss. */
#define AT_SNR_LOST_DB  (-3.0f)
#define AT_SNR_CLEAR_DB 15.0f

/* What the rows of a window say of its sound. Speech is the mean level of the rows with speech;
 * noise is another one at each row, so that a noise which comes or goes counts for the rows that it
 * was there for. */
typedef struct at_voice_quality {
    float snr_db;        /* speech over noise in dB, mean over the rows with speech, limited to
                          * [-10, 60]; NaN without speech */
    float clear;         /* how much of the speech is heard: mean over its rows of 0 at
                          * AT_SNR_LOST_DB to 1 at AT_SNR_CLEAR_DB; 0 without speech */
    float speech_share;  /* share of the rows with speech, [0, 1]; 0 for no rows */
    float level_db;      /* dBFS (a sine of full scale: -3) of the speech, or of all rows if there
                          * is none, at least -100; NaN for no rows */
    float clipped_share; /* share of clipped samples, [0, 1] */
    float voice_like;    /* how far what is taken for speech sounds like a voice, not like music, a
                          * siren or a noise that began: [0, 1], 0 without speech (likeness.h) */
} at_voice_quality;

/* rows (n): successive, in order of time. */
void at_voice_quality_of(const at_feature_row *rows, size_t n, at_voice_quality *out);

#endif
