/* face_input.h - the one way from a picture and a face in it to what the face network sees: one
 * alignment, one rule for what lies outside the picture, one normalisation. Sessions, training and
 * evaluation all go it.
 */
#ifndef AT_VISION_FACE_INPUT_H
#define AT_VISION_FACE_INPUT_H

#include "vision/align.h"

/* dst becomes AT_FACE_SIDE x AT_FACE_SIDE RGB, by the landmarks of f. Outside the picture its edge is
 * repeated. ATTUNE_E_ARG when the landmarks make no face. */
int at_face_input(at_image *dst, at_picture_work *work, const attune_picture *p, const at_face *f);
/* The same at side x side pixels. m: from p to the aligned face of AT_FACE_SIDE, as at_align_matrix
 * or at_align_whole_matrix give it, perhaps shaken a little. */
int at_face_input_by(at_image *dst, at_picture_work *work, const attune_picture *p,
                     const float m[6], int side);

/* x (side, side, 3): (v - 127.5) / 127.5. model/visual_run.c has the same for the frozen network. */
void at_face_input_values(const at_image *face, float *x);

#endif
