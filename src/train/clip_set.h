/* clip_set.h - what a frozen face stream sees in clips made from stills (data/face_clips.h): all that a
 * temporal encoder learns from, computed once.
 *
 * Version v of a still is a clip whose mouth talks if v is odd; v - 1 moves and is degraded alike, with the
 * mouth as it is. Every second frame is seen in the mirror, as in a session. What was computed is kept in
 * the run's output folder under a name made of all that it depends on, embeddings in half precision, and
 * read back from there, so that a run that finds it has the same bits.
 */
#ifndef AT_TRAIN_CLIP_SET_H
#define AT_TRAIN_CLIP_SET_H

#include "data/faces.h"
#include "model/visual.h"
#include "train/learn.h"

/* What is said of a clip: the mean over its frames as a session weighs them, and without regard to the
 * mouth; and of the still itself. */
typedef enum at_clip_answer {
    AT_CLIP_RESTING,
    AT_CLIP_PLAIN,
    AT_CLIP_STILL,
    AT_CLIP_ANSWERS,
} at_clip_answer;

/* Rows are clips, those of a still together. */
typedef struct at_clip_set {
    int stills, versions, frames;
    float *token;  /* (clips, frames, AT_VISUAL_EMBED) */
    int64_t *t_us; /* (clips, frames) */
    float *answer; /* (clips, AT_CLIP_ANSWERS, AT_ENCODER_LOGITS) */
} at_clip_set;

/* Clips of all stills of faces, from seed. model: of which net is the face stream. */
int at_clip_set_make(at_clip_set *out, const at_job *job, const at_faces *faces,
                     const at_visual_net *net, int64_t seed, attune_error *err);
void at_clip_set_free(at_clip_set *s);

static inline int at_clip_of(const at_clip_set *s, int still, int version)
{
    return still * s->versions + version;
}
static inline const float *at_clip_answer_of(const at_clip_set *s, int clip, at_clip_answer which)
{
    return s->answer + ((size_t)clip * AT_CLIP_ANSWERS + which) * AT_ENCODER_LOGITS;
}
static inline size_t at_clip_rows(const at_clip_set *s)
{
    return (size_t)s->stills * (size_t)s->versions;
}

/* ---- private to clip_*.c -------------------------------------------------------------------- */

/* Room for the stills, versions and frames that are set. */
int at_clip_room(at_clip_set *s, attune_error *err);
int at_clip_path(const at_job *job, const at_faces *faces, int64_t seed, char path[AT_TRAIN_PATH],
                 attune_error *err);
/* 1: it is there and whole, and fills s, whose sizes are set; else 0. */
int at_clip_load(at_clip_set *s, const char *path);
int at_clip_save(const at_clip_set *s, const char *path, attune_error *err);

#endif
