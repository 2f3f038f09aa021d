/* log.h - files of what was recorded beside pictures and sound: signals, and chats. May change between versions;
 * attune.h does not.
 *
 * What devices and platforms write is told by what is in a file (docs/signals.md has the list; attune_log_format
 * says which it is). Anything else is a text of rows (RFC 4180: UTF-8, a header, fields between commas, semicolons or
 * tabs (then numbers may have a comma for their point), double quotes where a field has any of these) in order of time.
 * One column is the time: the one called time, timestamp, datetime, ts, date or t, with or without a unit (time_s, time_ms,
 * ...), else the first; or two are, date and time. A signal has numbers in the others; an empty cell, or one that says
 * NaN, NA, null, none or -, has no value. A chat has its messages in the column text, message or content.
 *
 * Naming, errors and ownership as in attune.h; a log: one thread at a time.
 */
#ifndef ATTUNE_LOG_H
#define ATTUNE_LOG_H

#include <attune/attune.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct attune_log attune_log;

typedef enum attune_log_time {
    ATTUNE_TIME_TOLD, /* by the column's name (time_ms, time_us), or by what stands in the first row */
    ATTUNE_TIME_S, /* seconds, or h:mm:ss; from 1e8 on they count from 1970, as of the others what is so long */
    ATTUNE_TIME_MS,
    ATTUNE_TIME_US,
    ATTUNE_TIME_DATE, /* ISO 8601: 2026-05-04T10:15:30.250Z, with an offset like +02:00 or without any (UTC); or 4.5.2026 10:15:30; or
                       * 5/31/2026 10:15:30 AM, where some row's day says which of the two is the month */
    ATTUNE_TIME_MDY,  /* as told, and of such a date the month comes first */
    ATTUNE_TIME_DMY,  /* the day */
    ATTUNE_LOG_TIMES
} attune_log_time;

/* The attune_log_time that --log-time and recipes call so: "s", "ms", "us", "date", "mdy", "dmy"; -1: there is none. */
int attune_log_time_of(const char *name);

/* Zero is the default for every field. Borrowed for the call. */
typedef struct attune_log_options {
    int chat; /* rows are messages, not numbers */
    attune_log_time time;
    double
        offset_s; /* the log's time 0 is so long after the pictures begin (before: < 0); of dates and of
                       * what counts from 1970, its first row. At most 1e8 either way */
    const char *
        zero; /* when the pictures began, a date as above: then times are dates, or count from 1970, but of
               * a chat that Zoom saved, which has clocks of that day, and of what counts from the recording's
               * beginning by its format */
    /* Names of the columns to take, as the header has them or as attune_log_signals does, with commas between; NULL: all */
    const char *columns;
    const char *events; /* of those that count what happens at a moment */
    const char *
        from; /* of a chat: only messages of whom the column from, sender, author, name or user calls so */
    /* Asked each megabyte, now and while the log is read later; non-zero: ATTUNE_E_INTERRUPTED. Nullable; [kept], as is user. */
    int (*stop)(void *user);
    void *user;
    uint64_t reserved[2];
} attune_log_options;

/* Reads the whole file once: each row is checked here, and what is wrong with one names file and line. What can be read
 * only once, a pipe, is refused (ATTUNE_E_ARG). Memory does not grow with the file. */
int attune_log_open(attune_log **out, const char *path, const attune_log_options *o /* nullable */,
                    attune_error *err);
void attune_log_free(attune_log **l);

/* Of a signal, as attune_beside_setup has them: names of the columns (NULL after the last; NULL of a chat; letters, digits,
 * '_', '-' and '.': what the header says, in ASCII; of the same name the second is NAME_2), which of them count events, and
 * what is usual of each in the whole file. Live with l. */
const char *const *attune_log_signals(const attune_log *l);
unsigned attune_log_events(const attune_log *l);
const attune_signal_usual *attune_log_usual(const attune_log *l);
/* Names of the columns that are left out since no row has a value in them, with commas between, and cut where they are too many; NULL:
 * none. Lives with l. */
const char *attune_log_empty(const attune_log *l);
/* As many as attune_log_next gives, of which the last lies at end_us on the recording's clock: before its beginning where that is under 0. */
int64_t attune_log_rows(const attune_log *l, int64_t *end_us);

/* The same only for a log of the same columns and rows, at the same times on that clock: against damage and mistakes, not
 * against malice. */
uint64_t attune_log_digest(const attune_log *l);

/* What the file was read as: "a WhatsApp export", ...; NULL: a CSV. Static storage. */
const char *attune_log_format(const attune_log *l);
/* 1: nothing says what its times are, which are small numbers and taken for seconds; last_s is the last as it stands there. */
int attune_log_unlabelled(const attune_log *l, double *last_s);

/* 1: the next row, in order of time, of which those under 0 are from before the recording: value (columns), or text (n bytes,
 * ATTUNE_MAX_MESSAGE at most; lives until the next call); 0: there are no more; < 0: it cannot be read again, or was to stop. */
int attune_log_next(attune_log *l, int64_t *t_us, float *value /* nullable */, const char **text,
                    size_t *n, attune_error *err);
/* 1: note says which column the model's fusion was trained with that the session's signal lacks, so that no estimate rests on it; 0:
 * there is none. Of any session, whoever pushes its rows. */
int attune_session_lacks(const attune_session *s, char note[ATTUNE_NOTE_BYTES]);
/* From the beginning again. */
int attune_log_rewind(attune_log *l, attune_error *err);

#ifdef __cplusplus
}
#endif
#endif
