#include "base/error.h"
#include "base/mem.h"
#include "base/progress.h"
#include "dsp/features.h"
#include "dsp/vad.h"
#include "runtime/analyze.h"
#include "runtime/analyze_beside.h"
#include "runtime/analyze_notes.h"
#include "runtime/analyze_resume.h"
#include "runtime/feed.h"
#include "runtime/hindsight.h"
#include "runtime/state.h"
#include "vision/search.h"

#include <attune/resume.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static const double default_patience_s = 30; /* with an input that broke off */

typedef struct at_analysis {
    at_feed *feed;
    attune_session *session;
    const attune_sink *sink;
    const at_analyze_change *change; /* nullable */
    at_resume *resume;               /* nullable */
    const char *path;
    int waits; /* windows, until their person is known */
    at_hindsight hindsight;
    at_beside beside;
    int stopped; /* by whoever takes the windows */
    int torn;    /* stopped in the middle of a packet: no state to go on from */
    double done_s;
    double opened_s; /* at_now; 0: not yet */
    double spent_s;  /* by earlier runs */
    void (*on_live)(void *user, const attune_live *x);
    void *on_live_user;
    attune_options options; /* the caller's */
} at_analysis;

static int fail_session(const at_analysis *a, int rc, attune_error *err)
{
    if (rc == ATTUNE_E_NOMEM)
        return at_fail_nomem(err);
    return at_fail(err, (attune_status)rc, "%s: %s", a->path, attune_session_error(a->session));
}

static int fail_interrupted(const at_analysis *a, attune_error *err)
{
    return at_fail(err, ATTUNE_E_INTERRUPTED, "%s: stopped", a->path);
}

static void tell_live(const at_analysis *a)
{
    attune_live x = {.elapsed_s = at_now() - a->opened_s};
    attune_counts counts;
    at_feed_state state;

    at_feed_get_state(a->feed, &state);
    attune_session_counts(a->session, &counts);
    x.lag_s = state.lag_s;
    x.has_video = state.has_video;
    x.has_audio = state.has_audio;
    x.dropped_frames = state.dropped + counts.late_frames;
    x.late_audio_s = (double)counts.late_audio_us / 1e6;
    for (int i = 0; i < 2; i++) {
        const at_live_state *live = &state.live[i];
        x.away |= live->away;
        x.breaks += live->breaks;
        x.away_s += live->away_s;
        if (live->why[0] && (!x.why[0] || live->away))
            snprintf(x.why, sizeof x.why, "%s", live->why);
    }
    a->on_live(a->on_live_user, &x);
}

static int progress(void *user)
{
    const at_analysis *a = user;
    at_media_info info = {0};

    if (a->feed)
        at_feed_info(a->feed, &info);
    if (info.live && a->on_live && a->session)
        tell_live(a);
    if (!a->sink->progress)
        return 0;
    return a->sink->progress(a->sink->user, a->done_s, (double)info.container_us / 1e6);
}

static int hand_on(at_analysis *a, const attune_window *w, attune_error *err)
{
    a->stopped = a->sink->window && a->sink->window(a->sink->user, w);
    if (a->stopped)
        return fail_interrupted(a, err);
    if (a->resume)
        at_resume_add_window(a->resume, w);
    return ATTUNE_OK;
}

/* What waited, as far as it is to wait no longer; all: all of it. */
static int hand_on_held(at_analysis *a, int all, attune_error *err)
{
    attune_window w;
    int rc = ATTUNE_OK;

    while (rc == ATTUNE_OK && at_hindsight_next(&a->hindsight, all, &w))
        rc = hand_on(a, &w, err);
    return rc;
}

static int drain(at_analysis *a, attune_error *err)
{
    attune_window w;
    int rc;

    while ((rc = attune_session_next(a->session, &w)) == 1) {
        if (a->waits && at_hindsight_hold(&a->hindsight, a->session, &w) < 0)
            return at_fail_nomem(err);
        rc = a->waits ? hand_on_held(a, 0, err) : hand_on(a, &w, err);
        if (rc < 0)
            return rc;
    }
    return rc < 0 ? fail_session(a, rc, err) : ATTUNE_OK;
}

static int push_beside(at_analysis *a, int64_t until_us, attune_error *err)
{
    const int rc = at_beside_push(&a->beside, a->session, until_us, err);

    a->torn |= rc == ATTUNE_E_INTERRUPTED;
    return rc;
}

static int push_frame(at_analysis *a, const at_media_packet *p, attune_error *err)
{
    int rc = push_beside(a, p->t_us, err);

    if (rc < 0)
        return rc;
    rc = attune_session_push_picture(a->session, p->t_us, &p->picture);
    return rc < 0 ? fail_session(a, rc, err) : drain(a, err);
}

static int push_sound(at_analysis *a, const at_media_packet *p, attune_error *err)
{
    size_t n;

    for (size_t i = 0; i < p->n; i += n) {
        int64_t t = p->t_us + (int64_t)i * 1000000 / AT_MEDIA_AUDIO_RATE;
        int rc;

        n = p->n - i < ATTUNE_MAX_PUSH ? p->n - i : ATTUNE_MAX_PUSH;
        rc = push_beside(a, t + (int64_t)n * 1000000 / AT_MEDIA_AUDIO_RATE, err);
        if (rc < 0)
            return rc;
        rc = attune_session_push_audio(a->session, t, p->pcm + i, n);
        if (rc < 0)
            return fail_session(a, rc, err);
        rc = drain(a, err);
        if (rc < 0)
            return rc;
    }
    return ATTUNE_OK;
}

static int push(at_analysis *a, at_media_packet *p, attune_error *err)
{
    int rc = a->change && a->change->packet ? a->change->packet(a->change->user, p, err)
                                            : ATTUNE_OK;

    if (rc < 0)
        return rc;
    return p->kind == AT_MEDIA_VIDEO ? push_frame(a, p, err) : push_sound(a, p, err);
}

/* p: nullable, as at_resume_take, whose result it is. */
static int meet(at_analysis *a, const at_media_packet *p, attune_error *err)
{
    const int behind = at_resume_catches_up(a->resume);
    at_media_info info;

    at_feed_info(a->feed, &info);
    int rc = at_resume_take(a->resume, a->session, p, &info, err);
    if (rc == 1 && behind) {
        const int told = at_resume_tell(a->resume, a->sink, &a->options, err);
        a->stopped = told == ATTUNE_E_INTERRUPTED;
        rc = told < 0 ? told : rc;
    }
    return rc;
}

/* ATTUNE_OK, AT_RESUME_ANEW or < 0. */
static int take(at_analysis *a, at_media_packet *p, attune_error *err)
{
    int rc = a->resume ? meet(a, p, err) : 1;

    a->done_s = fmax(a->done_s, (double)p->t_us / 1e6);
    if (rc != 1)
        return rc;
    rc = push(a, p, err);
    if (rc == ATTUNE_OK && a->resume)
        rc = at_resume_save(a->resume, a->session, &a->hindsight, &a->beside, 0, err);
    return rc;
}

static int analyze(at_analysis *a, attune_error *err)
{
    at_media_packet p;
    at_media_info media;
    int rc;

    while ((rc = at_feed_next(a->feed, &p, err)) > 0) {
        if (rc == 1 && (rc = take(a, &p, err)) != ATTUNE_OK)
            return rc;
        if (progress(a))
            return fail_interrupted(a, err);
    }
    if (rc == ATTUNE_OK && a->resume && (rc = meet(a, NULL, err)) == 1)
        rc = ATTUNE_OK;
    if (rc != ATTUNE_OK)
        return rc;
    at_feed_info(a->feed, &media);
    at_session_cut(a->session, media.duration_us);
    rc = push_beside(a, media.duration_us, err);
    if (rc < 0)
        return rc;
    rc = attune_session_finish(a->session);
    if (rc < 0)
        return fail_session(a, rc, err);
    rc = drain(a, err);
    return rc < 0 ? rc : hand_on_held(a, 1, err);
}

static void on_sighting(void *user, const attune_sighting *s)
{
    const at_analysis *a = user;

    a->options.on_sighting(a->options.on_sighting_user, s);
    at_resume_add_sighting(a->resume, s);
}

/* Of what was interrupted as well: the windows that wait, and the thumbnails of the faces they told of. Whoever
 * stopped it by the progress has them all the same; whoever did by a window has had enough. */
static int hand_on_rest(at_analysis *a, attune_error *err)
{
    attune_thumbnail t;
    attune_window w;

    while (!a->stopped && at_hindsight_next(&a->hindsight, 1, &w))
        if (a->sink->window)
            a->sink->window(a->sink->user, &w);
    if (!a->options.thumbnails || !a->sink->thumbnail)
        return ATTUNE_OK;
    for (int i = 0; attune_session_thumbnail(a->session, i, &t); i++)
        if (a->sink->thumbnail(a->sink->user, &t))
            return fail_interrupted(a, err);
    return ATTUNE_OK;
}

static void fill_info(const at_analysis *a, double start, attune_input_info *info)
{
    at_media_info media = {0};
    at_feed_state state = {0};

    memset(info, 0, sizeof *info);
    if (a->session)
        attune_session_counts(a->session, &info->counts);
    if (a->feed)
        at_feed_info(a->feed, &media);
    if (a->feed)
        at_feed_get_state(a->feed, &state);
    info->duration_s = (double)media.duration_us / 1e6;
    info->container_s = (double)media.container_us / 1e6;
    info->has_video = media.has_video;
    info->has_audio = media.has_audio;
    info->width = media.w;
    info->height = media.h;
    if (a->session && info->has_video)
        info->smallest_face = at_search_smallest(a->options.min_face, media.w, media.h);
    at_notes_write(info, &media, &state, a->options.no_sandbox);
    if (a->session)
        at_beside_note(&a->beside, a->session, info);
    info->truncated = media.truncated;
    snprintf(info->truncated_reason, sizeof info->truncated_reason, "%s", media.truncated_reason);
    info->elapsed_s = at_now() - start + (a->resume ? a->spent_s : 0);
}

/* Speech that is heard, for choosing among sound tracks: a steady tone, too, stands out from
 * silence, but not from the noise that it soon counts as. */
static double speech_s(const float *pcm, size_t n)
{
    at_feature_row *rows = NULL;
    at_voice_quality quality;
    size_t n_rows = 0;

    if (at_features_extract(pcm, n, NULL, &rows, &n_rows, NULL) < 0)
        return 0;
    at_voice_quality_of(rows, n_rows, &quality);
    at_free(rows);
    return quality.speech_share * quality.clear * (double)n_rows / AT_FRAMES_PER_S;
}

static at_media_options media_options(const attune_options *o)
{
    return (at_media_options){.no_video = o->no_video,
                              .no_audio = o->no_audio,
                              .rate = o->rate > 0 ? o->rate : ATTUNE_DEFAULT_RATE,
                              .threads = o->threads,
                              .video_track = o->video_track,
                              .audio_track = o->audio_track,
                              .speech_s = speech_s,
                              .pcm_rate = o->pcm_rate,
                              .live = o->live || o->mic,
                              .no_sandbox = o->no_sandbox};
}

static int open_all(at_analysis *a, const attune_model *m, attune_error *err)
{
    attune_options options = a->options;
    at_media_options media = media_options(&options);
    const at_feed_sound mic = {.path = options.mic, .live = 1};
    const at_feed_sound *sound = a->change ? a->change->sound : NULL;
    at_media_info info;
    media.interrupted = progress;
    media.user = a;
    media.ahead = m->ahead;
    if (a->resume)
        at_resume_restart(a->resume, &media);
    int rc = at_feed_open(&a->feed, a->path, options.mic ? &mic : sound, &media,
                          options.reconnect_s == 0 ? default_patience_s : options.reconnect_s, err);

    if (rc < 0)
        return rc;
    a->opened_s = at_now();
    a->on_live = options.on_live;
    a->on_live_user = options.on_live_user;
    at_feed_info(a->feed, &info);
    if (a->resume && options.on_sighting) {
        options.on_sighting = on_sighting;
        options.on_sighting_user = a;
    }
    options.no_video = media.no_video = !info.has_video;
    options.no_audio = media.no_audio = !info.has_audio;
    /* The reader keeps the order; its pieces of sound are to fit into the lag. */
    if (!info.live && options.lag_s < ATTUNE_DEFAULT_LAG_S)
        options.lag_s = ATTUNE_DEFAULT_LAG_S;
    if (a->change && a->change->open)
        rc = a->change->open(a->change->user, a->path, &media, err);
    rc = rc < 0 ? rc : at_beside_open(&a->beside, &options, err);
    options.beside = options.beside ? &a->beside.setup : NULL;
    rc = rc < 0 ? rc : attune_session_open(&a->session, m, &options, err);
    a->waits = rc == ATTUNE_OK && !info.live && !options.causal && at_hindsight_helps(a->session);
    if (rc == ATTUNE_OK && a->change)
        at_session_watch(a->session, &a->change->watch);
    if (rc == ATTUNE_OK && a->resume)
        rc = at_resume_restore(a->resume, a->session, &a->hindsight, &a->beside, err);
    return rc;
}

static void close_all(at_analysis *a)
{
    attune_session_free(&a->session);
    at_feed_free(&a->feed);
    at_hindsight_free(&a->hindsight);
}

static int analyze_file(const attune_model *m, const char *path, const attune_options *o,
                        const attune_sink *sink, const at_analyze_change *change, at_resume *resume,
                        attune_input_info *info, attune_error *err)
{
    at_analysis a = {.sink = sink,
                     .change = change,
                     .resume = resume,
                     .spent_s = resume ? at_resume_spent_s(resume) : 0,
                     .path = path,
                     .options = o ? *o : (attune_options){0}};
    double start = at_now();
    int rc;

    do {
        close_all(&a);
        rc = open_all(&a, m, err);
        rc = rc < 0 ? rc : analyze(&a, err);
    } while (rc == AT_RESUME_ANEW);
    if (rc == ATTUNE_E_INTERRUPTED && resume && a.session && !a.stopped && !a.torn) {
        int saved = at_resume_save(resume, a.session, &a.hindsight, &a.beside, 1, err);
        rc = saved < 0 ? saved : rc;
    }
    const int behind = resume && at_resume_catches_up(resume); /* nothing was told yet */
    if (rc == ATTUNE_OK || (rc == ATTUNE_E_INTERRUPTED && a.session && !behind)) {
        int handed = hand_on_rest(&a, err);
        rc = rc < 0 ? rc : handed;
    }
    if (info)
        fill_info(&a, start, info);
    close_all(&a);
    return rc;
}

int at_analyze_changed(const attune_model *m, const char *path, const attune_options *o,
                       const attune_sink *sink, const at_analyze_change *change,
                       attune_input_info *info, attune_error *err)
{
    return analyze_file(m, path, o, sink, change, NULL, info, err);
}

int attune_analyze_file(const attune_model *m, const char *path, const attune_options *o,
                        const attune_sink *sink, attune_input_info *info, attune_error *err)
{
    return analyze_file(m, path, o, sink, NULL, NULL, info, err);
}

int attune_analyze_resumable(const attune_model *m, const char *path, const attune_options *o,
                             const attune_sink *sink, const char *folder, attune_input_info *info,
                             attune_error *err)
{
    const attune_options usual = {0};
    at_resume *resume;
    int rc = at_resume_open(&resume, folder, m, path, o ? o : &usual, err);

    if (rc < 0) {
        if (info)
            *info = (attune_input_info){0};
        return rc;
    }
    rc = analyze_file(m, path, o ? o : &usual, sink, NULL, resume, info, err);
    if ((rc == ATTUNE_E_FORMAT || rc == ATTUNE_E_UNSUPPORTED) && !at_resume_is_damaged(resume))
        attune_resume_forget(folder); /* the input's fault, again and again */
    at_resume_free(&resume);
    return rc;
}

/* ---- beginning ---------------------------------------------------------------------------- */

/* What cannot be loaded says who opens the first file. */
static void *load_libraries(void *unused)
{
    at_media_load_libraries(NULL);
    return unused;
}

static void *load_frames(void *unused)
{
    at_media_load_frames(NULL);
    return unused;
}

static int load_beside(attune_model **out, const char *path, void *(*what)(void *),
                       attune_error *err)
{
    pthread_t thread;
    const int apart = pthread_create(&thread, NULL, what, NULL) == 0;
    const int rc = attune_model_load(out, path, err);

    if (apart)
        pthread_join(thread, NULL);
    return rc;
}

int attune_model_load_for_files(attune_model **out, const char *path, attune_error *err)
{
    return load_beside(out, path, load_libraries, err);
}

int attune_model_load_for_file(attune_model **out, const char *path, const char *input,
                               const attune_options *o, attune_error *err)
{
    const attune_options usual = {0};
    const at_media_options media = media_options(o ? o : &usual);
    at_media_ahead *ahead = at_media_ahead_start(input, &media);
    const int rc = load_beside(out, path, ahead ? load_frames : load_libraries, err);

    if (rc == ATTUNE_OK) {
        (*out)->ahead = ahead;
        (*out)->free_ahead = at_media_ahead_free;
    } else {
        at_media_ahead_free(&ahead);
    }
    return rc;
}
