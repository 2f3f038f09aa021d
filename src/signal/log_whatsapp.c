/* A chat that WhatsApp exports: "[04.05.26, 10:15:30] Name: text", or "04.05.26, 10:15 - Name: text", by the telephone's system.
 * A message goes on over the lines that begin with no time. What the program itself says has no name, or is marked; files
 * that were left out stand as "<...>". */
#include "signal/log_format.h"

#include "signal/log_message.h"

#include <stdio.h>
#include <string.h>

static const char mark[] = "\xE2\x80\x8E"; /* left-to-right */

static const char *skip_marks(const char *s)
{
    while (strncmp(s, mark, strlen(mark)) == 0)
        s += strlen(mark);
    return s;
}

static const char *skip_blanks(const char *s)
{
    static const char *const blanks[] = {" ", "\xC2\xA0", "\xE2\x80\xAF"};

    for (size_t i = 0; i < sizeof blanks / sizeof *blanks; i++)
        if (strncmp(s, blanks[i], strlen(blanks[i])) == 0)
            return skip_blanks(s + strlen(blanks[i]));
    return s;
}

/* Where n of these end; NULL: there are none of them at all. */
static const char *over(const char *s, const char *these)
{
    const size_t n = s ? strspn(s, these) : 0;

    return n ? s + n : NULL;
}

static const char *over_date(const char *s)
{
    for (int i = 0; i < 3; i++) {
        s = over(s, "0123456789");
        if (s && i < 2)
            s = *s && strchr("./-", *s) ? s + 1 : NULL;
    }
    return s;
}

/* "10:15", "10:15:30", "10:15 AM", "10:15 a.m.", "10:15 a. m." */
static const char *over_clock(const char *s)
{
    const char *end = over(s, "0123456789:"), *half;

    if (!end || !memchr(s, ':', (size_t)(end - s)))
        return NULL;
    half = skip_blanks(end);
    half = over(half, "aApP.");
    half = half ? over(skip_blanks(half), "mM.") : NULL;
    return half ? half : end;
}

/* What stands behind the time, which is date and clock; NULL: the line begins with none. */
static const char *over_stamp(const char *line, char stamp[AT_LOG_STAMP])
{
    const char *date = skip_marks(line), *date_end, *clock, *end;
    const int in_brackets = *date == '[';

    date += in_brackets;
    date_end = over_date(date);
    if (!date_end)
        return NULL;
    clock = skip_blanks(date_end + (*date_end == ','));
    end = over_clock(clock);
    if (!end || end - date >= AT_LOG_STAMP - 1)
        return NULL;
    snprintf(stamp, AT_LOG_STAMP, "%.*s %.*s", (int)(date_end - date), date, (int)(end - clock),
             clock);
    if (in_brackets)
        return *end == ']' ? skip_blanks(end + 1) : NULL;
    return strncmp(end, " - ", 3) == 0 ? end + 3 : NULL;
}

static int is_whatsapp(const at_log_rows *r, const char *head)
{
    char stamp[AT_LOG_STAMP];

    (void)r;
    return over_stamp(head + strspn(head, "\n"), stamp) != NULL;
}

/* Nobody wrote it; what stands below it is a caption. */
static int is_left_out(const char *text)
{
    const size_t n = strlen(text);

    return text != skip_marks(text) || (n > 1 && text[0] == '<' && text[n - 1] == '>');
}

static int begin(at_log_rows *r, attune_error *err)
{
    const char *said = over_stamp(r->ahead, r->stamp), *colon = said ? strstr(said, ": ") : NULL;

    if (!colon)
        return 0;
    said = skip_marks(said);
    said = *said == '~' ? skip_blanks(said + 1) : said; /* no contact of the owner's */
    return at_log_message_begin(r, said, (size_t)(colon - said),
                                is_left_out(colon + 2) ? "" : colon + 2, err);
}

static int ends(const char *line)
{
    char stamp[AT_LOG_STAMP];

    return over_stamp(line, stamp) != NULL;
}

static const char *words(char *line)
{
    return line;
}

static int next_row(at_log_rows *r, attune_error *err)
{
    static const at_log_turns turns = {begin, ends, words};

    return at_log_message_next(r, &turns, err);
}

const at_log_format at_log_whatsapp = {
    "a WhatsApp export", AT_LOG_CHATS,          AT_LOG_FROM_1970, ATTUNE_TIME_DATE,
    is_whatsapp,         at_log_message_header, next_row};
