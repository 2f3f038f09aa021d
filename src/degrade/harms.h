/* harms.h - several degradations in order, of a picture, a sound, or a clip from end to end.
 *
 * Reproducible: what is drawn follows from the seed, the sample's number and the place in the list,
 * never from what was degraded before or on which thread.
 */
#ifndef AT_DEGRADE_HARMS_H
#define AT_DEGRADE_HARMS_H

#include "degrade/degrade.h"
#include "media/media.h"

typedef struct at_harm {
    at_degrade_kind kind;
    float level;
} at_harm;

enum { AT_MOST_HARMS = 16 };

/* Zero: nothing is done. */
typedef struct at_harms {
    at_harm list[AT_MOST_HARMS];
    int count;
    uint64_t seed;
} at_harms;

/* "blur=3". ATTUNE_E_ARG, with the kinds or the range in err, for what the table does not have. */
int at_harm_parse(at_harm *out, const char *text, attune_error *err);
/* Appends one. */
int at_harms_add(at_harms *h, const char *text, attune_error *err);

/* Does any of them touch pictures, put something in front of faces, touch sound? Is kind among
 * them? */
int at_harms_pictures(const at_harms *h);
int at_harms_cover(const at_harms *h);
int at_harms_sounds(const at_harms *h);
int at_harms_have(const at_harms *h, at_degrade_kind kind);

/* As at_degrade and at_degrade_sound, all of h that is of that sort: an aligned face, a clip's frame
 * at t_us with the faces in it, and a whole sound. */
int at_harms_picture(const at_harms *h, uint64_t sample, at_image *im);
int at_harms_frame(const at_harms *h, uint64_t sample, int64_t t_us, at_image *im,
                   const at_face *face, int faces);
int at_harms_sound(const at_harms *h, uint64_t sample, const at_sound_sources *from, float *pcm,
                   size_t n, attune_error *err);

/* ---- clips: clip.c ------------------------------------------------------------------------- */

/* A clip's frames are degraded alike all along: a hand stays where it is on the face, motion keeps
 * its direction; noise is new in each frame. Its sound is degraded as a whole. */
typedef struct at_clip_harms at_clip_harms;

/* Reads the whole sound of path, at most an hour, when some of h are of sound. o: as the clip is
 * going to be read. detector: of faces, that things in front of them may be put there. h, from and
 * detector are borrowed. */
int at_clip_harms_open(at_clip_harms **out, const at_harms *h, uint64_t sample,
                       const at_sound_sources *from /* nullable */,
                       const at_weight_source *detector, const char *path,
                       const at_media_options *o, attune_error *err);
void at_clip_harms_free(at_clip_harms **c);
/* Puts the degraded picture or sound in p's place; it lives until the next call. */
int at_clip_harms_apply(at_clip_harms *c, at_media_packet *p, attune_error *err);
/* Something was to be put in front of faces, and so far none was seen. */
int at_clip_harms_saw_nobody(const at_clip_harms *c);

#endif
