/* study.h - many recordings: a list of them, what has become of each, and tables of all. May change.
 *
 * A study is a manifest, a folder, and a folder in that for each recording, named by its id, with what
 * attune_report_* writes. What has become of a recording stands in its folder alone: so any number of processes and
 * machines may work at shards of one study, be killed and go on, and what they come to does not depend on who
 * did what (attune_study_merge).
 *
 * The manifest is a CSV with a header. Columns that mean something:
 *
 *     path    of the recording; relative: to the manifest's folder
 *     id      of letters, digits, '.', '_', '-', not beginning with '.'; up to 100. Without this column the file's name
 *             without its ending, with -2, -3, ... where there are several
 *     signal  a file of what was recorded beside it (attune/log.h), a path likewise; an empty cell: none
 *     chat    likewise, of messages
 *     signal_offset, chat_offset    of such a file: seconds, as attune_log_options has them
 *     zero    of both, likewise: a date
 *
 * Others (a condition, a person's label) go into recordings.csv as they are.
 *
 * Names, errors and owning as in attune.h. A study: one thread at a time.
 */
#ifndef ATTUNE_STUDY_H
#define ATTUNE_STUDY_H

#include <attune/attune.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { ATTUNE_MAX_RECORDINGS = 10000000, ATTUNE_MAX_SHARDS = 100000 };

typedef struct attune_study attune_study;

typedef struct attune_study_options {
    const char *manifest; /* a file: it is read again */
    const char *dir;      /* made if it is not there */
    int shard, shards; /* every shards-th recording, from the shard-th on, 1 to shards; 0, 0: all */
    int resume;        /* there may be results of this study already: they are gone on from */
    /* Nullable: what results depend on besides, a line; another one's are not gone on from */
    const char *made_with;
    /* There are options of signals, of chats, or of whichever there are: the manifest has to have the column */
    int of_signals, of_chats, of_either;
    uint64_t reserved[4];
} attune_study_options;

/* Reads the manifest, every row of which has to make sense: ATTUNE_E_FORMAT names file and line. ATTUNE_E_ARG: it has no
 * column of what options are of. ATTUNE_E_STATE: the folder holds results, and they are not to be gone on from, or are of
 * another manifest or made with something else. */
int attune_study_open(attune_study **out, const attune_study_options *o, attune_error *err);
void attune_study_free(attune_study **s);

int attune_study_count(const attune_study *s); /* recordings of this shard */

typedef enum attune_recording_state {
    ATTUNE_TO_DO, /* or it was interrupted */
    ATTUNE_DONE,
    ATTUNE_FAILED,
} attune_recording_state;

/* Strings live until the study is freed or asked again. */
typedef struct attune_recording {
    const char *id, *path;
    const char *folder; /* for attune_report_options.dir */
    attune_recording_state state;
    const char *reason;               /* why it failed, or is to be done anew: a line; else "" */
    const char *signal, *chat, *zero; /* NULL: none */
    double signal_offset_s, chat_offset_s;
    uint64_t reserved[4];
} attune_recording;

/* The i-th of this shard. Looks into its folder; a result that is damaged, or of files that have another size or time
 * now, is to be done anew. */
int attune_study_at(attune_study *s, int i, attune_recording *out, attune_error *err);

/* 1: the i-th is this study's to analyse, until it takes another or is freed; 0: another program is at it. Locks are
 * the file system's: where it knows none, 1. */
int attune_study_take(attune_study *s, int i, attune_error *err);

/* Notes that the i-th has a result, of the files that were there when attune_study_at last told of it. */
int attune_study_done(attune_study *s, int i, attune_error *err);
/* Notes that it came to nothing; an earlier result, damaged or of other files, is gone then. A later one takes the
 * note away. */
int attune_study_failed(attune_study *s, int i, const char *reason, attune_error *err);

typedef struct attune_merged {
    int recordings, done, failed, to_do; /* of the manifest */
    int64_t windows;                     /* rows of windows.csv */
    char missing[256];                   /* ids of what is to do, as many as have room */
    uint64_t reserved[4];
} attune_merged;

/* Makes of what n folders of one study hold, whole or shards, in the order of the manifest and as one set, in dir:
 *
 *     recordings.csv  a row a recording: the manifest's columns, then state, reason, folder and figures of summary.json.
 *                     Folders are named from dir, so that all of it may be moved
 *     windows.csv     every window of all that are done: the recording's id, then the columns of timeline.csv, and of what
 *                     was recorded beside those of any; empty where a recording has none
 *     failures.csv    those that failed, with reasons
 *     index.html      a line a recording, with links
 *
 * progress as in attune_sink, nullable. Damaged results are an error. */
int attune_study_merge(const char *dir, const char *const *from, int n,
                       int (*progress)(void *user, double done, double total), void *user,
                       attune_merged *out, attune_error *err);

#ifdef __cplusplus
}
#endif
#endif
