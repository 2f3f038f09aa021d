/* What Empatica's wristbands write, a file a sensor: in the first line when it begins, in seconds since 1970, in the second the
 * samples a second, each once a column; then a sample a line. IBI.csv has times beside its values, from that beginning. */
#include "signal/log_format.h"

#include "base/error.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double least_start = 1e8, most_start = 1e10, most_rate = 1e5;

enum { AXES = 3 };

/* How often the line says the same number, and nothing else; 0: it does not. */
static int same_numbers(const char *line, double *x)
{
    double other;
    char *end;
    int n = 0;

    for (*x = 0;; line = end + 1) {
        other = strtod(line, &end);
        if (end == line || (n && other != *x))
            return 0;
        *x = other;
        n++;
        end += strspn(end, " \t");
        if (*end != ',')
            return *end == '\n' || !*end ? n : 0;
    }
}

static int is_start(double s)
{
    return s >= least_start && s <= most_start;
}

static int is_rate(double rate)
{
    return rate > 0 && rate <= most_rate;
}

static const char *second_line(const char *head)
{
    return head + strcspn(head, "\n") + (head[strcspn(head, "\n")] == '\n');
}

static int is_sampled(const at_log_rows *r, const char *head)
{
    double start, rate;
    const int columns = same_numbers(head, &start);

    (void)r;
    return columns > 0 && columns <= AXES && is_start(start) &&
           same_numbers(second_line(head), &rate) == columns && is_rate(rate);
}

static int is_ibi(const at_log_rows *r, const char *head)
{
    char *end;
    const double start = strtod(head, &end);

    (void)r;
    end += strspn(end, " ,");
    return is_start(start) && !strncmp(end, "IBI", 3) && strchr("\r\n", end[3]);
}

/* A CSV's row, without a header. */
static int first_row(at_log_rows *r, attune_error *err)
{
    int rc = at_log_rows_rewind(r, err);

    r->separator = ',';
    rc = rc < 0 ? rc : at_log_csv.next(r, err);
    if (rc == 1)
        r->start_us = llround(atof(r->field[0]) * 1e6);
    return rc;
}

/* HR.csv has HR; ACC.csv ACC_x, ACC_y, ACC_z. */
static void name_columns(at_log_rows *r, int columns)
{
    static const char *const axes[] = {"", "x", "y", "z"};
    const char *slash = strrchr(r->path, '/'), *name = slash ? slash + 1 : r->path;
    char all[AT_LOG_HEAD] = "time";
    size_t n = strlen(all);

    for (int i = 0; i < columns && n < sizeof all; i++)
        n += (size_t)snprintf(all + n, sizeof all - n, ",%.*s%s%s", (int)strcspn(name, ".,"), name,
                              columns > 1 ? "_" : "", axes[columns > 1 ? i + 1 : 0]);
    at_log_row_set(r, all);
}

static int sampled_header(at_log_rows *r, attune_error *err)
{
    int rc = first_row(r, err), columns = r->fields;

    rc = rc == 1 ? at_log_csv.next(r, err) : rc;
    if (rc < 0)
        return rc;
    r->rate = atof(r->field[0]);
    r->begin_s = 0;
    r->first_line = r->next_line;
    r->columns = columns;
    name_columns(r, columns);
    return ATTUNE_OK;
}

static int sampled_next(at_log_rows *r, attune_error *err)
{
    const int rc = at_log_csv.next(r, err);

    if (rc == 1)
        at_log_row_put_sample(r);
    return rc;
}

static int ibi_header(at_log_rows *r, attune_error *err)
{
    const int rc = first_row(r, err);

    r->columns = 2;
    at_log_row_set(r, "time,IBI");
    return rc < 0 ? rc : ATTUNE_OK;
}

static int ibi_next(at_log_rows *r, attune_error *err)
{
    return at_log_csv.next(r, err);
}

const at_log_format at_log_empatica = {
    "a file of Empatica's", AT_LOG_SIGNALS, AT_LOG_FROM_1970, ATTUNE_TIME_S, is_sampled,
    sampled_header,         sampled_next};
const at_log_format at_log_ibi = {"an IBI file of Empatica's",
                                  AT_LOG_SIGNALS,
                                  AT_LOG_FROM_1970,
                                  ATTUNE_TIME_S,
                                  is_ibi,
                                  ibi_header,
                                  ibi_next};
