/* store.h - sessions that are kept: windows in a SQLite file, only where a person wants it. May change.
 *
 *     attune_keep k = {.consent = ATTUNE_CONSENT_VERSION, .source = "live", .model = m};
 *     attune_store_open(&s, path, 0, &err);
 *     attune_store_begin(s, &id, &k, &err);
 *     attune_store_window(s, id, &w, &err);              for every window: it outlives us on return
 *     attune_store_end(s, id, &info, 0, summary, &err);
 *     attune_store_free(&s);
 *
 * What is kept: a record of the session (attune_record), its windows with their qualities, a summary.
 * Never a picture, a sound, a message of a chat, an embedding, nor the name of a file. docs/store.md has the schema.
 *
 * Names, errors and owning as in attune.h. Threads: any; on one store, calls that write wait for one
 * another, and so do those that read, but no window waits for a reading. Several programs may have it
 * open. Callbacks must not call the store that calls them. In a build
 * without SQLite attune_store_open gives ATTUNE_E_UNSUPPORTED.
 *
 * Errors: ATTUNE_E_IO where the disk is full, the file is not to be had, or another program holds it
 * for over 5 s; ATTUNE_E_FORMAT of a file that is no store, or damaged; ATTUNE_E_UNSUPPORTED of one of
 * a later version; ATTUNE_E_STATE of a session that is not there, or has ended. What was stored before
 * a call that failed stays stored.
 */
#ifndef ATTUNE_STORE_H
#define ATTUNE_STORE_H

#include <attune/sink.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct attune_store attune_store;

/* ---- consent ----------------------------------------------------------------------------------- */

/* The text that a person agrees to before anything is kept, lines of UTF-8, and its version. Another
 * text has another version. Static storage. */
#define ATTUNE_CONSENT_VERSION "2"
const char *attune_consent_text(void);

/* ---- the file ---------------------------------------------------------------------------------- */

/* $ATTUNE_STORE, else $XDG_DATA_HOME/attune/sessions.db, else ~/.local/share/attune/sessions.db.
 * ATTUNE_E_ARG: it does not fit, or there is no home. */
int attune_store_path(char *out, size_t size);

enum {
    ATTUNE_STORE_EXISTING = 1, /* flags: do not make the file */
    ATTUNE_STORE_READING = 3,  /* nor write: it opens on a full disk, and in a folder that cannot be
                                  written, too. What writes may fail then */
};
/* A file that is not there is made, readable by its owner alone (0600), with the folders on its way
 * (0700); one of an earlier version is brought up to this one. */
int attune_store_open(attune_store **out, const char *path, unsigned flags, attune_error *err);
void attune_store_free(attune_store **s);

/* ---- writing ----------------------------------------------------------------------------------- */

enum { ATTUNE_LABEL_BYTES = 65 }; /* of short texts, with the NUL: longer ones are ATTUNE_E_ARG */

/* Zero is the default for every field but consent and source. */
typedef struct attune_keep {
    const char *consent; /* version of the text that was agreed to */
    int64_t consent_s;   /* when, in seconds since 1970; 0: now */
    int64_t began_s;     /* when the session began, likewise */
    const char *source;  /* "live", "file": a word, never a name */
    const char *person;  /* nullable: a label for whom it is of, if the user gave one. "" is none */
    const attune_model *model; /* nullable */
    attune_options session; /* as the session was opened; what comes beside is kept of those alone
                                * who agreed to version 2 of the text, or a later one */
    uint64_t reserved[8];
} attune_keep;

/* *id: numbers from 1 on, never given twice. Also deletes what is older than the store keeps. */
int attune_store_begin(attune_store *s, int64_t *id, const attune_keep *k, attune_error *err);
/* In the session's order. On return the window survives the program's end, however that comes; a power
 * cut may cost those of the last second. */
int attune_store_window(attune_store *s, int64_t id, const attune_window *w, attune_error *err);
/* No more windows. summary: the JSON of attune_report_json, nullable; what it says of names and paths is
 * left out. A session whose program died stays without an end: all else goes for it, too. */
int attune_store_end(attune_store *s, int64_t id, const attune_input_info *info /* nullable */,
                     int interrupted, const char *summary /* nullable */, attune_error *err);

/* ---- reading ----------------------------------------------------------------------------------- */

/* A session beside its windows. Times in seconds since 1970. */
typedef struct attune_record {
    int64_t id;
    int64_t began_s, ended_s; /* ended_s 0: it has no end (yet) */
    int interrupted;          /* before its input's end */
    int64_t consent_s;
    char consent[ATTUNE_LABEL_BYTES];
    char source[ATTUNE_LABEL_BYTES];
    char person[ATTUNE_LABEL_BYTES];                                   /* "": no label */
    char attune[ATTUNE_LABEL_BYTES];                                   /* version */
    char model[ATTUNE_LABEL_BYTES], model_version[ATTUNE_LABEL_BYTES]; /* "": not known */
    char model_digest[ATTUNE_LABEL_BYTES];                             /* as attune info tells it */
    attune_options
        session;       /* rate, window_s, hop_s, max_tracks, no_*, causal; defaults filled in */
    double duration_s; /* to the latest window's end, or as the end said */
    int has_video, has_audio; /* as the end said; without: whether it was to come, or came */
    int width, height;        /* 0 before the end */
    attune_counts counts;     /* likewise, but for messages: those of windows that do not
                                              * overlap */
    int64_t windows, withheld;
    int faces; /* with a number of their own */
    /* Of what was recorded beside pictures and sound: the signal's columns, bit i of events: the i-th counts what
     * happens at a moment; and whether there was a chat. Windows have what they say of them */
    int signals;
    char signal[ATTUNE_MAX_SIGNALS][ATTUNE_SIGNAL_BYTES];
    unsigned events;
    int chat;
    uint64_t reserved[8];
} attune_record;

/* From the latest to the earliest. A non-zero return of fn ends the list with ATTUNE_E_INTERRUPTED. */
int attune_store_list(attune_store *s, int (*fn)(void *user, const attune_record *r), void *user,
                      attune_error *err);
int attune_store_record(attune_store *s, int64_t id, attune_record *out, attune_error *err);
/* The session's windows in their order, as they were given. */
int attune_store_windows(attune_store *s, int64_t id, int (*fn)(void *user, const attune_window *w),
                         void *user, attune_error *err);
/* *out: its summary as JSON (free), NULL where there is none. */
int attune_store_summary(attune_store *s, int64_t id, char **out, attune_error *err);

/* The session's report, made anew from its windows and finished. o: as for attune_report_open; input
 * NULL is "session 3", and the session's options are the record's. *out (nullable): free it; its JSON
 * and its text are there. */
int attune_store_report(attune_store *s, int64_t id, const attune_report_options *o,
                        attune_report **out, attune_error *err);

/* Everything that is kept of a session as one JSON object, in pieces. Non-zero from write: it failed. */
int attune_store_export(attune_store *s, int64_t id,
                        int (*write)(void *user, const char *text, size_t size), void *user,
                        attune_error *err);

/* ---- texts for a page (JSON; docs/store.md has the members). *out: free -------------------------- */

int attune_store_sessions_json(attune_store *s, char **out,
                               attune_error *err); /* all, their records */
int attune_store_session_json(attune_store *s, int64_t id, char **out, attune_error *err);
/* Of the sessions with that label (NULL: of those without one), by themselves, beside what is usual for
 * the person, and week by week. */
int attune_store_trends_json(attune_store *s, const char *person, char **out, attune_error *err);

/* ---- groups ------------------------------------------------------------------------------------ */

enum {
    ATTUNE_GROUP_LEAST = 10,   /* people that any figure, and any difference of figures, is about */
    ATTUNE_GROUP_SECONDS = 60, /* of answers that a session needs, to count */
};

/* Zero is everybody with a label, at all times. */
typedef struct attune_group_query {
    int64_t since_s, until_s;  /* sessions that began in [since_s, until_s); until_s 0: no end */
    const char *const *people; /* (n_people) labels; 0 of them: all */
    int n_people;
    uint64_t reserved[4];
} attune_group_query;

/* Means over people of their ended sessions. ATTUNE_E_STATE, with the reason, where fewer than
 * ATTUNE_GROUP_LEAST could be told from the answer, or from it and all that were given before. */
int attune_store_group_json(attune_store *s, const attune_group_query *ask, char **out,
                            attune_error *err);

/* ---- how long ---------------------------------------------------------------------------------- */

enum { ATTUNE_STORE_MAX_DAYS = 36500 };
/* Sets how many days the store keeps a session after its end (0: for ever, as a new one does), and
 * deletes what is older. It stands in the file. *gone (nullable): sessions deleted. */
int attune_store_keep_days(attune_store *s, int days, int64_t *gone, attune_error *err);
/* Deletes what is older than the store keeps, at now_s (0: now). attune_store_begin does so, too. */
int attune_store_expire(attune_store *s, int64_t now_s, int64_t *gone, attune_error *err);

/* ---- deleting ---------------------------------------------------------------------------------- */

/* Deletes a session and overwrites where it stood; the file becomes as much smaller. 0: done; 1: done,
 * but another program reads the store, and the file's log holds traces until it is done with. */
int attune_store_delete(attune_store *s, int64_t id, attune_error *err);
/* All of them; *n of them (nullable). */
int attune_store_delete_all(attune_store *s, int64_t *n, attune_error *err);

#ifdef __cplusplus
}
#endif
#endif
