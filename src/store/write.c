/* write.c - a session as it comes: begin, windows, end. */
#include "store/store.h"

#include "base/error.h"
#include "store/beside.h"
#include "store/record.h"
#include "store/retention.h"
#include "store/row.h"
#include "store/summary.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What is written can be read again. */
static int check_record(sqlite3 *db, int64_t id, attune_error *err)
{
    attune_record r;
    int rc = at_record_find(db, id, &r, err);

    return rc == ATTUNE_E_FORMAT
               ? at_fail(err, ATTUNE_E_ARG, "a session is out of the ranges that sessions have")
               : rc;
}

/* ---- begin ------------------------------------------------------------------------------------- */

static int fits(const char *text)
{
    return !text || strlen(text) < ATTUNE_LABEL_BYTES;
}

static int check(const attune_keep *k, attune_error *err)
{
    if (!k->consent || !*k->consent)
        return at_fail(err, ATTUNE_E_ARG, "nothing is kept without consent");
    if (!k->source || !*k->source)
        return at_fail(err, ATTUNE_E_ARG, "a session that is kept has no source");
    if (!fits(k->consent) || !fits(k->source) || !fits(k->person))
        return at_fail(err, ATTUNE_E_ARG, "a label may have up to %d bytes",
                       (int)ATTUNE_LABEL_BYTES - 1);
    if (strcmp(k->consent, "1") != 0 && strcmp(k->consent, ATTUNE_CONSENT_VERSION) != 0)
        return at_fail(err, ATTUNE_E_ARG, "there is no text %.40s to agree to: nothing is kept",
                       k->consent);
    if (k->session.beside && strcmp(k->consent, "1") == 0)
        return at_fail(err, ATTUNE_E_ARG,
                       "text 1 does not speak of a signal or a chat: nothing is kept without "
                       "consent");
    return at_lanes_check(k->session.beside, err);
}

/* NULL where there is none, and cut where it is long. */
static void bind_text(sqlite3_stmt *q, int parameter, const char *text)
{
    char fit[ATTUNE_LABEL_BYTES];

    if (!text || !*text)
        return;
    snprintf(fit, sizeof fit, "%s", text);
    sqlite3_bind_text(q, parameter, fit, -1, SQLITE_TRANSIENT);
}

static const char *meta(const attune_keep *k, const char *key)
{
    return k->model ? attune_model_meta(k->model, key) : NULL;
}

static void bind_options(sqlite3_stmt *q, int parameter, const attune_options *o)
{
    double window_s = o->window_s > 0 ? o->window_s : ATTUNE_DEFAULT_WINDOW_S;
    double hop_s = o->hop_s > 0 ? o->hop_s : fmin(ATTUNE_DEFAULT_HOP_S, window_s);

    sqlite3_bind_double(q, parameter++, o->rate > 0 ? o->rate : ATTUNE_DEFAULT_RATE);
    sqlite3_bind_double(q, parameter++, window_s);
    sqlite3_bind_double(q, parameter++, hop_s);
    sqlite3_bind_int(q, parameter++, o->max_tracks > 0 ? o->max_tracks : 1);
    sqlite3_bind_int(q, parameter++, o->no_video != 0);
    sqlite3_bind_int(q, parameter++, o->no_audio != 0);
    sqlite3_bind_int(q, parameter++, o->no_baseline != 0);
    sqlite3_bind_int(q, parameter, o->causal != 0);
}

static int add_person(sqlite3 *db, const char *label, attune_error *err)
{
    sqlite3_stmt *q;
    int rc;

    if (!label || !*label)
        return ATTUNE_OK;
    rc = at_sql_prepare(db, &q, "INSERT INTO people (label) VALUES (?1) ON CONFLICT DO NOTHING",
                        err);
    if (rc < 0)
        return rc;
    bind_text(q, 1, label);
    rc = at_sql_done(q, err);
    sqlite3_finalize(q);
    return rc;
}

static int add_session(sqlite3 *db, const attune_keep *k, attune_error *err)
{
    sqlite3_stmt *q;
    char version[ATTUNE_LABEL_BYTES];
    const char *named = meta(k, "version");
    const int64_t now = at_store_now();
    int rc = at_sql_prepare(
        db, &q,
        "INSERT INTO sessions (person, source, consent, consent_s, began_s, attune, model,"
        " model_version, model_digest, rate, window_s, hop_s, max_tracks, no_video, no_audio,"
        " no_baseline, causal) VALUES ((SELECT id FROM people WHERE label = ?1),"
        " ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
        err);

    if (rc < 0)
        return rc;
    bind_text(q, 1, k->person);
    bind_text(q, 2, k->source);
    bind_text(q, 3, k->consent);
    sqlite3_bind_int64(q, 4, k->consent_s ? k->consent_s : now);
    sqlite3_bind_int64(q, 5, k->began_s ? k->began_s : now);
    bind_text(q, 6, attune_version());
    bind_text(q, 7, meta(k, "name"));
    snprintf(version, sizeof version, "%s%s", named ? named : "",
             meta(k, "precision") ? " in int8" : "");
    bind_text(q, 8, version);
    bind_text(q, 9, meta(k, "xxh64"));
    bind_options(q, 10, &k->session);
    rc = at_sql_done(q, err);
    sqlite3_finalize(q);
    return rc;
}

int attune_store_begin(attune_store *s, int64_t *id, const attune_keep *k, attune_error *err)
{
    int rc = check(k, err);
    int64_t expired;
    sqlite3 *db;

    *id = 0;
    if (rc < 0)
        return rc;
    db = at_store_lock(s);
    rc = at_retention_apply(s, at_store_now(), &expired, err);
    rc = rc < 0 ? rc : at_sql_begin(db, err);
    if (rc == ATTUNE_OK) {
        rc = add_person(db, k->person, err);
        rc = rc < 0 ? rc : add_session(db, k, err);
        *id = sqlite3_last_insert_rowid(db);
        rc = rc < 0 ? rc : at_lanes_begin(db, *id, k->session.beside, err);
        rc = rc < 0 ? rc : check_record(db, *id, err);
        rc = at_sql_end(db, rc, err);
    }
    at_store_unlock(s);
    if (rc < 0)
        *id = 0;
    return rc;
}

/* ---- a window ---------------------------------------------------------------------------------- */

/* Into sessions that have no end only. */
static int prepare_add(attune_store *s, attune_error *err)
{
    char sql[1024], *at = sql;

    if (s->add_window)
        return ATTUNE_OK;
    at += snprintf(at, sizeof sql, "INSERT INTO windows SELECT NULL, id");
    for (int i = 0; i < AT_ROW_VALUES; i++)
        at += snprintf(at, sizeof sql - (size_t)(at - sql), ",?%d", i + 2);
    snprintf(at, sizeof sql - (size_t)(at - sql),
             " FROM sessions WHERE id = ?1 AND ended_s IS NULL");
    return at_sql_prepare(s->db, &s->add_window, sql, err);
}

static double monotonic_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int insert(attune_store *s, int64_t id, const attune_window *w, attune_error *err)
{
    int rc;

    sqlite3_bind_int64(s->add_window, 1, id);
    at_row_bind(s->add_window, 2, w);
    rc = at_sql_done(s->add_window, err);
    if (rc == ATTUNE_OK && !sqlite3_changes(s->db))
        rc = at_fail(err, ATTUNE_E_STATE, "session %lld is not there any more, or has ended",
                     (long long)id);
    if (rc == ATTUNE_OK && w->beside)
        rc = at_beside_add(s->db, sqlite3_last_insert_rowid(s->db), id, w, err);
    return rc;
}

/* All of a window or nothing. */
static int insert_whole(attune_store *s, int64_t id, const attune_window *w, attune_error *err)
{
    int rc;

    if (!w->beside)
        return insert(s, id, w, err);
    rc = at_sql_begin(s->db, err);
    return rc < 0 ? rc : at_sql_end(s->db, insert(s, id, w, err), err);
}

/* Waiting for the disk takes some 5 ms. What was handed to the system outlives us, if not a power cut: so
 * one window a second waits, and the log is in order, so that those before it are safe with it. */
static int write_through(attune_store *s, int64_t id, const attune_window *w, attune_error *err)
{
    const double now_s = monotonic_s();
    int rc, back;

    if (now_s - s->synced_s >= 1) {
        rc = insert_whole(s, id, w, err);
        s->synced_s = rc < 0 ? s->synced_s : now_s;
        return rc;
    }
    rc = at_sql_run(s->db, "PRAGMA synchronous = NORMAL", err);
    rc = rc < 0 ? rc : insert_whole(s, id, w, err);
    back = at_sql_run(s->db, "PRAGMA synchronous = FULL", rc < 0 ? NULL : err);
    return rc < 0 ? rc : back;
}

static int add_window(attune_store *s, int64_t id, const attune_window *w, attune_error *err)
{
    int rc = prepare_add(s, err);

    return rc < 0 ? rc : write_through(s, id, w, err);
}

int attune_store_window(attune_store *s, int64_t id, const attune_window *w, attune_error *err)
{
    int rc;

    if (!at_row_is_sound(w))
        return at_fail(err, ATTUNE_E_ARG, "a window is out of the ranges that windows have");
    at_store_lock(s);
    rc = add_window(s, id, w, err);
    at_store_unlock(s);
    return rc;
}

/* ---- end --------------------------------------------------------------------------------------- */

static void bind_info(sqlite3_stmt *q, int parameter, const attune_input_info *info)
{
    if (!info)
        return;
    sqlite3_bind_double(q, parameter++, info->duration_s);
    sqlite3_bind_int(q, parameter++, info->has_video != 0);
    sqlite3_bind_int(q, parameter++, info->has_audio != 0);
    sqlite3_bind_int(q, parameter++, info->width);
    sqlite3_bind_int(q, parameter++, info->height);
    sqlite3_bind_int64(q, parameter++, info->counts.frames);
    sqlite3_bind_int64(q, parameter++, info->counts.frames_with_face);
    sqlite3_bind_int64(q, parameter++, info->counts.late_frames);
    sqlite3_bind_int64(q, parameter, info->counts.late_audio_us);
}

static int end_session(sqlite3 *db, int64_t id, const attune_input_info *info, int interrupted,
                       const char *summary, attune_error *err)
{
    sqlite3_stmt *q;
    int rc = at_sql_prepare(
        db, &q,
        "UPDATE sessions SET ended_s = ?2, interrupted = ?3, summary = ?4, duration_s = ?5,"
        " has_video = ?6, has_audio = ?7, width = ?8, height = ?9, frames = ?10,"
        " frames_with_face = ?11, late_frames = ?12, late_audio_us = ?13,"
        " (windows, withheld, faces) ="
        " (SELECT count(*), total(abstain), count(DISTINCT nullif(track, 0))"
        "  FROM windows WHERE session = ?1)"
        " WHERE id = ?1 AND ended_s IS NULL",
        err);

    if (rc < 0)
        return rc;
    sqlite3_bind_int64(q, 1, id);
    sqlite3_bind_int64(q, 2, at_store_now());
    sqlite3_bind_int(q, 3, interrupted != 0);
    if (summary)
        sqlite3_bind_text(q, 4, summary, -1, SQLITE_STATIC);
    bind_info(q, 5, info);
    rc = at_sql_done(q, err);
    if (rc == ATTUNE_OK && !sqlite3_changes(db))
        rc = at_fail(err, ATTUNE_E_STATE, "session %lld is not there any more, or has ended",
                     (long long)id);
    sqlite3_finalize(q);
    return rc;
}

int attune_store_end(attune_store *s, int64_t id, const attune_input_info *info, int interrupted,
                     const char *summary, attune_error *err)
{
    sqlite3 *db;
    char *kept = NULL;
    int rc = summary ? at_summary_nameless(summary, &kept, err) : ATTUNE_OK;

    if (rc < 0)
        return rc;
    db = at_store_lock(s);
    rc = at_sql_begin(db, err);
    if (rc == ATTUNE_OK) {
        rc = end_session(db, id, info, interrupted, kept, err);
        if (rc == ATTUNE_OK && info)
            rc = at_lanes_end(db, id, &info->counts, err);
        rc = rc < 0 ? rc : check_record(db, id, err);
        rc = at_sql_end(db, rc, err);
    }
    at_store_unlock(s);
    free(kept);
    return rc;
}
