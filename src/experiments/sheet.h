/* sheet.h - a table of figures: what an experiment comes to. Its CSV, its part of the page and its lines for
 * a terminal are written from the same rows.
 *
 * Rows are filled by calls that cannot fail; when memory is out the sheet's status says so at the end.
 */
#ifndef AT_EXPERIMENTS_SHEET_H
#define AT_EXPERIMENTS_SHEET_H

#include <attune/attune.h>
#include <stdio.h>

#if defined(__GNUC__)
#define AT_SHEET_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define AT_SHEET_PRINTF(fmt, args)
#endif

/* How a column's values are written: "85.58", of a share in percent; "0.231"; "12"; "30.5". */
typedef enum at_column_kind {
    AT_TEXT_COLUMN,
    AT_PERCENT,
    AT_RATIO,
    AT_COUNT,
    AT_DECIMAL
} at_column_kind;

/* All columns are in the CSV. Where else: */
typedef enum at_column_place {
    AT_CSV_ALONE,
    AT_TABLE,    /* in the table */
    AT_HEADING,  /* above the rows that have it in common */
    AT_PROTOCOL, /* below that, likewise */
    AT_REMARK,   /* under the table, with the names of its rows */
    AT_COMMAND,  /* folded away under the table */
} at_column_place;

typedef struct at_column {
    const char *name;  /* in the CSV */
    const char *title; /* in a table */
    at_column_kind kind;
    at_column_place place;
    int interval; /* NAME_lo and NAME_hi follow in the CSV */
} at_column;

typedef struct at_cell {
    char *text;           /* owned; NULL: none */
    double value, lo, hi; /* NaN: none. Shares are of 1 */
} at_cell;

typedef struct at_sheet {
    const char *name, *title; /* static */
    const at_column *column;  /* (columns), static */
    int columns;
    at_cell *cell; /* (rows x columns) */
    int rows, capacity;
    char *note[16]; /* (notes) sentences that belong to all of it; owned */
    int notes;
    int status; /* ATTUNE_OK or ATTUNE_E_NOMEM */
} at_sheet;

void at_sheet_begin(at_sheet *s, const char *name, const char *title, const at_column *column,
                    int columns);
void at_sheet_free(at_sheet *s);

/* A row, empty; the calls below fill the last one. */
void at_sheet_row(at_sheet *s);
void at_sheet_text(at_sheet *s, int column, const char *fmt, ...) AT_SHEET_PRINTF(3, 4);
void at_sheet_value(at_sheet *s, int column, double value);
void at_sheet_interval(at_sheet *s, int column, double value, double lo, double hi);
/* A sentence about the whole; the same one is there once. */
void at_sheet_note(at_sheet *s, const char *fmt, ...) AT_SHEET_PRINTF(2, 3);

static inline const at_cell *at_sheet_cell(const at_sheet *s, int row, int column)
{
    return &s->cell[row * s->columns + column];
}
/* "" where there is none. */
static inline const char *at_sheet_words(const at_sheet *s, int row, int column)
{
    const char *text = at_sheet_cell(s, row, column)->text;
    return text ? text : "";
}
/* The first column with that place; -1: none. */
int at_sheet_place(const at_sheet *s, at_column_place place);
/* Does the row begin rows that share what stands above them? */
int at_sheet_begins(const at_sheet *s, int row);

/* Where the rows end that the row first begins. */
int at_sheet_end(const at_sheet *s, int first);
/* Is there anything of that column in the rows first to end - 1? */
int at_sheet_has(const at_sheet *s, int column, int first, int end);

enum { AT_CELL_SIZE = 96 };
/* A value as its column writes it, "" for none; with the interval. Returns out. */
const char *at_sheet_format(char out[AT_CELL_SIZE], const at_column *c, const at_cell *cell);

/* RFC 4180, with a header. */
void at_sheet_csv(const at_sheet *s, FILE *f);
/* For a person at a terminal. */
void at_sheet_lines(const at_sheet *s, FILE *f);

#endif
