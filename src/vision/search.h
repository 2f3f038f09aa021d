/* search.h - which part of a picture is searched for faces, when, how closely and at which turn;
 * and which of the detector's answers are believed.
 *
 * Faces that are followed are looked for where they were, as they lay. Beyond that the whole picture
 * is searched coarsely: once a second, or in every picture while something is missing. What this
 * cannot find - small faces, faces on their side or upside down - a thorough search finds, which
 * goes over the picture in tiles and quarter turns: at once in the first picture, then a few steps
 * a picture while nobody is in view, one in four while more faces are wanted than found.
 *
 * A newcomer is looked at again, twice as near and at all four turns: a detector fires on upside-down
 * faces too, less surely and with landmarks as if they were upright. The best turn is the face's,
 * and its score and the first together say whether it is one. What is nearly sure is believed when
 * it is still there after some pictures.
 */
#ifndef AT_VISION_SEARCH_H
#define AT_VISION_SEARCH_H

#include "vision/detect.h"

/* Least score of an answer that is worth a second look. */
#define AT_SEARCH_SCORE 0.4F

/* Zero is the default for every field. */
typedef struct at_search_options {
    int min_face; /* width in pixels of the smallest faces to find: what is clearly narrower is taken for
                   * none, unless it is followed already; 0: ATTUNE_DEFAULT_MIN_FACE */
    int most; /* faces that are wanted at once; 0: 1 */
    /* Nullable: asked of a newcomer that would be believed; 1: it is no face all the same. */
    int (*refuse)(void *user, const attune_picture *p, const at_face *f);
    void *user;
} at_search_options;

/* One thread at a time. */
typedef struct at_search at_search;

/* As at_detector_create. */
int at_search_create(at_search **out, const at_weight_source *src, at_pool *pool,
                     const at_kernels *kn, const at_search_options *o /* nullable */,
                     attune_error *err);
void at_search_free(at_search **s);

/* The faces in the picture at t_us (times must not decrease), at most max. known (n): those that
 * were in the picture before this one, where they are expected. Returns their number or a negative
 * status. */
int at_search_faces(at_search *s, int64_t t_us, const attune_picture *p, const at_face *known,
                    int n, at_face *out, int max);

/* What it knows of the pictures so far (base/keep.h); s as it was created. */
void at_search_keep(at_keep *k, at_search *s);

/* The narrowest face, in pixels, that is found in a w x h picture: min_face (0: the default), or
 * more where the picture is larger than 4K. */
float at_search_smallest(int min_face, int w, int h);

#endif
