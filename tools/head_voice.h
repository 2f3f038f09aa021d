/* head_voice.h - the demo's voice: a small source-filter synthesiser that babbles with feeling.
 *
 * Glottal pulses and noise through a cascade of formant resonators (Klatt 1980), syllables of a
 * consonant and a vowel, phrases with pauses. Pitch, range, pace, loudness and timbre follow the
 * expression (directions after Scherer 2003).
 */
#ifndef AT_TOOLS_HEAD_VOICE_H
#define AT_TOOLS_HEAD_VOICE_H

#include <stddef.h>

typedef struct head_speech {
    double start, end; /* seconds */
    int expression;    /* index into emotion7 */
} head_speech;

typedef struct head_lips {
    double open, stretch; /* as in head_face, added to the expression's own */
} head_lips;

enum { HEAD_VOICE_RATE = 16000 };

/* pcm (n), at HEAD_VOICE_RATE, is overwritten; lips (frames) at fps. */
void head_voice_speak(const head_speech *speech, int count, float *pcm, size_t n, head_lips *lips,
                      int frames, int fps);

/* Adds noise of an open-plan room (pink, swelling) from start to end seconds, snr_db under the
 * level of what is there. */
void head_voice_disturb(float *pcm, size_t n, double start, double end, double snr_db);

/* Adds the faint white noise of a microphone everywhere. */
void head_voice_microphone(float *pcm, size_t n, double level);

#endif
