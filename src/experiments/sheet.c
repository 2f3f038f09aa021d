#include "experiments/sheet.h"

#include "data/csv.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void at_sheet_begin(at_sheet *s, const char *name, const char *title, const at_column *column,
                    int columns)
{
    *s = (at_sheet){.name = name, .title = title, .column = column, .columns = columns};
}

void at_sheet_free(at_sheet *s)
{
    for (int i = 0; i < s->rows * s->columns; i++)
        free(s->cell[i].text);
    for (int i = 0; i < s->notes; i++)
        free(s->note[i]);
    free(s->cell);
    memset(s, 0, sizeof *s);
}

/* ---- filling ---------------------------------------------------------------------------------- */

void at_sheet_row(at_sheet *s)
{
    if (s->rows == s->capacity) {
        const int more = s->capacity ? 2 * s->capacity : 16;
        at_cell *grown = realloc(s->cell, (size_t)(more * s->columns) * sizeof *grown);
        if (!grown) {
            s->status = ATTUNE_E_NOMEM;
            return;
        }
        s->cell = grown;
        s->capacity = more;
    }
    for (int c = 0; c < s->columns; c++)
        s->cell[s->rows * s->columns + c] = (at_cell){NULL, NAN, NAN, NAN};
    s->rows++;
}

static at_cell *last(at_sheet *s, int column)
{
    return s->status || !s->rows ? NULL : &s->cell[(s->rows - 1) * s->columns + column];
}

void at_sheet_interval(at_sheet *s, int column, double value, double lo, double hi)
{
    at_cell *c = last(s, column);
    if (c) {
        c->value = value;
        c->lo = lo;
        c->hi = hi;
    }
}

void at_sheet_value(at_sheet *s, int column, double value)
{
    at_sheet_interval(s, column, value, NAN, NAN);
}

static char *print(at_sheet *s, const char *fmt, va_list args)
{
    char *text = NULL;
    if (vasprintf(&text, fmt, args) >= 0)
        return text;
    s->status = ATTUNE_E_NOMEM;
    return NULL;
}

void at_sheet_text(at_sheet *s, int column, const char *fmt, ...)
{
    at_cell *c = last(s, column);
    va_list args;
    if (!c)
        return;
    free(c->text);
    va_start(args, fmt);
    c->text = print(s, fmt, args);
    va_end(args);
}

void at_sheet_note(at_sheet *s, const char *fmt, ...)
{
    const int most = sizeof s->note / sizeof *s->note;
    va_list args;
    va_start(args, fmt);
    char *text = print(s, fmt, args);
    va_end(args);
    for (int i = 0; i < s->notes && text; i++)
        if (strcmp(s->note[i], text) == 0) {
            free(text);
            text = NULL;
        }
    if (text && s->notes < most)
        s->note[s->notes++] = text;
    else
        free(text);
}

/* ---- reading ---------------------------------------------------------------------------------- */

int at_sheet_place(const at_sheet *s, at_column_place place)
{
    for (int c = 0; c < s->columns; c++)
        if (s->column[c].place == place)
            return c;
    return -1;
}

int at_sheet_begins(const at_sheet *s, int row)
{
    const int heading = at_sheet_place(s, AT_HEADING);
    return row == 0 || (heading >= 0 && strcmp(at_sheet_words(s, row, heading),
                                               at_sheet_words(s, row - 1, heading)) != 0);
}

int at_sheet_has(const at_sheet *s, int column, int first, int end)
{
    for (int r = first; r < end; r++) {
        const at_cell *cell = at_sheet_cell(s, r, column);
        if ((cell->text && *cell->text) || isfinite(cell->value))
            return 1;
    }
    return 0;
}

int at_sheet_end(const at_sheet *s, int first)
{
    int end = first + 1;
    while (end < s->rows && !at_sheet_begins(s, end))
        end++;
    return end;
}

/* Digits behind the point, and what a value is multiplied by. */
static double scaled(const at_column *c, double value, int *digits)
{
    static const int of_kind[] = {
        [AT_TEXT_COLUMN] = 0, [AT_PERCENT] = 2, [AT_RATIO] = 3, [AT_COUNT] = 0, [AT_DECIMAL] = 1};
    *digits = of_kind[c->kind];
    return c->kind == AT_PERCENT ? 100 * value : value;
}

const char *at_sheet_format(char out[AT_CELL_SIZE], const at_column *c, const at_cell *cell)
{
    int digits, at = 0;
    const double v = scaled(c, cell->value, &digits);
    *out = '\0';
    if (isfinite(v))
        at = snprintf(out, AT_CELL_SIZE, "%.*f", digits, v);
    if (isfinite(v) && isfinite(cell->lo) && isfinite(cell->hi))
        snprintf(out + at, (size_t)(AT_CELL_SIZE - at), " [%.*f, %.*f]", digits,
                 scaled(c, cell->lo, &digits), digits, scaled(c, cell->hi, &digits));
    return out;
}

/* ---- CSV -------------------------------------------------------------------------------------- */

static void put_number(FILE *f, double value)
{
    if (isfinite(value))
        fprintf(f, "%.6g", value);
}

static void put_cell(FILE *f, const at_column *c, const at_cell *cell)
{
    if (c->kind == AT_TEXT_COLUMN)
        at_csv_put(f, cell->text ? cell->text : "");
    else
        put_number(f, cell->value);
    if (c->interval) {
        fputc(',', f);
        put_number(f, cell->lo);
        fputc(',', f);
        put_number(f, cell->hi);
    }
}

void at_sheet_csv(const at_sheet *s, FILE *f)
{
    for (int c = 0; c < s->columns; c++) {
        const char *name = s->column[c].name;
        fprintf(f, "%s%s", c ? "," : "", name);
        if (s->column[c].interval)
            fprintf(f, ",%s_lo,%s_hi", name, name);
    }
    fputc('\n', f);
    for (int r = 0; r < s->rows; r++)
        for (int c = 0; c < s->columns; c++) {
            put_cell(f, &s->column[c], at_sheet_cell(s, r, c));
            fputc(c + 1 < s->columns ? ',' : '\n', f);
        }
}

/* ---- lines ------------------------------------------------------------------------------------ */

static const char *words_of(char out[AT_CELL_SIZE], const at_column *c, const at_cell *cell)
{
    if (c->kind != AT_TEXT_COLUMN)
        return at_sheet_format(out, c, cell);
    return cell->text ? cell->text : "";
}

/* Of the rows first to end - 1 and the title. */
static int width_of(const at_sheet *s, int column, int first, int end)
{
    const at_column *c = &s->column[column];
    size_t width = strlen(c->title);
    char out[AT_CELL_SIZE];
    for (int r = first; r < end; r++) {
        const size_t n = strlen(words_of(out, c, at_sheet_cell(s, r, column)));
        width = n > width ? n : width;
    }
    return (int)width;
}

/* A row, or with row < 0 the titles, of rows first to end - 1. */
static void put_line(const at_sheet *s, int row, int first, int end, FILE *f)
{
    char out[AT_CELL_SIZE];
    fputs("  ", f);
    for (int c = 0; c < s->columns; c++) {
        const at_column *column = &s->column[c];
        if (column->place != AT_TABLE || !at_sheet_has(s, c, first, end))
            continue;
        const char *words = row < 0 ? column->title
                                    : words_of(out, column, at_sheet_cell(s, row, c));
        const int width = width_of(s, c, first, end);
        fprintf(f, column->kind == AT_TEXT_COLUMN ? "%-*s  " : "%*s  ", width, words);
    }
    fputc('\n', f);
}

static void put_block(const at_sheet *s, int first, int end, FILE *f)
{
    const int heading = at_sheet_place(s, AT_HEADING), protocol = at_sheet_place(s, AT_PROTOCOL);
    if (heading >= 0)
        fprintf(f, "\n  %s\n", at_sheet_words(s, first, heading));
    if (protocol >= 0 && *at_sheet_words(s, first, protocol))
        fprintf(f, "  %s\n", at_sheet_words(s, first, protocol));
    put_line(s, -1, first, end, f);
    for (int r = first; r < end; r++)
        put_line(s, r, first, end, f);
}

void at_sheet_lines(const at_sheet *s, FILE *f)
{
    fprintf(f, "%s\n", s->title);
    for (int first = 0, end; first < s->rows; first = end) {
        end = at_sheet_end(s, first);
        put_block(s, first, end, f);
    }
    for (int i = 0; i < s->notes; i++)
        fprintf(f, "  %s\n", s->note[i]);
}
