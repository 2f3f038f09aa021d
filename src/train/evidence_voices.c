#include "base/error.h"
#include "base/mem.h"
#include "data/pairs.h"
#include "eval/evidence.h"
#include "train/evidence_room.h"
#include <stdatomic.h>
#include <string.h>

enum { ROWS = 3 * AT_FRAMES_PER_S }; /* of a window */

typedef struct seat {
    at_graph *graph;
    float *rows; /* (ROWS x AT_FEATURES) */
} seat;

typedef struct voices_job {
    const at_fusion_settings *s;
    const at_voices *voices;
    const at_audio_net *net;
    at_evidence_set *out;
    seat *seat; /* a thread */
    atomic_int status;
} voices_job;

/* The sound of a version into *pcm, which is the caller's to free. */
static int spoil(const voices_job *j, int sample, int version, float **pcm)
{
    const at_voice_sample *s = &j->voices->list[sample];
    const at_harms harms = at_evidence_harm(j->s, 1, sample, version);
    *pcm = at_alloc(s->n, sizeof **pcm);
    if (!*pcm)
        return ATTUNE_E_NOMEM;
    memcpy(*pcm, s->pcm, s->n * sizeof **pcm);
    return at_harms_sound(&harms, (uint64_t)sample, NULL, *pcm, s->n, NULL);
}

/* At most as many tokens as there is room for, evenly out of all. */
static void keep_tokens(const at_evidence_row *row, const at_audio_result *r, int most)
{
    const int n = r->tokens < most ? r->tokens : most;
    for (int i = 0; i < n; i++) {
        const int from = (int)((int64_t)i * r->tokens / n);
        memcpy(row->token + (size_t)i * AT_AUDIO_TOKEN, r->token + (size_t)from * AT_AUDIO_TOKEN,
               AT_AUDIO_TOKEN * sizeof(float));
        row->time_us[i] = (float)(from * AT_AUDIO_STRIDE * AT_FRAME_HOP_US);
    }
    *row->tokens = (float)n;
}

static int hear(const voices_job *j, seat *own, int sample, int version)
{
    const at_evidence_row row = at_evidence_row_of(j->out, sample, version);
    at_voice_sample spoilt = j->voices->list[sample];
    at_voice_heard heard;
    at_audio_result r;
    int status = spoil(j, sample, version, &spoilt.pcm);
    status = status ? status : at_voice_rows(&spoilt, ROWS, own->rows, &heard);
    status = status
                 ? status
                 : at_audio_run(j->net, own->graph, own->rows, heard.length, heard.functionals, &r);
    at_free(spoilt.pcm);
    if (status)
        return status;
    const at_evidence e = at_voice_evidence(&heard, &r);
    *row.present = (float)e.present;
    *row.quality = e.quality;
    *row.share = e.share;
    memcpy(row.embedding, r.embedding, sizeof r.embedding);
    memcpy(row.logit, r.expression, sizeof r.expression);
    keep_tokens(&row, &r, j->out->shape.tokens);
    return ATTUNE_OK;
}

static int sit(seat *own)
{
    if (!own->graph && at_graph_create(&own->graph, NULL, at_kernels_best(), NULL) < 0)
        return ATTUNE_E_NOMEM;
    if (!own->rows)
        own->rows = at_alloc((size_t)ROWS * AT_FEATURES, sizeof(float));
    return own->rows ? ATTUNE_OK : ATTUNE_E_NOMEM;
}

static void hear_task(void *arg, int task, int thread)
{
    voices_job *j = arg;
    int status = sit(&j->seat[thread]);
    for (int v = 0; v < j->out->versions && !status; v++)
        status = hear(j, &j->seat[thread], task, v);
    if (status < 0)
        atomic_store(&j->status, status);
}

static int hear_all(voices_job *j, const at_job *job, attune_error *err)
{
    const int threads = at_pool_threads(job->pool);
    int status = at_evidence_room(j->out, j->voices->count, err);
    j->seat = at_calloc((size_t)threads, sizeof *j->seat);
    if (!status && !j->seat)
        status = at_fail_nomem(err);
    if (!status)
        status = at_job_each(job, "what voices say", j->voices->count, hear_task, j, err);
    for (int t = 0; j->seat && t < threads; t++) {
        at_graph_free(&j->seat[t].graph);
        at_free(j->seat[t].rows);
    }
    at_free(j->seat);
    if (!status && (status = atomic_load(&j->status)))
        at_fail(err, (attune_status)status, "voices could not be heard");
    return status;
}

static int make(at_evidence_set *out, const at_job *job, const at_weights *model,
                const at_fusion_settings *s, const at_corpus *corpus, attune_error *err)
{
    const at_watcher watcher = at_job_watcher(job);
    at_voices voices = {0};
    at_audio_net *net = NULL;
    int status = at_audio_freeze(&net, model, at_kernels_best(), err);
    if (!status)
        status = at_voices_load(&voices, corpus, 1, NULL, 0, job->pool, &watcher, err);
    if (!status) {
        voices_job j = {.s = s, .voices = &voices, .net = net, .out = out};
        status = hear_all(&j, job, err);
    }
    for (int i = 0; i < voices.count && !status; i++)
        out->emotion[i] = at_labelled_emotion(&voices.list[i].label, corpus->head);
    at_voices_free(&voices);
    at_audio_free(&net);
    return status ? status : at_evidence_settle(out, err);
}

int at_voice_evidence_set(at_evidence_set *out, const at_job *job, const at_weights *model,
                          const at_fusion_settings *s, const at_corpus *voices, attune_error *err)
{
    char path[AT_TRAIN_PATH];
    *out = (at_evidence_set){.shape = {AT_AUDIO_EMBED, AT_AUDIO_TOKEN, s->tokens},
                             .versions = s->versions};
    int status = at_evidence_path(job, s, voices, 1, path, err);
    if (status || at_evidence_load(out, path))
        return status;
    status = make(out, job, model, s, voices, err);
    status = status ? status : at_evidence_save(out, path, err);
    if (status)
        at_evidence_set_free(out);
    return status;
}
