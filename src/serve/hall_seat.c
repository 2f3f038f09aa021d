#include "serve/hall_inside.h"

#include "base/mem.h"
#include "report/hints.h"

#include <stdio.h>
#include <string.h>

/* How far a client's clock may run ahead of ours. A gap is made of windows, which cost: so there may
 * be as many as time has passed, and these. */
static const int64_t ahead_us = INT64_C(120000000);

const char *at_seat_name(const at_seat *s)
{
    return s->name;
}

void *at_seat_guest(const at_seat *s)
{
    return s->guest;
}

/* ---- what is put before it ------------------------------------------------------------------ */

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
        at_hall_queue(s);
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

/* ---- what its guest wants ------------------------------------------------------------------- */

void at_seat_stream(at_hall *h, at_seat *s, at_stream stream, int there)
{
    pthread_mutex_lock(&h->lock);
    s->there[stream] = there;
    pthread_mutex_unlock(&h->lock);
}

static void ask_to_keep(at_seat *s, const char *consent)
{
    s->keep = 1;
    snprintf(s->consent, sizeof s->consent, "%s", consent);
    at_hall_queue(s);
}

/* What was asked for before it has no effect any more; what comes after it has. */
static void ask_to_forget(at_seat *s)
{
    s->keep = 0;
    s->forget = 1;
    at_hall_queue(s);
}

void at_seat_keep(at_hall *h, at_seat *s, const char *consent)
{
    pthread_mutex_lock(&h->lock);
    if (consent && (s->never_keep || !h->o.store))
        at_outbox_put(&s->outbox, at_wire_forgotten(), 0);
    else if (consent)
        ask_to_keep(s, consent);
    else
        ask_to_forget(s);
    pthread_mutex_unlock(&h->lock);
}

void at_seat_never_keep(at_hall *h, at_seat *s)
{
    pthread_mutex_lock(&h->lock);
    s->never_keep = 1;
    if (*s->consent) /* it was asked for before */
        ask_to_forget(s);
    pthread_mutex_unlock(&h->lock);
}

void at_seat_end(at_hall *h, at_seat *s)
{
    pthread_mutex_lock(&h->lock);
    s->ending = 1;
    at_hall_queue(s);
    pthread_mutex_unlock(&h->lock);
}

/* ---- what is said behind it ----------------------------------------------------------------- */

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
