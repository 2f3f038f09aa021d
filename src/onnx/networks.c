#include "onnx/networks.h"
#include "base/error.h"
#include "model/audio.h"
#include "model/visual.h"
#include "onnx/moments.h"
#include "onnx/scribe.h"
#include "vision/detect.h"
#include <string.h>

/* A pass that is listened to. */
typedef struct hearing {
    at_onnx *o;
    at_graph *g;
    at_scribe *s;
} hearing;

static int begin(hearing *h, at_onnx *o, attune_error *err)
{
    *h = (hearing){.o = o};
    int status = at_graph_create(&h->g, NULL, at_kernels_best(), err);
    status = status ? status : at_scribe_create(&h->s, o, h->g, err);
    if (!status)
        at_graph_begin(h->g, AT_INFER, 0);
    return status;
}

static int end(hearing *h, int status, attune_error *err)
{
    status = status || !h->s ? status : at_scribe_status(h->s, err);
    at_scribe_free(&h->s);
    at_graph_free(&h->g);
    return status;
}

/* Of the size that the pass is heard at. */
static at_tensor *zeros(const hearing *h, int rank, const int *dim)
{
    at_tensor *t = at_tensor_new(h->g, rank, dim, 0);

    if (t)
        memset(t->data, 0, at_tensor_count(t) * sizeof(float));
    return t;
}

static at_tensor *input(const hearing *h, int rank, const int *dim, const char *name,
                        const char *shape, const char *doc)
{
    at_tensor *t = zeros(h, rank, dim);

    if (t)
        at_scribe_is(h->s, t, at_onnx_input(h->o, name, shape, doc));
    return t;
}

/* t NULL: the network has none. */
static void output(const hearing *h, const at_tensor *t, const char *name, const char *shape,
                   const char *doc)
{
    if (t)
        at_onnx_output(h->o, at_scribe_value(h->s, t), name, shape, doc);
}

/* ---- the detector ---------------------------------------------------------------------------- */

static int write_detector(at_onnx *o, const at_weights *w, attune_error *err)
{
    static const char *const names[AT_DETECT_LEVELS] = {"cells8", "cells16", "cells32"};
    static const char *const shapes[AT_DETECT_LEVELS] = {
        "batch 16 rows8 columns8", "batch 16 rows16 columns16", "batch 16 rows32 columns32"};
    enum { SIDE = 64 }; /* any multiple of 32 */
    at_tensor *head[AT_DETECT_LEVELS] = {NULL};
    at_params p = {0};
    hearing h;
    int status = begin(&h, o, err);

    status = status ? status : at_detector_import(&p, w, err);
    if (!status) {
        at_tensor *x = input(&h, 4, (int[]){1, SIDE, SIDE, 3}, "picture", "batch 3 height width",
                             "BGR, 0..255, height and width multiples of 32");
        at_detector_graph(h.g, &p, x, head);
    }
    for (int i = 0; i < AT_DETECT_LEVELS && !status; i++)
        output(
            &h, head[i], names[i], shapes[i],
            "Of each cell, row i, column j, of s pixels: cls, dx, dy, dw, dh, obj, five (kx, ky); "
            "centre ((j + dx) s, (i + dy) s), size s exp(dw, dh), landmark ((j + kx) s, (i + ky) s),"
            " score sqrt(sigmoid(cls) sigmoid(obj))");
    status = end(&h, status, err);
    at_params_free(&p);
    return status;
}

/* ---- the face -------------------------------------------------------------------------------- */

/* As in at_visual_result. */
static void face_outputs(const hearing *h, const at_visual_out *out)
{
    at_onnx_value *units = out->units ? at_scribe_value(h->s, out->units) : NULL;
    at_onnx_value *pose = out->pose ? at_scribe_value(h->s, out->pose) : NULL;

    output(h, out->embedding, "embedding", "batch 1280", "the mean over the last feature map");
    output(h, out->expression, "expression", "batch 8",
           "logits: neutral, happiness, surprise, sadness, anger, disgust, fear, contempt (FER+)");
    output(h, out->basic, "basic", "batch 7",
           "logits: angry, disgust, fear, happy, neutral, sad, surprise (FER2013)");
    output(h, out->state, "state", "batch 12",
           "logits of P(level > 0), > 1, > 2 of boredom, engagement, confusion, frustration");
    output(h, out->engagement, "engagement", "batch 3", "logits: disengaged, partial, engaged");
    output(h, out->covered, "covered", "batch 1", "logit of the share of the face that is hidden");
    output(h, out->dominant, "dominant", "batch 4",
           "logits: boredom, engagement, confusion, frustration");
    at_onnx_output(h->o, units ? at_onnx_unary(h->o, "Sigmoid", units) : NULL, "units", "batch 51",
                   "facial movements, 0..1, in the order of attune_units");
    at_onnx_output(h->o,
                   pose ? at_onnx_binary(h->o, "Mul", pose, at_onnx_scalar(h->o, AT_POSE_DEGREES))
                        : NULL,
                   "pose", "batch 3", "yaw, pitch, roll of the aligned face, degrees");
}

static int write_face(at_onnx *o, const at_weights *w, attune_error *err)
{
    const at_visual_options options = {0};
    at_params p = {0};
    hearing h;
    int status = begin(&h, o, err);

    status = status ? status : at_visual_fold(&p, w, err);
    if (!status) {
        at_visual_out out = {0};
        at_tensor *x = input(&h, 4, (int[]){1, AT_FACE_SIZE, AT_FACE_SIZE, 3}, "face",
                             "batch 3 112 112", "RGB, (x - 127.5) / 127.5, aligned by landmarks");
        at_visual_forward(h.g, &p, x, &options, &out);
        face_outputs(&h, &out);
    }
    status = end(&h, status, err);
    at_params_free(&p);
    return status;
}

/* ---- the face over time ------------------------------------------------------------------------ */

/* What at_visual_over_time adds. */
static int write_temporal(at_onnx *o, const at_weights *w, attune_error *err)
{
    enum { FRAMES = 3 }; /* any number */
    at_params p = {0};
    hearing h;
    int status = begin(&h, o, err);

    status = status ? status : at_encoder_import(&at_temporal, &p, at_weights_source(w), err);
    if (!status) {
        at_tensor *expression, *basic;
        at_encoder_tokens tokens = {
            .features = input(&h, 3, (int[]){1, FRAMES, AT_MB_FEATURES}, "embeddings",
                              "batch frames 1280",
                              "the face network's, of each frame of the window"),
            .where = zeros(&h, 3, (int[]){1, FRAMES, AT_TEMPORAL_TIME})};
        at_onnx_value *times = at_onnx_input(o, "times", "batch frames",
                                             "when each frame was, in seconds from any moment");
        if (tokens.where)
            at_scribe_is(h.s, tokens.where, at_onnx_moments(o, times, at_onnx_latest(o, times)));
        at_encoder_forward(&at_temporal, h.g, &p, &tokens, 0, &expression, &basic);
        output(&h, expression, "expression", "batch 8",
               "to be added to the mean over the frames of the face network's");
        output(&h, basic, "basic", "batch 7", "likewise");
    }
    status = end(&h, status, err);
    at_params_free(&p);
    return status;
}

/* ---- the voice ------------------------------------------------------------------------------- */

/* Its logits (at_voice_expert_scale, at_voice_expert_add). */
static at_onnx_value *expert(at_onnx *o, const at_voice_expert *e, at_onnx_value *x)
{
    const int64_t from = 0, to = e->values, axis = 1;
    const int n = e->values;
    at_onnx_value *first =
        at_onnx_node(o, "Slice", 4,
                     (at_onnx_value *[]){x, at_onnx_indices(o, 1, &from),
                                         at_onnx_indices(o, 1, &to), at_onnx_indices(o, 1, &axis)},
                     NULL);
    at_onnx_value *z = at_onnx_binary(o, "Sub", first, at_onnx_floats(o, NULL, 1, &n, e->mean));
    z = at_onnx_binary(o, "Mul", z, at_onnx_floats(o, NULL, 1, &n, e->inv_deviation));
    z = at_onnx_node(o, "Clip", 3,
                     (at_onnx_value *[]){z, at_onnx_scalar(o, -AT_EXPERT_LIMIT),
                                         at_onnx_scalar(o, AT_EXPERT_LIMIT)},
                     NULL);
    z = at_onnx_binary(o, "MatMul", z,
                       at_onnx_floats(o, NULL, 2, (int[]){n, AT_VOICE_CLASSES}, e->weight));
    return at_onnx_binary(o, "Add", z,
                          at_onnx_floats(o, NULL, 1, (int[]){AT_VOICE_CLASSES}, e->bias));
}

static void voice_outputs(const hearing *h, const at_audio_net *a, const at_audio_out *out)
{
    const at_voice_expert *e = at_audio_expert(a);
    at_onnx_value *logits = at_scribe_value(h->s, out->expression);

    output(h, out->embedding, "embedding", "batch 512",
           "mean and deviation over time of what both directions make of it");
    output(h, out->tokens, "tokens", "batch tokens 256", "one of each four rows");
    if (e)
        logits = at_onnx_binary(
            h->o, "Add", logits,
            expert(h->o, e,
                   at_onnx_input(h->o, "functionals", "batch 624",
                                 "what the stretch is like as a whole (dsp/functionals.h)")));
    at_onnx_output(
        h->o, logits, "expression", "batch 8",
        "logits: neutral, calm, happy, sad, angry, fearful, disgust, surprised (RAVDESS)");
}

static int write_voice(at_onnx *o, const at_weights *w, attune_error *err)
{
    enum { ROWS = 24 }; /* any number */
    const int rows = ROWS;
    at_audio_net *a = NULL;
    hearing h;
    int status = begin(&h, o, err);

    status = status ? status : at_audio_freeze(&a, w, at_kernels_best(), err);
    if (!status) {
        at_audio_out out;
        at_tensor *x = input(&h, 3, (int[]){1, ROWS, AT_FEATURES}, "rows", "batch time 83",
                             "a row each 10 ms, normalised over the speech in them "
                             "(dsp/features.h); sequences of a batch are of one length");
        at_audio_pass(a, h.g, x, &rows, &out);
        voice_outputs(&h, a, &out);
    }
    status = end(&h, status, err);
    at_audio_free(&a);
    return status;
}

/* ---- the table ------------------------------------------------------------------------------- */

const at_onnx_network at_onnx_networks[] = {
    {"detector.onnx", "detector.", "detector", "faces with five landmarks in a picture",
     write_detector},
    {"face.onnx", "visual.", "face", "perceived expression and learning states of an aligned face",
     write_face},
    {"temporal.onnx", "visual.temporal.", "temporal",
     "what the frames of a window say of a face together", write_temporal},
    {"voice.onnx", "audio.", "voice", "perceived expression of a stretch of speech", write_voice},
    {"fusion.onnx", "fusion.", "fusion",
     "what face and voice say together over a window, calibrated, and how far it can be trusted",
     at_onnx_write_fusion},
    {NULL, NULL, NULL, NULL, NULL},
};
