/* quality.h - how good the picture of a face is: what reliability and the report rest on.
 *
 * All from the aligned face and the detection it came from. The measure of coverage is simple
 * (cover.h) and may be replaced by a learned one through at_cover_model.
 */
#ifndef AT_VISION_QUALITY_H
#define AT_VISION_QUALITY_H

#include "vision/detect.h"
#include "vision/image.h"

enum { AT_COVER_GRID = 7 }; /* cells of 16 x 16 pixels over the aligned face */

typedef struct at_face_quality {
    float sharpness;  /* [0,1] 1: as sharp as a clean, close face; falls with blur and with a
                       * small source, hardly moves with noise and light */
    float brightness; /* [0,1] mean luma of the face */
    float contrast;   /* [0,1] deviation of its luma, times 2 */
    float noise;      /* deviation of the sensor's noise, grey levels of 255 */
    float face_size;  /* at_face_size: source pixels between eyes and mouth */
    float detector_score;
    float coverage; /* [0,1] share of the face judged covered: hand, mask, dark patch */
    float cover[AT_COVER_GRID * AT_COVER_GRID]; /* [0,1] the same for each cell, row-major */
} at_face_quality;

/* A stand-in for the built-in measure of coverage: fills cover (AT_COVER_GRID^2) from an aligned
 * RGB face. Thread safety is the implementer's. */
typedef struct at_cover_model {
    void (*predict)(void *user, const at_image *aligned, float *cover);
    void *user;
} at_cover_model;

/* aligned: AT_FACE_SIDE square RGB. face: its detection in the source (size, score). model
 * nullable. Never fails. */
void at_quality_measure(at_face_quality *q, const at_image *aligned, const at_face *face,
                        const at_cover_model *model);

#endif
