/* voices.h - training and evaluation voices, through the run-time path.
 *
 * Sound is decoded once and kept as PCM; feature rows come from dsp/features.h after whatever
 * augmentation was asked for, so that noise is in the sound, not in the features. A corpus's cache keeps
 * these rows, by the samples and all that was asked for.
 */
#ifndef AT_DATA_VOICES_H
#define AT_DATA_VOICES_H

#include "base/each.h"
#include "data/corpus.h"
#include "degrade/sound.h"
#include "dsp/functionals.h"
#include "dsp/vad.h"

typedef struct at_voice_sample {
    at_sample label;
    int corpus, slot; /* which of the corpora given to at_voices_load, and which of its samples */
    float *pcm;       /* (n), 16 kHz mono, owned */
    size_t n;
    at_cache *cache; /* its corpus's */
} at_voice_sample;

typedef struct at_voices {
    at_voice_sample *list;
    int count, unreadable;
    float *noise; /* (noise_n) all background noises one after the other, their training parts */
    size_t noise_n;
    uint64_t noise_digest; /* where there is a cache */
} at_voices;

/* Reads all sounds of n corpora, which may be freed afterwards. noise_dir: folder of background recordings, NULL for none; the first noise_share (0..1; 0: 0.7)
 * of each is taken. watcher: nullable. */
int at_voices_load(at_voices *out, const at_corpus *corpora, int n, const char *noise_dir,
                   double noise_share, at_pool *pool, const at_watcher *watcher, attune_error *err);
void at_voices_free(at_voices *v);
/* The sound files of a folder, one after the other, the part from..to (shares) of each: *pcm (n),
 * at_free. Fails when there is none. */
int at_noises_load(float **pcm, size_t *n, const char *dir, double from, double to,
                   attune_error *err);

/* Normalised feature rows of samples index[0..n): x (n, max_rows, AT_FEATURE_COLS) zero-padded,
 * lengths (n). Leading and trailing non-speech is trimmed (VAD, 100 ms kept). Longer sounds are cut
 * to max_rows: at random in training (augment given), in the middle otherwise. augment, masks
 * nullable. Deterministic for (seed, index[i]). */
int at_voices_rows(const at_voices *v, const int *index, int n, int max_rows,
                   const at_voice_augment *augment, const at_spec_masks *masks, uint64_t seed,
                   at_pool *pool, float *x, int *lengths);

/* One voice as it is: what a network hears of it, and how well it can be heard. */
typedef struct at_voice_heard {
    int length; /* rows in x; 1, of zeros, when the sound is too short for a row */
    int speech; /* of those of the whole sound, rows with speech */
    at_voice_quality quality;
    float functionals[AT_FUNCTIONALS]; /* of the rows in x */
} at_voice_heard;

/* x (max_rows, AT_FEATURE_COLS), as at_voices_rows without augment. */
int at_voice_rows(const at_voice_sample *s, int max_rows, float *x, at_voice_heard *out);
/* The same of sample i as at_voices_rows augments it. */
int at_voices_hear(const at_voices *v, int i, int max_rows, const at_voice_augment *augment,
                   uint64_t seed, float *x, at_voice_heard *out);

#endif
