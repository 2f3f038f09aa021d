/* socket.c - one WebSocket: the conversation of docs/live.md, between a connection and its seat. */
#include "base/mem.h"
#include "serve/now.h"
#include "serve/rate.h"
#include "serve/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t hello_us = 5000000; /* within which it comes */
static const int64_t idle_us = 60000000; /* without a whole message */
static const int64_t state_us = 1000000; /* between two standings */
enum { GOODBYE_S = 5 };                  /* for a client to take the reason, before it is cut off */
/* Keeping and forgetting write to the disk, which all sessions share. */
static const double texts_per_s = 2, texts_burst = 20;

typedef enum at_phase {
    AT_SILENT,  /* no hello yet */
    AT_TALKING, /* has a seat */
    AT_LEAVING, /* is told why, and then closed */
    AT_TOLD,    /* is closed: nothing more may be said */
} at_phase;

typedef struct at_guest {
    struct at_guest *next;
    struct lws *wsi;
    at_phase phase;
    at_seat *seat;
    int welcome, resumed; /* welcome: still to be said */
    int launched;         /* from a learning platform: nothing of theirs is kept here */
    int64_t came_us, heard_us, stated_us;
    at_rate texts;

    uint8_t *message; /* what has come of it */
    size_t size, room;

    at_refusal why; /* leaving */
    char fault[160];
} at_guest;

size_t at_socket_state_size(void)
{
    return sizeof(at_guest);
}

/* ---- leaving ------------------------------------------------------------------------------- */

static void forget_message(at_guest *g)
{
    at_free(g->message);
    g->message = NULL;
    g->size = g->room = 0;
}

static void give_back_seat(at_server *s, at_guest *g)
{
    if (g->seat && at_seat_guest(g->seat) == g)
        at_hall_leave(s->hall, g->seat, at_now_us());
    g->seat = NULL;
}

/* Nothing more is listened to; the reason goes out when it can. */
static void refuse(at_server *s, at_guest *g, at_refusal why, const char *fault)
{
    if (g->phase >= AT_LEAVING)
        return;
    g->phase = AT_LEAVING;
    g->why = why;
    snprintf(g->fault, sizeof g->fault, "%s", fault);
    forget_message(g);
    give_back_seat(s, g);
    lws_set_timeout(g->wsi, PENDING_TIMEOUT_USER_REASON_BASE, GOODBYE_S);
    lws_callback_on_writable(g->wsi);
}

/* ---- hello --------------------------------------------------------------------------------- */

static void refuse_entry(at_server *s, at_guest *g, at_entry entry)
{
    char text[96];

    if (entry == AT_NO_ENTRY) {
        refuse(s, g, AT_REFUSED_FULL, "there is no memory left for another session");
        return;
    }
    if (entry == AT_NO_SEAT)
        snprintf(text, sizeof text, "all %d places are taken; try again later",
                 at_hall_seated(s->hall));
    else
        snprintf(text, sizeof text, "the computer is busy with %d others; try again later",
                 at_hall_seated(s->hall));
    refuse(s, g, AT_REFUSED_BUSY, text);
}

static void take_hello(at_server *s, at_guest *g, const at_said *said)
{
    void *before = NULL;
    at_entry entry;

    if (said->version != AT_WIRE_VERSION) {
        refuse(s, g, AT_REFUSED_VERSION, "this server speaks version 1");
        return;
    }
    entry = at_hall_enter(s->hall, said->resume, said->on, g, at_now_us(), &g->seat, &before);
    if (entry > AT_RESUMED) {
        refuse_entry(s, g, entry);
        return;
    }
    if (before) {
        ((at_guest *)before)->seat = NULL;
        refuse(s, before, AT_REFUSED_PROTOCOL, "the session goes on in another connection");
    }
    g->phase = AT_TALKING;
    g->welcome = 1;
    g->resumed = entry == AT_RESUMED;
    if (said->never_keep || g->launched)
        at_seat_never_keep(s->hall, g->seat);
    lws_callback_on_writable(g->wsi);
}

static char *make_welcome(const at_server *s, const at_guest *g)
{
    return at_wire_welcome(&(at_welcome){.session = at_seat_name(g->seat),
                                         .resumed = g->resumed,
                                         .store = s->store != NULL && !g->launched,
                                         .options = &s->session,
                                         .width_max = AT_WIDTH_MAX,
                                         .height_max = AT_HEIGHT_MAX,
                                         .model = s->model,
                                         .precision = s->precision});
}

/* ---- messages ------------------------------------------------------------------------------ */

static const char not_hello[] = "the first message is hello";

/* They have a rate of their own: they touch no disk. */
static void take_beside(at_server *s, at_guest *g, const at_said *said)
{
    char text[160];
    at_refusal why;
    const char *fault = at_seat_put_beside(s->hall, g->seat, said, at_now_us(), &why);

    if (!fault)
        return;
    snprintf(text, sizeof text, "a signal or a chat is not as it should be: %s", fault);
    refuse(s, g, why, text);
}

static void take_text(at_server *s, at_guest *g)
{
    char text[160];
    at_said said;
    const char *fault = at_wire_read_text((const char *)g->message, g->size, &said);

    const int beside = !fault && (said.kind == AT_SAID_SIGNAL || said.kind == AT_SAID_CHAT);

    if (!beside && !at_rate_allows(&g->texts, g->heard_us)) {
        refuse(s, g, AT_REFUSED_TOO_FAST, "more than 2 text messages a second");
        return;
    }
    if (!fault && (said.kind == AT_SAID_HELLO) != (g->phase == AT_SILENT))
        fault = g->phase == AT_SILENT ? not_hello : "hello comes once";
    if (fault) {
        snprintf(text, sizeof text, "a message is not as it should be: %s", fault);
        refuse(s, g, AT_REFUSED_PROTOCOL, text);
        return;
    }
    switch (said.kind) {
    case AT_SAID_HELLO: take_hello(s, g, &said); break;
    case AT_SAID_STREAM: at_seat_stream(s->hall, g->seat, said.stream, said.there); break;
    case AT_SAID_KEEP: at_seat_keep(s->hall, g->seat, said.consent); break;
    case AT_SAID_FORGET: at_seat_keep(s->hall, g->seat, NULL); break;
    case AT_SAID_SIGNAL:
    case AT_SAID_CHAT: take_beside(s, g, &said); break;
    case AT_SAID_END: at_seat_end(s->hall, g->seat); break;
    }
}

static void take_binary(at_server *s, at_guest *g)
{
    char text[160];
    at_sent sent;
    at_refusal why = AT_REFUSED_PROTOCOL;
    int too_large;
    const char *fault = at_wire_read_binary(g->message, g->size, &sent, &too_large);

    if (!fault)
        fault = at_seat_put(s->hall, g->seat, &sent, at_now_us(), &why);
    if (!fault)
        return;
    snprintf(text, sizeof text, "a picture or sound is not as it should be: %s", fault);
    refuse(s, g, why, text);
}

static int make_room(at_guest *g, size_t more)
{
    size_t room = g->room ? g->room : 4096;
    uint8_t *message;

    while (room < g->size + more)
        room *= 2;
    if (room == g->room)
        return 1;
    message = at_alloc(room, 1);
    if (!message)
        return 0;
    if (g->size)
        memcpy(message, g->message, g->size);
    at_free(g->message);
    g->message = message;
    g->room = room;
    return 1;
}

/* A piece of a message. What is too large is refused before it is all there. */
static void take_piece(at_server *s, at_guest *g, const void *piece, size_t n)
{
    int binary = lws_frame_is_binary(g->wsi);
    size_t to_come = lws_remaining_packet_payload(g->wsi);

    if (g->phase >= AT_LEAVING || s->stopping)
        return;
    if (binary && g->phase == AT_SILENT) {
        refuse(s, g, AT_REFUSED_PROTOCOL, not_hello);
        return;
    }
    if (!make_room(g, n)) {
        refuse(s, g, AT_REFUSED_FULL, "there is no memory left for a message");
        return;
    }
    memcpy(g->message + g->size, piece, n);
    g->size += n;
    if (g->size + to_come > at_wire_most(g->message, g->size, binary)) {
        refuse(s, g, AT_REFUSED_TOO_LARGE,
               binary ? "a picture or sound is too large" : "a message is too large");
        return;
    }
    if (to_come > 0 || !lws_is_final_fragment(g->wsi))
        return;
    g->heard_us = at_now_us();
    if (binary)
        take_binary(s, g);
    else
        take_text(s, g);
    g->size = 0;
}

/* ---- speaking ------------------------------------------------------------------------------ */

/* Takes text. 0: it is on its way. */
static int say(at_guest *g, char *text)
{
    size_t n = text ? strlen(text) : 0;
    uint8_t *buffer = at_alloc(LWS_PRE + n, 1);
    int failed = !text || !buffer;

    if (!failed) {
        memcpy(buffer + LWS_PRE, text, n);
        failed = lws_write(g->wsi, buffer + LWS_PRE, n, LWS_WRITE_TEXT) < (int)n;
    }
    at_free(buffer);
    free(text);
    return failed ? -1 : 0;
}

static int close_with(at_guest *g, int code)
{
    g->phase = AT_TOLD;
    lws_close_reason(g->wsi, (enum lws_close_status)code, NULL, 0);
    return -1;
}

static int say_why(at_guest *g)
{
    int failed = say(g, at_wire_error(g->why, g->fault));

    return failed ? failed : close_with(g, at_wire_close_code(g->why));
}

static char *make_standing(at_server *s, at_guest *g, int64_t now_us)
{
    at_standing standing;

    g->stated_us = now_us;
    at_seat_standing(s->hall, g->seat, &standing);
    return at_wire_state(&standing);
}

/* One message, the most pressing; and asks for its turn again while there are more. */
static int speak(at_server *s, at_guest *g)
{
    int64_t now = at_now_us();
    at_refusal why;
    const char *fault;
    char *text;
    int over;

    if (s->stopping)
        return close_with(g, LWS_CLOSE_STATUS_GOINGAWAY);
    if (g->phase == AT_LEAVING)
        return say_why(g);
    if (g->phase == AT_SILENT || g->phase == AT_TOLD)
        return 0;
    if (g->welcome) {
        g->welcome = 0;
        g->stated_us = now;
        text = make_welcome(s, g);
    } else if (now - g->stated_us >= state_us) {
        text = make_standing(s, g, now);
    } else if (!(text = at_seat_say(s->hall, g->seat))) {
        fault = at_seat_not_stored(s->hall, g->seat);
        if (fault) {
            refuse(s, g, AT_REFUSED_FULL, fault);
            return 0;
        }
        over = at_seat_is_over(s->hall, g->seat, &why, &fault);
        if (over < 0)
            refuse(s, g, why, fault);
        return over > 0 ? close_with(g, LWS_CLOSE_STATUS_NORMAL) : 0;
    }
    lws_callback_on_writable(g->wsi);
    return say(g, text);
}

/* Workers have something for somebody. */
static void look_around(at_server *s)
{
    for (at_guest *g = s->guests; g; g = g->next)
        if (g->phase == AT_TALKING && at_seat_has_said(s->hall, g->seat))
            lws_callback_on_writable(g->wsi);
}

void at_socket_tick(at_server *s, int64_t now_us)
{
    for (at_guest *g = s->guests; g; g = g->next)
        if (g->phase == AT_SILENT && now_us - g->came_us > hello_us)
            refuse(s, g, AT_REFUSED_IDLE, "nothing was said within 5 seconds");
        else if (g->phase == AT_TALKING && now_us - g->heard_us > idle_us)
            refuse(s, g, AT_REFUSED_IDLE, "nothing came for a minute");
        else if (g->phase == AT_TALKING && now_us - g->stated_us >= state_us)
            lws_callback_on_writable(g->wsi);
}

void at_socket_stop(at_server *s)
{
    s->stopping = 1;
    for (at_guest *g = s->guests; g; g = g->next) {
        g->seat = NULL;
        g->phase = AT_LEAVING;
        lws_callback_on_writable(g->wsi);
    }
}

/* ---- the callback -------------------------------------------------------------------------- */

static void begin(at_server *s, at_guest *g, struct lws *wsi)
{
    *g = (at_guest){.next = s->guests,
                    .wsi = wsi,
                    .came_us = at_now_us(),
                    .launched = at_http_is_launched(wsi)};
    g->heard_us = g->came_us;
    g->texts = (at_rate){.per_s = texts_per_s, .burst = texts_burst};
    s->guests = g;
}

static void end(at_server *s, at_guest *g)
{
    at_guest **at = &s->guests;

    while (*at && *at != g)
        at = &(*at)->next;
    if (*at)
        *at = g->next;
    give_back_seat(s, g);
    forget_message(g);
}

int at_socket_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                       size_t len)
{
    at_server *s = wsi ? at_server_of(wsi) : NULL;

    switch (reason) {
    case LWS_CALLBACK_ESTABLISHED: begin(s, user, wsi); return 0;
    case LWS_CALLBACK_CLOSED: end(s, user); return 0;
    case LWS_CALLBACK_RECEIVE: take_piece(s, user, in, len); return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE: return speak(s, user);
    case LWS_CALLBACK_EVENT_WAIT_CANCELLED:
        look_around(s);
        at_http_look(s);
        return 0;
    default: return 0;
    }
}
