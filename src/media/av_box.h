/* av_box.h - a reader in a child of its own: the parent's side, which trusts nothing that it is told.
 *
 * The child is forked, not executed anew: it starts in a millisecond. It decodes ahead as far as there are slots
 * for its pictures. When it breaks down, does what it may not, says what makes no sense or falls
 * silent, it is killed, and the reader fails with ATTUNE_E_FORMAT and a line that says so.
 */
#ifndef AT_MEDIA_AV_BOX_H
#define AT_MEDIA_AV_BOX_H

#include "media/av_wire.h"
#include "media/confine.h"

/* For m's path, o and path as its opener gave it. The thread that opens has to outlive the reader. */
int at_box_open(at_box **out, const at_media *m, const char *path, attune_error *err);
int at_box_next(at_box *b, at_media_packet *out, attune_error *err);

/* at_box_open in two: a child that loads FFmpeg and opens an m that is not live; and hearing what came of it, for an m that is the same in
 * all that a child looks at. ATTUNE_E_STATE: somebody has killed it meanwhile. */
int at_box_start(at_box **out, const at_media *m, const char *path, attune_error *err);
int at_box_begin(at_box *b, const at_media *m, attune_error *err);

/* A child without an input, which decodes one JPEG after another, of at most so many bytes and pixels. */
int at_box_open_fed(at_box **out, const at_media *m, const at_media_jpegs_options *o,
                    attune_error *err);
/* Hands it the next one; at_box_next then gives the picture. */
int at_box_feed(at_box *b, const void *data, size_t size, attune_error *err);

/* ---- av_ahead.c: the child of o->ahead, if that was started for path and o and nobody took it before; or NULL. */
at_box *at_box_take_ahead(const char *path, const at_media_options *o);

void at_box_get_info(const at_box *b, at_media_info *out);
void at_box_free(at_box **b);

/* Whether f, as a box gave it out, lies in the last of several slots that was free: who keeps it keeps the child
 * waiting. Of pictures so large that there is one slot it is no question: the child has to wait. */
int at_box_is_last(const AVFrame *f);

/* How long a child may give no sign of life. For tests to shorten. */
extern double at_box_patience_s;

/* ---- av_box_child.c ----------------------------------------------------------------------- */

enum { AT_BOX_HEAD = 4096 };

/* The memory of both, which the parent only reads: a head, then slots. */
typedef struct at_box_shared {
    atomic_uint beat; /* goes on while the child does */
} at_box_shared;

/* What is handed to a child that has no input, in memory of its own. */
typedef struct at_box_given {
    uint32_t size;
    int32_t max_w, max_h;
    uint8_t data[];
} at_box_given;

enum { AT_BOX_FED = 0xff }; /* said where numbers of slots are, when something is there */

/* What a child is given. */
typedef struct at_box_ends {
    at_box_shared *shared;
    const at_box_given *given; /* NULL: it reads an input */
    size_t bytes;              /* of the slots */
    int socket;
    int line; /* to the usher of an address, or -1 */
    pid_t parent;
} at_box_ends;

/* The child's whole life, after the fork, of an m as at_av_open takes it; with FFmpeg loaded, or loading it for files and pipes alone. Do not
 * return. */
_Noreturn void at_box_child(at_media *m, const char *path, const at_box_ends *ends);
_Noreturn void at_box_child_ahead(at_media *m, const char *path, const at_box_ends *ends);

/* Called in the child once it is confined, for tests of what it can do then. NULL otherwise. */
extern void (*at_box_misbehave)(const at_box_ends *ends);

#endif
