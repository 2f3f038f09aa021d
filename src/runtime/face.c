#include "runtime/face_stream.h"

#include "base/error.h"
#include "base/mem.h"
#include "vision/face_input.h"
#include "vision/two_tones.h"

/* ---- open and free ------------------------------------------------------------------------ */

/* While a window waits, nothing is more than a window and the lag old. */
static int make_ring(at_face_stream *f)
{
    const attune_options *o = f->setting.o;
    size_t tracks = (size_t)f->max_tracks;

    f->frames_max = (int)((o->window_s + o->lag_s) * o->rate) + 4;
    f->window_frames = (int)(o->window_s * o->rate) + 2;
    f->frame = at_calloc((size_t)f->frames_max, sizeof *f->frame);
    f->sighting = at_calloc((size_t)f->frames_max * tracks, sizeof *f->sighting);
    f->found = at_calloc(tracks, sizeof *f->found);
    f->people = at_calloc(1, sizeof *f->people);
    f->seen = at_calloc((size_t)f->window_frames, sizeof *f->seen);
    if (!f->frame || !f->sighting || !f->found || !f->people || !f->seen)
        return ATTUNE_E_NOMEM;
    for (size_t i = 0; i < tracks; i++) {
        at_found_face *found = &f->found[i];
        found->token = at_alloc((size_t)f->window_frames * AT_VISUAL_EMBED, sizeof *found->token);
        found->times = at_alloc((size_t)f->window_frames, sizeof *found->times);
        found->motion = at_alloc((size_t)f->window_frames, sizeof *found->motion);
        if (!found->token || !found->times || !found->motion)
            return ATTUNE_E_NOMEM;
    }
    return ATTUNE_OK;
}

/* What the search must not take for a face. */
static int is_drawn(void *self, const attune_picture *p, const at_face *face)
{
    at_face_stream *f = self;

    return at_face_input(&f->aligned, &f->picture_work, p, face) == ATTUNE_OK &&
           at_is_two_toned(&f->aligned);
}

static int make_eyes(at_face_stream *f, attune_error *err)
{
    const attune_model *m = f->setting.model;
    const int side = f->setting.o->thumbnails;
    const at_weights_pair arrays = {m->weights, m->ranges};
    at_weight_source source = at_weights_pair_source(&arrays);
    at_search_options search = {
        .min_face = f->setting.o->min_face, .most = f->max_tracks, .refuse = is_drawn, .user = f};

    if (side) {
        f->portraits = at_calloc(1, sizeof *f->portraits);
        if (!f->portraits)
            return at_fail_nomem(err);
        f->portraits->side = side;
    }
    if (m->visual) {
        size_t floats = at_visual_workspace(m->visual, f->setting.pool, AT_FACE_SIDE);
        f->work = at_alloc(floats, sizeof *f->work);
        f->over_time =
            at_alloc(at_visual_time_workspace(m->visual, f->window_frames), sizeof *f->over_time);
        if (!f->work || !f->over_time)
            return at_fail_nomem(err);
    }
    if (!m->has_detector)
        return ATTUNE_OK;
    return at_search_create(&f->search, &source, f->setting.pool, m->kn, &search, err);
}

static void face_free(void **self)
{
    at_face_stream *f = *self;

    if (!f)
        return;
    at_search_free(&f->search);
    if (f->portraits)
        at_portraits_free(f->portraits);
    at_free(f->portraits);
    at_picture_work_free(&f->picture_work);
    at_image_free(&f->aligned);
    at_image_free(&f->native);
    for (int i = 0; f->found && i < f->max_tracks; i++) {
        at_free(f->found[i].token);
        at_free(f->found[i].times);
        at_free(f->found[i].motion);
    }
    at_free(f->found);
    at_free(f->people);
    at_free(f->seen);
    at_free(f->work);
    at_free(f->over_time);
    at_free(f->frame);
    at_free(f->sighting);
    at_free(f);
    *self = NULL;
}

static int face_open(void **self, const at_setting *s, attune_error *err)
{
    at_track_options track = {.max_tracks = s->o->max_tracks};
    at_face_stream *f = at_calloc(1, sizeof *f);
    int rc;

    *self = f;
    if (!f)
        return at_fail_nomem(err);
    f->setting = *s;
    f->max_tracks = s->o->max_tracks;
    at_tracker_init(&f->tracker, &track);
    rc = make_ring(f) < 0 ? at_fail_nomem(err) : make_eyes(f, err);
    if (rc < 0)
        face_free(self);
    return rc;
}

/* ---- while it goes on ----------------------------------------------------------------------- */

static void face_forget_before(void *self, int64_t t_us)
{
    at_face_stream *f = self;

    while (f->frames > 0 && at_face_frame(f, 0)->t_us < t_us) {
        f->frame_first = (f->frame_first + 1) % f->frames_max;
        f->frames--;
    }
}

static int face_thumbnail(const void *self, int i, attune_thumbnail *out)
{
    const at_face_stream *f = self;

    return f->portraits ? at_portraits_get(f->portraits, i, out) : 0;
}

static void face_watch(void *self, const at_watch *w)
{
    ((at_face_stream *)self)->watch = *w;
}

/* ---- keeping -------------------------------------------------------------------------------- */

static void keep_sighting(at_keep *k, at_sighting *s)
{
    at_keep_number(k, &s->person);
    at_keep_time(k, &s->t_us);
    at_keep_floats(k, s->box, 4);
    at_keep_floats(k, s->landmark[0], AT_LANDMARKS * 2);
    at_keep_floats(k, &s->size, 1);
    at_keep_bytes(k, &s->mouth, sizeof s->mouth);
    at_keep_bytes(k, &s->pose, sizeof s->pose);
    at_keep_bytes(k, &s->measured, sizeof s->measured);
    at_keep_bytes(k, &s->visual, sizeof s->visual);
}

static void keep_ring(at_keep *k, at_face_stream *f)
{
    at_keep_int(k, &f->frames, 0, f->frames_max);
    for (int i = 0; i < f->frames; i++) {
        at_frame *frame = &f->frame[at_face_slot(f, i)];
        at_keep_time(k, &frame->t_us);
        at_keep_int(k, &frame->faces, 0, f->max_tracks);
        for (int n = 0; n < frame->faces; n++)
            keep_sighting(k, &at_face_sightings(f, i)[n]);
    }
}

static void face_keep(void *self, at_keep *k)
{
    at_face_stream *f = self;

    if (f->search)
        at_search_keep(k, f->search);
    at_tracker_keep(k, &f->tracker);
    at_cut_keep(k, &f->cut);
    at_identity_keep(k, f->people);
    if (f->portraits)
        at_portraits_keep(k, f->portraits);
    at_keep_count(k, &f->looked);
    at_keep_count(k, &f->told);
    keep_ring(k, f);
    if (f->told > f->looked || f->frames > f->looked)
        k->status = ATTUNE_E_FORMAT;
}

const at_modality at_face_modality = {
    .name = "face",
    .input = AT_PICTURES,
    .open = face_open,
    .free = face_free,
    .push_picture = at_face_push,
    .forget_before = face_forget_before,
    .collect = at_face_collect,
    .describe = at_face_describe,
    .tell = at_face_tell,
    .thumbnail = face_thumbnail,
    .keep = face_keep,
    .watch = face_watch,
};
