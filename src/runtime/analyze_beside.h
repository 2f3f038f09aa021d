/* analyze_beside.h - the rows and messages of logs into a session, ahead of the pictures and the sound of their time. Private to
 * runtime. */
#ifndef AT_RUNTIME_ANALYZE_BESIDE_H
#define AT_RUNTIME_ANALYZE_BESIDE_H

#include "runtime/state.h"

#include <attune/log.h>

/* A log that is being read. */
typedef struct at_beside_log {
    attune_log *log; /* NULL: none, or at its end */
    int64_t rows;    /* that were read */
    int waits;       /* the last of them, whose time has not come */
    int64_t t_us;
    float value[ATTUNE_MAX_SIGNALS];
    const char *text;
    size_t n;
} at_beside_log;

typedef struct at_beside {
    attune_beside_setup setup; /* of the session */
    at_beside_log signal, chat;
} at_beside;

/* From their beginnings; o: of the analysis, whose session is to be opened with b's setup. */
int at_beside_open(at_beside *b, const attune_options *o, attune_error *err);
/* All that is of a time up to until_us. Of what the session refuses err says why. */
int at_beside_push(at_beside *b, attune_session *s, int64_t until_us, attune_error *err);
/* How far their rows were read (base/keep.h); b as it was opened, with the same logs. */
void at_beside_keep(at_keep *k, at_beside *b);
/* To there again. */
int at_beside_catch_up(at_beside *b, attune_error *err);
/* What tells them from others; 0: there is nothing beside. */
uint64_t at_beside_digest(const attune_beside_setup *setup /* nullable */);
/* What a reader should know of it. */
void at_beside_note(const at_beside *b, const attune_session *s, attune_input_info *info);

#endif
