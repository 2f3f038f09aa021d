/* draw.c - Figure 5: accuracy and macro F1 against the share of the face that is covered. */
#include "experiments/page.h"
#include "experiments/rows.h"
#include "report/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LEFT = 44, TOP = 12, WIDTH = 420, HEIGHT = 200, KEY = 310, MOST_COVER = 60 };

static double x_of(double cover)
{
    return LEFT + cover / MOST_COVER * WIDTH;
}

static double y_of(double share)
{
    return TOP + (1 - share) * HEIGHT;
}

static void put_axes(FILE *f)
{
    for (int p = 0; p <= 100; p += 20) {
        fprintf(f,
                "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"currentColor\" "
                "stroke-opacity=\"0.15\"/>",
                LEFT, LEFT + WIDTH, y_of(p / 100.0), y_of(p / 100.0));
        fprintf(f,
                "<text x=\"%d\" y=\"%.1f\" font-size=\"12\" fill=\"currentColor\" "
                "text-anchor=\"end\">%d</text>\n",
                LEFT - 6, y_of(p / 100.0) + 4, p);
    }
    for (int i = 0; i < AT_COVERS; i++)
        fprintf(f,
                "<text x=\"%.1f\" y=\"%d\" font-size=\"12\" fill=\"currentColor\" "
                "text-anchor=\"middle\">%d %%</text>\n",
                x_of(at_covers[i]), TOP + HEIGHT + 18, at_covers[i]);
}

/* A line of what: its colour, its dashes, and where its key stands. */
typedef struct pen {
    const char *colour, *dashes;
    int key;
} pen;

static void put_key(const pen *p, const char *what, const char *figure, FILE *f)
{
    const int x = LEFT + WIDTH + 20, y = TOP + 10 + 20 * p->key;
    fprintf(
        f,
        "<line x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\" stroke=\"%s\" stroke-width=\"2\" "
        "stroke-dasharray=\"%s\"/><text x=\"%d\" y=\"%d\" font-size=\"12\" fill=\"currentColor\">",
        x, x + 24, y, y, p->colour, p->dashes, x + 30, y + 4);
    at_text_html(f, what);
    fprintf(f, ", %s</text>\n", figure);
}

/* Through the values of a column in the rows first to end - 1; 0: there are none. */
static int put_line(const at_sheet *s, int first, int end, int column, const pen *p, FILE *f)
{
    if (!at_sheet_has(s, column, first, end))
        return 0;
    fprintf(
        f,
        "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\" stroke-dasharray=\"%s\" points=\"",
        p->colour, p->dashes);
    for (int r = first; r < end; r++) {
        const double v = at_sheet_cell(s, r, column)->value;
        if (isfinite(v))
            fprintf(f, "%.1f,%.1f ", x_of(atoi(at_sheet_words(s, r, AT_OF_CONDITION))), y_of(v));
    }
    fputs("\"/>\n", f);
    return 1;
}

/* The rows of one model's, from first on. */
static int series_end(const at_sheet *s, int first, int end)
{
    int r = first + 1;
    while (r < end &&
           strcmp(at_sheet_words(s, r, AT_OF_WHAT), at_sheet_words(s, first, AT_OF_WHAT)) == 0)
        r++;
    return r;
}

static void draw_part(const at_sheet *s, int first, int end, FILE *f)
{
    static const char *const colours[] = {"#1f78b8", "#d1541a"};
    int key = 0, number = 0;
    fputs("<h3>", f);
    at_text_html(f, at_sheet_words(s, first, AT_OF_PART));
    fprintf(
        f,
        "</h3>\n<div class=\"wide\"><svg width=\"%d\" height=\"%d\" role=\"img\" "
        "aria-label=\"accuracy and macro F1 in percent against the share of the face covered; the "
        "figures are in the table\">\n",
        LEFT + WIDTH + 20 + KEY, TOP + HEIGHT + 28);
    put_axes(f);
    for (int r = first, last; r < end; r = last) {
        last = series_end(s, r, end);
        if (last - r < 2) /* the constant answer */
            continue;
        const char *colour = colours[number++ % 2], *what = at_sheet_words(s, r, AT_OF_WHAT);
        const pen accuracy = {colour, "1 0", key}, f1 = {colour, "5 4", key + 1},
                  paper = {"currentColor", "1 0", key + 2},
                  paper_f1 = {"currentColor", "5 4", key + 3};
        put_line(s, r, last, AT_OF_ACCURACY, &accuracy, f);
        put_line(s, r, last, AT_OF_F1, &f1, f);
        put_key(&accuracy, what, "accuracy", f);
        put_key(&f1, what, "macro F1", f);
        key += 2;
        if (!put_line(s, r, last, AT_OF_PAPER, &paper, f))
            continue;
        put_line(s, r, last, AT_OF_PAPER_F1, &paper_f1, f);
        put_key(&paper, "the paper", "accuracy", f);
        put_key(&paper_f1, "the paper", "macro F1", f);
        key += 2;
    }
    fputs("</svg></div>\n", f);
}

void at_draw_covered(const at_sheet *s, FILE *f)
{
    for (int first = 0, end; first < s->rows; first = end) {
        end = at_sheet_end(s, first);
        draw_part(s, first, end, f);
    }
}
