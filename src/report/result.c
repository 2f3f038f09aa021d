#include "report/result.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/names.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LARGEST = 64 << 20 }; /* bytes */

/* An object that is being read; the first thing that is wrong with it stays in err. */
typedef struct at_source {
    const char *path;
    const json_t *at; /* nullable */
    int rc;
    attune_error *err;
} at_source;

static void complain(at_source *s, const char *key, const char *wanted)
{
    if (s->rc == ATTUNE_OK)
        s->rc = at_fail(s->err, ATTUNE_E_FORMAT, "%s: '%s' is missing, or is not %s", s->path, key,
                        wanted);
}

static double number_of(at_source *s, const char *key, double lo, double hi)
{
    const json_t *value = json_object_get(s->at, key);
    const double number = json_number_value(value);
    char wanted[80];

    if (json_is_number(value) && number >= lo && number <= hi)
        return number;
    snprintf(wanted, sizeof wanted, "a number from %g to %g", lo, hi);
    complain(s, key, wanted);
    return lo;
}

/* null: 0. */
static double number_or_null(at_source *s, const char *key, double lo, double hi)
{
    return json_is_null(json_object_get(s->at, key)) ? 0 : number_of(s, key, lo, hi);
}

static int64_t count_of(at_source *s, const char *key, int64_t hi)
{
    const json_t *value = json_object_get(s->at, key);
    const int64_t n = (int64_t)json_integer_value(value);
    char wanted[80];

    if (json_is_integer(value) && n >= 0 && n <= hi)
        return n;
    snprintf(wanted, sizeof wanted, "a whole number from 0 to %lld", (long long)hi);
    complain(s, key, wanted);
    return 0;
}

static int flag_of(at_source *s, const char *key)
{
    const json_t *value = json_object_get(s->at, key);

    if (!json_is_boolean(value))
        complain(s, key, "true or false");
    return json_is_true(value);
}

static const char *text_of(at_source *s, const char *key)
{
    const char *text = json_string_value(json_object_get(s->at, key));

    if (!text)
        complain(s, key, "a text");
    return text ? text : "";
}

static at_source object_in(at_source *s, const char *key)
{
    at_source inner = *s;

    inner.at = json_object_get(s->at, key);
    if (!json_is_object(inner.at))
        complain(s, key, "an object");
    inner.rc = s->rc;
    return inner;
}

/* ---- what it holds -------------------------------------------------------------------------- */

static void read_notes(at_source *s, attune_input_info *info)
{
    const json_t *notes = json_object_get(s->at, "notes"), *note;

    if (!json_is_array(notes) || json_array_size(notes) > ATTUNE_MAX_NOTES) {
        complain(s, "notes", "a short list");
        return;
    }
    info->n_notes = (int)json_array_size(notes);
    for (int i = 0; i < info->n_notes; i++) {
        note = json_array_get(notes, (size_t)i);
        if (!json_is_string(note))
            complain(s, "notes", "a list of texts");
        else
            snprintf(info->note[i], sizeof info->note[i], "%s", json_string_value(note));
    }
}

static void read_input(at_source *s, attune_input_info *info)
{
    const double longest = 1e10; /* seconds */

    info->duration_s = number_of(s, "duration_s", 0, longest);
    info->container_s = number_or_null(s, "container_s", 0, longest);
    info->has_video = flag_of(s, "has_video");
    info->has_audio = flag_of(s, "has_audio");
    info->width = (int)count_of(s, "width", 1 << 20);
    info->height = (int)count_of(s, "height", 1 << 20);
    info->counts.frames = count_of(s, "frames", INT64_C(1) << 53);
    info->counts.frames_with_face = count_of(s, "frames_with_face", info->counts.frames);
    info->counts.end_us = llround(info->duration_s * 1e6);
    info->smallest_face = number_or_null(s, "smallest_face", 0, 1 << 20);
    info->truncated = flag_of(s, "truncated");
    snprintf(info->truncated_reason, sizeof info->truncated_reason, "%s",
             text_of(s, "truncated_reason"));
    info->elapsed_s = number_of(s, "elapsed_s", 0, longest);
    read_notes(s, info);
}

static void read_options(at_source *all, attune_options *o)
{
    at_source s = object_in(all, "options");

    o->rate = number_of(&s, "rate", 1e-3, 1000);
    o->window_s = number_of(&s, "window_s", 1e-3, 3600);
    o->hop_s = number_of(&s, "hop_s", 1e-3, o->window_s);
    o->max_tracks = (int)number_of(&s, "max_tracks", 1, ATTUNE_MAX_TRACKS);
    o->no_video = flag_of(&s, "no_video");
    o->no_audio = flag_of(&s, "no_audio");
    o->no_baseline = flag_of(&s, "no_baseline");
    o->causal = flag_of(&s, "causal");
    all->rc = s.rc;
}

/* What was recorded beside, if anything was. */
static void read_beside(at_source *all, at_result *r)
{
    const json_t *beside = json_object_get(all->at, "beside"), *signals, *one;

    if (!beside)
        return;
    r->setup.session.beside = &r->beside;
    r->beside.chat = json_is_object(json_object_get(beside, "chat"));
    if (r->beside.chat) {
        at_source s = *all;
        s.at = json_object_get(beside, "chat");
        r->info.counts.messages = count_of(&s, "messages", INT64_C(1) << 53);
        r->info.counts.unread_messages = count_of(&s, "unread", r->info.counts.messages);
        all->rc = s.rc;
    }
    r->setup.logs = json_string_value(json_object_get(beside, "logs"));
    signals = json_object_get(beside, "signals");
    if (!json_is_array(signals) || json_array_size(signals) > ATTUNE_MAX_SIGNALS)
        complain(all, "beside", "an object with a short list of signals");
    for (size_t i = 0; i < json_array_size(signals) && all->rc == ATTUNE_OK; i++) {
        at_source s = *all;
        one = json_array_get(signals, i);
        s.at = one;
        r->signals[i] = text_of(&s, "name");
        r->beside.events |= (unsigned)flag_of(&s, "events") << i;
        if (!at_is_column_name(r->signals[i]))
            complain(&s, "name", "the name of a column");
        all->rc = s.rc;
        r->beside.signals = r->signals;
    }
}

static void read_model(at_source *all, at_result *r)
{
    at_source s = object_in(all, "model");
    const char *key;
    json_t *value;
    int n = 0;

    r->setup.facts = r->facts;
    json_object_foreach((json_t *)(uintptr_t)s.at, key, value)
    {
        if (!json_is_string(value) || n == AT_RESULT_FACTS) {
            complain(&s, key, "one of a few texts");
            break;
        }
        r->facts[2 * n] = key;
        r->facts[2 * n++ + 1] = json_string_value(value);
        if (!strcmp(key, "path"))
            r->setup.model_path = json_string_value(value);
    }
    all->rc = s.rc;
}

static void read_usual(at_source *top, at_result *r)
{
    at_source all = object_in(top, "all"), states = object_in(&all, "states");

    for (int i = 0; i < ATTUNE_STATES; i++) {
        at_source s = object_in(&states, attune_state_names[i]);
        r->usual.mean[i] = (float)number_of(&s, "usual_level", 0, ATTUNE_LEVELS - 1);
        r->usual.deviation[i] = (float)number_of(&s, "usual_deviation", 0, ATTUNE_LEVELS - 1);
        states.rc = s.rc;
    }
    r->setup.usual = &r->usual;
    top->rc = states.rc;
}

static int parse(at_result *r, const char *path, const char *text, size_t size, attune_error *err)
{
    json_error_t why;
    at_source s = {path, NULL, ATTUNE_OK, err};

    const int rc = at_json_read(&r->root, text, size, JSON_REJECT_DUPLICATES, &why);
    if (rc == ATTUNE_E_NOMEM)
        return at_fail_nomem(err);
    if (rc < 0)
        return at_fail(err, ATTUNE_E_FORMAT, "%s, line %d: %s", path, why.line, why.text);
    s.at = r->root;
    r->setup.input = text_of(&s, "input");
    r->interrupted = flag_of(&s, "interrupted");
    r->windows = count_of(&s, "windows", INT64_C(1) << 53);
    read_input(&s, &r->info);
    read_options(&s, &r->setup.session);
    read_beside(&s, r);
    read_model(&s, r);
    read_usual(&s, r);
    return s.rc;
}

int at_result_read(at_result *r, const char *path, attune_error *err)
{
    unsigned char *text = NULL;
    size_t size;
    int rc = at_file_read(path, LARGEST, &text, &size, err);

    memset(r, 0, sizeof *r);
    rc = rc < 0 ? rc : parse(r, path, (const char *)text, size, err);
    at_free(text);
    if (rc < 0)
        at_result_free(r);
    return rc;
}

void at_result_free(at_result *r)
{
    json_decref(r->root);
    r->root = NULL;
}
