/* chat.c - the chat modality: messages that were sent beside pictures and sound. */
#include "base/error.h"
#include "base/mem.h"
#include "runtime/modality.h"

#include <string.h>

enum { MESSAGES_PER_S = 20, LEAST_MESSAGES = 64 };

typedef struct at_message {
    int64_t t_us;
} at_message;

typedef struct at_chat_stream {
    at_setting setting;
    at_message *message; /* ring */
    size_t most, first, count;
    attune_beside said; /* of the latest window */
} at_chat_stream;

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
    at_chat_stream *c;

    *self = NULL;
    if (!setting->o->beside || !setting->o->beside->chat)
        return ATTUNE_OK;
    *self = c = at_calloc(1, sizeof *c);
    if (!c)
        return at_fail_nomem(err);
    c->setting = *setting;
    c->most = (size_t)((setting->o->window_s + setting->o->lag_s) * MESSAGES_PER_S) +
              LEAST_MESSAGES;
    c->message = at_alloc(c->most, sizeof *c->message);
    if (!c->message)
        chat_free(self);
    return c ? ATTUNE_OK : at_fail_nomem(err);
}

static at_message *message_at(const at_chat_stream *c, size_t i)
{
    return &c->message[(c->first + i) % c->most];
}

static void chat_push(void *self, int64_t t_us, const char *text, size_t n)
{
    at_chat_stream *c = self;

    (void)text, (void)n;
    if (c->count < c->most)
        *message_at(c, c->count++) = (at_message){t_us};
}

static void chat_forget_before(void *self, int64_t t_us)
{
    at_chat_stream *c = self;

    while (c->count && message_at(c, 0)->t_us < t_us) {
        c->first = (c->first + 1) % c->most;
        c->count--;
    }
}

static int chat_collect(void *self, int64_t start_us, int64_t end_us, at_finding *out)
{
    at_chat_stream *c = self;

    (void)out;
    c->said = (attune_beside){0};
    for (size_t i = 0; i < c->count; i++)
        c->said.messages += message_at(c, i)->t_us >= start_us && message_at(c, i)->t_us < end_us;
    return 0;
}

static void chat_tell_beside(const void *self, attune_beside *out)
{
    const at_chat_stream *c = self;

    out->messages = c->said.messages;
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
};
