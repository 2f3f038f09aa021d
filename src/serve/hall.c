#include "serve/hall.h"

#include "base/error.h"
#include "base/mem.h"
#include "serve/analysis.h"
#include "report/hints.h"
#include "serve/now.h"
#include "serve/outbox.h"
#include "serve/rate.h"
#include "serve/token.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A connection that stalled sends what it held all at once: so much of it, in seconds, is no fault. */
static const double burst_s = 10;
static const double pictures_per_s = 30, sounds_per_s = 20, signals_per_s = 4, chats_per_s = 2;
static const double spare = 1.25; /* more pictures than the analysis rate, where that is higher */

/* How far a client's clock may run ahead of ours. A gap is made of windows, which cost: so there may
 * be as many as time has passed, and these. */
static const int64_t ahead_us = INT64_C(120000000);

/* The share of time in which somebody waits for a worker, over the last seconds, from which on nobody
 * new is let in. */
static const double overtaxed = 0.95, pressed_s = 5;

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
    enum { AT_AS_IT_IS, AT_KEEP, AT_FORGET } wish; /* of the person */
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

/* ---- the ring of seats that wait for a worker; under the lock -------------------------------- */

/* What is kept can still be forgotten when all else is over. */
static int has_work(const at_seat *s)
{
    return s->wish == AT_FORGET ||
           (!s->failed && !s->ended && (s->mailbox.n > 0 || s->ending || s->wish));
}

static void queue(at_seat *s)
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

static void unqueue(at_hall *h, at_seat *s)
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

/* Of the analysis, on a worker's thread. */
static void told(void *user, const attune_window *w, char *message)
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
    int wish = s->wish;

    s->wish = AT_AS_IT_IS;
    if (wish == AT_KEEP)
        serve_keep(h, s);
    else if (wish == AT_FORGET)
        serve_forget(h, s);
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
        queue(s);
        pthread_mutex_unlock(&h->lock);
        h->o.wake(h->o.user);
        pthread_mutex_lock(&h->lock);
    }
    pthread_mutex_unlock(&h->lock);
    return NULL;
}

/* Signals are the program's business: none is delivered on a worker. */
static int start_workers(at_hall *h, int n)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (h->workers < n && pthread_create(&h->worker[h->workers], NULL, worker_main, h) == 0)
        h->workers++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return h->workers > 0;
}

/* ---- the hall ------------------------------------------------------------------------------ */

int at_hall_open(at_hall **out, const at_hall_options *o, attune_error *err)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int n = o->workers > 0 ? o->workers : cores > 0 ? (int)cores : 1;
    at_hall *h = at_calloc(1, sizeof *h);

    *out = NULL;
    if (!h)
        return at_fail_nomem(err);
    h->o = *o;
    h->worker = at_calloc((size_t)n, sizeof *h->worker);
    pthread_mutex_init(&h->lock, NULL);
    pthread_cond_init(&h->work, NULL);
    if (!h->worker || !start_workers(h, n)) {
        at_hall_free(&h);
        return at_fail_nomem(err);
    }
    *out = h;
    return ATTUNE_OK;
}

/* Of a seat that no worker is at, nor will be. */
static void free_seat(at_seat *s)
{
    if (s->wish == AT_FORGET)
        at_analysis_forget(s->analysis, NULL);
    at_mailbox_clear(&s->mailbox);
    at_outbox_clear(&s->outbox);
    at_analysis_free(&s->analysis);
    at_free(s);
}

void at_hall_free(at_hall **out)
{
    at_hall *h = *out;

    if (!h)
        return;
    pthread_mutex_lock(&h->lock);
    h->stop = 1;
    pthread_cond_broadcast(&h->work);
    pthread_mutex_unlock(&h->lock);
    for (int i = 0; i < h->workers; i++)
        pthread_join(h->worker[i], NULL);
    while (h->seats) {
        at_seat *s = h->seats;
        h->seats = s->next;
        free_seat(s);
    }
    pthread_cond_destroy(&h->work);
    pthread_mutex_destroy(&h->lock);
    at_free(h->worker);
    at_free(h);
    *out = NULL;
}

int at_hall_seated(const at_hall *h)
{
    return h->seated;
}

/* ---- coming and going ---------------------------------------------------------------------- */

static at_seat *find_seat(const at_hall *h, const char *name)
{
    at_seat *s = h->seats;

    while (s && strcmp(s->name, name) != 0)
        s = s->next;
    return s;
}

/* Removes a seat if no worker is at it. */
static int give_up(at_hall *h, at_seat *s)
{
    at_seat **at = &h->seats;
    int held;

    pthread_mutex_lock(&h->lock);
    held = s->held;
    if (!held && s->waits)
        unqueue(h, s);
    pthread_mutex_unlock(&h->lock);
    if (held)
        return 0;
    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
    h->seated--;
    free_seat(s);
    return 1;
}

static int is_held(at_hall *h, at_seat *s)
{
    int held;

    pthread_mutex_lock(&h->lock);
    held = s->held;
    pthread_mutex_unlock(&h->lock);
    return held;
}

static int is_spent(at_hall *h, at_seat *s)
{
    int spent;

    pthread_mutex_lock(&h->lock);
    spent = s->failed || s->ended;
    pthread_mutex_unlock(&h->lock);
    return spent;
}

/* A mean that forgets, with the time that has passed as its weight. */
static void watch_pressure(at_hall *h, int64_t now_us)
{
    double passed_s = (double)(now_us - h->looked_us) * 1e-6;
    int waiting;

    pthread_mutex_lock(&h->lock);
    waiting = h->first != NULL;
    pthread_mutex_unlock(&h->lock);
    if (h->looked_us)
        h->pressed += (waiting - h->pressed) * (1 - exp(-passed_s / pressed_s));
    h->looked_us = now_us;
}

void at_hall_tidy(at_hall *h, int64_t now_us)
{
    at_seat *s = h->seats;

    while (s) {
        at_seat *next = s->next;
        if (!s->guest && (now_us - s->left_us >= h->o.away_us || is_spent(h, s)))
            give_up(h, s);
        s = next;
    }
    watch_pressure(h, now_us);
}

/* Of those whom no worker is serving just now; NULL: there is none. */
static at_seat *longest_away(at_hall *h)
{
    at_seat *longest = NULL;

    for (at_seat *s = h->seats; s; s = s->next)
        if (!s->guest && (!longest || s->left_us < longest->left_us) && !is_held(h, s))
            longest = s;
    return longest;
}

/* Who has been away longest makes room for who is here. A worker may come first. */
static void make_room(at_hall *h)
{
    at_seat *s = longest_away(h);

    while (s && !give_up(h, s))
        s = longest_away(h);
}

/* What will not come is not waited for. */
static void expect(attune_options *o, const int on[AT_STREAMS])
{
    o->no_video = !on[AT_STREAM_VIDEO] && on[AT_STREAM_AUDIO];
    o->no_audio = !on[AT_STREAM_AUDIO] && on[AT_STREAM_VIDEO];
}

static at_rate at_most(double per_s)
{
    return (at_rate){.per_s = per_s, .burst = burst_s * per_s};
}

static at_seat *make_seat(at_hall *h, const int on[AT_STREAMS], int64_t now_us)
{
    at_seat *s = at_calloc(1, sizeof *s);
    at_analysis_setup setup = {.model = h->o.model,
                               .store = h->o.store,
                               .options = h->o.session,
                               .width_max = h->o.width_max,
                               .height_max = h->o.height_max,
                               .window = told,
                               .user = s};

    if (!s)
        return NULL;
    expect(&setup.options, on);
    s->hall = h;
    s->began_us = now_us;
    s->first_us = -1;
    s->period = -1;
    s->rate[AT_STREAM_VIDEO] = at_most(fmax(pictures_per_s, spare * h->o.session.rate));
    s->rate[AT_STREAM_AUDIO] = at_most(sounds_per_s);
    s->rate[AT_STREAM_SIGNAL] = at_most(signals_per_s);
    s->rate[AT_STREAM_CHAT] = at_most(chats_per_s);
    if (at_random_text(s->name, (AT_WIRE_ID_SIZE - 1) / 2, NULL) < 0 ||
        at_analysis_open(&s->analysis, &setup, NULL) < 0) {
        at_free(s);
        return NULL;
    }
    pthread_mutex_lock(&h->lock);
    s->next = h->seats;
    h->seats = s;
    pthread_mutex_unlock(&h->lock);
    h->seated++;
    return s;
}

at_entry at_hall_enter(at_hall *h, const char *resume, const int on[AT_STREAMS], void *guest,
                       int64_t now_us, at_seat **out, void **before)
{
    at_seat *s = *resume ? find_seat(h, resume) : NULL;
    int resumed = s && !is_spent(h, s);

    *out = NULL;
    *before = NULL;
    if (!resumed) {
        at_hall_tidy(h, now_us);
        if (h->seated >= h->o.seats)
            make_room(h);
        if (h->seated >= h->o.seats)
            return AT_NO_SEAT;
        if (h->seated > 0 && h->pressed > overtaxed)
            return AT_OVERTAXED;
        s = make_seat(h, on, now_us);
        if (!s)
            return AT_NO_ENTRY;
    }
    *before = s->guest;
    s->guest = guest;
    pthread_mutex_lock(&h->lock);
    memcpy(s->there, on, sizeof s->there);
    pthread_mutex_unlock(&h->lock);
    *out = s;
    return resumed ? AT_RESUMED : AT_ENTERED;
}

void at_hall_leave(at_hall *h, at_seat *s, int64_t now_us)
{
    (void)h;
    s->guest = NULL;
    s->left_us = now_us;
}

/* ---- a seat -------------------------------------------------------------------------------- */

const char *at_seat_name(const at_seat *s)
{
    return s->name;
}

void *at_seat_guest(const at_seat *s)
{
    return s->guest;
}

static const char *const too_fast[AT_ALL_STREAMS] = {
    "more pictures a second than are taken", "more than 20 messages with sound a second",
    "more than 4 messages with rows of a signal a second",
    "more than 2 messages of a chat a second"};

/* What is wrong with when it comes, or NULL. */
static const char *fault_of_time(at_seat *s, at_stream stream, int64_t first_us, int64_t last_us,
                                 int64_t now_us, at_refusal *why)
{
    *why = AT_REFUSED_TOO_FAST;
    if (!at_rate_allows(&s->rate[stream], now_us))
        return too_fast[stream];
    *why = AT_REFUSED_PROTOCOL;
    if (s->first_us < 0 && stream < AT_STREAMS) {
        s->first_us = first_us;
        s->began_us = now_us;
    }
    if (first_us < s->latest_us[stream])
        return "its time is before that of what was sent before it";
    if (s->first_us >= 0 && last_us - s->first_us > now_us - s->began_us + ahead_us)
        return "its time runs ahead of the time that has passed";
    s->latest_us[stream] = last_us;
    return NULL;
}

/* Pictures that the session would drop, by its own rule (one a period of the rate, a millisecond early
 * will do), are not even decoded. */
static int is_needed(at_seat *s, const at_sent *sent)
{
    int64_t period;

    if (sent->stream != AT_STREAM_VIDEO)
        return 1;
    period = (int64_t)((double)(sent->t_us + 1000) * s->hall->o.session.rate / 1e6);
    if (period == s->period)
        return 0;
    s->period = period;
    return 1;
}

/* Into the mailbox, a copy of data. */
static void put(at_hall *h, at_seat *s, at_item item, const void *data)
{
    item.data = at_alloc(item.size, 1);
    if (item.data)
        memcpy(item.data, data, item.size);
    pthread_mutex_lock(&h->lock);
    if (item.stream < AT_STREAMS)
        s->there[item.stream] = 1;
    if (!item.data) {
        s->mailbox.dropped_pictures += item.stream == AT_STREAM_VIDEO;
        s->mailbox.dropped_sound_us += at_item_us(&item);
        s->mailbox.dropped_beside += at_item_rows(&item);
    } else if (s->ending || s->failed) {
        at_free(item.data);
    } else {
        at_mailbox_put(&s->mailbox, &item);
        queue(s);
    }
    pthread_mutex_unlock(&h->lock);
}

const char *at_seat_put(at_hall *h, at_seat *s, const at_sent *sent, int64_t now_us,
                        at_refusal *why)
{
    const char *fault = fault_of_time(s, sent->stream, sent->t_us, sent->t_us, now_us, why);

    if (!fault && is_needed(s, sent))
        put(h, s,
            (at_item){
                .stream = sent->stream, .t_us = sent->t_us, .came_us = now_us, .size = sent->size},
            sent->data);
    return fault;
}

static int columns_of(const attune_beside_setup *b)
{
    int n = 0;

    while (b && b->signals && b->signals[n])
        n++;
    return n;
}

/* What is wrong with a signal's or a chat's message for this server, or NULL. */
static const char *fault_of_beside(const attune_beside_setup *b, const at_said *said)
{
    if (said->kind == AT_SAID_CHAT)
        return b && b->chat ? NULL : "no chat is taken here";
    if (!columns_of(b))
        return "no signal is taken here";
    if (said->columns != columns_of(b))
        return "its rows have not the columns that welcome names";
    return NULL;
}

const char *at_seat_put_beside(at_hall *h, at_seat *s, const at_said *said, int64_t now_us,
                               at_refusal *why)
{
    const int chat = said->kind == AT_SAID_CHAT;
    const at_item item = {.stream = chat ? AT_STREAM_CHAT : AT_STREAM_SIGNAL,
                          .t_us = chat ? said->t_us : said->row[0].t_us,
                          .came_us = now_us,
                          .size = chat ? strlen(said->text)
                                       : (size_t)said->rows * sizeof *said->row};
    const char *fault = fault_of_beside(h->o.session.beside, said);

    *why = AT_REFUSED_PROTOCOL;
    fault = fault ? fault
                  : fault_of_time(s, item.stream, item.t_us,
                                  chat ? item.t_us : said->row[said->rows - 1].t_us, now_us, why);
    if (!fault && s->first_us >= 0)
        put(h, s, item, chat ? (const void *)said->text : said->row);
    return fault;
}

void at_seat_stream(at_hall *h, at_seat *s, at_stream stream, int there)
{
    pthread_mutex_lock(&h->lock);
    s->there[stream] = there;
    pthread_mutex_unlock(&h->lock);
}

void at_seat_keep(at_hall *h, at_seat *s, const char *consent)
{
    pthread_mutex_lock(&h->lock);
    s->wish = consent ? AT_KEEP : AT_FORGET;
    if (consent)
        snprintf(s->consent, sizeof s->consent, "%s", consent);
    queue(s);
    pthread_mutex_unlock(&h->lock);
}

void at_seat_end(at_hall *h, at_seat *s)
{
    pthread_mutex_lock(&h->lock);
    s->ending = 1;
    queue(s);
    pthread_mutex_unlock(&h->lock);
}

void at_seat_tell(at_hall *h, at_seat *s, char *text)
{
    pthread_mutex_lock(&h->lock);
    at_outbox_put(&s->outbox, text, 0);
    pthread_mutex_unlock(&h->lock);
}

char *at_seat_say(at_hall *h, at_seat *s)
{
    char *text;

    pthread_mutex_lock(&h->lock);
    text = at_outbox_take(&s->outbox);
    pthread_mutex_unlock(&h->lock);
    return text;
}

int at_seat_has_said(at_hall *h, at_seat *s)
{
    int said;

    pthread_mutex_lock(&h->lock);
    said = s->outbox.n > 0 || s->failed || s->ended || s->not_stored;
    pthread_mutex_unlock(&h->lock);
    return said;
}

int at_seat_is_over(at_hall *h, at_seat *s, at_refusal *why, const char **fault)
{
    int over;

    pthread_mutex_lock(&h->lock);
    over = s->outbox.n > 0 ? 0 : s->failed ? -1 : s->ended;
    *why = s->why;
    *fault = s->fault.text;
    pthread_mutex_unlock(&h->lock);
    return over;
}

const char *at_seat_not_stored(at_hall *h, at_seat *s)
{
    const char *what;

    pthread_mutex_lock(&h->lock);
    what = s->not_stored;
    s->not_stored = NULL;
    pthread_mutex_unlock(&h->lock);
    return what;
}

void at_seat_standing(at_hall *h, at_seat *s, at_standing *out)
{
    int faceless;

    pthread_mutex_lock(&h->lock);
    faceless = s->faceless && s->there[AT_STREAM_VIDEO];
    *out = (at_standing){.t_us = s->taken_us,
                         .lag_us = s->lag_us,
                         .queued = s->mailbox.pictures,
                         .dropped_frames = s->mailbox.dropped_pictures,
                         .dropped_sound_us = s->mailbox.dropped_sound_us,
                         .lost_windows = s->outbox.lost_windows,
                         .dropped_beside = h->o.session.beside ? s->mailbox.dropped_beside : -1,
                         .hints = faceless ? at_hints_without_face(s->hints) : s->hints};
    pthread_mutex_unlock(&h->lock);
}
