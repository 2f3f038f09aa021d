/* learner.h - a made-up learner: a WebSocket to a server on this machine, for measuring. */
#ifndef AT_SERVE_LEARNER_H
#define AT_SERVE_LEARNER_H

#include "serve/wire.h"

typedef struct at_learner {
    int fd;         /* -1: gone */
    uint8_t *heard; /* what came and is not yet a whole frame */
    size_t size, room;
    uint32_t sequence[AT_STREAMS];
    int refused;
} at_learner;

/* address as attune_serve_options.listening has it, over loopback without TLS. Says hello. */
int at_learner_connect(at_learner *l, const char *address, attune_error *err);
void at_learner_leave(at_learner *l);
/* A picture or sound of data. 0: sent; -1: the connection is gone. */
int at_learner_send(at_learner *l, at_stream stream, int64_t t_us, const void *data, size_t size);
/* Gives each text message that is there (size bytes, not ended by a NUL) to said. -1: gone. */
int at_learner_listen(at_learner *l, void (*said)(void *user, const char *text, size_t size),
                      void *user);

#endif
