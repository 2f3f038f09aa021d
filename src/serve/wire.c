#include "serve/wire.h"

#include "base/file.h"
#include "base/json.h"
#include "report/hints.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- text from the client ------------------------------------------------------------------ */

/* A string member, short enough and plain; absent: "". 0: it is none of that. */
static int take_text(const json_t *o, const char *key, char *out, size_t size, const char *plain)
{
    const json_t *v = json_object_get(o, key);
    const char *text = json_string_value(v);

    out[0] = 0;
    if (!v || json_is_null(v))
        return 1;
    if (!text || json_string_length(v) >= size || strlen(text) != json_string_length(v) ||
        strspn(text, plain) != strlen(text))
        return 0;
    memcpy(out, text, strlen(text) + 1);
    return 1;
}

static int take_flag(const json_t *o, const char *key, int otherwise, int *out)
{
    const json_t *v = json_object_get(o, key);

    *out = v ? json_is_true(v) : otherwise;
    return !v || json_is_boolean(v);
}

/* 1 and 1.0 are the same number. */
static int take_whole(const json_t *v, int64_t *out)
{
    const double x = json_number_value(v);

    *out = json_is_integer(v) ? json_integer_value(v) : fabs(x) < 0x1p53 ? (int64_t)x : 0;
    return json_is_integer(v) || (json_is_real(v) && (double)*out == x);
}

static const char hexadecimal[] = "0123456789abcdef";
static const char plain_text[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:/ ";

static const char *read_hello(const json_t *o, at_said *out)
{
    int64_t version;
    int keep;

    if (!take_whole(json_object_get(o, "version"), &version))
        return "hello: its version is missing, or no whole number";
    out->version = version == AT_WIRE_VERSION ? AT_WIRE_VERSION : 0;
    if (!take_flag(o, "video", 1, &out->on[AT_STREAM_VIDEO]) ||
        !take_flag(o, "audio", 1, &out->on[AT_STREAM_AUDIO]) || !take_flag(o, "keep", 1, &keep))
        return "hello: video, audio and keep are true or false";
    out->never_keep = !keep;
    if (!take_text(o, "resume", out->resume, sizeof out->resume, hexadecimal))
        return "hello: resume is no session's name";
    return NULL;
}

static const char *read_stream(const json_t *o, at_said *out)
{
    const char *which = json_string_value(json_object_get(o, "stream"));

    if (!which || (strcmp(which, "video") != 0 && strcmp(which, "audio") != 0))
        return "stream: it is \"video\" or \"audio\"";
    out->stream = strcmp(which, "audio") == 0 ? AT_STREAM_AUDIO : AT_STREAM_VIDEO;
    if (!json_object_get(o, "on") || !take_flag(o, "on", 0, &out->there))
        return "stream: on is true or false";
    return NULL;
}

static const char *read_keep(const json_t *o, at_said *out)
{
    if (!take_text(o, "consent", out->consent, sizeof out->consent, plain_text) || !out->consent[0])
        return "keep: consent is the version of the text that was agreed to";
    return NULL;
}

/* ---- what lies beside pictures and sound ---- */

static int take_time(const json_t *v, int64_t *out)
{
    return take_whole(v, out) && *out >= 0 && *out <= AT_WIRE_TIME_MOST;
}

static int take_value(const json_t *v, float *out)
{
    const double x = json_is_null(v) ? (double)NAN : json_number_value(v);

    *out = (float)x;
    return json_is_null(v) || (json_is_number(v) && fabs(x) <= AT_WIRE_VALUE_MOST);
}

/* [time, a value for each column, ...] */
static const char *read_row(const json_t *v, at_said *out)
{
    const int columns = (int)json_array_size(v) - 1;
    at_row *row = &out->row[out->rows];

    if (columns < 1 || columns > ATTUNE_MAX_SIGNALS || (out->rows && columns != out->columns))
        return "signal: a row is a time and a value for each column";
    if (!take_time(json_array_get(v, 0), &row->t_us) ||
        (out->rows && row->t_us < out->row[out->rows - 1].t_us))
        return "signal: a time is a whole number of microseconds, and not before the one before it";
    for (int i = 0; i < columns; i++)
        if (!take_value(json_array_get(v, (size_t)i + 1), &row->value[i]))
            return "signal: a value is a number up to 1e9 either way, or null";
    out->columns = columns;
    out->rows++;
    return NULL;
}

static const char *read_signal(const json_t *o, at_said *out)
{
    const json_t *rows = json_object_get(o, "rows"), *row;
    const char *fault = NULL;
    size_t i;

    if (json_array_size(rows) < 1 || json_array_size(rows) > AT_WIRE_ROWS)
        return "signal: rows is a list of 1 to 64";
    json_array_foreach(rows, i, row)
    {
        fault = fault ? fault : read_row(row, out);
    }
    return fault;
}

static const char *read_chat(const json_t *o, at_said *out)
{
    const json_t *text = json_object_get(o, "text");
    const size_t n = json_string_length(text);

    if (!take_time(json_object_get(o, "t"), &out->t_us))
        return "chat: its time is missing, or no whole number of microseconds";
    if (n < 1 || n >= sizeof out->text)
        return "chat: text is what was written";
    memcpy(out->text, json_string_value(text), n + 1);
    return NULL;
}

static const char *read_plain(const json_t *o, at_said *out)
{
    (void)o;
    (void)out;
    return NULL;
}

static const struct {
    const char *type;
    at_said_kind kind;
    const char *(*read)(const json_t *o, at_said *out);
} said_kinds[] = {
    {"hello", AT_SAID_HELLO, read_hello},    {"stream", AT_SAID_STREAM, read_stream},
    {"keep", AT_SAID_KEEP, read_keep},       {"forget", AT_SAID_FORGET, read_plain},
    {"signal", AT_SAID_SIGNAL, read_signal}, {"chat", AT_SAID_CHAT, read_chat},
    {"end", AT_SAID_END, read_plain},
};

const char *at_wire_read_text(const char *text, size_t size, at_said *out)
{
    const char *fault = "its type is unknown", *type;
    json_t *o;
    const int rc = at_json_read(&o, text, size, JSON_REJECT_DUPLICATES, NULL);

    *out = (at_said){0};
    if (rc == ATTUNE_E_NOMEM)
        return "there is no memory to read it";
    if (!json_is_object(o)) {
        json_decref(o);
        return "it is no JSON object";
    }
    type = json_string_value(json_object_get(o, "type"));
    for (size_t i = 0; type && i < sizeof said_kinds / sizeof *said_kinds; i++)
        if (strcmp(type, said_kinds[i].type) == 0) {
            out->kind = said_kinds[i].kind;
            fault = said_kinds[i].read(o, out);
        }
    json_decref(o);
    return fault;
}

/* ---- bytes from the client ----------------------------------------------------------------- */

enum { PICTURE = 1, SOUND = 2 };

static uint64_t little(const uint8_t *p, int bytes)
{
    uint64_t v = 0;

    for (int i = bytes - 1; i >= 0; i--)
        v = v << 8 | p[i];
    return v;
}

size_t at_wire_most(const void *message, size_t size, int binary)
{
    const uint8_t *p = message;

    if (!binary)
        return AT_WIRE_TEXT_MOST;
    return size >= 2 && p[1] == SOUND ? (size_t)AT_WIRE_HEADER + AT_WIRE_SOUND_MOST
                                      : (size_t)AT_WIRE_BINARY_MOST;
}

const char *at_wire_read_binary(const void *message, size_t size, at_sent *out, int *too_large)
{
    const uint8_t *p = message;
    int64_t t;

    *out = (at_sent){0};
    *too_large = size > at_wire_most(message, size, 1);
    if (*too_large)
        return "it is too large";
    if (size <= AT_WIRE_HEADER)
        return "it carries nothing";
    if (p[0] != AT_WIRE_VERSION)
        return "it is of another version";
    if ((p[1] != PICTURE && p[1] != SOUND) || little(p + 2, 2) != 0)
        return "its kind is unknown";
    if (p[1] == SOUND && (size - AT_WIRE_HEADER) % 2 != 0)
        return "its last sample is half";
    t = (int64_t)little(p + 8, 8);
    if (t < 0 || t > AT_WIRE_TIME_MOST)
        return "its time is out of range";
    *out = (at_sent){.stream = p[1] == SOUND ? AT_STREAM_AUDIO : AT_STREAM_VIDEO,
                     .sequence = (uint32_t)little(p + 4, 4),
                     .t_us = t,
                     .data = p + AT_WIRE_HEADER,
                     .size = size - AT_WIRE_HEADER};
    return NULL;
}

/* ---- to the client ------------------------------------------------------------------------- */

static const struct {
    const char *code;
    int close_code;
} refusals[] = {
    [AT_REFUSED_BUSY] = {"busy", 1013},           [AT_REFUSED_PROTOCOL] = {"protocol", 1008},
    [AT_REFUSED_TOO_LARGE] = {"too_large", 1009}, [AT_REFUSED_TOO_FAST] = {"too_fast", 1008},
    [AT_REFUSED_IDLE] = {"idle", 1008},           [AT_REFUSED_VERSION] = {"version", 1008},
    [AT_REFUSED_INTERNAL] = {"internal", 1011},   [AT_REFUSED_FULL] = {"full", 1013},
};

int at_wire_close_code(at_refusal why)
{
    return refusals[why].close_code;
}

/* o's text; takes it. */
static char *dump(json_t *o)
{
    char *text = at_json_write(o, JSON_COMPACT);

    json_decref(o);
    return text;
}

static json_t *names(const char *const *name, int n)
{
    json_t *list = json_array();

    for (int i = 0; i < n; i++)
        at_json_append(&list, json_string(name[i]));
    return list;
}

/* [{"name": "clicks", "events": true}, ...] */
static json_t *columns(const attune_beside_setup *b)
{
    json_t *list = json_array();

    for (int i = 0; b->signals && b->signals[i]; i++)
        at_json_append(&list, json_pack("{s:s,s:b}", "name", b->signals[i], "events",
                                        (int)(b->events >> i & 1)));
    return list;
}

char *at_wire_welcome(const at_welcome *w)
{
    const attune_beside_setup *beside = w->options->beside;
    json_t *o = json_pack(
        "{s:s,s:i,s:s,s:b,s:s,s:f,s:f,s:f,s:i,s:i,s:b,s:o,s:o,s:o,s:s,s:s?}", "type", "welcome",
        "version", AT_WIRE_VERSION, "session", w->session, "resumed", w->resumed, "program",
        attune_version(), "rate", w->options->rate, "window_s", w->options->window_s, "hop_s",
        w->options->hop_s, "width_max", w->width_max, "height_max", w->height_max, "store",
        w->store, "emotions", names(attune_emotion_names, ATTUNE_EMOTIONS), "states",
        names(attune_state_names, ATTUNE_STATES), "levels",
        names(attune_level_names, ATTUNE_LEVELS), "model", w->model, "precision", w->precision);

    if (beside) {
        at_json_put(&o, "signals", columns(beside));
        at_json_put(&o, "chat", json_boolean(beside->chat));
    }
    return dump(o);
}

/* {"type":"...", and the members of an object that is there as text. */
static char *put_type(const char *type, const char *object, size_t size)
{
    char *text = NULL;
    size_t n;
    FILE *f;

    while (size > 0 && (object[size - 1] == '\n' || object[size - 1] == ' '))
        size--;
    f = size > 2 && object[0] == '{' ? open_memstream(&text, &n) : NULL;
    if (!f)
        return NULL;
    fprintf(f, "{\"type\":\"%s\",", type);
    fwrite(object + 1, 1, size - 1, f);
    if (at_stream_close(f) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

char *at_wire_window(const char *line, size_t size)
{
    return put_type("window", line, size);
}

char *at_wire_ended(const char *summary, int kept)
{
    json_t *tree;

    at_json_read(&tree, summary, strlen(summary), 0, NULL);
    return tree ? dump(json_pack("{s:s,s:b,s:o}", "type", "ended", "kept", kept, "summary", tree))
                : NULL;
}

char *at_wire_state(const at_standing *s)
{
    json_t *hints = json_array(), *o;

    for (int i = 0; at_hint_name(i); i++)
        if (s->hints >> i & 1u)
            at_json_append(&hints, json_string(at_hint_name(i)));
    o = json_pack("{s:s,s:I,s:I,s:i,s:I,s:I,s:I,s:o}", "type", "state", "t", (json_int_t)s->t_us,
                  "lag_ms", (json_int_t)(s->lag_us / 1000), "queued", s->queued, "dropped_frames",
                  (json_int_t)s->dropped_frames, "dropped_audio_ms",
                  (json_int_t)(s->dropped_sound_us / 1000), "lost_windows",
                  (json_int_t)s->lost_windows, "hints", hints);
    if (s->dropped_beside >= 0)
        at_json_put(&o, "dropped_beside", json_integer(s->dropped_beside));
    return dump(o);
}

char *at_wire_kept(const char *session)
{
    return dump(json_pack("{s:s,s:s}", "type", "kept", "session", session));
}

char *at_wire_forgotten(void)
{
    return dump(json_pack("{s:s}", "type", "forgotten"));
}

char *at_wire_error(at_refusal why, const char *text)
{
    return dump(
        json_pack("{s:s,s:s,s:s}", "type", "error", "code", refusals[why].code, "text", text));
}
