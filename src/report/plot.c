#include "report/plot.h"

#include "report/lane.h"
#include "report/text.h"

#include <math.h>
#include <stddef.h>

enum {
    WIDTH = 1000,
    BANDS_HEIGHT = 208,
    WEIGHT_HEIGHT = 58,
    ENGAGEMENT_HEIGHT = 84,
    ROW_HEIGHT = 30
};

/* From so many bins on, lines between the bands would hide them. */
enum { DENSE = 150 };

/* Neighbours differ in lightness and hue also for colour-blind eyes (colours: Okabe & Ito 2008). */
const int at_plot_emotion_order[ATTUNE_EMOTIONS] = {
    ATTUNE_NEUTRAL, ATTUNE_HAPPY,     ATTUNE_SAD,   ATTUNE_SURPRISED,
    ATTUNE_FEARFUL, ATTUNE_DISGUSTED, ATTUNE_ANGRY,
};
static const int plain_order[] = {0, 1, 2};

static double bin_x(const at_rows *r, int bin)
{
    double t = (double)bin * (double)r->s->bin_us;

    return WIDTH * fmin(t / r->length_us, 1);
}

/* ---- shapes --------------------------------------------------------------------------------- */

/* name: a sentence for those who do not see it. */
static void svg_open(const at_rows *r, int height, const char *name)
{
    fprintf(r->f,
            "<svg viewBox=\"0 0 %d %d\" height=\"%d\" preserveAspectRatio=\"none\" role=\"img\" "
            "aria-label=\"%s\">",
            WIDTH, height, height, name);
}

/* A stepped area from the bottom up to y[bin] (pixels from the top; NaN interrupts it). */
static void area(const at_rows *r, const double *y, int height, const char *class, int number)
{
    int inside = 0;

    fprintf(r->f, "<path class=\"%s", class);
    if (number >= 0)
        fprintf(r->f, "%d", number);
    fputs("\" d=\"", r->f);
    for (int i = 0; i < r->bins; i++) {
        if (isnan(y[i])) {
            fputs(inside ? "Z" : "", r->f);
            inside = 0;
            continue;
        }
        if (!inside)
            fprintf(r->f, "M%.4g %dV%.4g", bin_x(r, i), height, y[i]);
        else if (fabs(y[i] - y[i - 1]) >= 0.05)
            fprintf(r->f, "V%.4g", y[i]);
        fprintf(r->f, "H%.4g", bin_x(r, i + 1));
        inside = 1;
        if (i + 1 == r->bins || isnan(y[i + 1]))
            fprintf(r->f, "V%d", height);
    }
    fputs(inside ? "Z\"/>" : "\"/>", r->f);
}

typedef int (*at_bin_test)(const at_rows *r, int bin, const void *arg);

/* Rectangles over the stretches of bins that pass. */
static void cover(const at_rows *r, int height, const char *class, at_bin_test test,
                  const void *arg)
{
    int start = -1;

    for (int i = 0; i <= r->bins; i++) {
        int in = i < r->bins && test(r, i, arg);
        if (in && start < 0) {
            start = i;
        } else if (!in && start >= 0) {
            double x = bin_x(r, start);
            fprintf(r->f, "<rect class=\"%s\" x=\"%.4g\" width=\"%.4g\" height=\"%d\"/>", class, x,
                    bin_x(r, i) - x, height);
            start = -1;
        }
    }
}

static int is_nan(const at_rows *r, int bin, const void *arg)
{
    (void)r;
    return isnan(((const double *)arg)[bin]);
}

static int is_withheld(const at_rows *r, int bin, const void *arg)
{
    (void)arg;
    return at_withheld(&r->lane->bin[bin]);
}

static void cover_missing(const at_rows *r, int height, const double *y)
{
    cover(r, height, "gap", is_nan, y);
    cover(r, height, "hatch", is_nan, y);
}

static void cover_withheld(const at_rows *r, int height)
{
    cover(r, height, "veil", is_withheld, NULL);
    cover(r, height, "hatch", is_withheld, NULL);
}

/* ---- rows ----------------------------------------------------------------------------------- */

static void row_close(const at_rows *r)
{
    fputs("</div><div class=\"value\"></div></div>\n", r->f);
}

/* The part of a band that is free over bins [from, to): how high, and its middle. */
static double clear_height(const at_rows *r, const double *lower, const double *upper, int from,
                           int to, double *middle)
{
    double bottom = INFINITY, top = -INFINITY;

    for (int i = from; i < to; i++) {
        if (isnan(upper[i]) || at_withheld(&r->lane->bin[i]))
            return 0;
        bottom = fmin(bottom, lower[i]);
        top = fmax(top, upper[i]);
    }
    *middle = (bottom + top) / 2;
    return bottom - top;
}

/* Where a band has most room for its name; 0: nowhere enough. */
static int label_place(const at_rows *r, const double *lower, const double *upper, double *x,
                       double *y)
{
    const double width = 0.1, least = 15; /* of the plot; pixels */
    int n = (int)ceil(width * r->bins);
    double best = 0, middle = 0;

    for (int i = 0; i + n <= r->bins; i++) {
        double height = clear_height(r, lower, upper, i, i + n, &middle);
        if (height > best) {
            best = height;
            *x = (bin_x(r, i) + bin_x(r, i + n)) / 2;
            *y = middle;
        }
    }
    return best >= least;
}

/* n bands, one over the other, filling the height: painted from the topmost down to the lowest,
 * each from its upper border to the bottom. Names stand in a picture of their own: it is not
 * stretched. */
static void bands(const at_rows *r, int height, int n, const int *order, at_bin_value value,
                  const char *class, const char *const *names, const char *title)
{
    double border[AT_CLASSES_MAX + 1][AT_BINS], x, y;

    for (int i = 0; i < r->bins; i++) {
        double sum = 0;
        for (int k = 0; k < n; k++)
            sum += at_ratio_value(value(&r->lane->bin[i], k));
        border[0][i] = height;
        for (int k = 0; k < n; k++) {
            border[k + 1][i] = border[k][i] -
                               height * at_ratio_value(value(&r->lane->bin[i], order[k])) /
                                   (sum > 0 ? sum : 1);
        }
    }
    svg_open(r, height, title);
    for (int k = n; k > 0; k--)
        area(r, border[k], height, class, order[k - 1]);
    cover_missing(r, height, border[n]);
    cover_withheld(r, height);
    fputs("</svg><svg class=\"names\" aria-hidden=\"true\">", r->f);
    for (int k = 0; k < n; k++) {
        if (label_place(r, border[k], border[k + 1], &x, &y)) {
            fprintf(r->f, "<text class=\"on %s%d\" x=\"%.1f%%\" y=\"%.0f\" dy=\".32em\">%s</text>",
                    class, order[k], x / WIDTH * 100, y, names[order[k]]);
        }
    }
    fputs("</svg>", r->f);
}

/* Names of the bands in their order on the page, with their colours. */
static void legend(const at_rows *r, const char *title, int n, const int *order, const char *class,
                   const char *const *names)
{
    fprintf(r->f, "<b>%s</b> <small>0&#8211;100&#8239;%%, stacked</small><ul class=\"legend\">",
            title);
    for (int k = n - 1; k >= 0; k--)
        fprintf(r->f, "<li><i class=\"%s%d\"></i>%s</li>", class, order[k], names[order[k]]);
    fputs("</ul>", r->f);
}

static void band_row(const at_rows *r, int height, const char *title, int n, const int *order,
                     at_bin_value value, const char *class, const char *const *names,
                     const char *sentence)
{
    fputs("<div class=\"row bands\"><div class=\"label\">", r->f);
    legend(r, title, n, order, class, names);
    fputs("</div><div class=\"plot\">", r->f);
    bands(r, height, n, order, value, class, names, sentence);
    row_close(r);
}

static double curve_y(const at_curve *c, double v)
{
    return ROW_HEIGHT * (1 - at_curve_height(c, v));
}

/* "61.2 to 94.0", "0 to 3.1 /s" */
static void put_range(const at_rows *r, const at_curve *c)
{
    at_curve_print(c, c->least, r->f);
    fputs(" to ", r->f);
    at_curve_print(c, c->most, r->f);
    fprintf(r->f, "%s%s", c->unit[0] ? "&#8239;" : "", c->unit);
}

/* "0-100 %", "0-80 px or more" */
static void put_scale(const at_rows *r, const at_curve *c)
{
    if (c->group == AT_CURVES_MOVEMENT && at_movement_au(c->index))
        fprintf(r->f, "AU&#160;%d, ", at_movement_au(c->index));
    if (c->group == AT_CURVES_STATE)
        fprintf(r->f, "0 %s &#8211; %d %s", attune_level_names[0], ATTUNE_LEVELS - 1,
                attune_level_names[ATTUNE_LEVELS - 1]);
    else if (c->group == AT_CURVES_SIGNAL)
        put_range(r, c);
    else if (c->unit[0] == '%')
        fprintf(r->f, "0&#8211;%.0f&#8239;%%", 100 * c->most);
    else if (!c->unit[0])
        fprintf(r->f, "0&#8211;%.0f", c->most);
    else
        fprintf(r->f, "0&#8211;%.0f&#8239;%s or more", c->most, c->unit);
}

static void put_curve_name(const at_rows *r, const at_curve *c, double mean)
{
    fputs("<div class=\"row curve\"><div class=\"label\" title=\"", r->f);
    at_curve_what(c, r->f);
    fprintf(r->f, "\">%s <small>", c->label);
    put_scale(r, c);
    fprintf(r->f,
            "</small></div><div class=\"plot\"><svg viewBox=\"0 0 %d %d\" height=\"%d\" "
            "preserveAspectRatio=\"none\" role=\"img\" aria-label=\"%s over time: mean ",
            WIDTH, ROW_HEIGHT, ROW_HEIGHT, c->label);
    at_curve_print(c, mean, r->f);
    fprintf(r->f, "%s%s; ", c->unit[0] ? " " : "", c->unit);
    at_curve_what(c, r->f);
    fputs("\">", r->f);
}

static void put_usual(const at_rows *r, const at_curve *c)
{
    double usual = at_curve_usual(c, r);

    if (isnan(usual))
        return;
    fprintf(r->f, "<path class=\"usual\" d=\"M0 %.1fH%d\"/>", curve_y(c, usual), WIDTH);
}

static void curve_row(const at_rows *r, int k, const at_curve *c)
{
    double y[AT_BINS], mean = at_curve_mean(c, r);

    if (isnan(mean))
        return;
    for (int i = 0; i < r->bins; i++)
        y[i] = curve_y(c, at_curve_value(c, &r->lane->bin[i]));
    put_curve_name(r, c, mean);
    area(r, y, ROW_HEIGHT, c->class, -1);
    cover_missing(r, ROW_HEIGHT, y);
    put_usual(r, c);
    if (c->group == AT_CURVES_STATE)
        cover_withheld(r, ROW_HEIGHT);
    fprintf(r->f, "</svg></div><div class=\"value\" data-curve=\"%d\" data-unit=\"%s\">", k,
            c->unit);
    at_curve_print(c, mean, r->f);
    fprintf(r->f, "%s%s</div></div>\n", c->unit[0] ? "&#8239;" : "", c->unit);
}

static void curve_rows(const at_rows *r, at_curve_group group)
{
    at_curve c;

    for (int k = 0; at_curve_at(r, k, &c); k++)
        if (c.group == group)
            curve_row(r, k, &c);
}

/* ---- time ----------------------------------------------------------------------------------- */

static void axis(const at_rows *r)
{
    double seconds = r->length_us / 1e6, step = at_tick_step(seconds);
    char text[AT_CLOCK_SIZE], name[AT_AXIS_NAME_SIZE];
    int k = 0;

    fprintf(r->f,
            "<div class=\"row axis\"><div class=\"label\">%s</div><div class=\"plot\">"
            "<svg aria-hidden=\"true\">",
            at_axis_name(name, r, "time"));
    for (double t = 0; t <= seconds * 0.985; t += step, k++) {
        double x = 100 * t / seconds;
        fprintf(r->f,
                "<g%s><line x1=\"%.2f%%\" x2=\"%.2f%%\" y2=\"16\"/><text x=\"%.2f%%\" dx=\"4\" "
                "y=\"13\">%s</text></g>",
                k % 2 ? " class=\"minor\"" : "", x, x, x, at_text_clock(text, t, step < 1));
    }
    fputs("</svg></div><div class=\"value head\">mean</div></div>\n", r->f);
}

/* Native, so that keys, touch and screen readers work; the script shows it and follows it. */
static void slider(const at_rows *r)
{
    fprintf(
        r->f,
        "<div class=\"row scrub\" hidden><div class=\"label\">moment</div><div class=\"plot\">"
        "<input type=\"range\" min=\"0\" max=\"%d\" value=\"0\" "
        "aria-label=\"Moment whose values are shown\"></div><div class=\"value\"></div></div>\n",
        r->bins - 1);
}

/* ---- a lane --------------------------------------------------------------------------------- */

static void trust_rows(const at_rows *r)
{
    const char *names[ATTUNE_STREAMS];
    int stream[ATTUNE_STREAMS];
    const int streams = at_stats_streams(r->s, stream);

    for (int m = 0; m < ATTUNE_STREAMS; m++)
        names[m] = attune_modality_name(m);
    fputs("<section><h3>What the estimate rests on</h3>\n", r->f);
    band_row(
        r, WEIGHT_HEIGHT, "weight", streams, stream, at_weight_of, "m", names,
        streams > ATTUNE_MODALITIES
            ? "Weights of all streams over time, stacked to 100 %; values in the table below"
            : "Weights of face and voice over time, stacked to 100 %; values in the table below");
    curve_rows(r, AT_CURVES_TRUST);
    fputs("</section>\n", r->f);
}

static void quality_rows(const at_rows *r)
{
    fputs("<section><h3>Quality of picture and sound</h3>\n", r->f);
    curve_rows(r, AT_CURVES_QUALITY);
    fputs("</section>\n", r->f);
}

static void movement_note(const at_rows *r)
{
    if (!r->movements) {
        fputs("<p class=\"note\">None varies enough to show.</p>\n", r->f);
        return;
    }
    fprintf(
        r->f,
        "<p class=\"note\">The %d of %d that vary most here, in per cent of fully made, each on a "
        "scale of its own; left and right are the person's own. AU: action unit of the Facial "
        "Action Coding System. Dotted: the mean. Hatched: no face fit to be judged.</p>\n",
        r->movements, AT_MOVEMENTS);
}

static void movement_rows(const at_rows *r)
{
    if (!r->lane->movements.windows)
        return;
    fputs("<section><h3>Facial movements</h3>\n", r->f);
    movement_note(r);
    curve_rows(r, AT_CURVES_MOVEMENT);
    fputs("</section>\n", r->f);
}

static void beside_rows(const at_rows *r)
{
    static const at_curve_group groups[] = {AT_CURVES_SIGNAL, AT_CURVES_CHAT};
    at_curve c;

    for (int g = 0; g < 2; g++) {
        int any = 0;
        for (int k = 0; at_curve_at(r, k, &c); k++)
            any |= c.group == groups[g];
        if (!any)
            continue;
        fprintf(r->f, "<section><h3>%s</h3>\n", at_beside_title(r, groups[g]));
        curve_rows(r, groups[g]);
        fputs("</section>\n", r->f);
    }
}

static void state_rows(const at_rows *r)
{
    int any = 0;

    for (int i = 0; i < r->bins; i++)
        any |= r->lane->bin[i].with_state;
    fputs("<section><h3>Learning state (from the face)</h3>\n", r->f);
    if (any) {
        band_row(r, ENGAGEMENT_HEIGHT, "three classes", ATTUNE_ENGAGEMENTS, plain_order,
                 at_engagement_of, "g", attune_engagement_names,
                 "Probabilities of disengaged, partial and engaged over time, stacked to 100 %; "
                 "values in the table below");
        curve_rows(r, AT_CURVES_STATE);
        axis(r);
    } else {
        fputs("<p class=\"note\">No face, so no estimate of the learning state.</p>\n", r->f);
    }
    fputs("</section>\n", r->f);
}

void at_plot_lane(const at_stats *s, int l, FILE *f)
{
    at_rows r = at_rows_of(s, l, f);

    fprintf(f, "<div class=\"plots%s\" data-lane=\"%d\">\n<section><h3>Perceived expression</h3>\n",
            r.bins > DENSE ? " dense" : "", l);
    band_row(&r, BANDS_HEIGHT, "probability", ATTUNE_EMOTIONS, at_plot_emotion_order, at_emotion_of,
             "e", attune_emotion_names,
             "Probabilities of seven expressions over time, stacked to 100 %; values in the table "
             "below");
    axis(&r);
    slider(&r);
    fputs("</section>\n", f);
    trust_rows(&r);
    if (!at_lane_is_faceless(s, l))
        state_rows(&r);
    movement_rows(&r);
    beside_rows(&r);
    quality_rows(&r);
    at_lane_table(&r);
    fputs("<div class=\"cursor\" hidden></div><div class=\"tip\" hidden></div></div>\n", f);
}

/* In order of time; numbers that would lie over one another stand side by side. */
static void marks(const at_rows *r, const at_mark *mark, int n)
{
    const double apart = 4.5; /* percent of the plot */
    double last = -apart;

    fputs("<div class=\"row axis\"><div class=\"label\">shown</div><div class=\"plot\">"
          "<svg aria-hidden=\"true\">",
          r->f);
    for (int i = 0; i < n; i++) {
        double x = 100 * fmin((double)(mark[i].t_us - r->s->begin_us) / r->length_us, 1);
        fprintf(r->f, "<line x1=\"%.2f%%\" x2=\"%.2f%%\" y2=\"6\"/>", x, x);
        last = x < last + apart ? last + apart : x;
        fprintf(r->f, "<text class=\"mark\" x=\"%.2f%%\" y=\"18\">%d</text>", last, mark[i].number);
    }
    fputs("</svg></div><div class=\"value\"></div></div>\n", r->f);
}

void at_plot_rests(const at_stats *s, int l, const at_mark *mark, int n, FILE *f)
{
    at_rows r = at_rows_of(s, l, f);

    fprintf(f, "<div class=\"plots%s\">\n", r.bins > DENSE ? " dense" : "");
    trust_rows(&r);
    movement_rows(&r);
    axis(&r);
    if (n)
        marks(&r, mark, n);
    at_lane_table(&r);
    fputs("</div>\n", f);
}

void at_plot_strip(const at_stats *s, FILE *f)
{
    at_rows r;
    int start = 0, last = -2;

    fprintf(f,
            "<svg class=\"strip\" viewBox=\"0 0 %d 18\" height=\"18\" "
            "preserveAspectRatio=\"none\" aria-hidden=\"true\">",
            WIDTH);
    if (!s->lanes) {
        fputs("</svg>", f);
        return;
    }
    r = at_rows_of(s, 0, f);
    for (int i = 0; i <= r.bins; i++) {
        const at_bin *b = &r.lane->bin[i < r.bins ? i : 0];
        int class = -1;
        if (i < r.bins && b->with_estimate && !at_withheld(b)) {
            class = 0;
            for (int k = 1; k < ATTUNE_EMOTIONS; k++)
                class = b->emotion[k] > b->emotion[class] ? k : class;
        }
        if (i == r.bins || class != last) {
            if (i > 0 && last >= 0) {
                fprintf(f, "<rect class=\"e%d\" x=\"%.4g\" width=\"%.4g\" height=\"18\"/>", last,
                        bin_x(&r, start), bin_x(&r, i) - bin_x(&r, start));
            } else if (i > 0) {
                fprintf(f, "<rect class=\"hatch\" x=\"%.4g\" width=\"%.4g\" height=\"18\"/>",
                        bin_x(&r, start), bin_x(&r, i) - bin_x(&r, start));
            }
            start = i;
            last = class;
        }
    }
    fputs("</svg>", f);
}

void at_plot_defs(FILE *f)
{
    fputs("<svg class=\"defs\" width=\"0\" height=\"0\" aria-hidden=\"true\"><defs>"
          "<pattern id=\"hatch\" width=\"9\" height=\"7\" patternUnits=\"userSpaceOnUse\">"
          "<path d=\"M-1 8L10 -1M-2 1L2 -1.6M7 8.6L11 6\" class=\"hatchline\"/></pattern>"
          "</defs></svg>\n",
          f);
}
