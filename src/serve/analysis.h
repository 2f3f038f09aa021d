/* analysis.h - one learner's session at work: what a client sent goes in, messages come out.
 *
 * A session (attune.h) with one thread, its report, whose lines are what the windows say, and the
 * decoder of its pictures. The windows are those of any session that is pushed the same: sound as
 * attune_session_push_sound takes it, pictures as their JPEG has them.
 *
 * Threads  one at a time.
 */
#ifndef AT_SERVE_ANALYSIS_H
#define AT_SERVE_ANALYSIS_H

#include "serve/mailbox.h"

#include <attune/store.h>

typedef struct at_analysis at_analysis;

typedef struct at_analysis_setup {
    const attune_model *model; /* [kept] */
    attune_store *store;       /* [kept], nullable */
    /* Nothing left at 0 but flags. With no_video or no_audio nothing is waited for; should that stream
     * come all the same, a session with both goes on in the place of the one without */
    attune_options options;
    int width_max, height_max; /* pixels of a picture */
    /* Every window as it comes, on the caller's thread: message (free) is the callee's, NULL when
     * memory was out. */
    void (*window)(void *user, const attune_window *w, char *message);
    void *user;
} at_analysis_setup;

int at_analysis_open(at_analysis **out, const at_analysis_setup *setup, attune_error *err);
void at_analysis_free(at_analysis **a);

/* A picture or sound; gives out the windows that it completes. Or what lies beside, in order of time. ATTUNE_E_FORMAT,
 * ATTUNE_E_UNSUPPORTED: the picture is none that is taken, and was left out; what then becomes of the
 * session is the caller's to say. Another error ends it. */
int at_analysis_take(at_analysis *a, const at_item *item, attune_error *err);

/* From now on windows go to the store as well; consent is the version of the text that was agreed to.
 * What cannot be stored is no fault of the session, which goes on: at_analysis_keeping tells. */
int at_analysis_keep(at_analysis *a, const char *consent, attune_error *err);
/* Deletes what is stored of it, also after its end. Where it fails that stays, and no more comes to it. */
int at_analysis_forget(at_analysis *a, attune_error *err);

typedef enum at_keeping {
    AT_NOT_KEPT, /* nothing of it is in the store: nobody asked for it, or it was deleted there */
    AT_IS_KEPT,
    AT_KEPT_IN_PART, /* until the store could not be written any more */
} at_keeping;

at_keeping at_analysis_keeping(const at_analysis *a);

/* Whether the newest pictures show no face, though windows may still speak of one. */
int at_analysis_is_faceless(const at_analysis *a);

/* No more comes: the last windows, and *ended, the message (free) with the summary. */
int at_analysis_finish(at_analysis *a, char **ended, attune_error *err);

#endif
