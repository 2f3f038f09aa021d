/* state.h - what a session keeps between calls. Private to runtime. */
#ifndef AT_RUNTIME_STATE_H
#define AT_RUNTIME_STATE_H

#include "runtime/baselines.h"
#include "runtime/modality.h"
#include "runtime/sound.h"

/* What a window's emotion was answered from. */
typedef struct at_testimony {
    int present[ATTUNE_MODALITIES];
    float logit[ATTUNE_MODALITIES][AT_MOST_CLASSES]; /* as they were */
    at_estimate estimate;
} at_testimony;

struct attune_session {
    const attune_model *m;
    attune_options o; /* defaults filled in */
    at_setting setting;
    at_pool *pool;
    at_clock clock;
    void *modality[ATTUNE_STREAMS];    /* NULL: its input is absent */
    int64_t beside_us[ATTUNE_STREAMS]; /* of what came beside pictures and sound, the latest time */

    at_baselines baselines;
    at_watch watch;

    int64_t last_period; /* of the latest analysed frame, in units of 1/rate; -1: none */
    attune_counts counts;
    at_front front;       /* of attune_session_push_sound */
    attune_error failure; /* of the latest call that failed */

    /* Windows: ready[next_ready..n_ready) end together and wait to be taken. */
    attune_window ready[ATTUNE_MAX_TRACKS + 1]; /* faces, and a voice that is none of theirs */
    at_testimony told[ATTUNE_MAX_TRACKS + 1];   /* of each */
    int n_ready, next_ready;
    attune_beside beside; /* of all of them */
};

/* Fills ready[] with the windows over [start_us, end_us). window.c */
int at_session_make_windows(attune_session *s, int64_t start_us, int64_t end_us);

/* Of the window that attune_session_next gave last. */
const at_testimony *at_session_testimony(const attune_session *s);
/* How long what is usual for a person has been followed, in seconds of good input. */
float at_session_known_s(const attune_session *s, uint32_t person);
/* Answers a window again, by what is usual for its person by now. Not with no_baseline. window.c */
void at_session_tell_again(const attune_session *s, const at_testimony *t, attune_window *w);

/* Whether windows tell of something that is recorded beside. window.c */
int at_session_has_beside(const attune_session *s);
/* base/keep.h; what is read is one that a session could have made. beside: what w->beside has; NULL: nothing is recorded
 * beside. window.c */
void at_window_keep(at_keep *k, attune_window *w, attune_beside *beside);

/* Before attune_session_finish, by whoever knows: the input lasts until end_us and no longer. A
 * session cannot know how long the last picture is shown. */
void at_session_cut(attune_session *s, int64_t end_us);

/* What a session knows of what was pushed (base/keep.h), but for the sound, while no window waits. s as it was opened. */
void at_session_keep(at_keep *k, attune_session *s);
/* A row of the signal from before the recording: it is of what is usual, holds as long as others, and is not counted. In order of
 * time, before any other; s has a signal. */
void at_session_precede(attune_session *s, int64_t t_us, const float *value);
/* Sound that a session was told of before its state was kept, once more and in the same pieces: after at_session_keep
 * and before anything else is pushed. */
int at_session_hear_again(attune_session *s, int64_t t_us, const float *pcm, size_t n);

/* From now on w sees what the session sees. */
void at_session_watch(attune_session *s, const at_watch *w);

#endif
