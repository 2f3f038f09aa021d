/* run.h - samples in, answers out: one runner for pictures, sounds and clips.
 *
 * A picture goes straight through the model's face encoder (face_encoders.h), a network seeing it both
 * ways; a sound, the middle 10 s of it, through the voice network; a clip through a session, as
 * attune_analyze_file does, and its answer is the mean over the windows that were not withheld. Where there is nothing to judge there is no
 * answer: no face in a picture that is not said to be a crop of one, or a blank picture; less speech
 * than a window needs; a clip all of whose windows are withheld.
 */
#ifndef AT_EVAL_RUN_H
#define AT_EVAL_RUN_H

#include "base/pool.h"
#include "data/corpus.h"
#include "degrade/harms.h"
#include "eval/onnx_face.h"
#include "eval/surround.h"
#include "fusion/fusion.h"

enum { AT_MOST_LOGITS = ATTUNE_STATES * AT_THRESHOLDS }; /* of any head */

typedef enum at_answer_kind {
    AT_UNREAD, /* no picture or sound came out of the file */
    AT_WITHHELD,
    AT_ANSWERED,
} at_answer_kind;

typedef struct at_answer {
    at_answer_kind outcome;
    const char *why;          /* withheld: the reason; static */
    int crop;                 /* a crop in which the detector saw no face, judged as a whole */
    float p[AT_MOST_CLASSES]; /* probabilities in the head's classes */
    float state[ATTUNE_STATES][ATTUNE_LEVELS]; /* STATE4 */
    float reliability[ATTUNE_MODALITIES],
        condition[ATTUNE_MODALITIES]; /* [0,1]; 0 without that stream */
    at_grade grade;                   /* of what was judged, as it was judged: grade.h */
    int logits;                       /* 0 for clips */
    float logit[AT_MOST_LOGITS];      /* of the head, of EMOTION7 the stream's native ones */
} at_answer;

/* What a picture's face or a voice said, before it became an answer. number: of the sample among those of
 * its kind. Of a clip both are told (absent or not) of the window that has most of both, as often as a window
 * has more than those before: the last counts. Several threads at once; e lives for the call. ATTUNE_OK or
 * ATTUNE_E_NOMEM. */
typedef struct at_evidence_sink {
    int (*take)(void *user, int number, int modality, const at_evidence *e);
    void *user;
} at_evidence_sink;

/* Zero is the default for every field. */
typedef struct at_run_options {
    unsigned without;  /* bit (1u << ATTUNE_FACE), (1u << ATTUNE_VOICE): not used */
    int crops;         /* pictures are crops of faces even where the corpus does not say so */
    at_harms harms;    /* of pictures and sound, before they are judged */
    const char *noise; /* folder of recorded noises for them; nullable */
    const at_evidence_sink *evidence; /* nullable */
    at_onnx_face_options face;        /* whose network looks, in place of the model's */
    attune_precision precision;
    int quiet;               /* no progress on stderr */
    int (*stop)(void *user); /* nullable; non-zero ends with ATTUNE_E_INTERRUPTED */
    void (*progress)(void *user, int done, int samples); /* nullable */
    void *user;
} at_run_options;

/* Answers all samples of c in the classes of its head: answer (c->count), zeroed. */
int at_run(const char *model, const at_corpus *c, const at_run_options *o, at_pool *pool,
           at_answer *answer, attune_error *err);

/* Whether there is a sample in c that a degradation of that kind would change. */
int at_run_touches(const at_corpus *c, const at_run_options *o, at_degrade_kind kind);

/* ---- the kinds of sample, private to run*.c -------------------------------------------------- */

typedef struct at_run_context {
    const at_run_options *options;
    at_head head;
    const at_weights *weights;
    const at_weights *ranges; /* of the model's activations; NULL: it runs in f32 */
    const at_fusion *fusion;
    const attune_model *model; /* the same file; NULL: there are no clips */
    const at_surround *surround;
    at_pool *pool;
} at_run_context;

/* How a kind of sample is answered. state is the kind's own: its network, say. */
typedef struct at_run_kind {
    int modality; /* ATTUNE_FACE or ATTUNE_VOICE that it needs, -1: either */
    int stretch;  /* samples that are in memory together; 0: a few a thread */
    int (*open)(void **state, const at_run_context *r, attune_error *err);
    /* some: a stretch of the corpus; first: number of its first sample among those of the kind */
    int (*answer)(void *state, const at_run_context *r, const at_corpus *some, int first,
                  at_answer *answer, attune_error *err);
    void (*close)(void *state, const at_run_context *r); /* state nullable */
} at_run_kind;

extern const at_run_kind at_run_pictures, at_run_sounds, at_run_clips;

#endif
