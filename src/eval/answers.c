/* answers.c - the three ways of getting a sample's answer out of a model. */
#include "base/error.h"
#include "base/mem.h"
#include "base/progress.h"
#include "data/faces.h"
#include "data/voices.h"
#include "eval/evaluate.h"
#include "model/audio.h"
#include "model/visual.h"
#include "degrade/degrade.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { STRETCH = 128, VOICE_ROWS = 1000 /* 10 s */ };

static int stopped(const at_eval_run *r)
{
    return r->options->stop && r->options->stop(r->options->user);
}

/* Runs task over all samples in stretches, with progress and a way out. */
static int in_stretches(at_eval_run *r, const char *label, int count, int *first,
                        void (*task)(void *arg, int task, int thread), void *arg, attune_error *err)
{
    at_progress progress;
    at_progress_start(&progress, label, r->options->quiet);
    int status = ATTUNE_OK;
    for (*first = 0; *first < count && status == ATTUNE_OK; *first += STRETCH) {
        int left = count - *first;
        at_pool_run(r->pool, left < STRETCH ? left : STRETCH, task, arg);
        at_progress_update(&progress, *first + (left < STRETCH ? left : STRETCH), count, NULL);
        if (stopped(r))
            status = at_fail(err, ATTUNE_E_INTERRUPTED, "interrupted");
    }
    at_progress_end(&progress);
    return status;
}

/* ---- pictures ------------------------------------------------------------------------------ */

typedef struct pictures {
    at_eval_run *run;
    at_faces faces;
    int first;
    at_visual_net *net;
    at_degrade_kind corruption; /* AT_DEGRADE_KINDS: none */
    float *workspace;
    size_t workspace_floats;  /* a thread */
    at_image *image;          /* a thread */
    at_visual_result *result; /* a thread */
    int *slot;                /* (faces) sample number in the corpus */
    atomic_int status;
} pictures;

static void answer_picture(const at_eval_run *r, const at_visual_result *v, at_answer *a)
{
    float native[AT_FACE_CLASSES], engagement[ATTUNE_ENGAGEMENTS], total = 0;
    at_fusion_native(r->fusion, ATTUNE_FACE, v->expression, native);
    at_fusion_states(r->fusion, v->state, v->engagement, a->state, engagement);
    a->judged = 1;
    switch (r->corpus->task) {
    case AT_TASK_FACE8: memcpy(a->p, native, sizeof native); break;
    case AT_TASK_FACE7: at_fusion_basic(r->fusion, v->basic, a->p); break;
    case AT_TASK_EMOTION7: at_fold_face(native, a->p); break;
    case AT_TASK_ENGAGEMENT3: memcpy(a->p, engagement, sizeof engagement); break;
    case AT_TASK_STATE4: /* how much each state stands out: shares of the expected levels */
        for (int s = 0; s < ATTUNE_STATES; s++) {
            for (int k = 1; k < ATTUNE_LEVELS; k++)
                a->p[s] += (float)k * a->state[s][k];
            total += a->p[s];
        }
        for (int s = 0; s < ATTUNE_STATES; s++)
            a->p[s] = total > 0 ? a->p[s] / total : 1.f / ATTUNE_STATES;
        break;
    case AT_TASK_VOICE8: a->judged = 0; break;
    }
}

static void picture_task(void *arg, int task, int thread)
{
    pictures *p = arg;
    int i = p->first + task;
    at_image *im = &p->image[thread];
    const attune_eval_options *o = p->run->options;
    int status = at_face_render(&p->faces.list[i], AT_FACE_SIZE, NULL, 0, 0, im, NULL);
    if (status == ATTUNE_OK && p->corruption != AT_DEGRADE_KINDS) {
        at_rng rng;
        at_rng_seed(&rng, o->seed, (uint64_t)p->slot[i]);
        status = at_degrade(im, p->corruption, (float)o->corrupt_level, NULL, &rng, NULL);
    }
    if (status < 0) {
        atomic_store(&p->status, status);
        return;
    }
    at_visual_run(p->net, NULL, im->data, AT_FACE_SIZE, AT_BOTH_WAYS,
                  p->workspace + (size_t)thread * p->workspace_floats, &p->result[thread]);
    answer_picture(p->run, &p->result[thread], &p->run->answer[p->slot[i]]);
}

/* Loaded faces come in the corpus's order, unreadable ones left out: match them by path. */
static void match_slots(pictures *p)
{
    int slot = 0;
    for (int i = 0; i < p->faces.count; i++) {
        while (strcmp(p->run->corpus->list[slot].path, p->faces.list[i].label.path) != 0)
            slot++;
        p->slot[i] = slot++;
    }
}

static int picture_buffers(pictures *p)
{
    size_t threads = (size_t)at_pool_threads(p->run->pool);
    p->workspace_floats = at_visual_workspace(p->net, NULL, AT_FACE_SIZE);
    p->workspace = at_alloc(threads * p->workspace_floats, sizeof *p->workspace);
    p->image = calloc(threads, sizeof *p->image);
    p->result = calloc(threads, sizeof *p->result);
    p->slot = calloc((size_t)p->faces.count + 1, sizeof *p->slot);
    return p->workspace && p->image && p->result && p->slot ? ATTUNE_OK : ATTUNE_E_NOMEM;
}

/* The pictures of a corpus, borrowed; list is the caller's to free. */
static int only_pictures(at_corpus *out, const at_corpus *all, attune_error *err)
{
    *out = *all;
    out->count = 0;
    out->list = malloc(((size_t)all->count + 1) * sizeof *out->list);
    if (!out->list)
        return at_fail_nomem(err);
    for (int i = 0; i < all->count; i++)
        if (at_is_picture(all->list[i].path))
            out->list[out->count++] = all->list[i];
    return ATTUNE_OK;
}

int at_eval_pictures(at_eval_run *r, attune_error *err)
{
    at_weight_source source = at_weights_source(r->weights);
    pictures p = {.run = r, .corruption = AT_DEGRADE_KINDS};
    if (r->options->corrupt) {
        p.corruption = at_degrade_find(r->options->corrupt);
        if (p.corruption == AT_DEGRADE_KINDS)
            return at_fail(err, ATTUNE_E_ARG, "%s: not a degradation", r->options->corrupt);
    }
    at_corpus only = {0};
    int status = only_pictures(&only, r->corpus, err);
    if (status == ATTUNE_OK)
        status = at_faces_load(&p.faces, &only, 1, &source, r->pool, r->options->quiet, err);
    free(only.list);
    if (status == ATTUNE_OK)
        status = at_visual_freeze(&p.net, r->weights, at_kernels_best(), err);
    if (status == ATTUNE_OK && picture_buffers(&p) < 0)
        status = at_fail_nomem(err);
    if (status == ATTUNE_OK) {
        match_slots(&p);
        status = in_stretches(r, "evaluating", p.faces.count, &p.first, picture_task, &p, err);
    }
    if (status == ATTUNE_OK && atomic_load(&p.status) < 0)
        status =
            at_fail(err, (attune_status)atomic_load(&p.status), "a picture could not be drawn");
    r->not_found = p.faces.count - p.faces.found;
    for (int t = 0; p.image && t < at_pool_threads(r->pool); t++)
        at_image_free(&p.image[t]);
    free(p.image);
    free(p.result);
    free(p.slot);
    at_free(p.workspace);
    at_visual_free(&p.net);
    at_faces_free(&p.faces);
    return status;
}

/* ---- voices ---------------------------------------------------------------------------------- */

typedef struct voices {
    at_eval_run *run;
    at_voices voices;
    int first;
    at_audio_net *net;
    at_graph **graph; /* a thread */
    float **rows;     /* a thread: (VOICE_ROWS x AT_FEATURE_COLS) */
    int *slot;
    atomic_int status;
} voices;

static void voice_task(void *arg, int task, int thread)
{
    voices *v = arg;
    int i = v->first + task, length;
    at_audio_result result;
    at_answer *a = &v->run->answer[v->slot[i]];
    int status = at_voices_rows(&v->voices, &i, 1, VOICE_ROWS, NULL, NULL, 0, NULL, v->rows[thread],
                                &length);
    if (status == ATTUNE_OK)
        status = at_audio_run(v->net, v->graph[thread], v->rows[thread], length, &result);
    if (status < 0) {
        atomic_store(&v->status, status);
        return;
    }
    at_fusion_native(v->run->fusion, ATTUNE_VOICE, result.expression, a->p);
    a->judged = 1;
}

static int voice_buffers(voices *v, attune_error *err)
{
    int threads = at_pool_threads(v->run->pool), slot = 0;
    v->graph = calloc((size_t)threads, sizeof *v->graph);
    v->rows = calloc((size_t)threads, sizeof *v->rows);
    v->slot = calloc((size_t)v->voices.count + 1, sizeof *v->slot);
    if (!v->graph || !v->rows || !v->slot)
        return at_fail_nomem(err);
    for (int t = 0; t < threads; t++) {
        int status = at_graph_create(&v->graph[t], NULL, at_kernels_best(), err);
        if (status < 0)
            return status;
        v->rows[t] = at_alloc((size_t)VOICE_ROWS * AT_FEATURE_COLS, sizeof **v->rows);
        if (!v->rows[t])
            return at_fail_nomem(err);
    }
    for (int i = 0; i < v->voices.count; i++) {
        while (strcmp(v->run->corpus->list[slot].path, v->voices.list[i].label.path) != 0)
            slot++;
        v->slot[i] = slot++;
    }
    return ATTUNE_OK;
}

int at_eval_voices(at_eval_run *r, attune_error *err)
{
    voices v = {.run = r};
    int threads = at_pool_threads(r->pool);
    if (r->options->corrupt)
        return at_fail(err, ATTUNE_E_ARG, "%s: only pictures can be corrupted",
                       r->options->corrupt);
    int status = at_voices_load(&v.voices, r->corpus, NULL, 0, r->pool, r->options->quiet, err);
    if (status == ATTUNE_OK)
        status = at_audio_freeze(&v.net, r->weights, at_kernels_best(), err);
    if (status == ATTUNE_OK)
        status = voice_buffers(&v, err);
    if (status == ATTUNE_OK)
        status = in_stretches(r, "evaluating", v.voices.count, &v.first, voice_task, &v, err);
    if (status == ATTUNE_OK && atomic_load(&v.status) < 0)
        status = at_fail(err, (attune_status)atomic_load(&v.status), "a voice could not be judged");
    for (int t = 0; t < threads; t++) {
        if (v.graph)
            at_graph_free(&v.graph[t]);
        if (v.rows)
            at_free(v.rows[t]);
    }
    free(v.graph);
    free(v.rows);
    free(v.slot);
    at_audio_free(&v.net);
    at_voices_free(&v.voices);
    return status;
}

/* ---- clips ----------------------------------------------------------------------------------- */

/* Means over a clip's windows that were not withheld; over all of them when none was left. */
typedef struct clip_mean {
    at_answer kept, all;
    int n_kept, n_all, states_kept, states_all; /* windows; those of them that have a state */
} clip_mean;

static void add_window(at_answer *a, const attune_window *w)
{
    for (int k = 0; k < ATTUNE_EMOTIONS; k++)
        a->p[k] += w->emotion7[k];
    for (int s = 0; s < ATTUNE_STATES && w->has_state; s++)
        for (int k = 0; k < ATTUNE_LEVELS; k++)
            a->state[s][k] += w->state4[s][k];
}

static int on_window(void *user, const attune_window *w)
{
    clip_mean *m = user;
    add_window(&m->all, w);
    m->n_all++;
    m->states_all += w->has_state;
    if (!w->abstain) {
        add_window(&m->kept, w);
        m->n_kept++;
        m->states_kept += w->has_state;
    }
    return 0;
}

static void answer_clip(const clip_mean *m, at_task task, at_answer *a)
{
    const at_answer *sum = m->n_kept ? &m->kept : &m->all;
    float n = (float)(m->n_kept ? m->n_kept : m->n_all), total = 0;
    int states = m->n_kept ? m->states_kept : m->states_all;
    a->judged = task == AT_TASK_STATE4 ? states > 0 : m->n_all > 0;
    for (int s = 0; s < ATTUNE_STATES && states > 0; s++)
        for (int k = 0; k < ATTUNE_LEVELS; k++)
            a->state[s][k] = sum->state[s][k] / (float)states;
    for (int k = 0; k < ATTUNE_EMOTIONS && a->judged && task == AT_TASK_EMOTION7; k++)
        a->p[k] = sum->p[k] / n;
    if (task != AT_TASK_STATE4 || !a->judged)
        return;
    for (int s = 0; s < ATTUNE_STATES; s++) {
        for (int k = 1; k < ATTUNE_LEVELS; k++)
            a->p[s] += (float)k * a->state[s][k];
        total += a->p[s];
    }
    for (int s = 0; s < ATTUNE_STATES; s++)
        a->p[s] = total > 0 ? a->p[s] / total : 1.f / ATTUNE_STATES;
}

int at_eval_clips(at_eval_run *r, attune_error *err)
{
    attune_model *model = NULL;
    const attune_options options = {.threads = r->options->threads};
    at_progress progress;
    if (r->options->corrupt)
        return at_fail(err, ATTUNE_E_ARG, "%s: only pictures can be corrupted",
                       r->options->corrupt);
    int status = attune_model_load(&model, r->model_path, err);
    at_progress_start(&progress, "evaluating", r->options->quiet);
    for (int i = 0; i < r->corpus->count && status == ATTUNE_OK; i++) {
        if (at_is_picture(r->corpus->list[i].path))
            continue;
        clip_mean mean = {0};
        const attune_sink sink = {.user = &mean, .window = on_window};
        int clip = attune_analyze_file(model, r->corpus->list[i].path, &options, &sink, NULL, err);
        if (clip == ATTUNE_E_NOMEM)
            status = clip;
        else if (clip == ATTUNE_OK)
            answer_clip(&mean, r->corpus->task, &r->answer[i]);
        at_progress_update(&progress, i + 1, r->corpus->count, NULL);
        if (stopped(r))
            status = at_fail(err, ATTUNE_E_INTERRUPTED, "interrupted");
    }
    at_progress_end(&progress);
    attune_model_free(&model);
    return status;
}
