/* archive.h - what pages ask of the store of kept sessions, answered beside the loop: a disk may be slow,
 * and deleting writes the file anew. One thread, one question after the other.
 *
 * Threads  all calls are the event loop's; wake is called on the archive's own thread.
 */
#ifndef AT_SERVE_ARCHIVE_H
#define AT_SERVE_ARCHIVE_H

#include <attune/sink.h>
#include <attune/store.h>

typedef struct at_archive at_archive;
typedef struct at_question at_question;

typedef enum at_wish {
    AT_WISH_SESSIONS, /* a list of all */
    AT_WISH_SESSION,  /* all that is kept of one */
    AT_WISH_FILE,     /* what a sink makes of one: its report, an export */
    AT_WISH_FILES,    /* the names of those that this build makes */
    AT_WISH_TRENDS,
    AT_WISH_DELETE,
    AT_WISH_DELETE_ALL,
} at_wish;

/* wake: something was answered. */
int at_archive_open(at_archive **out, attune_store *store /* [kept] */, void (*wake)(void *user),
                    void *user, attune_error *err);
/* Waits for the question that it is at; the others are answered with 503. */
void at_archive_free(at_archive **a);

typedef struct at_asking {
    at_wish wish;
    int64_t id;                   /* of one session */
    const attune_sink_info *sink; /* of AT_WISH_FILE */
} at_asking;

/* code is what HTTP calls it, body (free) the sink's file or JSON, and empty for what was deleted. */
typedef struct at_answer {
    at_asking asked;
    unsigned code;
    char *body;
    size_t size;
} at_answer;

/* NULL: too many wait, or memory is out. */
at_question *at_archive_ask(at_archive *a, const at_asking *asking);
/* a NULL, here and below: an archive that was freed meanwhile. 1: answered, and q is gone. 0: not yet. */
int at_archive_answer(at_archive *a, at_question *q, at_answer *out);
/* Nobody waits for it any more. q NULL is fine. */
void at_archive_drop(at_archive *a, at_question *q);

#endif
