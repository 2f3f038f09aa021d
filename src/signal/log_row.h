/* log_row.h - a log's bytes, lines and fields, whatever its format, in memory of two rows. Private to signal.
 *
 * A file that gzip packed is read as what it holds. */
#ifndef AT_SIGNAL_LOG_ROW_H
#define AT_SIGNAL_LOG_ROW_H

#include <attune/attune.h>
#include <zlib.h>

enum { AT_LOG_FIELDS = 256, AT_LOG_ROW = ATTUNE_MAX_MESSAGE + 8192, AT_LOG_STAMP = 64 };

typedef struct at_log_rows {
    gzFile f;
    const char *path;        /* borrowed */
    int (*stop)(void *user); /* nullable: now and then asked whether to read on */
    void *user;
    size_t unasked; /* bytes since */
    int stopped;    /* it said so */
    int columns;    /* that a row of the file has at most */
    char *field
        [AT_LOG_FIELDS]; /* of the row last read, or the columns' names; blanks around are trimmed */
    size_t length[AT_LOG_FIELDS];
    int fields;
    int64_t line;     /* in which it begins, from 1 */
    int64_t start_us; /* what times count from, since 1970; 0: they say it themselves */
    char *text;       /* (AT_LOG_ROW + 1) fields lie here */
    int64_t next_line;

    /* what formats keep from row to row */
    char separator;
    char stamp[AT_LOG_STAMP]; /* a time that stands in no field of the file */
    int64_t first_line;       /* of what is sampled; in each line a sample, */
    double rate, begin_s;     /* so many a second, from then on */
    uint64_t dropped;         /* columns, a bit each, that hold no numbers */
    char *ahead;              /* (AT_LOG_ROW + 1) the line last read */
    size_t ahead_bytes;
    int64_t ahead_line;
    int held; /* it is to be read again */
} at_log_rows;

int at_log_rows_open(at_log_rows *r, const char *path /* [kept] */, attune_error *err);
void at_log_rows_close(at_log_rows *r);
/* To the beginning, and over a byte-order mark. UTF-16 is ATTUNE_E_FORMAT. */
int at_log_rows_rewind(at_log_rows *r, attune_error *err);
/* The next byte as it is, or EOF. */
int at_log_rows_raw(at_log_rows *r);
/* Likewise; a line's end is '\n' in a file that has "\n", "\r\n" or "\r". */
int at_log_rows_byte(at_log_rows *r);
/* Behind EOF. 0: it is the end; < 0: the rest could not be read, or was not to be. */
int at_log_rows_end(const at_log_rows *r, attune_error *err);
/* 1: ahead has the next line; 0: the end. A byte of 0, or more than AT_LOG_ROW of them, is ATTUNE_E_FORMAT. */
int at_log_rows_line(at_log_rows *r, attune_error *err);
void at_log_rows_hold(at_log_rows *r);

/* The text's bytes from..to are the next field, without the blanks around. text[to] is overwritten. */
void at_log_row_end_field(at_log_rows *r, size_t from, size_t to);
/* The row is these, with commas between. */
void at_log_row_set(at_log_rows *r, const char *fields);
/* The stamp before the others. */
void at_log_row_put_stamp(at_log_rows *r);
/* Likewise the time of the sample that the row is. */
void at_log_row_put_sample(at_log_rows *r);
/* The row's fields but those that are dropped. */
void at_log_row_drop(at_log_rows *r);
/* The row's column of this name, in any case; -1: none. */
int at_log_row_find(const at_log_rows *r, const char *name);
/* That of the first of the names that one has; names: NULL past the last. */
int at_log_row_find_any(const at_log_rows *r, const char *const *names);
/* The row's i-th; "" where it has none. */
const char *at_log_row_field(const at_log_rows *r, int i);
/* Likewise, to be read as a number: where commas are not between fields, a single one before a digit is its point. */
const char *at_log_row_number(const at_log_rows *r, int i);

/* ATTUNE_E_FORMAT with "PATH:LINE: " before it. */
int at_log_row_fail(const at_log_rows *r, attune_error *err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
