/* visual.h - the face stream: an aligned face in, expression and learning-state logits out.
 *
 * MobileNetV2 1.0 (Sandler 2018) at 112x112; its pooled last feature map is the embedding; linear
 * heads for FER+'s eight classes, FER2013's seven, four ordinal states, three engagement levels, the
 * share of the face that is covered, 51 facial movements, the pose of the head and, where it was taught,
 * the dominant state. A spatial encoder (spatial.h), where there is one, adds to the logits of the first
 * two; a temporal one (temporal.h) to those of a window's mean over its frames.
 * Input: RGB, (x - 127.5) / 127.5, NHWC.
 *
 * The one structure, at_visual_forward, serves training (a tape, batch norm on batch statistics)
 * and evaluation; at_visual_freeze folds batch norm and packs weights for the run-time path.
 */
#ifndef AT_MODEL_VISUAL_H
#define AT_MODEL_VISUAL_H

#include "model/heads.h"
#include "model/mobilenet.h"
#include "model/spatial.h"
#include "model/temporal.h"
#include "tensor/ops.h"
#include "tensor/weights.h"

enum { AT_FACE_SIZE = 112, AT_VISUAL_EMBED = 1280 };

/* Creates the parameters (names visual.*), He-initialised from rng: of all heads but those that are made
 * where they are taught, which at_visual_add_head adds. */
int at_visual_init(at_params *p, at_rng *rng, attune_error *err);
int at_visual_add_head(at_params *p, at_head which, at_rng *rng, attune_error *err);
/* Starts from weights with batch norm folded (names stem, blockN.*, head). Before training,
 * run some batches in AT_INFER with an observer and call at_visual_calibrate_bn: batch norm then
 * starts out equal to the folded network (mobilenet.h). */
int at_visual_import_folded(at_params *p, const at_weights *w, attune_error *err);
/* The same from a network of ours (names visual.*), heads and encoders included; what p lacks of these it
 * does not get, and what the file lacks p keeps. */
int at_visual_import_own(at_params *p, const at_weights *w, attune_error *err);
int at_visual_calibrate_bn(at_params *p, const at_mb_observer *o, attune_error *err);

typedef struct at_visual_out {
    at_tensor *features;   /* (b, h, w, 1280) last feature map, after its activation */
    at_tensor *embedding;  /* (b, 1280) */
    at_tensor *expression; /* (b, 8) logits, FER+ order */
    at_tensor *basic;      /* (b, 7) logits, FER2013 order */
    at_tensor *state;      /* (b, 12) cumulative logits, state-major */
    at_tensor *engagement; /* (b, 3) logits */
    at_tensor *covered;    /* (b, 1) logit of the share of the face that something hides */
    at_tensor *units;      /* (b, 51) logits; NULL where p lacks the head */
    at_tensor *pose;       /* (b, 3) yaw, pitch, roll in AT_POSE_DEGREES; likewise */
    at_tensor *dominant;   /* (b, 4) logits; likewise */
} at_visual_out;

/* The network of a model file, with or without batch norm, into out without: smaller, and ready for
 * at_visual_forward (AT_INFER, AT_TRACE). */
int at_visual_fold(at_params *out, const at_weights *w, attune_error *err);

/* weight (AT_VISUAL_EMBED, outputs) and bias (outputs) of a face head of a model file. Where the file
 * lacks one that is optional, the bias is NaN, and so are the head's answers. */
int at_visual_head_of(const at_weights *w, at_head which, float *weight, float *bias,
                      attune_error *err);

#define AT_VISUAL_MOMENTUM 0.01f

/* Zero is the default for every field. */
typedef struct at_visual_options {
    float dropout;            /* before the heads */
    float momentum;           /* of batch norm's running statistics; 0: AT_VISUAL_MOMENTUM */
    at_mb_observer *observer; /* nullable */
} at_visual_options;

/* n pictures of side x side x 3 floats, copied to the graph. NULL: out of memory. */
at_tensor *at_visual_input(at_graph *g, const float *x, int n, int side);

/* x (b, 112, 112, 3); other sizes work too, about 64 and up make sense. */
void at_visual_forward(at_graph *g, at_params *p, at_tensor *x, const at_visual_options *o,
                       at_visual_out *out);

/* ---- run-time path ----------------------------------------------------------------------- */

typedef struct at_visual_net at_visual_net; /* folded and packed, immutable: share it */

int at_visual_freeze(at_visual_net **out, const at_weights *w, const at_kernels *kn,
                     attune_error *err);
void at_visual_free(at_visual_net **v);
/* From now on v's convolutions run in eight bits, for which activations have these ranges; w: that it was
 * frozen from. Before it is shared. */
int at_visual_quantise(at_visual_net *v, const at_weights *w, const at_mb_ranges *ranges,
                       attune_error *err);
void at_visual_use_f32(at_visual_net *v); /* again; v nullable */

/* The face network's heads, in the order of at_heads. */
typedef struct at_visual_result {
    float embedding[AT_VISUAL_EMBED];
    float expression[AT_FACE_CLASSES]; /* logits */
    float basic[AT_BASIC_CLASSES];     /* logits, FER2013 order */
    float state[ATTUNE_STATES * AT_THRESHOLDS];
    float engagement[ATTUNE_ENGAGEMENTS];
    float covered;                 /* logit of the share of the face that something hides */
    float units[ATTUNE_UNITS];     /* [0,1], of the picture as it is, not of its mirror image */
    float pose[AT_POSE_AXES];      /* yaw, pitch, roll of the aligned face, degrees; likewise */
    float dominant[ATTUNE_STATES]; /* logits; NaN where it was not taught */
} at_visual_result;

/* Nothing of anything, for what looks at faces and has few answers: NaN, no embedding, nothing covered. */
void at_visual_result_none(at_visual_result *out);

/* A face means the same in a mirror, but the network's two answers differ, and their mean is right
 * more often than either (Krizhevsky 2012, section 4.1). Both ways cost twice the time: for a
 * picture by itself. In a video every second sight may be mirrored, which costs nothing. */
typedef enum at_views { AT_AS_IT_IS = 1, AT_MIRRORED = 2, AT_BOTH_WAYS = 3 } at_views;

/* Floats that at_visual_run needs with this pool (nullable). */
size_t at_visual_workspace(const at_visual_net *v, const at_pool *pool, int side);
/* face: side x side RGB u8, dense. workspace: at_visual_workspace floats, one a caller. Seen both
 * ways, embedding and logits are the means. */
void at_visual_run(const at_visual_net *v, at_pool *pool, const uint8_t *face, int side,
                   at_views views, float *workspace, at_visual_result *out);

/* Floats that at_visual_over_time needs for so many frames; 0: the network has no temporal encoder. */
size_t at_visual_time_workspace(const at_visual_net *v, int frames);
/* Adds to the mean over n > 0 sightings of a face, expression and basic, what its temporal encoder makes of
 * their embeddings token (n, AT_VISUAL_EMBED), seen at t_us (n), which do not decrease. Without one it does
 * nothing. */
void at_visual_over_time(const at_visual_net *v, at_pool *pool, const float *token,
                         const int64_t *t_us, int n, float *workspace, at_visual_result *mean);

#endif
