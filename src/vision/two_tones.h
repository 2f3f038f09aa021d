/* two_tones.h - is a face that the detector saw only a drawing in two tones?
 *
 * Initials in a circle, which meetings show in place of a camera's picture, dice, sockets and symbols
 * look like faces to detectors, from near as well. A camera's picture of a face has all shades; these
 * have two.
 */
#ifndef AT_VISION_TWO_TONES_H
#define AT_VISION_TWO_TONES_H

#include "vision/image.h"

/* 1: most of the aligned face (RGB) is of two lumas, and it is not just dim. No allocation. */
int at_is_two_toned(const at_image *aligned);

#endif
