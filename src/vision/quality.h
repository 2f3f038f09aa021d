/* quality.h - how good the picture of a face is: what reliability and the report rest on.
 *
 * All from the aligned face and the detection it came from. How much of the face is covered is not
 * among them: the face stream has learned to tell that (model/visual.h).
 */
#ifndef AT_VISION_QUALITY_H
#define AT_VISION_QUALITY_H

#include "vision/detect.h"
#include "vision/image.h"

typedef struct at_face_quality {
    float sharpness;  /* [0,1] 1: as sharp as a clean, close face; falls with blur and with a
                       * small source, hardly moves with noise and light */
    float brightness; /* [0,1] mean luma of the face */
    float contrast;   /* [0,1] deviation of its luma, times 2 */
    float noise;      /* deviation of the sensor's noise, grey levels of 255 */
    float face_size;  /* at_face_size: source pixels between eyes and mouth */
    float detector_score;
} at_face_quality;

/* aligned: AT_FACE_SIDE square RGB. face: its detection in the source (size, score). Never fails. */
void at_quality_measure(at_face_quality *q, const at_image *aligned, const at_face *face);

#endif
