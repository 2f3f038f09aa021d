/* log_row.h - the fields of a log's rows, one row after the other, in memory of one row. Private to signal. */
#ifndef AT_SIGNAL_LOG_ROW_H
#define AT_SIGNAL_LOG_ROW_H

#include <attune/attune.h>
#include <stdio.h>

enum { AT_LOG_FIELDS = 256, AT_LOG_ROW = ATTUNE_MAX_MESSAGE + 8192 };

typedef struct at_log_rows {
    FILE *f;
    const char *path; /* borrowed */
    char separator;
    int columns;                /* of the header */
    char *field[AT_LOG_FIELDS]; /* of the row last read; blanks around are trimmed */
    size_t length[AT_LOG_FIELDS];
    int fields;
    int64_t line; /* in which it begins, from 1 */
    int64_t next_line;
    char *text; /* (AT_LOG_ROW + 1) */
} at_log_rows;

int at_log_rows_open(at_log_rows *r, const char *path /* [kept] */, attune_error *err);
void at_log_rows_close(at_log_rows *r);
/* To the beginning, and over the header, which tells separator and columns. */
int at_log_rows_header(at_log_rows *r, attune_error *err);
/* 1: the next row; 0: the end. Lines of nothing but blanks and separators are passed over. A byte of 0, a quote that is never closed, a
 * row that is longer than AT_LOG_ROW or has more in it than the header has columns for is ATTUNE_E_FORMAT. */
int at_log_rows_next(at_log_rows *r, attune_error *err);
/* ATTUNE_E_FORMAT with "PATH:LINE: " before it. */
int at_log_row_fail(const at_log_rows *r, attune_error *err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
