/* pdf_tables.c - shares, states and gaps in numbers, for report.pdf. */
#include "report/pdf.h"
#include "report/plot.h"
#include "report/text.h"

#include <stdio.h>

enum { ROW = 13, COLUMNS = 8, TABLED = 4 /* faces whose shares have tables of their own */ };

static const at_type head_type = {8, 1, AT_SOFT};

/* Columns by their left ends, or their right ends where they are numbers. */
typedef struct at_grid {
    int n;
    double x[COLUMNS];
    int right[COLUMNS];
} at_grid;

static void put_row(at_page *p, const at_grid *g, const at_type *type, const char *const *cell)
{
    at_page_room(p, ROW);
    for (int i = 0; i < g->n; i++)
        at_paint_text(p->cr, type, AT_PAGE_LEFT + g->x[i], p->y + type->size, g->right[i], cell[i]);
    p->y += ROW;
    at_paint_box(p->cr, AT_PAGE_LEFT, p->y - 1.5, AT_PAGE_WIDTH, 0.4, AT_LINE);
}

static const char *stretch_text(char *out, size_t size, const at_stretch *s)
{
    char time[AT_CLOCK_SIZE], from[AT_CLOCK_SIZE], to[AT_CLOCK_SIZE];
    const int tenths = s->end_us < INT64_C(600000000);

    snprintf(out, size, "\xe2\x80\x93");
    if (s->end_us > s->start_us)
        snprintf(out, size, "%s (%s\xe2\x80\x93%s)",
                 at_text_duration(time, (double)(s->end_us - s->start_us) / 1e6),
                 at_text_clock(from, (double)s->start_us / 1e6, tenths),
                 at_text_clock(to, (double)s->end_us / 1e6, tenths));
    return out;
}

/* ---- gaps ----------------------------------------------------------------------------------- */

static void put_gap(at_page *p, const at_grid *g, const char *what, const at_presence *presence)
{
    char time[AT_CLOCK_SIZE], percent[AT_CLOCK_SIZE], stretch[3 * AT_CLOCK_SIZE];
    const char *const cells[] = {what,
                                 at_text_duration(time, presence->total_s - presence->there_s),
                                 at_text_percent(percent, 1 - at_presence_share(presence)),
                                 stretch_text(stretch, sizeof stretch, &presence->longest)};

    put_row(p, g, &at_page_plain, cells);
}

static void put_gaps(at_page *p, const at_outcome *o)
{
    static const at_grid g = {4, {0, 230, 290, 310}, {0, 1, 1, 0}};
    static const char *const head[] = {"", "time", "share", "longest stretch"};

    at_page_heading(p, "What was missing", 4 * ROW);
    put_row(p, &g, &head_type, head);
    if (o->info->has_video)
        put_gap(p, &g, "no face", &o->stats->presence[ATTUNE_FACE]);
    if (o->info->has_audio)
        put_gap(p, &g, "no usable voice", &o->stats->presence[ATTUNE_VOICE]);
    put_gap(p, &g, "estimate withheld", &o->stats->estimate);
}

/* ---- shares --------------------------------------------------------------------------------- */

static void put_share(at_page *p, const at_grid *g, const at_subject *s, at_topic t, int c,
                      at_colour colour)
{
    const at_interval share = at_subject_share(s, t, c);
    char percent[AT_CLOCK_SIZE], range[48], mean[16], stretch[3 * AT_CLOCK_SIZE];
    const char *const cells[] = {at_topic_class(t, c), at_text_percent(percent, share.value), range,
                                 mean,
                                 stretch_text(stretch, sizeof stretch, &s->topic[t].longest[c])};

    snprintf(range, sizeof range, "%.0f\xe2\x80\x93%.0f %%", 100 * share.low, 100 * share.high);
    snprintf(mean, sizeof mean, "%.2f", at_topic_mean(&s->topic[t], c));
    at_page_room(p, ROW);
    at_paint_box(p->cr, AT_PAGE_LEFT, p->y + 2, 8, 8, colour);
    at_paint_box(p->cr, AT_PAGE_LEFT + 228, p->y + 2, 72 * share.value, 8, colour);
    put_row(p, g, &at_page_plain, cells);
}

static void put_shares(at_page *p, const at_subject *s, at_topic t, const char *title,
                       const at_paint *paint, const int *order)
{
    static const at_grid g = {5, {13, 140, 215, 350, 370}, {0, 1, 1, 1, 0}};
    static const char *const head[] = {"class", "likeliest in", "95 % interval", "mean",
                                       "longest stretch"};
    char text[120], time[AT_CLOCK_SIZE];

    if (!at_subject_enough(s, t))
        return;
    snprintf(text, sizeof text, "%s, of %s", title, at_text_duration(time, s->topic[t].seconds));
    at_page_heading(p, text, (at_topic_classes(t) + 1) * ROW);
    put_row(p, &g, &head_type, head);
    for (int k = at_topic_classes(t) - 1; k >= 0; k--) {
        const int c = order ? order[k] : k;
        put_share(p, &g, s, t, c, paint[c].fill);
    }
}

/* ---- states --------------------------------------------------------------------------------- */

static void put_state(at_page *p, const at_grid *g, const at_subject *s, int state)
{
    const at_interval level = at_subject_level(s, state);
    const at_topic t = (at_topic)(AT_TOPIC_STATE + state);
    char mean[16], range[48], usual[48], share[ATTUNE_LEVELS][AT_CLOCK_SIZE];
    const char *cells[4 + ATTUNE_LEVELS] = {attune_state_names[state], mean, range, usual};

    snprintf(mean, sizeof mean, "%.1f", level.value);
    snprintf(range, sizeof range, "%.1f\xe2\x80\x93%.1f", level.low, level.high);
    snprintf(usual, sizeof usual, "%.1f \xc2\xb1 %.1f", (double)s->usual.mean[state],
             (double)s->usual.deviation[state]);
    for (int k = 0; k < ATTUNE_LEVELS; k++)
        cells[4 + k] = at_text_percent(share[k], at_subject_share(s, t, k).value);
    put_row(p, g, &at_page_plain, cells);
}

static void put_states(at_page *p, const at_subject *s)
{
    static const at_grid g = {
        4 + ATTUNE_LEVELS, {0, 115, 185, 250, 318, 382, 446, 510}, {0, 1, 1, 1, 1, 1, 1, 1}};
    const char *head[4 + ATTUNE_LEVELS] = {"state", "mean level", "95 % interval", "usual"};

    if (!at_subject_enough(s, AT_TOPIC_STATE))
        return;
    for (int k = 0; k < ATTUNE_LEVELS; k++)
        head[4 + k] = attune_level_names[k];
    at_page_heading(p, "Learning states, levels 0 to 3", (ATTUNE_STATES + 1) * ROW);
    put_row(p, &g, &head_type, head);
    for (int i = 0; i < ATTUNE_STATES; i++)
        put_state(p, &g, s, i);
}

static void put_subject(at_page *p, const at_subject *s, const char *of)
{
    char title[64];

    snprintf(title, sizeof title, "Perceived expression%s", of);
    put_shares(p, s, AT_TOPIC_EXPRESSION, title, at_paint_emotion, at_plot_emotion_order);
    snprintf(title, sizeof title, "Engagement%s", of);
    put_shares(p, s, AT_TOPIC_ENGAGEMENT, title, at_paint_engagement, NULL);
    put_states(p, s);
}

void at_page_tables(at_page *p, const at_outcome *o)
{
    const at_stats *s = o->stats;
    char of[32];
    int tabled = 0;

    put_gaps(p, o);
    if (at_one_at_a_time(s))
        put_subject(p, &s->all, "");
    for (int i = 0; i < s->faces && tabled < TABLED && !at_one_at_a_time(s); i++) {
        if (!at_subject_enough(s->face[i], AT_TOPIC_EXPRESSION))
            continue;
        snprintf(of, sizeof of, " of face %u", (unsigned)s->face[i]->track);
        put_subject(p, s->face[i], of);
        tabled++;
    }
}
