/* An object of JSON a line: {"time": 12.5, "from": "Ann", "text": "..."}, and the other names that a CSV's columns may have. */
#include "signal/log_format.h"

#include "base/error.h"
#include "base/json.h"
#include "signal/log_message.h"

#include <stdio.h>
#include <string.h>

static int is_jsonl(const at_log_rows *r, const char *head)
{
    (void)r;
    return head[strspn(head, " \t\n")] == '{';
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
    static const char *const times[] = {"time", "timestamp", "datetime", "date", "ts", "t", NULL};
    const char *from = json_string_value(first_of(said, at_log_senders));
    const json_t *text = first_of(said, at_log_texts);
    int rc;

    if (!json_is_string(text))
        return at_log_row_fail(r, err, "no 'text', 'message' or 'content' in its object");
    take_time(r, first_of(said, times));
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

static int next_row(at_log_rows *r, attune_error *err)
{
    int rc;

    while ((rc = at_log_rows_line(r, err)) == 1) {
        if (!r->ahead[strspn(r->ahead, " \t")])
            continue;
        rc = read_object(r, err);
        if (rc != 0)
            break;
    }
    return rc;
}

const at_log_format at_log_jsonl = {"lines of JSON",  AT_LOG_CHATS, AT_LOG_FROM_1970,
                                    ATTUNE_TIME_TOLD, is_jsonl,     at_log_message_header,
                                    next_row};
