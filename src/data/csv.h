/* csv.h - the little of RFC 4180 that label files use: commas, optional double quotes, a header. */
#ifndef AT_DATA_CSV_H
#define AT_DATA_CSV_H

#include <attune/attune.h>
#include <stddef.h>

enum { AT_CSV_FIELDS = 64 };

typedef struct at_csv {
    char *text, *next;          /* the whole file, cut up in place */
    char *field[AT_CSV_FIELDS]; /* of the row last read; blanks around are trimmed */
    int fields;
    int row; /* its number, from 1, empty lines not counted */
} at_csv;

/* Reads path whole (at most 512 MiB: FER2013's pictures as text take 288). */
int at_csv_open(at_csv *c, const char *path, attune_error *err);
int at_csv_row(at_csv *c); /* 1: field[] filled; 0: the end */
/* Column whose header is name, in any case, in the row last read; -1 if none. Call on the first
 * row. */
int at_csv_column(const at_csv *c, const char *name);
/* Field i, "" when the row is short or i is negative. */
const char *at_csv_get(const at_csv *c, int i);
void at_csv_close(at_csv *c);

#endif
