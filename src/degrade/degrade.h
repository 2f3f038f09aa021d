/* degrade.h - what goes wrong with webcam pictures and their sound, on demand: training augmentation
 * and robustness tests use the same functions.
 *
 * One table of kinds. A kind is a line there and its function in the file of its family; its level's
 * meaning, unit and range stand in that line and nowhere else. All randomness comes from the
 * caller's rng: same input, level and rng state, same result on every machine with the same
 * arithmetic. harms.h applies several in order, to a picture, a sound or a whole clip.
 */
#ifndef AT_DEGRADE_DEGRADE_H
#define AT_DEGRADE_DEGRADE_H

#include "base/rng.h"
#include "vision/detect.h"
#include "vision/image.h"

/* Index into at_degradations. */
typedef enum at_degrade_kind {
    AT_DEGRADE_BLUR,
    AT_DEGRADE_MOTION,
    AT_DEGRADE_RESOLUTION,
    AT_DEGRADE_BLOCKS,
    AT_DEGRADE_DARK,
    AT_DEGRADE_NOISE,
    AT_DEGRADE_GAMMA,
    AT_DEGRADE_CONTRAST,
    AT_DEGRADE_PATCH,
    AT_DEGRADE_HAND,
    AT_DEGRADE_MASK,
    AT_DEGRADE_JPEG,
    AT_DEGRADE_H264,
    AT_DEGRADE_PICTURES, /* those above are of pictures, those below of sound */
    AT_DEGRADE_HISS = AT_DEGRADE_PICTURES,
    AT_DEGRADE_PINK,
    AT_DEGRADE_NOISES,
    AT_DEGRADE_BABBLE,
    AT_DEGRADE_MUSIC,
    AT_DEGRADE_REVERBERATION,
    AT_DEGRADE_QUIET,
    AT_DEGRADE_CLIPPING,
    AT_DEGRADE_TELEPHONE,
    AT_DEGRADE_OPUS,
    AT_DEGRADE_LOSS,
    AT_DEGRADE_SILENCE,
    AT_DEGRADE_KINDS
} at_degrade_kind;

/* Recordings that sound is mixed with, 16 kHz mono, borrowed. Zero: there are none. */
typedef struct at_sound_sources {
    const float *noise; /* (noise_n) of one noise after the other */
    size_t noise_n;
    const float *const *voice; /* (voices) of other people than the one who is heard */
    const size_t *voice_n;
    int voices;
} at_sound_sources;

enum { AT_DEGRADE_LEVELS = 4 };

typedef struct at_degradation {
    const char *name; /* lower case, as on command lines */
    const char *unit; /* of the level */
    const char *about;
    float none; /* the level that leaves everything as it is */
    float most; /* beyond this a level counts as this: the worst that makes sense */
    float listed[AT_DEGRADE_LEVELS]; /* (levels) that a table of all kinds shows, mild to hard */
    int levels;
    int afresh; /* of pictures: in a clip each frame has its own draw, as noise has */
    /* One of the two. The level is finite, on the side of none that most is on, and not none. */
    int (*picture)(at_image *im, at_degrade_kind kind, float level, const at_face *face,
                   at_rng *rng, uint8_t *covered);
    int (*sound)(float *pcm, size_t n, float level, const at_sound_sources *from, at_rng *rng);
} at_degradation;

extern const at_degradation at_degradations[AT_DEGRADE_KINDS];
at_degrade_kind at_degrade_find(const char *name); /* AT_DEGRADE_KINDS if unknown */

/* In place on an RGB picture. face: where the face is, for occlusions; NULL: the picture is an
 * aligned face (align.h), whatever its size. covered (w*h bytes, 1 where occluded; nullable) is
 * written by occlusions only. Returns ATTUNE_OK, _E_NOMEM or _E_ARG (level not finite or on the
 * wrong side of none, picture not RGB, not a kind of pictures). */
int at_degrade(at_image *im, at_degrade_kind kind, float level, const at_face *face, at_rng *rng,
               uint8_t *covered);
/* The same for sound: pcm (n), mono, 16 kHz, the whole of what is heard. from: nullable. The results
 * stay in [-1, 1]. ATTUNE_E_ARG, too, where from lacks the recordings that the kind is about;
 * ATTUNE_E_UNSUPPORTED without an encoder. */
int at_degrade_sound(float *pcm, size_t n, at_degrade_kind kind, float level,
                     const at_sound_sources *from, at_rng *rng);

#endif
