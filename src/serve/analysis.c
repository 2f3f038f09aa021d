#include "serve/analysis.h"

#include "base/error.h"
#include "base/mem.h"
#include "media/media.h"

#include <attune/log.h>
#include <attune/sink.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct at_analysis {
    at_analysis_setup setup;
    attune_session *session;
    attune_report *report;
    attune_input_info info;
    attune_counts before;  /* of the session that this one took the place of */
    at_media_jpegs *jpegs; /* NULL: no picture has come */
    at_media_kept picture;
    int64_t first_us;            /* of the earliest input; < 0: none came */
    int64_t told_us, over_us;    /* ends of the latest window, and of that of the session before */
    int64_t picture_us, face_us; /* of the newest picture, and of the newest with a face */
    int64_t began_s;             /* seconds since 1970 */
    int64_t kept;                /* its number in the store; 0: nothing of it is there */
    int stores;                  /* what comes goes there */
    int stored;                  /* to its end */
    char *line;                  /* the report's, of the window that is being told */
    size_t length, room;
};

static const int64_t gone_us = 500000; /* a face that no picture showed for so long */

/* ---- the report's lines -------------------------------------------------------------------- */

static int add_to_line(void *user, const attune_sink_info *sink, const char *text, size_t size)
{
    at_analysis *a = user;

    (void)sink;
    if (size > a->room - a->length) {
        size_t room = 2 * (a->length + size);
        char *more = realloc(a->line, room);
        if (!more)
            return 1;
        a->line = more;
        a->room = room;
    }
    memcpy(a->line + a->length, text, size);
    a->length += size;
    return 0;
}

/* What the store said to a part of the session. Where there is no such session somebody deleted it. */
static void note_stored(at_analysis *a, int rc)
{
    a->stores = rc >= 0;
    if (rc == ATTUNE_E_STATE)
        a->kept = 0;
}

static int tell(at_analysis *a, const attune_window *w, attune_error *err)
{
    int rc;

    if (w->end_us <= a->over_us)
        return ATTUNE_OK;
    a->told_us = w->end_us;
    a->length = 0;
    if (a->stores)
        note_stored(a, attune_store_window(a->setup.store, a->kept, w, NULL));
    rc = attune_report_window(a->report, w, err);
    if (rc == ATTUNE_OK)
        a->setup.window(a->setup.user, w, at_wire_window(a->line, a->length));
    return rc;
}

/* ---- what it was of ------------------------------------------------------------------------- */

static void count(const at_analysis *a, attune_counts *out)
{
    const attune_counts before = a->before; /* which out may be */

    *out = (attune_counts){0};
    if (a->session)
        attune_session_counts(a->session, out);
    out->frames += before.frames;
    out->frames_with_face += before.frames_with_face;
    out->end_us = out->end_us > before.end_us ? out->end_us : before.end_us;
    out->late_frames += before.late_frames;
    out->late_audio_us += before.late_audio_us;
    out->signal_rows += before.signal_rows;
    out->late_signal_rows += before.late_signal_rows;
    out->messages += before.messages;
    out->late_messages += before.late_messages;
    out->unread_messages += before.unread_messages;
}

static void sum_up(at_analysis *a)
{
    count(a, &a->info.counts);
    if (a->first_us >= 0)
        a->info.duration_s = (double)(a->info.counts.end_us - a->first_us) / 1e6;
}

static void store_left(at_analysis *a)
{
    sum_up(a);
    attune_store_end(a->setup.store, a->kept, &a->info, 1, NULL, NULL);
}

/* ---- open and free ------------------------------------------------------------------------- */

static int open_report(at_analysis *a, attune_error *err)
{
    attune_model_facts facts;
    attune_report_options o = {.sinks = "jsonl",
                               .input = "live session",
                               .model = a->setup.model,
                               .session = a->setup.options,
                               .write = add_to_line,
                               .user = a};

    attune_model_describe(a->setup.model, &facts);
    o.model_path = facts.path;
    return attune_report_open(&a->report, &o, err);
}

int at_analysis_open(at_analysis **out, const at_analysis_setup *setup, attune_error *err)
{
    at_analysis *a = at_calloc(1, sizeof *a);
    int rc;

    *out = NULL;
    if (!a)
        return at_fail_nomem(err);
    a->setup = *setup;
    a->first_us = a->told_us = a->over_us = -1;
    a->began_s = (int64_t)time(NULL);
    rc = attune_session_open(&a->session, setup->model, &setup->options, err);
    if (rc == ATTUNE_OK)
        rc = open_report(a, err);
    if (rc < 0)
        at_analysis_free(&a);
    *out = a;
    return rc;
}

void at_analysis_free(at_analysis **out)
{
    at_analysis *a = *out;

    if (!a)
        return;
    if (a->kept && !a->stored) /* it was left */
        store_left(a);
    attune_session_free(&a->session);
    attune_report_free(&a->report);
    at_media_let_go(&a->picture);
    at_media_jpegs_free(&a->jpegs);
    free(a->line);
    at_free(a);
    *out = NULL;
}

/* ---- input --------------------------------------------------------------------------------- */

static int64_t pictures_with_face(const at_analysis *a)
{
    attune_counts counts;

    attune_session_counts(a->session, &counts);
    return counts.frames_with_face;
}

static void look_for_face(at_analysis *a, int64_t t_us, int64_t before)
{
    if (!a->info.has_video || pictures_with_face(a) > before)
        a->face_us = t_us;
    a->picture_us = t_us;
}

int at_analysis_is_faceless(const at_analysis *a)
{
    return a->picture_us - a->face_us >= gone_us;
}

/* status: the session's answer. */
static int fail_session(const at_analysis *a, int status, attune_error *err)
{
    return at_fail(err, (attune_status)status, "%s", attune_session_error(a->session));
}

static int decode(at_analysis *a, const at_item *item, attune_error *err)
{
    const at_media_jpegs_options o = {.max_w = a->setup.width_max,
                                      .max_h = a->setup.height_max,
                                      .max_bytes = AT_WIRE_PICTURE_MOST,
                                      .no_sandbox = a->setup.options.no_sandbox};
    int rc = a->jpegs ? ATTUNE_OK : at_media_jpegs_open(&a->jpegs, &o, err);

    return rc < 0 ? rc : at_media_jpegs_decode(a->jpegs, item->data, item->size, &a->picture, err);
}

static int push_picture(at_analysis *a, const at_item *item, attune_error *err)
{
    const attune_picture *p = &a->picture.packet.picture;
    const int64_t before = pictures_with_face(a);
    int rc = decode(a, item, err);

    if (rc < 0)
        return rc;
    a->info.width = p->orientation > 4 ? p->h : p->w;
    a->info.height = p->orientation > 4 ? p->w : p->h;
    rc = attune_session_push_picture(a->session, item->t_us, p);
    at_media_let_go_picture(&a->picture);
    look_for_face(a, item->t_us, before);
    a->info.has_video = 1;
    return rc < 0 ? fail_session(a, rc, err) : rc;
}

static int push_sound(at_analysis *a, const at_item *item, attune_error *err)
{
    const attune_sound sound = {.sample = ATTUNE_S16,
                                .rate = AT_WIRE_SOUND_RATE,
                                .channels = 1,
                                .data = item->data,
                                .n = item->size / 2};

    int rc = attune_session_push_sound(a->session, item->t_us, &sound);

    a->info.has_audio = 1;
    return rc < 0 ? fail_session(a, rc, err) : ATTUNE_OK;
}

/* Rows and messages complete no window: those of their time wait for pictures and sound. */
static int push_beside(at_analysis *a, const at_item *item, attune_error *err)
{
    const at_row *row = (const void *)item->data;
    int rc = ATTUNE_OK;

    if (item->stream == AT_STREAM_CHAT)
        rc = attune_session_push_text(a->session, item->t_us, (const char *)item->data, item->size);
    else
        for (int i = 0; i < at_item_rows(item) && rc == ATTUNE_OK; i++)
            rc = attune_session_push_signal(a->session, row[i].t_us, row[i].value);
    return rc < 0 ? fail_session(a, rc, err) : rc;
}

static int take_windows(at_analysis *a, attune_error *err)
{
    attune_window w;
    int rc;

    while ((rc = attune_session_next(a->session, &w)) == 1)
        if ((rc = tell(a, &w, err)) < 0)
            return rc;
    return rc < 0 ? fail_session(a, rc, err) : rc;
}

/* The session is at its end: its last windows. */
static int drain(at_analysis *a, attune_error *err)
{
    int rc = attune_session_finish(a->session);

    return rc < 0 ? fail_session(a, rc, err) : take_windows(a, err);
}

/* ---- a stream that was not expected --------------------------------------------------------- */

/* A session with both streams, in the place of the one without. Moments that are told stay as they were told. */
static int widen(at_analysis *a, attune_error *err)
{
    int rc = drain(a, err);

    if (rc < 0)
        return rc;
    count(a, &a->before);
    a->over_us = a->told_us;
    attune_session_free(&a->session);
    a->setup.options.no_video = a->setup.options.no_audio = 0;
    return attune_session_open(&a->session, a->setup.model, &a->setup.options, err);
}

static int is_expected(const at_analysis *a, at_stream stream)
{
    return stream == AT_STREAM_VIDEO ? !a->setup.options.no_video : !a->setup.options.no_audio;
}

int at_analysis_take(at_analysis *a, const at_item *item, attune_error *err)
{
    int rc;

    if (item->stream >= AT_STREAMS)
        return push_beside(a, item, err);
    rc = is_expected(a, item->stream) ? ATTUNE_OK : widen(a, err);
    if (rc == ATTUNE_OK)
        rc = item->stream == AT_STREAM_VIDEO ? push_picture(a, item, err)
                                             : push_sound(a, item, err);
    if (rc < 0)
        return rc;
    if (a->first_us < 0 || item->t_us < a->first_us)
        a->first_us = item->t_us;
    return take_windows(a, err);
}

/* ---- keeping ------------------------------------------------------------------------------- */

int at_analysis_keep(at_analysis *a, const char *consent, attune_error *err)
{
    const attune_keep k = {.consent = consent,
                           .began_s = a->began_s,
                           .source = "live",
                           .model = a->setup.model,
                           .session = a->setup.options};

    int rc = a->kept ? ATTUNE_OK : attune_store_begin(a->setup.store, &a->kept, &k, err);

    a->stores = rc == ATTUNE_OK;
    return rc;
}

int at_analysis_forget(at_analysis *a, attune_error *err)
{
    int rc = a->kept ? attune_store_delete(a->setup.store, a->kept, err) : ATTUNE_OK;

    a->stores = 0;
    if (rc < 0 && rc != ATTUNE_E_STATE) /* somebody else has deleted it */
        return rc;
    a->kept = 0;
    return ATTUNE_OK;
}

at_keeping at_analysis_keeping(const at_analysis *a)
{
    return !a->kept ? AT_NOT_KEPT : a->stores ? AT_IS_KEPT : AT_KEPT_IN_PART;
}

/* ---- the end ------------------------------------------------------------------------------- */

static void store_end(at_analysis *a)
{
    if (!a->stores)
        return;
    note_stored(a, attune_store_end(a->setup.store, a->kept, &a->info, 0,
                                    attune_report_json(a->report), NULL));
    a->stored = a->stores;
}

int at_analysis_finish(at_analysis *a, char **ended, attune_error *err)
{
    int rc = drain(a, err);

    *ended = NULL;
    if (rc < 0)
        return rc;
    sum_up(a);
    a->info.n_notes = attune_session_lacks(a->session, a->info.note[0]);
    rc = attune_report_finish(a->report, &a->info, 0, err);
    if (rc < 0)
        return rc;
    store_end(a);
    *ended = at_wire_ended(attune_report_json(a->report), a->stored);
    return *ended ? ATTUNE_OK : at_fail_nomem(err);
}
