/* Messages as objects of JSON: {"time": 12.5, "from": "Ann", "text": "..."}, and the other names that a CSV's columns may have. They
 * lie one behind another, in an array, or in the array "messages" of one object, as programs export chats. */
#include "signal/log_format.h"

#include "base/error.h"
#include "base/json.h"
#include "signal/log_message.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char blanks[] = " \t\n";

static int is_json(const at_log_rows *r, const char *head)
{
    (void)r;
    head += strspn(head, blanks);
    const int is_array = *head == '[';
    head += is_array ? 1 + strspn(head + 1, blanks) : 0;
    return *head == '{' || (is_array && *head == ']');
}

/* ---- an object ------------------------------------------------------------------------------ */

/* In any case, as a CSV's columns. */
static const json_t *member(const json_t *object, const char *name)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)object, key, value) /* which changes nothing */
        if (strcasecmp(key, name) == 0) return value;
    return NULL;
}

static const json_t *first_of(const json_t *object, const char *const *names)
{
    const json_t *found = NULL;

    for (; *names && !found; names++)
        found = member(object, *names);
    return found;
}

static int is_clock(const json_t *time)
{
    return json_is_string(time) && strchr(json_string_value(time), ':');
}

/* A number, a date, or day and clock apart. */
static void take_time(at_log_rows *r, const json_t *said)
{
    const json_t *time = first_of(said, at_log_times), *day = member(said, "date");
    const int is_apart = is_clock(time) && json_is_string(day) && !is_clock(day);

    if (json_is_number(time))
        snprintf(r->stamp, sizeof r->stamp, "%.17g", json_number_value(time));
    else if (is_apart)
        snprintf(r->stamp, sizeof r->stamp, "%.20s %.42s", json_string_value(day),
                 json_string_value(time));
    else
        snprintf(r->stamp, sizeof r->stamp, "%s",
                 json_is_string(time) ? json_string_value(time) : "");
}

/* By a name, or of one who is described. */
static const char *sender_of(const json_t *said)
{
    const json_t *from = first_of(said, at_log_senders);
    const char *name =
        json_string_value(json_is_object(from) ? first_of(from, at_log_senders) : from);

    return name ? name : "";
}

/* Of a text in pieces: words, or objects that mark theirs. */
static const char *words_of(const json_t *piece)
{
    const char *words =
        json_string_value(json_is_object(piece) ? first_of(piece, at_log_texts) : piece);

    return words ? words : "";
}

static int take_pieces(at_log_rows *r, const json_t *pieces, attune_error *err)
{
    int rc = 1;

    for (size_t i = 0; i < json_array_size(pieces) && rc == 1; i++)
        rc = at_log_message_add(r, words_of(json_array_get(pieces, i)), err);
    return rc;
}

static int take(at_log_rows *r, const json_t *said, attune_error *err)
{
    const json_t *text = first_of(said, at_log_texts);
    const char *from = sender_of(said);
    int rc;

    if (!json_is_string(text) && !json_is_array(text))
        return at_log_row_fail(r, err, "no 'text', 'message' or 'content' in its object");
    take_time(r, said);
    rc = at_log_message_begin(r, from, strlen(from), words_of(text), err);
    rc = rc == 1 ? take_pieces(r, text, err) : rc;
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

/* r->separator: between them lies nothing, or a comma, up to a bracket, behind which there is nothing more; or the rest
 * of the object that has them (HAS: up to its bracket, OVER: behind that). */
enum { APART = 0, LISTED = ',', HAS = '{', OVER = '}' };

enum { NAME = 16 }; /* bytes of a name that are looked at */

/* How deep in brackets, and whether in a string. */
typedef struct nesting {
    int depth, quoted, escaped;
} nesting;

static void follow(nesting *n, int c)
{
    n->quoted ^= c == '"' && !n->escaped;
    n->escaped = n->quoted && c == '\\' && !n->escaped;
    if (!n->quoted)
        n->depth += (c == '{' || c == '[') - (c == '}' || c == ']');
}

/* The next byte that is no blank, or EOF; r->line is its line. */
static int next_mark(at_log_rows *r)
{
    int c;

    while ((c = at_log_rows_byte(r)) != EOF && c && strchr(blanks, c))
        r->next_line += c == '\n';
    r->line = r->next_line;
    return c;
}

/* Past a name, from its quote on; what of it fits. */
static void read_name(at_log_rows *r, char name[NAME])
{
    nesting n = {0};
    int at = 0, c = '"';

    for (follow(&n, c); n.quoted && (c = at_log_rows_byte(r)) != EOF; follow(&n, c))
        if (at < NAME - 1)
            name[at++] = (char)c;
    name[at - (at > 0 && c == '"')] = 0;
}

/* Past a value: ',' or '}' behind it, or EOF. c: its first byte. */
static int skip_value(at_log_rows *r, int c)
{
    nesting n = {0};

    for (; c != EOF; c = at_log_rows_byte(r)) {
        if (!n.quoted && !n.depth && (c == ',' || c == '}'))
            break;
        r->next_line += c == '\n';
        follow(&n, c);
    }
    return c;
}

static int is_among(const char *const *names, const char *name)
{
    while (*names && strcasecmp(*names, name) != 0)
        names++;
    return *names != NULL;
}

/* 1: past the bracket of the array "messages" of the object whose brace was read; 0: it has none, or is itself a message. */
static int enter_messages(at_log_rows *r)
{
    char name[NAME] = "";
    int c = ',';

    while (c == ',' && !is_among(at_log_texts, name) && next_mark(r) == '"') {
        read_name(r, name);
        c = next_mark(r) == ':' ? next_mark(r) : EOF;
        if (c == '[' && strcmp(name, "messages") == 0)
            return 1;
        c = skip_value(r, c);
    }
    return 0;
}

static int read_header(at_log_rows *r, attune_error *err)
{
    int rc = at_log_message_header(r, err);

    r->ahead_bytes = 0;
    if (rc < 0)
        return rc;
    const int c = next_mark(r);
    if (c == '[' || (c == '{' && enter_messages(r))) {
        r->separator = c == '[' ? LISTED : HAS;
        return ATTUNE_OK;
    }
    return at_log_message_header(r, err);
}

/* Behind an array's end: nothing comes but, where an object has it, the rest of that. */
static int end_array(at_log_rows *r, attune_error *err)
{
    int c = r->separator == HAS ? ',' : '}', rc;

    while (c == ',')
        c = skip_value(r, next_mark(r));
    c = c == '}' ? next_mark(r) : 0;
    rc = at_log_rows_end(r, err);
    if (rc == 0 && c != EOF)
        rc = at_log_row_fail(r, err, c ? "here is no object" : "the object does not end");
    r->separator = OVER;
    return rc;
}

/* 1: at its brace; 0: there are no more. */
static int find_object(at_log_rows *r, attune_error *err)
{
    const int is_first = !r->ahead_bytes;
    int c = r->separator == OVER ? EOF : next_mark(r), rc;

    if (c == ']' && r->separator)
        return end_array(r, err);
    if (c != EOF && r->separator && !is_first) {
        if (c != ',')
            return at_log_row_fail(r, err, "here a comma or the array's end is missing");
        c = next_mark(r);
    }
    if (c == '{')
        return 1;
    rc = c == EOF ? at_log_rows_end(r, err) : 0;
    if (rc < 0 || (c == EOF && (!r->separator || r->separator == OVER)))
        return rc;
    return at_log_row_fail(r, err, c == EOF ? "the array does not end" : "here is no object");
}

/* Into ahead, from its brace to that which closes it. No text goes on in another line. */
static int take_object(at_log_rows *r, attune_error *err)
{
    nesting inside = {0};
    size_t n = 0;
    int c = '{';

    for (; c != EOF; c = at_log_rows_byte(r)) {
        if (n >= AT_LOG_ROW)
            return at_log_row_fail(r, err, "it is longer than %d bytes", AT_LOG_ROW);
        r->ahead[n++] = (char)c;
        r->next_line += c == '\n';
        follow(&inside, c);
        if ((!inside.quoted && !inside.depth) || (inside.quoted && c == '\n'))
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

const at_log_format at_log_jsonl = {
    "messages in JSON", AT_LOG_CHATS, AT_LOG_FROM_1970, ATTUNE_TIME_TOLD, is_json,
    read_header,        next_row};
