/* hog.h - histograms of oriented gradients (Dalal & Triggs 2005), what a face was told by before networks.
 *
 * Their best detector's settings where the paper is silent: gradients by (-1, 0, 1) without smoothing, of
 * a pixel's colour channel with the largest; 9 bins of unsigned orientation over 180 degrees; cells of
 * 8 x 8 pixels; blocks of 2 x 2 cells, a cell apart; L2-Hys, clipped at 0.2. A vote is its gradient's
 * magnitude, shared linearly between the two nearest bins and the four nearest cells. Their Gaussian
 * window over a block is left out: each cell is then computed once, for the four blocks that it is in.
 */
#ifndef AT_VISION_HOG_H
#define AT_VISION_HOG_H

#include "vision/image.h"

enum {
    AT_HOG_CELL = 8,  /* pixels */
    AT_HOG_BLOCK = 2, /* cells */
    AT_HOG_BINS = 9,
    AT_HOG_BLOCK_VALUES = AT_HOG_BLOCK * AT_HOG_BLOCK * AT_HOG_BINS,
};

/* How many values describe a w x h picture; 0 for one that is smaller than a block. Pixels past the last
 * whole cell count for nothing. */
int at_hog_values(int w, int h);
/* Floats that at_hog works in. */
int at_hog_workspace(int w, int h);

/* out (at_hog_values), each in [0, 1]: blocks by rows, in a block its cells by rows, in a cell its bins
 * from 0 degrees (a gradient to the right, an edge upright). Contrast and brightness change little. im:
 * RGB or grey; beyond its edge its nearest pixel. workspace: at_hog_workspace. */
void at_hog(const at_image *im, float *workspace, float *out);

#endif
