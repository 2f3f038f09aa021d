/* onnx_face.h - a classifier of faces that somebody else exported (ONNX) as a face encoder (face_encoders.h): it is
 * shown what our networks are shown, an aligned face, brought to its size, once and as it is.
 */
#ifndef AT_EVAL_ONNX_FACE_H
#define AT_EVAL_ONNX_FACE_H

#include "eval/face_encoders.h"

/* As in attune_eval_options. file NULL: there is none. */
typedef struct at_onnx_face_options {
    const char *file, *input, *classes;
} at_onnx_face_options;

extern const at_face_encoder at_onnx_face;

#endif
