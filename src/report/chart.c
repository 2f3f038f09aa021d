#include "report/chart.h"

#include "report/plot.h"
#include "report/text.h"

#include <math.h>
#include <string.h>

enum { GAP = 4, AXIS_HEIGHT = 16 };

static const at_type label_type = {7.5, 0, AT_SOFT}, title_type = {7.5, 1, AT_INK};
static const at_type small_type = {6, 0, AT_SOFT}, heading_type = {9, 1, AT_INK};

static const int plain_order[] = {0, 1, 2};

/* What bands are made of. */
typedef struct at_bands {
    const char *title;
    int n;
    const int *order; /* from below */
    at_bin_value value;
    const at_paint *paint;
    const char *const *names;
} at_bands;

/* ---- a lane --------------------------------------------------------------------------------- */

at_chart at_chart_of(cairo_t *cr, const at_stats *s, int l, double left, double y, double width)
{
    return (at_chart){.cr = cr,
                      .r = at_rows_of(s, l, NULL),
                      .x = left + AT_CHART_LABEL,
                      .y = y,
                      .w = width - AT_CHART_LABEL - AT_CHART_VALUE};
}

static double bin_x(const at_chart *c, int bin)
{
    return c->x + c->w * fmin((double)bin * (double)c->r.s->bin_us / c->r.length_us, 1);
}

int at_chart_has_states(const at_chart *c)
{
    for (int i = 0; i < c->r.bins; i++)
        if (c->r.lane->bin[i].with_state)
            return 1;
    return 0;
}

void at_chart_heading(at_chart *c, const char *text)
{
    c->y += heading_type.size + 6;
    at_paint_text(c->cr, &heading_type, c->x - AT_CHART_LABEL, c->y, 0, text);
    c->y += 6;
}

/* ---- shapes --------------------------------------------------------------------------------- */

/* A stepped area from the bottom up to top[bin] (below c->y; NaN interrupts it). */
static void area(const at_chart *c, const double *top, double height, at_colour colour)
{
    int inside = 0;

    for (int i = 0; i < c->r.bins; i++) {
        if (isnan(top[i])) {
            inside = 0;
            continue;
        }
        if (!inside)
            cairo_move_to(c->cr, bin_x(c, i), c->y + height);
        cairo_line_to(c->cr, bin_x(c, i), c->y + top[i]);
        cairo_line_to(c->cr, bin_x(c, i + 1), c->y + top[i]);
        inside = 1;
        if (i + 1 == c->r.bins || isnan(top[i + 1])) {
            cairo_line_to(c->cr, bin_x(c, i + 1), c->y + height);
            cairo_close_path(c->cr);
        }
    }
    at_paint_colour(c->cr, colour);
    cairo_fill(c->cr);
}

static void hatch(const at_chart *c, double x, double w, double height)
{
    cairo_save(c->cr);
    cairo_rectangle(c->cr, x, c->y, w, height);
    cairo_clip(c->cr);
    for (double at = x - height - fmod(x - height, 4); at < x + w; at += 4) {
        cairo_move_to(c->cr, at, c->y + height);
        cairo_line_to(c->cr, at + height, c->y);
    }
    at_paint_colour(c->cr, AT_HATCH);
    cairo_set_line_width(c->cr, 0.6);
    cairo_stroke(c->cr);
    cairo_restore(c->cr);
}

static void veil(const at_chart *c, double x, double w, double height)
{
    cairo_set_source_rgba(c->cr, 1, 1, 1, 0.62);
    cairo_rectangle(c->cr, x, c->y, w, height);
    cairo_fill(c->cr);
    hatch(c, x, w, height);
}

/* Over the stretches of bins without a value (value NULL: of withheld ones). */
static void cover(const at_chart *c, const double *value, double height)
{
    int start = -1;

    for (int i = 0; i <= c->r.bins; i++) {
        int in = i < c->r.bins && (value ? isnan(value[i]) : at_withheld(&c->r.lane->bin[i]));
        if (in && start < 0)
            start = i;
        if (in || start < 0)
            continue;
        (value ? hatch : veil)(c, bin_x(c, start), bin_x(c, i) - bin_x(c, start), height);
        start = -1;
    }
}

static void ground(const at_chart *c, double height)
{
    at_paint_box(c->cr, c->x, c->y, c->w, height, AT_GAP);
}

/* ---- bands ---------------------------------------------------------------------------------- */

typedef struct at_borders {
    double at[AT_CLASSES_MAX + 1][AT_BINS]; /* points from the top */
} at_borders;

static void find_borders(const at_chart *c, const at_bands *b, double height, at_borders *out)
{
    for (int i = 0; i < c->r.bins; i++) {
        const at_bin *bin = &c->r.lane->bin[i];
        double sum = 0;
        for (int k = 0; k < b->n; k++)
            sum += at_ratio_value(b->value(bin, k));
        out->at[0][i] = height;
        for (int k = 0; k < b->n; k++)
            out->at[k + 1][i] = out->at[k][i] - height *
                                                    at_ratio_value(b->value(bin, b->order[k])) /
                                                    (sum > 0 ? sum : 1);
    }
}

/* How high band k is free over bins [from, to), and its middle. */
static double clear_height(const at_chart *c, const at_borders *o, int k, int from, int to,
                           double *middle)
{
    double bottom = INFINITY, top = -INFINITY;

    for (int i = from; i < to; i++) {
        if (isnan(o->at[k + 1][i]) || at_withheld(&c->r.lane->bin[i]))
            return 0;
        bottom = fmin(bottom, o->at[k][i]);
        top = fmax(top, o->at[k + 1][i]);
    }
    *middle = (bottom + top) / 2;
    return bottom - top;
}

/* A band's name where it has most room, if that is enough. */
static void name_band(const at_chart *c, const at_bands *b, const at_borders *o, int k)
{
    const int class = b->order[k];
    const at_type type = {6.5, 0, b->paint[class].ink};
    const double wide = at_paint_width(c->cr, &type, b->names[class]) + 6;
    const int n = (int)ceil(wide / c->w * c->r.bins);
    double best = 0, x = 0, y = 0, middle = 0;

    for (int i = 0; i + n <= c->r.bins; i++) {
        double height = clear_height(c, o, k, i, i + n, &middle);
        if (height > best) {
            best = height;
            x = (bin_x(c, i) + bin_x(c, i + n)) / 2;
            y = middle;
        }
    }
    if (best >= type.size + 2)
        at_paint_text(c->cr, &type, x, c->y + y + type.size * 0.35, 0.5, b->names[class]);
}

/* At the left: the title, and each class with its colour, from the topmost band down. */
static void put_legend(const at_chart *c, const at_bands *b)
{
    double y = c->y + 7;

    at_paint_text(c->cr, &title_type, c->x - 8, y, 1, b->title);
    for (int k = b->n - 1; k >= 0; k--) {
        y += 9;
        at_paint_box(c->cr, c->x - 15, y - 6, 7, 7, b->paint[b->order[k]].fill);
        at_paint_text(c->cr, &label_type, c->x - 19, y, 1, b->names[b->order[k]]);
    }
}

static void put_bands(at_chart *c, double height, const at_bands *b)
{
    at_borders o;

    find_borders(c, b, height, &o);
    ground(c, height);
    for (int k = b->n; k > 0; k--)
        area(c, o.at[k], height, b->paint[b->order[k - 1]].fill);
    cover(c, o.at[b->n], height);
    cover(c, NULL, height);
    for (int k = 0; k < b->n; k++)
        name_band(c, b, &o, k);
    put_legend(c, b);
    c->y += fmax(height, 9.0 * (b->n + 1)) + GAP;
}

void at_chart_expression(at_chart *c, double height)
{
    put_bands(c, height,
              &(at_bands){"expression", ATTUNE_EMOTIONS, at_plot_emotion_order, at_emotion_of,
                          at_paint_emotion, attune_emotion_names});
}

void at_chart_engagement(at_chart *c, double height)
{
    if (at_chart_has_states(c))
        put_bands(c, height,
                  &(at_bands){"engagement", ATTUNE_ENGAGEMENTS, plain_order, at_engagement_of,
                              at_paint_engagement, attune_engagement_names});
}

void at_chart_weights(at_chart *c, double height)
{
    const char *names[ATTUNE_STREAMS];
    int stream[ATTUNE_STREAMS];
    const int streams = at_stats_streams(c->r.s, stream);

    for (int m = 0; m < ATTUNE_STREAMS; m++)
        names[m] = attune_modality_name(m);
    put_bands(c, height,
              &(at_bands){"weight", streams, stream, at_weight_of, at_paint_modality, names});
}

/* ---- curves --------------------------------------------------------------------------------- */

static void signal_scale(char *out, size_t size, const at_curve *k)
{
    char least[AT_CURVE_SIZE], most[AT_CURVE_SIZE];

    snprintf(out, size, "%s to %s%s%s", at_curve_text(k, k->least, least),
             at_curve_text(k, k->most, most), k->unit[0] ? " " : "", k->unit);
}

/* "0-100 %", "0-80 px or more", "AU 12, 0-25 %" */
static void scale_text(char *out, size_t size, const at_curve *k)
{
    char au[24] = "";

    if (k->group == AT_CURVES_MOVEMENT && at_movement_au(k->index))
        snprintf(au, sizeof au, "AU %d, ", at_movement_au(k->index));
    if (k->group == AT_CURVES_SIGNAL)
        signal_scale(out, size, k);
    else if (k->unit[0] == '%')
        snprintf(out, size, "%s0\xe2\x80\x93%.0f %%", au, 100 * k->most);
    else
        snprintf(out, size, "0\xe2\x80\x93%.0f%s%s%s", k->most, k->unit[0] ? " " : "", k->unit,
                 k->unit[0] ? " or more" : "");
}

static void put_usual(const at_chart *c, const at_curve *k, double height)
{
    const double usual = at_curve_usual(k, &c->r), dots[] = {1.2, 2.4};
    const double y = c->y + height * (1 - at_curve_height(k, usual));

    if (isnan(usual))
        return;
    cairo_save(c->cr);
    cairo_set_dash(c->cr, dots, 2, 0);
    cairo_set_line_width(c->cr, 0.6);
    at_paint_colour(c->cr, AT_INK);
    cairo_move_to(c->cr, c->x, y);
    cairo_line_to(c->cr, c->x + c->w, y);
    cairo_stroke(c->cr);
    cairo_restore(c->cr);
}

static void label_curve(const at_chart *c, const at_curve *k, double mean, double height)
{
    char text[64], value[AT_CURVE_SIZE];
    const double y = c->y + height / 2;

    scale_text(text, sizeof text, k);
    at_paint_text(c->cr, &label_type, c->x - 8, y, 1, k->label);
    at_paint_text(c->cr, &small_type, c->x - 8, y + small_type.size + 0.5, 1, text);
    at_curve_text(k, mean, value);
    snprintf(text, sizeof text, "%s%s%s", value, k->unit[0] ? " " : "", k->unit);
    at_paint_text(c->cr, &label_type, c->x + c->w + 6, y + label_type.size / 2 - 1, 0, text);
}

static void put_curve(at_chart *c, const at_curve *k, double height)
{
    double top[AT_BINS];
    const double mean = at_curve_mean(k, &c->r);

    if (isnan(mean))
        return;
    for (int i = 0; i < c->r.bins; i++)
        top[i] = height * (1 - at_curve_height(k, at_curve_value(k, &c->r.lane->bin[i])));
    ground(c, height);
    area(c, top, height, at_paint_of_class(k->class));
    cover(c, top, height);
    if (k->group == AT_CURVES_STATE)
        cover(c, NULL, height);
    put_usual(c, k, height);
    label_curve(c, k, mean, height);
    c->means = 1;
    c->y += height + GAP;
}

double at_chart_room(const at_chart *c, at_curve_group group, double height)
{
    at_curve k;
    int n = 0;

    for (int i = 0; at_curve_at(&c->r, i, &k); i++)
        n += k.group == group && !isnan(at_curve_mean(&k, &c->r));
    return n ? heading_type.size + 12 + n * (height + GAP) + AXIS_HEIGHT : 0;
}

void at_chart_curves(at_chart *c, at_curve_group group, double height)
{
    at_curve k;

    for (int i = 0; at_curve_at(&c->r, i, &k); i++)
        if (k.group == group)
            put_curve(c, &k, height);
}

/* ---- time ----------------------------------------------------------------------------------- */

void at_chart_axis(at_chart *c)
{
    const double seconds = c->r.length_us / 1e6, step = at_tick_step(seconds);
    char text[AT_CLOCK_SIZE], name[AT_AXIS_NAME_SIZE];

    at_paint_colour(c->cr, AT_HATCH);
    cairo_set_line_width(c->cr, 0.6);
    cairo_move_to(c->cr, c->x, c->y);
    cairo_line_to(c->cr, c->x + c->w, c->y);
    cairo_stroke(c->cr);
    for (double t = 0; t <= seconds * 0.985; t += step) {
        const double x = c->x + c->w * t / seconds;
        at_paint_colour(c->cr, AT_HATCH);
        cairo_move_to(c->cr, x, c->y);
        cairo_line_to(c->cr, x, c->y + 8);
        cairo_stroke(c->cr);
        at_paint_text(c->cr, &small_type, x + 3, c->y + 8, 0, at_text_clock(text, t, step < 1));
    }
    at_paint_text(c->cr, &label_type, c->x - 8, c->y + 8, 1, at_axis_name(name, &c->r, "time"));
    if (c->means)
        at_paint_text(c->cr, &small_type, c->x + c->w + 6, c->y + 8, 0, "mean");
    c->y += AXIS_HEIGHT;
}
