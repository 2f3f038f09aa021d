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
    if (f->from == AT_LOG_FROM_DAY)
        zero_us = (zero_us % day_us + day_us) % day_us;
    c->shift_us -= zero_us;
    c->absolute = 1;
    return ATTUNE_OK;
}

/* ---- the header ----------------------------------------------------------------------------- */

/* By its name: "time_ms", "Timestamp (us)"; -1: it is not called a time. */
static int kind_of_name(const char *text)
{
    static const struct {
        const char *unit;
        attune_log_time kind;
    } units[] = {{"", ATTUNE_TIME_TOLD},    {"s", ATTUNE_TIME_S},
                 {"sec", ATTUNE_TIME_S},    {"seconds", ATTUNE_TIME_S},
                 {"ms", ATTUNE_TIME_MS},    {"milliseconds", ATTUNE_TIME_MS},
                 {"us", ATTUNE_TIME_US},    {"microseconds", ATTUNE_TIME_US},
                 {"iso", ATTUNE_TIME_DATE}, {"utc", ATTUNE_TIME_DATE},
                 {"unix", ATTUNE_TIME_TOLD}};
    char name[ATTUNE_SIGNAL_BYTES];
    size_t stem;

    at_log_name(name, text, 0);
    stem = strcspn(name, "_");
    for (int i = 0; at_log_times[i]; i++)
        for (size_t u = 0; u < sizeof units / sizeof *units; u++)
            if (strlen(at_log_times[i]) == stem && strncasecmp(name, at_log_times[i], stem) == 0 &&
                strcasecmp(name + stem + (name[stem] == '_'), units[u].unit) == 0)
                return (int)units[u].kind;
    return -1;
}

int at_log_clock_is(const char *name)
{
    return name[1] && kind_of_name(name) >= 0;
}

int at_log_clock_has(const at_log_clock *c, int i)
{
    return i == c->column || i == c->date_column || i == c->time_column;
}

/* What the format says, the caller, or the column's name. */
static attune_log_time kind_of(const at_log_format *f, attune_log_time asked, int by_name)
{
    const int is_order = asked == ATTUNE_TIME_MDY || asked == ATTUNE_TIME_DMY;

    if (f->time != ATTUNE_TIME_TOLD)
        return f->time == ATTUNE_TIME_DATE && is_order ? asked : f->time;
    return asked != ATTUNE_TIME_TOLD || by_name < 0 ? asked : (attune_log_time)by_name;
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
    int kind = -1;

    for (int i = 0; i < r->fields && kind < 0; i++) {
        kind = kind_of_name(r->field[i]);
        c->column = i;
    }
    c->date_column = at_log_row_find_any(r, days);
    c->time_column = at_log_row_find_any(r, clocks);
    if (c->date_column < 0 || c->time_column < 0)
        c->date_column = c->time_column = -1;
    if (kind < 0)
        c->column = c->time_column < 0 ? 0 : c->time_column;
    c->kind = kind_of(f, asked, kind);
    c->by_row = c->kind == ATTUNE_TIME_TOLD;
    return check_header(c, r, err);
}

/* ---- what rows say -------------------------------------------------------------------------- */

/* Day and clock together, where they stand apart. */
static const char *text_of(at_log_clock *c, const at_log_rows *r)
{
    if (c->date_column < 0)
        return at_log_row_number(r, c->column);
    snprintf(c->date_and_time, sizeof c->date_and_time, "%.30s %.30s",
             at_log_row_field(r, c->date_column), at_log_row_field(r, c->time_column));
    return c->date_and_time;
}

/* Whether day and clock do stand apart, and of which kind the first row's time is. */
static void settle_kind(at_log_clock *c, const at_log_rows *r)
{
    const char *text;

    if ((c->kind != ATTUNE_TIME_TOLD && !is_date(c->kind)) ||
        strchr(at_log_row_field(r, c->date_column), ':') ||
        !strchr(at_log_row_field(r, c->time_column), ':'))
        c->date_column = c->time_column = -1;
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
    *t_us += r->start_us;
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
}
