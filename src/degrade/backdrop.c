/* backdrop.c - what else is heard beside a voice. */
#include "degrade/parts.h"
#include "degrade/sound.h"

#include "base/mem.h"

#include <string.h>

enum {
    TALKERS = 6,     /* in a babble */
    FEWEST = 3,      /* of recorded voices that make one */
    PINK_VOICES = 12 /* octaves of pink noise, below 8 kHz down to 2 Hz */
};

int at_degrade_hiss(float *pcm, size_t n, float snr_db, const at_sound_sources *from, at_rng *rng)
{
    (void)from;
    at_augment_white(pcm, n, snr_db, rng);
    at_sound_keep_within(pcm, n);
    return ATTUNE_OK;
}

int at_degrade_noises(float *pcm, size_t n, float snr_db, const at_sound_sources *from, at_rng *rng)
{
    if (!from->noise_n)
        return ATTUNE_E_ARG;
    at_augment_noise(pcm, n, from->noise, from->noise_n, snr_db, rng);
    at_sound_keep_within(pcm, n);
    return ATTUNE_OK;
}

/* ---- what is made for it ------------------------------------------------------------------- */

/* White noises held for 1, 2, 4, ... samples, added up (Voss & Clarke 1978): as much power in each
 * octave. */
static void add_pink(float *out, size_t n, const at_sound_sources *from, at_rng *rng)
{
    float held[PINK_VOICES] = {0};
    (void)from;
    for (size_t i = 0; i < n; i++)
        for (int k = 0; k < PINK_VOICES; k++) {
            if (i % ((size_t)1 << k) == 0)
                held[k] = at_rng_normal(rng);
            out[i] += held[k];
        }
}

static void add_music(float *out, size_t n, const at_sound_sources *from, at_rng *rng)
{
    (void)from;
    at_make_music(out, n, rng);
}

/* One of the recorded voices, again and again, from anywhere in it. */
static void add_recorded(float *out, size_t n, const at_sound_sources *from, at_rng *rng)
{
    const uint32_t who = at_rng_below(rng, (uint32_t)from->voices);
    const size_t length = from->voice_n[who];
    const size_t start = at_rng_below(rng, (uint32_t)length);
    for (size_t i = 0, k = start; i < n; i++, k = k + 1 < length ? k + 1 : 0)
        out[i] += from->voice[who][k];
}

static void add_babble(float *out, size_t n, const at_sound_sources *from, at_rng *rng)
{
    for (int k = 0; k < TALKERS; k++)
        if (from->voices >= FEWEST)
            add_recorded(out, n, from, rng);
        else
            at_make_talk(out, n, rng);
}

/* ---- mixed in ------------------------------------------------------------------------------ */

static int mix(float *pcm, size_t n, float snr_db, const at_sound_sources *from, at_rng *rng,
               void (*add)(float *out, size_t n, const at_sound_sources *from, at_rng *rng))
{
    float *other = at_calloc(n, sizeof *other);
    if (!other)
        return ATTUNE_E_NOMEM;
    add(other, n, from, rng);
    at_augment_mix(pcm, n, other, snr_db);
    at_sound_keep_within(pcm, n);
    at_free(other);
    return ATTUNE_OK;
}

int at_degrade_pink(float *pcm, size_t n, float snr_db, const at_sound_sources *from, at_rng *rng)
{
    return mix(pcm, n, snr_db, from, rng, add_pink);
}

int at_degrade_babble(float *pcm, size_t n, float snr_db, const at_sound_sources *from, at_rng *rng)
{
    return mix(pcm, n, snr_db, from, rng, add_babble);
}

int at_degrade_music(float *pcm, size_t n, float snr_db, const at_sound_sources *from, at_rng *rng)
{
    return mix(pcm, n, snr_db, from, rng, add_music);
}
