/* align.h - faces brought to one pose and size before recognition.
 *
 * A similarity transform (rotation, one scale, translation) by least squares takes the five
 * landmarks to the reference points of ArcFace (Deng et al. 2019, section 4.1) in 112 x 112.
 */
#ifndef AT_VISION_ALIGN_H
#define AT_VISION_ALIGN_H

#include "vision/detect.h"
#include "vision/picture.h"

enum { AT_FACE_SIDE = 112 };

extern const float at_face_template[AT_LANDMARKS][2];

/* Least-squares similarity (Umeyama 1991, eqs. 34-43, in two dimensions) from from[i] to to[i];
 * m as in at_image_warp. ATTUNE_E_ARG when the points coincide or are not finite. */
int at_similarity_fit(const float (*from)[2], const float (*to)[2], int n, float m[6]);
/* From source pixels to the aligned face. */
int at_align_matrix(const at_face *f, float m[6]);

/* The same for a w x h picture that is a tight crop of a face (a data set's): the whole is scaled so
 * that its middle lies and measures like an aligned face. */
void at_align_whole_matrix(int w, int h, float m[6]);
/* The face of an aligned picture: the template's landmarks and a box round them. */
at_face at_align_reference(void);

#endif
