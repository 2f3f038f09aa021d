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
    float size;        /* of the face in the picture: at_face_size */
} at_looks;

/* aligned: AT_FACE_SIDE square RGB, from a face of that size. */
void at_looks_measure(at_looks *out, const at_image *aligned, float size);
/* [0, sqrt(2)] between their directions. */
float at_looks_distance(const at_looks *a, const at_looks *b);
/* Whether they were seen from about as near: within a factor of 2. A near face has patterns that a
 * far one has lost, so otherwise the distance says little. */
int at_looks_comparable(const at_looks *a, const at_looks *b);
/* The n-th picture of a face enters its mean; n >= 1. */
void at_looks_mix(at_looks *mean, const at_looks *one, int n);

#endif
