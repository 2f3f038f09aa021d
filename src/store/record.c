#include "store/record.h"

#include "base/error.h"
#include "store/beside.h"
#include "store/sql.h"
#include "store/store.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* An end has counted the windows, and knows what came; of a session without one they are counted here, and what was
 * to come, or is in a window, is taken to have come. */
#define COUNTED(what, name) \
    " coalesce(s." name ", (SELECT " what " FROM windows WHERE session = s.id)),"
#define CAME(name, no, share)                                                       \
    " coalesce(" name ", NOT " no " OR EXISTS (SELECT 1 FROM windows WHERE session" \
    " = s.id AND " share " IS NOT NULL)),"
#define VIDEO CAME("has_video", "no_video", "face_share")
#define AUDIO CAME("has_audio", "no_audio", "speech_share")

static const char query[] =
    "SELECT s.id, began_s, ended_s, interrupted, consent_s, consent, source, label, attune, model,"
    " model_version, model_digest, rate, window_s, hop_s, max_tracks, no_video, no_audio,"
    " no_baseline, causal," VIDEO AUDIO " width, height, frames, frames_with_face,"
    " late_frames, late_audio_us," COUNTED("count(*)", "windows") COUNTED(
        "total(abstain)", "withheld") COUNTED("count(DISTINCT nullif(track, 0))", "faces")
        COUNTED("(max(end_us) - min(start_us)) / 1e6",
                "duration_s") " (SELECT max(end_us) FROM windows WHERE session = s.id)"
                              " FROM sessions AS s LEFT JOIN people AS p ON p.id = s.person WHERE ";

typedef struct at_reader {
    sqlite3_stmt *q;
    int column;
} at_reader;

static int64_t whole(at_reader *r)
{
    return sqlite3_column_int64(r->q, r->column++);
}

static int small(at_reader *r)
{
    return sqlite3_column_int(r->q, r->column++);
}

static double real(at_reader *r)
{
    return sqlite3_column_double(r->q, r->column++);
}

static void text(at_reader *r, char out[ATTUNE_LABEL_BYTES])
{
    at_sql_text(r->q, r->column++, out, ATTUNE_LABEL_BYTES);
}

static void read_options(at_reader *r, attune_options *o)
{
    o->rate = real(r);
    o->window_s = real(r);
    o->hop_s = real(r);
    o->max_tracks = small(r);
    o->no_video = small(r);
    o->no_audio = small(r);
    o->no_baseline = small(r);
    o->causal = small(r);
}

static int in(double value, double least, double most)
{
    return value >= least && value <= most;
}

/* What figures are made of later; the rest is only shown. */
static int is_sound(const attune_record *r)
{
    const attune_options *o = &r->session;
    const double year_10000 = 253402300800.0;

    return in(o->rate, 1e-3, 1e3) && in(o->window_s, 1e-3, 3600) &&
           in(o->hop_s, 1e-3, o->window_s) && in(o->max_tracks, 1, ATTUNE_MAX_TRACKS) &&
           in((double)r->began_s, 0, year_10000) && in((double)r->ended_s, 0, year_10000) &&
           in((double)r->consent_s, 0, year_10000) && in(r->duration_s, 0, 9e9) &&
           in((double)r->windows, 0, 9e15) && in((double)r->withheld, 0, (double)r->windows) &&
           in(r->width, 0, 1 << 16) && in(r->height, 0, 1 << 16);
}

int at_record_read(sqlite3_stmt *q, attune_record *out, attune_error *err)
{
    at_reader r = {q, 0};

    memset(out, 0, sizeof *out);
    out->id = whole(&r);
    out->began_s = whole(&r);
    out->ended_s = whole(&r);
    out->interrupted = small(&r);
    out->consent_s = whole(&r);
    text(&r, out->consent);
    text(&r, out->source);
    text(&r, out->person);
    text(&r, out->attune);
    text(&r, out->model);
    text(&r, out->model_version);
    text(&r, out->model_digest);
    read_options(&r, &out->session);
    out->has_video = small(&r);
    out->has_audio = small(&r);
    out->width = small(&r);
    out->height = small(&r);
    out->counts.frames = whole(&r);
    out->counts.frames_with_face = whole(&r);
    out->counts.late_frames = whole(&r);
    out->counts.late_audio_us = whole(&r);
    out->windows = whole(&r);
    out->withheld = whole(&r);
    out->faces = small(&r);
    out->duration_s = real(&r);
    out->counts.end_us = whole(&r);
    return is_sound(out)
               ? at_lanes_read(sqlite3_db_handle(q), out, err)
               : at_fail(err, ATTUNE_E_FORMAT,
                         "session %lld: its record holds what no attune wrote", (long long)out->id);
}

int at_record_query(sqlite3 *db, sqlite3_stmt **out, const char *rest, attune_error *err)
{
    char sql[sizeof query + 128];

    snprintf(sql, sizeof sql, "%s%s", query, rest);
    return at_sql_prepare(db, out, sql, err);
}

int at_record_find(sqlite3 *db, int64_t id, attune_record *out, attune_error *err)
{
    sqlite3_stmt *q;
    int rc = at_record_query(db, &q, "s.id = ?1", err);

    if (rc < 0)
        return rc;
    sqlite3_bind_int64(q, 1, id);
    rc = at_sql_step(q, err);
    if (rc > 0)
        rc = at_record_read(q, out, err);
    else if (rc == 0)
        rc = at_store_none(id, err);
    sqlite3_finalize(q);
    return rc;
}
