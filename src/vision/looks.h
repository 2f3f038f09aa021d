/* looks.h - what a face looks like, as numbers that tell people apart within one recording.
 *
 * Histograms of uniform local binary patterns (Ahonen, Hadid & Pietikainen 2006, "Face description
 * with local binary patterns") over 4 x 4 cells of the aligned face at half size; square roots, so
 * that the distance is Hellinger's and every bin's noise the same. Light does not move the
 * patterns; blur and noise do, and make one face look like another to itself before they make two
 * faces look like one.
 */
#ifndef AT_VISION_LOOKS_H
#define AT_VISION_LOOKS_H

#include "vision/image.h"

enum { AT_LOOKS_CELLS = 16, AT_LOOKS_BINS = 59, AT_LOOKS = AT_LOOKS_CELLS * AT_LOOKS_BINS };

typedef struct at_looks {
    float v[AT_LOOKS]; /* of one picture: length 1. A mean of several is shorter */
} at_looks;

/* aligned: AT_FACE_SIDE square RGB. */
void at_looks_measure(at_looks *out, const at_image *aligned);
/* [0, sqrt(2)] between their directions. */
float at_looks_distance(const at_looks *a, const at_looks *b);
/* The n-th picture of a face enters its mean; n >= 1. */
void at_looks_mix(at_looks *mean, const at_looks *one, int n);

#endif
