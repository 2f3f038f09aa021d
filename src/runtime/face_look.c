#include "runtime/face_stream.h"

#include "vision/face_input.h"
#include "vision/pose.h"
#include "vision/quality.h"

#include <math.h>
#include <string.h>

enum { FACES_MAX = 32 }; /* found in one frame */

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
        if (at_face_sighting_of(f, k, one) && at_face_sighting_of(f, k, other))
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
        for (int n = 0; n < at_face_frame(f, k)->faces; n++)
            if (at_face_sightings(f, k)[n].person == person)
                at_face_sightings(f, k)[n].person = known;
    at_identity_forget(f->people, person);
    if (f->portraits)
        at_portraits_become(f->portraits, person, known);
    if (f->watch.recognised)
        f->watch.recognised(f->watch.user, person, known);
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

/* ---- a picture ------------------------------------------------------------------------------ */

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

int at_face_push(void *self, int64_t t_us, const attune_picture *p)
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
    sighting = at_face_sightings(f, f->frames); /* taken only when all went well */
    for (int i = 0; i < f->tracker.count && seen < f->max_tracks; i++) {
        int rc = f->tracker.track[i].seen ? look_at(f, t_us, p, i, &sighting[seen]) : 0;
        if (rc < 0)
            return rc;
        seen += rc;
    }
    f->frame[at_face_slot(f, f->frames)] = (at_frame){t_us, seen};
    f->frames++;
    f->looked++;
    return seen;
}
