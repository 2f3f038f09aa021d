/* html_tables.c - shares, states and gaps in numbers. */
#include "report/html.h"
#include "report/plot.h"

#include <math.h>

/* ---- shares -------------------------------------------------------------------------------- */

static void stretch_cell(FILE *f, const at_stretch *s)
{
    fputs("<td>", f);
    if (s->end_us > s->start_us)
        at_html_stretch(f, s);
    else
        fputs("&#8211;", f);
    fputs("</td>", f);
}

static void share_row(FILE *f, const at_subject *s, at_topic t, const char *colour, int c)
{
    const at_topic_stats *topic = &s->topic[t];
    at_interval share = at_subject_share(s, t, c);
    char percent[AT_NUMBER_SIZE], range[AT_NUMBER_SIZE];

    fprintf(f,
            "<tr><td><i class=\"%s%d\"></i>%s</td><td class=\"n\">%s</td><td class=\"n\">%s</td>",
            colour, c, at_topic_class(t, c), at_html_percent(percent, share.value),
            at_html_interval(range, &share));
    at_html_bar(f, colour, c, share.value);
    fprintf(f, "<td class=\"n mean\">%.2f</td>", at_topic_mean(topic, c));
    stretch_cell(f, &topic->longest[c]);
    fputs("</tr>\n", f);
}

static void share_table(FILE *f, const at_subject *s, at_topic t, const char *title,
                        const char *colour, const int *order)
{
    char time[AT_NUMBER_SIZE];

    if (!at_subject_enough(s, t))
        return;
    fprintf(f,
            "<section><h3>%s, of %s</h3>\n<div class=\"wide\"><table><tr><th>class</th>"
            "<th class=\"n\">likeliest in</th><th class=\"n\">95&#160;%% interval</th>"
            "<th class=\"bar\"></th><th class=\"n mean\">mean probability</th>"
            "<th>longest stretch</th></tr>\n",
            title, at_html_duration(time, s->topic[t].seconds));
    for (int k = at_topic_classes(t) - 1; k >= 0; k--)
        share_row(f, s, t, colour, order ? order[k] : k);
    fputs("</table></div></section>\n", f);
}

/* ---- states --------------------------------------------------------------------------------- */

static void state_row(FILE *f, const at_subject *s, int state)
{
    at_interval level = at_subject_level(s, state);
    at_topic t = (at_topic)(AT_TOPIC_STATE + state);
    char percent[AT_NUMBER_SIZE], range[AT_NUMBER_SIZE];

    fprintf(f,
            "<tr><td>%s</td><td class=\"n\">%.1f</td><td class=\"n\">%s</td>"
            "<td class=\"n\">%.1f &#177; %.1f</td>",
            attune_state_names[state], level.value, at_html_levels(range, &level),
            (double)s->usual.mean[state], (double)s->usual.deviation[state]);
    for (int k = 0; k < ATTUNE_LEVELS; k++)
        fprintf(f, "<td class=\"n\">%s</td>",
                at_html_percent(percent, at_subject_share(s, t, k).value));
    fputs("</tr>\n", f);
}

static void state_table(FILE *f, const at_subject *s)
{
    if (!at_subject_enough(s, AT_TOPIC_STATE))
        return;
    fputs("<section><h3>Learning states</h3>\n<div class=\"wide\"><table><tr><th>state</th>"
          "<th class=\"n\">mean level</th><th class=\"n\">95&#160;% interval</th>"
          "<th class=\"n\">usual</th>",
          f);
    for (int k = 0; k < ATTUNE_LEVELS; k++)
        fprintf(f, "<th class=\"n\">%s (%d)</th>", attune_level_names[k], k);
    fputs("</tr>\n", f);
    for (int i = 0; i < ATTUNE_STATES; i++)
        state_row(f, s, i);
    fputs(
        "</table></div>\n<p class=\"note\">Levels from 0 to 3, and the share of the time in which "
        "each was the likeliest. Usual: mean and deviation over the clips that the model learned "
        "the states from; a state is called unusual where its level lies further than that "
        "deviation from the mean for at least two windows' length. Engagement is told twice, "
        "since two collections of labelled video define it: as a level like the other states "
        "(DAiSEE), and as one of three classes (disengaged, partial, engaged: WACV 2016). The "
        "two need not agree.</p></section>\n",
        f);
}

/* ---- gaps ------------------------------------------------------------------------------------ */

static void gap_row(FILE *f, const char *what, const at_presence *p)
{
    char time[AT_NUMBER_SIZE], percent[AT_NUMBER_SIZE];

    fprintf(f, "<tr><td>%s</td><td class=\"n\">%s</td><td class=\"n\">%s</td>", what,
            at_html_duration(time, p->total_s - p->there_s),
            at_html_percent(percent, 1 - at_presence_share(p)));
    stretch_cell(f, &p->longest);
    fputs("</tr>\n", f);
}

static void gap_table(const at_outcome *o, FILE *f)
{
    const at_stats *s = o->stats;

    fputs("<section><h3>What was missing</h3>\n<div class=\"wide\"><table><tr><th></th>"
          "<th class=\"n\">time</th><th class=\"n\">share</th><th>longest stretch</th></tr>\n",
          f);
    if (o->info->has_video)
        gap_row(f, "no face", &s->presence[ATTUNE_FACE]);
    if (o->info->has_audio)
        gap_row(f, "no usable voice", &s->presence[ATTUNE_VOICE]);
    gap_row(f, "estimate withheld", &s->estimate);
    fprintf(
        f,
        "</table></div>\n<p class=\"note\">Counted in steps of %.3g s. A stretch without a face is "
        "one in which it was found in less than half of each step's frames; a voice counts as "
        "there in a step if it was heard in a fifth of it.</p></section>\n",
        o->setup->session.hop_s);
}

static void subject_tables(FILE *f, const at_subject *s)
{
    share_table(f, s, AT_TOPIC_EXPRESSION, "Perceived expression", "e", at_plot_emotion_order);
    share_table(f, s, AT_TOPIC_ENGAGEMENT, "Engagement", "g", NULL);
    state_table(f, s);
}

void at_html_tables(const at_outcome *o, FILE *f)
{
    const at_stats *s = o->stats;
    char name[32];
    int tabled = 0;

    fputs("<h2>Shares and longest stretches</h2>\n", f);
    gap_table(o, f);
    if (at_one_at_a_time(s))
        subject_tables(f, &s->all);
    for (int i = 0; i < s->faces && tabled < AT_SUBJECTS_TABLED && !at_one_at_a_time(s); i++) {
        if (!at_subject_enough(s->face[i], AT_TOPIC_EXPRESSION))
            continue;
        fprintf(f, "<h2>Shares: %s</h2>\n", at_html_subject(name, s->face[i]));
        subject_tables(f, s->face[i]);
        tabled++;
    }
}
