/* log_format.h - how files of rows are written: each format tells itself by what stands at a file's beginning, and makes of the
 * file what a CSV would be, a header and rows of fields. Private to signal.
 *
 * Of signals, "time" and columns of numbers; of chats, "time", "from" and "text". */
#ifndef AT_SIGNAL_LOG_FORMAT_H
#define AT_SIGNAL_LOG_FORMAT_H

#include "signal/log_row.h"

#include <attune/log.h>

enum { AT_LOG_HEAD = 4096 };

typedef enum at_log_use { AT_LOG_SIGNALS, AT_LOG_CHATS, AT_LOG_BOTH } at_log_use;

/* What its times count from, where somebody says when the pictures began. */
typedef enum at_log_from {
    AT_LOG_FROM_1970,  /* they do, or are dates */
    AT_LOG_FROM_DAY,   /* they are clocks, of that day */
    AT_LOG_FROM_BEGIN, /* the recording's own beginning, whatever is said */
} at_log_from;

typedef struct at_log_format {
    const char *name; /* as behind "is read as"; NULL: a CSV */
    at_log_use use;
    at_log_from from;
    attune_log_time time; /* of its rows; ATTUNE_TIME_TOLD: as a CSV's */
    /* Whether a file that begins so (at most AT_LOG_HEAD bytes, a final zero) is of it. */
    int (*is)(const at_log_rows *r, const char *head);
    /* From the beginning over what stands before the rows: the fields are the columns' names. */
    int (*header)(at_log_rows *r, attune_error *err);
    /* 1: the next row; 0: the end. Lines that say nothing are passed over. */
    int (*next)(at_log_rows *r, attune_error *err);
} at_log_format;

extern const at_log_format at_log_csv, at_log_empatica, at_log_ibi, at_log_polar, at_log_bids,
    at_log_whatsapp, at_log_vtt, at_log_srt, at_log_zoom, at_log_zoom_cloud, at_log_jsonl;

/* Which one it is; a CSV, where it is no other. */
int at_log_format_find(const at_log_format **out, at_log_rows *r, int chat, attune_error *err);

#endif
