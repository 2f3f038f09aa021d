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

static int take(void *user, int number, int modality, const at_evidence *e)
{
    at_testimony *t = user;
    const size_t dims = modality == ATTUNE_FACE ? AT_VISUAL_EMBED : AT_AUDIO_EMBED;
    const size_t classes = modality == ATTUNE_FACE ? AT_FACE_CLASSES : AT_VOICE_CLASSES;
    const size_t tokens = (size_t)e->tokens.n * (size_t)e->tokens.dims;
    float *room = t->room[number] = at_alloc(dims + classes + tokens, sizeof *room);
    int64_t *times = t->times[number] = at_alloc((size_t)e->tokens.n + 1, sizeof *times);
    at_evidence *own = &t->list[number];
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

static int make_room(at_testimony *t, int samples, attune_error *err)
{
    const size_t n = (size_t)samples;
    *t = (at_testimony){.samples = samples};
    t->list = at_calloc(n, sizeof *t->list);
    t->room = at_calloc(n, sizeof *t->room);
    t->times = at_calloc(n, sizeof *t->times);
    return t->list && t->room && t->times ? ATTUNE_OK : at_fail_nomem(err);
}

int at_testimony_take(at_testimony *out, const at_lab *lab, const char *path, const at_corpus *c,
                      const char *harm, attune_error *err)
{
    const at_evidence_sink sink = {take, out};
    at_run_options o = {.harms = {.seed = lab->o->seed},
                        .evidence = &sink,
                        .quiet = lab->o->quiet,
                        .stop = lab->o->stop,
                        .user = lab->o->user};
    at_pool *pool = NULL;
    at_answer *answer = calloc((size_t)c->count + 1, sizeof *answer);
    int status = make_room(out, c->count, err);
    if (!status && !answer)
        status = at_fail_nomem(err);
    if (!status && harm)
        status = at_harms_add(&o.harms, harm, err);
    status = status ? status : at_pool_create(&pool, lab->o->threads, err);
    status = status ? status : at_run(path, c, &o, pool, answer, err);
    at_pool_free(&pool);
    free(answer);
    if (status)
        at_testimony_free(out);
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
