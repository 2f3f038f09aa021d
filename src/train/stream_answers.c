#include "train/stream_answers.h"
#include "train/voice_set.h"
#include "base/error.h"
#include "base/mem.h"
#include "model/audio.h"
#include "model/visual.h"
#include "train/face_pass.h"
#include "train/face_set.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- collecting --------------------------------------------------------------------------- */

static int make_embeddings(at_stream_answers *a, int train_n, int valid_n, int dims,
                           attune_error *err)
{
    a->dims = dims;
    a->train_n = train_n;
    a->valid_n = valid_n;
    a->train = at_alloc((size_t)train_n * (size_t)dims, sizeof *a->train);
    a->valid = at_alloc((size_t)valid_n * (size_t)dims, sizeof *a->valid);
    return a->train && a->valid ? ATTUNE_OK : at_fail_nomem(err);
}

static at_head_answers *add_head(at_stream_answers *a, const char *group, const char *name,
                                 int width, attune_error *err)
{
    at_head_answers *h = &a->head[a->heads++];
    size_t rows = (size_t)a->valid_n;
    *h = (at_head_answers){.width = width};
    snprintf(h->name, sizeof h->name, "%s%s", group, name);
    h->logit = at_alloc(rows * (size_t)width, sizeof *h->logit);
    h->label = at_alloc(rows, sizeof *h->label);
    if (h->logit && h->label)
        return h;
    at_fail_nomem(err);
    return NULL;
}

static void add_row(at_head_answers *h, const float *logit, int label)
{
    if (label < 0)
        return;
    memcpy(h->logit + (size_t)h->n * (size_t)h->width, logit, (size_t)h->width * sizeof *logit);
    h->label[h->n++] = label;
}

static int all_finite(const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(x[i]))
            return 0;
    return 1;
}

/* Weights from a file may be anything; what they make must be numbers. */
static int check_finite(const at_stream_answers *a, attune_error *err)
{
    int ok = all_finite(a->train, (size_t)a->train_n * (size_t)a->dims) &&
             all_finite(a->valid, (size_t)a->valid_n * (size_t)a->dims);
    for (int i = 0; i < a->heads && ok; i++)
        ok = all_finite(a->head[i].logit, (size_t)a->head[i].n * (size_t)a->head[i].width);
    return ok ? ATTUNE_OK
              : at_fail(err, ATTUNE_E_FORMAT, "a model's answers are not finite: broken weights");
}

void at_stream_answers_free(at_stream_answers *a)
{
    for (int i = 0; i < a->heads; i++) {
        at_free(a->head[i].logit);
        at_free(a->head[i].label);
    }
    at_free(a->train);
    at_free(a->valid);
    memset(a, 0, sizeof *a);
}

/* ---- faces -------------------------------------------------------------------------------- */

static void keep(void *user, int face, const at_visual_result *said)
{
    ((at_visual_result *)user)[face] = *said;
}

static int run_faces(const at_job *job, const at_visual_net *net, const at_faces *faces,
                     at_visual_result **out, attune_error *err)
{
    *out = at_alloc((size_t)faces->count, sizeof **out);
    return *out ? at_face_pass(net, faces, job, keep, *out, err) : at_fail_nomem(err);
}

static int collect_heads(at_stream_answers *a, const at_face_set *valid, const at_visual_result *r,
                         attune_error *err)
{
    at_head_answers *state[ATTUNE_STATES];
    at_head_answers *expression = add_head(a, "", "expression", AT_FACE_CLASSES, err);
    at_head_answers *basic = add_head(a, "", "basic", AT_BASIC_CLASSES, err);
    at_head_answers *engagement = add_head(a, "", "engagement", ATTUNE_ENGAGEMENTS, err);
    int ok = expression && basic && engagement;
    for (int s = 0; s < ATTUNE_STATES; s++)
        ok = (state[s] = add_head(a, "state.", attune_state_names[s], AT_THRESHOLDS, err)) && ok;
    for (int i = 0; ok && i < valid->faces.count; i++) {
        const at_sample *label = &valid->faces.list[i].label;
        add_row(expression, r[i].expression, at_sample_has_votes(label) ? label->expression : -1);
        add_row(basic, r[i].basic, valid->basic[i]);
        add_row(engagement, r[i].engagement, label->engagement);
        for (int s = 0; s < ATTUNE_STATES; s++)
            add_row(state[s], r[i].state + s * AT_THRESHOLDS, label->state[s]);
    }
    return ok ? ATTUNE_OK : ATTUNE_E_NOMEM;
}

static int collect_faces(at_stream_answers *a, const at_face_set *valid,
                         const at_visual_result *train, int train_n, const at_visual_result *r,
                         attune_error *err)
{
    int status = make_embeddings(a, train_n, valid->faces.count, AT_VISUAL_EMBED, err);
    if (status)
        return status;
    for (int i = 0; i < a->train_n; i++)
        memcpy(a->train + (size_t)i * AT_VISUAL_EMBED, train[i].embedding, sizeof r->embedding);
    for (int i = 0; i < a->valid_n; i++)
        memcpy(a->valid + (size_t)i * AT_VISUAL_EMBED, r[i].embedding, sizeof r->embedding);
    status = collect_heads(a, valid, r, err);
    return status ? status : check_finite(a, err);
}

int at_face_answers(at_stream_answers *out, const at_job *job, const at_weights *w,
                    const at_params *detector, const at_pictures_settings *data, int reference,
                    attune_error *err)
{
    at_face_set train = {0}, valid = {0};
    at_visual_net *net = NULL;
    at_visual_result *rt = NULL, *rv = NULL;
    int limit = job->options->limit;
    memset(out, 0, sizeof *out);
    int status = at_visual_freeze(&net, w, at_kernels_best(), err);
    if (!status)
        status = at_face_set_load(&train, job, data, AT_PART_TRAIN, limit ? limit : reference,
                                  detector, NULL, err);
    if (!status)
        status = at_face_set_load(&valid, job, data, AT_PART_VALID, limit, detector, NULL, err);
    status = status ? status : run_faces(job, net, &train.faces, &rt, err);
    status = status ? status : run_faces(job, net, &valid.faces, &rv, err);
    status = status ? status : collect_faces(out, &valid, rt, train.faces.count, rv, err);
    at_free(rt);
    at_free(rv);
    at_visual_free(&net);
    at_face_set_free(&train);
    at_face_set_free(&valid);
    if (status)
        at_stream_answers_free(out);
    return status;
}

/* ---- voices ------------------------------------------------------------------------------- */

static int run_voices(const at_job *job, const at_audio_net *net, const at_voices *voices,
                      at_audio_result **out, attune_error *err)
{
    const at_watcher watcher = at_job_watcher(job);
    at_graph *g = NULL;
    float *x = at_alloc((size_t)AT_MAX_VOICE_ROWS * AT_FEATURES, sizeof *x);
    *out = at_calloc((size_t)voices->count, sizeof **out);
    int status = x && *out ? at_graph_create(&g, job->pool, at_kernels_best(), err)
                           : at_fail_nomem(err);
    for (int i = 0; i < voices->count && !status; i++) {
        at_voice_heard heard;
        if ((status = at_watcher_stays(&watcher, err)))
            break;
        status = at_voice_rows(&voices->list[i], AT_MAX_VOICE_ROWS, x, &heard);
        if (!status)
            status = at_audio_run(net, g, x, heard.length, heard.functionals, &(*out)[i]);
        if (status)
            at_fail(err, (attune_status)status, "%s: no answer", voices->list[i].label.path);
    }
    at_graph_free(&g);
    at_free(x);
    return status;
}

/* The sample's class. Where calm counts as neutral, whichever of both the network leans to. */
static int class_of(const at_voice_set *set, int sample, const float *logit)
{
    const int neutral = at_class_by_name(AT_HEAD_VOICE8, "neutral");
    const int calm = at_class_by_name(AT_HEAD_VOICE8, "calm");

    if (set->head[set->set_of[sample]] == AT_HEAD_EMOTION7 && set->label[sample] == neutral)
        return logit[calm] > logit[neutral] ? calm : neutral;
    return set->label[sample];
}

static int collect_voices(at_stream_answers *a, const at_voice_set *valid,
                          const at_audio_result *train, int train_n, const at_audio_result *r,
                          attune_error *err)
{
    int status = make_embeddings(a, train_n, valid->voices.count, AT_AUDIO_EMBED, err);
    if (status)
        return status;
    at_head_answers *h = add_head(a, "", "expression", AT_VOICE_CLASSES, err);
    if (!h)
        return ATTUNE_E_NOMEM;
    for (int i = 0; i < a->train_n; i++)
        memcpy(a->train + (size_t)i * AT_AUDIO_EMBED, train[i].embedding, sizeof r->embedding);
    for (int i = 0; i < a->valid_n; i++) {
        memcpy(a->valid + (size_t)i * AT_AUDIO_EMBED, r[i].embedding, sizeof r->embedding);
        add_row(h, r[i].expression, class_of(valid, i, r[i].expression));
    }
    return check_finite(a, err);
}

int at_voice_answers(at_stream_answers *out, const at_job *job, const at_weights *w,
                     const at_voices_settings *data, attune_error *err)
{
    at_voice_set train = {0}, valid = {0};
    at_audio_net *net = NULL;
    at_audio_result *rt = NULL, *rv = NULL;
    memset(out, 0, sizeof *out);
    int status = at_audio_freeze(&net, w, at_kernels_best(), err);
    status = status ? status : at_voice_set_load(&train, job, data, AT_PART_TRAIN, NULL, err);
    status = status ? status : at_voice_set_load(&valid, job, data, AT_PART_VALID, NULL, err);
    status = status ? status : run_voices(job, net, &train.voices, &rt, err);
    status = status ? status : run_voices(job, net, &valid.voices, &rv, err);
    status = status ? status : collect_voices(out, &valid, rt, train.voices.count, rv, err);
    at_free(rt);
    at_free(rv);
    at_audio_free(&net);
    at_voice_set_free(&train);
    at_voice_set_free(&valid);
    if (status)
        at_stream_answers_free(out);
    return status;
}

/* ---- writing them down -------------------------------------------------------------------- */

static int put(at_weights_writer *w, const char *stream, const char *of, const char *what, int n,
               int width, const float *data)
{
    char name[80];
    snprintf(name, sizeof name, "%.16s.%.24s.%.16s", stream, of, what);
    return at_weights_put(w, name, width ? 2 : 1, (int[]){n, width}, data, 0);
}

/* label: room for all heads' labels, which the writer borrows. */
static int put_stream(const at_stream_answers *a, const char *stream, float *label,
                      at_weights_writer *w)
{
    if (put(w, stream, "train", "embedding", a->train_n, a->dims, a->train) ||
        put(w, stream, "valid", "embedding", a->valid_n, a->dims, a->valid))
        return -1;
    for (int h = 0; h < a->heads; h++, label += a->valid_n) {
        const at_head_answers *of = &a->head[h];
        for (int i = 0; i < of->n; i++)
            label[i] = (float)of->label[i];
        if (put(w, stream, of->name, "logit", of->n, of->width, of->logit) ||
            put(w, stream, of->name, "label", of->n, 0, label))
            return -1;
    }
    return 0;
}

int at_stream_answers_save(const at_stream_answers *face, const at_stream_answers *voice,
                           const char *path, attune_error *err)
{
    at_weights_writer *w = NULL;
    size_t faces = (size_t)face->valid_n * AT_STREAM_HEADS;
    float *label = at_alloc(faces + (size_t)voice->valid_n * AT_STREAM_HEADS, sizeof *label);
    int status = label ? at_weights_writer_create(&w, err) : at_fail_nomem(err);
    if (!status &&
        (put_stream(face, "face", label, w) || put_stream(voice, "voice", label + faces, w)))
        status = at_fail_nomem(err);
    status = status ? status : at_weights_save(w, path, err);
    at_weights_writer_free(&w);
    at_free(label);
    return status;
}
