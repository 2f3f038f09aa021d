/* pdf.c - report.pdf: the report to print and to hand on, in vectors. */
#include "report/pdf.h"

#include "report/chart.h"
#include "report/sinks.h"
#include "report/text.h"

#include <cairo-pdf.h>
#include <stdlib.h>
#include <string.h>

/* ---- what was found ------------------------------------------------------------------------- */

static void put_title(at_page *p, const at_outcome *o)
{
    static const at_type brand = {8, 0, AT_SOFT}, title = {18, 1, AT_INK};
    const attune_input_info *info = o->info;
    char text[160], time[AT_CLOCK_SIZE];

    at_paint_text(p->cr, &brand, AT_PAGE_LEFT, p->y, 0, "attune report");
    p->y += 6;
    p->y +=
        AT_LINE_HEIGHT * title.size *
        at_paint_lines(p->cr, &title, AT_PAGE_LEFT, p->y + title.size, AT_PAGE_WIDTH, p->name, 1);
    if (o->stats->still)
        snprintf(text, sizeof text, "a picture of %d x %d pixels", info->width, info->height);
    else
        snprintf(text, sizeof text, "%s, %lld frames analysed, %lld windows",
                 at_text_duration(time, info->duration_s), (long long)info->counts.frames,
                 (long long)o->stats->windows);
    at_page_text(p, &at_page_soft, text);
    p->y += 4;
}

/* What says where files lie is of no use on paper. */
static int is_shown(const char *term)
{
    static const char *const left_out[] = {"report", "written to", "speed", "also there"};

    for (size_t i = 0; i < sizeof left_out / sizeof *left_out; i++)
        if (!strcmp(term, left_out[i]))
            return 0;
    return 1;
}

/* A line of the text for terminals: two spaces, a term of at least twelve characters, a space. */
static void put_finding(at_page *p, char *line)
{
    char term[40];
    size_t n = strlen(line), end = 14;

    if (n < 15 || strncmp(line, "  ", 2) != 0)
        return;
    while (line[end] && line[end] != ' ' && end < sizeof term)
        end++;
    snprintf(term, sizeof term, "%.*s", (int)(end - 2), line + 2);
    for (size_t k = strlen(term); k && term[k - 1] == ' ';)
        term[--k] = 0;
    if (is_shown(term))
        at_page_entry(p, term, line + end + (line[end] == ' '));
}

static int put_findings(at_page *p, const at_outcome *o)
{
    char *text = strdup(o->text), *line = text, *end;

    if (!text)
        return ATTUNE_E_NOMEM;
    for (; (end = strchr(line, '\n')); line = end + 1) {
        *end = 0;
        if (line != text) /* the first one is the title */
            put_finding(p, line);
    }
    free(text);
    return ATTUNE_OK;
}

static void put_notice(at_page *p)
{
    const double height =
        8 + AT_LINE_HEIGHT * at_page_soft.size *
                at_paint_lines(p->cr, &at_page_soft, 0, 0, AT_PAGE_WIDTH, at_notice_meaning, 0);

    p->y += 4;
    at_paint_box(p->cr, AT_PAGE_LEFT - 8, p->y, 3, height, 0x0b62a8);
    p->y += 3;
    at_page_text(p, &at_page_soft, at_notice_meaning);
    p->y += 4;
}

static void put_streams(at_page *p, const at_outcome *o)
{
    const at_presence *s = o->stats->presence;
    char text[200], time[AT_CLOCK_SIZE], percent[AT_CLOCK_SIZE];

    for (int m = 0; m < ATTUNE_MODALITIES && !o->stats->still; m++) {
        snprintf(text, sizeof text, "there for %s (%s)", at_text_duration(time, s[m].there_s),
                 at_text_percent(percent, at_presence_share(&s[m])));
        at_page_entry(p, attune_modality_name(m), text);
    }
    for (int i = 0; i < o->info->n_notes; i++)
        at_page_entry(p, "note", o->info->note[i]);
}

/* ---- over time ------------------------------------------------------------------------------ */

static void put_reading_aid(at_page *p, const at_outcome *o)
{
    char text[240];

    snprintf(
        text, sizeof text,
        "Each point speaks of the %.3g s before it. Hatched: nothing to go on or, pale behind, "
        "an estimate withheld. Dotted: what is usual, or the mean.",
        o->setup->session.window_s);
    at_page_text(p, &at_page_soft, text);
}

/* All on one page; one that has no room for it ends with the axis. */
static void put_group(at_page *p, at_chart *c, const char *title, at_curve_group group,
                      double height)
{
    const double room = at_chart_room(c, group, height);

    if (room == 0)
        return;
    if (c->y + room > AT_PAGE_END) {
        at_chart_axis(c);
        at_page_end(p);
        at_page_begin(p);
        c->y = p->y;
    }
    at_chart_heading(c, title);
    at_chart_curves(c, group, height);
}

static void put_lane(at_page *p, const at_outcome *o, int l)
{
    const at_stats *s = o->stats;
    char name[AT_LANE_NAME_SIZE], title[AT_LANE_NAME_SIZE + 16];
    at_chart c;

    at_lane_name(name, s, l);
    snprintf(title, sizeof title, "Over time%s%s", *name ? ": " : "", name);
    at_page_heading(p, title, AT_PAGE_END - AT_PAGE_TOP - 60); /* a page of its own */
    put_reading_aid(p, o);
    c = at_chart_of(p->cr, s, l, AT_PAGE_LEFT, p->y, AT_PAGE_WIDTH);
    at_chart_expression(&c, 104);
    at_chart_axis(&c);
    at_chart_heading(&c, "What the estimate rests on");
    at_chart_weights(&c, 34);
    at_chart_curves(&c, AT_CURVES_TRUST, 14);
    if (at_chart_has_states(&c)) {
        at_chart_heading(&c, "Learning state (from the face)");
        at_chart_engagement(&c, 40);
        at_chart_curves(&c, AT_CURVES_STATE, 14);
    }
    put_group(p, &c, "Facial movements that vary most", AT_CURVES_MOVEMENT, 14);
    put_group(p, &c, at_beside_title(&c.r, AT_CURVES_SIGNAL), AT_CURVES_SIGNAL, 14);
    put_group(p, &c, at_beside_title(&c.r, AT_CURVES_CHAT), AT_CURVES_CHAT, 11);
    put_group(p, &c, "Quality of picture and sound", AT_CURVES_QUALITY, 11);
    at_chart_axis(&c);
    p->y = c.y;
}

static void put_lanes(at_page *p, const at_outcome *o)
{
    for (int l = 0; l < o->stats->lanes; l++)
        if (at_lane_is_drawn(o->stats, l))
            put_lane(p, o, l);
}

/* ---- how it was made ------------------------------------------------------------------------ */

static void put_model(at_page *p, const at_outcome *o)
{
    const char *key, *value;
    char term[40];

    at_page_heading(p, "The model", 60);
    for (int i = 0; (value = at_fact(o->setup, i, &key)); i++) {
        snprintf(term, sizeof term, "%s", key);
        for (char *c = term; *c; c++)
            *c = *c == '_' ? ' ' : *c;
        at_page_entry(p, term, value);
    }
}

static void put_run(at_page *p, const at_outcome *o)
{
    const attune_options *options = &o->setup->session;
    char text[160], count[AT_CLOCK_SIZE];

    at_page_heading(p, "This analysis", 40);
    at_page_entry(p, "input", p->name);
    snprintf(text, sizeof text, "%.3g frame%s a second, windows of %.3g s every %.3g s, %s at once",
             options->rate, options->rate == 1 ? "" : "s", options->window_s, options->hop_s,
             at_text_count(count, options->max_tracks, "face"));
    at_page_entry(p, "settings", text);
    at_page_heading(p, "What this must not be used for", 40);
    at_page_text(p, &at_page_plain, at_notice_meaning);
    at_page_text(p, &at_page_plain, at_notice_law);
}

static int draw_pages(cairo_t *cr, const at_outcome *o)
{
    char name[300];
    at_page p = {.cr = cr, .name = at_text_basename(name, sizeof name, o->setup->input)};
    int rc;

    at_page_begin(&p);
    put_title(&p, o);
    put_notice(&p);
    rc = put_findings(&p, o);
    put_streams(&p, o);
    if (!o->stats->still) {
        at_page_tables(&p, o);
        put_lanes(&p, o);
    }
    put_model(&p, o);
    put_run(&p, o);
    at_page_end(&p);
    return rc;
}

/* The date is one and the same: the same windows make the same file. */
static int write_pdf(FILE *f, void *state, const at_outcome *o)
{
    cairo_surface_t *pdf =
        cairo_pdf_surface_create_for_stream(at_paint_write, f, AT_PAGE_W, AT_PAGE_H);
    cairo_t *cr = cairo_create(pdf);
    char name[300];
    int rc;

    (void)state;
    cairo_pdf_surface_set_metadata(pdf, CAIRO_PDF_METADATA_TITLE,
                                   at_text_basename(name, sizeof name, o->setup->input));
    cairo_pdf_surface_set_metadata(pdf, CAIRO_PDF_METADATA_CREATE_DATE, "1970-01-01T00:00:00Z");
    rc = draw_pages(cr, o);
    cairo_destroy(cr);
    cairo_surface_finish(pdf);
    if (cairo_surface_status(pdf) != CAIRO_STATUS_SUCCESS)
        rc = ATTUNE_E_NOMEM;
    cairo_surface_destroy(pdf);
    return rc;
}

const at_sink_kind at_sink_pdf = {
    .info = {"pdf", "report.pdf", "the report to print", .extra = 1},
    .load = at_paint_load,
    .close = write_pdf,
};
