/* hall_inside.h - what the hall's files share: hall.c, who comes and goes; hall_workers.c, who is served; hall_seat.c, what
 * is put before a seat and said behind it. Private to these. */
#ifndef AT_SERVE_HALL_INSIDE_H
#define AT_SERVE_HALL_INSIDE_H

#include "serve/analysis.h"
#include "serve/hall.h"
#include "serve/mailbox.h"
#include "serve/outbox.h"
#include "serve/rate.h"

#include <pthread.h>

struct at_seat {
    at_hall *hall;
    char name[AT_WIRE_ID_SIZE];
    at_seat *next;
    at_analysis *analysis; /* the worker's who holds the seat; else nobody's */

    /* the event loop's */
    void *guest;
    int64_t left_us;
    at_rate rate[AT_ALL_STREAMS];
    int64_t began_us, first_us; /* on our clock and on theirs; first_us < 0: nothing came yet */
    int64_t latest_us[AT_ALL_STREAMS];
    int64_t period; /* of the analysis rate, that the latest picture taken was of */

    /* under the lock */
    at_seat *next_waiting;
    int waits, held, ending, ended;
    int forget, keep; /* wishes of the person, in the order in which they are served */
    int never_keep;   /* whatever is asked */
    char consent[AT_WIRE_CONSENT_SIZE];
    int kept;
    const char *not_stored; /* what the store could not do, still to be told */
    int failed;
    at_refusal why;
    attune_error fault;
    at_mailbox mailbox;
    at_outbox outbox;
    int there[AT_STREAMS]; /* the client says that it has such a stream */
    int64_t taken_us;      /* the newest input's time, of those that were analysed */
    int64_t came_us;       /* of what is analysed just now: when it came */
    int64_t lag_us;
    unsigned hints;
    int faceless; /* the newest pictures are */
};

struct at_hall {
    at_hall_options o;
    at_seat *seats;
    int seated;
    double pressed; /* share of the last seconds in which somebody waited for a worker */
    int64_t looked_us;

    pthread_mutex_t lock;
    pthread_cond_t work;
    at_seat *first, *last; /* who waits for a worker */
    int stop;
    pthread_t *worker;
    int workers;
};

/* Under the lock: s waits for a worker where it has work for one and none is at it; s waits no more. */
void at_hall_queue(at_seat *s);
void at_hall_unqueue(at_hall *h, at_seat *s);

/* 1: there are some, at most n. */
int at_hall_start_workers(at_hall *h, int n);
/* For a seat's analysis, on a worker's thread; user: the seat. */
void at_hall_told(void *user, const attune_window *w, char *message);

#endif
