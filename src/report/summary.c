#include "report/summary.h"

#include "base/json.h"
#include "base/visible.h"
#include "report/fields.h"
#include "report/json_movement.h"
#include "report/sinks.h"
#include "report/text.h"

#include <math.h>
#include <string.h>

enum { LIMIT = 64 << 20 };

/* A failed allocation leaves a NULL in an object, which jansson refuses with -1: ok keeps it. */
typedef struct at_json {
    json_t *root;
    int ok;
} at_json;

static void put(at_json *j, json_t *to, const char *key, json_t *value)
{
    j->ok &= json_object_set_new(to, key, value) == 0;
}

static void put_text(at_json *j, json_t *to, const char *key, const char *value)
{
    char clean[4096];

    put(j, to, key, json_string(at_visible_copy(clean, sizeof clean, value)));
}

static void put_real(at_json *j, json_t *to, const char *key, double value)
{
    put(j, to, key, at_json_real(value));
}

static void put_count(at_json *j, json_t *to, const char *key, int64_t value)
{
    put(j, to, key, json_integer(value));
}

static json_t *put_object(at_json *j, json_t *to, const char *key)
{
    json_t *object = json_object();

    put(j, to, key, object);
    return object;
}

/* [low, high], or null. */
static void put_interval(at_json *j, json_t *to, const char *key, const at_interval *interval)
{
    json_t *pair = isfinite(interval->low) ? json_array() : json_null();

    if (isfinite(interval->low)) {
        j->ok &= json_array_append_new(pair, at_json_real(interval->low)) == 0;
        j->ok &= json_array_append_new(pair, at_json_real(interval->high)) == 0;
    }
    put(j, to, key, pair);
}

static void put_stretch(at_json *j, json_t *to, const char *key, const at_stretch *s)
{
    json_t *when;

    if (s->end_us <= s->start_us) {
        put(j, to, key, json_null());
        return;
    }
    when = put_object(j, to, key);
    put_real(j, when, "start_s", (double)s->start_us / 1e6);
    put_real(j, when, "end_s", (double)s->end_us / 1e6);
}

/* ---- input and windows --------------------------------------------------------------------- */

static void put_notes(at_json *j, const attune_input_info *info)
{
    json_t *notes = json_array();
    char clean[ATTUNE_NOTE_BYTES];

    put(j, j->root, "notes", notes);
    for (int i = 0; i < info->n_notes; i++)
        j->ok &= json_array_append_new(
                     notes, json_string(at_visible_copy(clean, sizeof clean, info->note[i]))) == 0;
}

/* Files in the folder that say nothing of this run. */
static void put_earlier(at_json *j, const char *names)
{
    json_t *list = json_array();

    put(j, j->root, "files_of_earlier_runs", list);
    while (*names) {
        size_t n = strcspn(names, ",");
        j->ok &= json_array_append_new(list, json_stringn(names, n)) == 0;
        names += n + strspn(names + n, ", ");
    }
}

static void put_input(at_json *j, const at_outcome *o)
{
    const attune_input_info *info = o->info;
    json_t *r = j->root;

    put_text(j, r, "attune", attune_version());
    put_text(j, r, "input", o->setup->input);
    put_real(j, r, "duration_s", info->duration_s);
    put_real(j, r, "container_s", info->container_s > 0 ? info->container_s : NAN);
    put(j, r, "has_video", json_boolean(info->has_video));
    put(j, r, "has_audio", json_boolean(info->has_audio));
    put_count(j, r, "width", info->width);
    put_count(j, r, "height", info->height);
    put(j, r, "still", json_boolean(o->stats->still));
    put_count(j, r, "frames", info->counts.frames);
    put_count(j, r, "frames_with_face", info->counts.frames_with_face);
    put_real(j, r, "smallest_face", info->smallest_face > 0 ? info->smallest_face : NAN);
    put(j, r, "truncated", json_boolean(info->truncated));
    put_text(j, r, "truncated_reason", info->truncated_reason);
    put_notes(j, info);
    put_earlier(j, o->earlier);
    put(j, r, "interrupted", json_boolean(o->interrupted));
    put_real(j, r, "elapsed_s", info->elapsed_s);
    put_real(j, r, "realtime_factor", at_realtime_factor(info));
}

static void put_presence(at_json *j, json_t *to, const char *key, const at_presence *p)
{
    json_t *presence = put_object(j, to, key);

    put_real(j, presence, "seconds", p->there_s);
    put_real(j, presence, "share", at_presence_share(p));
    put_stretch(j, presence, "longest_gap", &p->longest);
}

static void put_windows(at_json *j, const at_stats *s)
{
    json_t *r = j->root, *presence, *reliability, *weight, *quality;
    int stream[ATTUNE_STREAMS];
    const int streams = at_stats_streams(s, stream);

    put_count(j, r, "windows", s->windows);
    put_count(j, r, "windows_abstained", s->abstained);
    put_count(j, r, "windows_with_face", s->there[ATTUNE_FACE]);
    put_count(j, r, "windows_with_voice", s->there[ATTUNE_VOICE]);
    presence = put_object(j, r, "presence");
    reliability = put_object(j, r, "mean_reliability");
    weight = put_object(j, r, "mean_weight");
    for (int m = 0; m < ATTUNE_MODALITIES; m++) {
        put_presence(j, presence, attune_modality_name(m), &s->presence[m]);
        put_real(j, reliability, attune_modality_name(m), at_stats_reliability(s, m));
    }
    for (int k = 0; k < streams; k++)
        put_real(j, weight, attune_modality_name(stream[k]), at_stats_weight(s, stream[k]));
    put_presence(j, presence, "estimate", &s->estimate);
    quality = put_object(j, r, "mean_quality");
    for (int i = 0; i < AT_MEASURES; i++)
        put_real(j, quality, at_measures[i].name, at_stats_measure(s, i));
}

/* ---- what was recorded beside ------------------------------------------------------------------ */

static void put_signal(at_json *j, json_t *list, const at_stats *s, int i)
{
    const at_signal_sums *of = &s->signal[i];
    const int any = of->moments > 0;
    json_t *one = json_object();

    j->ok &= json_array_append_new(list, one) == 0;
    put_text(j, one, "name", s->setup->signals[i]);
    put(j, one, "events", json_boolean(s->setup->events >> i & 1));
    put_real(j, one, "mean", any ? of->mean : NAN);
    put_real(j, one, "deviation", any ? sqrt(of->m2 / (double)of->moments) : NAN);
    put_real(j, one, "low", any ? (double)of->low : NAN);
    put_real(j, one, "high", any ? (double)of->high : NAN);
    put_real(j, one, "coverage", s->moments ? of->coverage / (double)s->moments : NAN);
}

/* Each in turn: how far the messages spoke of it at most. */
static void put_chat(at_json *j, json_t *to, const at_outcome *o)
{
    json_t *chat = put_object(j, to, "chat"), *most;

    put_count(j, chat, "messages", o->info->counts.messages);
    put_count(j, chat, "unread", o->info->counts.unread_messages);
    most = put_object(j, chat, "most");
    for (int i = 0; i < AT_CHAT_CLASSES; i++)
        put_real(j, most, at_chat_class(i), (double)o->stats->chat[i]);
}

/* Nothing, where nothing was. */
static void put_beside(at_json *j, const at_outcome *o)
{
    const at_stats *s = o->stats;
    json_t *beside, *signals;

    if (!s->setup)
        return;
    beside = put_object(j, j->root, "beside");
    if (o->setup->logs)
        put_text(j, beside, "logs", o->setup->logs);
    signals = json_array();
    put(j, beside, "signals", signals);
    for (int i = 0; s->setup->signals && i < ATTUNE_MAX_SIGNALS && s->setup->signals[i]; i++)
        put_signal(j, signals, s, i);
    if (s->setup->chat)
        put_chat(j, beside, o);
    else
        put(j, beside, "chat", json_null());
}

/* ---- subjects ------------------------------------------------------------------------------ */

static void put_topic(at_json *j, json_t *to, const at_subject *s, at_topic t)
{
    const at_topic_stats *topic = &s->topic[t];
    json_t *object = put_object(j, to, at_topic_name(t)), *share, *interval, *mean, *longest;
    int most = at_topic_most(topic), enough = at_subject_enough(s, t);

    put(j, object, "most",
        enough && most >= 0 ? json_string(at_topic_class(t, most)) : json_null());
    put_real(j, object, "seconds", topic->seconds);
    share = put_object(j, object, "share");
    interval = put_object(j, object, "interval");
    mean = put_object(j, object, "mean_probability");
    longest = put_object(j, object, "longest");
    for (int c = 0; c < at_topic_classes(t); c++) {
        const char *class = at_topic_class(t, c);
        at_interval i = at_subject_share(s, t, c);
        put_real(j, share, class, i.value);
        put_interval(j, interval, class, &i);
        put_real(j, mean, class, topic->seconds > 0 ? at_topic_mean(topic, c) : NAN);
        put_stretch(j, longest, class, &topic->longest[c]);
    }
}

static void put_unusual(at_json *j, json_t *to, const at_departure *d)
{
    json_t *object;

    if (!d) {
        put(j, to, "unusual", json_null());
        return;
    }
    object = put_object(j, to, "unusual");
    put_real(j, object, "difference", at_departure_levels(d));
    put_real(j, object, "seconds", d->seconds);
    put_real(j, object, "start_s", (double)d->when.start_us / 1e6);
    put_real(j, object, "end_s", (double)d->when.end_us / 1e6);
}

static void put_state(at_json *j, json_t *to, const at_subject *s, int state)
{
    at_topic t = (at_topic)(AT_TOPIC_STATE + state);
    at_interval level = at_subject_level(s, state);
    json_t *object = put_object(j, to, attune_state_names[state]), *share;

    put_real(j, object, "mean_level", level.value);
    put_interval(j, object, "interval", &level);
    put_real(j, object, "usual_level", (double)s->usual.mean[state]);
    put_real(j, object, "usual_deviation", (double)s->usual.deviation[state]);
    put_unusual(j, object, at_subject_unusual(s, state));
    share = put_object(j, object, "share");
    for (int k = 0; k < ATTUNE_LEVELS; k++)
        put_real(j, share, at_topic_class(t, k), at_subject_share(s, t, k).value);
}

static void fill_subject(at_json *j, json_t *object, const at_subject *s)
{
    json_t *states;

    put_real(j, object, "first_s", s->last_us ? (double)s->first_us / 1e6 : NAN);
    put_real(j, object, "last_s", s->last_us ? (double)s->last_us / 1e6 : NAN);
    put_real(j, object, "seconds_seen", s->seen_s);
    put_real(j, object, "seconds_heard", s->heard_s);
    put_topic(j, object, s, AT_TOPIC_EXPRESSION);
    put_topic(j, object, s, AT_TOPIC_ENGAGEMENT);
    states = put_object(j, object, "states");
    for (int i = 0; i < ATTUNE_STATES; i++)
        put_state(j, states, s, i);
}

/* Where a reader finds the face in the picture. */
static void put_position(at_json *j, json_t *to, const at_subject *s, const attune_input_info *info)
{
    json_t *object;
    at_position at;

    if (!at_place_mean(&s->place, info->width, info->height, &at)) {
        put(j, to, "position", json_null());
        return;
    }
    object = put_object(j, to, "position");
    put_text(j, object, "where", at.words);
    put_real(j, object, "x", at.x);
    put_real(j, object, "y", at.y);
    put_real(j, object, "width_px", at.width);
}

/* What was taken out of a person's answers, on average. */
static void put_habit(at_json *j, json_t *to, const at_habit *h)
{
    json_t *object, *offset;

    if (h->seconds <= 0) {
        put(j, to, "usual", json_null());
        return;
    }
    object = put_object(j, to, "usual");
    put_real(j, object, "seconds", (double)h->seconds);
    offset = put_object(j, object, "offset");
    for (int e = 0; e < ATTUNE_EMOTIONS; e++)
        put_real(j, offset, attune_emotion_names[e], (double)h->offset[e]);
}

/* Those that vary most, as the page draws them. */
static void put_movements(at_json *j, json_t *to, const at_movement_sums *s)
{
    int chosen[AT_MOVEMENTS_SHOWN], n = at_movements_varied(s, chosen);
    json_t *list = json_array();

    put(j, to, "movements", list);
    for (int i = 0; i < n; i++) {
        json_t *one = at_json_movement(chosen[i]);
        j->ok &= json_array_append_new(list, one) == 0;
        put_real(j, one, "mean", at_movement_mean(s, chosen[i]));
        put_real(j, one, "deviation", at_movement_deviation(s, chosen[i]));
    }
}

static void put_subjects(at_json *j, const at_outcome *o)
{
    const at_stats *s = o->stats;
    json_t *faces = json_array();

    fill_subject(j, put_object(j, j->root, "all"), &s->all);
    put(j, j->root, "faces", faces);
    for (int i = 0; i < s->faces; i++) {
        json_t *face = json_object();
        j->ok &= json_array_append_new(faces, face) == 0;
        put_count(j, face, "track", s->face[i]->track);
        put_position(j, face, s->face[i], o->info);
        put_habit(j, face, &s->face[i]->habit);
        put_movements(j, face, &s->face[i]->movements);
        put(j, face, "thumbnail", json_boolean(at_shown_thumbnail(o, s->face[i]) != NULL));
        fill_subject(j, face, s->face[i]);
    }
    put_count(j, j->root, "windows_of_more_faces", s->more_faces);
    if (s->voice.heard_s > 0)
        fill_subject(j, put_object(j, j->root, "voice_without_face"), &s->voice);
    else
        put(j, j->root, "voice_without_face", json_null());
}

/* ---- how it was made ------------------------------------------------------------------------ */

static void put_setup(at_json *j, const attune_report_options *setup)
{
    const attune_options *o = &setup->session;
    json_t *model = put_object(j, j->root, "model");
    json_t *options = put_object(j, j->root, "options");
    json_t *columns = put_object(j, j->root, "timeline_columns");
    at_fields fields;
    const char *key, *value;

    if (setup->model_path)
        put_text(j, model, "path", setup->model_path);
    for (int i = 0; (value = at_fact(setup, i, &key)); i++)
        put_text(j, model, key, value);
    put_real(j, options, "rate", o->rate);
    put_real(j, options, "window_s", o->window_s);
    put_real(j, options, "hop_s", o->hop_s);
    put_real(j, options, "lag_s", o->lag_s);
    put_count(j, options, "max_tracks", o->max_tracks);
    put_count(j, options, "min_face", o->min_face);
    put_count(j, options, "video_track", o->video_track);
    put_count(j, options, "audio_track", o->audio_track);
    put_count(j, options, "pcm_rate", o->pcm_rate);
    put_count(j, options, "thumbnails", o->thumbnails);
    put(j, options, "no_video", json_boolean(o->no_video));
    put(j, options, "no_audio", json_boolean(o->no_audio));
    put(j, options, "no_baseline", json_boolean(o->no_baseline));
    put(j, options, "causal", json_boolean(o->causal));
    put_real(j, options, "enough_s", AT_ENOUGH_S);
    at_fields_with(&fields, o->beside);
    for (int i = 0; i < fields.n; i++)
        put_text(j, columns, fields.field[i].column.name, fields.field[i].column.what);
    put_text(j, j->root, "notice", at_notice_meaning);
}

char *at_summary_json(const at_outcome *o)
{
    at_json j = {json_object(), 1};
    char *text = NULL;

    put_input(&j, o);
    put_windows(&j, o->stats);
    put_beside(&j, o);
    put_subjects(&j, o);
    put_setup(&j, o->setup);
    if (j.ok)
        text = at_json_write(j.root, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
    json_decref(j.root);
    return text;
}

static int has_text(const json_t *root, const char *key, const char *value)
{
    const char *found = json_string_value(json_object_get(root, key));
    char clean[4096];

    return found && strcmp(found, at_visible_copy(clean, sizeof clean, value)) == 0;
}

static int is_alike(const json_t *a, const json_t *b, const char *key)
{
    return json_equal(json_object_get(a, key), json_object_get(b, key));
}

/* Or of none, as columns say. */
static int is_of_logs(const json_t *root, const char *logs)
{
    return !logs || has_text(json_object_get(root, "beside"), "logs", logs);
}

int at_summary_is_of(const char *path, const attune_report_options *setup)
{
    at_json j = {json_object(), 1};
    json_t *read = NULL;
    int same = at_json_read_file(&read, path, LIMIT, 0, NULL) == ATTUNE_OK;

    put_setup(&j, setup);
    same = same && j.ok && has_text(read, "attune", attune_version()) &&
           has_text(read, "input", setup->input) &&
           json_is_false(json_object_get(read, "interrupted")) && is_alike(read, j.root, "model") &&
           is_alike(read, j.root, "options") && is_alike(read, j.root, "timeline_columns") &&
           is_of_logs(read, setup->logs);
    json_decref(read);
    json_decref(j.root);
    return same;
}

static int write_summary(FILE *f, void *state, const at_outcome *o)
{
    (void)state;
    fprintf(f, "%s\n", o->json);
    return ATTUNE_OK;
}

const at_sink_kind at_sink_summary = {
    .info = {.name = "summary",
             .file = "summary.json",
             .what = "the figures of the whole, and of each face"},
    .close = write_summary,
};
