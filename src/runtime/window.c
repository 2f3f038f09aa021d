#include "runtime/session.h"

#include <math.h>
#include <string.h>

/* Tracks in one window; faces that came and went on top of these are left out. */
enum { CANDIDATES = 2 * ATTUNE_MAX_TRACKS };

typedef struct at_candidate {
    uint32_t track;
    int64_t first_us;
    int sightings;
    float size; /* sum over the sightings: large and long seen */
} at_candidate;

typedef struct at_span {
    int from, to; /* frames of the ring */
    float cover;  /* share of the window that frames were there for, [0,1] */
} at_span;

static at_span frames_in(const attune_session *s, int64_t start_us, int64_t end_us)
{
    at_span span = {0, 0, 0};
    double seen_us;
    int n;

    while (span.from < s->frames && at_session_frame(s, span.from)->t_us < start_us)
        span.from++;
    span.to = span.from;
    while (span.to < s->frames && at_session_frame(s, span.to)->t_us < end_us)
        span.to++;
    n = span.to - span.from;
    if (n > 0) {
        /* n frames stand for n gaps of the mean length of the n - 1 between them. */
        seen_us =
            (double)(at_session_frame(s, span.to - 1)->t_us - at_session_frame(s, span.from)->t_us);
        seen_us = n > 1 ? seen_us * n / (n - 1) : 1e6 / s->o.rate;
        span.cover = (float)fmin(seen_us / (double)(end_us - start_us), 1);
    }
    return span;
}

static int find_candidates(const attune_session *s, const at_span *span, at_candidate *out)
{
    int n = 0;

    for (int i = span->from; i < span->to; i++) {
        const at_sighting *sighting = at_session_sightings(s, i);
        for (int k = 0; k < at_session_frame(s, i)->faces; k++) {
            int c = 0;
            while (c < n && out[c].track != sighting[k].track)
                c++;
            if (c == CANDIDATES)
                continue;
            if (c == n)
                out[n++] = (at_candidate){sighting[k].track, sighting[k].first_us, 0, 0};
            out[c].sightings++;
            out[c].size += sighting[k].size;
        }
    }
    return n;
}

/* Keeps the max that are largest and longest in view, in order of first sighting. */
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
    for (int i = 1; i < n; i++) {
        at_candidate moved = c[i];
        int k = i;
        for (; k > 0 && moved.first_us < c[k - 1].first_us; k--)
            c[k] = c[k - 1];
        c[k] = moved;
    }
    return n;
}

static void gather_face(const attune_session *s, const at_span *span, uint32_t track,
                        at_face_evidence *e)
{
    memset(e, 0, sizeof *e);
    for (int i = span->from; i < span->to; i++) {
        const at_sighting *sighting = at_session_sightings(s, i);
        for (int k = 0; k < at_session_frame(s, i)->faces; k++)
            if (sighting[k].track == track)
                at_face_evidence_add(e, &sighting[k]);
    }
    at_face_evidence_finish(e);
}

static int gather_voice(attune_session *s, int64_t start_us, int64_t end_us,
                        at_voice_evidence *voice)
{
    size_t most = (size_t)(s->o.window_s * AT_FRAMES_PER_S) + 2, n = 0;
    size_t expected = (size_t)((end_us - start_us) / AT_FRAME_HOP_US);

    for (size_t i = 0; i < s->rows && n < most; i++) {
        const at_feature_row *row = at_session_row(s, i);
        if (row->t_us >= start_us && row->t_us < end_us)
            s->window_rows[n++] = *row;
    }
    return at_voice_evidence_make(voice, s->window_rows, n, expected, s->m->audio, s->graph,
                                  s->window_x, s->window_speech);
}

static void unmeasured(attune_quality *q)
{
    *q = (attune_quality){.sharpness = NAN,
                          .brightness = NAN,
                          .contrast = NAN,
                          .face_size = NAN,
                          .detector_score = NAN,
                          .coverage = NAN,
                          .face_share = NAN,
                          .snr_db = NAN,
                          .speech_share = NAN};
}

static void fill_estimate(const attune_session *s, const at_face_evidence *face, float face_share,
                          const at_voice_evidence *voice, attune_window *w)
{
    at_evidence evidence[ATTUNE_MODALITIES] = {
        [ATTUNE_FACE] = {.present = face->sightings > 0 && s->m->visual,
                         .embedding = face->visual.embedding,
                         .logit = face->visual.expression,
                         .quality = face->quality,
                         .share = face_share},
        [ATTUNE_VOICE] = {.present = voice->present,
                          .embedding = voice->audio.embedding,
                          .logit = voice->audio.expression,
                          .quality = voice->quality,
                          .share = voice->share},
    };
    at_estimate estimate;

    at_fusion_run(s->m->fusion, evidence, &estimate);
    w->used = estimate.used;
    w->abstain = estimate.abstain;
    memcpy(w->reliability, estimate.reliability, sizeof w->reliability);
    memcpy(w->weight, estimate.weight, sizeof w->weight);
    memcpy(w->emotion7, estimate.emotion7, sizeof w->emotion7);
    /* A face too poor for the expression is too poor for the state, which has nothing else. */
    if (estimate.used & 1u << ATTUNE_FACE) {
        w->has_state = 1;
        at_fusion_states(s->m->fusion, face->visual.state, face->visual.engagement, w->state4,
                         w->engagement3);
    }
}

static void fill_window(const attune_session *s, const at_span *span, const at_candidate *c,
                        const at_voice_evidence *voice, attune_window *w)
{
    at_face_evidence face = {0};
    int frames = span->to - span->from;
    float share = frames && c ? (float)c->sightings / (float)frames : 0;

    unmeasured(&w->quality);
    if (c) {
        gather_face(s, span, c->track, &face);
        w->quality = face.measured;
        w->track = c->track;
        memcpy(w->box, face.box, sizeof w->box);
    }
    w->quality.face_share = frames ? share : NAN;
    w->quality.snr_db = voice->snr_db;
    w->quality.speech_share = voice->speech_share;
    fill_estimate(s, &face, share * span->cover, voice, w);
}

int at_session_make_windows(attune_session *s, int64_t start_us, int64_t end_us)
{
    at_span span = frames_in(s, start_us, end_us);
    at_candidate candidate[CANDIDATES];
    at_voice_evidence voice;
    int n, rc = gather_voice(s, start_us, end_us, &voice);

    if (rc < 0)
        return rc;
    n = choose(candidate, find_candidates(s, &span, candidate), s->max_tracks);
    s->n_ready = n ? n : 1;
    memset(s->ready, 0, sizeof s->ready);
    for (int i = 0; i < s->n_ready; i++) {
        s->ready[i].start_us = start_us;
        s->ready[i].end_us = end_us;
        fill_window(s, &span, n ? &candidate[i] : NULL, &voice, &s->ready[i]);
    }
    return ATTUNE_OK;
}
