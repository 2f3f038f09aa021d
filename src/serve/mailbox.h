/* mailbox.h - what waits to be analysed of one session: bounded, in the order in which it came.
 *
 * Who falls behind loses the oldest sound, the oldest of what lies beside, and of the pictures the one that
 * leaves the smallest gap: sound waits in the same row, and the oldest picture would otherwise be gone each
 * time before its turn came.
 * Each loss is counted. No locks: the owner has them.
 */
#ifndef AT_SERVE_MAILBOX_H
#define AT_SERVE_MAILBOX_H

#include "serve/wire.h"

enum {
    AT_MAILBOX_PICTURES = 8,
    AT_MAILBOX_SOUNDS = 64,  /* messages, however short */
    AT_MAILBOX_BESIDES = 64, /* messages with rows of a signal, or of a chat */
    AT_MAILBOX_ITEMS = AT_MAILBOX_PICTURES + AT_MAILBOX_SOUNDS + AT_MAILBOX_BESIDES,
};
#define AT_MAILBOX_SOUND_US INT64_C(2000000)

typedef struct at_item {
    at_stream stream;
    int64_t t_us;    /* on the client's clock */
    int64_t came_us; /* on ours */
    uint8_t *data;   /* at_alloc: a picture, samples, rows (at_row), or a message */
    size_t size;
} at_item;

/* Zero-initialised is ready. */
typedef struct at_mailbox {
    at_item item[AT_MAILBOX_ITEMS]; /* the first n, oldest first */
    int n, pictures, besides;
    int64_t sound_us;
    int64_t dropped_pictures, dropped_sound_us, dropped_beside; /* the last: rows and messages */
} at_mailbox;

/* Takes item's data, whatever becomes of it. */
void at_mailbox_put(at_mailbox *m, const at_item *item);
/* 1: *out is the oldest, its data the caller's. */
int at_mailbox_take(at_mailbox *m, at_item *out);
void at_mailbox_clear(at_mailbox *m);

/* How long a stretch of 16-bit samples is. */
int64_t at_item_us(const at_item *item);
/* How many rows or messages; 0: it is a picture or sound. */
int at_item_rows(const at_item *item);

#endif
