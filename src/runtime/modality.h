/* modality.h - what a session wants of a modality: take in what is pushed, and say of a stretch of
 * time what it makes of whom. Private to runtime.
 *
 * A modality is a file (voice.c, signal.c; of the face a few, face_stream.h) and a line in modalities.c. The session knows nothing of
 * faces and voices: it pushes pictures, sound, rows and messages to whoever takes them, asks all for their findings
 * over each window, joins those of one subject (window.c) and has the fusion weigh them.
 *
 * A modality keeps what windows to come may need, in memory that is allocated when it is opened and
 * does not grow. Functions returning int give ATTUNE_OK (or a count) or a negative status; after
 * ATTUNE_E_STATE nothing has changed.
 */
#ifndef AT_RUNTIME_MODALITY_H
#define AT_RUNTIME_MODALITY_H

#include "base/keep.h"
#include "base/pool.h"
#include "runtime/clock.h"
#include "runtime/model.h"
#include "runtime/speaker.h"
#include "runtime/watch.h"
#include "vision/picture.h"

/* What all modalities of a session are opened with; outlives them. */
typedef struct at_setting {
    const attune_model *model;
    const attune_options *o; /* defaults filled in */
    at_pool *pool;
} at_setting;

enum { AT_FINDINGS = ATTUNE_MAX_TRACKS }; /* of one modality over one window, at most */

/* What a modality has to say of one subject over one window. */
typedef struct at_finding {
    uint32_t subject; /* its number in the session; 0: whoever is there (a voice bears no name) */
    at_evidence evidence; /* pointers live until the next call on the modality */
    at_activity activity; /* of its mouth, or of its voice; likewise */
} at_finding;

typedef struct at_modality {
    const char *name; /* as in attune_modality_name */
    at_input input;
    /* *self NULL: the options say that there will be nothing for it, of what is beside pictures and sound. */
    int (*open)(void **self, const at_setting *s, attune_error *err);
    void (*free)(void **self); /* NULL is fine */

    /* By input, one of these. Times do not decrease. A picture that at_picture_check let
     * pass: returns the number of subjects in it. Sound: n <= ATTUNE_MAX_PUSH samples; *head_us is moved on to what it has heard for good. */
    int (*push_picture)(void *self, int64_t t_us, const attune_picture *p);
    int (*push_sound)(void *self, int64_t t_us, const float *pcm, size_t n, int64_t *head_us);
    /* A row of the signal, value by column; n bytes of a message. Never refused for want of room. */
    void (*push_row)(void *self, int64_t t_us, const float *value);
    int (*push_text)(void *self, int64_t t_us, const char *text,
                     size_t n);                  /* whether it can be read */
    int (*finish)(void *self, int64_t *head_us); /* nullable; no more input: what was held back */

    void (*forget_before)(void *self, int64_t t_us); /* no window to come reaches back further */
    /* The findings over [start, end), at most AT_FINDINGS, in order of first sight. */
    int (*collect)(void *self, int64_t start_us, int64_t end_us, at_finding *out);
    /* Puts what was measured of the i-th finding of the latest collect into the window: members of
     * its quality (NaN so far), box. i -1: there is none. Nullable. */
    void (*describe)(const void *self, int i, attune_window *w);
    /* Nullable; of what comes beside pictures and sound: what the latest collect says of it. */
    void (*tell_beside)(const void *self, attune_beside *out);
    /* Nullable; tells of all pictures before end_us that it did not tell of yet, by the options'
     * on_sighting. After collect, and before they are forgotten. */
    void (*tell)(void *self, int64_t end_us);
    /* Nullable; as attune_session_thumbnail. */
    int (*thumbnail)(const void *self, int i, attune_thumbnail *out);
    /* What it knows of the input so far (base/keep.h); self as it was opened. Of sound that is less than all:
     * what was heard is to be pushed again. */
    void (*keep)(void *self, at_keep *k);
    /* Nullable; from now on it is watched. */
    void (*watch)(void *self, const at_watch *w);
} at_modality;

extern const at_modality at_face_modality, at_voice_modality, at_signal_modality, at_chat_modality;

/* All of them, by ATTUNE_FACE, ... modalities.c */
extern const at_modality *const at_modalities[ATTUNE_STREAMS];

#endif
