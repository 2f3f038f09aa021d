/* parts.h - the functions of the table's lines, each in the file of its family. Private to degrade. */
#ifndef AT_DEGRADE_PARTS_H
#define AT_DEGRADE_PARTS_H

#include "degrade/degrade.h"

/* picture.c: blur, motion, resolution, dark, noise, gamma, contrast */
int at_degrade_picture(at_image *im, at_degrade_kind kind, float level, const at_face *face,
                       at_rng *rng, uint8_t *covered);
/* blocks.c */
int at_degrade_blocks(at_image *im, at_degrade_kind kind, float level, const at_face *face,
                      at_rng *rng, uint8_t *covered);
/* cover.c: patch, hand, mask */
int at_degrade_cover(at_image *im, at_degrade_kind kind, float percent, const at_face *face,
                     at_rng *rng, uint8_t *covered);
/* codec.c: jpeg, h264 */
int at_degrade_codec(at_image *im, at_degrade_kind kind, float level, const at_face *face,
                     at_rng *rng, uint8_t *covered);

/* line.c: what microphones and lines do to sound */
int at_degrade_hiss(float *pcm, size_t n, float snr_db, at_rng *rng);
int at_degrade_quiet(float *pcm, size_t n, float db, at_rng *rng);
int at_degrade_clipping(float *pcm, size_t n, float db, at_rng *rng);
int at_degrade_telephone(float *pcm, size_t n, float level, at_rng *rng);
int at_degrade_loss(float *pcm, size_t n, float percent, at_rng *rng);

#endif
