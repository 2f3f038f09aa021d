/* html_still.c - the figures of a single picture: probabilities, without time. */
#include "report/html.h"
#include "report/plot.h"

static void class_row(FILE *f, const at_topic_stats *topic, at_topic t, const char *colour, int c)
{
    char percent[AT_NUMBER_SIZE];

    fprintf(f, "<tr><td><i class=\"%s%d\"></i>%s</td><td class=\"n\">%s</td>", colour, c,
            at_topic_class(t, c), at_html_percent(percent, at_topic_mean(topic, c)));
    at_html_bar(f, colour, c, at_topic_mean(topic, c));
    fputs("</tr>\n", f);
}

static void class_table(FILE *f, const at_subject *s, at_topic t, const char *title,
                        const char *colour, const int *order)
{
    if (!at_subject_enough(s, t))
        return;
    fprintf(f,
            "<section><h3>%s</h3>\n<div class=\"wide\"><table><tr><th>class</th>"
            "<th class=\"n\">probability</th><th class=\"bar\"></th></tr>\n",
            title);
    for (int k = at_topic_classes(t) - 1; k >= 0; k--)
        class_row(f, &s->topic[t], t, colour, order ? order[k] : k);
    fputs("</table></div></section>\n", f);
}

static void state_row(FILE *f, const at_subject *s, int state)
{
    at_topic t = (at_topic)(AT_TOPIC_STATE + state);
    char percent[AT_NUMBER_SIZE];

    fprintf(f, "<tr><td>%s</td><td class=\"n\">%.1f</td><td class=\"n\">%.1f &#177; %.1f</td>",
            attune_state_names[state], at_subject_level(s, state).value,
            (double)s->usual.mean[state], (double)s->usual.deviation[state]);
    for (int k = 0; k < ATTUNE_LEVELS; k++)
        fprintf(f, "<td class=\"n\">%s</td>",
                at_html_percent(percent, at_topic_mean(&s->topic[t], k)));
    fputs("</tr>\n", f);
}

static void state_table(FILE *f, const at_subject *s)
{
    if (!at_subject_enough(s, AT_TOPIC_STATE))
        return;
    fputs("<section><h3>Learning states</h3>\n<div class=\"wide\"><table><tr><th>state</th>"
          "<th class=\"n\">expected level</th><th class=\"n\">usual</th>",
          f);
    for (int k = 0; k < ATTUNE_LEVELS; k++)
        fprintf(f, "<th class=\"n\">%s (%d)</th>", attune_level_names[k], k);
    fputs("</tr>\n", f);
    for (int i = 0; i < ATTUNE_STATES; i++)
        state_row(f, s, i);
    fputs("</table></div>\n<p class=\"note\">Levels from 0 to 3 with their probabilities; usual: "
          "mean and deviation over the clips that the model learned the states from. One picture "
          "tells little of a state.</p></section>\n",
          f);
}

static void movement_row(FILE *f, const at_movement_sums *s, int m)
{
    char percent[AT_NUMBER_SIZE];
    int au = at_movement_au(m);

    fprintf(f, "<tr><td>%s</td><td class=\"n\">", at_movements[m].words);
    if (au)
        fprintf(f, "%d", au);
    fprintf(f, "</td><td class=\"n\">%s</td>", at_html_percent(percent, at_movement_mean(s, m)));
    at_html_bar(f, "cm", -1, at_movement_mean(s, m));
    fputs("</tr>\n", f);
}

static void movement_table(FILE *f, const at_movement_sums *s)
{
    int chosen[AT_MOVEMENTS_SHOWN], n = at_movements_made(s, chosen);

    if (!n)
        return;
    fputs("<section><h3>Facial movements</h3>\n<div class=\"wide\"><table><tr><th>movement</th>"
          "<th class=\"n\">action unit</th><th class=\"n\">made</th><th class=\"bar\"></th></tr>\n",
          f);
    for (int i = 0; i < n; i++)
        movement_row(f, s, chosen[i]);
    fputs(
        "</table></div>\n<p class=\"note\">Those that are made most clearly, in per cent of fully "
        "made; left and right are the person's own. All are in the timeline.</p></section>\n",
        f);
}

void at_html_still(const at_outcome *o, FILE *f)
{
    const at_stats *s = o->stats;
    char name[32];

    for (int i = 0; i < s->faces && i < AT_SUBJECTS_TABLED; i++) {
        const at_subject *face = s->face[i];
        if (!at_subject_enough(face, AT_TOPIC_EXPRESSION))
            continue;
        fprintf(f, "<h2>In numbers: %s</h2>\n", at_html_subject(name, face));
        class_table(f, face, AT_TOPIC_EXPRESSION, "Perceived expression", "e",
                    at_plot_emotion_order);
        class_table(f, face, AT_TOPIC_ENGAGEMENT, "Engagement", "g", NULL);
        state_table(f, face);
        movement_table(f, &face->movements);
    }
}
