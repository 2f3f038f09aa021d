#include "serve/hall_inside.h"

#include "base/error.h"
#include "base/mem.h"
#include "serve/token.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

/* A connection that stalled sends what it held all at once: so much of it, in seconds, is no fault. */
static const double burst_s = 10;
static const double pictures_per_s = 30, sounds_per_s = 20, signals_per_s = 4, chats_per_s = 2;
static const double spare = 1.25; /* more pictures than the analysis rate, where that is higher */

/* The share of time in which somebody waits for a worker, over the last seconds, from which on nobody
 * new is let in. */
static const double overtaxed = 0.95, pressed_s = 5;

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
    if (!h->worker || !at_hall_start_workers(h, n)) {
        at_hall_free(&h);
        return at_fail_nomem(err);
    }
    *out = h;
    return ATTUNE_OK;
}

/* Of a seat that no worker is at, nor will be. */
static void free_seat(at_seat *s)
{
    if (s->forget)
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
        at_hall_unqueue(h, s);
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
                               .window = at_hall_told,
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
