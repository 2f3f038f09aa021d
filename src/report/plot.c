#include "report/plot.h"

#include "report/text.h"

#include <math.h>
#include <stddef.h>

enum { WIDTH = 1000, BANDS_HEIGHT = 208, ENGAGEMENT_HEIGHT = 84, ROW_HEIGHT = 30 };

/* From so many bins on, lines between the bands would hide them. */
enum { DENSE = 150 };

/* Neighbours differ in lightness and hue also for colour-blind eyes (colours: Okabe & Ito 2008). */
const int at_plot_emotion_order[ATTUNE_EMOTIONS] = {
    ATTUNE_NEUTRAL, ATTUNE_HAPPY,     ATTUNE_SAD,   ATTUNE_SURPRISED,
    ATTUNE_FEARFUL, ATTUNE_DISGUSTED, ATTUNE_ANGRY,
};
static const int plain_order[] = {0, 1, 2};

/* Draws one value per bin; NaN where there is none. */
typedef struct at_rows {
    const at_stats *s;
    const at_lane *lane;
    int bins;
    double end_us; /* right border */
    FILE *f;
} at_rows;

typedef double (*at_bin_value)(const at_bin *b, int i);

static double bin_x(const at_rows *r, int bin)
{
    double t = (double)bin * (double)r->s->bin_us;

    return WIDTH * fmin(t / r->end_us, 1);
}

/* ---- values of a bin ------------------------------------------------------------------------ */

static double ratio(double sum, int n)
{
    return n > 0 ? sum / n : NAN;
}

static double emotion_of(const at_bin *b, int i)
{
    return ratio(b->emotion[i], b->with_estimate);
}

static double engagement_of(const at_bin *b, int i)
{
    return ratio(b->engagement[i], b->with_state);
}

static double level_of(const at_bin *b, int i)
{
    return ratio(b->level[i], b->with_state);
}

/* Of the windows in which the fusion had anything to weigh. */
static double weight_of(const at_bin *b, int m)
{
    double sum = b->weight[ATTUNE_FACE] + b->weight[ATTUNE_VOICE];

    return sum > 0 ? b->weight[m] / sum : NAN;
}

static double reliability_of(const at_bin *b, int m)
{
    return b->reliability[m] > 0 ? ratio(b->reliability[m], b->windows) : NAN;
}

static double quality_of(const at_bin *b, int i)
{
    return ratio(b->quality[i], b->qualities[i]);
}

static int withheld(const at_bin *b)
{
    return b->windows > 0 && 2 * b->abstained >= b->windows;
}

/* ---- shapes --------------------------------------------------------------------------------- */

static void svg_open(const at_rows *r, int height)
{
    fprintf(r->f,
            "<svg viewBox=\"0 0 %d %d\" height=\"%d\" preserveAspectRatio=\"none\" "
            "aria-hidden=\"true\">",
            WIDTH, height, height);
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
    return withheld(&r->lane->bin[bin]);
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

static void row_open(const at_rows *r, const char *class, const char *label, const char *title)
{
    fprintf(r->f, "<div class=\"row %s\"><div class=\"label\" title=\"%s\">%s</div>", class, title,
            label);
    fputs("<div class=\"plot\">", r->f);
}

static void row_close(const at_rows *r, const char *value)
{
    fprintf(r->f, "</div><div class=\"value\">%s</div></div>\n", value);
}

/* The part of a band that is free over bins [from, to): how high, and its middle. */
static double clear_height(const at_rows *r, const double *lower, const double *upper, int from,
                           int to, double *middle)
{
    double bottom = INFINITY, top = -INFINITY;

    for (int i = from; i < to; i++) {
        if (isnan(upper[i]) || withheld(&r->lane->bin[i]))
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
 * each from its upper border to the bottom. */
static void bands(const at_rows *r, int height, int n, const int *order, at_bin_value value,
                  const char *class, const char *const *names)
{
    double border[AT_CLASSES_MAX + 1][AT_BINS], x, y;

    for (int i = 0; i < r->bins; i++) {
        double sum = 0;
        for (int k = 0; k < n; k++)
            sum += value(&r->lane->bin[i], k);
        border[0][i] = height;
        for (int k = 0; k < n; k++) {
            border[k + 1][i] = border[k][i] -
                               height * value(&r->lane->bin[i], order[k]) / (sum > 0 ? sum : 1);
        }
    }
    svg_open(r, height);
    for (int k = n; k > 0; k--)
        area(r, border[k], height, class, order[k - 1]);
    cover_missing(r, height, border[n]);
    cover_withheld(r, height);
    fputs("</svg>", r->f);
    for (int k = 0; k < n; k++) {
        if (label_place(r, border[k], border[k + 1], &x, &y)) {
            fprintf(r->f, "<span class=\"on %s%d\" style=\"left:%.1f%%;top:%.0fpx\">%s</span>",
                    class, order[k], x / WIDTH * 100, y, names[order[k]]);
        }
    }
}

/* Names of the bands in their order on the page, with their colours. */
static void legend(const at_rows *r, const char *title, int n, const int *order, const char *class,
                   const char *const *names)
{
    fprintf(r->f, "<b>%s</b><ul class=\"legend\">", title);
    for (int k = n - 1; k >= 0; k--)
        fprintf(r->f, "<li><i class=\"%s%d\"></i>%s</li>", class, order[k], names[order[k]]);
    fputs("</ul>", r->f);
}

static void band_row(const at_rows *r, int height, const char *title, int n, const int *order,
                     at_bin_value value, const char *class, const char *const *names)
{
    fputs("<div class=\"row bands\"><div class=\"label\">", r->f);
    legend(r, title, n, order, class, names);
    fputs("</div><div class=\"plot\">", r->f);
    bands(r, height, n, order, value, class, names);
    row_close(r, "");
}

/* A curve from lo to hi (shown cut to that) with its mean beside it. */
typedef struct at_curve {
    const char *label, *title, *class;
    at_bin_value value;
    int index;
    double lo, hi;
    int inverse;      /* plot hi - value */
    const char *unit; /* "%": a share; else as printed behind the mean */
    int estimate;     /* hatched where withheld */
} at_curve;

static void curve_row(const at_rows *r, const at_curve *c)
{
    double y[AT_BINS], sum = 0, mean;
    char text[64];
    int n = 0;

    for (int i = 0; i < r->bins; i++) {
        double v = c->value(&r->lane->bin[i], c->index);
        v = c->inverse ? c->hi - v : v;
        y[i] = isnan(v) ? v : ROW_HEIGHT * (1 - fmin(fmax((v - c->lo) / (c->hi - c->lo), 0), 1));
        if (!isnan(v)) {
            sum += v;
            n++;
        }
    }
    if (!n)
        return;
    mean = sum / n;
    row_open(r, "curve", c->label, c->title);
    svg_open(r, ROW_HEIGHT);
    area(r, y, ROW_HEIGHT, c->class, -1);
    cover_missing(r, ROW_HEIGHT, y);
    if (c->estimate)
        cover_withheld(r, ROW_HEIGHT);
    fputs("</svg>", r->f);
    if (c->unit[0] == '%')
        snprintf(text, sizeof text, "%.0f&#8239;%%", 100 * mean);
    else
        snprintf(text, sizeof text, "%.*f%s", c->hi > 10 ? 0 : 1, mean, c->unit);
    row_close(r, text);
}

/* ---- time ----------------------------------------------------------------------------------- */

/* A step that gives four to eight marks. */
static double tick_step(double seconds)
{
    static const double steps[] = {0.5, 1,   2,   5,   10,   15,   30,   60,
                                   120, 300, 600, 900, 1800, 3600, 7200, 14400};
    size_t n = sizeof steps / sizeof *steps;

    for (size_t i = 0; i < n; i++)
        if (seconds / steps[i] <= 8)
            return steps[i];
    return seconds / 6;
}

static void axis(const at_rows *r)
{
    double seconds = r->end_us / 1e6, step = tick_step(seconds);
    char text[AT_CLOCK_SIZE];
    int k = 0;

    fputs("<div class=\"row axis\"><div class=\"label\">time</div><div class=\"plot\">", r->f);
    for (double t = 0; t <= seconds * 0.985; t += step, k++) {
        fprintf(r->f, "<span%s style=\"left:%.2f%%\">%s</span>", k % 2 ? " class=\"minor\"" : "",
                100 * t / seconds, at_text_clock(text, t, step < 1));
    }
    row_close(r, "");
}

/* ---- a lane --------------------------------------------------------------------------------- */

static at_rows lane_rows(const at_stats *s, int l, FILE *f)
{
    return (at_rows){s, s->lane[l], at_stats_bins(s), fmax((double)s->end_us, 1), f};
}

static void modality_rows(const at_rows *r)
{
    static const char *const names[] = {"face", "voice"};
    static const at_curve curves[] = {
        {"face reliability", "How far the picture could be trusted", "cf", reliability_of,
         ATTUNE_FACE, 0, 1, 0, "%", 0},
        {"voice reliability", "How far the sound could be trusted", "cv", reliability_of,
         ATTUNE_VOICE, 0, 1, 0, "%", 0},
    };

    fputs("<h3>What the estimate rests on</h3>\n", r->f);
    band_row(r, 58, "weight", ATTUNE_MODALITIES, plain_order, weight_of, "m", names);
    for (size_t i = 0; i < sizeof curves / sizeof *curves; i++)
        curve_row(r, &curves[i]);
}

#define QUALITY(member) (int)(offsetof(attune_quality, member) / sizeof(float))

static void quality_rows(const at_rows *r)
{
    static const at_curve curves[] = {
        {"face in view", "Share of the frames in which this face was found", "cf", quality_of,
         QUALITY(face_share), 0, 1, 0, "%", 0},
        {"sharpness", "1: as sharp as a clean, close face", "cf", quality_of, QUALITY(sharpness), 0,
         1, 0, "%", 0},
        {"brightness", "Mean luma of the face", "cf", quality_of, QUALITY(brightness), 0, 1, 0, "%",
         0},
        {"contrast", "Deviation of the face's luma", "cf", quality_of, QUALITY(contrast), 0, 1, 0,
         "%", 0},
        {"uncovered", "Share of the face that nothing hides", "cf", quality_of, QUALITY(coverage),
         0, 1, 1, "%", 0},
        {"face size", "Pixels between eyes and mouth in the source", "cf", quality_of,
         QUALITY(face_size), 0, 80, 0, " px", 0},
        {"speech", "Share of the window with speech", "cv", quality_of, QUALITY(speech_share), 0, 1,
         0, "%", 0},
        {"signal to noise", "Estimated ratio of voice to noise", "cv", quality_of, QUALITY(snr_db),
         0, 40, 0, " dB", 0},
    };

    fputs("<h3>Quality of picture and sound</h3>\n", r->f);
    for (size_t i = 0; i < sizeof curves / sizeof *curves; i++)
        curve_row(r, &curves[i]);
}

static void state_rows(const at_rows *r)
{
    int any = 0;

    for (int i = 0; i < r->bins; i++)
        any |= r->lane->bin[i].with_state;
    fputs("<h3>Learning state (from the face)</h3>\n", r->f);
    if (!any) {
        fputs("<p class=\"note\">No face, so no estimate of the learning state.</p>\n", r->f);
        return;
    }
    band_row(r, ENGAGEMENT_HEIGHT, "engagement", ATTUNE_ENGAGEMENTS, plain_order, engagement_of,
             "g", attune_engagement_names);
    for (int i = 0; i < ATTUNE_STATES; i++) {
        at_curve c = {attune_state_names[i],
                      "Expected level, 0 to 3",
                      "cs",
                      level_of,
                      i,
                      0,
                      ATTUNE_LEVELS - 1,
                      0,
                      "",
                      1};
        curve_row(r, &c);
    }
}

void at_plot_lane(const at_stats *s, int l, FILE *f)
{
    at_rows r = lane_rows(s, l, f);

    fprintf(f, "<div class=\"plots%s\" data-lane=\"%d\">\n<h3>Perceived expression</h3>\n",
            r.bins > DENSE ? " dense" : "", l);
    band_row(&r, BANDS_HEIGHT, "probability", ATTUNE_EMOTIONS, at_plot_emotion_order, emotion_of,
             "e", attune_emotion_names);
    axis(&r);
    modality_rows(&r);
    quality_rows(&r);
    state_rows(&r);
    axis(&r);
    fputs("<div class=\"cursor\" hidden></div><div class=\"tip\" hidden></div></div>\n", f);
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
    r = lane_rows(s, 0, f);
    for (int i = 0; i <= r.bins; i++) {
        const at_bin *b = &r.lane->bin[i < r.bins ? i : 0];
        int class = -1;
        if (i < r.bins && b->with_estimate && !withheld(b)) {
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
    fputs("<svg width=\"0\" height=\"0\" style=\"position:absolute\" aria-hidden=\"true\"><defs>"
          "<pattern id=\"hatch\" width=\"9\" height=\"7\" patternUnits=\"userSpaceOnUse\">"
          "<path d=\"M-1 8L10 -1M-2 1L2 -1.6M7 8.6L11 6\" class=\"hatchline\"/></pattern>"
          "</defs></svg>\n",
          f);
}

/* ---- data for the script --------------------------------------------------------------------- */

static void data_values(const at_rows *r, const char *key, int n, at_bin_value value, double scale)
{
    fprintf(r->f, ",\"%s\":[", key);
    for (int i = 0; i < r->bins; i++) {
        fputs(i ? ",[" : "[", r->f);
        for (int k = 0; k < n; k++) {
            double v = value(&r->lane->bin[i], k);
            if (isnan(v))
                break; /* all of a bin's values are there or none */
            fprintf(r->f, "%s%.0f", k ? "," : "", v * scale);
        }
        fputc(']', r->f);
    }
    fputc(']', r->f);
}

void at_plot_data(const at_stats *s, int l, FILE *f)
{
    at_rows r = lane_rows(s, l, f);

    fprintf(f, "{\"end\":%.3f,\"bin\":%.3f,\"held\":[", r.end_us / 1e6, (double)s->bin_us / 1e6);
    for (int i = 0; i < r.bins; i++)
        fprintf(f, "%s%d", i ? "," : "", withheld(&r.lane->bin[i]));
    fputc(']', f);
    data_values(&r, "emotion", ATTUNE_EMOTIONS, emotion_of, 100);
    data_values(&r, "weight", ATTUNE_MODALITIES, weight_of, 100);
    data_values(&r, "engagement", ATTUNE_ENGAGEMENTS, engagement_of, 100);
    data_values(&r, "level", ATTUNE_STATES, level_of, 10);
    fputc('}', f);
}
