/* analyze_taken.h - how far an input was taken, and whether what comes of it again is what came before. Private to runtime.
 *
 * Of sound each piece is in a digest. Pictures are known by their times, the latest of them by digests, too, and these say
 * where decoding may begin for them: those before are not decoded again. */
#ifndef AT_RUNTIME_ANALYZE_TAKEN_H
#define AT_RUNTIME_ANALYZE_TAKEN_H

#include "base/digest.h"
#include "base/keep.h"
#include "media/media.h"

enum { AT_TAKEN_MARKS = 4 };

/* A picture that was taken, and where decoding may begin for it. */
typedef struct at_taken_mark {
    int64_t t_us, digest;
    int64_t restart, restart_us;
} at_taken_mark;

typedef struct at_taken {
    int64_t pieces, pieces_again; /* of sound, taken in; and so far once more */
    at_digest heard, heard_again;
    int64_t picture_us; /* of the latest that was taken; -1: none */
    int64_t reached_us; /* of all that was taken */
    at_taken_mark mark[AT_TAKEN_MARKS];
    int marks;
    int catches_up; /* what was kept is not reached yet */
    int proven;     /* the latest mark has come again */
    int whole;      /* all pictures are to be decoded */
} at_taken;

void at_taken_begin(at_taken *t);
void at_taken_keep(at_keep *k, at_taken *t); /* one that was read catches up */

typedef enum at_taken_is {
    AT_TAKEN_BEFORE, /* nothing is to be done, but of sound, to hear it again */
    AT_TAKEN_NEW,    /* all that was taken before has come */
    AT_TAKEN_ANEW, /* it is not what it was, since not all was decoded: all again, which will be */
    AT_TAKEN_ANOTHER, /* it is not what it was */
} at_taken_is;

/* What comes of the input; NULL: its end. */
at_taken_is at_taken_take(at_taken *t, const at_media_packet *p, const at_media_info *info);
/* Where pictures may begin to be decoded, for what was taken already. */
void at_taken_restart(const at_taken *t, at_media_options *o);

#endif
