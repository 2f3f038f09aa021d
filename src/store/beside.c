#include "store/beside.h"

#include "base/error.h"
#include "base/names.h"
#include "store/members.h"
#include "store/sql.h"

#include <float.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* ---- lanes ------------------------------------------------------------------------------------- */

static const char value_kind[] = "value", event_kind[] = "events", chat_kind[] = "chat";

int at_lanes_check(const attune_beside_setup *setup, attune_error *err)
{
    const int n = setup && setup->signals ? at_count_columns(setup->signals, err) : 0;

    return n < 0 ? n : ATTUNE_OK;
}

static int add_lane(sqlite3_stmt *q, int64_t session, int place, const char *kind, const char *name,
                    attune_error *err)
{
    sqlite3_bind_int64(q, 1, session);
    sqlite3_bind_int(q, 2, place);
    sqlite3_bind_text(q, 3, kind, -1, SQLITE_STATIC);
    sqlite3_bind_text(q, 4, name, -1, SQLITE_STATIC);
    return at_sql_done(q, err);
}

int at_lanes_begin(sqlite3 *db, int64_t session, const attune_beside_setup *setup,
                   attune_error *err)
{
    sqlite3_stmt *q;
    int rc = ATTUNE_OK, n = 0;

    if (!setup)
        return rc;
    rc = at_sql_prepare(
        db, &q, "INSERT INTO beside (session, place, kind, name) VALUES (?1, ?2, ?3, ?4)", err);
    for (; rc == ATTUNE_OK && setup->signals && setup->signals[n]; n++)
        rc = add_lane(q, session, n, setup->events >> n & 1 ? event_kind : value_kind,
                      setup->signals[n], err);
    if (rc == ATTUNE_OK && setup->chat)
        rc = add_lane(q, session, n, chat_kind, "", err);
    sqlite3_finalize(q);
    return rc;
}

static int count_lanes(sqlite3 *db, int64_t session, const char *sql, int64_t came, int64_t late,
                       int64_t unread, attune_error *err)
{
    sqlite3_stmt *q;
    int rc = at_sql_prepare(db, &q, sql, err);

    if (rc < 0)
        return rc;
    sqlite3_bind_int64(q, 1, session);
    sqlite3_bind_int64(q, 2, came);
    sqlite3_bind_int64(q, 3, late);
    sqlite3_bind_int64(q, 4, unread);
    rc = at_sql_done(q, err);
    sqlite3_finalize(q);
    return rc;
}

int at_lanes_end(sqlite3 *db, int64_t session, const attune_counts *counts, attune_error *err)
{
    int rc = count_lanes(db, session,
                         "UPDATE beside SET came = ?2, late = ?3 WHERE session = ?1"
                         " AND kind <> 'chat'",
                         counts->signal_rows, counts->late_signal_rows, 0, err);

    return rc < 0
               ? rc
               : count_lanes(db, session,
                             "UPDATE beside SET came = ?2, late = ?3, unread = ?4"
                             " WHERE session = ?1 AND kind = 'chat'",
                             counts->messages, counts->late_messages, counts->unread_messages, err);
}

static int is_another(const attune_record *r, const char *name)
{
    for (int i = 0; i < r->signals; i++)
        if (strcmp(r->signal[i], name) == 0)
            return 0;
    return 1;
}

static int is_count(int64_t n)
{
    return n >= 0 && n <= INT64_C(1) << 53;
}

/* The lane that q stands on: place, kind, name, came, late, unread. 0: no attune wrote it. */
static int take_lane(sqlite3_stmt *q, attune_record *r)
{
    const char *kind = (const char *)sqlite3_column_text(q, 1);
    const char *name = (const char *)sqlite3_column_text(q, 2);
    const int64_t came = sqlite3_column_int64(q, 3), late = sqlite3_column_int64(q, 4),
                  unread = sqlite3_column_int64(q, 5);

    if (!kind || !name || r->chat || sqlite3_column_int64(q, 0) != r->signals || !is_count(came) ||
        !is_count(late) || !is_count(unread))
        return 0;
    r->chat = strcmp(kind, chat_kind) == 0;
    if (r->chat) {
        r->counts.messages = came;
        r->counts.late_messages = late;
        r->counts.unread_messages = unread;
        return 1;
    }
    if (r->signals == ATTUNE_MAX_SIGNALS || !at_is_column_name(name) || !is_another(r, name) ||
        (strcmp(kind, event_kind) != 0 && strcmp(kind, value_kind) != 0))
        return 0;
    r->events |= (unsigned)(strcmp(kind, event_kind) == 0) << r->signals;
    snprintf(r->signal[r->signals++], ATTUNE_SIGNAL_BYTES, "%s", name);
    r->counts.signal_rows = came;
    r->counts.late_signal_rows = late;
    return 1;
}

static int fail_record(const attune_record *r, attune_error *err)
{
    return at_fail(err, ATTUNE_E_FORMAT, "session %lld: its record holds what no attune wrote",
                   (long long)r->id);
}

static int read_lanes(sqlite3 *db, attune_record *out, attune_error *err)
{
    sqlite3_stmt *q;
    int rc = at_sql_prepare(db, &q,
                            "SELECT place, kind, name, came, late, unread FROM beside"
                            " WHERE session = ?1 ORDER BY place",
                            err);

    if (rc < 0)
        return rc;
    sqlite3_bind_int64(q, 1, out->id);
    while (rc >= 0 && (rc = at_sql_step(q, err)) > 0)
        if (!take_lane(q, out))
            rc = fail_record(out, err);
    sqlite3_finalize(q);
    return rc;
}

/* Nobody has: it has no end, or nothing was known at its end. */
static const char uncounted_query[] =
    "SELECT came IS NULL FROM beside WHERE session = ?1 AND kind = 'chat'";

/* Those of windows that do not overlap. */
static int count_messages(sqlite3 *db, attune_record *out, attune_error *err)
{
    int64_t until_us = INT64_MIN;
    sqlite3_stmt *q;
    int rc =
        at_sql_prepare(db, &q,
                       "SELECT start_us, end_us, chat_messages, chat_unread FROM windows AS w"
                       " JOIN beside_windows ON window = w.id WHERE session = ?1 ORDER BY w.id",
                       err);

    if (rc < 0)
        return rc;
    sqlite3_bind_int64(q, 1, out->id);
    while (rc >= 0 && (rc = at_sql_step(q, err)) > 0) {
        const int64_t messages = sqlite3_column_int64(q, 2), unread = sqlite3_column_int64(q, 3);
        if (sqlite3_column_int64(q, 0) < until_us)
            continue;
        until_us = sqlite3_column_int64(q, 1);
        if (messages < 0 || messages > INT_MAX || unread < 0 || unread > INT_MAX)
            rc = fail_record(out, err);
        out->counts.messages += messages;
        out->counts.unread_messages += unread;
    }
    sqlite3_finalize(q);
    return rc;
}

int at_lanes_read(sqlite3 *db, attune_record *out, attune_error *err)
{
    int64_t uncounted = 0;
    int rc = read_lanes(db, out, err);

    if (rc == ATTUNE_OK && out->chat)
        rc = at_sql_number(db, uncounted_query, out->id, &uncounted, err);
    return rc == ATTUNE_OK && uncounted ? count_messages(db, out, err) : rc;
}

int at_lanes_setup(const attune_record *r, attune_beside_setup *setup, const char **names)
{
    for (int i = 0; i < r->signals; i++)
        names[i] = r->signal[i];
    names[r->signals] = NULL;
    *setup = (attune_beside_setup){
        .signals = r->signals ? names : NULL, .events = r->events, .chat = r->chat};
    return r->signals || r->chat;
}

/* ---- windows ----------------------------------------------------------------------------------- */

#define SHARE -1e-3, 1 + 1e-3, 0
#define REAL  -(double)FLT_MAX, (double)FLT_MAX, 1

/* In the order of the tables' columns. */
static const at_member stream_members[] = {
    {AT_MEMBER_REAL, offsetof(attune_window, weight) + ATTUNE_SIGNAL * sizeof(float), 2, SHARE},
    {AT_MEMBER_REAL, offsetof(attune_window, condition) + ATTUNE_SIGNAL * sizeof(float), 2, SHARE},
};

static const at_member chat_members[] = {
    {AT_MEMBER_COUNT, offsetof(attune_beside, messages), 1, -1, INT_MAX, 0},
    {AT_MEMBER_REAL, offsetof(attune_beside, chat_emotion7), ATTUNE_EMOTIONS, SHARE},
    {AT_MEMBER_REAL, offsetof(attune_beside, chat_state4), ATTUNE_STATES, SHARE},
    {AT_MEMBER_COUNT, offsetof(attune_beside, unread), 1, 0, INT_MAX, 0},
};

static const at_member signal_members[] = {
    {AT_MEMBER_REAL, offsetof(attune_signal, mean), 1, REAL},
    {AT_MEMBER_REAL, offsetof(attune_signal, slope), 1, REAL},
    {AT_MEMBER_REAL, offsetof(attune_signal, deviation), 1, REAL},
    {AT_MEMBER_REAL, offsetof(attune_signal, z), 1, REAL},
    {AT_MEMBER_REAL, offsetof(attune_signal, coverage), 1, SHARE},
};

#define COUNT(list) (int)(sizeof(list) / sizeof *(list))

_Static_assert(ATTUNE_STREAMS == ATTUNE_SIGNAL + 2,
               "another stream needs columns, and a version of the schema");

static int is_sound(const attune_window *w)
{
    int sound = at_members_are_sound(stream_members, COUNT(stream_members), w) &&
                at_members_are_sound(chat_members, COUNT(chat_members), w->beside);

    for (int i = 0; i < w->beside->signals; i++)
        sound &= at_members_are_sound(signal_members, COUNT(signal_members), &w->beside->signal[i]);
    return sound;
}

static int add_moment(sqlite3 *db, int64_t window, const attune_window *w, attune_error *err)
{
    sqlite3_stmt *q;
    int next, rc = at_sql_prepare(db, &q,
                                  "INSERT INTO beside_windows VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, "
                                  "?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
                                  err);

    if (rc < 0)
        return rc;
    sqlite3_bind_int64(q, 1, window);
    next = at_members_bind(q, 2, stream_members, COUNT(stream_members), w);
    at_members_bind(q, next, chat_members, COUNT(chat_members), w->beside);
    rc = at_sql_done(q, err);
    sqlite3_finalize(q);
    return rc;
}

static int add_signals(sqlite3 *db, int64_t window, const attune_beside *x, attune_error *err)
{
    sqlite3_stmt *q;
    int rc = at_sql_prepare(db, &q, "INSERT INTO signals VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)", err);

    for (int i = 0; i < x->signals && rc == ATTUNE_OK; i++) {
        sqlite3_bind_int64(q, 1, window);
        sqlite3_bind_int(q, 2, i);
        at_members_bind(q, 3, signal_members, COUNT(signal_members), &x->signal[i]);
        rc = at_sql_done(q, err);
    }
    sqlite3_finalize(q);
    return rc;
}

int at_beside_add(sqlite3 *db, int64_t window, int64_t session, const attune_window *w,
                  attune_error *err)
{
    attune_record r = {.id = session};
    int rc = read_lanes(db, &r, err);

    if (rc == ATTUNE_OK &&
        (r.signals != w->beside->signals || r.chat != (w->beside->messages >= 0)))
        rc = at_fail(err, ATTUNE_E_ARG, "a window tells of lanes that its session has not");
    if (rc == ATTUNE_OK && !is_sound(w))
        rc = at_fail(err, ATTUNE_E_ARG, "a window is out of the ranges that windows have");
    rc = rc < 0 ? rc : add_moment(db, window, w, err);
    return rc < 0 ? rc : add_signals(db, window, w->beside, err);
}

int at_beside_reader_open(at_beside_reader *b, sqlite3 *db, const attune_record *r,
                          attune_error *err)
{
    int rc = ATTUNE_OK;

    *b = (at_beside_reader){.session = r->id, .signals = r->signals, .chat = r->chat};
    if (r->signals || r->chat)
        rc = at_sql_prepare(db, &b->of_window, "SELECT * FROM beside_windows WHERE window = ?1",
                            err);
    if (rc == ATTUNE_OK && r->signals)
        rc = at_sql_prepare(db, &b->of_signals,
                            "SELECT * FROM signals WHERE window = ?1 ORDER BY place", err);
    return rc;
}

static int fail_foreign(const at_beside_reader *b, attune_error *err)
{
    return at_fail(err, ATTUNE_E_FORMAT, "session %lld: a window holds what no attune wrote",
                   (long long)b->session);
}

/* All columns, each in its place. */
static int read_signals(at_beside_reader *b, int64_t window, attune_error *err)
{
    int rc = ATTUNE_OK, i = 0;

    if (!b->of_signals)
        return rc;
    sqlite3_reset(b->of_signals);
    sqlite3_bind_int64(b->of_signals, 1, window);
    while (rc >= 0 && (rc = at_sql_step(b->of_signals, err)) > 0)
        if (i == b->signals || sqlite3_column_int64(b->of_signals, 1) != i)
            rc = fail_foreign(b, err);
        else
            at_members_read(b->of_signals, 2, signal_members, COUNT(signal_members),
                            &b->said.signal[i++]);
    sqlite3_reset(b->of_signals);
    return rc < 0 || i == b->signals ? rc : fail_foreign(b, err);
}

static int take_moment(at_beside_reader *b, int64_t window, attune_window *w, attune_error *err)
{
    const int next = at_members_read(b->of_window, 1, stream_members, COUNT(stream_members), w);
    int rc;

    b->said = (attune_beside){.signals = b->signals};
    at_members_read(b->of_window, next, chat_members, COUNT(chat_members), &b->said);
    w->beside = &b->said;
    rc = read_signals(b, window, err);
    if (rc == ATTUNE_OK && (b->chat != (b->said.messages >= 0) || !is_sound(w)))
        rc = fail_foreign(b, err);
    return rc;
}

int at_beside_reader_next(at_beside_reader *b, int64_t window, attune_window *w, attune_error *err)
{
    int rc;

    w->beside = NULL;
    if (!b->of_window)
        return ATTUNE_OK;
    sqlite3_reset(b->of_window);
    sqlite3_bind_int64(b->of_window, 1, window);
    rc = at_sql_step(b->of_window, err);
    if (rc > 0)
        rc = take_moment(b, window, w, err);
    sqlite3_reset(b->of_window);
    return rc;
}

void at_beside_reader_close(at_beside_reader *b)
{
    sqlite3_finalize(b->of_window);
    sqlite3_finalize(b->of_signals);
    *b = (at_beside_reader){0};
}
