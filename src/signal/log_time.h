/* log_time.h - numbers, and the times of a log's rows: numbers, clocks and dates. Private to signal. */
#ifndef AT_SIGNAL_LOG_TIME_H
#define AT_SIGNAL_LOG_TIME_H

#include <attune/log.h>

/* 1: text is a number, as people write them (none of C's in base 16), and nothing else. */
int at_log_number(const char *text, double *x);

/* Which kind a first row's text is of, where nobody says: a date or, by their size, seconds, milliseconds, microseconds. */
attune_log_time at_log_time_kind(const char *text);
/* 1: *us is what text says, microseconds from the log's own 0 (of dates, from 1970 in UTC); 0: it says no such time. */
int at_log_time_read(attune_log_time kind, const char *text, int64_t *us);
/* 1: text begins with a day as "5/4/2026" or "5-4-26", of which the first two numbers may be month and day, or day and month. */
int at_log_time_order(const char *text, int *first, int *second);
/* What such a text looks like: "seconds", ... */
const char *at_log_time_words(attune_log_time kind);

#endif
