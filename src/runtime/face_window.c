#include "runtime/face_stream.h"

#include <math.h>
#include <string.h>

enum { CANDIDATES = 2 * ATTUNE_MAX_TRACKS }; /* people in one window; more are left out */

typedef struct at_candidate {
    uint32_t person, number;
    int sightings;
    float size; /* sum over the sightings: large and long seen */
} at_candidate;

static at_span frames_in(const at_face_stream *f, int64_t start_us, int64_t end_us)
{
    at_span span = {0, 0, 0};
    double seen_us;
    int n;

    while (span.from < f->frames && at_face_frame(f, span.from)->t_us < start_us)
        span.from++;
    span.to = span.from;
    while (span.to < f->frames && at_face_frame(f, span.to)->t_us < end_us)
        span.to++;
    n = span.to - span.from;
    if (n > 0) {
        /* n frames stand for n gaps of the mean length of the n - 1 between them. */
        seen_us = (double)(at_face_frame(f, span.to - 1)->t_us - at_face_frame(f, span.from)->t_us);
        seen_us = n > 1 ? seen_us * n / (n - 1) : 1e6 / f->setting.o->rate;
        span.cover = (float)fmin(seen_us / (double)(end_us - start_us), 1);
    }
    return span;
}

static int find_candidates(const at_face_stream *f, at_candidate *out)
{
    int n = 0;

    for (int i = f->span.from; i < f->span.to; i++) {
        const at_sighting *sighting = at_face_sightings(f, i);
        for (int k = 0; k < at_face_frame(f, i)->faces; k++) {
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

/* The person's sightings of the window into f->seen. Returns how many. */
static int sightings_in_span(at_face_stream *f, uint32_t person)
{
    int n = 0;

    for (int i = f->span.from; i < f->span.to && n < f->window_frames; i++) {
        const at_sighting *s = at_face_sighting_of(f, i, person);
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

int at_face_collect(void *self, int64_t start_us, int64_t end_us, at_finding *out)
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

    while (from > f->span.from && at_face_frame(f, from - 1)->t_us >= since_us)
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
        seen += at_face_sighting_of(f, i, person) != NULL;
        any += at_face_frame(f, i)->faces > 0;
    }
    w->seen[ATTUNE_FACE] = n > 0 ? (float)seen / (float)n : 0;
    w->any_face = n > 0 ? (float)any / (float)n : 0;
}

void at_face_describe(const void *self, int i, attune_window *w)
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
