/* mouth.h - does the mouth move? From one aligned face to the next of the same person.
 *
 * What the mouth's part changes by over what the eyes' and brows' part does: so that a head that
 * turns, a camera that shakes and light that flickers do not speak.
 */
#ifndef AT_VISION_MOUTH_H
#define AT_VISION_MOUTH_H

#include "vision/image.h"

enum { AT_MOUTH_CELLS = 13 * 7, AT_BROW_CELLS = 17 * 8 };

/* Mean lumas of 4 x 4 pixels of an aligned face: round the mouth, and from the brows to the eyes. */
typedef struct at_mouth {
    uint8_t mouth[AT_MOUTH_CELLS], brow[AT_BROW_CELLS];
} at_mouth;

/* aligned: AT_FACE_SIDE square RGB. */
void at_mouth_see(at_mouth *out, const at_image *aligned);
/* Mean change of the mouth's cells less half that of the brows', by the face's contrast; at least 0. */
float at_mouth_motion(const at_mouth *before, const at_mouth *now);

#endif
