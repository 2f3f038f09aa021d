/* fields.h - the columns of a timeline: one table from which the CSV header, every row, the JSON
 * lines and the description of the columns are made, so that they cannot disagree.
 *
 * The order is stable: new columns are only ever added at the end.
 */
#ifndef AT_REPORT_FIELDS_H
#define AT_REPORT_FIELDS_H

#include <attune/sink.h>
#include <stdio.h>

typedef enum at_field_kind {
    AT_FIELD_TIME, /* int64_t microseconds, shown in seconds */
    AT_FIELD_ID,   /* uint32_t */
    AT_FIELD_FLAG, /* int, shown as 0 or 1 */
    AT_FIELD_USED, /* a bit of attune_window.used */
    AT_FIELD_REAL, /* float; empty (null) where it is NaN */
    AT_FIELD_ANY,  /* likewise, of any size: with seven digits */
} at_field_kind;

/* When a value means something. Elsewhere the cell is empty (null). */
typedef enum at_field_when {
    AT_WHEN_ALWAYS,
    AT_WHEN_STATE, /* has_state */
    AT_WHEN_FACE,  /* track is not 0 */
} at_field_when;

typedef struct at_field {
    attune_column column;
    at_field_kind kind;
    at_field_when when;
    size_t offset; /* in attune_window */
    int beside;    /* no: in its attune_beside */
    int bit;       /* AT_FIELD_USED */
    int decimals;  /* AT_FIELD_REAL */
    double lo, hi; /* what it may be */
    double none;   /* AT_FIELD_REAL: in attune_window, where there is no value */
} at_field;

enum { AT_FIELDS_MAX = 224 };

typedef struct at_fields {
    at_field field[AT_FIELDS_MAX];
    int n;
    int signals, chat; /* columns of a signal, and whether of a chat, that are among them */
} at_fields;

void at_fields_init(at_fields *t);
/* And those of what was recorded beside, which come last. setup: nullable. */
void at_fields_with(at_fields *t, const attune_beside_setup *setup);

/* The value of a field in w. 0: there is none (an empty cell). */
int at_field_value(const at_field *f, const attune_window *w, double *value);
/* Puts it there, of what was recorded beside into *beside; NaN: there is none. */
void at_field_set(const at_field *f, attune_window *w, attune_beside *beside, double value);

enum { AT_FIELD_SIZE = 64 };
/* The value as the timeline has it. Returns text. */
const char *at_field_text(const at_field *field, double value, char text[AT_FIELD_SIZE]);
void at_field_print(const at_field *field, double value, FILE *f);

/* All of w as a JSON object, in one line without its end. */
void at_fields_json(const at_fields *t, const attune_window *w, FILE *f);

/* w with every value as the timeline has it, and nothing that it does not have. What it has beside lies in *beside. */
void at_fields_round(const at_fields *t, attune_window *w, attune_beside *beside);
/* Makes *beside what w has beside, without a value yet; NULL where t has no fields of such. */
void at_fields_beside(const at_fields *t, attune_window *w, attune_beside *beside);

#endif
