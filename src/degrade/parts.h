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

/* All of sound: pcm (n), 16 kHz mono; from is not NULL. */
#define AT_SOUND_PART(name) \
    int name(float *pcm, size_t n, float level, const at_sound_sources *from, at_rng *rng)
/* line.c: what microphones and lines do */
AT_SOUND_PART(at_degrade_quiet);
AT_SOUND_PART(at_degrade_clipping);
AT_SOUND_PART(at_degrade_telephone);
AT_SOUND_PART(at_degrade_loss);
AT_SOUND_PART(at_degrade_silence);
/* backdrop.c: what else is heard */
AT_SOUND_PART(at_degrade_hiss);
AT_SOUND_PART(at_degrade_pink);
AT_SOUND_PART(at_degrade_noises);
AT_SOUND_PART(at_degrade_babble);
AT_SOUND_PART(at_degrade_music);
/* room.c */
AT_SOUND_PART(at_degrade_reverberation);
/* codec.c */
AT_SOUND_PART(at_degrade_opus);

/* made.c: sounds that nobody recorded, added to out (n), of a power of about 1.
 * Somebody who talks without words; something with chords, a tune and a beat. */
void at_make_talk(float *out, size_t n, at_rng *rng);
void at_make_music(float *out, size_t n, at_rng *rng);

/* line.c: divides pcm so that it stays in [-1, 1], as a gain control does: what is mixed in it stays
 * in proportion. */
void at_sound_keep_within(float *pcm, size_t n);

#endif
