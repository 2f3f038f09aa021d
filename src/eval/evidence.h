/* evidence.h - one picture's, or one utterance's, evidence for the fusion, rated as a session would rate
 * it. For eval and train. */
#ifndef AT_EVAL_EVIDENCE_H
#define AT_EVAL_EVIDENCE_H

#include "data/faces.h"
#include "data/voices.h"
#include "fusion/fusion.h"
#include "runtime/face_evidence.h"

/* Where faces are rated; zeroed before use. */
typedef struct at_rating {
    attune_quality measured; /* of the face that was rated last */
    at_image native;
    at_picture_work picture;
} at_rating;
void at_rating_free(at_rating *r);

/* How good the input is, [0,1]: s aligned as the network saw it, and its answer. drawn: aligned was
 * degraded and is measured itself, else where it was taken from. The detector saw a face in s. ATTUNE_OK
 * or ATTUNE_E_NOMEM. */
int at_rate_face(at_rating *r, const at_face_sample *s, const at_image *aligned, int drawn,
                 const at_visual_result *v, float *quality);

/* The sighting that a session would make of a drawn frame of s, aligned as the network saw it, with the
 * face where it is in it, and its answer v. ATTUNE_OK or ATTUNE_E_NOMEM. */
int at_rate_sighting(at_rating *r, const at_face_sample *s, const at_image *aligned,
                     const at_face *face, const at_visual_result *v, int64_t t_us,
                     at_sighting *out);
enum { AT_MEAN_SIGHTINGS = 64 };
/* What a session makes of a window's sightings, n in [1, AT_MEAN_SIGHTINGS], in order of time: their mean by worth, that of what is
 * expressed by how much the mouth rests besides. resting 0: not by that. */
void at_face_mean(const at_sighting *s, int n, int resting, at_visual_result *out);

/* What the answer to the heard says; it borrows result. Absent: too little speech for a window. */
at_evidence at_voice_evidence(const at_voice_heard *heard, const at_audio_result *result);

#endif
