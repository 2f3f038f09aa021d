/* session.c - the loop: what is pushed goes to the modalities that take it and moves the clock on;
 * windows that are due are made when they are asked for. */
#include "runtime/state.h"

#include "base/error.h"
#include "base/mem.h"

#include <math.h>

static const int64_t second_us = 1000000;
static const int64_t latest_us = INT64_C(9000000000000000); /* 285 years; exact as a double */

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
    if (f->thumbnails && (rc = check_range(f->thumbnails, ATTUNE_MIN_THUMBNAIL,
                                           ATTUNE_MAX_THUMBNAIL, "thumbnails", err)) < 0)
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
    for (int m = 0; m < ATTUNE_STREAMS && rc == ATTUNE_OK; m++)
        if (at_modalities[m]->input == AT_BESIDE || !s->clock.input[at_modalities[m]->input].absent)
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
    for (int m = 0; m < ATTUNE_STREAMS; m++)
        at_modalities[m]->free(&s->modality[m]);
    at_front_free(&s->front);
    at_pool_free(&s->pool);
    at_free(s);
    *out = NULL;
}

/* ---- pushing ------------------------------------------------------------------------------ */

/* Notes why a call fails; returns rc. */
static int failed(attune_session *s, int rc)
{
    if (rc == ATTUNE_E_NOMEM)
        return at_fail_nomem(&s->failure);
    if (rc == ATTUNE_E_STATE)
        return at_fail(&s->failure, ATTUNE_E_STATE,
                       s->clock.finished
                           ? "the session is finished: it takes no more input"
                           : "windows wait: take them with attune_session_next first");
    return rc < 0 ? at_fail(&s->failure, (attune_status)rc,
                            "the input could not be taken, or the model gives no numbers for it: "
                            "its file may be damaged")
                  : rc;
}

static int refuse(attune_session *s, const char *what, const char *why)
{
    return at_fail(&s->failure, ATTUNE_E_ARG, "%s: %s", what, why);
}

/* What is wrong with a time, or NULL. */
static const char *time_fault(int64_t t_us)
{
    if (t_us < 0)
        return "its time is before 0";
    return t_us > latest_us ? "its time is after 9e15 us" : NULL;
}

static int check_frame(attune_session *s, int64_t t_us, const attune_picture *p)
{
    const at_input_clock *pictures = &s->clock.input[AT_PICTURES];
    const char *fault = at_picture_fault(p);

    fault = fault ? fault : time_fault(t_us);
    if (!fault && s->o.no_video)
        fault = "the session was opened without video";
    if (!fault && pictures->started && t_us < pictures->head_us)
        fault = "its time is before that of the picture before it";
    if (fault)
        return refuse(s, "picture", fault);
    return s->clock.finished ? failed(s, ATTUNE_E_STATE) : ATTUNE_OK;
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

    for (int m = 0; m < ATTUNE_STREAMS; m++) {
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
            return failed(s, rc);
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

/* Sound as the modalities want it, checked. */
static int hear(attune_session *s, int64_t t_us, const float *pcm, size_t n)
{
    int64_t end = t_us + (int64_t)n * second_us / SOUND_RATE, head = INT64_MAX;

    for (int m = 0; m < ATTUNE_STREAMS; m++) {
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

static int check_sound(attune_session *s, int64_t t_us, int there, size_t n, size_t most)
{
    const char *fault = time_fault(t_us);

    if (!fault && s->o.no_audio)
        fault = "the session was opened without audio";
    if (!fault && !there && n > 0)
        fault = "there is none";
    if (!fault && n > most)
        fault = "more than a second in one push";
    if (fault)
        return refuse(s, "sound", fault);
    return s->clock.finished ? failed(s, ATTUNE_E_STATE) : ATTUNE_OK;
}

int attune_session_push_audio(attune_session *s, int64_t t_us, const float *pcm, size_t n)
{
    int rc = check_sound(s, t_us, pcm != NULL, n, ATTUNE_MAX_PUSH);

    if (rc < 0 || n == 0)
        return rc;
    return failed(s, hear(s, t_us, pcm, n));
}

/* Hands on what waits in the front, as far as it is taken. */
static int hear_front(attune_session *s)
{
    while (s->front.waiting > 0) {
        size_t n = s->front.waiting < ATTUNE_MAX_PUSH ? s->front.waiting : ATTUNE_MAX_PUSH;
        int rc = hear(s, at_front_us(&s->front), s->front.pcm, n);
        if (rc < 0)
            return rc;
        at_front_taken(&s->front, n);
    }
    return ATTUNE_OK;
}

static int end_front(attune_session *s)
{
    int rc = at_front_end(&s->front);

    return rc < 0 ? rc : hear_front(s);
}

static int check_kind(attune_session *s, const attune_sound *x)
{
    if (!x)
        return refuse(s, "sound", "there is none");
    if ((int)x->sample < 0 || x->sample >= ATTUNE_SAMPLES)
        return refuse(s, "sound", "its kind of sample is unknown");
    if (x->rate < ATTUNE_MIN_RATE || x->rate > ATTUNE_MAX_RATE)
        return refuse(s, "sound", "its rate is not from 2000 to 768000 samples a second");
    if (x->channels < 1 || x->channels > ATTUNE_MAX_CHANNELS)
        return refuse(s, "sound", "it has not from 1 to 64 channels");
    return ATTUNE_OK;
}

int attune_session_push_sound(attune_session *s, int64_t t_us, const attune_sound *x)
{
    int rc = check_kind(s, x);

    if (rc == ATTUNE_OK)
        rc = check_sound(s, t_us, x->data != NULL, x->n, (size_t)x->rate);
    if (rc < 0 || x->n == 0)
        return rc;
    rc = hear_front(s);
    if (rc == ATTUNE_OK && at_front_breaks(&s->front, t_us, x))
        rc = end_front(s);
    if (rc == ATTUNE_OK)
        rc = at_front_push(&s->front, t_us, x);
    if (rc < 0)
        return failed(s, rc);
    rc = hear_front(s);
    return rc == ATTUNE_E_STATE ? ATTUNE_OK : failed(s, rc); /* taken: it waits with the windows */
}

/* ---- beside pictures and sound --------------------------------------------------------------- */

/* m: whose modality it is. */
static int check_beside(attune_session *s, int m, int64_t t_us, const char *fault)
{
    fault = fault ? fault : time_fault(t_us);
    if (!s->modality[m])
        fault = "the session was opened without one";
    if (!fault && t_us < s->beside_us[m])
        fault = "its time is before that of the one before it";
    if (fault)
        return refuse(s, attune_modality_name(m), fault);
    return s->clock.finished ? failed(s, ATTUNE_E_STATE) : ATTUNE_OK;
}

int attune_session_push_signal(attune_session *s, int64_t t_us, const float *value)
{
    int rc = check_beside(s, ATTUNE_SIGNAL, t_us, value ? NULL : "there is no value");

    if (rc < 0)
        return rc;
    s->beside_us[ATTUNE_SIGNAL] = t_us;
    s->counts.signal_rows++;
    s->counts.late_signal_rows += at_clock_missed(&s->clock, t_us);
    at_modalities[ATTUNE_SIGNAL]->push_row(s->modality[ATTUNE_SIGNAL], t_us, value);
    return ATTUNE_OK;
}

void at_session_precede(attune_session *s, int64_t t_us, const float *value)
{
    const at_modality *signal = at_modalities[ATTUNE_SIGNAL];

    signal->push_row(s->modality[ATTUNE_SIGNAL], t_us, value);
    signal->forget_before(s->modality[ATTUNE_SIGNAL], t_us);
}

int attune_session_push_text(attune_session *s, int64_t t_us, const char *text, size_t n)
{
    const char *fault = !text && n ? "there is no text" : NULL;
    int rc;

    if (n > ATTUNE_MAX_MESSAGE)
        fault = "its text is longer than 65536 bytes";
    rc = check_beside(s, ATTUNE_CHAT, t_us, fault);
    if (rc < 0)
        return rc;
    s->beside_us[ATTUNE_CHAT] = t_us;
    s->counts.messages++;
    s->counts.late_messages += at_clock_missed(&s->clock, t_us);
    s->counts.unread_messages +=
        !at_modalities[ATTUNE_CHAT]->push_text(s->modality[ATTUNE_CHAT], t_us, text, n);
    return ATTUNE_OK;
}

/* ---- the end ---------------------------------------------------------------------------------- */

void at_session_cut(attune_session *s, int64_t end_us)
{
    at_clock_cut(&s->clock, end_us);
}

int at_session_hear_again(attune_session *s, int64_t t_us, const float *pcm, size_t n)
{
    int rc = ATTUNE_OK;

    for (int m = 0; m < ATTUNE_MODALITIES && rc == ATTUNE_OK; m++) {
        int64_t heard = INT64_MIN;
        if (s->modality[m] && at_modalities[m]->push_sound)
            rc = at_modalities[m]->push_sound(s->modality[m], t_us, pcm, n, &heard);
    }
    return failed(s, rc);
}

static void keep_beside(at_keep *k, attune_session *s)
{
    attune_counts *n = &s->counts;

    for (int m = ATTUNE_MODALITIES; m < ATTUNE_STREAMS; m++)
        at_keep_time(k, &s->beside_us[m]);
    at_keep_count(k, &n->signal_rows);
    at_keep_count(k, &n->late_signal_rows);
    at_keep_count(k, &n->messages);
    at_keep_count(k, &n->late_messages);
    at_keep_count(k, &n->unread_messages);
    if (n->unread_messages > n->messages)
        k->status = ATTUNE_E_FORMAT;
}

void at_session_keep(at_keep *k, attune_session *s)
{
    at_clock_keep(k, &s->clock);
    at_baselines_keep(k, &s->baselines);
    at_keep_time(k, &s->last_period);
    at_keep_count(k, &s->counts.frames);
    at_keep_count(k, &s->counts.frames_with_face);
    at_keep_count(k, &s->counts.late_frames);
    at_keep_count(k, &s->counts.late_audio_us);
    keep_beside(k, s);
    for (int m = 0; m < ATTUNE_STREAMS; m++)
        if (s->modality[m])
            at_modalities[m]->keep(s->modality[m], k);
}

void at_session_watch(attune_session *s, const at_watch *w)
{
    s->watch = *w;
    for (int m = 0; m < ATTUNE_STREAMS; m++)
        if (s->modality[m] && at_modalities[m]->watch)
            at_modalities[m]->watch(s->modality[m], w);
}

int attune_session_finish(attune_session *s)
{
    int rc;

    if (s->clock.finished)
        return ATTUNE_OK;
    rc = end_front(s);
    if (rc < 0)
        return failed(s, rc);
    for (int m = 0; m < ATTUNE_STREAMS && rc == ATTUNE_OK; m++) {
        at_input_clock *in;
        if (!at_modalities[m]->finish)
            continue;
        in = &s->clock.input[at_modalities[m]->input];
        if (in->started)
            rc = at_modalities[m]->finish(s->modality[m], &in->head_us);
    }
    s->clock.finished = 1;
    return failed(s, rc);
}

const char *attune_session_error(const attune_session *s)
{
    return s->failure.text;
}

/* ---- pulling ------------------------------------------------------------------------------ */

/* Of the pictures before end_us, to whoever asked to be told. */
static void tell_pictures(attune_session *s, int64_t end_us)
{
    for (int m = 0; m < ATTUNE_STREAMS && s->o.on_sighting; m++)
        if (s->modality[m] && at_modalities[m]->tell)
            at_modalities[m]->tell(s->modality[m], end_us);
}

static void forget(attune_session *s)
{
    int64_t needed = at_clock_needed(&s->clock);

    for (int m = 0; m < ATTUNE_STREAMS; m++)
        if (s->modality[m])
            at_modalities[m]->forget_before(s->modality[m], needed);
}

int attune_session_next(attune_session *s, attune_window *out)
{
    int64_t start, end;
    int rc;

    if (s->next_ready == s->n_ready) {
        if (!at_clock_due(&s->clock, &start, &end)) {
            if (s->clock.finished)
                tell_pictures(s, INT64_MAX);
            return 0;
        }
        rc = at_session_make_windows(s, start, end);
        if (rc < 0)
            return failed(s, rc);
        tell_pictures(s, end);
        s->next_ready = 0;
        at_clock_made(&s->clock, end);
        forget(s);
    }
    *out = s->ready[s->next_ready++];
    return 1;
}

const at_testimony *at_session_testimony(const attune_session *s)
{
    return &s->told[s->next_ready - 1];
}

int attune_session_thumbnail(const attune_session *s, int i, attune_thumbnail *out)
{
    for (int m = 0; m < ATTUNE_STREAMS; m++)
        if (s->modality[m] && at_modalities[m]->thumbnail)
            return at_modalities[m]->thumbnail(s->modality[m], i, out);
    return 0;
}

void attune_session_counts(const attune_session *s, attune_counts *out)
{
    *out = s->counts;
    out->end_us = at_clock_end(&s->clock);
}
