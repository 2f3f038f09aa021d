#include "report/html.h"
#include "base/visible.h"

#include "report/assets.h"
#include "report/lane.h"
#include "report/plot.h"
#include "report/sinks.h"

/* ---- plots --------------------------------------------------------------------------------- */

static void put_reading_aid(const at_outcome *o, FILE *f)
{
    const at_stats *s = o->stats;
    char time[AT_NUMBER_SIZE];

    fprintf(f,
            "<p class=\"note\">Each point speaks of the %.3g s before it, so a change shows over "
            "the %.3g s that follow; the first points have less behind them. ",
            o->setup->session.window_s, o->setup->session.window_s);
    if (s->bin_us > s->hop_us)
        fprintf(f, "Points are means over %s. ", at_html_duration(time, (double)s->bin_us / 1e6));
    fputs(
        "<span class=\"key\">Hatched <svg viewBox=\"0 0 32 14\" width=\"32\" height=\"14\" "
        "aria-hidden=\"true\"><rect class=\"hatch\" width=\"32\" height=\"14\"/></svg></span>: "
        "nothing to go on or, with the colours pale behind, an estimate withheld. <span "
        "class=\"live\" hidden>Point at a moment, or move the slider with the arrow keys, for its "
        "values.</span></p>\n",
        f);
}

void at_html_lane_title(const at_stats *s, int l, const char *title, FILE *f)
{
    char name[AT_LANE_NAME_SIZE];

    at_lane_name(name, s, l);
    fprintf(f, "<h2>%s%s%s</h2>\n", title, *name ? ": " : "", name);
}

static void put_plots(const at_outcome *o, FILE *f)
{
    const at_stats *s = o->stats;
    int drawn = 0;

    for (int l = 0; l < s->lanes; l++) {
        if (!at_lane_is_drawn(s, l))
            continue;
        at_html_lane_title(s, l, "Over time", f);
        if (drawn++ == 0)
            put_reading_aid(o, f);
        at_plot_lane(s, l, f);
    }
    if (drawn < s->lanes)
        fputs("<p class=\"note\">Faces that were there too briefly, or are too many to draw, are "
              "in the tables and the timeline.</p>\n",
              f);
}

/* ---- data for the script --------------------------------------------------------------------- */

static void put_names(FILE *f, const char *key, const char *const *names, int n)
{
    fprintf(f, "\"%s\":[", key);
    for (int i = 0; i < n; i++)
        fprintf(f, "%s\"%s\"", i ? "," : "", names[i]);
    fputc(']', f);
}

static void put_script(const at_outcome *o, FILE *f)
{
    const char *modalities[ATTUNE_STREAMS];
    int stream[ATTUNE_STREAMS];
    const int streams = at_stats_streams(o->stats, stream);

    for (int m = 0; m < streams; m++)
        modalities[m] = attune_modality_name(stream[m]);
    fputs("<script type=\"application/json\" id=\"names\">{", f);
    put_names(f, "emotion", attune_emotion_names, ATTUNE_EMOTIONS);
    fputc(',', f);
    put_names(f, "engagement", attune_engagement_names, ATTUNE_ENGAGEMENTS);
    fputc(',', f);
    put_names(f, "weight", modalities, streams);
    fputs("}</script>\n", f);
    for (int l = 0; l < o->stats->lanes; l++) {
        if (!at_lane_is_drawn(o->stats, l))
            continue;
        fprintf(f, "<script type=\"application/json\" id=\"data-%d\">", l);
        at_plot_data(o->stats, l, f);
        fputs("</script>\n", f);
    }
    at_assets_script(f);
}

/* ---- how it was made ------------------------------------------------------------------------- */

/* Keys of metadata are written with underscores. */
void at_html_definition(FILE *f, const char *key, const char *value)
{
    char name[64];

    at_visible_copy(name, sizeof name, key);
    for (char *p = name; *p; p++)
        *p = *p == '_' ? ' ' : *p;
    fputs("<dt>", f);
    at_text_html(f, name);
    fputs("</dt><dd>", f);
    at_text_html(f, value);
    fputs("</dd>\n", f);
}

void at_html_model(const at_outcome *o, FILE *f)
{
    const char *key, *value;

    fputs("<h2>The model</h2>\n<dl>\n", f);
    for (int i = 0; (value = at_fact(o->setup, i, &key)); i++)
        at_html_definition(f, key, value);
    if (o->setup->model_path)
        at_html_definition(f, "file", o->setup->model_path);
    fputs("</dl>\n", f);
}

static void put_files(const at_outcome *o, FILE *f)
{
    fprintf(
        f,
        "<p class=\"note\">Files of this analysis: %s; <code>attune info --columns</code> explains "
        "the timeline. ",
        o->written);
    if (*o->earlier)
        fprintf(f, "<strong>Of an earlier run, and not of this one</strong>: %s. ", o->earlier);
    fprintf(
        f, "%s Nothing here leaves this computer, and the page loads nothing from elsewhere.</p>\n",
        at_shows_thumbnails(o)
            ? "<strong>This page shows faces</strong>, as was asked for: give it only to those "
              "who may see them."
            : "No picture and no sound of anybody is kept.");
}

static void put_run(const at_outcome *o, FILE *f)
{
    const attune_options *options = &o->setup->session;
    const attune_input_info *info = o->info;
    char text[160], time[AT_CLOCK_SIZE], factor[AT_CLOCK_SIZE], count[AT_CLOCK_SIZE];

    fputs("<h2>This analysis</h2>\n<dl>\n", f);
    at_html_definition(f, "input", o->setup->input);
    snprintf(text, sizeof text, "%s%s%s", info->has_video ? "picture" : "",
             info->has_video && info->has_audio ? " and " : "", info->has_audio ? "sound" : "");
    at_html_definition(f, "streams", text);
    snprintf(text, sizeof text, "%.3g frame%s a second, windows of %.3g s every %.3g s, %s at once",
             options->rate, options->rate == 1 ? "" : "s", options->window_s, options->hop_s,
             at_text_count(count, options->max_tracks, "face"));
    at_html_definition(f, "settings", text);
    if (o->stats->still)
        snprintf(text, sizeof text, "a picture in %.1f s", info->elapsed_s);
    else
        snprintf(text, sizeof text, "%s of input in %.1f s, %s times real time",
                 at_text_duration(time, info->duration_s), info->elapsed_s,
                 at_text_factor(factor, at_realtime_factor(info)));
    if (info->elapsed_s > 0)
        at_html_definition(f, "speed", text);
    snprintf(text, sizeof text, "attune %s", attune_version());
    at_html_definition(f, "program", text);
    fputs("</dl>\n", f);
    put_files(o, f);
}

static int write_page(FILE *f, void *state, const at_outcome *o)
{
    (void)state;
    at_html_head(o, f);
    at_html_faces(o, f);
    if (o->stats->still) {
        at_html_still(o, f);
    } else {
        put_plots(o, f);
        at_html_tables(o, f);
    }
    at_html_model(o, f);
    put_run(o, f);
    fprintf(f,
            "<h2>What this must not be used for</h2>\n<div class=\"notice\"><p>%s</p><p>%s</p>"
            "</div>\n",
            at_notice_meaning, at_notice_law);
    if (!o->stats->still)
        put_script(o, f);
    at_html_close(f);
    return ATTUNE_OK;
}

const at_sink_kind at_sink_html = {
    .info = {.name = "html",
             .file = "report.html",
             .what = "what was perceived over time; open it in a browser"},
    .close = write_page,
};
