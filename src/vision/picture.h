/* picture.h - what is looked at of a picture, and no more.
 *
 * A picture comes as its source has it (attune_picture: its format, its turn, its pixel aspect).
 * These functions make the small RGB picture that a detector wants, or a face's own pixels, from
 * the planes as they lie: resampled first, converted to RGB last, when few pixels are left.
 *
 * Coordinates are of the upright picture with square pixels, as image.h counts them.
 */
#ifndef AT_VISION_PICTURE_H
#define AT_VISION_PICTURE_H

#include "vision/image.h"

/* What is wrong with p, in some words; NULL when it describes pixels that can be read. */
const char *at_picture_fault(const attune_picture *p);
/* ATTUNE_E_ARG when there is something wrong with it. */
int at_picture_check(const attune_picture *p);
/* Of the upright picture. */
void at_picture_size(const attune_picture *p, int *w, int *h);
/* An RGB or grey image as a picture. */
attune_picture at_picture_of(const at_image *im);

/* Buffers that are kept from call to call. Zero-initialised is ready. */
typedef struct at_picture_work {
    at_image plane[3], half[2], rgb;
} at_picture_work;

void at_picture_work_free(at_picture_work *work);

typedef struct at_rect {
    int x, y, w, h;
} at_rect;

/* What of r lies in a w x h picture; 0 when that is nothing. */
int at_rect_cut(at_rect *r, int w, int h);

/* The part r of p, which lies inside it (else ATTUNE_E_ARG), as w x h RGB. Means over the area when
 * shrinking, bilinear when enlarging. */
int at_picture_part(at_image *dst, at_picture_work *work, const attune_picture *p, const at_rect *r,
                    int w, int h);
/* All of p, at its own size. */
int at_picture_whole(at_image *dst, at_picture_work *work, const attune_picture *p);
/* As at_image_warp, to RGB. m: from p to dst. */
int at_picture_warp(at_image *dst, at_picture_work *work, const attune_picture *p, const float m[6],
                    int w, int h);

#endif
