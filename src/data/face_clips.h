/* face_clips.h - short clips of a face made from a still: it moves and its light changes slowly, and its
 * mouth may talk (talk.h). Like video in that frames belong together; what is shown stays the still's.
 */
#ifndef AT_DATA_FACE_CLIPS_H
#define AT_DATA_FACE_CLIPS_H

#include "data/faces.h"
#include "data/talk.h"

/* How much a clip moves at most. */
typedef struct at_clip_motion {
    float flip;  /* probability of a clip that is mirrored all along */
    float shift; /* of the side */
    float turn;  /* degrees */
    float zoom;  /* log of the factor */
    float light; /* relative change of contrast and brightness */
} at_clip_motion;

/* What changes between two extremes: from = middle + swing sin(2 pi (f t + phase)). */
typedef struct at_clip_wave {
    float middle, swing, hertz, phase;
} at_clip_wave;

enum { AT_CLIP_WAVES = 6 };

/* A clip as it was drawn; the still is borrowed. */
typedef struct at_face_clip {
    const at_face_sample *still;
    at_clip_wave wave[AT_CLIP_WAVES]; /* across, down, turn, zoom, gain, lift */
    int mirrored, talks;
    float line; /* where the still's lips meet */
    at_talk talk;
} at_face_clip;

/* Everything from (seed, stream). ATTUNE_OK or ATTUNE_E_NOMEM. */
int at_face_clip_draw(at_face_clip *out, const at_face_sample *still, const at_clip_motion *most,
                      int talks, uint64_t seed, uint64_t stream);
/* Its frame at t_us >= 0, AT_FACE_SIDE square; where: the face in it. */
int at_face_clip_frame(const at_face_clip *c, int64_t t_us, at_image *dst, at_face *where);

#endif
