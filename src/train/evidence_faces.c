#include "base/error.h"
#include "base/mem.h"
#include "data/pairs.h"
#include "eval/evidence.h"
#include "train/evidence_room.h"
#include <stdatomic.h>
#include <string.h>

enum { WINDOW_US = 3000000 };

typedef struct seat {
    at_image image;
    at_rating rating;
    float *work;
} seat;

typedef struct faces_job {
    const at_fusion_settings *s;
    const at_faces *faces;
    const at_visual_net *net;
    at_evidence_set *out;
    seat *seat; /* a thread */
    atomic_int status;
} faces_job;

static int64_t time_of(const faces_job *j, int k)
{
    return (int64_t)(k + 1) * WINDOW_US / j->s->sights;
}

/* The face as the k-th frame of a short video shows it. */
static int draw(const faces_job *j, int sample, int version, int k, at_image *im)
{
    static const at_face_augment still = {
        .shift = 0.02f, .turn = 3, .zoom = 0.03f, .light = 0.05f}; /* of a head that keeps still */
    const at_harms harms = at_evidence_harm(j->s, 0, sample, version);
    const at_face face = at_align_reference();
    const uint64_t frame = (uint64_t)sample * (uint64_t)j->s->sights + (uint64_t)k;
    int status = at_face_render(&j->faces->list[sample], AT_FACE_SIZE, &still,
                                at_step_seed(j->s->plan.seed, version), frame, im, NULL);
    return status < 0 ? status
                      : at_harms_frame(&harms, (uint64_t)sample, time_of(j, k), im, &face, 1);
}

static void add(float *sum, const float *x, int n, float k)
{
    for (int i = 0; i < n; i++)
        sum[i] += k * x[i];
}

static int see_frame(const faces_job *j, seat *own, int sample, int version, int k)
{
    const int sights = j->s->sights;
    const at_views views = sights == 1 ? AT_BOTH_WAYS : k % 2 ? AT_MIRRORED : AT_AS_IT_IS;
    const at_evidence_row row = at_evidence_row_of(j->out, sample, version);
    at_visual_result r;
    float quality = 0;
    int status = draw(j, sample, version, k, &own->image);
    if (status < 0)
        return status;
    at_visual_run(j->net, NULL, own->image.data, AT_FACE_SIZE, views, own->work, &r);
    status =
        at_rate_face(&own->rating, &j->faces->list[sample], &own->image, version > 0, &r, &quality);
    add(row.quality, &quality, 1, 1 / (float)sights);
    add(row.embedding, r.embedding, AT_VISUAL_EMBED, 1 / (float)sights);
    add(row.logit, r.expression, AT_FACE_CLASSES, 1 / (float)sights);
    memcpy(row.token + (size_t)k * AT_VISUAL_EMBED, r.embedding, sizeof r.embedding);
    row.time_us[k] = (float)time_of(j, k);
    return status;
}

static int see(const faces_job *j, seat *own, int sample, int version)
{
    const at_evidence_row row = at_evidence_row_of(j->out, sample, version);
    int status = ATTUNE_OK;
    if (!j->faces->list[sample].found)
        return ATTUNE_OK;
    for (int k = 0; k < j->s->sights && status == ATTUNE_OK; k++)
        status = see_frame(j, own, sample, version, k);
    *row.present = *row.share = 1;
    *row.tokens = (float)j->s->sights;
    return status;
}

static void see_task(void *arg, int task, int thread)
{
    faces_job *j = arg;
    seat *own = &j->seat[thread];
    if (!own->work)
        own->work = at_alloc(at_visual_workspace(j->net, NULL, AT_FACE_SIZE), sizeof(float));
    int status = own->work ? ATTUNE_OK : ATTUNE_E_NOMEM;
    for (int v = 0; v < j->out->versions && !status; v++)
        status = see(j, own, task, v);
    if (status < 0)
        atomic_store(&j->status, status);
}

static int see_all(faces_job *j, const at_job *job, attune_error *err)
{
    const int threads = at_pool_threads(job->pool);
    int status = at_evidence_room(j->out, j->faces->count, err);
    j->seat = at_calloc((size_t)threads, sizeof *j->seat);
    if (!status && !j->seat)
        status = at_fail_nomem(err);
    if (!status)
        status = at_job_each(job, "what faces say", j->faces->count, see_task, j, err);
    for (int t = 0; j->seat && t < threads; t++) {
        at_image_free(&j->seat[t].image);
        at_rating_free(&j->seat[t].rating);
        at_free(j->seat[t].work);
    }
    at_free(j->seat);
    if (!status && (status = atomic_load(&j->status)))
        at_fail(err, (attune_status)status, "faces could not be drawn");
    return status;
}

static int make(at_evidence_set *out, const at_job *job, const at_weights *model,
                const at_fusion_settings *s, const at_corpus *corpus, attune_error *err)
{
    const at_weight_source detector = at_weights_source(model);
    const at_watcher watcher = at_job_watcher(job);
    at_faces faces = {0};
    at_visual_net *net = NULL;
    int status = at_visual_freeze(&net, model, at_kernels_best(), err);
    if (!status)
        status = at_faces_load(&faces, corpus, 1, &detector, job->pool, &watcher, err);
    if (!status) {
        faces_job j = {.s = s, .faces = &faces, .net = net, .out = out};
        status = see_all(&j, job, err);
    }
    for (int i = 0; i < faces.count && !status; i++)
        out->emotion[i] = at_labelled_emotion(&faces.list[i].label, corpus->head);
    at_faces_free(&faces);
    at_visual_free(&net);
    return status ? status : at_evidence_settle(out, err);
}

int at_face_evidence_set(at_evidence_set *out, const at_job *job, const at_weights *model,
                         const at_fusion_settings *s, const at_corpus *faces, attune_error *err)
{
    char path[AT_TRAIN_PATH];
    *out = (at_evidence_set){.shape = {AT_VISUAL_EMBED, AT_VISUAL_EMBED, s->sights},
                             .versions = s->versions};
    int status = at_evidence_path(job, s, faces, 0, path, err);
    if (status || at_evidence_load(out, path))
        return status;
    status = make(out, job, model, s, faces, err);
    status = status ? status : at_evidence_save(out, path, err);
    if (status)
        at_evidence_set_free(out);
    return status;
}
