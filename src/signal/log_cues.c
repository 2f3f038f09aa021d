/* Transcripts as captions: WebVTT ("<v Name>text</v>") and SRT, and in both "Name: text". A cue is a message of when it begins,
 * or several, where several speak in it. */
#include "signal/log_format.h"

#include "signal/log_message.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char arrow[] = "-->";

static int is_vtt(const at_log_rows *r, const char *head)
{
    (void)r;
    return strncmp(head, "WEBVTT", 6) == 0 && (!head[6] || isspace((unsigned char)head[6]));
}

/* "00:00:01.000 --> 00:00:04.000": bytes of the first; 0: the line has no times. */
static size_t times(const char *line)
{
    const size_t n = strspn(line, "0123456789:.,");

    return n && strncmp(line + n + strspn(line + n, " \t"), arrow, strlen(arrow)) == 0 ? n : 0;
}

/* A number, and below it two times. */
static int is_srt(const at_log_rows *r, const char *head)
{
    const char *line = head + strspn(head, "\n");
    const size_t n = strspn(line, "0123456789");

    (void)r;
    return n && line[n] == '\n' && times(line + n + 1);
}

/* ---- what a line says --------------------------------------------------------------------------- */

/* "&amp;" and what else WebVTT has of the kind: its bytes; *c: what it stands for. */
static size_t entity(const char *s, char *c)
{
    static const struct {
        const char *name;
        char is;
    } list[] = {{"&amp;", '&'},  {"&lt;", '<'},  {"&gt;", '>'},
                {"&nbsp;", ' '}, {"&lrm;", ' '}, {"&rlm;", ' '}};

    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (strncmp(s, list[i].name, strlen(list[i].name)) == 0) {
            *c = list[i].is;
            return strlen(list[i].name);
        }
    return 0;
}

/* Takes tags out, and puts characters for entities. */
static void strip(char *line)
{
    char *to = line, c;

    for (const char *s = line; *s;) {
        const size_t n = *s == '&' ? entity(s, &c) : 0;
        if (*s == '<' && strchr(s, '>')) {
            s = strchr(s, '>') + 1;
            continue;
        }
        *to++ = n ? c : *s;
        s += n ? n : 1;
    }
    *to = 0;
}

/* "<v Name>", "<v.loud Name>": the bytes of the name at *name; 0: it begins with no voice. */
static size_t voice(const char *line, const char **name)
{
    const char *end = strchr(line, '>');

    if (!end || strncmp(line, "<v", 2) != 0 || !strchr(". \t", line[2]))
        return 0;
    *name = line + strcspn(line, " \t>");
    *name += strspn(*name, " \t");
    return end > *name ? (size_t)(end - *name) : 0;
}

/* What stands before ": ", or a colon that ends the line, may be a sender's name: a few words and no sentence. Its bytes; 0: none. */
static size_t sender(const char *line)
{
    enum { MOST_BYTES = 64, MOST_BLANKS = 4 };
    const size_t n = strcspn(line, ":?!,;\"");
    int blanks = 0;

    if (!n || n > MOST_BYTES || line[n] != ':' || (line[n + 1] && line[n + 1] != ' '))
        return 0;
    for (size_t i = 0; i < n; i++)
        blanks += line[i] == ' ';
    return blanks <= MOST_BLANKS ? n : 0;
}

/* ---- a row -------------------------------------------------------------------------------------- */

static int is_blank(const char *line)
{
    return !line[strspn(line, " \t")];
}

/* By the voice of its line, or by what stands before a colon. What stands outside of cues, notes and numbers, is nobody's. */
static int begin(at_log_rows *r, attune_error *err)
{
    const size_t time = times(r->ahead);
    char by_voice[2 * AT_LOG_STAMP];
    const char *name = r->ahead, *text = r->ahead;
    size_t n;

    if (time || is_blank(text)) {
        snprintf(r->stamp, sizeof r->stamp, "%.*s", (int)time, text);
        return 0;
    }
    if (!*r->stamp)
        return 0;
    n = voice(text, &name);
    snprintf(by_voice, sizeof by_voice, "%.*s", (int)n, name);
    strip(by_voice);
    strip(r->ahead);
    if (n)
        return at_log_message_begin(r, by_voice, strlen(by_voice), text, err);
    text += strncmp(text, "- ", 2) == 0 ? 2 : 0;
    n = sender(text);
    return at_log_message_begin(r, text, n, text + n + (n > 0), err);
}

static int ends(const char *line)
{
    const char *name;

    return is_blank(line) || times(line) || voice(line, &name) || sender(line);
}

static const char *words(char *line)
{
    strip(line);
    return line;
}

static int next_row(at_log_rows *r, attune_error *err)
{
    static const at_log_turns turns = {begin, ends, words};

    return at_log_message_next(r, &turns, err);
}

const at_log_format at_log_vtt = {
    "a WebVTT transcript", AT_LOG_CHATS, AT_LOG_FROM_BEGIN, ATTUNE_TIME_S, is_vtt,
    at_log_message_header, next_row};
const at_log_format at_log_srt = {
    "an SRT transcript",   AT_LOG_CHATS, AT_LOG_FROM_BEGIN, ATTUNE_TIME_S, is_srt,
    at_log_message_header, next_row};
