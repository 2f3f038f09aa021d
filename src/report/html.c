#include "report/html.h"

#include "report/assets.h"
#include "report/plot.h"
#include "report/text.h"

#include <math.h>
#include <string.h>

enum { LANES_DRAWN = 4 };

void at_html_open(FILE *f, const char *title)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
          "<meta name=\"referrer\" content=\"no-referrer\">\n<title>attune: ",
          f);
    at_text_html(f, title);
    fputs("</title>\n", f);
    at_assets_style(f);
    fputs("</head>\n<body>\n<main>\n", f);
}

void at_html_close(FILE *f)
{
    fputs("</main>\n</body>\n</html>\n", f);
}

/* ---- numbers that stay on one line ---------------------------------------------------------- */

enum { NUMBER_SIZE = 3 * AT_CLOCK_SIZE };

static const char *unbroken(char out[NUMBER_SIZE], const char *text)
{
    char *p = out;

    for (; *text; text++) {
        if (*text == ' ') {
            memcpy(p, "&#160;", 6);
            p += 6;
        } else {
            *p++ = *text;
        }
    }
    *p = 0;
    return out;
}

static const char *percent_of(char out[NUMBER_SIZE], double share)
{
    char text[AT_CLOCK_SIZE];

    return unbroken(out, at_text_percent(text, share));
}

static const char *duration_of(char out[NUMBER_SIZE], double seconds)
{
    char text[AT_CLOCK_SIZE];

    return unbroken(out, at_text_duration(text, seconds));
}

/* ---- in words ------------------------------------------------------------------------------ */

static double face_share(const at_outcome *o)
{
    const attune_counts *n = &o->info->counts;

    return n->frames ? (double)n->frames_with_face / (double)n->frames : 0;
}

static double window_share(const at_outcome *o, int64_t n)
{
    return o->stats->windows ? (double)n / (double)o->stats->windows : 0;
}

static void stretch_words(FILE *f, const at_stretch *s)
{
    char length[NUMBER_SIZE], from[AT_CLOCK_SIZE], to[AT_CLOCK_SIZE];
    int tenths = s->end_us < INT64_C(600000000);

    fprintf(f, "%s (%s&#8211;%s)", duration_of(length, (double)(s->end_us - s->start_us) / 1e6),
            at_text_clock(from, (double)s->start_us / 1e6, tenths),
            at_text_clock(to, (double)s->end_us / 1e6, tenths));
}

static void expression_words(const at_outcome *o, FILE *f)
{
    const at_head_stats *h = &o->stats->head[AT_HEAD_EMOTION];
    char percent[NUMBER_SIZE];
    int order[AT_CLASSES_MAX];
    int n = at_ranked(h, ATTUNE_EMOTIONS, 0.05, order);

    if (!n) {
        fputs("<p>No estimate of the expression could be given.</p>\n", f);
        return;
    }
    fprintf(f,
            "<p>The perceived expression was most often <strong>%s</strong> (%s of the estimates)",
            attune_emotion_names[order[0]], percent_of(percent, at_head_share(h, order[0])));
    for (int i = 1; i < n && i < 4; i++) {
        fprintf(f, "%s%s (%s)", i == 1 ? ", then " : ", ", attune_emotion_names[order[i]],
                percent_of(percent, at_head_share(h, order[i])));
    }
    fprintf(f, ". The longest stretch of %s lasted ", attune_emotion_names[order[0]]);
    stretch_words(f, &h->longest[order[0]]);
    fputs(".</p>\n", f);
}

static void state_words(const at_outcome *o, FILE *f)
{
    const at_stats *s = o->stats;
    const at_head_stats *h = &s->head[AT_HEAD_ENGAGEMENT];
    int best = at_head_dominant(h);
    char percent[NUMBER_SIZE];

    if (best < 0)
        return;
    fprintf(f,
            "<p>Judging by the face, engagement looked <strong>%s</strong> in %s of the "
            "estimates. Mean levels from 0 to 3:",
            attune_engagement_names[best], percent_of(percent, at_head_share(h, best)));
    for (int i = 0; i < ATTUNE_STATES; i++)
        fprintf(f, "%s %s %.1f", i ? "," : "", attune_state_names[i], at_stats_mean_level(s, i));
    fputs(".</p>\n", f);
}

static void absence_words(const at_outcome *o, int head, const char *what, FILE *f)
{
    const at_head_stats *h = &o->stats->head[head];
    char percent[NUMBER_SIZE];

    if (!h->count[0])
        return;
    fprintf(f, " There was %s in %s of the windows; the longest such stretch lasted ", what,
            percent_of(percent, at_head_share(h, 0)));
    stretch_words(f, &h->longest[0]);
    fputc('.', f);
}

static void missing_words(const at_outcome *o, FILE *f)
{
    const attune_input_info *info = o->info;
    char percent[NUMBER_SIZE];

    fputs("<p>", f);
    if (info->has_video) {
        fprintf(f, "A face was found in %s of the frames looked at.",
                percent_of(percent, face_share(o)));
        absence_words(o, AT_HEAD_FACE, "no face", f);
    } else {
        fputs("<strong>There was no picture</strong>: everything rests on the voice.", f);
    }
    if (info->has_audio)
        absence_words(o, AT_HEAD_VOICE, "no usable voice", f);
    else
        fputs(" <strong>There was no sound</strong>: everything rests on the face.", f);
    if (o->stats->abstained) {
        fprintf(f,
                " <strong>No estimate is given for %s of the windows</strong>: there was too "
                "little to go on. They are hatched below and count nowhere else.",
                percent_of(percent, window_share(o, o->stats->abstained)));
    }
    fputs("</p>\n", f);
    if (info->truncated) {
        fputs("<p class=\"warn\">The input ended early and was analysed as far as it goes: ", f);
        at_text_html(f, info->truncated_reason);
        fputs("</p>\n", f);
    }
    for (int i = 0; i < info->n_notes; i++) {
        fputs("<p class=\"warn\">How the input was taken: ", f);
        at_text_html(f, info->note[i]);
        fputs(".</p>\n", f);
    }
    if (o->interrupted) {
        fputs("<p class=\"warn\">The analysis was stopped before the end of the input; this is "
              "what was done until then.</p>\n",
              f);
    }
}

static void tile(FILE *f, const char *value, const char *label)
{
    fprintf(f, "<li><b>%s</b><span>%s</span></li>", value, label);
}

static void tiles(const at_outcome *o, FILE *f)
{
    const at_stats *s = o->stats;
    int emotion = at_head_dominant(&s->head[AT_HEAD_EMOTION]);
    int engagement = at_head_dominant(&s->head[AT_HEAD_ENGAGEMENT]);
    char percent[NUMBER_SIZE];

    fputs("<ul class=\"tiles\">", f);
    tile(f, emotion < 0 ? "&#8211;" : attune_emotion_names[emotion], "most frequent expression");
    tile(f, engagement < 0 ? "&#8211;" : attune_engagement_names[engagement],
         "most frequent engagement");
    tile(f, o->info->has_video ? percent_of(percent, face_share(o)) : "no picture",
         "of frames with a face");
    tile(f,
         o->info->has_audio ? percent_of(percent, window_share(o, s->with[ATTUNE_VOICE]))
                            : "no sound",
         "of windows with a usable voice");
    tile(f, percent_of(percent, window_share(o, s->abstained)), "of windows withheld");
    fputs("</ul>\n", f);
}

static void head_section(const at_outcome *o, FILE *f)
{
    const attune_input_info *info = o->info;
    char name[512], time[NUMBER_SIZE];

    at_text_basename(name, sizeof name, o->setup->input);
    at_html_open(f, name);
    at_plot_defs(f);
    fputs("<p class=\"brand\">attune report</p>\n<h1>", f);
    at_text_html(f, name);
    fprintf(f, "</h1>\n<p class=\"sub\">%s", duration_of(time, info->duration_s));
    if (info->has_video) {
        fprintf(f, ", %d &#215; %d pixels, %lld frames analysed", info->width, info->height,
                (long long)info->counts.frames);
    }
    fprintf(f, ", %lld windows</p>\n", (long long)o->stats->windows);
    tiles(o, f);
    expression_words(o, f);
    state_words(o, f);
    missing_words(o, f);
    fprintf(f, "<p class=\"note\">%s</p>\n", at_notice_meaning);
}

/* ---- plots --------------------------------------------------------------------------------- */

static void plots_section(const at_outcome *o, FILE *f)
{
    const at_stats *s = o->stats;
    attune_options options = at_options_filled(&o->setup->options);
    char time[NUMBER_SIZE];

    fprintf(f, "<h2>Over time</h2>\n<p class=\"note\">Each point speaks of the %.3g s before it. ",
            options.window_s);
    if (s->bin_us > s->hop_us)
        fprintf(f, "Points are means over %s. ", duration_of(time, (double)s->bin_us / 1e6));
    fputs("<span class=\"key\">Hatched <svg viewBox=\"0 0 32 14\" width=\"32\" height=\"14\" "
          "aria-hidden=\"true\"><rect class=\"hatch\" width=\"32\" height=\"14\"/></svg></span>: "
          "nothing to go on or, with the colours pale behind, an estimate withheld.</p>\n",
          f);
    for (int l = 0; l < s->lanes && l < LANES_DRAWN; l++) {
        if (s->lanes > 1)
            fprintf(f, "<h2>Face %d of %d at once</h2>\n", l + 1, s->lanes);
        at_plot_lane(s, l, f);
    }
    if (s->lanes > LANES_DRAWN) {
        fprintf(f, "<p class=\"note\">%d more are in timeline.csv, and in the table below.</p>\n",
                s->lanes - LANES_DRAWN);
    }
}

static void json_names(FILE *f, const char *key, const char *const *names, int n)
{
    fprintf(f, "\"%s\":[", key);
    for (int i = 0; i < n; i++)
        fprintf(f, "%s\"%s\"", i ? "," : "", names[i]);
    fputc(']', f);
}

static void script_section(const at_outcome *o, FILE *f)
{
    static const char *const modalities[ATTUNE_MODALITIES] = {"face", "voice"};

    fputs("<script type=\"application/json\" id=\"names\">{", f);
    json_names(f, "emotion", attune_emotion_names, ATTUNE_EMOTIONS);
    fputc(',', f);
    json_names(f, "engagement", attune_engagement_names, ATTUNE_ENGAGEMENTS);
    fputc(',', f);
    json_names(f, "level", attune_state_names, ATTUNE_STATES);
    fputc(',', f);
    json_names(f, "weight", modalities, ATTUNE_MODALITIES);
    fputs("}</script>\n", f);
    for (int l = 0; l < o->stats->lanes && l < LANES_DRAWN; l++) {
        fprintf(f, "<script type=\"application/json\" id=\"data-%d\">", l);
        at_plot_data(o->stats, l, f);
        fputs("</script>\n", f);
    }
    at_assets_script(f);
}

/* ---- tables -------------------------------------------------------------------------------- */

static void stretch_cell(FILE *f, const at_stretch *s, int lanes)
{
    fputs("<td>", f);
    if (s->end_us > s->start_us) {
        stretch_words(f, s);
        if (lanes > 1)
            fprintf(f, ", face %d", s->lane + 1);
    } else {
        fputs("&#8211;", f);
    }
    fputs("</td>", f);
}

static void share_rows(const at_outcome *o, at_head h, const char *colour, int n, const int *order,
                       FILE *f)
{
    const at_head_stats *head = &o->stats->head[h];
    char percent[NUMBER_SIZE];

    for (int k = n - 1; k >= 0; k--) {
        int c = order[k];
        fprintf(f, "<tr><td><i class=\"%s%d\"></i>%s</td><td class=\"n\">%s</td>", colour, c,
                at_head_class(h, c), percent_of(percent, at_head_share(head, c)));
        fprintf(f,
                "<td class=\"bar\"><div class=\"%s%d\" style=\"width:%.1f%%\"></div></td>"
                "<td class=\"n mean\">%.2f</td>",
                colour, c, 100 * at_head_share(head, c), at_head_mean(head, c));
        stretch_cell(f, &head->longest[c], o->stats->lanes);
        fputs("</tr>\n", f);
    }
}

static void share_table(const at_outcome *o, at_head h, const char *title, const char *colour,
                        int n, const int *order, FILE *f)
{
    if (!o->stats->head[h].windows)
        return;
    fprintf(f,
            "<h3>%s</h3>\n<div class=\"wide\"><table><tr><th>class</th><th class=\"n\">likeliest "
            "in</th><th class=\"bar\"></th><th class=\"n mean\">mean probability</th>"
            "<th>longest stretch</th></tr>\n",
            title);
    share_rows(o, h, colour, n, order, f);
    fputs("</table></div>\n", f);
}

static void state_table(const at_outcome *o, FILE *f)
{
    const at_stats *s = o->stats;
    char percent[NUMBER_SIZE];

    if (!s->head[AT_HEAD_STATE].windows)
        return;
    fputs("<h3>Learning states</h3>\n<div class=\"wide\"><table><tr><th>state</th>"
          "<th class=\"n\">mean level</th><th class=\"n\">likeliest level 0</th>"
          "<th class=\"n\">1</th><th class=\"n\">2</th><th class=\"n\">3</th></tr>\n",
          f);
    for (int i = 0; i < ATTUNE_STATES; i++) {
        fprintf(f, "<tr><td>%s</td><td class=\"n\">%.2f</td>", attune_state_names[i],
                at_stats_mean_level(s, i));
        for (int k = 0; k < ATTUNE_LEVELS; k++) {
            fprintf(f, "<td class=\"n\">%s</td>",
                    percent_of(percent, at_head_share(&s->head[AT_HEAD_STATE + i], k)));
        }
        fputs("</tr>\n", f);
    }
    fputs("</table></div>\n", f);
}

static void absence_table(const at_outcome *o, FILE *f)
{
    static const struct {
        at_head head;
        const char *text;
    } rows[] = {
        {AT_HEAD_FACE, "no face"},
        {AT_HEAD_VOICE, "no usable voice"},
        {AT_HEAD_ESTIMATE, "estimate withheld"},
    };
    char percent[NUMBER_SIZE];

    fputs("<h3>What was missing</h3>\n<div class=\"wide\"><table><tr><th></th>"
          "<th class=\"n\">of the windows</th><th>longest stretch</th></tr>\n",
          f);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const at_head_stats *h = &o->stats->head[rows[i].head];
        fprintf(f, "<tr><td>%s</td><td class=\"n\">%s</td>", rows[i].text,
                percent_of(percent, at_head_share(h, 0)));
        stretch_cell(f, &h->longest[0], o->stats->lanes);
        fputs("</tr>\n", f);
    }
    fputs("</table></div>\n", f);
}

static void tables_section(const at_outcome *o, FILE *f)
{
    static const int levels[] = {0, 1, 2};

    fputs("<h2>Shares and longest stretches</h2>\n", f);
    share_table(o, AT_HEAD_EMOTION, "Perceived expression", "e", ATTUNE_EMOTIONS,
                at_plot_emotion_order, f);
    share_table(o, AT_HEAD_ENGAGEMENT, "Engagement", "g", ATTUNE_ENGAGEMENTS, levels, f);
    state_table(o, f);
    absence_table(o, f);
}

/* ---- how it was made ------------------------------------------------------------------------- */

/* Keys of metadata are written with underscores. */
static void definition(FILE *f, const char *key, const char *value)
{
    char name[64];

    at_text_clean(name, sizeof name, key);
    for (char *p = name; *p; p++)
        *p = *p == '_' ? ' ' : *p;
    fputs("<dt>", f);
    at_text_html(f, name);
    fputs("</dt><dd>", f);
    at_text_html(f, value);
    fputs("</dd>\n", f);
}

static void model_section(const at_outcome *o, FILE *f)
{
    const at_report_setup *setup = o->setup;

    fputs("<h2>The model</h2>\n<dl>\n", f);
    for (int i = 0; i < setup->n_facts; i++)
        definition(f, setup->facts[i].key, setup->facts[i].value);
    if (setup->model_path)
        definition(f, "file", setup->model_path);
    fputs("</dl>\n", f);
}

static void run_section(const at_outcome *o, FILE *f)
{
    attune_options options = at_options_filled(&o->setup->options);
    const attune_input_info *info = o->info;
    char text[160], time[AT_CLOCK_SIZE], factor[AT_CLOCK_SIZE];

    fputs("<h2>This analysis</h2>\n<dl>\n", f);
    definition(f, "input", o->setup->input);
    snprintf(text, sizeof text, "%s%s%s", info->has_video ? "picture" : "",
             info->has_video && info->has_audio ? " and " : "", info->has_audio ? "sound" : "");
    definition(f, "streams", text);
    snprintf(text, sizeof text,
             "%.3g frames a second, windows of %.3g s every %.3g s, %d face%s at once",
             options.rate, options.window_s, options.hop_s, options.max_tracks,
             options.max_tracks == 1 ? "" : "s");
    definition(f, "settings", text);
    snprintf(text, sizeof text, "%s of input in %.1f s, %s times real time",
             at_text_duration(time, info->duration_s), info->elapsed_s,
             at_text_factor(factor, at_realtime_factor(info)));
    definition(f, "speed", text);
    snprintf(text, sizeof text, "attune %s", attune_version());
    definition(f, "program", text);
    fputs("</dl>\n<p class=\"note\">Numbers of every window: timeline.csv, timeline.jsonl. This "
          "page's figures: summary.json, which also explains the columns. Nothing here leaves "
          "this computer, and the page loads nothing from elsewhere.</p>\n",
          f);
}

void at_html_page(const at_outcome *o, FILE *f)
{
    head_section(o, f);
    plots_section(o, f);
    tables_section(o, f);
    model_section(o, f);
    run_section(o, f);
    fprintf(f,
            "<h2>What this must not be used for</h2>\n<div class=\"notice\"><p>%s</p><p>%s</p>"
            "</div>\n",
            at_notice_meaning, at_notice_law);
    script_section(o, f);
    at_html_close(f);
}
