/* face.c - the face modality: finds and follows the faces of each analysed frame, reads them, and
 * says of a window what each of them showed.
 *
 * A ring holds the frames that windows to come may need, with the sightings in them.
 */
#include "base/error.h"
#include "base/mem.h"
#include "runtime/face_evidence.h"
#include "runtime/modality.h"
#include "runtime/portraits.h"
#include "vision/face_input.h"
#include "vision/cut.h"
#include "vision/identity.h"
#include "vision/pose.h"
#include "vision/quality.h"
#include "vision/search.h"
#include "vision/track.h"
#include "vision/two_tones.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    FACES_MAX = 32,                     /* found in one frame */
    CANDIDATES = 2 * ATTUNE_MAX_TRACKS, /* people in one window; more are left out */
};

/* An analysed frame. Its sightings are at_face_stream.sighting[slot * max_tracks ...]. */
typedef struct at_frame {
    int64_t t_us;
    int faces;
} at_frame;

/* The frames of a window. */
typedef struct at_span {
    int from, to; /* of the ring */
    float cover;  /* share of the window that frames were there for, [0,1] */
} at_span;

typedef struct at_candidate {
    uint32_t person, number;
    int sightings;
    float size; /* sum over the sightings: large and long seen */
} at_candidate;

/* One face over the window that is collected. */
typedef struct at_found_face {
    uint32_t person;
    at_face_evidence evidence;
    float share;    /* of the window's frames that it is in */
    float *token;   /* (window_frames x AT_VISUAL_EMBED) */
    int64_t *times; /* (window_frames) */
    float *motion;  /* (window_frames) of the mouth, since the sighting before */
    int tokens;
} at_found_face;

typedef struct at_face_stream {
    at_setting setting;
    int max_tracks;
    at_search *search; /* NULL: the model has no detector */
    at_tracker tracker;
    at_picture_work picture_work;
    at_cut cut;
    at_identity *people;
    at_image aligned, native;
    at_portraits *portraits; /* NULL: nobody asked for thumbnails */
    at_watch watch;
    float *work;      /* of the network */
    float *over_time; /* of its temporal encoder */
    int64_t looked;   /* frames so far */
    int64_t told;     /* of them, by the options' on_sighting */

    at_frame *frame; /* ring */
    at_sighting *sighting;
    int frames_max, frame_first, frames;

    at_span span;
    at_found_face *found;     /* (max_tracks) */
    const at_sighting **seen; /* (window_frames) of the face that is gathered */
    int window_frames;
} at_face_stream;

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

/* ---- the ring ----------------------------------------------------------------------------- */

static int slot_of(const at_face_stream *f, int i)
{
    return (f->frame_first + i) % f->frames_max;
}

static const at_frame *frame_at(const at_face_stream *f, int i)
{
    return &f->frame[slot_of(f, i)];
}

static at_sighting *sightings_at(const at_face_stream *f, int i)
{
    return &f->sighting[(size_t)slot_of(f, i) * (size_t)f->max_tracks];
}

static void face_forget_before(void *self, int64_t t_us)
{
    at_face_stream *f = self;

    while (f->frames > 0 && frame_at(f, 0)->t_us < t_us) {
        f->frame_first = (f->frame_first + 1) % f->frames_max;
        f->frames--;
    }
}

/* ---- looking ------------------------------------------------------------------------------ */

static int find_faces(at_face_stream *f, int64_t t_us, const attune_picture *p, at_face *faces)
{
    at_face known[AT_TRACKS_MAX];

    if (!f->search)
        return 0;
    for (int i = 0; i < f->tracker.count; i++)
        known[i] = f->tracker.track[i].face;
    return at_search_faces(f->search, t_us, p, known, f->tracker.count, faces, FACES_MAX);
}

static void note_track(at_sighting *out, const at_track *track)
{
    const at_face *face = &track->face;

    out->box[0] = face->x;
    out->box[1] = face->y;
    out->box[2] = face->w;
    out->box[3] = face->h;
    memcpy(out->landmark, face->landmark, sizeof out->landmark);
    out->size = face->w * face->h;
    out->pose = at_pose_of(face);
}

/* The network's answer, by turns of the face and of its mirror image, so that a window has the mean
 * of both at the price of one. */
static void read_face(at_face_stream *f, at_sighting *out)
{
    const attune_model *m = f->setting.model;
    at_views views = f->looked % 2 ? AT_MIRRORED : AT_AS_IT_IS;

    if (!m->visual)
        return;
    at_visual_run(m->visual, f->setting.pool, f->aligned.data, AT_FACE_SIDE, views, f->work,
                  &out->visual);
    if (isfinite(out->visual.pose[0])) { /* landmarks say little of it, up and down above all */
        out->pose.yaw = fminf(fmaxf(out->visual.pose[0], -90), 90);
        out->pose.pitch = fminf(fmaxf(out->visual.pose[1], -90), 90);
    }
}

/* ---- who it is ---------------------------------------------------------------------------- */

static int shows(const at_face_stream *f, int frame, uint32_t person)
{
    const at_sighting *sighting = sightings_at(f, frame);
    int k = 0, faces = frame_at(f, frame)->faces;

    while (k < faces && sighting[k].person != person)
        k++;
    return k < faces;
}

/* Whether the face in a track's place is that of somebody else, now that the picture changed or shows
 * it for the first time in a while. */
static int is_another(const at_face_stream *f, const at_track *track, const at_looks *looks,
                      int64_t t_us)
{
    const int64_t while_us = 1000000;
    const float most = track->changed > AT_CUT_SHOT ? 0.45F : 0.52F;

    return track->person &&
           (track->changed > 0 ||
            at_identity_hidden_us(f->people, track->person, t_us) > while_us) &&
           at_identity_distance(f->people, track->person, looks) > most;
}

/* Whether two people were seen beside each other, and so cannot be one. i: the track that the
 * first of them is followed by. */
static int are_two(const at_face_stream *f, int i, uint32_t one, uint32_t other)
{
    for (int k = 0; k < f->tracker.count; k++)
        if (k != i && f->tracker.track[k].seen && f->tracker.track[k].person == other)
            return 1;
    for (int k = 0; k < f->frames; k++)
        if (shows(f, k, one) && shows(f, k, other))
            return 1;
    return 0;
}

/* The i-th track's person was somebody known all along, whom no other track follows any more. */
static void become(at_face_stream *f, int i, uint32_t known)
{
    const uint32_t person = f->tracker.track[i].person;

    for (int k = 0; k < f->tracker.count; k++)
        if (f->tracker.track[k].person == known)
            f->tracker.track[k].person = 0;
    for (int k = 0; k < f->frames; k++)
        for (int n = 0; n < frame_at(f, k)->faces; n++)
            if (sightings_at(f, k)[n].person == person)
                sightings_at(f, k)[n].person = known;
    at_identity_forget(f->people, person);
    if (f->portraits)
        at_portraits_become(f->portraits, person, known);
    f->tracker.track[i].person = known;
}

/* Says who it is that the i-th track follows, by the aligned face of its latest sighting. looks:
 * NULL where it does not show them: then the track goes on as it was, to be judged when it does. */
static void recognise(at_face_stream *f, int64_t t_us, int i, const at_looks *looks)
{
    at_track *track = &f->tracker.track[i];

    if (looks && is_another(f, track, looks, t_us))
        at_tracker_renew(&f->tracker, i);
    if (!track->person)
        track->person = at_identity_meet(f->people, t_us);
    if (looks && at_identity_can_tell(f->people, track->person, looks))
        track->changed = 0;
    if (looks && at_identity_open(f->people, track->person)) {
        const uint32_t known = at_identity_find(f->people, looks, track->person, t_us);
        if (known && !are_two(f, i, track->person, known))
            become(f, i, known);
    }
    at_identity_see(f->people, track->person, looks, t_us);
}

/* 1: *out filled; 0: the landmarks make no face. */
static int look_at(at_face_stream *f, int64_t t_us, const attune_picture *p, int i,
                   at_sighting *out)
{
    const at_track *track = &f->tracker.track[i];
    at_face_quality quality;
    at_looks looks;
    int shown, rc = at_face_input(&f->aligned, &f->picture_work, p, &track->face);

    if (rc < 0)
        return rc == ATTUNE_E_ARG ? 0 : rc;
    memset(out, 0, sizeof *out);
    out->t_us = t_us;
    note_track(out, track);
    rc = at_quality_measure(&quality, &f->native, &f->picture_work, &f->aligned, p, &track->face);
    if (rc < 0)
        return rc;
    at_mouth_see(&out->mouth, &f->aligned);
    read_face(f, out);
    out->measured = at_face_measured(
        &quality, f->setting.model->visual ? &out->visual.covered : NULL, &out->pose);
    shown = at_identity_shown(&quality, out->measured.coverage, &out->pose);
    if (shown)
        at_looks_measure(&looks, &f->aligned, quality.face_size);
    recognise(f, t_us, i, shown ? &looks : NULL);
    out->person = track->person;
    if (f->watch.sighted)
        f->watch.sighted(f->watch.user, out, &track->face, &f->aligned);
    if (f->portraits)
        rc = at_portraits_look(f->portraits, &f->picture_work, p, &track->face, out);
    return rc < 0 ? rc : 1;
}

static void note_change(at_face_stream *f, const attune_picture *p)
{
    const float change = at_cut_see(&f->cut, p);

    if (change > AT_CUT_MOTION)
        at_tracker_changed(&f->tracker, change);
}

static int face_push(void *self, int64_t t_us, const attune_picture *p)
{
    at_face_stream *f = self;
    at_face faces[FACES_MAX];
    at_sighting *sighting;
    int n, seen = 0;

    if (f->frames == f->frames_max)
        return ATTUNE_E_STATE;
    note_change(f, p);
    n = find_faces(f, t_us, p, faces);
    if (n < 0)
        return n;
    at_tracker_update(&f->tracker, t_us, faces, n, NULL);
    sighting = sightings_at(f, f->frames); /* taken only when all went well */
    for (int i = 0; i < f->tracker.count && seen < f->max_tracks; i++) {
        int rc = f->tracker.track[i].seen ? look_at(f, t_us, p, i, &sighting[seen]) : 0;
        if (rc < 0)
            return rc;
        seen += rc;
    }
    f->frame[slot_of(f, f->frames)] = (at_frame){t_us, seen};
    f->frames++;
    f->looked++;
    return seen;
}

/* ---- a window ------------------------------------------------------------------------------ */

static at_span frames_in(const at_face_stream *f, int64_t start_us, int64_t end_us)
{
    at_span span = {0, 0, 0};
    double seen_us;
    int n;

    while (span.from < f->frames && frame_at(f, span.from)->t_us < start_us)
        span.from++;
    span.to = span.from;
    while (span.to < f->frames && frame_at(f, span.to)->t_us < end_us)
        span.to++;
    n = span.to - span.from;
    if (n > 0) {
        /* n frames stand for n gaps of the mean length of the n - 1 between them. */
        seen_us = (double)(frame_at(f, span.to - 1)->t_us - frame_at(f, span.from)->t_us);
        seen_us = n > 1 ? seen_us * n / (n - 1) : 1e6 / f->setting.o->rate;
        span.cover = (float)fmin(seen_us / (double)(end_us - start_us), 1);
    }
    return span;
}

static int find_candidates(const at_face_stream *f, at_candidate *out)
{
    int n = 0;

    for (int i = f->span.from; i < f->span.to; i++) {
        const at_sighting *sighting = sightings_at(f, i);
        for (int k = 0; k < frame_at(f, i)->faces; k++) {
            int c = 0;
            while (c < n && out[c].person != sighting[k].person)
                c++;
            if (c == CANDIDATES)
                continue;
            if (c == n)
                out[n++] = (at_candidate){.person = sighting[k].person};
            out[c].sightings++;
            out[c].size += sighting[k].size;
        }
    }
    return n;
}

/* Keeps the max that are largest and longest in view. */
static int choose(at_candidate *c, int n, int max)
{
    while (n > max) {
        int least = 0;
        for (int i = 1; i < n; i++)
            if (c[i].size < c[least].size)
                least = i;
        memmove(&c[least], &c[least + 1], (size_t)(n - least - 1) * sizeof *c);
        n--;
    }
    return n;
}

/* Gives those that are reported for the first time their numbers, by first sight, and orders all by
 * number. Who is forgotten already, of too many people, is left out. */
static int number(at_face_stream *f, at_candidate *c, int n)
{
    int kept = 0;

    for (int i = 0; i < n; i++) {
        at_candidate moved = c[i];
        int k = kept;
        moved.number = at_identity_number(f->people, moved.person);
        if (!moved.number)
            continue;
        if (f->portraits)
            at_portraits_number(f->portraits, moved.person, moved.number);
        for (; k > 0 && moved.number < c[k - 1].number; k--)
            c[k] = c[k - 1];
        c[k] = moved;
        kept++;
    }
    return kept;
}

/* Of the person in the i-th frame. NULL: none. */
static const at_sighting *sighting_of(const at_face_stream *f, int i, uint32_t person)
{
    const at_sighting *s = sightings_at(f, i);
    for (int k = 0; k < frame_at(f, i)->faces; k++)
        if (s[k].person == person)
            return &s[k];
    return NULL;
}

/* The person's sightings of the window into f->seen. Returns how many. */
static int sightings_in_span(at_face_stream *f, uint32_t person)
{
    int n = 0;

    for (int i = f->span.from; i < f->span.to && n < f->window_frames; i++) {
        const at_sighting *s = sighting_of(f, i, person);
        if (s)
            f->seen[n++] = s;
    }
    return n;
}

static void note_tokens(const at_face_stream *f, at_found_face *found, int n)
{
    for (int i = 0; i < n; i++) {
        const at_sighting *s = f->seen[i];
        memcpy(found->token + (size_t)i * AT_VISUAL_EMBED, s->visual.embedding,
               sizeof s->visual.embedding);
        found->motion[i] = i ? at_mouth_motion(&f->seen[i - 1]->mouth, &s->mouth) : 0;
        found->times[i] = s->t_us;
    }
    found->tokens = n;
}

static void gather(at_face_stream *f, const at_candidate *c, at_found_face *found)
{
    const int n = sightings_in_span(f, c->person);

    found->person = c->person;
    found->share = (float)c->sightings / (float)(f->span.to - f->span.from);
    at_face_evidence_of(&found->evidence, f->seen, n);
    note_tokens(f, found, n);
    if (f->setting.model->visual && n)
        at_visual_over_time(f->setting.model->visual, f->setting.pool, found->token, found->times,
                            n, f->over_time, &found->evidence.visual);
}

static at_evidence evidence_of(const at_face_stream *f, const at_found_face *found)
{
    const at_visual_result *v = &found->evidence.visual;

    return (at_evidence){
        .present = f->setting.model->visual != NULL,
        .embedding = v->embedding,
        .logit = v->expression,
        .state = v->state,
        .engagement = v->engagement,
        .tokens = {found->tokens, AT_VISUAL_EMBED, found->token, found->times},
        .quality = found->evidence.quality,
        .share = found->share * f->span.cover,
    };
}

static int face_collect(void *self, int64_t start_us, int64_t end_us, at_finding *out)
{
    at_face_stream *f = self;
    at_candidate candidate[CANDIDATES];
    int n;

    f->span = frames_in(f, start_us, end_us);
    n = choose(candidate, find_candidates(f, candidate), f->max_tracks);
    n = number(f, candidate, n);
    for (int i = 0; i < n; i++) {
        gather(f, &candidate[i], &f->found[i]);
        out[i] = (at_finding){candidate[i].number,
                              evidence_of(f, &f->found[i]),
                              {f->found[i].tokens, f->found[i].times, f->found[i].motion}};
    }
    return n;
}

/* Frames of the window's last hop. Where there is none, the one before stands until the next, if
 * there is one. Returns the first of them; they end with the span. */
static int last_hop(const at_face_stream *f, int64_t since_us)
{
    int from = f->span.to;

    while (from > f->span.from && frame_at(f, from - 1)->t_us >= since_us)
        from--;
    if (from == f->span.to && from > f->span.from && f->frames > f->span.to)
        from--;
    return from;
}

/* Share of frames [from, end of the span) that show the person (0: none), and that show anybody. */
static void note_seen(const at_face_stream *f, int from, uint32_t person, attune_window *w)
{
    int n = f->span.to - from, seen = 0, any = 0;

    for (int i = from; i < f->span.to; i++) {
        seen += shows(f, i, person);
        any += frame_at(f, i)->faces > 0;
    }
    w->seen[ATTUNE_FACE] = n > 0 ? (float)seen / (float)n : 0;
    w->any_face = n > 0 ? (float)any / (float)n : 0;
}

static void face_describe(const void *self, int i, attune_window *w)
{
    const at_face_stream *f = self;
    attune_quality *q = &w->quality;

    if (f->span.to > f->span.from)
        q->face_share = 0;
    note_seen(f, last_hop(f, at_hop_start(f->setting.o, w)), i < 0 ? 0 : f->found[i].person, w);
    if (i < 0)
        return;
    const at_found_face *found = &f->found[i];
    const float snr_db = q->snr_db, speech_share = q->speech_share; /* the voice's */
    *q = found->evidence.measured;
    q->snr_db = snr_db;
    q->speech_share = speech_share;
    q->face_share = found->share;
    memcpy(w->box, found->evidence.box, sizeof w->box);
    if (f->setting.model->visual)
        memcpy(w->unit, found->evidence.visual.units, sizeof w->unit);
}

/* ---- telling of pictures ------------------------------------------------------------------- */

static void describe_sighting(const at_face_stream *f, const at_sighting *s, attune_sighting *out)
{
    memcpy(out->box, s->box, sizeof out->box);
    memcpy(out->landmark, s->landmark, sizeof out->landmark);
    out->quality = s->measured;
    out->quality.face_share = out->quality.snr_db = out->quality.speech_share = NAN;
    for (int i = 0; i < ATTUNE_EMOTIONS; i++)
        out->emotion7[i] = NAN;
    for (int u = 0; u < ATTUNE_UNITS; u++)
        out->unit[u] = NAN;
    if (!f->setting.model->visual)
        return;
    at_fusion_emotion(f->setting.model->fusion, ATTUNE_FACE, s->visual.expression, out->emotion7);
    memcpy(out->unit, s->visual.units, sizeof out->unit);
}

/* The i-th frame, which is picture number so-and-so. */
static void tell_frame(at_face_stream *f, int i, int64_t picture)
{
    const attune_options *o = f->setting.o;
    const at_frame *frame = frame_at(f, i);
    attune_sighting none = {.t_us = frame->t_us, .picture = picture};
    int told = 0;

    for (int k = 0; k < frame->faces; k++) {
        const at_sighting *s = &sightings_at(f, i)[k];
        attune_sighting x = none;
        x.track = at_identity_numbered(f->people, s->person);
        if (!x.track)
            continue;
        describe_sighting(f, s, &x);
        o->on_sighting(o->on_sighting_user, &x);
        told++;
    }
    if (!told)
        o->on_sighting(o->on_sighting_user, &none);
}

static void face_tell(void *self, int64_t end_us)
{
    at_face_stream *f = self;
    const int64_t before = f->looked - f->frames;
    int i = f->told > before ? (int)(f->told - before) : 0;

    for (; i < f->frames && frame_at(f, i)->t_us < end_us; i++)
        tell_frame(f, i, f->told = before + i + 1);
}

static int face_thumbnail(const void *self, int i, attune_thumbnail *out)
{
    const at_face_stream *f = self;

    return f->portraits ? at_portraits_get(f->portraits, i, out) : 0;
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
        at_frame *frame = &f->frame[slot_of(f, i)];
        at_keep_time(k, &frame->t_us);
        at_keep_int(k, &frame->faces, 0, f->max_tracks);
        for (int n = 0; n < frame->faces; n++)
            keep_sighting(k, &sightings_at(f, i)[n]);
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

static void face_watch(void *self, const at_watch *w)
{
    ((at_face_stream *)self)->watch = *w;
}

const at_modality at_face_modality = {
    .name = "face",
    .input = AT_PICTURES,
    .open = face_open,
    .free = face_free,
    .push_picture = face_push,
    .forget_before = face_forget_before,
    .collect = face_collect,
    .describe = face_describe,
    .tell = face_tell,
    .thumbnail = face_thumbnail,
    .keep = face_keep,
    .watch = face_watch,
};
