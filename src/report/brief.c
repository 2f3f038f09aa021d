#include "report/brief.h"

#include "base/file.h"
#include "base/visible.h"
#include "report/sinks.h"
#include "report/text.h"

#include <stdio.h>
#include <stdlib.h>

static void label(FILE *f, const char *text)
{
    fprintf(f, "  %-12s ", text);
}

/* "neutral 62 % of the time (95 % interval 40-79 %), happy 20 %" */
static void put_shares(FILE *f, const at_subject *s, at_topic t)
{
    const at_topic_stats *topic = &s->topic[t];
    int order[AT_CLASSES_MAX];
    int n = at_topic_ranked(topic, at_topic_classes(t), 0.01, order);
    char percent[AT_CLOCK_SIZE];

    for (int i = 0; i < n; i++) {
        at_interval share = at_subject_share(s, t, order[i]);
        fprintf(f, "%s%s %s", i ? ", " : "", at_topic_class(t, order[i]),
                at_text_percent(percent, share.value));
        if (i == 0)
            fprintf(f, " of the time (95 %% interval %.0f-%.0f %%)", 100 * share.low,
                    100 * share.high);
    }
}

/* The class with the highest mean that is worth telling, but those in told (bits); -1: none. */
static int likeliest_but(const at_topic_stats *topic, int classes, unsigned told)
{
    int most = -1;

    for (int c = 0; c < classes; c++)
        if (!(told >> c & 1) && at_topic_mean(topic, c) >= 0.05 &&
            (most < 0 || at_topic_mean(topic, c) > at_topic_mean(topic, most)))
            most = c;
    return most;
}

/* Of one picture: "likeliest neutral (89 %), sad (7 %)". */
static void put_probabilities(FILE *f, const at_subject *s, at_topic t)
{
    const at_topic_stats *topic = &s->topic[t];
    char percent[AT_CLOCK_SIZE];
    int c = at_topic_most(topic);
    unsigned told = 1u << c;

    fprintf(f, "likeliest %s (%s)", at_topic_class(t, c),
            at_text_percent(percent, at_topic_mean(topic, c)));
    for (; (c = likeliest_but(topic, at_topic_classes(t), told)) >= 0; told |= 1u << c)
        fprintf(f, ", %s (%s)", at_topic_class(t, c),
                at_text_percent(percent, at_topic_mean(topic, c)));
}

/* Says why nothing is said, and returns 1, where there is not enough to go on. */
static int put_lack(FILE *f, const at_subject *s, at_topic t)
{
    char time[AT_CLOCK_SIZE], least[AT_CLOCK_SIZE];
    double seconds = s->topic[t].seconds;

    if (at_subject_enough(s, t))
        return 0;
    if (seconds > 0)
        fprintf(f, "too little to say: %s of evidence, under %s", at_text_duration(time, seconds),
                at_text_duration(least, AT_ENOUGH_S));
    else
        fputs("nothing to go on", f);
    return 1;
}

static void put_topic(FILE *f, const at_subject *s, at_topic t)
{
    if (s->enough_s <= 0)
        put_probabilities(f, s, t);
    else
        put_shares(f, s, t);
}

/* "boredom higher than usual (+0.8 levels, 0:41 to 1:02)", "nothing unusual" */
static void put_unusual(FILE *f, const at_subject *s)
{
    int n = 0;

    for (int i = 0; i < ATTUNE_STATES; i++) {
        const at_departure *d = at_subject_unusual(s, i);
        char from[AT_CLOCK_SIZE], to[AT_CLOCK_SIZE];
        double levels = d ? at_departure_levels(d) : 0;
        if (d) {
            fprintf(f, "%s%s %s than usual (%+.1f levels, %s to %s)", n++ ? ", " : "",
                    attune_state_names[i], levels > 0 ? "higher" : "lower", levels,
                    at_text_clock(from, (double)d->when.start_us / 1e6, 0),
                    at_text_clock(to, (double)d->when.end_us / 1e6, 0));
        }
    }
    fputs(n ? "" : "nothing unusual", f);
}

/* Of one picture, which has no time to be unusual for: "boredom very low, engagement high, ..." */
static void put_levels(FILE *f, const at_subject *s)
{
    for (int i = 0; i < ATTUNE_STATES; i++) {
        at_topic t = (at_topic)(AT_TOPIC_STATE + i);
        fprintf(f, "%s%s %s", i ? ", " : "", attune_state_names[i],
                at_topic_class(t, at_topic_most(&s->topic[t])));
    }
}

static void put_states(FILE *f, const at_subject *s)
{
    if (s->enough_s <= 0)
        put_levels(f, s);
    else
        put_unusual(f, s);
}

static void put_evidence(FILE *f, const at_subject *s, at_topic t)
{
    char time[AT_CLOCK_SIZE];

    if (s->enough_s > 0)
        fprintf(f, "; rests on %s", at_text_duration(time, s->topic[t].seconds));
}

static void put_one(FILE *f, const at_subject *s)
{
    label(f, "expression");
    if (!put_lack(f, s, AT_TOPIC_EXPRESSION)) {
        put_topic(f, s, AT_TOPIC_EXPRESSION);
        put_evidence(f, s, AT_TOPIC_EXPRESSION);
    }
    fputc('\n', f);
    if (s->topic[AT_TOPIC_ENGAGEMENT].seconds <= 0 || !at_subject_enough(s, AT_TOPIC_EXPRESSION))
        return;
    label(f, "engagement");
    if (!put_lack(f, s, AT_TOPIC_ENGAGEMENT)) {
        put_topic(f, s, AT_TOPIC_ENGAGEMENT);
        put_evidence(f, s, AT_TOPIC_ENGAGEMENT);
        fputc('\n', f);
        label(f, "states");
        put_states(f, s);
    }
    fputc('\n', f);
}

/* ---- who ------------------------------------------------------------------------------------ */

/* "face 1  left, 106 px wide, seen for 3 s (0:00 to 0:03)" */
static void put_face(FILE *f, const at_outcome *o, const at_subject *s)
{
    char name[32], time[AT_CLOCK_SIZE], from[AT_CLOCK_SIZE], to[AT_CLOCK_SIZE];
    char habit[AT_HABIT_SIZE];
    at_position at;

    snprintf(name, sizeof name, "face %u", (unsigned)s->track);
    label(f, name);
    if (at_place_mean(&s->place, o->info->width, o->info->height, &at))
        fprintf(f, "%s, %.0f px wide%s", at.words, at.width, o->stats->still ? "" : ", ");
    if (!o->stats->still)
        fprintf(f, "seen for %s (%s to %s)", at_text_duration(time, s->seen_s),
                at_text_clock(from, (double)s->first_us / 1e6, 1),
                at_text_clock(to, (double)s->last_us / 1e6, 1));
    fputc('\n', f);
    if (at_habit_words(habit, s->habit.offset)) {
        label(f, "");
        fprintf(f, "taken out as usual for this face: %s\n", habit);
    }
}

/* What is said of one of several, under its name. */
static void put_words(FILE *f, const at_subject *s)
{
    label(f, "");
    if (!put_lack(f, s, AT_TOPIC_EXPRESSION)) {
        put_topic(f, s, AT_TOPIC_EXPRESSION);
        put_evidence(f, s, AT_TOPIC_EXPRESSION);
    }
    fputc('\n', f);
    if (!at_subject_enough(s, AT_TOPIC_EXPRESSION) || !at_subject_enough(s, AT_TOPIC_STATE))
        return;
    label(f, "");
    put_topic(f, s, AT_TOPIC_ENGAGEMENT);
    fputs("; ", f);
    put_states(f, s);
    fputc('\n', f);
}

static void put_glimpses(FILE *f, const at_stats *s)
{
    char count[AT_CLOCK_SIZE], least[AT_CLOCK_SIZE];
    int n = at_glimpses(s);

    if (n) {
        label(f, "");
        fprintf(f, "%s, %sseen for less than %s\n",
                at_text_count(count, n, n < s->faces ? "more face" : "face"), n > 1 ? "each " : "",
                at_text_duration(least, AT_GLIMPSE_S));
    }
    if (s->more_faces) {
        label(f, "");
        fprintf(f, "and faces after number %d\n", AT_FACES);
    }
}

static void put_each(FILE *f, const at_outcome *o)
{
    const at_stats *s = o->stats;
    char time[AT_CLOCK_SIZE];

    for (int i = 0; i < s->faces; i++) {
        if (at_is_glimpse(s, s->face[i]))
            continue;
        put_face(f, o, s->face[i]);
        put_words(f, s->face[i]);
    }
    put_glimpses(f, s);
    if (s->voice.heard_s > 0) {
        label(f, "voice alone");
        fprintf(f, "heard for %s while it belonged to no face in view\n",
                at_text_duration(time, s->voice.heard_s));
        put_words(f, &s->voice);
    }
}

/* ---- the input ------------------------------------------------------------------------------ */

static void put_presence(FILE *f, const at_presence *p, const char *what)
{
    char there[AT_CLOCK_SIZE], percent[AT_CLOCK_SIZE];

    if (p->there_s > 0)
        fprintf(f, ", a %s for %s (%s)", what, at_text_duration(there, p->there_s),
                at_text_percent(percent, at_presence_share(p)));
    else
        fprintf(f, ", no %s", what);
}

static void put_first_line(FILE *f, const at_outcome *o)
{
    const at_presence *p = o->stats->presence;
    const attune_input_info *info = o->info;
    char text[AT_CLOCK_SIZE], name[512];

    fprintf(f, "%s: ", at_visible_copy(name, sizeof name, o->setup->input));
    if (o->stats->still) {
        fprintf(f, "a picture of %d x %d pixels, ", info->width, info->height);
        fputs(o->stats->faces ? at_text_count(text, o->stats->faces, "face") : "no face", f);
    } else {
        fputs(at_text_duration(text, info->duration_s), f);
        if (info->has_video)
            put_presence(f, &p[ATTUNE_FACE], "face");
        if (info->has_audio)
            put_presence(f, &p[ATTUNE_VOICE], "usable voice");
    }
    fputc('\n', f);
}

static void put_withheld(FILE *f, const at_outcome *o)
{
    const at_presence *given = &o->stats->estimate;
    char time[AT_CLOCK_SIZE];

    if (given->there_s <= 0 || given->total_s <= given->there_s)
        return;
    label(f, "withheld");
    fprintf(f, "%s: too little to go on, or nothing likely enough\n",
            at_text_duration(time, given->total_s - given->there_s));
}

static void put_missing(FILE *f, const at_outcome *o)
{
    const attune_options *asked = &o->setup->session;
    char clean[512];

    put_withheld(f, o);
    if (!o->stats->still && (!o->info->has_video || !o->info->has_audio)) {
        label(f, asked->no_video || asked->no_audio ? "left out" : "missing");
        fprintf(f, "%s\n", o->info->has_video ? "sound" : "picture");
    }
    if (o->info->truncated) {
        label(f, "truncated");
        fprintf(f, "%s\n", at_visible_copy(clean, sizeof clean, o->info->truncated_reason));
    }
    if (o->interrupted) {
        label(f, "interrupted");
        fputs("stopped early; this is what was done until then\n", f);
    }
}

/* "heart_rate 74.2 (66.1 to 91)" */
static void put_signal(FILE *f, const at_signal_sums *of, const char *name, int counts)
{
    if (!of->moments)
        fprintf(f, "%s never", name);
    else
        fprintf(f, "%s %.3g%s (%.3g to %.3g)", name, of->mean, counts ? "/s" : "", (double)of->low,
                (double)of->high);
}

static void put_beside(FILE *f, const at_outcome *o)
{
    const attune_beside_setup *setup = o->stats->setup;

    for (int i = 0; setup && setup->signals && i < ATTUNE_MAX_SIGNALS && setup->signals[i]; i++) {
        if (i == 0)
            label(f, "signal");
        fputs(i ? ", " : "", f);
        put_signal(f, &o->stats->signal[i], setup->signals[i], setup->events >> i & 1);
    }
    if (setup && setup->signals)
        fputc('\n', f);
    if (setup && setup->chat) {
        label(f, "chat");
        fprintf(f, "%lld message%s", (long long)o->info->counts.messages,
                o->info->counts.messages == 1 ? "" : "s");
        if (o->info->counts.unread_messages > 0)
            fprintf(f, ", %lld of them in no language that is read here: nothing can be told",
                    (long long)o->info->counts.unread_messages);
        fputc('\n', f);
    }
}

static void put_speed(FILE *f, const at_outcome *o)
{
    char time[AT_CLOCK_SIZE], factor[AT_CLOCK_SIZE];

    if (o->info->elapsed_s <= 0)
        return;
    label(f, "speed");
    if (o->stats->still)
        fprintf(f, "a picture in %.1f s\n", o->info->elapsed_s);
    else
        fprintf(f, "%s in %.1f s, %s times real time\n",
                at_text_duration(time, o->info->duration_s), o->info->elapsed_s,
                at_text_factor(factor, at_realtime_factor(o->info)));
}

static void put_earlier(FILE *f, const at_outcome *o)
{
    if (!*o->earlier)
        return;
    label(f, "also there");
    fprintf(f, "%s: of an earlier run, not of this one\n", o->earlier);
}

/* The page if there is one, else the folder. */
static void put_folder(FILE *f, const at_outcome *o)
{
    char clean[1024];

    if (!o->setup->dir)
        return;
    at_visible_copy(clean, sizeof clean, o->setup->dir);
    if (at_sink_is_chosen(o->setup->sinks, &at_sink_html)) {
        label(f, "report");
        fprintf(f, "%s/%s\n", clean, at_sink_html.info.file);
    } else {
        label(f, "written to");
        fprintf(f, "%s\n", clean);
    }
}

char *at_brief_text(const at_outcome *o)
{
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);

    if (!f)
        return NULL;
    put_first_line(f, o);
    if (at_one_person(o->stats) && o->stats->faces)
        put_face(f, o, o->stats->face[0]);
    if (at_one_at_a_time(o->stats))
        put_one(f, &o->stats->all);
    if (!at_one_person(o->stats))
        put_each(f, o);
    put_missing(f, o);
    put_beside(f, o);
    put_speed(f, o);
    put_folder(f, o);
    put_earlier(f, o);
    if (at_stream_close(f) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
