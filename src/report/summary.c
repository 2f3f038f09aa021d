#include "report/summary.h"

#include "report/fields.h"
#include "report/text.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

const char at_notice_meaning[] =
    "These are estimates of perceived expression, of how a face looks and a voice sounds to "
    "others. They are not measurements of what a person feels or thinks.";
const char at_notice_law[] =
    "In the European Union, inferring the emotions of people in education institutions and at "
    "the workplace is prohibited outside medical and safety uses (Regulation (EU) 2024/1689, "
    "Art. 5(1)(f), since 2 February 2025). attune is meant for research and for a learner's own "
    "use on an own device. Do not base a decision about a person on these figures.";

static const char *const modality_names[ATTUNE_MODALITIES] = {"face", "voice"};

attune_options at_options_filled(const attune_options *o)
{
    attune_options filled = *o;

    filled.rate = o->rate > 0 ? o->rate : ATTUNE_DEFAULT_RATE;
    filled.window_s = o->window_s > 0 ? o->window_s : ATTUNE_DEFAULT_WINDOW_S;
    filled.hop_s = o->hop_s > 0 ? o->hop_s : ATTUNE_DEFAULT_HOP_S;
    filled.max_tracks = o->max_tracks > 0 ? o->max_tracks : 1;
    return filled;
}

double at_realtime_factor(const attune_input_info *info)
{
    return info->elapsed_s > 0 ? info->duration_s / info->elapsed_s : 0;
}

int at_ranked(const at_head_stats *h, int classes, double least, int order[AT_CLASSES_MAX])
{
    int n = 0;

    for (int c = 0; c < classes; c++) {
        int i = n;
        if (!h->count[c] || at_head_share(h, c) < least)
            continue;
        for (; i > 0 && h->count[c] > h->count[order[i - 1]]; i--)
            order[i] = order[i - 1];
        order[i] = c;
        n++;
    }
    return n;
}

/* ---- JSON ----------------------------------------------------------------------------------
 * A failed allocation leaves a NULL in an object, which jansson refuses with -1: *ok keeps it. */

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

    put(j, to, key, json_string(at_text_clean(clean, sizeof clean, value)));
}

/* Rounded: what lies behind the sixth decimal is noise. */
static void put_real(at_json *j, json_t *to, const char *key, double value)
{
    put(j, to, key, isfinite(value) ? json_real(round(value * 1e6) / 1e6) : json_null());
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

static void put_notes(at_json *j, const attune_input_info *info)
{
    json_t *notes = json_array();
    char clean[ATTUNE_NOTE_BYTES];

    put(j, j->root, "notes", notes);
    for (int i = 0; i < info->n_notes; i++)
        j->ok &= json_array_append_new(
                     notes, json_string(at_text_clean(clean, sizeof clean, info->note[i]))) == 0;
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
    put_count(j, r, "frames", info->counts.frames);
    put_count(j, r, "frames_with_face", info->counts.frames_with_face);
    put(j, r, "truncated", json_boolean(info->truncated));
    put_text(j, r, "truncated_reason", info->truncated_reason);
    put_notes(j, info);
    put(j, r, "interrupted", json_boolean(o->interrupted));
    put_real(j, r, "elapsed_s", info->elapsed_s);
    put_real(j, r, "realtime_factor", at_realtime_factor(info));
}

static void put_windows(at_json *j, const at_stats *s)
{
    json_t *r = j->root, *reliability, *weight, *quality;
    double n = s->windows ? (double)s->windows : NAN;

    put_count(j, r, "windows", s->windows);
    put_count(j, r, "windows_abstained", s->abstained);
    put_count(j, r, "windows_with_face", s->with[ATTUNE_FACE]);
    put_count(j, r, "windows_with_voice", s->with[ATTUNE_VOICE]);
    put_count(j, r, "windows_using_face", s->used[ATTUNE_FACE]);
    put_count(j, r, "windows_using_voice", s->used[ATTUNE_VOICE]);
    reliability = put_object(j, r, "mean_reliability");
    weight = put_object(j, r, "mean_weight");
    for (int m = 0; m < ATTUNE_MODALITIES; m++) {
        put_real(j, reliability, modality_names[m], s->reliability[m] / n);
        put_real(j, weight, modality_names[m], s->weight[m] / n);
    }
    quality = put_object(j, r, "mean_quality");
    for (int i = 0; i < AT_QUALITIES; i++)
        put_real(j, quality, at_quality_name(i), at_stats_quality(s, i));
}

static void put_dominant(at_json *j, const at_stats *s)
{
    json_t *d = put_object(j, j->root, "dominant");
    int state = at_stats_dominant_state(s);

    for (int h = AT_HEAD_EMOTION; h <= AT_HEAD_ENGAGEMENT; h++) {
        int class = at_head_dominant(&s->head[h]);
        put(j, d, at_head_name((at_head)h),
            class < 0 ? json_null() : json_string(at_head_class((at_head)h, class)));
    }
    put(j, d, "state4", state < 0 ? json_null() : json_string(attune_state_names[state]));
}

static void put_heads(at_json *j, const at_stats *s)
{
    json_t *shares = put_object(j, j->root, "shares");
    json_t *means = put_object(j, j->root, "mean_probability");
    json_t *levels = put_object(j, j->root, "mean_level");
    json_t *longest = put_object(j, j->root, "longest");

    for (int h = 0; h < AT_HEADS; h++) {
        const at_head_stats *head = &s->head[h];
        const char *name = at_head_name((at_head)h);
        json_t *share = put_object(j, shares, name), *stretch = put_object(j, longest, name);
        json_t *mean = h < AT_HEAD_FACE ? put_object(j, means, name) : NULL;

        for (int c = 0; c < at_head_classes((at_head)h); c++) {
            const char *class = at_head_class((at_head)h, c);
            const at_stretch *l = &head->longest[c];

            put_real(j, share, class, head->windows ? at_head_share(head, c) : NAN);
            if (mean)
                put_real(j, mean, class, head->windows ? at_head_mean(head, c) : NAN);
            if (l->end_us > l->start_us) {
                json_t *when = put_object(j, stretch, class);
                put_real(j, when, "start_s", (double)l->start_us / 1e6);
                put_real(j, when, "end_s", (double)l->end_us / 1e6);
            }
        }
    }
    for (int i = 0; i < ATTUNE_STATES; i++) {
        put_real(j, levels, attune_state_names[i],
                 s->head[AT_HEAD_STATE + i].windows ? at_stats_mean_level(s, i) : NAN);
    }
}

static void put_setup(at_json *j, const at_report_setup *setup)
{
    attune_options o = at_options_filled(&setup->options);
    json_t *model = put_object(j, j->root, "model");
    json_t *options = put_object(j, j->root, "options");
    json_t *columns = put_object(j, j->root, "timeline_columns");
    at_field field[AT_FIELDS_MAX];
    int fields = at_fields(field);

    if (setup->model_path)
        put_text(j, model, "path", setup->model_path);
    for (int i = 0; i < setup->n_facts; i++)
        put_text(j, model, setup->facts[i].key, setup->facts[i].value);
    put_real(j, options, "rate", o.rate);
    put_real(j, options, "window_s", o.window_s);
    put_real(j, options, "hop_s", o.hop_s);
    put_count(j, options, "max_tracks", o.max_tracks);
    put(j, options, "no_video", json_boolean(o.no_video));
    put(j, options, "no_audio", json_boolean(o.no_audio));
    for (int i = 0; i < fields; i++)
        put_text(j, columns, field[i].name, field[i].what);
    put_text(j, j->root, "notice", at_notice_meaning);
}

char *at_summary_json(const at_outcome *o)
{
    at_json j = {json_object(), 1};
    char *text = NULL;

    put_input(&j, o);
    put_windows(&j, o->stats);
    put_dominant(&j, o->stats);
    put_heads(&j, o->stats);
    put_setup(&j, o->setup);
    if (j.ok)
        text = json_dumps(j.root, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
    json_decref(j.root);
    return text;
}

/* ---- text ------------------------------------------------------------------------------- */

static void print_ranked(FILE *f, const char *label, const at_stats *s, at_head h)
{
    const at_head_stats *head = &s->head[h];
    int order[AT_CLASSES_MAX];
    char percent[AT_CLOCK_SIZE];
    int n = at_ranked(head, at_head_classes(h), 0.01, order);

    fprintf(f, "  %-12s ", label);
    for (int i = 0; i < n; i++) {
        fprintf(f, "%s%s %s", i ? ", " : "", at_head_class(h, order[i]),
                at_text_percent(percent, at_head_share(head, order[i])));
    }
    fputs(n ? "\n" : "no estimate\n", f);
}

static void print_missing(const at_outcome *o, FILE *f)
{
    const at_stats *s = o->stats;
    char percent[AT_CLOCK_SIZE], clean[512];

    if (s->abstained) {
        fprintf(f, "  %-12s %s of the windows: too little to go on\n", "withheld",
                at_text_percent(percent, (double)s->abstained / (double)s->windows));
    }
    if (!o->info->has_video || !o->info->has_audio)
        fprintf(f, "  %-12s no %s\n", "missing", o->info->has_video ? "sound" : "picture");
    if (o->info->truncated) {
        fprintf(f, "  %-12s %s\n", "truncated",
                at_text_clean(clean, sizeof clean, o->info->truncated_reason));
    }
    if (o->interrupted)
        fprintf(f, "  %-12s stopped early; this is what was done until then\n", "interrupted");
}

void at_summary_print(const at_outcome *o, FILE *f)
{
    const at_stats *s = o->stats;
    const attune_counts *n = &o->info->counts;
    char time[AT_CLOCK_SIZE], face[AT_CLOCK_SIZE], voice[AT_CLOCK_SIZE], name[512];
    double faces = n->frames ? (double)n->frames_with_face / (double)n->frames : 0;

    fprintf(f, "%s: %s", at_text_clean(name, sizeof name, o->setup->input),
            at_text_duration(time, o->info->duration_s));
    if (o->info->has_video) {
        fprintf(f, ", a face in %s of %lld frames", at_text_percent(face, faces),
                (long long)n->frames);
    }
    if (o->info->has_audio && s->windows) {
        fprintf(f, ", a usable voice in %s of the windows",
                at_text_percent(voice, (double)s->with[ATTUNE_VOICE] / (double)s->windows));
    }
    fputc('\n', f);
    print_ranked(f, "expression", s, AT_HEAD_EMOTION);
    print_ranked(f, "engagement", s, AT_HEAD_ENGAGEMENT);
    fprintf(f, "  %-12s ", "states");
    for (int i = 0; i < ATTUNE_STATES && s->head[AT_HEAD_STATE].windows; i++)
        fprintf(f, "%s%s %.1f", i ? ", " : "", attune_state_names[i], at_stats_mean_level(s, i));
    fputs(s->head[AT_HEAD_STATE].windows ? " (mean level, 0-3)\n" : "no estimate\n", f);
    print_missing(o, f);
    fprintf(f, "  %-12s %s in %.1f s", "speed", at_text_duration(time, o->info->duration_s),
            o->info->elapsed_s);
    fprintf(f, ", %s times real time\n", at_text_factor(time, at_realtime_factor(o->info)));
}
