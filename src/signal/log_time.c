#include "signal/log_time.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double most_us = 9e15;                   /* 285 years */
static const double least_ms = 1e11, least_us = 1e14; /* that are no seconds: 3,000 years */

int attune_log_time_of(const char *name)
{
    static const char *const names[ATTUNE_LOG_TIMES] = {"", "s", "ms", "us", "date", "mdy", "dmy"};

    for (int i = ATTUNE_TIME_S; i < ATTUNE_LOG_TIMES; i++)
        if (strcmp(name, names[i]) == 0)
            return i;
    return -1;
}

const char *at_log_time_words(attune_log_time kind)
{
    static const char *const words[ATTUNE_LOG_TIMES] = {
        "seconds, h:mm:ss, or a date as in 2026-05-04T10:15:30.250Z",
        "seconds, or h:mm:ss",
        "milliseconds",
        "microseconds",
        "a date as in 2026-05-04T10:15:30.250Z",
        "a date as in 5/31/2026 10:15:30 AM",
        "a date as in 31/5/2026 10:15:30"};

    return words[kind];
}

/* ---- numbers and clocks --------------------------------------------------------------------- */

int at_log_number(const char *text, double *x)
{
    char *end;

    *x = strtod(text, &end);
    return end != text && !*end && isfinite(*x) && !strpbrk(text, "xX");
}

static int take(const char **text, char c)
{
    return **text == c ? ((*text)++, 1) : 0;
}

/* Blanks, and narrow ones, which stand before AM and PM. */
static void skip_blanks(const char **text)
{
    static const char *const blanks[] = {" ", "\xC2\xA0", "\xE2\x80\xAF"};

    for (size_t i = 0; i < sizeof blanks / sizeof *blanks; i++)
        if (strncmp(*text, blanks[i], strlen(blanks[i])) == 0) {
            *text += strlen(blanks[i]);
            i = (size_t)-1;
        }
}

/* "AM", "p.m.", "p. m.": the hour of 24, where it is one; else as it is. */
static int of_half_day(const char **text, int hour)
{
    const char *s = *text;
    const int is_am = *s == 'a' || *s == 'A', is_pm = *s == 'p' || *s == 'P';

    if (!is_am && !is_pm)
        return hour;
    s++;
    if (take(&s, '.'))
        skip_blanks(&s);
    if (!take(&s, 'm') && !take(&s, 'M'))
        return -1;
    take(&s, '.');
    *text = s;
    return hour < 1 || hour > 12 ? -1 : hour % 12 + 12 * is_pm;
}

/* Seconds of a clock in the morning or the afternoon, as its end says. */
static int of_that_half(const char *end, double *s)
{
    const int hour = (int)fmin(*s / 3600, 24);
    int is;

    skip_blanks(&end);
    is = of_half_day(&end, hour);
    *s += 3600.0 * (is - hour);
    return is >= 0 && !*end;
}

/* "1:02:03.5", "2:03" in seconds; "10:15:30 PM", "10:15 PM". More parts have pictures, of which nobody knows how many
 * are a second. */
static int read_clock(const char *text, double *s)
{
    double part;
    char *end;
    int parts = 1;

    for (*s = 0;; text = end + 1, parts++) {
        if (strspn(text, "0123456789") == 0)
            return 0;
        part = strtod(text, &end);
        *s = 60 * *s + part;
        if (parts > 1 && !(part < 60))
            return 0;
        if (*end != ':')
            break;
        if (part != floor(part) || parts == 3)
            return 0;
    }
    if (!isfinite(*s) || (parts == 1 && !(part < 60)))
        return 0;
    *s *= *end && parts == 2 ? 60 : 1;
    return !*end || of_that_half(end, s);
}

static int read_scaled(const char *text, double scale, int64_t *us)
{
    double x;

    if (!(scale == 1e6 && strchr(text, ':') ? read_clock(text, &x) : at_log_number(text, &x)))
        return 0;
    x *= scale;
    if (!(fabs(x) <= most_us))
        return 0;
    *us = llround(x);
    return 1;
}

/* ---- dates ---------------------------------------------------------------------------------- */

/* n digits at *text, which moves on; -1: there are not. */
static int digits(const char **text, int n)
{
    int x = 0;

    for (int i = 0; i < n; i++, (*text)++) {
        if (**text < '0' || **text > '9')
            return -1;
        x = 10 * x + (**text - '0');
    }
    return x;
}

static int up_to_two(const char **text)
{
    return digits(text, (*text)[0] && strspn(*text + 1, "0123456789") ? 2 : 1);
}

/* Days from 1970-01-01 in the Gregorian calendar (Hinnant, "chrono-compatible low-level date algorithms"). */
static int64_t days_of(int y, int m, int d)
{
    y -= m <= 2;
    const int64_t era = y / 400, of_era = y - era * 400;
    const int64_t of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int is_day(int y, int m, int d)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const int leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;

    return y >= 1 && m >= 1 && m <= 12 && d >= 1 && d <= days[m - 1] + (m == 2 && leap);
}

/* "", "Z", "+02", "+0200", "+02:00": minutes. */
static int read_zone(const char **text, int *minutes)
{
    const int sign = **text == '-' ? -1 : 1;
    int hour, minute = 0;

    *minutes = 0;
    if (take(text, 'Z') || !**text)
        return 1;
    if (!take(text, '+') && !take(text, '-'))
        return 0;
    hour = digits(text, 2);
    take(text, ':');
    if (**text)
        minute = digits(text, 2);
    *minutes = sign * (60 * hour + minute);
    return hour >= 0 && hour <= 14 && minute >= 0 && minute < 60;
}

static int64_t read_fraction(const char **text)
{
    int64_t us = 0, unit = 100000;

    if (!take(text, '.') && !take(text, ','))
        return 0;
    for (; **text >= '0' && **text <= '9'; (*text)++, unit /= 10)
        us += unit * (**text - '0');
    return us;
}

/* A year of two digits is of this century. */
static int read_year(const char **text)
{
    const int n = (int)strspn(*text, "0123456789");

    return n == 2 ? 2000 + digits(text, 2) : digits(text, 4);
}

/* "2026-05-04", and with other marks; "4.5.2026"; as "5/4/2026" is, says the kind. */
static int read_day(const char **text, attune_log_time kind, int64_t *days)
{
    const int from_year = strspn(*text, "0123456789") == 4;
    const int first = from_year ? digits(text, 4) : up_to_two(text);
    const char mark = **text;
    int y, m, d;

    if (!mark || !strchr("-./", mark) || (!from_year && mark != '.' && kind == ATTUNE_TIME_DATE))
        return 0;
    (*text)++;
    m = up_to_two(text);
    if (!take(text, mark))
        return 0;
    d = from_year ? up_to_two(text) : first;
    y = from_year ? first : read_year(text);
    if (!from_year && kind == ATTUNE_TIME_MDY && mark != '.') {
        d = m;
        m = first;
    }
    if (!is_day(y, m, d))
        return 0;
    *days = days_of(y, m, d);
    return 1;
}

static int read_date(const char *text, attune_log_time kind, int64_t *us)
{
    int hour, minute, second = 0, zone;
    int64_t days, fraction = 0;

    if (!read_day(&text, kind, &days))
        return 0;
    take(&text, ',');
    if (!take(&text, 'T') && !take(&text, ' '))
        return 0;
    hour = up_to_two(&text);
    minute = take(&text, ':') ? digits(&text, 2) : -1;
    if (take(&text, ':')) {
        second = digits(&text, 2);
        fraction = read_fraction(&text);
    }
    skip_blanks(&text);
    hour = of_half_day(&text, hour);
    skip_blanks(&text);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60 ||
        !read_zone(&text, &zone) || *text)
        return 0;
    *us = ((days * 24 + hour) * 60 + minute - zone) * 60000000 + (int64_t)second * 1000000 +
          fraction;
    return fabs((double)*us) <= most_us;
}

/* ---- of either kind ------------------------------------------------------------------------- */

static int is_day_like(const char *text)
{
    const size_t n = strspn(text, "0123456789");

    return n > 0 && text[n] && strchr("-./", text[n]) && strchr(text + n + 1, text[n]);
}

int at_log_time_order(const char *text, int *first, int *second)
{
    const size_t n = strspn(text, "0123456789");

    if (n == 0 || n > 2 || (text[n] != '-' && text[n] != '/'))
        return 0;
    *first = up_to_two(&text);
    text++;
    *second = up_to_two(&text);
    return *second > 0;
}

attune_log_time at_log_time_kind(const char *text)
{
    double x;

    if (at_log_number(text, &x))
        return fabs(x) >= least_us   ? ATTUNE_TIME_US
               : fabs(x) >= least_ms ? ATTUNE_TIME_MS
                                     : ATTUNE_TIME_S;
    return is_day_like(text) ? ATTUNE_TIME_DATE : ATTUNE_TIME_S;
}

int at_log_time_read(attune_log_time kind, const char *text, int64_t *us)
{
    switch (kind) {
    case ATTUNE_TIME_DATE:
    case ATTUNE_TIME_MDY:
    case ATTUNE_TIME_DMY: return read_date(text, kind, us);
    case ATTUNE_TIME_MS: return read_scaled(text, 1e3, us);
    case ATTUNE_TIME_US: return read_scaled(text, 1, us);
    default: return read_scaled(text, 1e6, us);
    }
}
