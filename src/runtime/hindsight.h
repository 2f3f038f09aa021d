/* hindsight.h - the first windows of each person, told again once more is known of them. Private to runtime.
 *
 * What is usual for a person (fusion/baseline.h) takes a while to learn, and whoever begins with ten seconds
 * of one thing is misread by some of it. A file can wait for what comes: windows are held, in their order,
 * until 30 s of good input say what is usual for their person, and are answered anew by that; later ones as
 * they come. Where so much never comes they are left as they were told: in a short recording what is usual
 * cannot be told from what is shown. Nothing is held for longer than two minutes of the recording.
 */
#ifndef AT_RUNTIME_HINDSIGHT_H
#define AT_RUNTIME_HINDSIGHT_H

#include "runtime/state.h"

/* Zero-initialised is ready for use. */
typedef struct at_hindsight {
    struct at_held *held; /* (capacity), a ring */
    attune_beside beside; /* of the window that was given last */
    size_t first, count, capacity;
} at_hindsight;

void at_hindsight_free(at_hindsight *h);

/* Whether anything that the session tells could be told better: a fusion that looks at embeddings cannot be
 * asked again, since these are not held. */
int at_hindsight_helps(const attune_session *s);
/* Holds the window that attune_session_next gave last. ATTUNE_OK or ATTUNE_E_NOMEM. */
int at_hindsight_hold(at_hindsight *h, const attune_session *s, const attune_window *w);
/* base/keep.h; zeroed where k reads. s: whose windows they are. */
void at_hindsight_keep(at_keep *k, at_hindsight *h, const attune_session *s);
/* 1: *out is the next window that is to wait no longer; all: there is nothing to wait for. 0: none. */
int at_hindsight_next(at_hindsight *h, int all, attune_window *out);

#endif
