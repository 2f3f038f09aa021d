/* hall.h - the learners who are here, and the workers who serve them in turn.
 *
 * Each learner has a seat: an analysis, a mailbox before it, an outbox behind it. Workers take the
 * seats that have something waiting in a ring, one picture or one stretch of sound at a time, so
 * that nobody's windows wait for more than one item of everybody else. A seat whose connection is
 * gone is kept for a while, for who comes back.
 *
 * Threads  all calls are the event loop's, one thread; the workers are the hall's own. wake is called
 *          on theirs.
 */
#ifndef AT_SERVE_HALL_H
#define AT_SERVE_HALL_H

#include "serve/wire.h"

#include <attune/store.h>

typedef struct at_hall at_hall;
typedef struct at_seat at_seat;

enum { AT_HALL_MOST = 1000 }; /* seats */

typedef struct at_hall_options {
    const attune_model *model; /* [kept] */
    attune_store *store;       /* [kept], nullable: no session can be kept */
    attune_options session;    /* nothing left at 0 */
    int width_max, height_max;
    int seats;                /* 1..AT_HALL_MOST */
    int workers;              /* 0: one a core */
    int64_t away_us;          /* how long a seat is kept */
    void (*wake)(void *user); /* some seat has something to say */
    void *user;
} at_hall_options;

int at_hall_open(at_hall **out, const at_hall_options *o, attune_error *err);
void at_hall_free(at_hall **h); /* waits for the item that each worker is at */

/* ---- coming and going ---------------------------------------------------------------------- */

typedef enum at_entry {
    AT_ENTERED,
    AT_RESUMED,
    AT_NO_SEAT,   /* all are taken, by who is here */
    AT_OVERTAXED, /* who is here already gets less than they send */
    AT_NO_ENTRY,  /* memory is out */
} at_entry;

/* on: which streams there are, or are to be expected. resume: "" or the name of a seat; if its owner is away, or was, it goes on there. guest is who sits
 * there from now on; *before (nullable out) who sat there until now and does no more, or NULL. */
at_entry at_hall_enter(at_hall *h, const char *resume, const int on[AT_STREAMS], void *guest,
                       int64_t now_us, at_seat **out, void **before);
/* The connection is gone. */
void at_hall_leave(at_hall *h, at_seat *s, int64_t now_us);
/* Gives up the seats whose time is over. */
void at_hall_tidy(at_hall *h, int64_t now_us);
int at_hall_seated(const at_hall *h);

/* ---- a seat -------------------------------------------------------------------------------- */

const char *at_seat_name(const at_seat *s); /* 32 hexadecimal digits */
void *at_seat_guest(const at_seat *s);      /* NULL: away */

/* NULL: taken, or not needed (more pictures than the rate), or dropped and counted. Else what is wrong with it, for a person, and *why. Copies. */
const char *at_seat_put(at_hall *h, at_seat *s, const at_sent *sent, int64_t now_us,
                        at_refusal *why);
/* The same for rows of the signal or a message of the chat. What comes before the first picture or sound, from which time
 * is counted, is dropped. */
const char *at_seat_put_beside(at_hall *h, at_seat *s, const at_said *said, int64_t now_us,
                               at_refusal *why);
void at_seat_stream(at_hall *h, at_seat *s, at_stream stream, int there);
/* Asks that the session be kept (consent: the version of the text that was agreed to), or be no more
 * (NULL); the answer is a message: "forgotten" where nothing can be kept.
 * What follows closely on a wish to forget does not undo it. */
void at_seat_keep(at_hall *h, at_seat *s, const char *consent);
/* From now on the session is not kept, whatever is asked; what is kept of it is deleted, and the guest told. */
void at_seat_never_keep(at_hall *h, at_seat *s);
/* After what waits: the last windows, and the message with the summary. Nothing is taken any more. */
void at_seat_end(at_hall *h, at_seat *s);

/* The next message for the guest (free), or NULL. */
char *at_seat_say(at_hall *h, at_seat *s);
int at_seat_has_said(at_hall *h, at_seat *s); /* whether there is one */
/* 1: the session is over and all is said. -1: it failed, *fault says how, for the person. */
int at_seat_is_over(at_hall *h, at_seat *s, at_refusal *why, const char **fault);
/* Once: what the store could not do for the session, for the person; else NULL. Static storage. */
const char *at_seat_not_stored(at_hall *h, at_seat *s);
void at_seat_standing(at_hall *h, at_seat *s, at_standing *out);

#endif
