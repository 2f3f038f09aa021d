/* html_explained.c - explain.html: where faces spoke for an answer. */
#include "report/explained.h"
#include "report/html.h"
#include "report/plot.h"
#include "report/png.h"

#include <math.h>
#include <stdlib.h>

enum { LANES_DRAWN = 6 };

static const char *const region_words[ATTUNE_REGIONS] = {"eyes", "mouth", "rest of the face",
                                                         "outside the face"};

static const char *share_words(char out[AT_NUMBER_SIZE], double share)
{
    return isnan(share) ? "&#8211;" : at_html_percent(out, share);
}

/* ---- the top --------------------------------------------------------------------------------- */

static void tiles(const attune_explanation *x, FILE *f)
{
    static const char *const places[ATTUNE_REGIONS] = {
        "in the eyes", "in the mouth", "in the rest of the face", "outside the face"};
    at_activation all = at_explained_activation(x, -1);
    char share[AT_NUMBER_SIZE], even[AT_NUMBER_SIZE];

    fputs("<ul class=\"tiles\">", f);
    for (int k = 0; k < ATTUNE_REGIONS; k++)
        fprintf(f, "<li><b>%s</b><span>of the activation %s; by size alone %s</span></li>",
                share_words(share, all.share[k]), places[k], share_words(even, all.area[k]));
    fputs("</ul>\n", f);
}

static void strip_aid(const attune_explanation *x, FILE *f)
{
    fprintf(
        f,
        "<p>Under it stands what the answer rests on: how much each stream weighed in it, how fit "
        "the stream's input was to be judged (condition), and how likely the answer is right that "
        "the stream gives by itself (reliability). Then how the face moved%s; AU is the action "
        "unit of the Facial Action Coding System.</p>\n",
        x->stats.still ? "" : " unlike its usual in this recording, which the mark on a bar shows");
}

static void reading_aid(const attune_explanation *x, FILE *f)
{
    fputs(
        "<p>Each face stands as the network sees it and, beside, in grey with a map over it: the "
        "brighter a place, the more of what speaks for the named class did the network find there "
        "(Grad-CAM, Selvaraju 2017). The figures above are the shares of all overlays' activation, "
        "in the parts that white lines mark.</p>\n",
        f);
    strip_aid(x, f);
    fputs(
        "<p class=\"note\">The map has few cells, a quarter of the face wide each, and is drawn "
        "smooth between their centres; its brightest place is its own peak, so that brightness "
        "cannot be compared between faces. It is of one picture, while a window's answer rests on "
        "all its pictures and on the voice. It tells where, not why, and whether the answer is "
        "right it does not tell.</p>\n",
        f);
    if (x->setup.class_name) {
        fputs("<p>All explain the class <strong>", f);
        at_text_html(f, x->setup.class_name);
        fputs("</strong>, whatever the answers were.</p>\n", f);
    }
}

static void head(const attune_explanation *x, const at_outcome *o, FILE *f)
{
    char name[512];

    at_text_basename(name, sizeof name, x->setup.input);
    at_html_open(f, name, 0, 1);
    at_plot_defs(f);
    fputs("<p class=\"brand\">attune explanation</p>\n<h1>", f);
    at_text_html(f, name);
    fputs("</h1>\n", f);
    at_html_input(o, f);
    tiles(x, f);
    fputs(
        "<p class=\"warn\"><strong>This page and the pictures beside it show faces</strong>, as was "
        "asked for: give them only to those who may see them.</p>\n",
        f);
    reading_aid(x, f);
    at_html_warnings(o, f);
    fprintf(f, "<p class=\"note\">%s</p>\n", at_notice_meaning);
}

/* ---- overlays -------------------------------------------------------------------------------- */

static void picture(FILE *f, const uint8_t *rgb, int side, const char *what, int number)
{
    fputs("<img src=\"", f);
    at_png_data_uri(f, rgb, side, side);
    fprintf(f, "\" width=\"144\" height=\"144\" alt=\"%s %d\">", what, number);
}

static void answer_words(const attune_explanation *x, const attune_overlay *o, FILE *f)
{
    const attune_window *w = &o->window;
    int answer = at_explained_answer(w);
    char percent[AT_NUMBER_SIZE], from[AT_CLOCK_SIZE], to[AT_CLOCK_SIZE];

    if (!x->stats.still)
        fprintf(f, "window %s&#8211;%s: ", at_text_clock(from, (double)w->start_us / 1e6, 1),
                at_text_clock(to, (double)w->end_us / 1e6, 1));
    if (answer < 0)
        fputs("nothing to go on", f);
    else
        fprintf(f, "%s%s %s", w->abstain ? "withheld, " : "", attune_emotion_names[answer],
                at_html_percent(percent, (double)w->emotion7[answer]));
    fprintf(f, "<br>by this picture alone: %s %s", o->class_name,
            at_html_percent(percent, (double)o->probability));
}

static void usual_words(const attune_window *w, FILE *f)
{
    char words[AT_HABIT_SIZE];

    if (at_habit_words(words, w->offset))
        fprintf(f, "<br>taken out as usual: %s", words);
}

static void activation_words(const attune_overlay *o, FILE *f)
{
    char share[AT_NUMBER_SIZE];

    if (isnan(o->share[0])) {
        fprintf(f, "<br>nothing in this face speaks for %s", o->class_name);
        return;
    }
    fputs("<br>activation: ", f);
    for (int k = 0; k < ATTUNE_REGIONS; k++)
        fprintf(f, "%s%s %s", k ? ", " : "", region_words[k],
                at_html_percent(share, (double)o->share[k]));
}

static void figure(const attune_explanation *x, int i, FILE *f)
{
    const attune_overlay *o = &x->list[i].overlay;
    char time[AT_CLOCK_SIZE];

    fputs("<figure><div class=\"pair\">", f);
    picture(f, o->face, o->face_side, "the face of overlay", i + 1);
    picture(f, o->overlay, o->side, "overlay", i + 1);
    fprintf(f, "</div><figcaption><b>%d &#183; %s</b>, face&#160;%u", i + 1, o->class_name,
            (unsigned)o->window.track);
    if (!x->stats.still)
        fprintf(f, " at %s", at_text_clock(time, (double)o->t_us / 1e6, 1));
    fputs("<br>", f);
    answer_words(x, o, f);
    usual_words(&o->window, f);
    activation_words(o, f);
    fputs("</figcaption>\n", f);
    at_html_strip(x, &o->window, f);
    fputs("</figure>\n", f);
}

static void none_words(const attune_explanation *x, int kind, FILE *f)
{
    char count[AT_CLOCK_SIZE];

    if (kind != ATTUNE_WITHHELD_WINDOW)
        fputs("<p class=\"note\">None that is not shown already.</p>\n", f);
    else if (x->stats.abstained)
        fprintf(f, "<p class=\"note\">%s withheld, none with a face to show.</p>\n",
                at_text_count(count, x->stats.abstained, "window"));
    else
        fputs("<p class=\"note\">No window was withheld.</p>\n", f);
}

static void gallery(const attune_explanation *x, int kind, FILE *f)
{
    static const char *const titles[ATTUNE_OVERLAY_KINDS] = {"Most confident", "Least reliable",
                                                             "Withheld"};
    int shown = 0;

    for (int i = 0; i < x->n; i++)
        shown += x->list[i].overlay.kind == kind;
    if (!shown && x->stats.still)
        return;
    fprintf(f, "<h2>%s</h2>\n", titles[kind]);
    if (!shown) {
        none_words(x, kind, f);
        return;
    }
    fputs("<div class=\"shown\">\n", f);
    for (int i = 0; i < x->n; i++)
        if (x->list[i].overlay.kind == kind)
            figure(x, i, f);
    fputs("</div>\n", f);
}

/* ---- figures --------------------------------------------------------------------------------- */

static void share_cells(FILE *f, const double share[ATTUNE_REGIONS])
{
    char percent[AT_NUMBER_SIZE];

    for (int k = 0; k < ATTUNE_REGIONS; k++)
        fprintf(f, "<td class=\"n\">%s</td>", share_words(percent, share[k]));
    fputs("</tr>\n", f);
}

static void mean_row(const attune_explanation *x, int kind, FILE *f)
{
    at_activation a = at_explained_activation(x, kind);

    if (!a.overlays)
        return;
    fprintf(f, "<tr><th scope=\"row\">%s</th><td class=\"n\">%d</td>",
            kind < 0 ? "all" : attune_overlay_kind_name(kind), a.overlays);
    share_cells(f, a.share);
}

static void table(const attune_explanation *x, FILE *f)
{
    at_activation all = at_explained_activation(x, -1);

    fputs("<h2>Where the activation lies</h2>\n<div class=\"wide\"><table><tr><th>mean over</th>"
          "<th class=\"n\">overlays</th>",
          f);
    for (int k = 0; k < ATTUNE_REGIONS; k++)
        fprintf(f, "<th class=\"n\">%s</th>", region_words[k]);
    fputs("</tr>\n", f);
    for (int kind = 0; kind < ATTUNE_OVERLAY_KINDS; kind++)
        mean_row(x, kind, f);
    mean_row(x, -1, f);
    fputs("<tr><th scope=\"row\">an even map</th><td class=\"n\"></td>", f);
    share_cells(f, all.area);
    fputs("</table></div>\n<p class=\"note\">An even map has activation everywhere alike: what it "
          "would have in a part is the size of that part. Of each overlay the figures are in "
          "explain.json.</p>\n",
          f);
}

/* ---- over time ------------------------------------------------------------------------------- */

static int by_time(const void *a, const void *b)
{
    const at_mark *x = a, *y = b;

    return x->t_us != y->t_us ? (x->t_us < y->t_us ? -1 : 1) : x->number - y->number;
}

/* The overlays of the faces that are in lane l. */
static int marks_in(const attune_explanation *x, int l, at_mark mark[AT_OVERLAYS])
{
    const at_lane *lane = x->stats.lane[l];
    int n = 0;

    for (int i = 0; i < x->n; i++)
        for (int k = 0; k < lane->faces; k++)
            if (lane->face[k] == x->list[i].overlay.window.track)
                mark[n++] = (at_mark){x->list[i].overlay.t_us, i + 1};
    qsort(mark, (size_t)n, sizeof *mark, by_time);
    return n;
}

static void over_time(const attune_explanation *x, FILE *f)
{
    at_mark mark[AT_OVERLAYS];

    for (int l = 0; l < x->stats.lanes && l < LANES_DRAWN; l++) {
        at_html_lane_title(&x->stats, l, "Over time", f);
        at_plot_rests(&x->stats, l, mark, marks_in(x, l, mark), f);
    }
}

/* ---- the end --------------------------------------------------------------------------------- */

static void files(const attune_explanation *x, FILE *f)
{
    fputs("<p class=\"note\">Files of this explanation: explain.html, explain.json", f);
    if (x->n)
        fprintf(f, ", %s to %s", x->list[0].file, x->list[x->n - 1].file);
    fputs(". ", f);
    if (*x->earlier)
        fprintf(f, "<strong>Of an earlier run, and not of this one</strong>: %s. ", x->earlier);
    fputs("The pictures are kept here and nowhere else; no sound is kept. Nothing here leaves this "
          "computer, and the page loads nothing from elsewhere.</p>\n",
          f);
}

void at_html_explained(const attune_explanation *x, FILE *f)
{
    at_outcome o = at_explained_outcome(x);

    head(x, &o, f);
    for (int kind = 0; kind < ATTUNE_OVERLAY_KINDS; kind++)
        gallery(x, kind, f);
    table(x, f);
    if (!x->stats.still)
        over_time(x, f);
    at_html_model(&o, f);
    files(x, f);
    fprintf(f,
            "<h2>What this must not be used for</h2>\n<div class=\"notice\"><p>%s</p><p>%s</p>"
            "</div>\n",
            at_notice_meaning, at_notice_law);
    at_html_close(f);
}
