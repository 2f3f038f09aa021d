#include "report/brief.h"

#include "report/sinks.h"
#include "report/text.h"

#include <stdio.h>
#include <stdlib.h>

static void label(FILE *f, const char *text)
{
    fprintf(f, "  %-12s ", text);
}

/* "neutral 62 % (40-79 %), happy 20 %" */
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
            fprintf(f, " (%.0f-%.0f %%)", 100 * share.low, 100 * share.high);
    }
}

/* Of one picture: "neutral 89 %, sad 7 %". */
static void put_probabilities(FILE *f, const at_subject *s, at_topic t)
{
    const at_topic_stats *topic = &s->topic[t];
    char percent[AT_CLOCK_SIZE];
    int most = at_topic_most(topic);

    fprintf(f, "%s %s", at_topic_class(t, most),
            at_text_percent(percent, at_topic_mean(topic, most)));
    for (int c = 0; c < at_topic_classes(t); c++)
        if (c != most && at_topic_mean(topic, c) >= 0.05)
            fprintf(f, ", %s %s", at_topic_class(t, c),
                    at_text_percent(percent, at_topic_mean(topic, c)));
}

static void put_topic(FILE *f, const at_subject *s, at_topic t)
{
    const at_topic_stats *topic = &s->topic[t];
    char time[AT_CLOCK_SIZE];

    if (!at_subject_enough(s, t)) {
        fprintf(f, "too little to say (%s)", at_text_duration(time, topic->seconds));
        return;
    }
    if (s->enough_s <= 0) {
        put_probabilities(f, s, t);
        return;
    }
    put_shares(f, s, t);
    fprintf(f, "; rests on %s", at_text_duration(time, topic->seconds));
}

/* "boredom higher than usual (+0.8 levels, 0:41 to 1:02)", "nothing unusual" */
static void put_states(FILE *f, const at_subject *s)
{
    int n = 0;

    if (!at_subject_enough(s, AT_TOPIC_STATE)) {
        fputs("too little to say", f);
        return;
    }
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

static void put_one(FILE *f, const at_subject *s)
{
    label(f, "expression");
    put_topic(f, s, AT_TOPIC_EXPRESSION);
    fputc('\n', f);
    if (s->topic[AT_TOPIC_ENGAGEMENT].seconds <= 0)
        return;
    label(f, "engagement");
    put_topic(f, s, AT_TOPIC_ENGAGEMENT);
    fputc('\n', f);
    label(f, "states");
    put_states(f, s);
    fputc('\n', f);
}

static void put_row(FILE *f, const char *name, const at_subject *s)
{
    label(f, name);
    put_topic(f, s, AT_TOPIC_EXPRESSION);
    if (at_subject_enough(s, AT_TOPIC_STATE)) {
        fputs("; engagement ", f);
        put_shares(f, s, AT_TOPIC_ENGAGEMENT);
        fputs("; ", f);
        put_states(f, s);
    }
    fputc('\n', f);
}

static void put_each(FILE *f, const at_stats *s)
{
    char name[32];

    for (int i = 0; i < s->faces; i++) {
        snprintf(name, sizeof name, "face %u", (unsigned)s->face[i]->track);
        put_row(f, name, s->face[i]);
    }
    if (s->voice.heard_s > 0)
        put_row(f, "voice alone", &s->voice);
}

static void put_first_line(FILE *f, const at_outcome *o)
{
    const at_presence *p = o->stats->presence;
    char time[AT_CLOCK_SIZE], there[AT_CLOCK_SIZE], percent[AT_CLOCK_SIZE], name[512];

    fprintf(f, "%s: %s", at_text_clean(name, sizeof name, o->setup->input),
            at_text_duration(time, o->info->duration_s));
    for (int m = 0; m < ATTUNE_MODALITIES; m++) {
        if (m == ATTUNE_FACE ? o->info->has_video : o->info->has_audio) {
            fprintf(f, ", %s for %s (%s)", m == ATTUNE_FACE ? "a face" : "a usable voice",
                    at_text_duration(there, p[m].there_s),
                    at_text_percent(percent, at_presence_share(&p[m])));
        }
    }
    fputc('\n', f);
}

static void put_missing(FILE *f, const at_outcome *o)
{
    const at_presence *given = &o->stats->estimate;
    char time[AT_CLOCK_SIZE], clean[512];

    if (given->total_s > given->there_s) {
        label(f, "withheld");
        fprintf(f, "%s: too little to go on\n",
                at_text_duration(time, given->total_s - given->there_s));
    }
    if (!o->info->has_video || !o->info->has_audio) {
        const attune_options *asked = &o->setup->session;
        label(f, asked->no_video || asked->no_audio ? "left out" : "missing");
        fprintf(f, "%s\n", o->info->has_video ? "sound" : "picture");
    }
    if (o->info->truncated) {
        label(f, "truncated");
        fprintf(f, "%s\n", at_text_clean(clean, sizeof clean, o->info->truncated_reason));
    }
    if (o->interrupted) {
        label(f, "interrupted");
        fputs("stopped early; this is what was done until then\n", f);
    }
}

/* The page if there is one, else the folder. */
static void put_place(FILE *f, const at_outcome *o)
{
    char clean[1024];

    if (!o->setup->dir)
        return;
    at_text_clean(clean, sizeof clean, o->setup->dir);
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
    char time[AT_CLOCK_SIZE], factor[AT_CLOCK_SIZE];
    int failed;

    if (!f)
        return NULL;
    put_first_line(f, o);
    if (at_one_at_a_time(o->stats))
        put_one(f, &o->stats->all);
    if (!at_one_person(o->stats))
        put_each(f, o->stats);
    put_missing(f, o);
    label(f, "speed");
    fprintf(f, "%s in %.1f s, %s times real time\n", at_text_duration(time, o->info->duration_s),
            o->info->elapsed_s, at_text_factor(factor, at_realtime_factor(o->info)));
    put_place(f, o);
    failed = ferror(f);
    if (fclose(f) != 0 || failed) {
        free(text);
        return NULL;
    }
    return text;
}
