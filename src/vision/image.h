/* image.h - 8-bit pictures: resize, crop, mirror, grey, warp.
 *
 * Pixels are RGB24 or grey, rows top to bottom. Pixel (x, y) covers the unit square whose centre
 * is (x + 0.5, y + 0.5) when pictures are resized; in landmarks, boxes and warps the centre of
 * the first pixel is (0, 0), as detectors and face templates have it.
 *
 * A zeroed at_image is empty and ready to be a destination. Destinations keep their memory from
 * call to call and grow it only when needed; filters allocate some small tables for the call.
 * Functions returning int give ATTUNE_OK or ATTUNE_E_NOMEM (ATTUNE_E_ARG for sizes outside
 * 1..AT_IMAGE_MAX_SIDE); the destination must not be the source unless a comment says so.
 */
#ifndef AT_VISION_IMAGE_H
#define AT_VISION_IMAGE_H

#include <attune/attune.h>
#include <stddef.h>
#include <stdint.h>

enum { AT_IMAGE_MAX_SIDE = 16384 };

typedef struct at_image {
    int w, h;
    int channels;     /* 3: RGB, 1: grey; picture.c has planes of 2 and 4 as well */
    ptrdiff_t stride; /* bytes from row to row, >= w * channels */
    uint8_t *data;
    size_t capacity; /* bytes owned; 0: data is borrowed */
} at_image;

/* An own buffer of that size, contents undefined; memory at hand is reused. A borrowed picture
 * lets go of what it borrowed. */
int at_image_reserve(at_image *im, int w, int h, int channels);
/* Empties it; idempotent, borrowed memory is left alone. */
void at_image_free(at_image *im);
/* A picture over a caller's memory, which must outlive it; a source is never written to. */
at_image at_image_borrow(const uint8_t *data, int w, int h, int channels, ptrdiff_t stride);
/* The part of im at (x, y), sharing its memory; cut to what im has. */
at_image at_image_view(const at_image *im, int x, int y, int w, int h);
int at_image_copy(at_image *dst, const at_image *src);

static inline uint8_t *at_image_at(const at_image *im, int x, int y)
{
    return im->data + y * im->stride + (ptrdiff_t)x * im->channels;
}

/* Triangle filter, widened to the scale when shrinking (no aliasing), bilinear when enlarging. */
int at_image_resize(at_image *dst, const at_image *src, int w, int h);
/* The same of the part at x, y (fractions of pixels: edges, not centres, are counted) that is w by
 * h; it lies in src, but for a pixel at the end. */
typedef struct at_window {
    double x, y, w, h;
} at_window;
int at_image_resample(at_image *dst, const at_image *src, const at_window *from, int w, int h);
/* Mean of 2x2 pixels; an odd last row or column is dropped (kept when it is the only one). */
int at_image_halve(at_image *dst, const at_image *src);

/* The w x h part at (x, y). Where it reaches outside src, src's nearest pixel. */
int at_image_crop(at_image *dst, const at_image *src, int x, int y, int w, int h);
void at_image_mirror(at_image *im); /* left to right, in place */

/* m: [a b tx; c d ty], row-major, from source to destination coordinates. Bilinear; where the
 * picture shrinks below half, source pixels are averaged first. Outside src is its nearest pixel.
 * ATTUNE_E_ARG when m cannot be inverted. */
int at_image_warp(at_image *dst, const at_image *src, const float m[6], int w, int h);

#endif
