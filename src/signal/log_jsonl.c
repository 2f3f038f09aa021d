/* Objects of JSON, each in lines of its own or all in one array: {"time": 12.5, "from": "Ann", "text": "..."}, and the other names that a CSV's columns may have. */
#include "signal/log_format.h"

#include "base/error.h"
#include "base/json.h"
#include "signal/log_message.h"

#include <stdio.h>
#include <string.h>

static const char blanks[] = " \t\n";

static int is_jsonl(const at_log_rows *r, const char *head)
{
    (void)r;
    head += strspn(head, blanks);
    if (*head == '[')
        head += 1 + strspn(head + 1, blanks);
    return *head == '{';
}

static const json_t *first_of(const json_t *object, const char *const *names)
{
    const json_t *found = NULL;

    for (; *names && !found; names++)
        found = json_object_get(object, *names);
    return found;
}

/* A number, or a date. */
static void take_time(at_log_rows *r, const json_t *time)
{
    if (json_is_number(time))
        snprintf(r->stamp, sizeof r->stamp, "%.17g", json_number_value(time));
    else
        snprintf(r->stamp, sizeof r->stamp, "%s",
                 json_is_string(time) ? json_string_value(time) : "");
}

static int take(at_log_rows *r, const json_t *said, attune_error *err)
{
    const char *from = json_string_value(first_of(said, at_log_senders));
    const json_t *text = first_of(said, at_log_texts);
    int rc;

    if (!json_is_string(text))
        return at_log_row_fail(r, err, "no 'text', 'message' or 'content' in its object");
    take_time(r, first_of(said, at_log_times));
    rc = at_log_message_begin(r, from ? from : "", from ? strlen(from) : 0, json_string_value(text),
                              err);
    return rc == 1 ? at_log_message_end(r) : rc;
}

static int read_object(at_log_rows *r, attune_error *err)
{
    json_t *said = NULL;
    json_error_t why;
    int rc = at_json_read(&said, r->ahead, r->ahead_bytes, 0, &why);

    if (rc == ATTUNE_E_NOMEM)
        return at_fail_nomem(err);
    rc = rc < 0 ? at_log_row_fail(r, err, "this is no JSON: %.160s", why.text) : take(r, said, err);
    json_decref(said);
    return rc;
}

/* ---- where objects lie -------------------------------------------------------------------------- */

enum { ARRAY = ',' }; /* r->separator: they have commas between, up to a bracket */

/* The next byte that is no blank, or EOF; r->line is its line. */
static int next_mark(at_log_rows *r)
{
    int c;

    while ((c = at_log_rows_byte(r)) != EOF && c && strchr(blanks, c))
        r->next_line += c == '\n';
    r->line = r->next_line;
    return c;
}

static int read_header(at_log_rows *r, attune_error *err)
{
    int rc = at_log_message_header(r, err);

    if (rc == ATTUNE_OK && next_mark(r) == '[')
        r->separator = ARRAY;
    else if (rc == ATTUNE_OK)
        rc = at_log_message_header(r, err);
    r->ahead_bytes = 0;
    return rc;
}

/* 1: at its brace; 0: there are no more. */
static int find_object(at_log_rows *r, attune_error *err)
{
    int c = next_mark(r);

    if (r->separator == ARRAY && c == ',' && r->ahead_bytes)
        c = next_mark(r);
    else if (r->separator == ARRAY && c == ']') {
        r->separator = 0;
        c = next_mark(r);
    } else if (r->separator == ARRAY && r->ahead_bytes && c != EOF)
        return at_log_row_fail(r, err, "here a comma or the array's end is missing");
    if (c == '{')
        return 1;
    const int rc = c == EOF ? at_log_rows_end(r, err) : 0;
    if (rc < 0 || (c == EOF && r->separator != ARRAY))
        return rc;
    return at_log_row_fail(r, err, c == EOF ? "the array does not end" : "here is no object");
}

/* Into ahead, from its brace to that which closes it. No text goes on in another line. */
static int take_object(at_log_rows *r, attune_error *err)
{
    int depth = 0, quoted = 0, escaped = 0, c = '{';
    size_t n = 0;

    for (; c != EOF; c = at_log_rows_byte(r)) {
        if (n >= AT_LOG_ROW)
            return at_log_row_fail(r, err, "it is longer than %d bytes", AT_LOG_ROW);
        r->ahead[n++] = (char)c;
        r->next_line += c == '\n';
        quoted ^= c == '"' && !escaped;
        escaped = quoted && c == '\\' && !escaped;
        depth += quoted ? 0 : (c == '{') - (c == '}');
        if (!depth || (quoted && c == '\n'))
            break;
    }
    r->ahead[r->ahead_bytes = n] = 0;
    return c == EOF ? at_log_rows_end(r, err) : ATTUNE_OK;
}

static int next_row(at_log_rows *r, attune_error *err)
{
    int rc;

    while ((rc = find_object(r, err)) == 1) {
        rc = take_object(r, err);
        rc = rc < 0 ? rc : read_object(r, err);
        if (rc != 0)
            break;
    }
    return rc;
}

const at_log_format at_log_jsonl = {"lines of JSON",  AT_LOG_CHATS, AT_LOG_FROM_1970,
                                    ATTUNE_TIME_TOLD, is_jsonl,     read_header,
                                    next_row};
