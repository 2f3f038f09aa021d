/* audio.h - the voice stream: feature rows in, RAVDESS's eight classes out.
 *
 * Normalised feature rows (dsp/features.h) -> two convolutions over time (each halves the rate) ->
 * 2-layer BiLSTM -> attention pooling of mean and deviation (the embedding) -> linear head.
 *
 * Several such networks, members, that differ in what they started from answer together with the
 * mean of their logits, an ensemble (Lakshminarayanan 2017, "Simple and scalable predictive
 * uncertainty estimation using deep ensembles"; geometric mean of the answers). Tokens and embedding
 * are the first member's.
 *
 * Beside them a linear expert may answer to what the whole stretch is like (dsp/functionals.h): its logits,
 * of a few hundred numbers that hardly depend on who speaks, are added (a product of experts, Hinton 2002,
 * "Training products of experts by minimizing contrastive divergence", eq. 1). The networks are
 * better on voices like those that they heard, the expert on others.
 */
#ifndef AT_MODEL_AUDIO_H
#define AT_MODEL_AUDIO_H

#include "model/heads.h"
#include "tensor/ops.h"
#include "tensor/weights.h"

enum {
    AT_FEATURES = 83,         /* AT_FEATURE_COLS of dsp/features.h, which this module may not see */
    AT_AUDIO_EMBED = 512,     /* mean and deviation of both directions, 4 x 128 */
    AT_AUDIO_TOKEN = 256,     /* both directions */
    AT_AUDIO_STRIDE = 4,      /* rows a token: two convolutions halve the rate */
    AT_AUDIO_MAX_BATCH = 256, /* sequences in one pass */
    AT_AUDIO_MAX_MEMBERS = 8,
    AT_VOICE_FUNCTIONALS = 624, /* AT_FUNCTIONALS of dsp/functionals.h, likewise */
    AT_VOICE_COLUMNS = 501,     /* AT_FUNCTIONALS_COLUMNS, the first of them */
};

/* Names audio.* (first member), audio1.*, audio2.* and so on. */
int at_audio_init(at_params *p, int members, at_rng *rng, attune_error *err);

typedef struct at_audio_out {
    at_tensor *tokens;     /* (b, t / AT_AUDIO_STRIDE, AT_AUDIO_TOKEN), rounded up */
    at_tensor *embedding;  /* (b, 512) */
    at_tensor *expression; /* (b, 8) logits, RAVDESS order */
} at_audio_out;

/* One member's pass. x (b, t, AT_FEATURES) normalised rows, lengths (b) rows that are there; those
 * after them must be zeros, since the convolutions reach over. */
void at_audio_forward(at_graph *g, at_params *p, int member, at_tensor *x, const int *lengths,
                      float dropout, at_audio_out *out);

/* All members' passes, without dropout: the first one's tokens and embedding, the mean logits. */
void at_audio_answer(at_graph *g, at_params *p, int members, at_tensor *x, const int *lengths,
                     at_audio_out *out);

/* ---- run-time path ----------------------------------------------------------------------- */

typedef struct at_audio_net at_audio_net; /* immutable: share it */

int at_audio_freeze(at_audio_net **out, const at_weights *w /* [kept] */, const at_kernels *kn,
                    attune_error *err);
void at_audio_free(at_audio_net **a);

/* The networks' answer alone, on the caller's graph: at_audio_answer of a's parameters. */
void at_audio_pass(const at_audio_net *a, at_graph *g, at_tensor *x, const int *lengths,
                   at_audio_out *out);
/* The expert beside them; NULL: there is none. */
const struct at_voice_expert *at_audio_expert(const at_audio_net *a);

typedef struct at_audio_result {
    float embedding[AT_AUDIO_EMBED];
    float expression[AT_VOICE_CLASSES]; /* logits, mean over the members, and the expert's */
    int tokens;
    const float *token; /* (tokens x AT_AUDIO_TOKEN) the graph's: until its next use. Token i is of
                         * the rows from AT_AUDIO_STRIDE i on */
} at_audio_result;

/* rows (n x AT_FEATURES), normalised, n > 0; functionals (AT_VOICE_FUNCTIONALS) of the same stretch,
 * NULL: the networks answer alone; graph: an AT_INFER scratch graph of the caller's. */
int at_audio_run(const at_audio_net *a, at_graph *graph, const float *rows, int n,
                 const float *functionals, at_audio_result *out);

/* ---- the linear expert ------------------------------------------------------------------- */

/* Arrays audio.functionals.*: z = (functionals - mean) / deviation, limited to +-AT_EXPERT_LIMIT;
 * logits z weight + bias. values is AT_VOICE_FUNCTIONALS, or AT_VOICE_COLUMNS of an expert that was taught
 * before there was prosody. */
#define AT_EXPERT_LIMIT 5.0f
typedef struct at_voice_expert {
    int values;
    const float *mean, *inv_deviation; /* (values) */
    const float *weight;               /* (values x AT_VOICE_CLASSES) */
    const float *bias;                 /* (AT_VOICE_CLASSES) */
} at_voice_expert;

extern const char *const at_voice_expert_arrays; /* what their names begin with */

/* functionals (AT_VOICE_FUNCTIONALS), z (values) */
void at_voice_expert_scale(const at_voice_expert *e, const float *functionals, float *z);
/* Adds the expert's logits (8) for a scaled z. */
void at_voice_expert_add(const at_voice_expert *e, const float *z, float *logit);

#endif
