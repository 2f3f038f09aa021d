#include "report/lane.h"

#include "report/plot.h"
#include "report/text.h"

#include <math.h>

enum {
    TABLE_ROWS = 40,
    LANES_DRAWN = 6, /* the others are in tables and the timeline */
};

/* ---- values of a bin ------------------------------------------------------------------------ */

at_ratio at_emotion_of(const at_bin *b, int i)
{
    return (at_ratio){(double)b->emotion[i], b->with_estimate};
}

at_ratio at_engagement_of(const at_bin *b, int i)
{
    return (at_ratio){(double)b->engagement[i], b->with_state};
}

at_ratio at_weight_of(const at_bin *b, int m)
{
    return (at_ratio){(double)b->weight[m], b->with_estimate};
}

static at_ratio level_of(const at_bin *b, int i)
{
    return (at_ratio){(double)b->level[i], b->with_state};
}

static at_ratio reliability_of(const at_bin *b, int m)
{
    return (at_ratio){(double)b->reliability[m], b->there[m]};
}

static at_ratio quality_of(const at_bin *b, int i)
{
    return (at_ratio){(double)b->quality[i], b->qualities[i]};
}

static at_ratio usual_of(const at_bin *b, int i)
{
    (void)i;
    return (at_ratio){(double)b->usual, b->with_usual};
}

static at_ratio movement_of(const at_bin *b, int i)
{
    return (at_ratio){(double)b->movement[i], b->with_movements};
}

/* Where there was a picture, or sound, to look for it in. */
static at_ratio seen_of(const at_bin *b, int m)
{
    int looked = b->qualities[m == ATTUNE_FACE ? AT_MEASURE(face_share) : AT_MEASURE(speech_share)];

    return (at_ratio){(double)b->seen[m], looked ? b->windows : 0};
}

int at_withheld(const at_bin *b)
{
    return b->windows > 0 && 2 * b->abstained >= b->windows;
}

/* ---- a lane ---------------------------------------------------------------------------------- */

at_rows at_rows_of(const at_stats *s, int l, FILE *f)
{
    at_rows r = {.s = s,
                 .lane = s->lane[l],
                 .bins = at_stats_bins(s),
                 .length_us = fmax((double)at_stats_length_us(s), 1),
                 .f = f};

    r.movements = at_movements_varied(&r.lane->movements, r.movement);
    at_rows_find_beside(&r);
    return r;
}

int at_lane_is_drawn(const at_stats *s, int l)
{
    double seconds = (double)s->lane[l]->windows * (double)s->hop_us / 1e6;

    return l < LANES_DRAWN && (s->lanes == 1 || seconds >= AT_ENOUGH_S);
}

const char *at_lane_name(char name[AT_LANE_NAME_SIZE], const at_stats *s, int l)
{
    const at_lane *lane = s->lane[l];
    size_t used = 0;

    name[0] = 0;
    if (at_lane_is_faceless(s, l))
        snprintf(name, AT_LANE_NAME_SIZE, "a voice that belongs to no face in view");
    for (int i = 0; i < lane->faces && s->several && !at_lane_is_faceless(s, l); i++)
        used += (size_t)snprintf(name + used, AT_LANE_NAME_SIZE - used, "%s %u",
                                 i                 ? ","
                                 : lane->faces > 1 ? "faces"
                                                   : "face",
                                 (unsigned)lane->face[i]);
    return name;
}

/* ---- curves --------------------------------------------------------------------------------- */

#define MEASURED(member)                                                    \
    {                                                                       \
        AT_CURVES_QUALITY, .value = quality_of, .index = AT_MEASURE(member) \
    }
#define LEVEL(state, name)                                                             \
    {                                                                                  \
        AT_CURVES_STATE, name, "Expected level; dotted: usual", "cs", level_of, state, \
            ATTUNE_LEVELS - 1, .unit = ""                                              \
    }

/* What a measure is called, and how it is shown, stands in its table. */
static const at_curve curves[] = {
    {AT_CURVES_TRUST, "face reliability", "How likely the answer of the face alone is right", "cf",
     reliability_of, ATTUNE_FACE, 1, .unit = "%"},
    {AT_CURVES_TRUST, "voice reliability", "How likely the answer of the voice alone is right",
     "cv", reliability_of, ATTUNE_VOICE, 1, .unit = "%"},
    {AT_CURVES_TRUST, "face condition",
     "How fit the picture of the face was to be judged; with trust it makes the weight", "cf",
     at_condition_of, ATTUNE_FACE, 1, .unit = "%"},
    {AT_CURVES_TRUST, "voice condition",
     "How fit the sound of the voice was to be judged; with trust it makes the weight", "cv",
     at_condition_of, ATTUNE_VOICE, 1, .unit = "%"},
    {AT_CURVES_TRUST, "usual taken out",
     "The largest of what was taken out of the logarithm of an expression's probability as usual "
     "for this person; 0.7 doubles or halves it",
     "cu", usual_of, 0, 2, .unit = ""},
    {AT_CURVES_QUALITY, "face in view",
     "Share of the frames since the point before in which this face was found", "cf", seen_of,
     ATTUNE_FACE, 1, .unit = "%"},
    MEASURED(sharpness),
    MEASURED(brightness),
    MEASURED(contrast),
    MEASURED(coverage),
    MEASURED(face_size),
    {AT_CURVES_QUALITY, "sound like speech",
     "Share of the time since the point before with sound that stands out as speech does; music "
     "and tones may, and the voice's condition says whether it is a voice",
     "cv", seen_of, ATTUNE_VOICE, 1, .unit = "%"},
    MEASURED(snr_db),
    LEVEL(ATTUNE_BOREDOM, "boredom"),
    LEVEL(ATTUNE_ENGAGEMENT, "engagement"),
    LEVEL(ATTUNE_CONFUSION, "confusion"),
    LEVEL(ATTUNE_FRUSTRATION, "frustration"),
};

static void show_measure(at_curve *c)
{
    const at_measure *m = &at_measures[c->index];

    c->label = m->label;
    c->what = m->what;
    c->class = m->modality == ATTUNE_VOICE ? "cv" : "cf";
    c->most = m->most;
    c->unit = m->unit[0] ? m->unit : "%";
}

enum { FIXED = sizeof curves / sizeof *curves };

/* Movements are small as a rule: a quarter, half or all of the scale, as much as the highest point needs. */
static double reach_of(const at_rows *r, int movement)
{
    const double most = at_rows_highest(r, movement_of, movement);

    return most <= 0.25 ? 0.25 : most <= 0.5 ? 0.5 : 1;
}

static at_curve movement_curve(const at_rows *r, int i)
{
    return (at_curve){.group = AT_CURVES_MOVEMENT,
                      .label = at_movements[r->movement[i]].words,
                      .class = "cm",
                      .value = movement_of,
                      .index = r->movement[i],
                      .most = reach_of(r, r->movement[i]),
                      .unit = "%"};
}

int at_curve_at(const at_rows *r, int k, at_curve *out)
{
    const int drawn = FIXED + r->movements;

    if (k < 0 || k >= drawn + at_curves_beside(r))
        return 0;
    *out = k < FIXED   ? curves[k]
           : k < drawn ? movement_curve(r, k - FIXED)
                       : at_curve_beside(r, k - drawn);
    if (out->value == quality_of)
        show_measure(out);
    return 1;
}

void at_curve_what(const at_curve *c, FILE *f)
{
    const at_movement *m = &at_movements[c->index];

    if (c->group != AT_CURVES_MOVEMENT) {
        fputs(c->what, f);
        return;
    }
    fputs("How far it is made: ", f);
    for (int i = 0; i < m->units; i++)
        fprintf(f, "%s%s", i ? ", " : "", attune_units[m->unit[i]].name);
    fputs("; dotted: its mean", f);
}

double at_curve_usual(const at_curve *c, const at_rows *r)
{
    switch (c->group) {
    case AT_CURVES_STATE: return (double)r->s->usual.mean[c->index];
    case AT_CURVES_MOVEMENT: return at_movement_mean(&r->lane->movements, c->index);
    case AT_CURVES_SIGNAL:
        return r->s->signal[c->index].moments ? r->s->signal[c->index].mean : NAN;
    default: return NAN;
    }
}

double at_curve_value(const at_curve *c, const at_bin *b)
{
    return at_ratio_value(c->value(b, c->index));
}

double at_curve_height(const at_curve *c, double value)
{
    return isnan(value) ? value : fmin(fmax((value - c->least) / (c->most - c->least), 0), 1);
}

/* Over the windows of bins [from, to). */
static double mean_over(const at_rows *r, int from, int to, at_bin_value value, int index)
{
    at_ratio all = {0, 0};

    for (int i = from; i < to; i++) {
        at_ratio one = value(&r->lane->bin[i], index);
        all.sum += one.n ? one.sum : 0;
        all.n += one.n;
    }
    return at_ratio_value(all);
}

double at_curve_mean(const at_curve *c, const at_rows *r)
{
    return mean_over(r, 0, r->bins, c->value, c->index);
}

/* So many that a hundredth of the scale shows. */
static int signal_decimals(const at_curve *c)
{
    const double step = (c->most - c->least) / 100;
    int n = 0;

    while (n < 6 && step * pow(10, n) < 0.5)
        n++;
    return n;
}

const char *at_curve_text(const at_curve *c, double value, char text[AT_CURVE_SIZE])
{
    if (c->group == AT_CURVES_SIGNAL)
        snprintf(text, AT_CURVE_SIZE, fabs(value) < 1e9 ? "%.*f" : "%.*g",
                 fabs(value) < 1e9 ? signal_decimals(c) : 6, value);
    else if (c->unit[0] == '%')
        snprintf(text, AT_CURVE_SIZE, "%.0f", 100 * value);
    else
        snprintf(text, AT_CURVE_SIZE, "%.*f", c->most > 10 ? 0 : 1, value);
    return text;
}

void at_curve_print(const at_curve *c, double value, FILE *f)
{
    char text[AT_CURVE_SIZE];

    fputs(at_curve_text(c, value, text), f);
}

const char *at_axis_name(char text[AT_AXIS_NAME_SIZE], const at_rows *r, const char *plain)
{
    char from[AT_CLOCK_SIZE];

    if (!r->s->begin_us)
        return plain;
    snprintf(text, AT_AXIS_NAME_SIZE, "time after %s",
             at_text_clock(from, (double)r->s->begin_us / 1e6, 1));
    return text;
}

double at_tick_step(double seconds)
{
    static const double steps[] = {0.5, 1,   2,   5,   10,   15,   30,   60,
                                   120, 300, 600, 900, 1800, 3600, 7200, 14400};
    size_t n = sizeof steps / sizeof *steps;

    for (size_t i = 0; i < n; i++)
        if (seconds / steps[i] <= 8)
            return steps[i];
    return seconds / 6;
}

/* ---- data for the script --------------------------------------------------------------------- */

/* order: nullable; which values are meant. */
static void data_shares(const at_rows *r, const char *key, int n, const int *order,
                        at_bin_value value)
{
    fprintf(r->f, ",\"%s\":[", key);
    for (int i = 0; i < r->bins; i++) {
        fputs(i ? ",[" : "[", r->f);
        for (int k = 0; k < n; k++) {
            double v = at_ratio_value(value(&r->lane->bin[i], order ? order[k] : k));
            if (isnan(v))
                break; /* all of a bin's values are there or none */
            fprintf(r->f, "%s%.0f", k ? "," : "", 100 * v);
        }
        fputc(']', r->f);
    }
    fputc(']', r->f);
}

static void data_curve(const at_rows *r, const at_curve *c)
{
    fputc('[', r->f);
    for (int i = 0; i < r->bins; i++) {
        double v = at_curve_value(c, &r->lane->bin[i]);
        fputs(i ? "," : "", r->f);
        if (isnan(v))
            fputs("null", r->f);
        else
            at_curve_print(c, v, r->f);
    }
    fputc(']', r->f);
}

void at_plot_data(const at_stats *s, int l, FILE *f)
{
    at_rows r = at_rows_of(s, l, f);
    int stream[ATTUNE_STREAMS];
    const int streams = at_stats_streams(s, stream);
    at_curve c;

    fprintf(f, "{\"end\":%.3f,\"bin\":%.3f,\"held\":[", r.length_us / 1e6, (double)s->bin_us / 1e6);
    for (int i = 0; i < r.bins; i++)
        fprintf(f, "%s%d", i ? "," : "", at_withheld(&r.lane->bin[i]));
    fputc(']', f);
    data_shares(&r, "emotion", ATTUNE_EMOTIONS, NULL, at_emotion_of);
    data_shares(&r, "weight", streams, stream, at_weight_of);
    data_shares(&r, "engagement", ATTUNE_ENGAGEMENTS, NULL, at_engagement_of);
    fputs(",\"curves\":[", f);
    for (int k = 0; at_curve_at(&r, k, &c); k++) {
        fputs(k ? "," : "", f);
        data_curve(&r, &c);
    }
    fputs("],\"movements\":{", f);
    for (int i = 0; i < r.movements; i++)
        fprintf(f, "%s\"%d\":\"%s\"", i ? "," : "", FIXED + i, at_movements[r.movement[i]].words);
    fputs("}}", f);
}

/* ---- the table ------------------------------------------------------------------------------ */

static void class_cell(const at_rows *r, int from, int to, int n, at_bin_value value,
                       const char *const *names)
{
    double best = NAN;
    int class = -1;

    for (int k = 0; k < n; k++) {
        double mean = mean_over(r, from, to, value, k);
        if (mean > best || (class < 0 && !isnan(mean))) {
            class = k;
            best = mean;
        }
    }
    if (class < 0)
        fputs("<td>none</td>", r->f);
    else
        fprintf(r->f, "<td>%s %.0f&#8239;%%</td>", names[class], 100 * best);
}

static void table_row(const at_rows *r, int from, int to)
{
    char text[AT_CLOCK_SIZE];
    at_curve c;
    int held = 0;

    for (int i = from; i < to; i++)
        held += at_withheld(&r->lane->bin[i]);
    fprintf(r->f, "<tr><th scope=\"row\">%s</th>",
            at_text_clock(text, (double)from * (double)r->s->bin_us / 1e6, 1));
    class_cell(r, from, to, ATTUNE_EMOTIONS, at_emotion_of, attune_emotion_names);
    class_cell(r, from, to, ATTUNE_ENGAGEMENTS, at_engagement_of, attune_engagement_names);
    fprintf(r->f, "<td>%s</td>", 2 * held >= to - from ? "withheld" : "given");
    for (int k = 0; at_curve_at(r, k, &c); k++) {
        double v = mean_over(r, from, to, c.value, c.index);
        fputs("<td class=\"n\">", r->f);
        if (!isnan(v))
            at_curve_print(&c, v, r->f);
        fputs("</td>", r->f);
    }
    fputs("</tr>\n", r->f);
}

static void curve_head(const at_rows *r, const at_curve *c)
{
    int au = c->group == AT_CURVES_MOVEMENT ? at_movement_au(c->index) : 0;

    fprintf(r->f, "<th class=\"n\">%s", c->label);
    if (au)
        fprintf(r->f, " (AU %d)", au);
    fprintf(r->f, "%s%s</th>", c->unit[0] ? ", " : "", c->unit);
}

void at_lane_table(const at_rows *r)
{
    int step = (r->bins + TABLE_ROWS - 1) / TABLE_ROWS;
    char from[AT_AXIS_NAME_SIZE];
    at_curve c;

    fprintf(r->f,
            "<details><summary>These values as a table</summary><div class=\"wide\"><table><tr>"
            "<th>%s</th><th>expression</th><th>engagement</th><th>estimate</th>",
            at_axis_name(from, r, "from"));
    for (int k = 0; at_curve_at(r, k, &c); k++)
        curve_head(r, &c);
    fputs("</tr>\n", r->f);
    for (int i = 0; i < r->bins; i += step)
        table_row(r, i, i + step < r->bins ? i + step : r->bins);
    fputs("</table></div></details>\n", r->f);
}
