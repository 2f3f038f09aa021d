/* session.c - the loop: what is pushed goes to the modalities that take it and moves the clock on;
 * windows that are due are made when they are asked for. */
#include "runtime/state.h"

#include "base/error.h"
#include "base/mem.h"

#include <math.h>

static const int64_t second_us = 1000000;
static const int64_t latest_us = INT64_C(1000000000000000); /* 31 years */

enum { SOUND_RATE = 16000 }; /* samples a second of what is pushed */

/* How much too early a frame may be for its period, for the sake of rounded times; the reader of
 * files has the same rule. */
static const int64_t early_us = 1000;

/* ---- open and free ------------------------------------------------------------------------ */

static int check_range(double v, double lo, double hi, const char *name, attune_error *err)
{
    if (v >= lo && v <= hi)
        return ATTUNE_OK;
    return at_fail(err, ATTUNE_E_ARG, "%s is %g, not from %g to %g", name, v, lo, hi);
}

static int fill_options(attune_options *f, const attune_options *o, attune_error *err)
{
    int rc;

    *f = o ? *o : (attune_options){0};
    f->rate = f->rate == 0 ? ATTUNE_DEFAULT_RATE : f->rate;
    f->window_s = f->window_s == 0 ? ATTUNE_DEFAULT_WINDOW_S : f->window_s;
    f->hop_s = f->hop_s == 0 ? fmin(ATTUNE_DEFAULT_HOP_S, f->window_s) : f->hop_s;
    f->lag_s = f->lag_s == 0 ? ATTUNE_DEFAULT_LAG_S : f->lag_s;
    f->max_tracks = f->max_tracks == 0 ? 1 : f->max_tracks;
    f->min_face = f->min_face == 0 ? ATTUNE_DEFAULT_MIN_FACE : f->min_face;
    if ((rc = check_range(f->rate, 0.1, 60, "rate", err)) < 0 ||
        (rc = check_range(f->window_s, 0.5, 30, "window_s", err)) < 0 ||
        (rc = check_range(f->hop_s, 0.05, f->window_s, "hop_s", err)) < 0 ||
        (rc = check_range(f->lag_s, 0, 30, "lag_s", err)) < 0 ||
        (rc = check_range(f->max_tracks, 1, ATTUNE_MAX_TRACKS, "max_tracks", err)) < 0 ||
        (rc = check_range(f->min_face, 12, 2000, "min_face", err)) < 0 ||
        (rc = check_range(f->threads, 0, 1024, "threads", err)) < 0)
        return rc;
    if (f->no_video && f->no_audio)
        return at_fail(err, ATTUNE_E_ARG, "neither video nor audio: nothing to analyse");
    return ATTUNE_OK;
}

static void set_clock(at_clock *c, const attune_options *o)
{
    c->window_us = llround(o->window_s * 1e6);
    c->hop_us = llround(o->hop_s * 1e6);
    c->lag_us = llround(o->lag_s * 1e6);
    c->input[AT_PICTURES].absent = o->no_video;
    c->input[AT_SOUND].absent = o->no_audio;
}

static int open_modalities(attune_session *s, attune_error *err)
{
    int rc = ATTUNE_OK;

    s->setting = (at_setting){.model = s->m, .o = &s->o, .pool = s->pool};
    for (int m = 0; m < ATTUNE_MODALITIES && rc == ATTUNE_OK; m++)
        if (!s->clock.input[at_modalities[m]->input].absent)
            rc = at_modalities[m]->open(&s->modality[m], &s->setting, err);
    return rc;
}

int attune_session_open(attune_session **out, const attune_model *m, const attune_options *o,
                        attune_error *err)
{
    attune_session *s = at_calloc(1, sizeof *s);
    int rc;

    *out = NULL;
    if (!s)
        return at_fail_nomem(err);
    s->m = m;
    s->last_period = -1;
    rc = fill_options(&s->o, o, err);
    if (rc == ATTUNE_OK) {
        set_clock(&s->clock, &s->o);
        rc = at_pool_create(&s->pool, s->o.threads, err);
    }
    if (rc == ATTUNE_OK)
        rc = open_modalities(s, err);
    if (rc < 0)
        attune_session_free(&s);
    *out = s;
    return rc;
}

void attune_session_free(attune_session **out)
{
    attune_session *s = *out;

    if (!s)
        return;
    for (int m = 0; m < ATTUNE_MODALITIES; m++)
        at_modalities[m]->free(&s->modality[m]);
    at_pool_free(&s->pool);
    at_free(s);
    *out = NULL;
}

/* ---- pushing ------------------------------------------------------------------------------ */

static int check_frame(const attune_session *s, int64_t t_us, const attune_picture *p)
{
    const at_input_clock *pictures = &s->clock.input[AT_PICTURES];

    if (at_picture_check(p) < 0 || t_us < 0 || t_us > latest_us || s->o.no_video ||
        (pictures->started && t_us < pictures->head_us))
        return ATTUNE_E_ARG;
    return s->clock.finished ? ATTUNE_E_STATE : ATTUNE_OK;
}

/* A frame lasts until the next one; the last one as long as the one before it, but no longer
 * than frames are apart when they are analysed. */
static int64_t frame_end(const attune_session *s, int64_t t)
{
    const at_input_clock *pictures = &s->clock.input[AT_PICTURES];
    int64_t period = llround(1e6 / s->o.rate);
    int64_t since = pictures->started ? t - pictures->head_us : period;

    return t + (since < period ? since : period);
}

static int look(attune_session *s, int64_t t_us, const attune_picture *p)
{
    int seen = 0;

    for (int m = 0; m < ATTUNE_MODALITIES; m++) {
        int rc = at_modalities[m]->push_picture
                     ? at_modalities[m]->push_picture(s->modality[m], t_us, p)
                     : 0;
        if (rc < 0)
            return rc;
        seen += rc;
    }
    s->counts.frames++;
    s->counts.frames_with_face += seen > 0;
    return ATTUNE_OK;
}

int attune_session_push_picture(attune_session *s, int64_t t_us, const attune_picture *p)
{
    int64_t period;
    int rc = check_frame(s, t_us, p);

    if (rc < 0)
        return rc;
    period = (int64_t)((double)(t_us + early_us) * s->o.rate / (double)second_us);
    s->counts.late_frames += at_clock_late(&s->clock, AT_PICTURES, t_us, t_us + 1) > 0;
    if (period > s->last_period && t_us >= at_clock_needed(&s->clock)) {
        rc = look(s, t_us, p);
        if (rc < 0)
            return rc;
        s->last_period = period;
    }
    at_clock_move(&s->clock, AT_PICTURES, t_us, t_us, frame_end(s, t_us));
    return ATTUNE_OK;
}

int attune_session_push_video(attune_session *s, int64_t t_us, const uint8_t *rgb, int w, int h,
                              ptrdiff_t stride)
{
    const attune_picture p = {.w = w, .h = h, .plane = {rgb}, .stride = {stride}};

    return attune_session_push_picture(s, t_us, &p);
}

int attune_session_push_audio(attune_session *s, int64_t t_us, const float *pcm, size_t n)
{
    int64_t end = t_us + (int64_t)n * second_us / SOUND_RATE, head = INT64_MAX;

    if ((!pcm && n) || n > ATTUNE_MAX_PUSH || t_us < 0 || t_us > latest_us || s->o.no_audio)
        return ATTUNE_E_ARG;
    if (s->clock.finished)
        return ATTUNE_E_STATE;
    if (n == 0)
        return ATTUNE_OK;
    for (int m = 0; m < ATTUNE_MODALITIES; m++) {
        int64_t heard = s->clock.input[AT_SOUND].head_us;
        int rc;
        if (!at_modalities[m]->push_sound)
            continue;
        rc = at_modalities[m]->push_sound(s->modality[m], t_us, pcm, n, &heard);
        if (rc < 0)
            return rc;
        head = heard < head ? heard : head;
    }
    s->counts.late_audio_us += at_clock_late(&s->clock, AT_SOUND, t_us, end);
    at_clock_move(&s->clock, AT_SOUND, t_us, head, end);
    return ATTUNE_OK;
}

int attune_session_finish(attune_session *s)
{
    int rc = ATTUNE_OK;

    if (s->clock.finished)
        return ATTUNE_OK;
    for (int m = 0; m < ATTUNE_MODALITIES && rc == ATTUNE_OK; m++) {
        at_input_clock *in = &s->clock.input[at_modalities[m]->input];
        if (in->started && at_modalities[m]->finish)
            rc = at_modalities[m]->finish(s->modality[m], &in->head_us);
    }
    s->clock.finished = 1;
    return rc;
}

/* ---- pulling ------------------------------------------------------------------------------ */

static void forget(attune_session *s)
{
    int64_t needed = at_clock_needed(&s->clock);

    for (int m = 0; m < ATTUNE_MODALITIES; m++)
        if (s->modality[m])
            at_modalities[m]->forget_before(s->modality[m], needed);
}

int attune_session_next(attune_session *s, attune_window *out)
{
    int64_t start, end;
    int rc;

    if (s->next_ready == s->n_ready) {
        if (!at_clock_due(&s->clock, &start, &end))
            return 0;
        rc = at_session_make_windows(s, start, end);
        if (rc < 0)
            return rc;
        s->next_ready = 0;
        at_clock_made(&s->clock, end);
        forget(s);
    }
    *out = s->ready[s->next_ready++];
    return 1;
}

void attune_session_counts(const attune_session *s, attune_counts *out)
{
    *out = s->counts;
    out->end_us = at_clock_end(&s->clock);
}
