#include "runtime/session.h"

#include <math.h>
#include <string.h>

/* While one face is followed, the whole picture is searched this often; in between, only its
 * neighbourhood, which is several times faster. */
static const int64_t search_every_us = 1000000;

enum { FACES_MAX = 32 };

static int find_faces(attune_session *s, int64_t t_us, const at_image *rgb, at_face *faces)
{
    const at_track *followed = s->max_tracks == 1 ? at_tracker_main(&s->tracker) : NULL;
    int n;

    if (!s->detector)
        return 0;
    if (followed && followed->seen && t_us < s->searched_us + search_every_us) {
        n = at_detector_run_near(s->detector, rgb, &followed->face, faces, FACES_MAX);
        if (n != 0)
            return n;
    }
    s->searched_us = t_us;
    return at_detector_run(s->detector, rgb, faces, FACES_MAX);
}

static void note_quality(at_sighting *out, const at_face_quality *q)
{
    out->sharpness = q->sharpness;
    out->brightness = q->brightness;
    out->contrast = q->contrast;
    out->face_size = q->face_size;
    out->detector_score = q->detector_score;
}

/* 1: *out filled; 0: the landmarks make no face. */
static int look_at(attune_session *s, const at_image *rgb, const at_track *track, at_sighting *out)
{
    const at_face *f = &track->face;
    at_face_quality quality;
    int rc = at_align_face(&s->aligned, rgb, f);

    if (rc < 0)
        return rc == ATTUNE_E_ARG ? 0 : rc;
    memset(out, 0, sizeof *out);
    out->track = track->id;
    out->first_us = track->first_us;
    out->box[0] = f->x;
    out->box[1] = f->y;
    out->box[2] = f->w;
    out->box[3] = f->h;
    out->size = f->w * f->h;
    at_quality_measure(&quality, &s->aligned, f);
    note_quality(out, &quality);
    if (s->m->visual) {
        /* by turns, so that a window has the mean of both at the price of one */
        at_views views = s->counts.frames % 2 ? AT_MIRRORED : AT_AS_IT_IS;
        at_visual_run(s->m->visual, s->pool, s->aligned.data, AT_FACE_SIDE, views, s->visual_work,
                      &out->visual);
        out->coverage = 1 / (1 + expf(-out->visual.covered));
    }
    return 1;
}

int at_session_see(attune_session *s, int64_t t_us, const at_image *rgb)
{
    int slot = s->frames; /* taken only when all went well */
    at_sighting *sighting = at_session_sightings(s, slot);
    at_face faces[FACES_MAX];
    at_frame *frame = &s->frame[(s->frame_first + slot) % s->frames_max];
    int n = find_faces(s, t_us, rgb, faces), seen = 0;

    if (n < 0)
        return n;
    at_tracker_update(&s->tracker, t_us, faces, n, NULL);
    for (int i = 0; i < s->tracker.count && seen < s->max_tracks; i++) {
        const at_track *track = &s->tracker.track[i];
        int rc = track->seen ? look_at(s, rgb, track, &sighting[seen]) : 0;
        if (rc < 0)
            return rc;
        seen += rc;
    }
    frame->t_us = t_us;
    frame->faces = seen;
    s->frames++;
    s->counts.frames++;
    s->counts.frames_with_face += seen > 0;
    return ATTUNE_OK;
}
