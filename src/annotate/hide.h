/* hide.h - faces made unrecognisable.
 *
 * A face is hidden by a mosaic of four by four fields, each of its mean colour, over a square half again as
 * large as the face. A dozen values are left of it; with the eight or more fields across a face that are
 * customary, networks still tell people apart (McPherson, Shokri & Shmatikov 2016, "Defeating image
 * obfuscation with deep learning").
 */
#ifndef AT_ANNOTATE_HIDE_H
#define AT_ANNOTATE_HIDE_H

#include "vision/image.h"

/* A face at a moment; pixels. */
typedef struct at_sighted {
    int64_t t_us;
    float box[4]; /* x, y, w, h */
} at_sighted;

/* Grows by 24 bytes a face and frame. Zero-initialised is empty. */
typedef struct at_sighted_faces {
    at_sighted *list; /* (n) after sort in order of time */
    size_t n, room;
} at_sighted_faces;

int at_sighted_add(at_sighted_faces *all, int64_t t_us, const float box[4]); /* or ATTUNE_E_NOMEM */
void at_sighted_sort(at_sighted_faces *all);
void at_sighted_free(at_sighted_faces *all);

/* Hides in the RGB picture of t_us whatever was sighted within 0.6 s of it. */
void at_hide_faces(at_image *picture, int64_t t_us, const at_sighted_faces *all);

#endif
