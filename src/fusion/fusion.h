/* fusion.h - the evidence of all modalities over one window in, one calibrated estimate out.
 *
 * Four steps: how fit each modality's input is to be judged (condition.h), what those that are say together
 * (a kind of fusion, kind.h), what that means in probabilities (calibration.h), and how likely that makes
 * each modality's own answer (its reliability). Below the floor of condition a modality is left out; with
 * all of them below it the window abstains, and what was seen is kept as a record (paper 3.4). Where no
 * emotion is likely enough the estimate is doubtful.
 *
 * A modality's answer is trusted on people it never met less than on those like the ones it was calibrated
 * on: its worth is a trust that was chosen on strangers, times the root of its condition by the fittest
 * modality's. So a condition weighs the streams against each other and does not make what they say less
 * sure; only below the floor does all fade to "any of them".
 *
 * A model file names its kind of fusion in the metadata "fusion"; without it, it is the first of the table.
 * Arrays in the model file, all optional, M = fusion.face or fusion.voice (of a signal and a chat what
 *   follows of trust, mean, var and distance):
 *   M.temperature (1), M.trust (1: in (0,1]), M.usual.answer (classes^2) M.usual.share (classes;
 *   baseline.h), M.mean M.var (embedding size), M.distance (2: where the condition starts to fall, where it
 *   is a half), fusion.basic.temperature (1), fusion.state.scale (4) .bias (12),
 *   fusion.engagement.temperature (1), fusion.floor (1), fusion.doubt (1: the least probability of the
 *   likeliest emotion), fusion.KIND.temperature (1) of the fused logits, fusion.hybrid.trust (1: in (0,1]). A kind that is learned has further
 *   arrays fusion.KIND.*, which must all be there.
 *
 * at_fusion is immutable once loaded: share it. What changes over a session (which faces were seen,
 * what is usual for them) is the session's and comes in through the evidence.
 */
#ifndef AT_FUSION_FUSION_H
#define AT_FUSION_FUSION_H

#include "fusion/baseline.h"
#include "model/audio.h"
#include "model/visual.h"
#include "tensor/weights.h"

/* What a modality made of each moment of the window, in order of time. */
typedef struct at_tokens {
    int n, dims;
    const float *x;      /* (n x dims) */
    const int64_t *t_us; /* (n) the moments */
} at_tokens;

/* What one modality has to say about a window. Absent: present = 0, the rest ignored. */
typedef struct at_evidence {
    int present;
    const float *embedding; /* (as at_fusion_streams says), mean over the window */
    const float *
        logit; /* (8) native logits, mean over the window; NULL of what does not answer by itself */
    const float *state;      /* (12) cumulative logits of the learning states; NULL: none */
    const float *engagement; /* (3) logits; with state */
    at_tokens tokens;
    float quality; /* [0,1] from the input-quality measures; 1 = clean */
    float share;   /* [0,1] of the window that this modality covered */
} at_evidence;

typedef struct at_estimate {
    float condition[ATTUNE_STREAMS]; /* [0,1] how fit its input is to be judged; 0 absent */
    float worth[ATTUNE_STREAMS];     /* [0,1] see above; 0 not used */
    float weight[ATTUNE_STREAMS];    /* its share of the worth: sum 1, or all 0 */
    unsigned used;
    int abstain;  /* nothing is fit to be judged */
    int doubtful; /* no emotion is likely enough */
    /* [0,1] The probability, by all that was used, of the emotion that it answers by itself: how likely it
     * is right; fading to 0 with a condition below the floor. 0 absent, or it does not answer by itself */
    float reliability[ATTUNE_STREAMS];
    float emotion7[ATTUNE_EMOTIONS];
    int has_state; /* a modality that was used has something to say of them */
    float state4[ATTUNE_STATES][ATTUNE_LEVELS];
    float engagement3[ATTUNE_ENGAGEMENTS];
} at_estimate;

typedef struct at_fusion at_fusion;

/* Reads kind, its arrays and calibration (temperatures, reference statistics, thresholds; names fusion.*)
 * from the model file (NULL: one that has nothing); sane defaults for what is absent of the calibration. */
int at_fusion_load(at_fusion **out, const at_weights *w, attune_error *err);
void at_fusion_free(at_fusion **f);
/* For training: f weighs a stream beside face and voice too, by reference statistics (size of its embedding each) and the
 * distances of fusion.M.distance. What it answers is as before. ATTUNE_OK or ATTUNE_E_NOMEM. */
int at_fusion_weigh_also(at_fusion *f, int stream, const float *mean, const float *var,
                         const float distance[2]);
int at_fusion_classes(int modality); /* that its native logits are of */
/* What is usual of a modality's answers: what baselines are followed by. Without classes where the kind
 * looks at embeddings alone, which a baseline of the logits does not reach. */
const at_usual *at_fusion_usual(const at_fusion *f, int modality);
/* What the modalities' own answers are calibrated by; lives as long as f. */
const struct at_calibration *at_fusion_calibration(const at_fusion *f);
/* An offset of a modality's scaled logits (baseline.h) as one of each of the seven. */
void at_fusion_offset(int modality, const float *offset, float emotion7[ATTUNE_EMOTIONS]);
void at_fusion_run(const at_fusion *f, const at_evidence evidence[ATTUNE_STREAMS],
                   at_estimate *out);
/* The emotion once more, and what follows from it (reliability, doubtful), of logits that others took
 * something out of: of evidence only present and logit matter, out is as at_fusion_run left it. Only where
 * at_fusion_answers_again. */
void at_fusion_answer(const at_fusion *f, const at_evidence evidence[ATTUNE_STREAMS],
                      at_estimate *out);
/* Whether logits are all that the kind looks at: a learned one, hybrid too, looks at embeddings. */
int at_fusion_answers_again(const at_fusion *f);
/* The first step alone: condition, worth, weight, used and abstain; the rest is zeros. */
void at_fusion_weigh(const at_fusion *f, const at_evidence evidence[ATTUNE_STREAMS],
                     at_estimate *out);

/* Calibrated learning states from mean logits: state (12), engagement (3). */
void at_fusion_states(const at_fusion *f, const float *state_logit, const float *engagement_logit,
                      float state4[ATTUNE_STATES][ATTUNE_LEVELS],
                      float engagement3[ATTUNE_ENGAGEMENTS]);

/* The temperature-scaled native probabilities of one stream (8), and folded into the seven. */
void at_fusion_native(const at_fusion *f, int modality, const float *logit, float *p);
void at_fusion_emotion(const at_fusion *f, int modality, const float *logit, float *emotion7);
/* The native ones of the face stream's FER2013 head (7). */
void at_fusion_basic(const at_fusion *f, const float *logit, float *p);

#endif
