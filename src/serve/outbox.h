/* outbox.h - what waits to be sent to one client: bounded. A client that takes nothing loses the
 * oldest windows, which are counted; what else is said to it is never lost. No locks. */
#ifndef AT_SERVE_OUTBOX_H
#define AT_SERVE_OUTBOX_H

#include <stdint.h>

enum {
    AT_OUTBOX_WINDOWS = 64,
    AT_OUTBOX_OTHERS = 16, /* more are not said to anybody in one go */
    AT_OUTBOX_TEXTS = AT_OUTBOX_WINDOWS + AT_OUTBOX_OTHERS,
};

typedef struct at_outgoing {
    char *text; /* malloc */
    int window; /* may be lost */
} at_outgoing;

/* Zero-initialised is ready. */
typedef struct at_outbox {
    at_outgoing out[AT_OUTBOX_TEXTS]; /* the first n, oldest first */
    int n, windows;
    int64_t lost_windows;
} at_outbox;

/* Takes text; NULL (memory was out) counts as lost. */
void at_outbox_put(at_outbox *o, char *text, int window);
char *at_outbox_take(at_outbox *o); /* the caller's (free); NULL: there is none */
void at_outbox_clear(at_outbox *o);

#endif
