/* A chat that Zoom saved: "10:15:30 From Name to Everyone:" with the text behind it or in lines below; and as it lies beside
 * a recording in the cloud, "00:12:34<tab>Name:<tab>text", with a colon or without. */
#include "signal/log_format.h"

#include "signal/log_message.h"

#include <stdio.h>
#include <string.h>

/* "10:15:30", "10:15:30 PM". */
static size_t clock_bytes(const char *line)
{
    const size_t n = strspn(line, "0123456789:");

    return strncmp(line + n, " AM", 3) == 0 || strncmp(line + n, " PM", 3) == 0 ? n + 3 : n;
}

/* Behind "10:15:30 ", where a name comes; NULL: no message begins here. */
static const char *over_clock(const char *line)
{
    const size_t n = strspn(line, "0123456789:");
    const char *end = line + clock_bytes(line), *name = end + strspn(end, " \t");

    if (n < 7 || n > 8 || line[n - 3] != ':' || line[n - 6] != ':' || name == end)
        return NULL;
    return strpbrk(name, ":\t") ? name : NULL;
}

static const char from[] = "From ";

static int is_from(const char *head)
{
    return strncmp(head, from, strlen(from)) == 0;
}

/* The first line's head and text; NULL: it is no message. */
static const char *first_head(const char *head)
{
    const char *line = over_clock(head + strspn(head, "\n"));

    return line && strcspn(line, ":\t") < strcspn(line, "\n") ? line : NULL;
}

static int is_saved(const at_log_rows *r, const char *head)
{
    const char *first = first_head(head);

    (void)r;
    return first && is_from(first);
}

static int is_of_cloud(const at_log_rows *r, const char *head)
{
    return first_head(head) && !is_saved(r, head);
}

/* Bytes of a head, behind whose mark the text is. */
static size_t head_bytes(const char *head)
{
    return strcspn(head, is_from(head) || !strchr(head, '\t') ? ":" : "\t");
}

/* "From Ann to Everyone", "Ann", "Ann:": the bytes of the name at *name. */
static size_t sender(const char *head, size_t n, const char **name)
{
    static const char to[] = " to ";
    size_t end = n;

    *name = head;
    if (!is_from(head))
        return n && head[n - 1] == ':' ? n - 1 : n;
    *name += strlen(from);
    for (size_t i = strlen(from); i + strlen(to) <= n; i++)
        if (strncmp(head + i, to, strlen(to)) == 0)
            end = i;
    return end - strlen(from);
}

static int begin(at_log_rows *r, attune_error *err)
{
    const char *head = over_clock(r->ahead), *name;
    size_t bytes, n;

    if (!head)
        return 0;
    bytes = head_bytes(head);
    snprintf(r->stamp, sizeof r->stamp, "%.*s", (int)clock_bytes(r->ahead), r->ahead);
    n = sender(head, bytes, &name);
    return at_log_message_begin(r, name, n, head + bytes + (head[bytes] != 0), err);
}

static int ends(const char *line)
{
    return over_clock(line) != NULL;
}

static const char *words(char *line)
{
    return line + strspn(line, " \t");
}

static int next_row(at_log_rows *r, attune_error *err)
{
    static const at_log_turns turns = {begin, ends, words};

    return at_log_message_next(r, &turns, err);
}

const at_log_format at_log_zoom = {
    "a chat that Zoom saved", AT_LOG_CHATS, AT_LOG_FROM_DAY, ATTUNE_TIME_S, is_saved,
    at_log_message_header,    next_row};
const at_log_format at_log_zoom_cloud = {
    "a chat of a Zoom recording", AT_LOG_CHATS, AT_LOG_FROM_BEGIN, ATTUNE_TIME_S, is_of_cloud,
    at_log_message_header,        next_row};
