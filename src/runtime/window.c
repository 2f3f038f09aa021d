/* window.c - joins what the modalities found of each subject and has the fusion weigh it. */
#include "runtime/state.h"

#include <limits.h>
#include <math.h>
#include <string.h>

/* All modalities' findings over one window. */
typedef struct at_findings {
    at_finding list[ATTUNE_STREAMS][AT_FINDINGS];
    int count[ATTUNE_STREAMS];
    int apart; /* a finding without a name is nobody's of those with one, but has a row of its own */
} at_findings;

#define LATEST_US INT64_C(9000000000000000)

enum { SUBJECTS = ATTUNE_MAX_TRACKS + 1 };

static int collect(attune_session *s, int64_t start_us, int64_t end_us, at_findings *out)
{
    memset(out->count, 0, sizeof out->count);
    out->apart = 0;
    for (int m = 0; m < ATTUNE_STREAMS; m++) {
        int n = s->modality[m]
                    ? at_modalities[m]->collect(s->modality[m], start_us, end_us, out->list[m])
                    : 0;
        if (n < 0)
            return n;
        out->count[m] = n;
    }
    return ATTUNE_OK;
}

/* Gives the voice to the face it belongs to, or sets it apart. */
static void give_voice(at_findings *f)
{
    at_finding *voice = f->list[ATTUNE_VOICE];
    const at_activity *face[AT_FINDINGS];
    int speaker;

    if (f->count[ATTUNE_VOICE] != 1 || voice->subject || !f->count[ATTUNE_FACE])
        return;
    for (int i = 0; i < f->count[ATTUNE_FACE]; i++)
        face[i] = &f->list[ATTUNE_FACE][i].activity;
    speaker = at_speaker_of(face, f->count[ATTUNE_FACE], &voice->activity);
    if (speaker >= 0)
        voice->subject = f->list[ATTUNE_FACE][speaker].subject;
    else
        f->apart = 1;
}

/* What was recorded beside is of whom the recording is: the one in view or, with nobody there, whoever is heard. Of
 * several nobody can say whose it is. */
static void give_beside(at_findings *f)
{
    for (int m = ATTUNE_MODALITIES; m < ATTUNE_STREAMS; m++)
        if (f->count[m] && f->count[ATTUNE_FACE] == 1)
            f->list[m][0].subject = f->list[ATTUNE_FACE][0].subject;
        else if (f->count[ATTUNE_FACE])
            f->count[m] = 0;
}

/* The subjects with a number, in order of the modality that numbers them and of first sight. */
static int list_subjects(const at_findings *f, uint32_t *subject)
{
    int n = 0;

    for (int m = 0; m < ATTUNE_STREAMS; m++)
        for (int i = 0; i < f->count[m] && n < ATTUNE_MAX_TRACKS; i++) {
            int known = f->list[m][i].subject == 0;
            for (int k = 0; k < n; k++)
                known |= subject[k] == f->list[m][i].subject;
            if (!known)
                subject[n++] = f->list[m][i].subject;
        }
    if (f->apart)
        subject[n++] = 0;
    return n;
}

/* Which finding of a modality is the subject's. -1: none. */
static int finding_of(const at_findings *f, int m, uint32_t subject)
{
    for (int i = 0; i < f->count[m]; i++)
        if (f->list[m][i].subject == subject)
            return i;
    return -1;
}

static void unmeasured(attune_window *w)
{
    for (int u = 0; u < ATTUNE_UNITS; u++)
        w->unit[u] = NAN;
    w->quality = (attune_quality){.sharpness = NAN,
                                  .brightness = NAN,
                                  .contrast = NAN,
                                  .face_size = NAN,
                                  .detector_score = NAN,
                                  .coverage = NAN,
                                  .yaw = NAN,
                                  .pitch = NAN,
                                  .roll = NAN,
                                  .face_share = NAN,
                                  .snr_db = NAN,
                                  .speech_share = NAN};
}

static void note_estimate(const at_estimate *e, attune_window *w)
{
    w->used = e->used;
    w->abstain = e->abstain || e->doubtful;
    memcpy(w->condition, e->condition, sizeof e->condition);
    memcpy(w->reliability, e->reliability, sizeof e->reliability);
    memcpy(w->weight, e->weight, sizeof e->weight);
    memcpy(w->emotion7, e->emotion7, sizeof w->emotion7);
    w->has_state = e->has_state;
    memcpy(w->state4, e->state4, sizeof w->state4);
    memcpy(w->engagement3, e->engagement3, sizeof w->engagement3);
}

/* Takes what is usual for the person out of the logits, which move to plain. */
static void take_usual(const attune_session *s, const at_acquaintance *p, at_evidence *evidence,
                       float plain[ATTUNE_MODALITIES][AT_MOST_CLASSES])
{
    for (int m = 0; m < ATTUNE_MODALITIES; m++) {
        const at_usual *usual = at_fusion_usual(s->m->fusion, m);
        if (!evidence[m].present || !usual->classes)
            continue;
        at_baseline_remove(usual, &p->of[m], evidence[m].logit, plain[m]);
        evidence[m].logit = plain[m];
    }
}

/* What was taken out, by weight, and how long it has been followed for. */
static void note_usual(const at_acquaintance *p, const at_estimate *e, attune_window *w)
{
    memset(w->offset, 0, sizeof w->offset);
    w->baseline_s = 0;
    for (int m = 0; m < ATTUNE_MODALITIES; m++) {
        float offset[ATTUNE_EMOTIONS];
        at_fusion_offset(m, p->of[m].offset, offset);
        w->baseline_s += e->weight[m] * p->of[m].seconds;
        for (int k = 0; k < ATTUNE_EMOTIONS; k++)
            w->offset[k] += e->weight[m] * offset[k];
    }
}

/* Answers to what was fit to be judged, as they were, tell what is usual. */
static void follow_usual(const attune_session *s, at_acquaintance *p, const at_testimony *t)
{
    const at_estimate *e = &t->estimate;

    for (int m = 0; m < ATTUNE_MODALITIES; m++)
        if (t->present[m] && !e->abstain && e->used & 1u << m)
            at_baseline_follow(at_fusion_usual(s->m->fusion, m), &p->of[m], t->logit[m],
                               (float)s->o.hop_s * e->condition[m]);
}

static void testify(const at_evidence evidence[ATTUNE_STREAMS], at_testimony *t)
{
    for (int m = 0; m < ATTUNE_MODALITIES; m++) {
        t->present[m] = evidence[m].present;
        if (evidence[m].present)
            memcpy(t->logit[m], evidence[m].logit, (size_t)at_fusion_classes(m) * sizeof(float));
    }
}

static void estimate(attune_session *s, at_evidence evidence[ATTUNE_STREAMS], attune_window *w,
                     at_testimony *t)
{
    at_acquaintance *person = at_baselines_meet(&s->baselines, w->track, w->end_us);
    float plain[ATTUNE_MODALITIES][AT_MOST_CLASSES];

    testify(evidence, t);
    if (!s->o.no_baseline)
        take_usual(s, person, evidence, plain);
    at_fusion_run(s->m->fusion, evidence, &t->estimate);
    note_estimate(&t->estimate, w);
    if (s->watch.asked)
        s->watch.asked(s->watch.user, evidence, w);
    if (s->o.no_baseline)
        return;
    note_usual(person, &t->estimate, w);
    follow_usual(s, person, t);
}

float at_session_known_s(const attune_session *s, uint32_t person)
{
    const at_acquaintance *p = at_baselines_find(&s->baselines, person);
    float longest = 0;

    for (int m = 0; m < ATTUNE_MODALITIES && p; m++)
        longest = fmaxf(longest, p->of[m].seconds);
    return longest;
}

void at_session_tell_again(const attune_session *s, const at_testimony *t, attune_window *w)
{
    const at_acquaintance *person = at_baselines_find(&s->baselines, w->track);
    at_evidence evidence[ATTUNE_STREAMS] = {{0}};
    float plain[ATTUNE_MODALITIES][AT_MOST_CLASSES];
    at_estimate e = t->estimate;

    if (!person)
        return;
    for (int m = 0; m < ATTUNE_MODALITIES; m++)
        evidence[m] = (at_evidence){.present = t->present[m], .logit = t->logit[m]};
    take_usual(s, person, evidence, plain);
    at_fusion_answer(s->m->fusion, evidence, &e);
    note_estimate(&e, w);
    note_usual(person, &e, w);
}

static void fill_window(attune_session *s, const at_findings *f, uint32_t subject, attune_window *w,
                        at_testimony *t)
{
    at_evidence evidence[ATTUNE_STREAMS] = {{0}};

    w->track = subject;
    unmeasured(w);
    for (int m = 0; m < ATTUNE_STREAMS; m++) {
        int i = finding_of(f, m, subject);
        if (i >= 0)
            evidence[m] = f->list[m][i].evidence;
        if (s->modality[m] && at_modalities[m]->describe)
            at_modalities[m]->describe(s->modality[m], i, w);
    }
    estimate(s, evidence, w, t);
}

int at_session_has_beside(const attune_session *s)
{
    return s->modality[ATTUNE_SIGNAL] || s->modality[ATTUNE_CHAT];
}

static const attune_beside *tell_beside(attune_session *s)
{
    s->beside = (attune_beside){.messages = -1};
    for (int m = 0; m < ATTUNE_STREAMS; m++)
        if (s->modality[m] && at_modalities[m]->tell_beside)
            at_modalities[m]->tell_beside(s->modality[m], &s->beside);
    return at_session_has_beside(s) ? &s->beside : NULL;
}

int at_session_make_windows(attune_session *s, int64_t start_us, int64_t end_us)
{
    uint32_t subject[SUBJECTS];
    at_findings found;
    const attune_beside *beside;
    int n, rc = collect(s, start_us, end_us, &found);

    if (rc < 0)
        return rc;
    beside = tell_beside(s);
    give_voice(&found);
    give_beside(&found);
    n = list_subjects(&found, subject);
    s->n_ready = n ? n : 1;
    memset(s->ready, 0, sizeof s->ready);
    for (int i = 0; i < s->n_ready; i++) {
        s->ready[i].start_us = start_us;
        s->ready[i].end_us = end_us;
        s->ready[i].beside = beside;
        fill_window(s, &found, n ? subject[i] : 0, &s->ready[i], &s->told[i]);
    }
    return ATTUNE_OK;
}

static int is_flag(int x)
{
    return x == 0 || x == 1;
}

/* A column that nobody recorded says nothing. */
static void keep_signal(at_keep *k, attune_signal *x)
{
    at_keep_floats(k, &x->mean, 1);
    at_keep_floats(k, &x->slope, 1);
    at_keep_floats(k, &x->deviation, 1);
    at_keep_shares(k, &x->coverage, 1);
    at_keep_floats(k, &x->z, 1);
}

static void keep_said(at_keep *k, attune_beside *b)
{
    if (k->reads)
        *b = (attune_beside){0};
    at_keep_int(k, &b->signals, 0, ATTUNE_MAX_SIGNALS);
    for (int i = 0; i < ATTUNE_MAX_SIGNALS; i++)
        keep_signal(k, &b->signal[i]);
    at_keep_int(k, &b->messages, -1, INT_MAX);
    at_keep_int(k, &b->unread, 0, b->messages > 0 ? b->messages : 0);
    at_keep_shares(k, b->chat_emotion7, ATTUNE_EMOTIONS);
    at_keep_shares(k, b->chat_state4, ATTUNE_STATES);
}

/* Without where what is recorded beside lies, which no file can know. */
void at_window_keep(at_keep *k, attune_window *w, attune_beside *beside)
{
    attune_window bare = *w;

    bare.beside = NULL;
    at_keep_bytes(k, &bare, sizeof bare);
    if (bare.beside || bare.start_us < 0 || bare.end_us < bare.start_us ||
        bare.end_us > LATEST_US || bare.used >= 1u << ATTUNE_STREAMS || !is_flag(bare.abstain) ||
        !is_flag(bare.has_state))
        k->status = ATTUNE_E_FORMAT;
    if (beside)
        keep_said(k, beside);
    if (!k->reads)
        return;
    *w = bare;
    w->beside = beside;
}
