/* column.h - one column of a signal: its values of the last while, what a window says of them, and what is usual.
 *
 * A value holds until the next one, but no longer than twice the median of the gaps before it, 1 to 30 s: so a sensor that
 * is slow has no holes between its values, and one that fell off says nothing. Figures are by the time that values
 * hold within the window. A column that counts events has no values that hold: its mean is events a second of the
 * window, whose coverage is the time in which somebody counts: from a value, which may be 0, to one under 0, which
 * says that nobody does any more.
 *
 * Values within a millisecond are one, their mean (of events: their sum). Memory is allocated once; where it is full, that stretch of time doubles,
 * so that what runs far ahead is kept coarser and nothing is lost. Sums are f64, and depend on the values and
 * the window alone. No figure is beyond AT_COLUMN_MOST either way, whatever the values are.
 */
#ifndef AT_SIGNAL_COLUMN_H
#define AT_SIGNAL_COLUMN_H

#include "base/keep.h"

enum { AT_COLUMN_GAPS = 15 };
#define AT_COLUMN_MOST 1e30

typedef struct at_value {
    int64_t t_us;
    float x;
    uint16_t hold_ms; /* of events: 0 where nobody counts from there on */
    uint16_t of;      /* as many values */
} at_value;

/* Mean and sum of squares about it, by the time that values held. */
typedef struct at_column_habit {
    double seconds, mean, m2;
} at_column_habit;

typedef struct at_column {
    int events;
    at_value *value; /* ring */
    size_t most, first, count;
    int64_t cell_us; /* values of one such stretch of time are one */
    at_value before; /* of what is forgotten, the last, if any */
    int has_before;
    int64_t gap_us[AT_COLUMN_GAPS]; /* ring of the latest */
    int gaps;                       /* ever */
    at_column_habit habit;          /* of what is before `before` */
    double counted;                 /* events that are forgotten */
    int64_t counted_us;             /* and the time before `before` that they were counted in */
} at_column;

/* seconds: for so long, at 1000 values a second, nothing is coarser. ATTUNE_OK or ATTUNE_E_NOMEM. */
int at_column_open(at_column *c, int events, double seconds);
void at_column_free(at_column *c);
/* Times do not decrease; x is a number. */
void at_column_push(at_column *c, int64_t t_us, float x);
void at_column_forget_before(at_column *c, int64_t t_us);

void at_column_keep(at_keep *k, at_column *c); /* base/keep.h; c as it was opened */

/* usual: nullable, then the column's own, once it is known from 30 s of it. */
void at_column_window(const at_column *c, int64_t start_us, int64_t end_us,
                      const attune_signal_usual *usual, attune_signal *out);
/* The mean alone; NaN: nothing holds there. */
float at_column_mean(const at_column *c, int64_t start_us, int64_t end_us);
/* What is usual of all values up to end_us, whatever came after it. NaN: there is none. */
attune_signal_usual at_column_usual(const at_column *c, int64_t end_us);

#endif
