/* track.c - see track.h. */
#include "vision/track.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#define DRIFT_S     0.5F /* an unseen track's velocity falls by e in this time */
#define NEAR_SIZES  0.6F /* a face may jump by this much of its size and still match */
#define LARGER_GONE 1.5F /* a newcomer's area, to take the place of an unseen track */
#define LARGER_SEEN 4.0F /* and of a seen one */

void at_tracker_init(at_tracker *t, const at_track_options *o)
{
    *t = (at_tracker){0};
    if (o)
        t->o = *o;
    if (t->o.max_tracks < 1)
        t->o.max_tracks = 1;
    if (t->o.max_tracks > AT_TRACKS_MAX)
        t->o.max_tracks = AT_TRACKS_MAX;
    if (t->o.bridge_us <= 0)
        t->o.bridge_us = 1000000;
    if (!(t->o.iou > 0))
        t->o.iou = 0.2F;
}

static float area(const at_face *f)
{
    return f->w * f->h;
}

static float size(const at_face *f)
{
    return sqrtf(fmaxf(area(f), 1));
}

static void move(at_face *f, float dx, float dy)
{
    f->x += dx;
    f->y += dy;
    for (int i = 0; i < AT_LANDMARKS; i++) {
        f->landmark[i][0] += dx;
        f->landmark[i][1] += dy;
    }
}

static void predict(at_track *t, float dt)
{
    move(&t->face, t->vx * dt, t->vy * dt);
    if (!t->seen) {
        t->vx *= expf(-dt / DRIFT_S);
        t->vy *= expf(-dt / DRIFT_S);
    }
}

/* How well a face fits a predicted track: overlap, or, below every overlap, closeness; 0: not. */
static float affinity(const at_tracker *t, const at_face *track, const at_face *f)
{
    const float iou = at_face_iou(track, f), ratio = area(f) / fmaxf(area(track), 1);
    const float far = hypotf(f->x + 0.5F * f->w - track->x - 0.5F * track->w,
                             f->y + 0.5F * f->h - track->y - 0.5F * track->h) /
                      (NEAR_SIZES * size(track));

    if (iou >= t->o.iou)
        return 1 + iou;
    return far < 1 && ratio > 0.4F && ratio < 2.5F ? 1 - far : 0;
}

/* An alpha-beta filter whose gain grows with the surprise, so that a still face is steady and a
 * moving one does not lag; beta is the critically damped one (Benedict & Bordner 1962). */
static void correct(at_track *t, const at_face *f, float dt)
{
    const float dx = f->x + 0.5F * f->w - t->face.x - 0.5F * t->face.w;
    const float dy = f->y + 0.5F * f->h - t->face.y - 0.5F * t->face.h;
    const float alpha = t->seen ? fminf(0.5F + 5 * hypotf(dx, dy) / size(f), 1) : 1;
    const float beta = alpha * alpha / (2 - alpha);
    at_face *s = &t->face;

    if (dt > 0) {
        t->vx += beta * dx / fmaxf(dt, 0.02F);
        t->vy += beta * dy / fmaxf(dt, 0.02F);
    }
    s->x += alpha * (f->x - s->x);
    s->y += alpha * (f->y - s->y);
    s->w += alpha * (f->w - s->w);
    s->h += alpha * (f->h - s->h);
    /* of two turns there is no mean */
    const float keen = at_face_quarters(s) == at_face_quarters(f) ? alpha : 1;
    for (int i = 0; i < AT_LANDMARKS; i++) {
        s->landmark[i][0] += keen * (f->landmark[i][0] - s->landmark[i][0]);
        s->landmark[i][1] += keen * (f->landmark[i][1] - s->landmark[i][1]);
    }
    s->score = f->score;
}

/* Best pairs first, so that a track keeps the face that is most its own. */
static void match_greedy(at_tracker *t, const at_face *faces, int n, float dt, int *match)
{
    int taken[AT_TRACKS_MAX] = {0};

    for (;;) {
        float best = 0;
        int track = -1, face = -1;
        for (int i = 0; i < t->count; i++) {
            for (int k = 0; k < n && !taken[i]; k++) {
                const float a = match[k] < 0 ? affinity(t, &t->track[i].face, &faces[k]) : 0;
                if (a > best) {
                    best = a;
                    track = i;
                    face = k;
                }
            }
        }
        if (track < 0)
            break;
        taken[track] = 1;
        match[face] = track;
        correct(&t->track[track], &faces[face], dt);
    }
    for (int i = 0; i < t->count; i++) {
        t->track[i].seen = taken[i];
        if (taken[i]) {
            t->track[i].hits++;
            t->track[i].last_us = t->now_us;
        }
    }
}

static void drop(at_tracker *t, int i, int *match, int n)
{
    t->count--;
    memmove(&t->track[i], &t->track[i + 1], (size_t)(t->count - i) * sizeof t->track[0]);
    for (int k = 0; k < n; k++)
        if (match[k] == i)
            match[k] = -1;
        else if (match[k] > i)
            match[k]--;
}

/* The track that a newcomer may take the place of, or -1. */
static int weakest(const at_tracker *t, const at_face *f)
{
    float best = 1;
    int found = -1;

    for (int i = 0; i < t->count; i++) {
        const at_track *k = &t->track[i];
        const float larger = k->seen ? LARGER_SEEN : k->changed > 0 ? 0 : LARGER_GONE;
        const float ratio = area(f) / fmaxf(larger * area(&k->face), 1e-3F);
        if (ratio > best) {
            best = ratio;
            found = i;
        }
    }
    return found;
}

static at_track begin(at_tracker *t, const at_face *f)
{
    return (at_track){.id = ++t->ids,
                      .seen = 1,
                      .hits = 1,
                      .first_us = t->now_us,
                      .last_us = t->now_us,
                      .face = *f};
}

static void add_track(at_tracker *t, const at_face *f, int face, int *match, int n)
{
    if (t->count == t->o.max_tracks) {
        const int weak = weakest(t, f);
        if (weak < 0)
            return;
        drop(t, weak, match, n);
    }
    match[face] = t->count;
    t->track[t->count++] = begin(t, f);
}

void at_tracker_update(at_tracker *t, int64_t now_us, const at_face *faces, int n, int *match)
{
    enum { FACES_MAX = 64 };
    int index[FACES_MAX];
    const float dt = t->count > 0 ? fmaxf((float)(now_us - t->now_us) * 1e-6F, 0) : 0;

    for (int k = FACES_MAX; match && k < n; k++)
        match[k] = -1; /* faces come by falling score: the rest is noise */
    n = n < FACES_MAX ? n : FACES_MAX;
    for (int k = 0; k < n; k++)
        index[k] = -1;
    t->now_us = now_us;
    for (int i = t->count - 1; i >= 0; i--)
        if (now_us - t->track[i].last_us > t->o.bridge_us)
            drop(t, i, index, 0);
        else
            predict(&t->track[i], dt);
    match_greedy(t, faces, n, dt, index);
    for (;;) { /* newcomers, largest first */
        int face = -1;
        for (int k = 0; k < n; k++)
            if (index[k] == -1 && (face < 0 || area(&faces[k]) > area(&faces[face])))
                face = k;
        if (face < 0)
            break;
        add_track(t, &faces[face], face, index, n);
        if (index[face] == -1)
            break; /* no place for this one, so none for smaller ones */
    }
    for (int k = 0; match && k < n; k++)
        match[k] = index[k];
}

void at_tracker_changed(at_tracker *t, float change)
{
    for (int i = 0; i < t->count; i++) {
        t->track[i].changed = fmaxf(t->track[i].changed, change);
        t->track[i].seen = 0;
        t->track[i].vx = t->track[i].vy = 0;
    }
}

void at_tracker_renew(at_tracker *t, int i)
{
    t->track[i] = begin(t, &t->track[i].face);
}

static void keep_track(at_keep *k, at_track *t)
{
    at_keep_number(k, &t->id);
    at_keep_number(k, &t->person);
    at_keep_floats(k, &t->changed, 1);
    at_keep_int(k, &t->seen, 0, 1);
    at_keep_int(k, &t->hits, 0, INT_MAX - 1);
    at_keep_time(k, &t->first_us);
    at_keep_time(k, &t->last_us);
    at_face_keep(k, &t->face);
    at_keep_places(k, &t->vx, 1);
    at_keep_places(k, &t->vy, 1);
}

void at_tracker_keep(at_keep *k, at_tracker *t)
{
    at_keep_int(k, &t->count, 0, t->o.max_tracks);
    for (int i = 0; i < t->count; i++)
        keep_track(k, &t->track[i]);
    at_keep_number(k, &t->ids);
    at_keep_time(k, &t->now_us);
    for (int i = 0; i < t->count && k->reads; i++)
        if (t->track[i].last_us > t->now_us)
            k->status = ATTUNE_E_FORMAT;
}
