/* face_encoders.h - what may look at a single aligned face: one of a model file's, told by the names of
 * its arrays, a line of a table each (face_encoders.c); or somebody else's network (onnx_face.h).
 */
#ifndef AT_EVAL_FACE_ENCODERS_H
#define AT_EVAL_FACE_ENCODERS_H

#include "model/visual.h"
#include "vision/image.h"

/* Where an encoder comes from. */
typedef struct at_face_source {
    const at_weights *weights;               /* [kept] a model's file */
    const at_weights *ranges;                /* for eight bits, of MobileNetV2; NULL: in f32 */
    const struct at_onnx_face_options *onnx; /* NULL: the model's own looks */
} at_face_source;

typedef struct at_face_encoder {
    const char *prefix; /* of its arrays */
    int (*open)(void **state, const at_face_source *from, attune_error *err);
    void (*close)(void **state);                   /* *state nullable */
    int (*knows)(const void *state, at_head head); /* whether it answers for that head */
    size_t (*workspace)(const void *state);        /* floats, one a thread */
    /* face: AT_FACE_SIZE square, RGB. What it has no answer for is NaN. Threads: any. */
    void (*look)(const void *state, const at_image *face, float *workspace, at_visual_result *out);
} at_face_encoder;

/* That of the file; the first of the table where there is none: its open says what is missing. */
const at_face_encoder *at_face_encoder_of(const at_face_source *from);

#endif
