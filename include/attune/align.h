/* align.h - sound that was recorded apart from the pictures: a voice recorder beside a camera. May change
 * between versions; attune.h does not.
 *
 * Naming, errors and ownership as in attune.h.
 */
#ifndef ATTUNE_ALIGN_H
#define ATTUNE_ALIGN_H

#include <attune/attune.h>

#ifdef __cplusplus
extern "C" {
#endif

/* When the sound begins, on the pictures' clock, as far as it can be told. */
typedef struct attune_alignment {
    int known;       /* 0: it cannot be told, and what follows is the best guess */
    double offset_s; /* > 0: the sound file begins after the pictures */
    int by_mouth; /* 1: found by the mouth's opening, to a tenth of a second or so; 0: by the sound that
                        * the camera recorded itself, to a few milliseconds */
    double
        agreement;   /* correlation of the envelopes at offset_s, [-1,1]; 0: nothing to correlate */
    double distinct; /* how far that stands out from the best offset elsewhere: 1 not at all */
    double overlap_s; /* seconds that both have */
} attune_alignment;

/* Finds it: by the envelopes of both sounds; where the video has no sound of its own, or one that says
 * nothing, by the mouth of the face that is seen longest, with model (nullable: mouths are not looked at).
 * o (nullable): threads, tracks, min_face. sink (nullable): its progress alone. Reads both files whole; at
 * most 12 hours. Clocks that run at different speeds are not put right. "Cannot tell" is no failure; what can be read
 * only once, a pipe, is (ATTUNE_E_ARG). */
int attune_align(attune_alignment *out, const attune_model *model, const char *video,
                 const char *sound, const attune_options *o, const attune_sink *sink,
                 attune_error *err);

/* attune_analyze_file of the pictures of video and the sound of another file, which begins offset_s after
 * them. o->audio_track is the sound file's. A note says where the sound is from. */
int attune_analyze_apart(const attune_model *m, const char *video, const char *sound,
                         double offset_s, const attune_options *o, const attune_sink *sink,
                         attune_input_info *info /* nullable */, attune_error *err);

#ifdef __cplusplus
}
#endif
#endif
