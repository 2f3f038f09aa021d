/* chat.c - the chat modality: messages that were sent beside pictures and sound, and how far each speaks of an
 * expression or a learning state (text/chat.h).
 *
 * A message is read when it comes, and its words are not kept. It counts in the windows that it was sent in. That nobody writes is
 * ordinary, and no finding; only a fusion that was trained with a chat hears one.
 */
#include "base/error.h"
#include "base/mem.h"
#include "runtime/modality.h"
#include "text/chat.h"

#include <math.h>
#include <string.h>

enum {
    MESSAGES_PER_S = 20, /* of a window and the lag; more of them and the oldest go */
    LEAST_MESSAGES = 64,
};

typedef struct at_message {
    int64_t t_us;
    int unread;
    float says[AT_TEXT_CLASSES];
    float token[AT_TEXT_DIMS];
} at_message;

typedef struct at_chat_stream {
    at_message *message; /* ring */
    size_t most, first, count;
    attune_beside said; /* of the latest window */
    float embedding[AT_TEXT_DIMS], token[AT_TEXT_TOKENS * AT_TEXT_DIMS];
    int64_t times[AT_TEXT_TOKENS];
} at_chat_stream;

/* ---- open and free -------------------------------------------------------------------------- */

static void chat_free(void **self)
{
    at_chat_stream *c = *self;

    if (!c)
        return;
    at_free(c->message);
    at_free(c);
    *self = NULL;
}

static int chat_open(void **self, const at_setting *setting, attune_error *err)
{
    const attune_options *o = setting->o;
    at_chat_stream *c;

    *self = NULL;
    if (!o->beside || !o->beside->chat)
        return ATTUNE_OK;
    *self = c = at_calloc(1, sizeof *c);
    if (!c)
        return at_fail_nomem(err);
    c->most = (size_t)((o->window_s + o->lag_s) * MESSAGES_PER_S) + LEAST_MESSAGES;
    c->message = at_alloc(c->most, sizeof *c->message);
    if (c->message)
        return ATTUNE_OK;
    chat_free(self);
    return at_fail_nomem(err);
}

/* ---- messages ------------------------------------------------------------------------------- */

static at_message *message_at(const at_chat_stream *c, size_t i)
{
    return &c->message[(c->first + i) % c->most];
}

static void forget_first(at_chat_stream *c)
{
    c->first = (c->first + 1) % c->most;
    c->count--;
}

static int chat_push(void *self, int64_t t_us, const char *text, size_t n)
{
    at_chat_stream *c = self;
    at_text_answer answer;
    at_message *m;

    if (c->count == c->most)
        forget_first(c);
    m = message_at(c, c->count++);
    at_text_read(&answer, text, n);
    m->t_us = t_us;
    m->unread = answer.told == AT_TEXT_CANNOT_TELL;
    memcpy(m->says, answer.says, sizeof m->says);
    at_text_embed(&answer, m->token);
    return !m->unread;
}

static void chat_forget_before(void *self, int64_t t_us)
{
    at_chat_stream *c = self;

    while (c->count && message_at(c, 0)->t_us < t_us)
        forget_first(c);
}

/* ---- a window ------------------------------------------------------------------------------- */

static void hear(at_chat_stream *c, const at_message *m)
{
    for (int e = 0; e < ATTUNE_EMOTIONS; e++)
        c->said.chat_emotion7[e] = fmaxf(c->said.chat_emotion7[e], m->says[e]);
    for (int s = 0; s < ATTUNE_STATES; s++)
        c->said.chat_state4[s] = fmaxf(c->said.chat_state4[s], m->says[ATTUNE_EMOTIONS + s]);
    for (int i = 0; i < AT_TEXT_DIMS; i++)
        c->embedding[i] += m->token[i];
    c->said.messages++;
    c->said.unread += m->unread;
}

/* Messages [from, to) of the ring as tokens, and the embedding as their mean. Returns how many tokens. */
static int tokens(at_chat_stream *c, size_t from, size_t to)
{
    const size_t first = to - from > AT_TEXT_TOKENS ? to - AT_TEXT_TOKENS : from;

    for (size_t i = first; i < to; i++) {
        memcpy(c->token + (i - first) * AT_TEXT_DIMS, message_at(c, i)->token,
               sizeof message_at(c, i)->token);
        c->times[i - first] = message_at(c, i)->t_us;
    }
    for (int i = 0; i < AT_TEXT_DIMS; i++)
        c->embedding[i] /= (float)(to - from);
    return (int)(to - first);
}

static int chat_collect(void *self, int64_t start_us, int64_t end_us, at_finding *out)
{
    at_chat_stream *c = self;
    size_t from = 0, to;

    c->said = (attune_beside){0};
    memset(c->embedding, 0, sizeof c->embedding);
    while (from < c->count && message_at(c, from)->t_us < start_us)
        from++;
    for (to = from; to < c->count && message_at(c, to)->t_us < end_us; to++)
        hear(c, message_at(c, to));
    if (to == from)
        return 0;
    const int n = tokens(c, from, to);
    *out = (at_finding){.evidence = {.present = 1,
                                     .embedding = c->embedding,
                                     .tokens = {n, AT_TEXT_DIMS, c->token, c->times},
                                     .quality = 1,
                                     .share = 1}};
    return 1;
}

static void chat_keep(void *self, at_keep *k)
{
    at_chat_stream *c = self;
    int count = (int)c->count;

    at_keep_int(k, &count, 0, (int)c->most);
    for (int i = 0; i < count; i++) {
        at_message *m = message_at(c, (size_t)i);
        at_keep_time(k, &m->t_us);
        at_keep_int(k, &m->unread, 0, 1);
        at_keep_shares(k, m->says, AT_TEXT_CLASSES);
        at_keep_shares(k, m->token, AT_TEXT_DIMS);
    }
    c->count = (size_t)count;
}

static void chat_tell_beside(const void *self, attune_beside *out)
{
    const at_chat_stream *c = self;

    out->messages = c->said.messages;
    out->unread = c->said.unread;
    memcpy(out->chat_emotion7, c->said.chat_emotion7, sizeof out->chat_emotion7);
    memcpy(out->chat_state4, c->said.chat_state4, sizeof out->chat_state4);
}

const at_modality at_chat_modality = {
    .name = "chat",
    .input = AT_BESIDE,
    .open = chat_open,
    .free = chat_free,
    .push_text = chat_push,
    .forget_before = chat_forget_before,
    .collect = chat_collect,
    .tell_beside = chat_tell_beside,
    .keep = chat_keep,
};
