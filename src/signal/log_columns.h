/* log_columns.h - which of a log's columns are signals, what they are called, and their values. Private to signal. */
#ifndef AT_SIGNAL_LOG_COLUMNS_H
#define AT_SIGNAL_LOG_COLUMNS_H

#include "signal/log_clock.h"

enum { AT_LOG_MOST_EMPTY = 120 }; /* bytes that are told of columns without a value */

typedef struct at_log_columns {
    int n, column[ATTUNE_MAX_SIGNALS]; /* which of the file's */
    char name[ATTUNE_MAX_SIGNALS][ATTUNE_SIGNAL_BYTES];
    const char *names[ATTUNE_MAX_SIGNALS + 1];
    unsigned events;               /* which of them count, a bit each */
    char empty[AT_LOG_MOST_EMPTY]; /* columns that are left out, with commas between */
} at_log_columns;

/* Those that o names, or all but times, of the header that r is at; those without a value in any row are left out. A name that
 * no column has, or more columns than there may be, is ATTUNE_E_FORMAT. */
int at_log_columns_take(at_log_columns *c, at_log_rows *r, const at_log_format *f,
                        const at_log_clock *clock, const attune_log_options *o, attune_error *err);
/* (n) the row's; NaN: none. */
int at_log_columns_read(const at_log_columns *c, const at_log_rows *r, float *value,
                        attune_error *err);

#endif
