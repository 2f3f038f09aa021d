/* degrade.h - what goes wrong with webcam pictures, on demand: training augmentation and
 * robustness tests use the same functions.
 *
 * Each kind has a level whose meaning and unit stand beside it; 0 leaves the picture as it is and
 * more is worse. All randomness comes from the caller's rng: same picture, level and rng state,
 * same result on every machine with the same arithmetic.
 */
#ifndef AT_DEGRADE_DEGRADE_H
#define AT_DEGRADE_DEGRADE_H

#include "base/rng.h"
#include "vision/detect.h"
#include "vision/image.h"

typedef enum at_degrade_kind {
    AT_DEGRADE_BLUR,       /* level: standard deviation of a Gaussian, pixels */
    AT_DEGRADE_MOTION,     /* length of a straight motion in a random direction, pixels */
    AT_DEGRADE_RESOLUTION, /* factor to shrink by, then enlarged again; <= 1 leaves it */
    AT_DEGRADE_BLOCKS,     /* JPEG-like compression: 100 - quality of the IJG scale, 0..99 */
    AT_DEGRADE_DARK,       /* low light in stops: 2^-level of the light, its noise, and the
                            * camera's gain half making up for it */
    AT_DEGRADE_NOISE,      /* deviation of sensor noise at full light, grey levels of 255 */
    AT_DEGRADE_GAMMA,      /* exponent 2^level (darker); 2^-level for half of the draws */
    AT_DEGRADE_CONTRAST,   /* share of the contrast lost, [0,1] */
    AT_DEGRADE_PATCH,      /* occlusions: percent of the face covered, 0..100 */
    AT_DEGRADE_HAND,       /*   by skin-coloured rounded fingers, from a random side */
    AT_DEGRADE_MASK,       /*   by a surgical mask over nose and mouth, placed by landmarks */
    AT_DEGRADE_KINDS
} at_degrade_kind;

extern const char *const at_degrade_names[AT_DEGRADE_KINDS]; /* lower case, as on command lines */
at_degrade_kind at_degrade_find(const char *name);           /* AT_DEGRADE_KINDS if unknown */

/* In place on an RGB picture. face: where the face is, for occlusions; NULL: the picture is an
 * aligned face (align.h), whatever its size. covered (w*h bytes, 1 where occluded; nullable) is
 * written by occlusions only. Returns ATTUNE_OK, _E_NOMEM or _E_ARG (level not finite or
 * negative, picture not RGB). */
int at_degrade(at_image *im, at_degrade_kind kind, float level, const at_face *face, at_rng *rng,
               uint8_t *covered);

#endif
