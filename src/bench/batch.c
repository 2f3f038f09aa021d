/* bench_batch.c - batches of 32 windows, as papers time models: of faces, of voices, of both with the fusion. */
#include "bench/bench.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/rng.h"
#include "fusion/fusion.h"

#include <stdatomic.h>
#include <string.h>

enum { BATCH = 32, ROWS = 300 /* of 3 s */, MOST_TOKENS = ROWS / AT_AUDIO_STRIDE + 1 };

/* What a thread works in. */
typedef struct seat {
    float *workspace;
    at_graph *graph;
} seat;

typedef struct batch {
    at_pool *pool;
    int side; /* of the faces */
    at_visual_net *visual;
    at_audio_net *audio;
    at_fusion *fusion;  /* NULL: of one stream alone */
    uint8_t *picture;   /* one a window */
    float *rows;        /* (BATCH, ROWS, AT_FEATURES) */
    float *functionals; /* (BATCH, AT_VOICE_FUNCTIONALS) */
    seat *seat;         /* a thread */
    int64_t time[MOST_TOKENS];
    atomic_int status;
} batch;

void at_bench_batch_destroy(void *state)
{
    batch *b = state;
    for (int t = 0; b->seat && t < at_pool_threads(b->pool); t++) {
        at_free(b->seat[t].workspace);
        at_graph_free(&b->seat[t].graph);
    }
    at_free(b->seat);
    at_free(b->picture);
    at_free(b->rows);
    at_free(b->functionals);
    at_visual_free(&b->visual);
    at_audio_free(&b->audio);
    at_fusion_free(&b->fusion);
    at_free(b);
}

static void run_task(void *arg, int task, int thread)
{
    batch *b = arg;
    seat *own = &b->seat[thread];
    at_visual_result face;
    at_audio_result voice;
    at_evidence e[ATTUNE_STREAMS] = {{.present = 0}};
    at_estimate estimate;
    if (b->visual) {
        const size_t bytes = 3 * (size_t)b->side * (size_t)b->side;
        at_visual_run(b->visual, NULL, b->picture + (size_t)task * bytes, b->side, AT_AS_IT_IS,
                      own->workspace, &face);
        e[ATTUNE_FACE] = (at_evidence){.present = 1,
                                       .embedding = face.embedding,
                                       .logit = face.expression,
                                       .quality = 1,
                                       .share = 1};
    }
    if (b->audio) {
        const int status =
            at_audio_run(b->audio, own->graph, b->rows + (size_t)task * ROWS * AT_FEATURES, ROWS,
                         b->functionals + (size_t)task * AT_VOICE_FUNCTIONALS, &voice);
        if (status) {
            atomic_store(&b->status, status);
            return;
        }
        e[ATTUNE_VOICE] =
            (at_evidence){.present = 1,
                          .embedding = voice.embedding,
                          .logit = voice.expression,
                          .tokens = {voice.tokens, AT_AUDIO_TOKEN, voice.token, b->time},
                          .quality = 1,
                          .share = 1};
    }
    if (b->fusion)
        at_fusion_run(b->fusion, e, &estimate);
}

int at_bench_batch_run(void *state, attune_error *err)
{
    batch *b = state;
    at_pool_run(b->pool, BATCH, run_task, b);
    return atomic_load(&b->status) ? at_fail_nomem(err) : ATTUNE_OK;
}

static int make_faces(batch *b, const at_bench_setup *s, const at_weights *w, at_rng *rng,
                      attune_error *err)
{
    const size_t bytes = (size_t)BATCH * 3 * (size_t)b->side * (size_t)b->side;
    int status = at_visual_freeze(&b->visual, w, s->kn, err);
    status = status ? status : at_bench_quantise(b->visual, s, err);
    if (!status && !(b->picture = at_alloc(bytes, 1)))
        status = at_fail_nomem(err);
    for (size_t i = 0; i < bytes && !status; i++)
        b->picture[i] = (uint8_t)at_rng_below(rng, 256);
    for (int t = 0; t < at_pool_threads(b->pool) && !status; t++)
        if (!(b->seat[t].workspace =
                  at_alloc(at_visual_workspace(b->visual, NULL, b->side), sizeof(float))))
            status = at_fail_nomem(err);
    return status;
}

static int make_voices(batch *b, const at_bench_setup *s, const at_weights *w, at_rng *rng,
                       attune_error *err)
{
    const size_t rows = (size_t)BATCH * ROWS * AT_FEATURES, others = BATCH * AT_VOICE_FUNCTIONALS;
    int status = at_audio_freeze(&b->audio, w, s->kn, err);
    b->rows = at_alloc(rows, sizeof(float));
    b->functionals = at_alloc(others, sizeof(float));
    if (!status && (!b->rows || !b->functionals))
        status = at_fail_nomem(err);
    for (size_t i = 0; i < rows && !status; i++)
        b->rows[i] = at_rng_normal(rng);
    for (size_t i = 0; i < others && !status; i++)
        b->functionals[i] = at_rng_normal(rng);
    for (int i = 0; i < MOST_TOKENS; i++)
        b->time[i] = (int64_t)i * 40000;
    for (int t = 0; t < at_pool_threads(b->pool) && !status; t++)
        status = at_graph_create(&b->seat[t].graph, NULL, s->kn, err);
    return status;
}

/* side 0: no faces. */
static int create(void **state, const at_bench_setup *s, at_bench_work *work, int side,
                  int with_voice, attune_error *err)
{
    batch *b = at_calloc(1, sizeof *b);
    at_rng rng;
    if (!b)
        return at_fail_nomem(err);
    *b = (batch){.pool = s->pool, .side = side};
    b->seat = at_calloc((size_t)at_pool_threads(s->pool), sizeof *b->seat);
    int status = b->seat ? ATTUNE_OK : at_fail_nomem(err);
    at_rng_seed(&rng, 7, 0);
    if (!status && side)
        status = make_faces(b, s, s->weights, &rng, err);
    if (!status && with_voice)
        status = make_voices(b, s, s->weights, &rng, err);
    if (!status && side && with_voice)
        status = at_fusion_load(&b->fusion, s->weights, err);
    if (status) {
        at_bench_batch_destroy(b);
        return status;
    }
    work->items = 1;
    *state = b;
    return ATTUNE_OK;
}

int at_bench_batch_face(void **state, const at_bench_setup *s, at_bench_work *work,
                        attune_error *err)
{
    return create(state, s, work, s->variant, 0, err);
}

int at_bench_batch_voice(void **state, const at_bench_setup *s, at_bench_work *work,
                         attune_error *err)
{
    return create(state, s, work, 0, 1, err);
}

int at_bench_batch_fused(void **state, const at_bench_setup *s, at_bench_work *work,
                         attune_error *err)
{
    return create(state, s, work, s->variant, 1, err);
}
