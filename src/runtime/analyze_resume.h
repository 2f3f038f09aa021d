/* analyze_resume.h - what attune_analyze_resumable keeps, and takes up again. Private to runtime.
 *
 * attune-resume.told grows by what is told (runtime/analyze_told.h). The rest is attune-resume.state, which is replaced as a whole:
 * what it was made with and of, how much of the other file counts and its digest, how far the input was taken
 * (runtime/analyze_taken.h), what session and hindsight know (base/keep.h),
 * and how many rows of a signal and a chat were read. It has a digest of its own. So whatever a killed run wrote after
 * its last state is cut off and made again.
 *
 * Saving takes no more than a fiftieth of the time. Pictures and sound that were taken already come again out of the
 * reader: pictures are passed over, sound goes through the denoiser, which gives nobody its state; digests of both
 * say whether they are the same.
 */
#ifndef AT_RUNTIME_ANALYZE_RESUME_H
#define AT_RUNTIME_ANALYZE_RESUME_H

#include "runtime/analyze_beside.h"
#include "runtime/feed.h"
#include "runtime/hindsight.h"

typedef struct at_resume at_resume;

/* Reads what is there. Fails as attune_resume_find. */
int at_resume_open(at_resume **out, const char *folder, const attune_model *m, const char *path,
                   const attune_options *o, attune_error *err);
void at_resume_free(at_resume **r); /* NULL is fine */

/* Where pictures may begin to be decoded, for what was taken already. */
void at_resume_restart(const at_resume *r, at_media_options *o);
/* Fills session and what is beside, as they were opened, and hindsight, zeroed, where there is something to go on from. */
int at_resume_restore(at_resume *r, attune_session *s, at_hindsight *h, at_beside *b,
                      attune_error *err);
/* Whether there is something to go on from, which is not reached yet. */
int at_resume_catches_up(const at_resume *r);
/* Once it is reached: tells all again that was told. sink: nullable members. ATTUNE_E_INTERRUPTED: by the sink. */
int at_resume_tell(at_resume *r, const attune_sink *sink, const attune_options *o,
                   attune_error *err);

/* What comes out of the feed, or NULL: its end. 1: it is new, and all that was taken before has come; 0: it was taken
 * before, and nothing is to be done. AT_RESUME_ANEW: what came is not what it was, since not all was decoded: open feed and
 * session again, which will be. ATTUNE_E_STATE: the input is another. */
enum { AT_RESUME_ANEW = 2 };
int at_resume_take(at_resume *r, attune_session *s, const at_media_packet *p,
                   const at_media_info *info, attune_error *err);
/* What was told. A failure comes out with the next call that has an err. */
void at_resume_add_window(at_resume *r, const attune_window *w);
void at_resume_add_sighting(at_resume *r, const attune_sighting *x);
/* Between packets, with no window waiting: saves now and then; at_once: now. */
int at_resume_save(at_resume *r, attune_session *s, at_hindsight *h, at_beside *b, int at_once,
                   attune_error *err);

/* Whether what was found is damaged, which a failure then was. */
int at_resume_is_damaged(const at_resume *r);
/* That earlier runs took, in seconds. */
double at_resume_spent_s(const at_resume *r);

#endif
