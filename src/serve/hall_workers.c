#include "serve/hall_inside.h"

#include "base/error.h"
#include "base/mem.h"
#include "report/hints.h"
#include "serve/now.h"

#include <signal.h>
#include <string.h>

/* ---- the ring of seats that wait for a worker; under the lock -------------------------------- */

/* What is kept can still be forgotten when all else is over. */
static int has_work(const at_seat *s)
{
    return s->forget || (!s->failed && !s->ended && (s->mailbox.n > 0 || s->ending || s->keep));
}

void at_hall_queue(at_seat *s)
{
    at_hall *h = s->hall;

    if (s->waits || s->held || !has_work(s))
        return;
    s->waits = 1;
    s->next_waiting = NULL;
    if (h->last)
        h->last->next_waiting = s;
    else
        h->first = s;
    h->last = s;
    pthread_cond_signal(&h->work);
}

static at_seat *take_turn(at_hall *h)
{
    at_seat *s = h->first;

    h->first = s->next_waiting;
    if (!h->first)
        h->last = NULL;
    s->waits = 0;
    s->held = 1;
    return s;
}

void at_hall_unqueue(at_hall *h, at_seat *s)
{
    at_seat **at = &h->first;

    h->last = NULL;
    while (*at) {
        if (*at == s)
            *at = s->next_waiting;
        else {
            h->last = *at;
            at = &(*at)->next_waiting;
        }
    }
    s->waits = 0;
}

/* ---- workers ------------------------------------------------------------------------------- */

void at_hall_told(void *user, const attune_window *w, char *message)
{
    at_seat *s = user;
    at_hall *h = s->hall;
    int64_t now = at_now_us();

    pthread_mutex_lock(&h->lock);
    at_outbox_put(&s->outbox, message, 1);
    s->lag_us = now - s->came_us;
    s->hints = at_hints_of(w, s->there[AT_STREAM_VIDEO], s->there[AT_STREAM_AUDIO]);
    pthread_mutex_unlock(&h->lock);
}

/* What a failure is to the client: its picture's fault, no memory, or ours, of which it is told nothing. */
static void fail(at_seat *s, const attune_error *err)
{
    s->failed = 1;
    s->fault = *err;
    switch (err->status) {
    case ATTUNE_E_FORMAT:
    case ATTUNE_E_UNSUPPORTED: s->why = AT_REFUSED_PROTOCOL; break;
    case ATTUNE_E_NOMEM:
        s->why = AT_REFUSED_FULL;
        at_fail(&s->fault, err->status, "there is no memory left for the session");
        break;
    default: s->why = AT_REFUSED_INTERNAL; at_fail(&s->fault, err->status, "the session failed");
    }
}

/* One item of a seat that this worker holds, or its end. Without the lock; with it again after. */
static void serve_item(at_hall *h, at_seat *s, at_item *item)
{
    attune_error err = {0};
    int rc;

    s->came_us = item->came_us;
    pthread_mutex_unlock(&h->lock);
    rc = at_analysis_take(s->analysis, item, &err);
    at_free(item->data);
    pthread_mutex_lock(&h->lock);
    if (item->stream < AT_STREAMS && item->t_us > s->taken_us)
        s->taken_us = item->t_us;
    s->faceless = at_analysis_is_faceless(s->analysis);
    if (rc < 0)
        fail(s, &err);
}

static void serve_end(at_hall *h, at_seat *s)
{
    attune_error err = {0};
    char *ended = NULL;
    int rc;

    s->came_us = at_now_us();
    pthread_mutex_unlock(&h->lock);
    rc = at_analysis_finish(s->analysis, &ended, &err);
    pthread_mutex_lock(&h->lock);
    if (rc < 0)
        fail(s, &err);
    else
        at_outbox_put(&s->outbox, ended, 0);
    s->ended = 1;
}

static const char not_kept[] =
    "this session cannot be kept any more: its disk is full, or its file is not to be had";
static const char not_agreed[] =
    "this session is not kept: the text that was agreed to is an earlier one";
static const char not_forgotten[] =
    "this session could not be deleted: its disk is full, or its file is not to be had";

static void serve_keep(at_hall *h, at_seat *s)
{
    char consent[AT_WIRE_CONSENT_SIZE];
    int rc;

    s->keep = 0;
    memcpy(consent, s->consent, sizeof consent);
    pthread_mutex_unlock(&h->lock);
    rc = at_analysis_keep(s->analysis, consent, NULL);
    pthread_mutex_lock(&h->lock);
    s->kept = rc == ATTUNE_OK;
    if (s->kept)
        at_outbox_put(&s->outbox, at_wire_kept(s->name), 0);
    else
        s->not_stored = rc == ATTUNE_E_ARG ? not_agreed : not_kept;
}

static void serve_forget(at_hall *h, at_seat *s)
{
    int rc;

    s->forget = 0;
    pthread_mutex_unlock(&h->lock);
    rc = at_analysis_forget(s->analysis, NULL);
    pthread_mutex_lock(&h->lock);
    s->kept = 0;
    if (rc < 0)
        s->not_stored = not_forgotten;
    else
        at_outbox_put(&s->outbox, at_wire_forgotten(), 0);
}

/* What has become of a session that was kept; the message of its end says so itself. */
static void look_after_kept(at_seat *s)
{
    const at_keeping now = at_analysis_keeping(s->analysis);

    if (!s->kept || s->ended || now == AT_IS_KEPT)
        return;
    s->kept = 0;
    if (now == AT_KEPT_IN_PART)
        s->not_stored = not_kept;
    else
        at_outbox_put(&s->outbox, at_wire_forgotten(), 0);
}

/* The person's wish comes first: nothing is stored after they took it back. */
static void serve_seat(at_hall *h, at_seat *s)
{
    at_item item;

    if (s->forget)
        serve_forget(h, s);
    else if (s->keep)
        serve_keep(h, s);
    else if (at_mailbox_take(&s->mailbox, &item))
        serve_item(h, s, &item);
    else if (s->ending)
        serve_end(h, s);
    look_after_kept(s);
}

static void *worker_main(void *arg)
{
    at_hall *h = arg;

    pthread_mutex_lock(&h->lock);
    for (;;) {
        while (!h->stop && !h->first)
            pthread_cond_wait(&h->work, &h->lock);
        if (h->stop)
            break;
        at_seat *s = take_turn(h);
        serve_seat(h, s);
        s->held = 0;
        at_hall_queue(s);
        pthread_mutex_unlock(&h->lock);
        h->o.wake(h->o.user);
        pthread_mutex_lock(&h->lock);
    }
    pthread_mutex_unlock(&h->lock);
    return NULL;
}

/* Signals are the program's business: none is delivered on a worker. */
int at_hall_start_workers(at_hall *h, int n)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (h->workers < n && pthread_create(&h->worker[h->workers], NULL, worker_main, h) == 0)
        h->workers++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return h->workers > 0;
}
