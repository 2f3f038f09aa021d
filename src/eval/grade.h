/* grade.h - normal, low quality or occluded (paper, 3.4), by what a session measures of its input.
 *
 * Occluded: more of the face is hidden than leaves its quality be. Low quality: what is measured of face or
 * voice is worth less than half of what is clean, or the detector finds no face in what is said to be one.
 */
#ifndef AT_EVAL_GRADE_H
#define AT_EVAL_GRADE_H

#include "data/voices.h"

/* quality: the face's members. */
at_grade at_grade_of_face(const attune_quality *quality);
at_grade at_grade_of_voice(const at_voice_quality *quality);
/* quality: means over a clip's windows, NaN what there was none of. */
at_grade at_grade_of_clip(const attune_quality *quality);

#endif
