/* csv.h - the little of RFC 4180 that label files use: a header, optional double quotes, commas; or what spreadsheets
 * have in their place: semicolons or tabs, whichever the header has first, below a line "sep=;". */
#ifndef AT_DATA_CSV_H
#define AT_DATA_CSV_H

#include <attune/attune.h>
#include <stddef.h>
#include <stdio.h>

enum { AT_CSV_FIELDS = 64 };

typedef struct at_csv {
    char *text, *next;          /* the whole file, cut up in place */
    char *field[AT_CSV_FIELDS]; /* of the row last read; blanks around are trimmed */
    int fields;
    int line; /* in which it begins, from 1 */
    /* the rest is private */
    const char *path;
    int columns, next_line;
    char separator;
} at_csv;

/* Reads path (borrowed until close) whole (at most 512 MiB: FER2013's pictures as text take 288); a
 * gzip file is unpacked. */
int at_csv_open(at_csv *c, const char *path, attune_error *err);
/* The first row. ATTUNE_E_FORMAT where there is none, or it has more than AT_CSV_FIELDS fields. */
int at_csv_header(at_csv *c, attune_error *err);
/* ATTUNE_E_FORMAT when no row follows. */
int at_csv_check_rows(const at_csv *c, attune_error *err);
/* 1: field[] filled with the next row; 0: the end. A row that says more than the header has columns
 * for, or in which quotes are opened and never closed, is ATTUNE_E_FORMAT: what follows could not be
 * trusted. err names the line. */
int at_csv_row(at_csv *c, attune_error *err);
/* Column whose header is name, in any case, in the row last read; -1 if none. Call on the first
 * row. */
int at_csv_column(const at_csv *c, const char *name);
/* Field i, "" when the row is short or i is negative. */
const char *at_csv_get(const at_csv *c, int i);
void at_csv_close(at_csv *c);

/* Writes a field, quoted where it must be (RFC 4180). */
void at_csv_put(FILE *f, const char *text);

#endif
