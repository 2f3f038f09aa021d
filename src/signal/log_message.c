#include "signal/log_message.h"

#include "base/error.h"

#include <string.h>

enum { TIME, FROM, TEXT };

const char *const at_log_times[] = {"time", "timestamp", "datetime", "ts", "date", "t", NULL};
const char *const at_log_senders[] = {"from", "sender", "author", "name", "user", NULL};
const char *const at_log_texts[] = {"text", "message", "content", NULL};

int at_log_message_header(at_log_rows *r, attune_error *err)
{
    const int rc = at_log_rows_rewind(r, err);

    r->separator = 0;
    at_log_row_set(r, "time,from,text");
    *r->stamp = 0;
    return rc;
}

int at_log_message_add(at_log_rows *r, const char *words, attune_error *err)
{
    const size_t used = (size_t)(r->field[TEXT] - r->text) + r->length[TEXT], n = strlen(words);

    if (n > AT_LOG_ROW - used)
        return at_log_row_fail(r, err, "it is longer than %d bytes", AT_LOG_ROW);
    memcpy(r->text + used, words, n);
    r->text[used + n] = 0;
    r->length[TEXT] += n;
    return 1;
}

int at_log_message_begin(at_log_rows *r, const char *from, size_t n, const char *words,
                         attune_error *err)
{
    if (n >= AT_LOG_ROW)
        return at_log_row_fail(r, err, "it is longer than %d bytes", AT_LOG_ROW);
    memcpy(r->text, from, n);
    r->fields = 0;
    at_log_row_put_stamp(r);
    at_log_row_end_field(r, 0, n);
    at_log_row_end_field(r, n + 1, n + 1);
    return at_log_message_add(r, words, err);
}

int at_log_message_end(at_log_rows *r)
{
    const size_t from = (size_t)(r->field[TEXT] - r->text);

    r->fields = TEXT;
    at_log_row_end_field(r, from, from + r->length[TEXT]);
    return r->length[TEXT] > 0;
}

static int go_on(at_log_rows *r, const at_log_turns *turns, attune_error *err)
{
    const int64_t line = r->line;
    int rc;

    while ((rc = at_log_rows_line(r, err)) == 1) {
        if (turns->ends(r->ahead)) {
            at_log_rows_hold(r);
            break;
        }
        rc = at_log_message_add(r, "\n", err);
        rc = rc == 1 ? at_log_message_add(r, turns->words(r->ahead), err) : rc;
        if (rc < 0)
            return rc;
    }
    r->line = line;
    return rc < 0 ? rc : at_log_message_end(r);
}

int at_log_message_next(at_log_rows *r, const at_log_turns *turns, attune_error *err)
{
    int rc;

    while ((rc = at_log_rows_line(r, err)) == 1) {
        rc = turns->begin(r, err);
        rc = rc == 1 ? go_on(r, turns, err) : rc;
        if (rc != 0)
            break;
    }
    return rc;
}
