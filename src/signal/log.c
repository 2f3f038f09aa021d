#include "base/digest.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "signal/column.h"
#include "signal/log_format.h"
#include "signal/log_message.h"
#include "signal/log_name.h"
#include "signal/log_time.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const double most_offset_s = 1e8;
static const int64_t day_us = INT64_C(86400000000);
static const int64_t from_1970_us =
    100000000000000; /* times so large count from 1970: three years */

enum { MOST_EMPTY = 120 };  /* bytes that are told of columns without a value */
enum { USUAL_CELLS_S = 1 }; /* what is usual needs no values that wait */

struct attune_log {
    at_log_rows rows;
    const at_log_format *format;
    char *path;
    int chat, time_column, text_column, from_column;
    int date_column, clock_column;    /* of a time that stands in two; -1: in one */
    char day_and_clock[AT_LOG_STAMP]; /* the row's */
    char *from;                       /* nullable */
    attune_log_time time;
    int by_row;        /* the first row says which */
    int unlabelled;    /* and says but a number, which is taken for seconds */
    int absolute;      /* times are dates, or count from 1970 */
    int64_t shift_us;  /* added to a time */
    int64_t first_us;  /* of dates and what counts from 1970, the first, which is 0; else 0 */
    int64_t before_us; /* time of the row before, as it stands in the file */
    int begun;         /* there was one */

    int signals, column[ATTUNE_MAX_SIGNALS]; /* which of the file's */
    char name[ATTUNE_MAX_SIGNALS][ATTUNE_SIGNAL_BYTES];
    const char *names[ATTUNE_MAX_SIGNALS + 1];
    unsigned events;
    char empty[MOST_EMPTY]; /* columns that are left out, with commas between */
    attune_signal_usual usual[ATTUNE_MAX_SIGNALS];
    int64_t taken, end_us;
    at_digest digest; /* of names, and of all rows */
};

/* ---- names ---------------------------------------------------------------------------------- */

/* The next of names with commas between, cleaned; at: what is left, NULL past the last. */
static int next_name(const char **at, char one[ATTUNE_SIGNAL_BYTES])
{
    char text[256];
    const size_t n = *at ? strcspn(*at, ",") : 0;

    if (!*at)
        return 0;
    snprintf(text, sizeof text, "%.*s", (int)n, *at);
    at_log_name(one, text, 0);
    *at = (*at)[n] ? *at + n + 1 : NULL;
    return 1;
}

static int is_among(const char *names, const char *name)
{
    char one[ATTUNE_SIGNAL_BYTES];

    while (next_name(&names, one))
        if (strcasecmp(one, name) == 0)
            return 1;
    return 0;
}

/* ---- the header ----------------------------------------------------------------------------- */

static int column_called(const at_log_rows *r, const char *const *names)
{
    for (; *names; names++)
        if (at_log_row_find(r, *names) >= 0)
            return at_log_row_find(r, *names);
    return -1;
}

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

/* What the format says, the caller, or the column's name. */
static attune_log_time kind_of(const attune_log *l, attune_log_time asked, int by_name)
{
    const int is_order = asked == ATTUNE_TIME_MDY || asked == ATTUNE_TIME_DMY;

    if (l->format->time != ATTUNE_TIME_TOLD)
        return l->format->time == ATTUNE_TIME_DATE && is_order ? asked : l->format->time;
    return asked != ATTUNE_TIME_TOLD || by_name < 0 ? asked : (attune_log_time)by_name;
}

static void find_time(attune_log *l, attune_log_time asked)
{
    static const char *const days[] = {"date", "datum", "day", NULL};
    static const char *const clocks[] = {"time", "uhrzeit", "zeit", NULL};
    int kind = -1;

    for (int i = 0; i < l->rows.fields && kind < 0; i++) {
        kind = kind_of_name(l->rows.field[i]);
        l->time_column = i;
    }
    l->date_column = column_called(&l->rows, days);
    l->clock_column = column_called(&l->rows, clocks);
    if (l->date_column < 0 || l->clock_column < 0)
        l->date_column = l->clock_column = -1;
    if (kind < 0)
        l->time_column = l->clock_column < 0 ? 0 : l->clock_column;
    l->time = kind_of(l, asked, kind);
    l->by_row = l->time == ATTUNE_TIME_TOLD;
}

/* A file without a header would lose its first row. */
static int check_header(const attune_log *l, attune_error *err)
{
    const char *name = l->rows.field[l->time_column];
    int64_t t_us;

    if (!at_log_time_read(at_log_time_kind(name), name, &t_us))
        return ATTUNE_OK;
    return at_log_row_fail(&l->rows, err, "its columns have no names: a header is missing");
}

/* A column of the file. */
typedef struct at_choice {
    char name[ATTUNE_SIGNAL_BYTES];
    int is_wanted, has_value;
} at_choice;

/* The columns' names; those that would be the same are told apart by numbers. */
static void name_columns(const at_log_rows *r, at_choice *of)
{
    for (int i = 0; i < r->fields; i++) {
        char base[ATTUNE_SIGNAL_BYTES];
        int like = 1;
        at_log_name(base, r->field[i], i + 1);
        memcpy(of[i].name, base, sizeof base);
        for (int k = 0; k < i; k++)
            if (strcasecmp(of[k].name, of[i].name) == 0) {
                at_log_name_number(of[i].name, base, ++like);
                k = -1;
            }
    }
}

static int is_of_time(const attune_log *l, int i)
{
    return i == l->time_column || i == l->date_column || i == l->clock_column;
}

/* A second clock, which nobody wants to see as a signal; "t" may be a temperature. */
static int is_clock(const char *name)
{
    return name[1] && kind_of_name(name) >= 0;
}

static const char *field(const attune_log *l, int i)
{
    return i >= 0 && i < l->rows.fields ? l->rows.field[i] : "";
}

static int is_nothing(const char *text)
{
    static const char *const words[] = {"", "nan", "na", "n/a", "null", "none", "-", NULL};
    int i = 0;

    while (words[i] && strcasecmp(words[i], text) != 0)
        i++;
    return words[i] != NULL;
}

static void choose(const attune_log *l, at_choice *of, const char *wanted)
{
    name_columns(&l->rows, of);
    for (int i = 0; i < l->rows.fields; i++)
        of[i].is_wanted = !is_of_time(l, i) &&
                          (wanted ? is_among(wanted, of[i].name) : !is_clock(of[i].name));
}

/* Each of the names is a column's that is wanted. */
static int check_names(const attune_log *l, const at_choice *of, const char *names,
                       attune_error *err)
{
    char one[ATTUNE_SIGNAL_BYTES];

    while (next_name(&names, one)) {
        int known = 0;
        for (int i = 0; i < l->rows.fields; i++)
            known |= of[i].is_wanted && strcasecmp(of[i].name, one) == 0;
        if (!known)
            return at_log_row_fail(&l->rows, err, "there is no column '%s'", one);
    }
    return ATTUNE_OK;
}

/* How many of those that are wanted have a value in the row for the first time. */
static int note_values(const attune_log *l, at_choice *of, int columns)
{
    int n = 0;

    for (int i = 0; i < columns; i++)
        if (of[i].is_wanted && !of[i].has_value && !is_nothing(field(l, i)))
            n += of[i].has_value = 1;
    return n;
}

/* Mostly the first row says it of all. Where there are no rows, nothing is missing. */
static int find_values(attune_log *l, at_choice *of, attune_error *err)
{
    const int columns = l->rows.fields;
    int left = 0, rows = 0, rc = 1;

    for (int i = 0; i < columns; i++)
        left += of[i].is_wanted;
    for (; left > 0 && (rc = l->format->next(&l->rows, err)) == 1; rows++)
        left -= note_values(l, of, columns);
    for (int i = 0; i < columns; i++)
        of[i].has_value |= !rows;
    return rc < 0 ? rc : l->format->header(&l->rows, err);
}

static void leave_out(attune_log *l, const char *name)
{
    const size_t n = strlen(l->empty);

    snprintf(l->empty + n, sizeof l->empty - n, "%s%s", n ? ", " : "", name);
}

static int take_column(attune_log *l, int i, const at_choice *of, const char *events,
                       attune_error *err)
{
    if (l->signals == ATTUNE_MAX_SIGNALS)
        return at_log_row_fail(
            &l->rows, err, "more than %d columns beside the time: say which to take (--columns)",
            ATTUNE_MAX_SIGNALS);
    memcpy(l->name[l->signals], of->name, ATTUNE_SIGNAL_BYTES);
    l->names[l->signals] = l->name[l->signals];
    l->events |= (unsigned)(events && is_among(events, of->name)) << l->signals;
    l->column[l->signals++] = i;
    return ATTUNE_OK;
}

static int take_columns(attune_log *l, const attune_log_options *o, attune_error *err)
{
    at_choice of[AT_LOG_FIELDS] = {{{0}, 0, 0}};
    int rc;

    choose(l, of, o->columns);
    rc = check_names(l, of, o->columns, err);
    rc = rc < 0 ? rc : check_names(l, of, o->events, err);
    rc = rc < 0 ? rc : find_values(l, of, err);
    for (int i = 0; i < l->rows.fields && rc == ATTUNE_OK; i++)
        if (of[i].is_wanted && of[i].has_value)
            rc = take_column(l, i, &of[i], o->events, err);
        else if (of[i].is_wanted)
            leave_out(l, of[i].name);
    if (rc < 0 || l->signals)
        return rc;
    if (*l->empty)
        return at_fail(err, ATTUNE_E_FORMAT, "%s: no row has a value in %s", l->path, l->empty);
    return at_log_row_fail(&l->rows, err, "no column beside the time");
}

static int take_text(attune_log *l, const attune_log_options *o, attune_error *err)
{
    l->text_column = column_called(&l->rows, at_log_texts);
    l->from_column = column_called(&l->rows, at_log_senders);
    if (l->text_column < 0 || l->text_column == l->time_column)
        return at_log_row_fail(&l->rows, err, "no column 'text', 'message' or 'content'");
    if (o->from && l->from_column < 0)
        return at_log_row_fail(&l->rows, err,
                               "no column 'from', 'sender', 'author', 'name' or 'user'");
    l->from = o->from ? strdup(o->from) : NULL;
    return o->from && !l->from ? at_fail_nomem(err) : ATTUNE_OK;
}

/* ---- a row ---------------------------------------------------------------------------------- */

static int is_date(attune_log_time kind)
{
    return kind == ATTUNE_TIME_DATE || kind == ATTUNE_TIME_MDY || kind == ATTUNE_TIME_DMY;
}

/* Where commas are not between fields, a single one in a number is its point. */
static const char *number(const attune_log *l, int i)
{
    char *text = i < l->rows.fields ? l->rows.field[i] : NULL;
    char *mark = text ? strpbrk(text, ",.") : NULL;

    if (mark && *mark == ',' && l->rows.separator != ',' && !strpbrk(mark + 1, ",."))
        *mark = '.';
    return field(l, i);
}

/* Day and clock together, where they stand apart. */
static const char *time_text(attune_log *l)
{
    if (l->date_column < 0)
        return number(l, l->time_column);
    snprintf(l->day_and_clock, sizeof l->day_and_clock, "%.30s %.30s", field(l, l->date_column),
             field(l, l->clock_column));
    return l->day_and_clock;
}

static int fail_time(const attune_log *l, const char *text, attune_error *err)
{
    const int any = l->by_row && !l->begun && l->time == ATTUNE_TIME_S;

    if (!*text)
        return at_log_row_fail(&l->rows, err, "its time is missing");
    return at_log_row_fail(&l->rows, err, "its time '%.40s' is not %s", text,
                           at_log_time_words(any ? ATTUNE_TIME_TOLD : l->time));
}

static int read_time(attune_log *l, int64_t *t_us, attune_error *err)
{
    const char *text = time_text(l);

    if (!at_log_time_read(l->time, text, t_us))
        return fail_time(l, text, err);
    *t_us += l->rows.start_us;
    if (l->begun && *t_us < l->before_us)
        return at_log_row_fail(&l->rows, err,
                               "its time '%.40s' is before that of the row before it", text);
    if (!l->begun && !l->absolute)
        l->first_us = is_date(l->time) || *t_us >= from_1970_us ? *t_us : 0;
    l->begun = 1;
    l->before_us = *t_us;
    *t_us += l->shift_us - l->first_us;
    return ATTUNE_OK;
}

static int read_value(const attune_log *l, int k, float *out, attune_error *err)
{
    const char *text = number(l, l->column[k]);
    double x;

    *out = NAN;
    if (is_nothing(text))
        return ATTUNE_OK;
    if (!at_log_number(text, &x) || fabs(x) > AT_COLUMN_MOST)
        return at_log_row_fail(&l->rows, err, "%s is '%.40s', no number%s", l->name[k], text,
                               strchr(text, ',') ? " (with a point)"
                                                 : ": say which columns to take (--columns)");
    *out = (float)x;
    return ATTUNE_OK;
}

static int is_utf8(const char *text)
{
    size_t n = 1;

    for (; *text && n; text += n)
        n = at_utf8_read(text, AT_UTF8_MOST, NULL);
    return n > 0;
}

static int read_text(const attune_log *l, const char **text, size_t *n, attune_error *err)
{
    *text = field(l, l->text_column);
    *n = l->text_column < l->rows.fields ? l->rows.length[l->text_column] : 0;
    if (*n > ATTUNE_MAX_MESSAGE)
        return at_log_row_fail(&l->rows, err, "its text is longer than %d bytes",
                               ATTUNE_MAX_MESSAGE);
    if (!is_utf8(*text))
        return at_log_row_fail(&l->rows, err, "its text is no UTF-8: save the file as UTF-8");
    return ATTUNE_OK;
}

/* As attune_log_next, of all rows. */
static int read_row(attune_log *l, int64_t *t_us, float *value, const char **text, size_t *n,
                    attune_error *err)
{
    int rc = l->format->next(&l->rows, err);

    if (rc <= 0)
        return rc;
    rc = read_time(l, t_us, err);
    if (rc == ATTUNE_OK && l->chat)
        rc = read_text(l, text, n, err);
    for (int k = 0; k < l->signals && rc == ATTUNE_OK; k++)
        rc = read_value(l, k, &value[k], err);
    return rc < 0 ? rc : 1;
}

static int is_taken(const attune_log *l, int64_t t_us, size_t n)
{
    if (t_us < 0 || (l->chat && n == 0))
        return 0;
    return !l->from || strcasecmp(l->from, field(l, l->from_column)) == 0;
}

int attune_log_next(attune_log *l, int64_t *t_us, float *value, const char **text, size_t *n,
                    attune_error *err)
{
    float values[ATTUNE_MAX_SIGNALS];
    const char *message = "";
    size_t bytes = 0;
    int rc;

    do
        rc = read_row(l, t_us, values, &message, &bytes, err);
    while (rc == 1 && !is_taken(l, *t_us, bytes));
    if (rc <= 0)
        return rc;
    if (value)
        memcpy(value, values, (size_t)l->signals * sizeof *value);
    if (text)
        *text = message;
    if (n)
        *n = bytes;
    return 1;
}

int attune_log_rewind(attune_log *l, attune_error *err)
{
    l->begun = 0;
    return l->format->header(&l->rows, err);
}

/* ---- what times are --------------------------------------------------------------------------- */

/* Whether day and clock do stand apart, and of which kind the first row's time is. */
static void settle_kind(attune_log *l)
{
    const char *text;

    if ((l->time != ATTUNE_TIME_TOLD && !is_date(l->time)) ||
        strchr(field(l, l->date_column), ':') || !strchr(field(l, l->clock_column), ':'))
        l->date_column = l->clock_column = -1;
    text = time_text(l);
    if (l->time == ATTUNE_TIME_TOLD)
        l->time = at_log_time_kind(text);
    l->unlabelled = l->by_row && l->time == ATTUNE_TIME_S && !strchr(text, ':');
}

static int has_order(attune_log *l)
{
    int first, second;

    return l->time == ATTUNE_TIME_DATE && at_log_time_order(time_text(l), &first, &second);
}

/* Of "5/4/2026" some row's day must say whether days or months come first. */
static int settle_order(attune_log *l, attune_error *err)
{
    char unsure[AT_LOG_STAMP] = "";
    int64_t unsure_line = 0;
    int first, second, rc = 1;

    for (; rc == 1; rc = l->format->next(&l->rows, err)) {
        const char *text = time_text(l);
        if (!at_log_time_order(text, &first, &second))
            continue;
        l->time = second > 12 ? ATTUNE_TIME_MDY : ATTUNE_TIME_DMY;
        if (first > 12 || second > 12)
            return ATTUNE_OK;
        if (first != second && !*unsure) {
            snprintf(unsure, sizeof unsure, "%.60s", text);
            unsure_line = l->rows.line;
        }
    }
    if (rc < 0 || !*unsure)
        return rc;
    l->rows.line = unsure_line;
    return at_log_row_fail(&l->rows, err,
                           "its time '%.40s' may begin with the month or the day, and no row says "
                           "which: --log-time mdy or dmy",
                           unsure);
}

static int settle_time(attune_log *l, attune_error *err)
{
    int rc = l->format->next(&l->rows, err);

    if (rc == 1) {
        settle_kind(l);
        rc = has_order(l) ? settle_order(l, err) : ATTUNE_OK;
    }
    return rc < 0 ? rc : attune_log_rewind(l, err);
}

/* ---- the whole ------------------------------------------------------------------------------ */

static void digest_row(attune_log *l, int64_t t_us, const float *value, const char *text, size_t n)
{
    at_digest_add(&l->digest, &t_us, sizeof t_us);
    at_digest_add(&l->digest, value, (size_t)l->signals * sizeof *value);
    at_digest_add(&l->digest, &n, sizeof n);
    at_digest_add(&l->digest, text, n);
}

static void digest_names(attune_log *l)
{
    at_digest_begin(&l->digest);
    for (int k = 0; k < l->signals; k++)
        at_digest_add(&l->digest, l->name[k], strlen(l->name[k]) + 1);
}

/* Checks all rows, and finds out what is usual. */
static int look_through(attune_log *l, attune_error *err)
{
    at_column of[ATTUNE_MAX_SIGNALS] = {{0}};
    float value[ATTUNE_MAX_SIGNALS];
    const char *text;
    int64_t t_us;
    size_t n;
    int rc = ATTUNE_OK;

    digest_names(l);
    for (int k = 0; k < l->signals && rc == ATTUNE_OK; k++)
        rc = at_column_open(&of[k], l->events >> k & 1, USUAL_CELLS_S);
    rc = rc < 0 ? at_fail_nomem(err) : rc;
    while (rc >= 0 && (rc = attune_log_next(l, &t_us, value, &text, &n, err)) == 1) {
        digest_row(l, t_us, value, text, n);
        l->taken++;
        l->end_us = t_us;
        for (int k = 0; k < l->signals; k++)
            if (!isnan(value[k])) {
                at_column_push(&of[k], t_us, value[k]);
                at_column_forget_before(&of[k], t_us);
            }
    }
    for (int k = 0; k < l->signals; k++) {
        l->usual[k] = at_column_usual(&of[k], l->end_us);
        at_column_free(&of[k]);
    }
    return rc;
}

static int set_zero(attune_log *l, const attune_log_options *o, attune_error *err)
{
    const attune_log_time kind = is_date(o->time) ? o->time : ATTUNE_TIME_DATE;
    int64_t zero_us;

    if (!(fabs(o->offset_s) <= most_offset_s))
        return at_fail(err, ATTUNE_E_ARG, "%s: an offset of %g s is too far", l->path, o->offset_s);
    l->shift_us = llround(o->offset_s * 1e6);
    if (!o->zero)
        return ATTUNE_OK;
    if (!at_log_time_read(kind, o->zero, &zero_us))
        return at_fail(err, ATTUNE_E_ARG, "%s: the zero '%.40s' is not %s", l->path, o->zero,
                       at_log_time_words(kind));
    if (l->format->from == AT_LOG_FROM_BEGIN)
        return ATTUNE_OK;
    if (l->format->from == AT_LOG_FROM_DAY)
        zero_us = (zero_us % day_us + day_us) % day_us;
    l->shift_us -= zero_us;
    l->absolute = 1;
    return ATTUNE_OK;
}

static int open_log(attune_log *l, const attune_log_options *o, attune_error *err)
{
    int rc = l->path ? at_log_rows_open(&l->rows, l->path, err) : at_fail_nomem(err);

    l->rows.stop = o->stop;
    l->rows.user = o->user;
    rc = rc < 0 ? rc : at_log_format_find(&l->format, &l->rows, o->chat, err);
    rc = rc < 0 ? rc : set_zero(l, o, err);
    rc = rc < 0 ? rc : l->format->header(&l->rows, err);
    if (rc < 0)
        return rc;
    l->chat = o->chat;
    find_time(l, o->time);
    rc = check_header(l, err);
    if (rc < 0)
        return rc;
    rc = l->chat ? take_text(l, o, err) : take_columns(l, o, err);
    rc = rc < 0 ? rc : settle_time(l, err);
    rc = rc < 0 ? rc : look_through(l, err);
    return rc < 0 ? rc : attune_log_rewind(l, err);
}

int attune_log_open(attune_log **out, const char *path, const attune_log_options *o,
                    attune_error *err)
{
    static const attune_log_options usual = {0};
    attune_log *l = *out = at_calloc(1, sizeof *l);
    int rc;

    if (!l)
        return at_fail_nomem(err);
    l->path = strdup(path);
    rc = open_log(l, o ? o : &usual, err);
    if (rc < 0)
        attune_log_free(out);
    return rc;
}

void attune_log_free(attune_log **l)
{
    if (!*l)
        return;
    at_log_rows_close(&(*l)->rows);
    free((*l)->path);
    free((*l)->from);
    at_free(*l);
    *l = NULL;
}

const char *const *attune_log_signals(const attune_log *l)
{
    return l->signals ? l->names : NULL;
}

unsigned attune_log_events(const attune_log *l)
{
    return l->events;
}

const attune_signal_usual *attune_log_usual(const attune_log *l)
{
    return l->usual;
}

int64_t attune_log_rows(const attune_log *l, int64_t *end_us)
{
    *end_us = l->end_us;
    return l->taken;
}

const char *attune_log_empty(const attune_log *l)
{
    return *l->empty ? l->empty : NULL;
}

uint64_t attune_log_digest(const attune_log *l)
{
    return at_digest_of(&l->digest);
}

const char *attune_log_format(const attune_log *l)
{
    return l->format->name;
}

int attune_log_unlabelled(const attune_log *l)
{
    return l->unlabelled;
}
