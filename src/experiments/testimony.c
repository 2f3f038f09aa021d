#include "experiments/testimony.h"

#include "base/error.h"
#include "base/mem.h"
#include "eval/run.h"

#include <stdlib.h>
#include <string.h>

static const float *keep(float **room, const float *x, size_t n)
{
    float *at = *room;
    memcpy(at, x, n * sizeof *x);
    *room += n;
    return at;
}

static int take(at_testimony *t, int number, int modality, const at_evidence *e)
{
    const size_t dims = modality == ATTUNE_FACE ? AT_VISUAL_EMBED : AT_AUDIO_EMBED;
    const size_t classes = modality == ATTUNE_FACE ? AT_FACE_CLASSES : AT_VOICE_CLASSES;
    const size_t tokens = (size_t)e->tokens.n * (size_t)e->tokens.dims;
    at_evidence *own = &t->list[number];
    at_free(t->room[number]);
    at_free(t->times[number]);
    t->room[number] = NULL;
    t->times[number] = NULL;
    *own = (at_evidence){0};
    if (!e->present)
        return ATTUNE_OK;
    float *room = t->room[number] = at_alloc(dims + classes + tokens, sizeof *room);
    int64_t *times = t->times[number] = at_alloc((size_t)e->tokens.n + 1, sizeof *times);
    if (!room || !times)
        return ATTUNE_E_NOMEM;
    *own = *e;
    own->embedding = keep(&room, e->embedding, dims);
    own->logit = keep(&room, e->logit, classes);
    own->state = own->engagement = NULL;
    if (tokens) {
        own->tokens.x = keep(&room, e->tokens.x, tokens);
        memcpy(times, e->tokens.t_us, (size_t)e->tokens.n * sizeof *times);
        own->tokens.t_us = times;
    }
    return ATTUNE_OK;
}

/* user: of the one stream that there is. */
static int take_one(void *user, int number, int modality, const at_evidence *e)
{
    return take(user, number, modality, e);
}

/* user: (ATTUNE_MODALITIES) */
static int take_both(void *user, int number, int modality, const at_evidence *e)
{
    return take((at_testimony *)user + modality, number, modality, e);
}

static int make_room(at_testimony *t, int samples, attune_error *err)
{
    const size_t n = (size_t)samples + 1;
    *t = (at_testimony){.samples = samples};
    t->list = at_calloc(n, sizeof *t->list);
    t->room = at_calloc(n, sizeof *t->room);
    t->times = at_calloc(n, sizeof *t->times);
    return t->list && t->room && t->times ? ATTUNE_OK : at_fail_nomem(err);
}

static int run(const at_evidence_sink *sink, const at_lab *lab, const char *path,
               const at_corpus *c, const char *const harm[2], attune_error *err)
{
    at_answer *answer = NULL;
    const int status =
        at_lab_run(lab, path, c, harm, (at_run_options){.evidence = sink}, &answer, err);
    free(answer);
    return status;
}

int at_testimony_take(at_testimony *out, const at_lab *lab, const char *path, const at_corpus *c,
                      const char *harm, attune_error *err)
{
    const at_evidence_sink sink = {take_one, out};
    int status = make_room(out, c->count, err);
    status = status ? status : run(&sink, lab, path, c, (const char *[2]){harm, NULL}, err);
    if (status)
        at_testimony_free(out);
    return status;
}

int at_testimony_take_clips(at_testimony out[ATTUNE_MODALITIES], const at_lab *lab,
                            const char *path, const at_corpus *c, const char *const harm[2],
                            attune_error *err)
{
    const at_evidence_sink sink = {take_both, out};
    int status = ATTUNE_OK;
    memset(out, 0, ATTUNE_MODALITIES * sizeof *out);
    for (int m = 0; m < ATTUNE_MODALITIES && !status; m++)
        status = make_room(&out[m], c->count, err);
    status = status ? status : run(&sink, lab, path, c, harm, err);
    for (int m = 0; m < ATTUNE_MODALITIES && status; m++)
        at_testimony_free(&out[m]);
    return status;
}

void at_testimony_free(at_testimony *t)
{
    for (int i = 0; i < t->samples; i++) {
        if (t->room)
            at_free(t->room[i]);
        if (t->times)
            at_free(t->times[i]);
    }
    at_free(t->list);
    at_free(t->room);
    at_free(t->times);
    memset(t, 0, sizeof *t);
}
