/* kind.h - a way of making one answer of several streams. Private to fusion, onnx and train.
 *
 * A kind is a file and a line in kinds.c. It says which arrays it has, how they make an answer of many
 * windows on the tensor graph, where they can be learned (forward), and how of one window, without a
 * graph and without memory of its own (run). Both give the same logits but for rounding. A kind with
 * nothing to learn has neither arrays nor forward.
 *
 * Whom to trust is settled before a kind is asked: it sees the streams that count (at_estimate's used)
 * and their weights. Its logits become probabilities at a temperature of its own (calibration.h).
 */
#ifndef AT_FUSION_KIND_H
#define AT_FUSION_KIND_H

#include "fusion/fusion.h"
#include "tensor/ops.h"

struct at_calibration;

enum {
    AT_FUSION_ARRAYS = 8,                /* at most, of a stream and of the whole */
    AT_TIME_FEATURES = AT_TEMPORAL_TIME, /* that a token's moment is told by */
    AT_OF_EMBEDDING = -1,                /* rows: as many as the stream's embedding has numbers */
    AT_OF_TOKEN = -2,                    /* as a token of it has */
    AT_OF_STREAMS = -3,                  /* less n: n for each stream that the net takes */
};

typedef enum at_start {
    AT_START_RANDOM, /* uniform within 1 / sqrt(rows) */
    AT_START_ZERO,
} at_start;

/* What a kind learns, a matrix (rows, cols) or, with rows 0, a vector (cols): fusion.KIND.NAME, or one a
 * stream, fusion.KIND.STREAM.NAME. */
typedef struct at_fusion_array {
    const char *name;
    int rows, cols;
    at_start start;
} at_fusion_array;

/* A kind and its arrays, which lie in somebody's at_params. */
typedef struct at_fusion_net {
    const struct at_fusion_kind *kind;
    /* Bit s: it takes stream s. Those that answer by themselves always; the others where it was trained with them. */
    unsigned streams;
    /* Of the streams by themselves: what of them a kind hears that hears their answers. */
    const struct at_calibration *calibration;
    at_param *temperature; /* (1) */
    at_param
        *trust; /* (1) in (0,1], of a kind that hears: by how much run lets count what is learned */
    /* What follows only where there is something to learn. Streams come in as (x - mean) * scale, each
     * (embedding size); of tokens the first ones. */
    at_param *mean[ATTUNE_STREAMS], *scale[ATTUNE_STREAMS];
    at_param *of_stream[ATTUNE_STREAMS][AT_FUSION_ARRAYS], *of_whole[AT_FUSION_ARRAYS];
} at_fusion_net;

/* Windows as tensors of a pass; s is a stream that the net takes. What does not count is zeros. */
typedef struct at_fusion_batch {
    int n;
    at_tensor *embedding[ATTUNE_STREAMS]; /* (n, size), standardised */
    at_tensor *counts[ATTUNE_STREAMS];    /* (n, 1) 1 where the stream counts, else 0 */
    at_tensor *absent[ATTUNE_STREAMS];    /* (n, 1) the reverse */
    at_tensor *worth[ATTUNE_STREAMS];     /* (n, 1) 0 where it does not count */
    at_tensor
        *answer; /* (n, ATTUNE_EMOTIONS) of all streams, as at_fusion_add_answer adds them by worth;
                        * NULL: the kind does not hear them */
    int tokens[ATTUNE_STREAMS];       /* of the window that has most, at least 1 */
    at_tensor *token[ATTUNE_STREAMS]; /* (n, tokens, size), standardised */
    at_tensor *time[ATTUNE_STREAMS];  /* (n, tokens, AT_TIME_FEATURES) */
    at_tensor *trust; /* (n, tokens of all streams) log of the weight that falls to each token */
} at_fusion_batch;

typedef struct at_fusion_kind {
    const char *name;                            /* in the metadata "fusion" */
    const at_fusion_array *of_stream, *of_whole; /* end with a name of NULL; NULL: none */
    /* (n, ATTUNE_EMOTIONS) logits, by a trust of 1. dropout: before the last layer, in training. */
    at_tensor *(*forward)(at_graph *g, const at_fusion_net *net, const at_fusion_batch *b,
                          float dropout);
    /* logit (ATTUNE_EMOTIONS). At least one stream counts; of trust only used, worth and weight are
     * there. Safe to call from several threads at once. */
    void (*run)(const at_fusion_net *net, const at_evidence evidence[ATTUNE_STREAMS],
                const at_estimate *trust, float *logit);
    /* Of a learned kind: it hears the streams' own answers besides. Those that are not learned hear nothing
     * else. */
    int hears;
    int two; /* of a learned kind: it is of face and voice, and takes no other streams */
} at_fusion_kind;

extern const at_fusion_kind *const at_fusion_kinds[]; /* NULL past the end */
extern const at_fusion_kind at_fusion_late, at_fusion_mean, at_fusion_product, at_fusion_concat,
    at_fusion_tensor, at_fusion_attention, at_fusion_hybrid;

const at_fusion_kind *at_fusion_kind_find(const char *name); /* NULL: there is none */
/* The kind whose arrays are in that file; NULL: none that is learned. */
const at_fusion_kind *at_fusion_kind_in(const at_weights *w);
static inline int at_fusion_is_learned(const at_fusion_kind *k)
{
    return k->forward != NULL;
}
static inline int at_fusion_hears(const at_fusion_kind *k)
{
    return !at_fusion_is_learned(k) || k->hears;
}

/* ---- arrays (net.c) ------------------------------------------------------------------------- */

/* Makes the kind's arrays in p and binds net to them. file: they are its, checked, and the streams those that it has arrays
 * for; NULL: drawn from rng, for training with streams (a bit each) beside face and voice. */
int at_fusion_net_make(at_fusion_net *net, at_params *p, const at_fusion_kind *kind,
                       const at_weights *file, unsigned streams, at_rng *rng, attune_error *err);
static inline int at_fusion_takes(const at_fusion_net *net, int stream)
{
    return net->streams >> stream & 1;
}

/* ---- windows in (batch.c) ------------------------------------------------------------------- */

/* evidence (n, ATTUNE_STREAMS), trust (n) with used, worth and weight; logits as forward gives them, NULL
 * after a failure of the graph. */
at_tensor *at_fusion_forward(at_graph *g, const at_fusion_net *net, const at_evidence *evidence,
                             const at_estimate *trust, int n, float dropout);

/* A window's tokens: its own, or where it has none the mean that its embedding begins with. */
at_tokens at_fusion_tokens(const at_evidence *e, int stream);
/* The latest moment of all that counts. */
int64_t at_fusion_latest(const at_evidence evidence[ATTUNE_STREAMS], const at_estimate *trust);
/* f (AT_TIME_FEATURES): as the face's temporal encoder is told it. */
void at_fusion_time(int64_t t_us, int64_t latest_us, float *f);
static inline int at_fusion_counts(const at_estimate *trust, int stream)
{
    return trust->used >> stream & 1;
}

/* ---- one window by hand (layers.c) ---------------------------------------------------------- */

/* y (cols) += x (rows) w (rows, cols) */
void at_fusion_add_dense(const at_param *w, const float *x, float *y);
/* The same of the stream's numbers, standardised first. */
void at_fusion_add_stream(const at_fusion_net *net, int stream, const at_param *w, const float *x,
                          float *y);
/* y (cols) += the vector */
void at_fusion_add_vector(const at_param *v, float *y);
void at_fusion_relu(float *y, int n);
/* logit (ATTUNE_EMOTIONS) += weight log p of the stream's own answer p */
void at_fusion_add_answer(const at_fusion_net *net, int stream, const at_evidence *e, float weight,
                          float *logit);
/* logit (ATTUNE_EMOTIONS) of x by a hidden layer: out(relu(hidden(x))). first: of the four arrays of
 * of_whole that AT_FUSION_HEAD names. */
void at_fusion_add_head(const at_fusion_net *net, int first, const float *x, float *logit);
/* The same on the graph. */
at_tensor *at_fusion_head(at_graph *g, const at_fusion_net *net, int first, at_tensor *x,
                          float dropout);

enum { AT_FUSION_HIDDEN = 64 };
#define AT_FUSION_HEAD(rows)                                                \
    {"hidden.weight", rows, AT_FUSION_HIDDEN, AT_START_RANDOM},             \
        {"hidden.bias", 0, AT_FUSION_HIDDEN, AT_START_ZERO},                \
        {"out.weight", AT_FUSION_HIDDEN, ATTUNE_EMOTIONS, AT_START_RANDOM}, \
    {                                                                       \
        "out.bias", 0, ATTUNE_EMOTIONS, AT_START_ZERO                       \
    }

/* An array as an operand of the pass. */
static inline at_tensor *at_fusion_use_of(at_graph *g, const at_fusion_net *net, int stream,
                                          int array)
{
    return at_use(g, net->of_stream[stream][array]);
}
static inline at_tensor *at_fusion_use(at_graph *g, const at_fusion_net *net, int array)
{
    return at_use(g, net->of_whole[array]);
}
/* (n, cols): the vector (cols) in the rows where ones (n, 1) is 1, zeros elsewhere. */
static inline at_tensor *at_fusion_rows(at_graph *g, at_tensor *ones, at_tensor *vector)
{
    return vector ? at_linear(g, ones, at_reshape(g, vector, 2, (int[]){1, vector->dim[0]}), NULL)
                  : NULL;
}

#endif
