/* quality.h - how good the picture of a face is: what reliability and the report rest on.
 *
 * All from the aligned face, the picture and the detection it came from. How much of the face
 * something covers is not among them: the face stream has learned to tell that (model/visual.h).
 */
#ifndef AT_VISION_QUALITY_H
#define AT_VISION_QUALITY_H

#include "vision/detect.h"
#include "vision/picture.h"

typedef struct at_face_quality {
    float sharpness;  /* [0,1] 1: as sharp as a clean, close face; falls with blur and with a
                       * small source. Noise is taken off first: where it drowns fine detail, the
                       * face counts as blurred */
    float brightness; /* [0,1] mean luma of the face */
    float contrast;   /* [0,1] deviation of its luma, times 2 */
    float noise;     /* deviation of the sensor's noise in the picture's luma, grey levels of 255 */
    float face_size; /* at_face_size: source pixels between eyes and mouth */
    float outside;   /* [0,1] share of the face that lies outside the picture */
    float detector_score;
} at_face_quality;

/* aligned: AT_FACE_SIDE square RGB, from face in p. ATTUNE_OK or ATTUNE_E_NOMEM (scratch). */
int at_quality_measure(at_face_quality *q, at_image *scratch, at_picture_work *work,
                       const at_image *aligned, const attune_picture *p, const at_face *face);

#endif
