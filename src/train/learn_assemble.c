/* Makes the model file that is shipped: detector, face stream (batch norm folded), voice stream and
 * the calibration of all answers on the validation parts that their recipes name. Weights are f16,
 * biases and calibration f32. */
#include "train/learn.h"
#include "base/error.h"
#include "base/mem.h"
#include "data/voices.h"
#include "fusion/reliability.h"
#include "train/calibrate.h"
#include "train/face_set.h"
#include "vision/detect.h"
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 1000, PATH_SIZE = 4096 };

/* Reliability starts to fall at this quantile of the distances of clean validation data, and is a
 * half at the second, or further out if the first is already there. */
static const double near_quantile = 0.9, far_quantile = 0.999;
static const float least_reach = 1.3f;

typedef struct assembly {
    const at_recipe *recipe;
    const attune_train_options *o;
    at_pool *pool;
    at_weights *visual, *audio, *detector;
    at_params params; /* all that is written */
} assembly;

/* ---- embeddings and logits of a set, through the frozen networks ---------------------------- */

typedef struct face_pass {
    const at_faces *faces;
    const at_visual_net *net;
    at_visual_result *result;
    float *work; /* a thread's share: work_floats */
    size_t work_floats;
    atomic_int status;
} face_pass;

static void face_task(void *arg, int task, int thread)
{
    face_pass *p = arg;
    at_image im = {0};
    int status = at_face_render(&p->faces->list[task], AT_FACE_SIZE, NULL, 0, 0, &im, NULL);
    if (status < 0)
        atomic_store(&p->status, status);
    else
        at_visual_run(p->net, NULL, im.data, AT_FACE_SIZE, AT_BOTH_WAYS,
                      p->work + (size_t)thread * p->work_floats, &p->result[task]);
    at_image_free(&im);
}

static int run_faces(const assembly *a, const at_visual_net *net, const at_faces *faces,
                     at_visual_result **out, attune_error *err)
{
    face_pass p = {.faces = faces, .net = net};
    p.work_floats = at_visual_workspace(net, NULL, AT_FACE_SIZE);
    p.work = at_alloc((size_t)at_pool_threads(a->pool) * p.work_floats, sizeof(float));
    p.result = at_alloc((size_t)faces->count + 1, sizeof *p.result);
    if (!p.work || !p.result) {
        at_free(p.work);
        at_free(p.result);
        return at_fail_nomem(err);
    }
    at_pool_run(a->pool, faces->count, face_task, &p);
    at_free(p.work);
    int status = atomic_load(&p.status);
    if (status < 0) {
        at_free(p.result);
        return at_fail(err, (attune_status)status, "rendering faces failed");
    }
    *out = p.result;
    return ATTUNE_OK;
}

static int run_voices(const assembly *a, const at_audio_net *net, const at_voices *voices,
                      at_audio_result **out, attune_error *err)
{
    at_graph *g = NULL;
    float *x = at_alloc((size_t)ROWS * AT_FEATURES, sizeof *x);
    at_audio_result *result = at_calloc((size_t)voices->count + 1, sizeof *result);
    int status = x && result ? at_graph_create(&g, a->pool, at_kernels_best(), err)
                             : at_fail_nomem(err);
    for (int i = 0; i < voices->count && !status; i++) {
        int length;
        status = at_voices_rows(voices, &i, 1, ROWS, NULL, NULL, 0, NULL, x, &length);
        if (!status && length > 0)
            status = at_audio_run(net, g, x, length, &result[i]);
        if (status)
            at_fail(err, (attune_status)status, "%s: no answer", voices->list[i].label.path);
    }
    at_graph_free(&g);
    at_free(x);
    if (status)
        at_free(result);
    else
        *out = result;
    return status;
}

/* ---- calibration ---------------------------------------------------------------------------- */

static int set(assembly *a, const char *name, int n, const float *value, attune_error *err)
{
    at_param *p = at_params_get(&a->params, name, 1, &n);
    if (!p)
        return at_fail_nomem(err);
    memcpy(p->value.data, value, (size_t)n * sizeof *value);
    return ATTUNE_OK;
}

/* Reference statistics of clean embeddings, and the reach of those of other people's. */
static int fit_distance(assembly *a, const char *of, int dims, const float *train, int n_train,
                        const float *valid, int n_valid, size_t stride, attune_error *err)
{
    char name[64];
    float reach[2], *mean = at_alloc((size_t)dims, sizeof *mean);
    float *var = at_alloc((size_t)dims, sizeof *var);
    float *inv_std = at_alloc((size_t)dims, sizeof *inv_std);
    float *dense = at_alloc((size_t)n_train * (size_t)dims + 1, sizeof *dense);
    float *distance = at_alloc((size_t)n_valid + 1, sizeof *distance);
    int status = mean && var && inv_std && dense && distance ? ATTUNE_OK : at_fail_nomem(err);
    if (!status && (n_train < 2 || n_valid < 2))
        status = at_fail(err, ATTUNE_E_ARG, "%s: too few samples to calibrate on", of);
    if (!status) {
        for (int i = 0; i < n_train; i++)
            memcpy(dense + (size_t)i * dims, train + (size_t)i * stride,
                   (size_t)dims * sizeof *dense);
        at_fit_reference(dense, n_train, dims, mean, var);
        for (int d = 0; d < dims; d++)
            inv_std[d] = 1 / sqrtf(fmaxf(var[d], 1e-12f));
        for (int i = 0; i < n_valid; i++)
            distance[i] = at_embedding_distance(valid + (size_t)i * stride, mean, inv_std, dims);
        reach[0] = at_quantile(distance, n_valid, near_quantile);
        reach[1] = fmaxf(at_quantile(distance, n_valid, far_quantile), least_reach * reach[0]);
        snprintf(name, sizeof name, "%s.mean", of);
        status = set(a, name, dims, mean, err);
        snprintf(name, sizeof name, "%s.var", of);
        status = status ? status : set(a, name, dims, var, err);
        snprintf(name, sizeof name, "%s.distance", of);
        status = status ? status : set(a, name, 2, reach, err);
    }
    at_free(mean);
    at_free(var);
    at_free(inv_std);
    at_free(dense);
    at_free(distance);
    return status;
}

typedef enum head_kind { EXPRESSION, BASIC, ENGAGEMENT, STATE } head_kind;

/* The rows that have the head's label: their logits side by side, and the labels. For STATE, of
 * state s. */
static int gather(const at_face_set *set_, const at_visual_result *r, head_kind head, int s,
                  float *logit, int *label)
{
    int n = 0;
    for (int i = 0; i < set_->faces.count; i++) {
        const at_sample *sample = &set_->faces.list[i].label;
        const float *from = r[i].expression;
        int classes = AT_FACE_CLASSES, want = -1;
        switch (head) {
        case EXPRESSION:
            for (int k = 0; k < AT_VOTES; k++)
                if (sample->votes[k] > 0)
                    want = sample->expression;
            break;
        case BASIC: want = set_->basic[i], from = r[i].basic, classes = AT_BASIC_CLASSES; break;
        case ENGAGEMENT:
            want = sample->engagement, from = r[i].engagement, classes = ATTUNE_ENGAGEMENTS;
            break;
        case STATE:
            want = sample->state[s], from = r[i].state + s * AT_THRESHOLDS;
            classes = AT_THRESHOLDS;
            break;
        }
        if (want < 0)
            continue;
        memcpy(logit + (size_t)n * classes, from, (size_t)classes * sizeof *logit);
        label[n++] = want;
    }
    return n;
}

static int fit_faces(assembly *a, const at_face_set *valid, const at_visual_result *r,
                     attune_error *err)
{
    size_t rows = (size_t)valid->faces.count + 1;
    float *logit = at_alloc(rows * AT_FACE_CLASSES, sizeof *logit), t, scale[ATTUNE_STATES];
    float bias[ATTUNE_STATES * AT_THRESHOLDS];
    int *label = at_alloc(rows, sizeof *label), n;
    int status = logit && label ? ATTUNE_OK : at_fail_nomem(err);
    if (!status) {
        n = gather(valid, r, EXPRESSION, 0, logit, label);
        t = at_fit_temperature(logit, label, n, AT_FACE_CLASSES);
        status = set(a, "fusion.face.temperature", 1, &t, err);
    }
    if (!status) {
        n = gather(valid, r, BASIC, 0, logit, label);
        t = at_fit_temperature(logit, label, n, AT_BASIC_CLASSES);
        status = set(a, "fusion.basic.temperature", 1, &t, err);
    }
    if (!status) {
        n = gather(valid, r, ENGAGEMENT, 0, logit, label);
        t = at_fit_temperature(logit, label, n, ATTUNE_ENGAGEMENTS);
        status = set(a, "fusion.engagement.temperature", 1, &t, err);
    }
    for (int s = 0; s < ATTUNE_STATES && !status; s++) {
        n = gather(valid, r, STATE, s, logit, label);
        at_fit_levels(logit, label, n, &scale[s], bias + s * AT_THRESHOLDS);
    }
    status = status ? status : set(a, "fusion.state.scale", ATTUNE_STATES, scale, err);
    status = status ? status
                    : set(a, "fusion.state.bias", ATTUNE_STATES * AT_THRESHOLDS, bias, err);
    at_free(logit);
    at_free(label);
    return status;
}

static int calibrate_faces(assembly *a, const at_recipe *of, attune_error *err)
{
    attune_train_options few = *a->o;
    at_face_set train = {0}, valid = {0};
    at_visual_net *net = NULL;
    at_visual_result *rt = NULL, *rv = NULL;
    if (!few.limit)
        few.limit = (int)at_recipe_int(a->recipe->root, "reference_pictures", 2000);
    int status = at_visual_freeze(&net, a->visual, at_kernels_best(), err);
    status = status ? status : at_face_set_load(&train, of, "train", &few, 1, a->pool, err);
    status = status ? status : at_face_set_load(&valid, of, "valid", a->o, 1, a->pool, err);
    status = status ? status : run_faces(a, net, &train.faces, &rt, err);
    status = status ? status : run_faces(a, net, &valid.faces, &rv, err);
    if (!status)
        status = fit_distance(a, "fusion.face", AT_VISUAL_EMBED, rt[0].embedding, train.faces.count,
                              rv[0].embedding, valid.faces.count, sizeof *rt / sizeof(float), err);
    status = status ? status : fit_faces(a, &valid, rv, err);
    at_free(rt);
    at_free(rv);
    at_visual_free(&net);
    at_face_set_free(&train);
    at_face_set_free(&valid);
    return status;
}

static int load_voices(const assembly *a, const at_recipe *of, const char *part, at_voices *out,
                       attune_error *err)
{
    const json_t *data = json_object_get(of->root, "data");
    const char *dataset = at_recipe_string(data, "dataset", "ravdess");
    const char *split = at_recipe_string(data, part, "all");
    at_corpus corpus = {0};
    char *root = NULL;
    int status = at_recipe_data_root(a->o, at_recipe_string(data, "folder", dataset), &root, err);
    status = status ? status : at_corpus_read(&corpus, dataset, root, split, err);
    at_corpus_thin(&corpus, a->o->limit);
    status = status ? status : at_voices_load(out, &corpus, NULL, 0, a->pool, a->o->quiet, err);
    at_corpus_free(&corpus);
    free(root);
    return status;
}

static int calibrate_voices(assembly *a, const at_recipe *of, attune_error *err)
{
    at_voices train = {0}, valid = {0};
    at_audio_net *net = NULL;
    at_audio_result *rt = NULL, *rv = NULL;
    int status = at_audio_freeze(&net, a->audio, at_kernels_best(), err);
    status = status ? status : load_voices(a, of, "train", &train, err);
    status = status ? status : load_voices(a, of, "valid", &valid, err);
    status = status ? status : run_voices(a, net, &train, &rt, err);
    status = status ? status : run_voices(a, net, &valid, &rv, err);
    if (!status)
        status = fit_distance(a, "fusion.voice", AT_AUDIO_EMBED, rt[0].embedding, train.count,
                              rv[0].embedding, valid.count, sizeof *rt / sizeof(float), err);
    float *logit = at_alloc((size_t)valid.count + 1, AT_VOICE_CLASSES * sizeof *logit);
    int *label = at_alloc((size_t)valid.count + 1, sizeof *label);
    if (!status && (!logit || !label))
        status = at_fail_nomem(err);
    if (!status) {
        for (int i = 0; i < valid.count; i++) {
            memcpy(logit + (size_t)i * AT_VOICE_CLASSES, rv[i].expression, sizeof rv[i].expression);
            label[i] = valid.list[i].label.expression;
        }
        float t = at_fit_temperature(logit, label, valid.count, AT_VOICE_CLASSES);
        status = set(a, "fusion.voice.temperature", 1, &t, err);
    }
    at_free(logit);
    at_free(label);
    at_free(rt);
    at_free(rv);
    at_audio_free(&net);
    at_voices_free(&train);
    at_voices_free(&valid);
    return status;
}

/* ---- parts ---------------------------------------------------------------------------------- */

static int copy_all(assembly *a, const at_weights *w, attune_error *err)
{
    for (int i = 0; i < at_weights_count(w); i++) {
        const at_weight *t = at_weights_at(w, i);
        at_param *p = t->rank <= AT_MAX_RANK ? at_params_get(&a->params, t->name, t->rank, t->dim)
                                             : NULL;
        if (!p)
            return at_fail_nomem(err);
        memcpy(p->value.data, t->data, t->count * sizeof(float));
    }
    return ATTUNE_OK;
}

/* A stream of the recipe: {"model": FILE, "recipe": FILE}. */
static int add_stream(assembly *a, const char *key, at_weights **w,
                      int (*calibrate)(assembly *, const at_recipe *, attune_error *),
                      attune_error *err)
{
    static const char *const known[] = {"model", "recipe", "comment", NULL};
    const json_t *entry = json_object_get(a->recipe->root, key);
    const char *model = at_recipe_string(entry, "model", NULL);
    const char *recipe = at_recipe_string(entry, "recipe", NULL);
    char *path = NULL;
    at_recipe of = {0};
    int status = at_recipe_check(a->recipe, entry, key, known, err);
    if (!status && (!model || !recipe))
        status =
            at_fail(err, ATTUNE_E_FORMAT, "%s: %s needs model and recipe", a->recipe->path, key);
    status = status ? status : at_recipe_weights(a->recipe, model, a->o, w, err);
    status = status ? status : at_recipe_find(a->recipe, recipe, a->o, &path, err);
    status = status ? status : at_recipe_load(&of, path, err);
    status = status ? status : calibrate(a, &of, err);
    if (of.root)
        at_recipe_free(&of);
    free(path);
    return status;
}

/* ---- the file ------------------------------------------------------------------------------- */

/* Metadata of the recipe, and what the streams' own files say of their training. */
static int put_metadata(const assembly *a, at_weights_writer *w)
{
    static const char *const names[] = {"training.face", "training.voice", "training.detector"};
    const at_weights *parts[] = {a->visual, a->audio, a->detector};
    const char *key;
    json_t *value;
    int status = 0;
    json_object_foreach(json_object_get(a->recipe->root, "metadata"), key, value)
    {
        char *text = json_is_string(value) ? strdup(json_string_value(value))
                                           : json_dumps(value, JSON_COMPACT);
        status = status ? status : text ? at_weights_put_meta(w, key, text) : -1;
        free(text);
    }
    for (int i = 0; i < 3 && !status; i++) {
        const char *record = at_weights_meta(parts[i], "training");
        record = record ? record : at_weights_meta(parts[i], names[i]);
        if (record)
            status = at_weights_put_meta(w, names[i], record);
    }
    return status;
}

static int write_model(const assembly *a, attune_error *err)
{
    char path[PATH_SIZE];
    at_weights_writer *w = NULL;
    int n = snprintf(path, sizeof path, "%s/%s.safetensors", a->o->out_dir ? a->o->out_dir : ".",
                     a->recipe->name);
    if (n >= PATH_SIZE)
        return at_fail(err, ATTUNE_E_ARG, "output path too long");
    int status = at_weights_writer_create(&w, err);
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
    return status;
}

int at_learn_assemble(const at_recipe *r, const attune_train_options *o, at_pool *pool,
                      attune_error *err)
{
    static const char *const known[] = {"kind",     "name",  "comment", "detector",
                                        "visual",   "audio", "floor",   "reference_pictures",
                                        "metadata", NULL};
    assembly a = {.recipe = r, .o = o, .pool = pool};
    float floor = (float)at_recipe_number(r->root, "floor", 0.2);
    int status = at_recipe_check(r, r->root, "the recipe", known, err);
    const char *detector = at_recipe_string(r->root, "detector", "detector.safetensors");
    status = status ? status : at_recipe_detector(r, detector, o, &a.params, &a.detector, err);
    status = status ? status : add_stream(&a, "visual", &a.visual, calibrate_faces, err);
    status = status ? status : at_visual_fold(&a.params, a.visual, err);
    status = status ? status : add_stream(&a, "audio", &a.audio, calibrate_voices, err);
    status = status ? status : copy_all(&a, a.audio, err);
    status = status ? status : set(&a, "fusion.floor", 1, &floor, err);
    status = status ? status : write_model(&a, err);
    at_params_free(&a.params);
    at_weights_free(&a.visual);
    at_weights_free(&a.audio);
    at_weights_free(&a.detector);
    return status;
}
