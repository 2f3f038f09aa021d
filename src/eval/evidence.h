/* evidence.h - one picture's, or one utterance's, evidence for the fusion, rated as a session would rate
 * it. For eval and train. */
#ifndef AT_EVAL_EVIDENCE_H
#define AT_EVAL_EVIDENCE_H

#include "data/faces.h"
#include "data/voices.h"
#include "fusion/fusion.h"

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

/* What the answer to the heard says; it borrows result. Absent: too little speech for a window. */
at_evidence at_voice_evidence(const at_voice_heard *heard, const at_audio_result *result);

#endif
