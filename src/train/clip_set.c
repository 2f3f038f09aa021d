#include "train/clip_set.h"
#include "base/error.h"
#include "base/mem.h"
#include "data/face_clips.h"
#include "eval/evidence.h"
#include "train/drawn_harm.h"
#include "train/evidence_room.h"
#include <stdatomic.h>
#include <string.h>

int at_clip_room(at_clip_set *s, attune_error *err)
{
    const size_t clips = at_clip_rows(s), frames = clips * (size_t)s->frames;
    s->token = at_calloc(frames, AT_VISUAL_EMBED * sizeof(float));
    s->t_us = at_calloc(frames, sizeof *s->t_us);
    s->answer = at_calloc(clips, AT_CLIP_ANSWERS * AT_ENCODER_LOGITS * sizeof(float));
    return s->token && s->t_us && s->answer ? ATTUNE_OK : at_fail_nomem(err);
}

void at_clip_set_free(at_clip_set *s)
{
    at_free(s->token);
    at_free(s->t_us);
    at_free(s->answer);
    memset(s, 0, sizeof *s);
}

/* ---- a clip --------------------------------------------------------------------------------- */

/* What a thread works with. */
typedef struct seat {
    at_image image;
    at_rating rating;
    float *work;
    at_sighting *sighting; /* (frames) */
} seat;

typedef struct maker {
    const at_temporal_settings *s;
    const at_faces *faces;
    const at_visual_net *net;
    int64_t seed;
    at_clip_set *out;
    seat *seat; /* a thread */
    atomic_int status;
} maker;

/* A clip as it is drawn: the still, how it moves, what goes wrong, and how fast frames come. */
typedef struct take {
    int still, clip;
    at_face_clip shown;
    at_harms harms;
    int64_t step_us;
} take;

/* A version and the odd one after it differ in the mouth alone. */
static int draw(const maker *m, int still, int version, take *t)
{
    const uint64_t seed = at_step_seed(m->seed, version / 2);
    at_rng rng;
    *t = (take){.still = still, .clip = at_clip_of(m->out, still, version)};
    at_rng_seed(&rng, ~seed, (uint64_t)still);
    const float rate = at_rng_range(&rng, m->s->rate_min, m->s->rate_max);
    t->step_us = (int64_t)(1000 / rate) * 1000;
    if (at_rng_float(&rng) >= m->s->clean)
        t->harms = at_drawn_harm(m->s->harm, m->s->harms, 0, seed, (uint64_t)still);
    return at_face_clip_draw(&t->shown, &m->faces->list[still], &m->s->motion, version % 2, seed,
                             (uint64_t)still);
}

static int see_frame(const maker *m, seat *own, const take *t, int k)
{
    const size_t at = (size_t)t->clip * (size_t)m->s->frames + (size_t)k;
    const int64_t t_us = k * t->step_us;
    at_visual_result seen;
    at_face where;
    int status = at_face_clip_frame(&t->shown, t_us, &own->image, &where);
    if (!status)
        status = at_harms_frame(&t->harms, (uint64_t)t->still, t_us, &own->image, &where, 1);
    if (status)
        return status;
    at_visual_run(m->net, NULL, own->image.data, AT_FACE_SIDE, k % 2 ? AT_MIRRORED : AT_AS_IT_IS,
                  own->work, &seen);
    memcpy(m->out->token + at * AT_VISUAL_EMBED, seen.embedding, sizeof seen.embedding);
    m->out->t_us[at] = t_us;
    return at_rate_sighting(&own->rating, t->shown.still, &own->image, &where, &seen, t_us,
                            &own->sighting[k]);
}

static void note(const maker *m, int clip, at_clip_answer which, const at_visual_result *r)
{
    float *to = m->out->answer + ((size_t)clip * AT_CLIP_ANSWERS + which) * AT_ENCODER_LOGITS;
    memcpy(to, r->expression, sizeof r->expression);
    memcpy(to + AT_FACE_CLASSES, r->basic, sizeof r->basic);
}

static int see_still(const maker *m, seat *own, int still, at_visual_result *r)
{
    const int status =
        at_face_render(&m->faces->list[still], AT_FACE_SIDE, NULL, 0, 0, &own->image, NULL);
    if (!status)
        at_visual_run(m->net, NULL, own->image.data, AT_FACE_SIDE, AT_BOTH_WAYS, own->work, r);
    return status;
}

static int see_clip(const maker *m, seat *own, int still, int version, const at_visual_result *r)
{
    at_visual_result mean;
    take t;
    int status = draw(m, still, version, &t);
    for (int k = 0; k < m->s->frames && !status; k++)
        status = see_frame(m, own, &t, k);
    if (status)
        return status;
    at_face_mean(own->sighting, m->s->frames, 1, &mean);
    note(m, t.clip, AT_CLIP_RESTING, &mean);
    at_face_mean(own->sighting, m->s->frames, 0, &mean);
    note(m, t.clip, AT_CLIP_PLAIN, &mean);
    note(m, t.clip, AT_CLIP_STILL, r);
    return ATTUNE_OK;
}

static int sit_down(const maker *m, seat *own)
{
    if (!own->work)
        own->work = at_alloc(at_visual_workspace(m->net, NULL, AT_FACE_SIDE), sizeof *own->work);
    if (!own->sighting)
        own->sighting = at_alloc((size_t)m->s->frames, sizeof *own->sighting);
    return own->work && own->sighting ? ATTUNE_OK : ATTUNE_E_NOMEM;
}

static void see_task(void *arg, int task, int thread)
{
    maker *m = arg;
    seat *own = &m->seat[thread];
    at_visual_result still;
    int status = sit_down(m, own);
    status = status ? status : see_still(m, own, task, &still);
    for (int v = 0; v < m->out->versions && !status; v++)
        status = see_clip(m, own, task, v, &still);
    if (status < 0)
        atomic_store(&m->status, status);
}

static void clear_seats(seat *list, int n)
{
    for (int t = 0; list && t < n; t++) {
        at_image_free(&list[t].image);
        at_rating_free(&list[t].rating);
        at_free(list[t].work);
        at_free(list[t].sighting);
    }
    at_free(list);
}

/* ---- all of them ---------------------------------------------------------------------------- */

static int see_all(maker *m, const at_job *job, attune_error *err)
{
    const int threads = at_pool_threads(job->pool);
    m->seat = at_calloc((size_t)threads, sizeof *m->seat);
    int status = m->seat ? at_job_each(job, "what clips show", m->faces->count, see_task, m, err)
                         : at_fail_nomem(err);
    clear_seats(m->seat, threads);
    if (!status && (status = atomic_load(&m->status)))
        at_fail(err, (attune_status)status, "clips could not be drawn");
    return status;
}

int at_clip_set_make(at_clip_set *out, const at_job *job, const at_faces *faces,
                     const at_visual_net *net, int64_t seed, attune_error *err)
{
    const at_temporal_settings *s = job->settings;
    char path[AT_TRAIN_PATH];
    *out = (at_clip_set){.stills = faces->count, .versions = s->versions, .frames = s->frames};
    int status = at_clip_path(job, faces, seed, path, err);
    status = status ? status : at_clip_room(out, err);
    if (!status && !at_clip_load(out, path)) {
        maker m = {.s = s, .faces = faces, .net = net, .seed = seed, .out = out};
        status = see_all(&m, job, err);
        status = status ? status : at_clip_save(out, path, err);
        if (!status && !at_clip_load(out, path))
            status = at_fail(err, ATTUNE_E_FORMAT, "%s: a model's answers are not finite", path);
    }
    if (status)
        at_clip_set_free(out);
    return status;
}
