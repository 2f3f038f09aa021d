/* sessions.h - what the files of attune sessions share. */
#ifndef AT_CLI_SESSIONS_H
#define AT_CLI_SESSIONS_H

#include "cli/cli.h"

#include <attune/sink.h>
#include <attune/store.h>

enum { AT_SESSIONS_IDS = 256 };

/* The command line, and the store that it is about. */
typedef struct at_sessions {
    const char *path, *out, *sinks, *person;
    char *people;                /* labels with commas between; NULL: all */
    int64_t since_s, until_s;    /* 0: no bound */
    int64_t id[AT_SESSIONS_IDS]; /* of keep: days */
    int ids, all, json;
    char default_path[4096];
    attune_store *store;
} at_sessions;

/* Verbs; they return the exit code. */
int at_sessions_list(at_sessions *o);
int at_sessions_show(at_sessions *o);
int at_sessions_trends(at_sessions *o);
int at_sessions_group(at_sessions *o);
int at_sessions_keep(at_sessions *o);

/* Says why on stderr. Returns AT_EXIT_FAILED. */
int at_sessions_fail(const attune_error *err);

#endif
