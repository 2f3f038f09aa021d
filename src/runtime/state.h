/* state.h - what a session keeps between calls. Private to runtime. */
#ifndef AT_RUNTIME_STATE_H
#define AT_RUNTIME_STATE_H

#include "runtime/baselines.h"
#include "runtime/modality.h"
#include "runtime/sound.h"

struct attune_session {
    const attune_model *m;
    attune_options o; /* defaults filled in */
    at_setting setting;
    at_pool *pool;
    at_clock clock;
    void *modality[ATTUNE_MODALITIES]; /* NULL: its input is absent */

    at_baselines baselines;
    at_watch watch;

    int64_t last_period; /* of the latest analysed frame, in units of 1/rate; -1: none */
    attune_counts counts;
    at_front front;       /* of attune_session_push_sound */
    attune_error failure; /* of the latest call that failed */

    /* Windows: ready[next_ready..n_ready) end together and wait to be taken. */
    attune_window ready[ATTUNE_MAX_TRACKS + 1]; /* faces, and a voice that is none of theirs */
    int n_ready, next_ready;
};

/* Fills ready[] with the windows over [start_us, end_us). window.c */
int at_session_make_windows(attune_session *s, int64_t start_us, int64_t end_us);

/* Before attune_session_finish, by whoever knows: the input lasts until end_us and no longer. A
 * session cannot know how long the last picture is shown. */
void at_session_cut(attune_session *s, int64_t end_us);

/* From now on w sees what the session sees. */
void at_session_watch(attune_session *s, const at_watch *w);

#endif
