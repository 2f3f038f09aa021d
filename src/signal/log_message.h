/* log_message.h - a chat's rows as they are put together of lines: time, sender, text. Private to signal. */
#ifndef AT_SIGNAL_LOG_MESSAGE_H
#define AT_SIGNAL_LOG_MESSAGE_H

#include "signal/log_row.h"

extern const char *const at_log_times[],
    *const at_log_senders[],
        *const at_log_texts[]; /* what they may be called; NULL past the last */

/* How messages lie in lines. */
typedef struct at_log_turns {
    /* 1: the line (r->ahead) begins a message (at_log_message_begin); 0: it does not */
    int (*begin)(at_log_rows *r, attune_error *err);
    int (*ends)(const char *line);    /* whether the message before it does not go on in it */
    const char *(*words)(char *line); /* what of a line that goes on was said */
} at_log_turns;

/* To the beginning; the fields are time, from, text. */
int at_log_message_header(at_log_rows *r, attune_error *err);
/* 1: the next message; 0: the end. */
int at_log_message_next(at_log_rows *r, const at_log_turns *turns, attune_error *err);

/* Of the stamp's time: by whom (n bytes; 0: nobody knows), and the text's first line. 1, or ATTUNE_E_FORMAT where they have no
 * room. */
int at_log_message_begin(at_log_rows *r, const char *from, size_t n, const char *words,
                         attune_error *err);
/* 1: these words are behind those that it has. */
int at_log_message_add(at_log_rows *r, const char *words, attune_error *err);
/* 1: it has a text, which is trimmed; 0: it has none. */
int at_log_message_end(at_log_rows *r);

#endif
