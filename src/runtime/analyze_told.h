/* analyze_told.h - what a run that can be gone on with has told so far: a file that grows. Private to runtime.
 *
 * It has a byte, 'w' or 's', a length, and the window, with what is recorded beside it, or the sighting. How much of it counts, and
 * its digest, are kept elsewhere (at_told_keep): what a killed run wrote after that is cut off. */
#ifndef AT_RUNTIME_ANALYZE_TOLD_H
#define AT_RUNTIME_ANALYZE_TOLD_H

#include "base/digest.h"
#include "base/keep.h"

#include <attune/attune.h>
#include <stdio.h>

enum { AT_RESUME_MODE = 0600 }; /* of its files */

typedef struct at_told {
    const char *folder, *path; /* borrowed */
    FILE *f;                   /* NULL: it is not opened, since nothing was told yet */
    int64_t bytes;
    at_digest digest;
    attune_error failure; /* of the telling */
} at_told;

void at_told_begin(at_told *t, const char *folder, const char *path);
/* Makes it where it is not there. Whoever has it open has it alone: another is ATTUNE_E_IO. */
int at_told_open(at_told *t, attune_error *err);
void at_told_close(at_told *t);
/* How much counts. */
void at_told_keep(at_keep *k, at_told *t);

/* Opens it where it is not. A failure stays in t, and with it nothing more is added. */
void at_told_add_window(at_told *t, const attune_window *w);
void at_told_add_sighting(at_told *t, const attune_sighting *x);
/* All that was added is in the file. */
int at_told_flush(at_told *t, attune_error *err);

/* Tells all again, after its digest was looked at, and is at its end. has_beside: of windows. ATTUNE_E_FORMAT, without a
 * message: it is damaged; ATTUNE_E_INTERRUPTED, without: by the sink. */
int at_told_again(at_told *t, const attune_sink *sink, const attune_options *o, int has_beside,
                  attune_error *err);

#endif
