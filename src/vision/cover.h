/* cover.h - which cells of an aligned face are covered: the built-in measure. Private to vision.
 *
 * A cell is compared with what the rest of this face and faces in general look like there: its
 * colour with the face's median colour, its brightness and texture with the usual ones at that
 * place. A logistic function of the departures in the cell and round it says how likely it is
 * covered.
 */
#ifndef AT_VISION_COVER_H
#define AT_VISION_COVER_H

#include "vision/quality.h"

enum {
    AT_COVER_CELLS = AT_COVER_GRID * AT_COVER_GRID,
    AT_COVER_HALF = (AT_COVER_GRID + 1) / 2, /* columns that differ when faces are mirrored */
    AT_COVER_MEASURES = 3,                   /* colour, brightness, texture */
    AT_COVER_FEATURES = 8,
};

/* Of each cell: distance of its colour from the median one; brightness relative to the median;
 * logarithm of its texture relative to the median. */
void at_cover_measure(const at_image *aligned, float out[AT_COVER_CELLS][AT_COVER_MEASURES]);
/* Departures from the usual, of the cell and of those round it. */
void at_cover_features(float measure[AT_COVER_CELLS][AT_COVER_MEASURES],
                       float out[AT_COVER_CELLS][AT_COVER_FEATURES]);
/* cover (AT_COVER_CELLS), [0,1] */
void at_cover_predict(const at_image *aligned, float *cover);

/* The share of the face, from its cells. */
float at_cover_share(const float *cover);

/* Mean and deviation of brightness and texture on uncovered faces, by row and by column from the
 * edge to the middle, both sides of the face together. */
extern const float at_cover_usual[AT_COVER_GRID][AT_COVER_HALF][4];

#endif
