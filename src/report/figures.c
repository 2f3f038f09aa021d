/* figures.c - each figure of the report by itself, as SVG to put into a text and as PNG to put on a slide:
 * expression, learning states, what the estimate rests on. All faces that the page draws lie below one
 * another. */
#include "report/chart.h"
#include "report/sinks.h"
#include "report/text.h"

#include <cairo-svg.h>

enum { WIDTH = 640, MARGIN = 14, PNG_SCALE = 2, CURVE = 24 };

typedef enum at_figure { FIGURE_EXPRESSION, FIGURE_STATES, FIGURE_WEIGHTS } at_figure;

/* ---- what is drawn -------------------------------------------------------------------------- */

static void draw_plots(at_chart *c, at_figure figure)
{
    switch (figure) {
    case FIGURE_EXPRESSION: at_chart_expression(c, 150); break;
    case FIGURE_STATES:
        at_chart_engagement(c, 60);
        at_chart_curves(c, AT_CURVES_STATE, CURVE);
        break;
    case FIGURE_WEIGHTS:
        at_chart_weights(c, 60);
        at_chart_curves(c, AT_CURVES_TRUST, CURVE);
        break;
    }
}

static double draw_lanes(cairo_t *cr, const at_stats *s, at_figure figure, double y)
{
    char name[AT_LANE_NAME_SIZE];

    for (int l = 0; l < s->lanes; l++) {
        at_chart c = at_chart_of(cr, s, l, MARGIN, y, WIDTH - 2 * MARGIN);
        if (!at_lane_is_drawn(s, l) || (figure == FIGURE_STATES && !at_chart_has_states(&c)))
            continue;
        if (*at_lane_name(name, s, l))
            at_chart_heading(&c, name);
        draw_plots(&c, figure);
        if (!s->still)
            at_chart_axis(&c);
        y = c.y + 4;
    }
    return y;
}

/* Returns the height that it took. */
static double draw(cairo_t *cr, const at_outcome *o, at_figure figure)
{
    static const char *const titles[] = {"Perceived expression", "Learning state (from the face)",
                                         "What the estimate rests on"};
    static const at_type title = {11, 1, AT_INK}, soft = {7, 0, AT_SOFT};
    char name[300];
    static const char *const notes[] = {"", "Dotted: what is usual. ", ""};
    char note[240];
    double y = MARGIN + title.size;

    at_text_basename(name, sizeof name, o->setup->input);
    at_paint_text(cr, &title, MARGIN, y, 0, titles[figure]);
    at_paint_text(cr, &soft, WIDTH - MARGIN, y, 1, name);
    y = draw_lanes(cr, o->stats, figure, y + 12);
    y += soft.size + 2;
    snprintf(
        note, sizeof note,
        "Hatched: nothing to go on or, pale behind, an estimate withheld. %sPerceived expression "
        "is how a face looks and a voice sounds to others, not what a person feels.",
        notes[figure]);
    return y + 9.5 * (at_paint_lines(cr, &soft, MARGIN, y, WIDTH - 2 * MARGIN, note, 1) - 1) +
           MARGIN;
}

/* ---- surfaces ------------------------------------------------------------------------------- */

/* How high it is, is known once it is drawn. */
static cairo_surface_t *record(const at_outcome *o, at_figure figure, double *height)
{
    cairo_surface_t *surface = cairo_recording_surface_create(CAIRO_CONTENT_COLOR_ALPHA, NULL);
    cairo_t *cr = cairo_create(surface);

    *height = draw(cr, o, figure);
    cairo_destroy(cr);
    return surface;
}

static void play(cairo_surface_t *to, cairo_surface_t *recorded, double height)
{
    cairo_t *cr = cairo_create(to);

    at_paint_box(cr, 0, 0, WIDTH, height, AT_PAPER);
    cairo_set_source_surface(cr, recorded, 0, 0);
    cairo_paint(cr);
    cairo_destroy(cr);
}

static int status_of(cairo_surface_t *surface)
{
    return cairo_surface_status(surface) == CAIRO_STATUS_SUCCESS ? ATTUNE_OK : ATTUNE_E_NOMEM;
}

static int write_svg(FILE *f, const at_outcome *o, at_figure figure)
{
    double height;
    cairo_surface_t *recorded = record(o, figure, &height);
    cairo_surface_t *svg = cairo_svg_surface_create_for_stream(at_paint_write, f, WIDTH, height);
    int rc;

    play(svg, recorded, height);
    cairo_surface_finish(svg);
    rc = status_of(svg);
    cairo_surface_destroy(svg);
    cairo_surface_destroy(recorded);
    return rc;
}

static int write_png(FILE *f, const at_outcome *o, at_figure figure)
{
    double height;
    cairo_surface_t *recorded = record(o, figure, &height);
    cairo_surface_t *png = cairo_image_surface_create(CAIRO_FORMAT_RGB24, PNG_SCALE * WIDTH,
                                                      (int)(PNG_SCALE * height + 0.5));
    int rc;

    cairo_surface_set_device_scale(png, PNG_SCALE, PNG_SCALE);
    play(png, recorded, height);
    rc = cairo_surface_write_to_png_stream(png, at_paint_write, f) == CAIRO_STATUS_SUCCESS
             ? ATTUNE_OK
             : ATTUNE_E_NOMEM;
    cairo_surface_destroy(png);
    cairo_surface_destroy(recorded);
    return rc;
}

/* ---- sinks ---------------------------------------------------------------------------------- */

#define FIGURE(kind, name, figure, about)                                       \
    static int write_##name##_##kind(FILE *f, void *state, const at_outcome *o) \
    {                                                                           \
        (void)state;                                                            \
        return write_##kind(f, o, figure);                                      \
    }                                                                           \
    const at_sink_kind at_sink_##name##_##kind = {                              \
        .info = {#kind, #name "." #kind, about, .extra = 1},                    \
        .load = at_paint_load,                                                  \
        .close = write_##name##_##kind,                                         \
    };

FIGURE(svg, expression, FIGURE_EXPRESSION, "a figure: expressions over time")
FIGURE(svg, states, FIGURE_STATES, "a figure: learning states over time")
FIGURE(svg, weights, FIGURE_WEIGHTS, "a figure: weights of face and voice over time")
FIGURE(png, expression, FIGURE_EXPRESSION, "the same as pixels")
FIGURE(png, states, FIGURE_STATES, "the same as pixels")
FIGURE(png, weights, FIGURE_WEIGHTS, "the same as pixels")
