/* What Polar Flow exports of a training: a summary in two rows, with its date and the time at which it starts, and below it
 * samples under a header of their own. */
#include "signal/log_format.h"

#include "base/error.h"
#include "signal/log_time.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { DATE = 2, START = 3 }; /* columns of the summary */

static int is_polar(const at_log_rows *r, const char *head)
{
    static const char begins[] = "Name,Sport,Date,Start time";

    (void)r;
    return strncmp(head, begins, strlen(begins)) == 0;
}

/* Their dates have the day first, where not the year. */
static int read_start(at_log_rows *r, attune_error *err)
{
    char text[AT_LOG_STAMP] = "";

    if (r->fields > START)
        snprintf(text, sizeof text, "%.24s %.24s", r->field[DATE], r->field[START]);
    if (!at_log_time_read(ATTUNE_TIME_DMY, text, &r->start_us))
        return at_log_row_fail(r, err, "its start '%.48s' is not %s", text,
                               at_log_time_words(ATTUNE_TIME_DMY));
    return ATTUNE_OK;
}

/* A pace is minutes and seconds; behind the last comma is nothing. */
static void drop_what_is_no_number(at_log_rows *r)
{
    r->dropped = 0;
    for (int i = 0; i < r->fields && i < 64; i++)
        if (!r->length[i] || !strcasecmp(r->field[i], "Sample rate") ||
            !strncasecmp(r->field[i], "Pace", 4))
            r->dropped |= UINT64_C(1) << i;
    at_log_row_drop(r);
}

static int read_header(at_log_rows *r, attune_error *err)
{
    int rc = at_log_csv.header(r, err);

    rc = rc < 0 ? rc : at_log_csv.next(r, err);
    rc = rc < 0 ? rc : read_start(r, err);
    r->columns = AT_LOG_FIELDS;
    rc = rc < 0 ? rc : at_log_csv.next(r, err);
    if (rc < 0)
        return rc;
    if (r->fields > AT_LOG_FIELDS || at_log_row_find(r, "Time") < 0)
        return at_log_row_fail(r, err, "here the samples' header is missing, with 'Time'");
    r->columns = r->fields;
    drop_what_is_no_number(r);
    return ATTUNE_OK;
}

static int next_row(at_log_rows *r, attune_error *err)
{
    const int rc = at_log_csv.next(r, err);

    if (rc == 1)
        at_log_row_drop(r);
    return rc;
}

const at_log_format at_log_polar = {"an export of Polar Flow's",
                                    AT_LOG_SIGNALS,
                                    AT_LOG_FROM_1970,
                                    ATTUNE_TIME_S,
                                    is_polar,
                                    read_header,
                                    next_row};
