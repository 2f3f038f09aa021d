/* log_clock.h - when a log's rows were: which of its columns hold the time, what kind of time that is, and where it counts from.
 * Private to signal. */
#ifndef AT_SIGNAL_LOG_CLOCK_H
#define AT_SIGNAL_LOG_CLOCK_H

#include "signal/log_format.h"

typedef struct at_log_clock {
    int column;                       /* of a time that stands in one */
    int date_column, time_column;     /* of one that stands in two; -1: in one */
    char date_and_time[AT_LOG_STAMP]; /* the row's, put together */
    attune_log_time kind;
    attune_log_time order; /* of dates, where somebody said it; else ATTUNE_TIME_TOLD */
    int by_row;            /* the first row says which kind */
    int unlabelled;        /* and says but a number, which is taken for seconds */
    int absolute; /* somebody said when the pictures began: times are dates, or count from 1970 */
    int64_t shift_us;  /* added to a time */
    int64_t first_us;  /* of dates and what counts from 1970, the first, which is 0; else 0 */
    int64_t before_us; /* time of the row before, as it stands in the file */
    int begun;         /* there was one */
    int of_day; /* clocks without a day: where one falls back by more than half of it, midnight was in between */
    int64_t days_us; /* that were so passed */
} at_log_clock;

/* Before the header is read: offset and zero. A zero that is no date is ATTUNE_E_ARG. */
int at_log_clock_set(at_log_clock *c, const at_log_rows *r, const at_log_format *f,
                     const attune_log_options *o, attune_error *err);
/* Of the header that r is at. ATTUNE_E_FORMAT: it is none, but a row. */
int at_log_clock_find(at_log_clock *c, const at_log_rows *r, const at_log_format *f,
                      attune_log_time asked, attune_error *err);
/* What only rows say: kind, and whether months or days come first. Some are read: r is to be rewound. */
int at_log_clock_settle(at_log_clock *c, at_log_rows *r, const at_log_format *f, attune_error *err);
/* Whether the file's column i is one of its columns. */
int at_log_clock_has(const at_log_clock *c, int i);
/* Whether a column of this name holds times, be it chosen or not; but "t" may be a temperature. */
int at_log_clock_is(const char *name);

/* The row's time. Rows go on in time: one that goes back is ATTUNE_E_FORMAT. */
int at_log_clock_read(at_log_clock *c, const at_log_rows *r, int64_t *t_us, attune_error *err);
/* The first row comes next. */
void at_log_clock_rewind(at_log_clock *c);

#endif
