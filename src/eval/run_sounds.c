/* run_sounds.c - voices by themselves: one utterance, one answer. */
#include "base/error.h"
#include "base/mem.h"
#include "eval/evidence.h"
#include "eval/grade.h"
#include "eval/run.h"
#include "runtime/voice.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 10 * AT_FRAMES_PER_S };

/* What a thread works in; made when it has its first voice. */
typedef struct seat {
    at_graph *graph;
    float *rows;                              /* (ROWS x AT_FEATURES) */
    int64_t time[ROWS / AT_AUDIO_STRIDE + 1]; /* of the tokens */
} seat;

typedef struct sounds {
    at_audio_net *net;
    seat *seat; /* a thread */
} sounds;

typedef struct batch {
    sounds *s;
    const at_run_context *r;
    at_voices voices;
    int first;
    at_answer *answer;
    atomic_int status;
} batch;

static void close_sounds(void *state, const at_run_context *r)
{
    sounds *s = state;
    if (!s)
        return;
    for (int t = 0; s->seat && t < at_pool_threads(r->pool); t++) {
        at_graph_free(&s->seat[t].graph);
        at_free(s->seat[t].rows);
    }
    free(s->seat);
    at_audio_free(&s->net);
    free(s);
}

static int open_sounds(void **state, const at_run_context *r, attune_error *err)
{
    sounds *s = calloc(1, sizeof *s);
    if (!s)
        return at_fail_nomem(err);
    *state = s;
    s->seat = calloc((size_t)at_pool_threads(r->pool), sizeof *s->seat);
    return s->seat ? at_audio_freeze(&s->net, r->weights, at_kernels_best(), err)
                   : at_fail_nomem(err);
}

static int sit(seat *t)
{
    if (!t->graph && at_graph_create(&t->graph, NULL, at_kernels_best(), NULL) < 0)
        return ATTUNE_E_NOMEM;
    if (!t->rows)
        t->rows = at_alloc((size_t)ROWS * AT_FEATURES, sizeof *t->rows);
    return t->rows ? ATTUNE_OK : ATTUNE_E_NOMEM;
}

/* What the answer to the heard says, with its moments. */
static at_evidence tell(seat *t, const at_voice_heard *heard, const at_audio_result *result)
{
    at_evidence e = at_voice_evidence(heard, result);
    for (int i = 0; i < result->tokens; i++)
        t->time[i] = (int64_t)i * AT_AUDIO_STRIDE * AT_FRAME_HOP_US;
    e.tokens = (at_tokens){result->tokens, AT_AUDIO_TOKEN, result->token, t->time};
    return e;
}

static int fill_answer(const at_run_context *r, seat *t, const at_voice_heard *heard, int number,
                       const at_audio_result *result, at_answer *a)
{
    const at_evidence_sink *sink = r->options->evidence;
    float native[AT_VOICE_CLASSES];
    at_estimate estimate;
    const at_evidence evidence[ATTUNE_STREAMS] = {[ATTUNE_VOICE] = tell(t, heard, result)};
    at_fusion_native(r->fusion, ATTUNE_VOICE, result->expression, native);
    if (r->head == AT_HEAD_VOICE8)
        memcpy(a->p, native, sizeof native);
    else
        at_fusion_emotion(r->fusion, ATTUNE_VOICE, result->expression, a->p);
    a->logits = AT_VOICE_CLASSES;
    memcpy(a->logit, result->expression, sizeof result->expression);
    at_fusion_run(r->fusion, evidence, &estimate);
    a->reliability[ATTUNE_VOICE] = estimate.reliability[ATTUNE_VOICE];
    a->condition[ATTUNE_VOICE] = estimate.condition[ATTUNE_VOICE];
    a->outcome = AT_ANSWERED;
    return sink ? sink->take(sink->user, number, ATTUNE_VOICE, &evidence[ATTUNE_VOICE]) : ATTUNE_OK;
}

/* In place: the sound is heard only once. */
static int degrade(const batch *b, at_voice_sample *v)
{
    at_surroundings around;
    at_surround_of(b->r->surround, &v->label, &around);
    return at_harms_sound(&b->r->options->harms, (uint64_t)(b->first + v->slot), &around.sources,
                          v->pcm, v->n, NULL);
}

static int judge(const batch *b, const at_voice_sample *v, seat *t, at_answer *a)
{
    at_voice_heard heard;
    at_audio_result result;
    int status = at_voice_rows(v, ROWS, t->rows, &heard);
    a->outcome = AT_WITHHELD;
    a->why = "too little speech";
    a->grade = at_grade_of_voice(&heard.quality);
    if (status < 0 || heard.speech < AT_SPEECH_ROWS_MIN)
        return status;
    status = at_audio_run(b->s->net, t->graph, t->rows, heard.length, heard.functionals, &result);
    return status < 0 ? status : fill_answer(b->r, t, &heard, b->first + v->slot, &result, a);
}

static void judge_task(void *arg, int task, int thread)
{
    batch *b = arg;
    seat *t = &b->s->seat[thread];
    at_voice_sample *v = &b->voices.list[task];
    int status = sit(t);
    if (status == ATTUNE_OK)
        status = degrade(b, v);
    if (status == ATTUNE_OK)
        status = judge(b, v, t, &b->answer[v->slot]);
    if (status < 0)
        atomic_store(&b->status, status);
}

static int answer_sounds(void *state, const at_run_context *r, const at_corpus *some, int first,
                         at_answer *answer, attune_error *err)
{
    batch b = {.s = state, .r = r, .first = first, .answer = answer};
    int status = at_voices_load(&b.voices, some, 1, NULL, 0, r->pool, NULL, err);
    if (status < 0)
        return status;
    at_pool_run(r->pool, b.voices.count, judge_task, &b);
    at_voices_free(&b.voices);
    status = atomic_load(&b.status);
    return status < 0 ? at_fail(err, (attune_status)status, "a voice could not be judged")
                      : ATTUNE_OK;
}

const at_run_kind at_run_sounds = {ATTUNE_VOICE, 256, open_sounds, answer_sounds, close_sounds};
