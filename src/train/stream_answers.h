/* stream_answers.h - what a trained stream says to its recipe's parts: all that calibration rests on.
 *
 * Both streams go through the networks and the preprocessing that run, over the clean training part
 * (embeddings, for the reference) and the validation part (embeddings and logits).
 */
#ifndef AT_TRAIN_STREAM_ANSWERS_H
#define AT_TRAIN_STREAM_ANSWERS_H

#include "train/learn.h"

/* One head's logits to the validation samples that have its label. */
typedef struct at_head_answers {
    char name[24]; /* "expression", "state.boredom" */
    int width, n;
    float *logit; /* (n, width) */
    int *label;   /* (n) */
} at_head_answers;

enum { AT_STREAM_HEADS = 3 + ATTUNE_STATES };

typedef struct at_stream_answers {
    int dims, train_n, valid_n;
    float *train, *valid; /* (train_n, dims), (valid_n, dims) embeddings */
    /* Of the face stream: expression, basic, engagement, then the states (width AT_THRESHOLDS); of the
     * voice stream: expression. */
    at_head_answers head[AT_STREAM_HEADS];
    int heads;
} at_stream_answers;

/* w: a trained face stream or a whole model. detector: finds and aligns the pictures' faces. At most
 * reference training pictures of each set. */
int at_face_answers(at_stream_answers *out, const at_job *job, const at_weights *w,
                    const at_params *detector, const at_pictures_settings *data, int reference,
                    attune_error *err);
int at_voice_answers(at_stream_answers *out, const at_job *job, const at_weights *w,
                     const at_voices_settings *data, attune_error *err);
void at_stream_answers_free(at_stream_answers *a);

/* Writes both as one file of arrays, M = face or voice: M.train.embedding, M.valid.embedding and for each
 * head M.HEAD.logit (n, width) and M.HEAD.label (n). */
int at_stream_answers_save(const at_stream_answers *face, const at_stream_answers *voice,
                           const char *path, attune_error *err);

#endif
