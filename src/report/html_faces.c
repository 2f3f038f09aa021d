/* html_faces.c - which face is which: where, when, how large, what it looks like; and each in a line. */
#include "report/html.h"
#include "report/png.h"

/* ---- one face -------------------------------------------------------------------------------- */

static void put_thumbnail(FILE *f, const at_thumbnail *t)
{
    fputs("<img src=\"", f);
    at_png_data_uri(f, t->rgb, t->side, t->side);
    fprintf(f, "\" width=\"%d\" height=\"%d\" alt=\"face %u at its clearest\">", 3 * t->side / 4,
            3 * t->side / 4, (unsigned)t->track);
}

/* "left, 108 px wide" */
static void put_where(FILE *f, const at_outcome *o, const at_subject *s)
{
    at_position at;

    if (at_place_mean(&s->place, o->info->width, o->info->height, &at))
        fprintf(f, "%s, %.0f&#160;px&#160;wide", at.words, at.width);
}

static void put_when(FILE *f, const at_subject *s)
{
    char from[AT_CLOCK_SIZE], to[AT_CLOCK_SIZE];

    fprintf(f, "%s&#8211;%s", at_text_clock(from, (double)s->first_us / 1e6, 1),
            at_text_clock(to, (double)s->last_us / 1e6, 1));
}

static void put_habit(FILE *f, const at_subject *s)
{
    char habit[AT_HABIT_SIZE], time[AT_NUMBER_SIZE];

    if (at_habit_words(habit, s->habit.offset))
        fprintf(
            f,
            "<p class=\"note\">Usual for face %u, whatever it shows, and taken out of its "
            "answers, on average: %s; known from %s. Figures are of the probability's logarithm: "
            "0.7 doubles or halves it.</p>\n",
            (unsigned)s->track, habit, at_html_duration(time, (double)s->habit.seconds));
}

/* The only one, in a sentence. */
static void only_face(const at_outcome *o, FILE *f)
{
    const at_subject *s = o->stats->face[0];
    const at_thumbnail *t = at_shown_thumbnail(o, s);

    fputs("<div class=\"face\">", f);
    if (t)
        put_thumbnail(f, t);
    fprintf(f, "<p>Face %u: ", (unsigned)s->track);
    put_where(f, o, s);
    if (!o->stats->still) {
        fputs(", seen from ", f);
        put_when(f, s);
    }
    fputs(".</p></div>\n", f);
    put_habit(f, s);
}

/* ---- several --------------------------------------------------------------------------------- */

static void topic_cell(FILE *f, const at_subject *s, at_topic t)
{
    const at_topic_stats *topic = &s->topic[t];
    int order[AT_CLASSES_MAX];
    int n = at_topic_ranked(topic, at_topic_classes(t), 0.05, order);
    char percent[AT_NUMBER_SIZE], range[AT_NUMBER_SIZE];

    fputs("<td>", f);
    if (!at_subject_enough(s, t)) {
        fputs("too little to say", f);
    } else if (s->enough_s <= 0) {
        fprintf(f, "%s %s", at_topic_class(t, order[0]),
                at_html_percent(percent, at_topic_mean(topic, order[0])));
    } else {
        for (int i = 0; i < n && i < 3; i++) {
            at_interval share = at_subject_share(s, t, order[i]);
            fprintf(f, "%s%s %s", i ? ", " : "", at_topic_class(t, order[i]),
                    at_html_percent(percent, share.value));
            if (i == 0)
                fprintf(f, " (%s)", at_html_interval(range, &share));
        }
    }
    fputs("</td>", f);
}

static void state_cell(FILE *f, const at_subject *s)
{
    fputs("<td>", f);
    if (!at_subject_enough(s, AT_TOPIC_STATE))
        fputs("too little to say", f);
    else
        at_html_states(f, s);
    fputs("</td>", f);
}

/* Of a moment there is no when and how long. */
static void time_cells(FILE *f, const at_subject *s)
{
    char time[AT_NUMBER_SIZE];

    fputs("<td class=\"n\">", f);
    put_when(f, s);
    fprintf(f, "</td><td class=\"n\">%s</td>",
            at_html_duration(time, s->track ? s->seen_s : s->heard_s));
    fprintf(f, "<td class=\"n\">%s</td>",
            at_html_duration(time, s->topic[AT_TOPIC_EXPRESSION].seconds));
}

static void subject_row(FILE *f, const at_outcome *o, const at_subject *s)
{
    const at_thumbnail *t = s->track ? at_shown_thumbnail(o, s) : NULL;
    char name[32];

    fputs("<tr><th scope=\"row\">", f);
    if (t)
        put_thumbnail(f, t);
    fprintf(f, "%s</th><td>", at_html_subject(name, s));
    put_where(f, o, s);
    fputs("</td>", f);
    if (!o->stats->still)
        time_cells(f, s);
    topic_cell(f, s, AT_TOPIC_EXPRESSION);
    topic_cell(f, s, AT_TOPIC_ENGAGEMENT);
    state_cell(f, s);
    fputs("</tr>\n", f);
}

static void table_head(FILE *f, const at_stats *s)
{
    fputs("<h2>Each face</h2>\n<div class=\"wide\"><table><tr><th></th><th>where</th>", f);
    if (!s->still)
        fputs("<th class=\"n\">when</th><th class=\"n\">there for</th>"
              "<th class=\"n\">rests on</th>",
              f);
    fputs("<th>expression</th><th>engagement</th><th>learning states</th></tr>\n", f);
}

static void table_notes(FILE *f, const at_stats *s)
{
    char count[AT_CLOCK_SIZE], least[AT_NUMBER_SIZE];
    int n = at_glimpses(s);

    if (n)
        fprintf(f, "<p class=\"note\">%s, %sseen for less than %s, %s no line.</p>\n",
                at_text_count(count, n, n < s->faces ? "more face" : "face"), n > 1 ? "each " : "",
                at_html_duration(least, AT_GLIMPSE_S), n > 1 ? "have" : "has");
    if (s->more_faces)
        fprintf(f,
                "<p class=\"note\">More than %d faces: the others are in the timeline alone.</p>\n",
                AT_FACES);
    fprintf(f,
            "<p class=\"note\">Where: in the picture as it is seen, with the width of the face. %s",
            s->still ? "Of each, what is likeliest, with its probability."
                     : "Share of the time in which the class was the likeliest, with its 95&#160;% "
                       "interval.");
    if (s->voice.heard_s > 0)
        fputs(" The voice: while it belonged to no face in view.", f);
    fputs("</p>\n", f);
}

static void each_face(const at_outcome *o, FILE *f)
{
    const at_stats *s = o->stats;

    table_head(f, s);
    for (int i = 0; i < s->faces; i++)
        if (!at_is_glimpse(s, s->face[i]))
            subject_row(f, o, s->face[i]);
    if (s->voice.heard_s > 0)
        subject_row(f, o, &s->voice);
    fputs("</table></div>\n", f);
    for (int i = 0; i < s->faces; i++)
        if (!at_is_glimpse(s, s->face[i]))
            put_habit(f, s->face[i]);
    table_notes(f, s);
}

void at_html_faces(const at_outcome *o, FILE *f)
{
    if (!at_one_person(o->stats))
        each_face(o, f);
    else if (o->stats->faces)
        only_face(o, f);
}
