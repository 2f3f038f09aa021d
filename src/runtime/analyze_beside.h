/* analyze_beside.h - the rows and messages of logs into a session, ahead of the pictures and the sound of their time. Private to
 * runtime. */
#ifndef AT_RUNTIME_ANALYZE_BESIDE_H
#define AT_RUNTIME_ANALYZE_BESIDE_H

#include "runtime/state.h"

#include <attune/log.h>

/* A log that is being read. */
typedef struct at_beside_log {
    attune_log *log; /* NULL: none */
    int waits;       /* the row that is read, but whose time has not come */
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
/* What a reader should know of it. */
void at_beside_note(const at_beside *b, const attune_session *s, attune_input_info *info);

#endif
