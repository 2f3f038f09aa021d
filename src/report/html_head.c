/* html_head.c - the top of the page: key figures, and what they mean in words. */
#include "report/html.h"
#include "report/plot.h"

#include <math.h>

/* ---- tiles --------------------------------------------------------------------------------- */

/* What stands under the figure is written by the caller, and closed by end_tile. */
static void tile(FILE *f, const char *value)
{
    fprintf(f, "<li><b>%s</b><span>", value);
}

static void end_tile(FILE *f)
{
    fputs("</span></li>", f);
}

static void lack_tile(FILE *f, const at_subject *s, at_topic t)
{
    char time[AT_NUMBER_SIZE], least[AT_NUMBER_SIZE];
    double seconds = s->topic[t].seconds;

    tile(f, seconds > 0 ? "too little to say" : "nothing to go on");
    fputs(at_topic_name(t), f);
    if (seconds > 0)
        fprintf(f, ": %s of evidence, under %s", at_html_duration(time, seconds),
                at_html_duration(least, AT_ENOUGH_S));
    end_tile(f);
}

static void topic_tile(FILE *f, const at_subject *s, at_topic t)
{
    const at_topic_stats *topic = &s->topic[t];
    int most = at_topic_most(topic);
    char percent[AT_NUMBER_SIZE], range[AT_NUMBER_SIZE], time[AT_NUMBER_SIZE];
    at_interval share;

    if (most < 0 || !at_subject_enough(s, t)) {
        lack_tile(f, s, t);
        return;
    }
    tile(f, at_topic_class(t, most));
    share = at_subject_share(s, t, most);
    if (s->enough_s <= 0)
        fprintf(f, "likeliest %s: %s", at_topic_name(t),
                at_html_percent(percent, at_topic_mean(topic, most)));
    else
        fprintf(f, "most frequent %s: %s (%s) of %s", at_topic_name(t),
                at_html_percent(percent, share.value), at_html_interval(range, &share),
                at_html_duration(time, topic->seconds));
    end_tile(f);
}

static void state_tile(FILE *f, const at_subject *s)
{
    const at_departure *best = NULL;
    char text[64], from[AT_CLOCK_SIZE];
    int state = 0;

    for (int i = 0; i < ATTUNE_STATES; i++) {
        const at_departure *d = at_subject_unusual(s, i);
        if (d && (!best || d->seconds > best->seconds)) {
            best = d;
            state = i;
        }
    }
    if (!best) {
        tile(f, "nothing unusual");
        fputs("learning states", f);
    } else {
        snprintf(text, sizeof text, "%s %s", attune_state_names[state],
                 at_departure_levels(best) > 0 ? "higher" : "lower");
        tile(f, text);
        fprintf(f, "than usual: %+.1f levels, from %s", at_departure_levels(best),
                at_text_clock(from, (double)best->when.start_us / 1e6, 0));
    }
    end_tile(f);
}

/* stream: "picture" or "sound", whether it is there or not. */
static void presence_tile(FILE *f, const at_presence *p, int there, const char *stream,
                          const char *what)
{
    char time[AT_NUMBER_SIZE], percent[AT_NUMBER_SIZE], none[32];

    snprintf(none, sizeof none, "no %s", there ? what : stream);
    if (there && p->there_s > 0) {
        tile(f, at_html_duration(time, p->there_s));
        fprintf(f, "with a %s, %s", what, at_html_percent(percent, at_presence_share(p)));
    } else {
        tile(f, none);
        fputs(there ? "at any time" : "in this input", f);
    }
    end_tile(f);
}

static void faces_tile(FILE *f, const at_stats *s)
{
    char count[AT_CLOCK_SIZE], text[64];

    snprintf(text, sizeof text, "%s%s", at_text_count(count, s->faces, "face"),
             s->more_faces ? " and more" : "");
    tile(f, s->faces ? text : "no face");
    fputs(at_one_person(s) ? "in the picture" : "see their lines below", f);
    end_tile(f);
}

static void whole_tiles(const at_outcome *o, FILE *f)
{
    const at_subject *all = &o->stats->all;

    topic_tile(f, all, AT_TOPIC_EXPRESSION);
    if (!o->info->has_video || !at_subject_enough(all, AT_TOPIC_EXPRESSION))
        return;
    topic_tile(f, all, AT_TOPIC_ENGAGEMENT);
    if (!o->stats->still && at_subject_enough(all, AT_TOPIC_STATE))
        state_tile(f, all);
}

static void presence_tiles(const at_outcome *o, FILE *f)
{
    const at_stats *s = o->stats;

    presence_tile(f, &s->presence[ATTUNE_FACE], o->info->has_video, "picture", "face in view");
    presence_tile(f, &s->presence[ATTUNE_VOICE], o->info->has_audio, "sound", "usable voice");
    presence_tile(f, &s->estimate, 1, "", "given estimate");
}

static void tiles(const at_outcome *o, FILE *f)
{
    const at_stats *s = o->stats;

    fputs("<ul class=\"tiles\">", f);
    if (at_one_at_a_time(s))
        whole_tiles(o, f);
    if (s->still || !at_one_person(s))
        faces_tile(f, s);
    if (!s->still)
        presence_tiles(o, f);
    fputs("</ul>\n", f);
}

/* ---- in words ------------------------------------------------------------------------------ */

static void expression_words(const at_subject *s, FILE *f)
{
    const at_topic_stats *tally = &s->topic[AT_TOPIC_EXPRESSION];
    char percent[AT_NUMBER_SIZE], range[AT_NUMBER_SIZE], time[AT_NUMBER_SIZE];
    int order[AT_CLASSES_MAX];
    int n = at_topic_ranked(tally, ATTUNE_EMOTIONS, 0.05, order);
    at_interval share;

    if (!n || !at_subject_enough(s, AT_TOPIC_EXPRESSION)) {
        if (tally->seconds > 0)
            fprintf(f,
                    "<p><strong>Too little to say of the expression</strong>: there is an estimate "
                    "for %s, and nothing is said of less than %s.</p>\n",
                    at_html_duration(time, tally->seconds), at_html_duration(range, AT_ENOUGH_S));
        return;
    }
    share = at_subject_share(s, AT_TOPIC_EXPRESSION, order[0]);
    fprintf(f,
            "<p>The perceived expression was most often <strong>%s</strong>: %s of the %s with "
            "evidence (95&#160;%% interval %s)",
            attune_emotion_names[order[0]], at_html_percent(percent, share.value),
            at_html_duration(time, tally->seconds), at_html_interval(range, &share));
    for (int i = 1; i < n && i < 4; i++) {
        fprintf(f, "%s%s (%s)", i == 1 ? ", then " : ", ", attune_emotion_names[order[i]],
                at_html_percent(percent, tally->likeliest[order[i]] / tally->seconds));
    }
    fprintf(f, ". The longest stretch of %s lasted ", attune_emotion_names[order[0]]);
    at_html_stretch(f, &tally->longest[order[0]]);
    fputs(".</p>\n", f);
}

/* Who the words are about. */
static void whose_words(const at_stats *s, FILE *f)
{
    if (!at_one_person(s))
        fprintf(f,
                "<p>%d faces were in view, one after another; who was there for longer than a "
                "glimpse has a line below. Here they are taken together.</p>\n",
                s->faces);
}

static void state_words(const at_subject *s, FILE *f)
{
    const at_topic_stats *tally = &s->topic[AT_TOPIC_ENGAGEMENT];
    int best = at_topic_most(tally);
    char percent[AT_NUMBER_SIZE], range[AT_NUMBER_SIZE], time[AT_NUMBER_SIZE];
    at_interval share;

    if (best < 0 || !at_subject_enough(s, AT_TOPIC_STATE))
        return;
    share = at_subject_share(s, AT_TOPIC_ENGAGEMENT, best);
    fprintf(f,
            "<p>Judging by the face, engagement looked <strong>%s</strong> in %s (%s) of %s. "
            "Against the people that the model learned learning states from: <strong>",
            attune_engagement_names[best], at_html_percent(percent, share.value),
            at_html_interval(range, &share), at_html_duration(time, tally->seconds));
    at_html_unusual(f, s);
    fputs("</strong>.</p>\n", f);
}

/* what: "A face was in view" for so long; never: "No face was in view". */
static void absence_words(const at_presence *p, const char *what, const char *never, FILE *f)
{
    char time[AT_NUMBER_SIZE], total[AT_NUMBER_SIZE];

    if (p->there_s <= 0) {
        fprintf(f, "<strong>%s</strong>. ", never);
        return;
    }
    fprintf(f, "%s for %s of %s", what, at_html_duration(time, p->there_s),
            at_html_duration(total, p->total_s));
    if (p->longest.end_us > p->longest.start_us) {
        fputs("; the longest time without one was ", f);
        at_html_stretch(f, &p->longest);
    }
    fputs(". ", f);
}

static void stream_words(const at_outcome *o, FILE *f)
{
    const at_stats *s = o->stats;
    int said = s->estimate.there_s > 0;

    if (o->info->has_video)
        absence_words(&s->presence[ATTUNE_FACE], "A face was in view", "No face was in view", f);
    else
        fprintf(f, "<strong>No picture was looked at</strong>%s. ",
                said ? ": what is said rests on the voice" : "");
    if (o->info->has_audio)
        absence_words(&s->presence[ATTUNE_VOICE], "A usable voice was heard",
                      "No usable voice was heard", f);
    else
        fprintf(f, "<strong>No sound was listened to</strong>%s. ",
                said ? ": what is said rests on the face" : "");
}

static void missing_words(const at_outcome *o, FILE *f)
{
    const at_stats *s = o->stats;
    double withheld = s->estimate.total_s - s->estimate.there_s;
    char time[AT_NUMBER_SIZE];

    fputs("<p>", f);
    if (!s->still)
        stream_words(o, f);
    else if (s->faces)
        fputs("This is a single picture: the figures are probabilities, of this moment alone. ", f);
    else
        fputs("<strong>No face was found in this picture</strong>. ", f);
    if (s->estimate.there_s <= 0)
        fputs(
            "<strong>No estimate is given</strong>: there was too little to go on, or no expression was "
            "likely enough.",
            f);
    else if (withheld > 0 && !s->still)
        fprintf(
            f,
            "<strong>No estimate is given for %s</strong>: there was too little to go on, or no "
            "expression was likely enough. That "
            "time is hatched below and counts nowhere else.",
            at_html_duration(time, withheld));
    fputs("</p>\n", f);
}

void at_html_warnings(const at_outcome *o, FILE *f)
{
    if (o->info->truncated) {
        fputs("<p class=\"warn\">The input ended early and was analysed as far as it goes: ", f);
        at_text_html(f, o->info->truncated_reason);
        fputs("</p>\n", f);
    }
    for (int i = 0; i < o->info->n_notes; i++) {
        fputs("<p class=\"warn\">How the input was taken: ", f);
        at_text_html(f, o->info->note[i]);
        fputs(".</p>\n", f);
    }
    if (o->interrupted) {
        fputs("<p class=\"warn\">The analysis was stopped before the end of the input; this is "
              "what was done until then.</p>\n",
              f);
    }
}

void at_html_input(const at_outcome *o, FILE *f)
{
    const attune_input_info *info = o->info;
    char time[AT_NUMBER_SIZE], frames[AT_CLOCK_SIZE], windows[AT_CLOCK_SIZE];

    fprintf(f, "<p class=\"sub\">%s",
            o->stats->still ? "a picture" : at_html_duration(time, info->duration_s));
    if (info->has_video)
        fprintf(f, ", %d &#215; %d pixels", info->width, info->height);
    if (info->has_video && !o->stats->still)
        fprintf(f, ", %s analysed", at_text_count(frames, info->counts.frames, "frame"));
    if (!o->stats->still)
        fprintf(f, ", %s", at_text_count(windows, o->stats->windows, "window"));
    fputs("</p>\n", f);
}

void at_html_head(const at_outcome *o, FILE *f)
{
    char name[512];

    at_text_basename(name, sizeof name, o->setup->input);
    at_html_open(f, name, !o->stats->still, at_shows_thumbnails(o));
    at_plot_defs(f);
    fputs("<p class=\"brand\">attune report</p>\n<h1>", f);
    at_text_html(f, name);
    fputs("</h1>\n", f);
    at_html_input(o, f);
    tiles(o, f);
    if (at_one_at_a_time(o->stats) && !o->stats->still) {
        whose_words(o->stats, f);
        expression_words(&o->stats->all, f);
        state_words(&o->stats->all, f);
    }
    missing_words(o, f);
    at_html_warnings(o, f);
    fprintf(f, "<p class=\"note\">%s</p>\n", at_notice_meaning);
}
