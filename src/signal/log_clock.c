#include "signal/log_clock.h"

#include "base/error.h"
#include "signal/log_message.h"
#include "signal/log_name.h"
#include "signal/log_time.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const double most_offset_s = 1e8;
static const int64_t day_us = INT64_C(86400000000);
static const int64_t from_1970_us =
    100000000000000; /* times so large count from 1970: three years */

static int is_date(attune_log_time kind)
{
    return kind == ATTUNE_TIME_DATE || kind == ATTUNE_TIME_MDY || kind == ATTUNE_TIME_DMY;
}

int at_log_clock_set(at_log_clock *c, const at_log_rows *r, const at_log_format *f,
                     const attune_log_options *o, attune_error *err)
{
    const attune_log_time kind = is_date(o->time) ? o->time : ATTUNE_TIME_DATE;
    int64_t zero_us;

    c->of_day = f->from == AT_LOG_FROM_DAY;
    if (!(fabs(o->offset_s) <= most_offset_s))
        return at_fail(err, ATTUNE_E_ARG, "%s: an offset of %g s is too far", r->path, o->offset_s);
    c->shift_us = llround(o->offset_s * 1e6);
    if (!o->zero)
        return ATTUNE_OK;
    if (!at_log_time_read(kind, o->zero, &zero_us))
        return at_fail(err, ATTUNE_E_ARG, "%s: the zero '%.40s' is not %s", r->path, o->zero,
                       at_log_time_words(kind));
    if (f->from == AT_LOG_FROM_BEGIN)
        return ATTUNE_OK;
    if (c->of_day)
        zero_us = (zero_us % day_us + day_us) % day_us;
    c->shift_us -= zero_us;
    c->absolute = 1;
    return ATTUNE_OK;
}

/* ---- the header ----------------------------------------------------------------------------- */

enum { NO_UNIT = -1, UNIT_NOT_READ = -2 };

static int unit_called(const char *word)
{
    static const struct {
        const char *unit;
        int kind;
    } units[] = {{"s", ATTUNE_TIME_S},       {"sec", ATTUNE_TIME_S},
                 {"secs", ATTUNE_TIME_S},    {"seconds", ATTUNE_TIME_S},
                 {"ms", ATTUNE_TIME_MS},     {"msec", ATTUNE_TIME_MS},
                 {"millis", ATTUNE_TIME_MS}, {"milliseconds", ATTUNE_TIME_MS},
                 {"us", ATTUNE_TIME_US},     {"usec", ATTUNE_TIME_US},
                 {"micros", ATTUNE_TIME_US}, {"microseconds", ATTUNE_TIME_US},
                 {"iso", ATTUNE_TIME_DATE},  {"utc", ATTUNE_TIME_DATE},
                 {"unix", ATTUNE_TIME_TOLD}, {"ns", UNIT_NOT_READ},
                 {"nsec", UNIT_NOT_READ},    {"nanoseconds", UNIT_NOT_READ},
                 {"min", UNIT_NOT_READ},     {"mins", UNIT_NOT_READ},
                 {"minutes", UNIT_NOT_READ}, {"h", UNIT_NOT_READ},
                 {"hrs", UNIT_NOT_READ},     {"hours", UNIT_NOT_READ},
                 {"days", UNIT_NOT_READ}};

    for (size_t u = 0; u < sizeof units / sizeof *units; u++)
        if (strcasecmp(word, units[u].unit) == 0)
            return units[u].kind;
    return NO_UNIT;
}

static const char marks[] = "_-."; /* before a unit */

/* Of what bears one of the names, alone or with a unit: "time_ms", "Timestamp (us)"; of "time" ATTUNE_TIME_TOLD. */
static int unit_behind(const char *name, const char *clean)
{
    const size_t stem = strlen(name);

    if (strncasecmp(clean, name, stem) != 0)
        return NO_UNIT;
    if (!clean[stem])
        return ATTUNE_TIME_TOLD;
    return strchr(marks, clean[stem]) ? unit_called(clean + stem + 1) : NO_UNIT;
}

/* Of a column that is called no time: "elapsed_ms", "minutes". */
static int unit_at_end(const char *clean)
{
    const char *word = clean + strlen(clean);

    while (word > clean && !strchr(marks, word[-1]))
        word--;
    return unit_called(word);
}

int at_log_clock_is(const char *name)
{
    for (int i = 0; at_log_times[i]; i++)
        if (name[1] && unit_behind(at_log_times[i], name) != NO_UNIT)
            return 1;
    return 0;
}

/* The column that is called a time, by the order of names that a time may have, and its unit; else the first, or one that is
 * called like a unit and nothing more. */
static int find_column(at_log_clock *c, const at_log_rows *r)
{
    char clean[ATTUNE_SIGNAL_BYTES];

    for (int n = 0; at_log_times[n]; n++)
        for (c->column = 0; c->column < r->fields; c->column++) {
            at_log_name(clean, r->field[c->column], 0);
            const int unit = unit_behind(at_log_times[n], clean);
            if (unit != NO_UNIT)
                return unit;
        }
    at_log_name(clean, r->field[0], 0);
    c->column = 0;
    const int unit = unit_at_end(clean);
    for (int i = 1; unit == NO_UNIT && i < r->fields; i++) { /* behind an index, say */
        at_log_name(clean, r->field[i], 0);
        const int called = unit_called(clean); /* "min" is as often the least */
        if (called >= 0) {
            c->column = i;
            return called;
        }
    }
    return unit;
}

int at_log_clock_has(const at_log_clock *c, int i)
{
    return i == c->column || i == c->date_column || i == c->time_column;
}

static int is_order(attune_log_time kind)
{
    return kind == ATTUNE_TIME_MDY || kind == ATTUNE_TIME_DMY;
}

/* What the format says, the caller, or the column's name. An order is of dates, where there are any. */
static attune_log_time kind_of(const at_log_format *f, attune_log_time asked, int unit)
{
    if (f->time != ATTUNE_TIME_TOLD)
        return f->time;
    if (asked != ATTUNE_TIME_TOLD && !is_order(asked))
        return asked;
    return unit < 0 ? ATTUNE_TIME_TOLD : (attune_log_time)unit;
}

/* A file without a header would lose its first row. */
static int check_header(const at_log_clock *c, const at_log_rows *r, attune_error *err)
{
    const char *name = r->field[c->column];
    int64_t t_us;

    if (!at_log_time_read(at_log_time_kind(name), name, &t_us))
        return ATTUNE_OK;
    return at_log_row_fail(r, err, "its columns have no names: a header is missing");
}

int at_log_clock_find(at_log_clock *c, const at_log_rows *r, const at_log_format *f,
                      attune_log_time asked, attune_error *err)
{
    static const char *const days[] = {"date", "datum", "day", NULL};
    static const char *const clocks[] = {"time", "uhrzeit", "zeit", NULL};
    const int unit = find_column(c, r);

    c->date_column = at_log_row_find_any(r, days);
    c->time_column = at_log_row_find_any(r, clocks);
    if (c->date_column < 0 || c->time_column < 0)
        c->date_column = c->time_column = -1;
    if (unit == NO_UNIT && c->time_column >= 0)
        c->column = c->time_column;
    c->kind = kind_of(f, asked, unit);
    c->order = is_order(asked) ? asked : ATTUNE_TIME_TOLD;
    c->by_row = c->kind == ATTUNE_TIME_TOLD;
    if (unit == UNIT_NOT_READ && c->by_row)
        return at_log_row_fail(r, err,
                               "its times are called '%.40s': of units seconds, milliseconds (ms) "
                               "and microseconds (us) are read",
                               r->field[c->column]);
    return check_header(c, r, err);
}

/* ---- what rows say -------------------------------------------------------------------------- */

/* Where the clock of a date begins: its length without one. */
static size_t day_length(const char *date)
{
    return strchr(date, ':') ? strcspn(date, " T") : strlen(date);
}

/* A date as spreadsheets have it that know no day without a clock. */
static int is_midnight(const char *date)
{
    const char *clock = date + day_length(date);

    return *clock && !clock[strcspn(clock, "123456789")];
}

/* Day and clock together, where they stand apart. */
static const char *text_of(at_log_clock *c, const at_log_rows *r)
{
    if (c->date_column < 0)
        return at_log_row_number(r, c->column);
    const char *date = at_log_row_field(r, c->date_column);
    const size_t day = day_length(date);
    snprintf(c->date_and_time, sizeof c->date_and_time, "%.*s %.30s", day < 30 ? (int)day : 30,
             date, at_log_row_field(r, c->time_column));
    return c->date_and_time;
}

/* Whether day and clock do stand apart; where the first of the two has both, it is the time. */
static void settle_columns(at_log_clock *c, const at_log_rows *r)
{
    const char *date = at_log_row_field(r, c->date_column);
    const int has_clock = strchr(at_log_row_field(r, c->time_column), ':') != NULL;
    const int has_both = strchr(date, ':') && !(has_clock && is_midnight(date));
    const int may_be_date = c->kind == ATTUNE_TIME_TOLD || is_date(c->kind);

    if (has_both && may_be_date && c->column == c->time_column && c->date_column < c->time_column)
        c->column = c->date_column;
    if (has_both || !may_be_date || !has_clock)
        c->date_column = c->time_column = -1;
}

/* Of which kind the first row's time is. */
static void settle_kind(at_log_clock *c, const at_log_rows *r)
{
    const char *text;

    settle_columns(c, r);
    text = text_of(c, r);
    if (c->kind == ATTUNE_TIME_TOLD)
        c->kind = at_log_time_kind(text);
    c->unlabelled = c->by_row && c->kind == ATTUNE_TIME_S && !strchr(text, ':');
}

static int has_order(at_log_clock *c, const at_log_rows *r)
{
    int first, second;

    return c->kind == ATTUNE_TIME_DATE && at_log_time_order(text_of(c, r), &first, &second);
}

/* Of "5/4/2026" some row's day must say whether days or months come first. */
static int settle_order(at_log_clock *c, at_log_rows *r, const at_log_format *f, attune_error *err)
{
    char unsure[AT_LOG_STAMP] = "";
    int64_t unsure_line = 0;
    int first, second, rc = 1;

    for (; rc == 1; rc = f->next(r, err)) {
        const char *text = text_of(c, r);
        if (!at_log_time_order(text, &first, &second))
            continue;
        c->kind = second > 12 ? ATTUNE_TIME_MDY : ATTUNE_TIME_DMY;
        if (first > 12 || second > 12)
            return ATTUNE_OK;
        if (first != second && !*unsure) {
            snprintf(unsure, sizeof unsure, "%.60s", text);
            unsure_line = r->line;
        }
    }
    if (rc < 0 || !*unsure)
        return rc;
    r->line = unsure_line;
    return at_log_row_fail(r, err,
                           "its time '%.40s' may begin with the month or the day, and no row says "
                           "which: --log-time mdy or dmy",
                           unsure);
}

int at_log_clock_settle(at_log_clock *c, at_log_rows *r, const at_log_format *f, attune_error *err)
{
    const int rc = f->next(r, err);

    if (rc <= 0)
        return rc;
    settle_kind(c, r);
    if (c->kind == ATTUNE_TIME_DATE && c->order)
        c->kind = c->order;
    return has_order(c, r) ? settle_order(c, r, f, err) : ATTUNE_OK;
}

/* ---- a row's time --------------------------------------------------------------------------- */

static int fail_time(const at_log_clock *c, const at_log_rows *r, const char *text,
                     attune_error *err)
{
    const int any = c->by_row && !c->begun && c->kind == ATTUNE_TIME_S;

    if (!*text)
        return at_log_row_fail(r, err, "its time is missing");
    return at_log_row_fail(r, err, "its time '%.40s' is not %s", text,
                           at_log_time_words(any ? ATTUNE_TIME_TOLD : c->kind));
}

int at_log_clock_read(at_log_clock *c, const at_log_rows *r, int64_t *t_us, attune_error *err)
{
    const char *text = text_of(c, r);

    if (!at_log_time_read(c->kind, text, t_us))
        return fail_time(c, r, text, err);
    *t_us += r->start_us + c->days_us;
    if (c->of_day && c->begun && *t_us < c->before_us - day_us / 2) {
        c->days_us += day_us;
        *t_us += day_us;
    }
    if (c->begun && *t_us < c->before_us)
        return at_log_row_fail(r, err, "its time '%.40s' is before that of the row before it",
                               text);
    if (!c->begun && !c->absolute)
        c->first_us = is_date(c->kind) || *t_us >= from_1970_us ? *t_us : 0;
    c->begun = 1;
    c->before_us = *t_us;
    *t_us += c->shift_us - c->first_us;
    return ATTUNE_OK;
}

void at_log_clock_rewind(at_log_clock *c)
{
    c->begun = 0;
    c->days_us = 0;
}
