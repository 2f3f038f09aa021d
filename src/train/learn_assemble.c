/* Makes the model file that is shipped: detector, face stream (batch norm folded), voice stream, a
 * fusion if it was learned, and the calibration of all answers on the validation parts that their recipes
 * name. Weights are f16, biases and calibration f32. The parts may themselves come from such a file: it is
 * then calibrated anew, but for the fusion, whose temperature comes with it. */
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "fusion/kind.h"
#include "fusion/condition.h"
#include "train/calibrate.h"
#include "train/checkpoint.h"
#include "train/stream_answers.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The condition starts to fall at this quantile of the distances of clean validation data, and is a
 * half at the second, or further out if the first is already there. */
static const double near_quantile = 0.9, far_quantile = 0.999;
static const float least_reach = 1.3f;

typedef enum part { FACE, VOICE, DETECTOR, TEMPORAL, FUSION, PARTS } part;

typedef struct assembly {
    const at_job *job;
    const at_assemble_settings *s;
    at_weights *file[PARTS];    /* where each came from */
    const at_fusion_kind *kind; /* of the learned fusion; NULL: none was */
    at_params params;           /* all that is written */
    at_stream_answers face, voice;
} assembly;

/* ---- calibration ---------------------------------------------------------------------------- */

static int set(assembly *a, const char *of, const char *what, int n, const float *value,
               attune_error *err)
{
    char name[64];
    snprintf(name, sizeof name, "%.40s.%.20s", of, what);
    at_param *p = at_params_get(&a->params, name, 1, &n);
    if (!p)
        return at_fail_nomem(err);
    memcpy(p->value.data, value, (size_t)n * sizeof *value);
    return ATTUNE_OK;
}

/* Distances of the validation embeddings, as a session will compute them. */
static void measure_reach(const at_stream_answers *x, const float *mean, const float *var,
                          float *inv_std, float *distance, float reach[2])
{
    for (int d = 0; d < x->dims; d++)
        inv_std[d] = 1 / sqrtf(fmaxf(var[d], 1e-12f));
    for (int i = 0; i < x->valid_n; i++)
        distance[i] = at_embedding_distance(x->valid + (size_t)i * x->dims, mean, inv_std, x->dims);
    reach[0] = at_quantile(distance, x->valid_n, near_quantile);
    reach[1] = fmaxf(at_quantile(distance, x->valid_n, far_quantile), least_reach * reach[0]);
}

/* Reference statistics of clean embeddings, and the reach of those of other people's. */
static int fit_distance(assembly *a, const char *of, const at_stream_answers *x, attune_error *err)
{
    size_t dims = (size_t)x->dims;
    float reach[2], *mean = at_alloc(3 * dims, sizeof *mean), *var = mean + dims;
    float *distance = at_alloc((size_t)x->valid_n, sizeof *distance);
    int status = mean && distance ? ATTUNE_OK : at_fail_nomem(err);
    if (!status && (x->train_n < 2 || x->valid_n < 2))
        status = at_fail(err, ATTUNE_E_ARG, "%s: too few samples to calibrate on", of);
    if (!status) {
        at_fit_reference(x->train, x->train_n, x->dims, mean, var);
        measure_reach(x, mean, var, var + dims, distance, reach);
        status = set(a, of, "mean", x->dims, mean, err);
        status = status ? status : set(a, of, "var", x->dims, var, err);
        status = status ? status : set(a, of, "distance", 2, reach, err);
    }
    at_free(mean);
    at_free(distance);
    return status;
}

static int fit_temperature(assembly *a, const char *of, const at_head_answers *h, attune_error *err)
{
    float t = at_fit_temperature(h->logit, h->label, h->n, h->width);
    return set(a, of, "temperature", 1, &t, err);
}

/* A stream's native head: its temperature, and what is usual of its answers, to follow a person's
 * baseline by. */
static int fit_native(assembly *a, const char *of, const at_head_answers *h, attune_error *err)
{
    float answer[AT_MOST_CLASSES * AT_MOST_CLASSES], share[AT_MOST_CLASSES];
    float t = at_fit_temperature(h->logit, h->label, h->n, h->width);
    int status = set(a, of, "temperature", 1, &t, err);
    if (status || !h->n)
        return status;
    at_fit_usual(h->logit, h->n, h->width, t, answer, share);
    status = set(a, of, "usual.answer", h->width * h->width, answer, err);
    return status ? status : set(a, of, "usual.share", h->width, share, err);
}

static int fit_states(assembly *a, const at_head_answers *state, attune_error *err)
{
    float scale[ATTUNE_STATES], bias[ATTUNE_STATES * AT_THRESHOLDS];
    for (int s = 0; s < ATTUNE_STATES; s++)
        at_fit_levels(state[s].logit, state[s].label, state[s].n, &scale[s],
                      bias + s * AT_THRESHOLDS);
    int status = set(a, "fusion.state", "scale", ATTUNE_STATES, scale, err);
    return status ? status
                  : set(a, "fusion.state", "bias", ATTUNE_STATES * AT_THRESHOLDS, bias, err);
}

static int calibrate_faces(assembly *a, attune_error *err)
{
    const at_head_answers *h = a->face.head;
    int status = set(a, "fusion.face", "trust", 1, &a->s->visual.trust, err);
    status = status ? status : fit_distance(a, "fusion.face", &a->face, err);
    status = status ? status : fit_native(a, "fusion.face", &h[0], err);
    status = status ? status : fit_temperature(a, "fusion.basic", &h[1], err);
    status = status ? status : fit_temperature(a, "fusion.engagement", &h[2], err);
    return status ? status : fit_states(a, &h[3], err);
}

static int calibrate_voices(assembly *a, attune_error *err)
{
    int status = set(a, "fusion.voice", "trust", 1, &a->s->audio.trust, err);
    status = status ? status : fit_distance(a, "fusion.voice", &a->voice, err);
    return status ? status : fit_native(a, "fusion.voice", &a->voice.head[0], err);
}

/* ---- parts ---------------------------------------------------------------------------------- */

/* A stream's weights and the settings of its recipe, which must be of that kind and lives in of. */
static int open_stream(assembly *a, const at_stream_settings *s, const char *kind, at_weights **w,
                       at_recipe *of, void *settings, attune_error *err)
{
    char *path = NULL;
    int status = at_job_weights(a->job, s->model, w, err);
    status = status ? status : at_job_find(a->job, s->recipe, &path, err);
    status = status ? status : at_recipe_load(of, path, err);
    if (!status && strcmp(of->kind, kind) != 0)
        status = at_fail(err, ATTUNE_E_FORMAT, "%s: not a recipe of kind %s", path, kind);
    if (!status)
        status = at_fields_read(at_fields_of_kind(kind), of->root, path, "", settings, err);
    free(path);
    return status;
}

static int add_faces(assembly *a, attune_error *err)
{
    at_recipe of = {0};
    at_visual_settings s;
    int status = open_stream(a, &a->s->visual, "visual", &a->file[FACE], &of, &s, err);
    /* params holds the detector alone as yet: the one that the model will run with */
    if (!status)
        status = at_face_answers(&a->face, a->job, a->file[FACE], &a->params, &s.data,
                                 a->s->reference_pictures, err);
    status = status ? status : calibrate_faces(a, err);
    at_recipe_free(&of);
    return status ? status : at_visual_fold(&a->params, a->file[FACE], err);
}

static int has_temporal(const at_weights *w)
{
    at_encoder_shape s;
    return !at_encoder_shape_of(&at_temporal, at_weights_source(w), &s, NULL) && s.layers;
}

static int open_temporal(assembly *a, attune_error *err)
{
    at_weights **w = &a->file[TEMPORAL];
    const int status = a->s->temporal ? at_job_weights(a->job, a->s->temporal, w, err) : ATTUNE_OK;
    return !status && *w && !has_temporal(*w)
               ? at_fail(err, ATTUNE_E_FORMAT, "%s: holds no temporal encoder", a->s->temporal)
               : status;
}

static int add_temporal(assembly *a, attune_error *err)
{
    const at_weights *w = a->file[TEMPORAL];
    return w ? at_encoder_import(&at_temporal, &a->params, at_weights_source(w), err) : ATTUNE_OK;
}

static int add_voices(assembly *a, attune_error *err)
{
    at_recipe of = {0};
    at_audio_settings s;
    int status = open_stream(a, &a->s->audio, "audio", &a->file[VOICE], &of, &s, err);
    if (!status && !s.data.set[0].train)
        status = at_fail(err, ATTUNE_E_FORMAT,
                         "%s: has folds, but no data[0].train to calibrate on", of.path);
    status = status ? status : at_voice_answers(&a->voice, a->job, a->file[VOICE], &s.data, err);
    status = status ? status : calibrate_voices(a, err);
    at_recipe_free(&of);
    /* the stream's arrays as they are, whatever else the file holds */
    return status ? status : at_params_copy(&a->params, a->file[VOICE], "audio", NULL, err);
}

/* A kind that is learned must come with what it learned. */
static int check_named_kind(const assembly *a, attune_error *err)
{
    const char *name = json_string_value(json_object_get(a->s->metadata, "fusion"));
    const at_fusion_kind *kind = name ? at_fusion_kind_find(name) : at_fusion_kinds[0];
    if (!kind)
        return at_fail(err, ATTUNE_E_FORMAT, "metadata.fusion: there is no fusion \"%s\"", name);
    if (kind != a->kind && (a->kind || at_fusion_is_learned(kind)) && name)
        return at_fail(err, ATTUNE_E_FORMAT, "metadata.fusion: \"%s\" is not what fusion holds",
                       name);
    return ATTUNE_OK;
}

/* Before all that takes long: which fusion it will be. */
static int open_fusion(assembly *a, attune_error *err)
{
    int status = a->s->fusion ? at_job_weights(a->job, a->s->fusion, &a->file[FUSION], err)
                              : ATTUNE_OK;
    if (status)
        return status;
    a->kind = a->file[FUSION] ? at_fusion_kind_in(a->file[FUSION]) : NULL;
    if (a->file[FUSION] && !a->kind)
        return at_fail(err, ATTUNE_E_FORMAT, "%s: holds no fusion that was learned", a->s->fusion);
    return check_named_kind(a, err);
}

static int add_fusion(assembly *a, attune_error *err)
{
    static const char *const beside[] = {"signal.", "fusion.signal.", "fusion.chat."};
    at_fusion_net net;
    if (!a->kind)
        return ATTUNE_OK;
    int status = at_fusion_net_make(&net, &a->params, a->kind, a->file[FUSION], 0, NULL, err);
    for (size_t i = 0; i < sizeof beside / sizeof *beside && !status; i++)
        status = at_params_copy(&a->params, a->file[FUSION], beside[i], NULL, err);
    return status;
}

/* ---- the file ------------------------------------------------------------------------------- */

/* Metadata of the recipe, and what the streams' own files say of their training. */
static int put_metadata(const assembly *a, at_weights_writer *w)
{
    static const char *const names[PARTS] = {"training.face", "training.voice", "training.detector",
                                             "training.temporal", "training.fusion"};
    const char *key;
    json_t *value;
    int status = 0;
    json_object_foreach((json_t *)a->s->metadata, key, value)
    {
        char *text = json_is_string(value) ? strdup(json_string_value(value))
                                           : at_json_write(value, JSON_COMPACT);
        status = status ? status : text ? at_weights_put_meta(w, key, text) : -1;
        free(text);
    }
    if (a->kind && !json_object_get(a->s->metadata, "fusion") && !status)
        status = at_weights_put_meta(w, "fusion", a->kind->name);
    for (int i = 0; i < 2 && a->kind && !status; i++) {
        static const char *const said[] = {"signal_columns", "signal_events"};
        const char *list = at_weights_meta(a->file[FUSION], said[i]);
        if (list)
            status = at_weights_put_meta(w, said[i], list);
    }
    for (int i = 0; i < PARTS && !status; i++) {
        const char *record = a->file[i] ? at_weights_meta(a->file[i], names[i]) : NULL;
        if (!record && a->file[i])
            record = at_weights_meta(a->file[i], "training");
        if (record)
            status = at_weights_put_meta(w, names[i], record);
    }
    return status;
}

static int write_model(const assembly *a, attune_error *err)
{
    char path[AT_TRAIN_PATH];
    at_weights_writer *w = NULL;
    int status = at_job_path(a->job, ".safetensors", path, err);
    status = status ? status : at_job_will_write(a->job, err);
    status = status ? status : at_weights_writer_create(&w, err);
    for (int i = 0; i < a->params.count && !status; i++) {
        const at_param *p = a->params.list[i];
        int as_f16 = p->value.rank > 1;
        if (at_weights_put(w, p->name, p->value.rank, p->value.dim, p->value.data, as_f16))
            status = at_fail_nomem(err);
    }
    if (!status && put_metadata(a, w))
        status = at_fail_nomem(err);
    status = status ? status : at_weights_save(w, path, err);
    at_weights_writer_free(&w);
    return status ? status : at_job_wrote(a->job, ".safetensors", err);
}

static int write_answers(const assembly *a, attune_error *err)
{
    char path[AT_TRAIN_PATH];
    int status = at_job_path(a->job, ".answers.safetensors", path, err);
    return status ? status : at_stream_answers_save(&a->face, &a->voice, path, err);
}

int at_learn_assemble(const at_job *job, attune_error *err)
{
    assembly a = {.job = job, .s = job->settings};
    int status = at_mkdirs(job->options->out_dir ? job->options->out_dir : ".", err);
    status = status ? status : open_temporal(&a, err);
    status = status ? status : open_fusion(&a, err);
    status = status ? status
                    : at_job_detector(job, a.s->detector, &a.params, &a.file[DETECTOR], err);
    status = status ? status : add_faces(&a, err);
    status = status ? status : add_temporal(&a, err);
    status = status ? status : add_voices(&a, err);
    status = status ? status : add_fusion(&a, err);
    status = status ? status : set(&a, "fusion", "floor", 1, &a.s->floor, err);
    status = status ? status : set(&a, "fusion", "doubt", 1, &a.s->doubt, err);
    status = status ? status : write_model(&a, err);
    status = status || !a.s->answers ? status : write_answers(&a, err);
    at_params_free(&a.params);
    at_stream_answers_free(&a.face);
    at_stream_answers_free(&a.voice);
    for (int i = 0; i < PARTS; i++)
        at_weights_free(&a.file[i]);
    return status;
}
