/* html_strip.c - what one window rested on, and how its face moved, as bars in a figure. */
#include "report/explained.h"
#include "report/html.h"

#include <math.h>

/* A bar of that share of its cell, with a mark where usual is (NaN: none). */
static void bar(FILE *f, const char *class, double share, double usual)
{
    fprintf(f,
            "<svg class=\"meter\" height=\"8\" aria-hidden=\"true\"><rect class=\"%s\" "
            "width=\"%.1f%%\" height=\"8\"/>",
            class, 100 * fmin(fmax(share, 0), 1));
    if (isfinite(usual))
        fprintf(f, "<line x1=\"%.1f%%\" x2=\"%.1f%%\" y2=\"8\"/>", 100 * usual, 100 * usual);
    fputs("</svg>", f);
}

/* ---- streams --------------------------------------------------------------------------------- */

static void share_cell(FILE *f, int modality, double share)
{
    char class[16], percent[AT_NUMBER_SIZE];

    snprintf(class, sizeof class, "m%d", modality);
    fprintf(f, "<td>%s", at_html_percent(percent, share));
    bar(f, class, share, NAN);
    fputs("</td>", f);
}

static void stream_row(FILE *f, const attune_window *w, int m)
{
    fprintf(f, "<tr><th scope=\"row\">%s</th>", attune_modality_name(m));
    if (w->condition[m] > 0) {
        share_cell(f, m, (double)w->weight[m]);
        share_cell(f, m, (double)w->condition[m]);
        share_cell(f, m, (double)w->reliability[m]);
    } else {
        fputs("<td colspan=\"3\">nothing to judge</td>", f);
    }
    fputs("</tr>", f);
}

static void streams(FILE *f, const attune_window *w)
{
    fputs("<table class=\"rests\"><tr><th></th><th>weight</th><th>condition</th>"
          "<th>reliability</th></tr>",
          f);
    for (int m = 0; m < ATTUNE_MODALITIES; m++)
        stream_row(f, w, m);
    fputs("</table>\n", f);
}

/* ---- movements ------------------------------------------------------------------------------- */

static void movement_row(FILE *f, const at_movement_sums *sums, const attune_window *w, int m)
{
    double made = at_movement_of(w, m);
    double usual = at_movements_usual_known(sums) ? at_movement_mean(sums, m) : NAN;
    char percent[AT_NUMBER_SIZE];
    int au = at_movement_au(m);

    fprintf(f, "<tr><th scope=\"row\">%s", at_movements[m].words);
    if (au)
        fprintf(f, " <small>AU&#160;%d</small>", au);
    fprintf(f, "</th><td>%s", at_html_percent(percent, made));
    if (isfinite(usual))
        fprintf(f, " <small>usually %s</small>", at_html_percent(percent, usual));
    bar(f, "cm", made, usual);
    fputs("</td></tr>", f);
}

static void movements(FILE *f, const at_movement_sums *sums, const attune_window *w)
{
    int list[AT_MOVEMENTS_SHOWN], n = at_movements_telling(sums, w, list);
    int usual = at_movements_usual_known(sums);

    if (isnan(at_movement_of(w, 0)))
        return;
    fprintf(f, "<table class=\"moves\"><caption>%s%s</caption>", n ? "" : "no ",
            usual ? "movements unlike this face's usual" : "movements made clearly");
    for (int i = 0; i < n; i++)
        movement_row(f, sums, w, list[i]);
    fputs("</table>\n", f);
}

void at_html_strip(const attune_explanation *x, const attune_window *w, FILE *f)
{
    streams(f, w);
    movements(f, at_explained_usual(x, w), w);
}
