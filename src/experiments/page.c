#include "experiments/page.h"

#include "report/html.h"

#include <math.h>
#include <string.h>

/* ---- tables ----------------------------------------------------------------------------------- */

static void put_titles(const at_sheet *s, int first, int end, FILE *f)
{
    fputs("<tr>", f);
    for (int c = 0; c < s->columns; c++) {
        const at_column *column = &s->column[c];
        if (column->place != AT_TABLE || !at_sheet_has(s, c, first, end))
            continue;
        fprintf(f, "<th%s>", column->kind == AT_TEXT_COLUMN ? "" : " class=\"n\"");
        at_text_html(f, column->title);
        fputs("</th>", f);
    }
    fputs("</tr>\n", f);
}

/* On one line. */
static void put_number(const char *text, FILE *f)
{
    for (; *text; text++)
        fprintf(f, *text == ' ' ? "&#160;" : "%c", *text);
}

static void put_cell(const at_column *c, const at_cell *cell, FILE *f)
{
    char out[AT_CELL_SIZE];
    if (c->kind == AT_TEXT_COLUMN) {
        fputs("<td>", f);
        at_text_html(f, cell->text);
    } else {
        fputs("<td class=\"n\">", f);
        put_number(at_sheet_format(out, c, cell), f);
    }
    fputs("</td>", f);
}

/* Is that text of the row another than that of the row before? */
static int is_new(const at_sheet *s, int row, int first, int column)
{
    const char *words = at_sheet_words(s, row, column);
    return *words && (row == first || strcmp(words, at_sheet_words(s, row - 1, column)) != 0);
}

/* What a row begins with is said once for those below it that begin alike. */
static int is_said(const at_sheet *s, int row, int first, int column)
{
    for (int c = 0; c < column; c++)
        if (s->column[c].place == AT_TABLE)
            return 0;
    return s->column[column].kind == AT_TEXT_COLUMN && !is_new(s, row, first, column);
}

static void put_table(const at_sheet *s, int first, int end, FILE *f)
{
    fputs("<div class=\"wide\"><table>\n", f);
    put_titles(s, first, end, f);
    for (int r = first; r < end; r++) {
        fputs("<tr>", f);
        for (int c = 0; c < s->columns; c++)
            if (s->column[c].place == AT_TABLE && at_sheet_has(s, c, first, end)) {
                if (is_said(s, r, first, c))
                    fputs("<td></td>", f);
                else
                    put_cell(&s->column[c], at_sheet_cell(s, r, c), f);
            }
        fputs("</tr>\n", f);
    }
    fputs("</table></div>\n", f);
}

/* What of a row says which it is: its texts in the table. */
static void put_name(const at_sheet *s, int row, FILE *f)
{
    int some = 0;
    for (int c = 0; c < s->columns; c++) {
        const char *words = at_sheet_words(s, row, c);
        if (s->column[c].place != AT_TABLE || s->column[c].kind != AT_TEXT_COLUMN || !*words)
            continue;
        fputs(some++ ? ", " : "", f);
        at_text_html(f, words);
    }
}

static void put_remarks(const at_sheet *s, int first, int end, FILE *f)
{
    const int remark = at_sheet_place(s, AT_REMARK);
    if (remark < 0 || !at_sheet_has(s, remark, first, end))
        return;
    fputs("<ul>\n", f);
    for (int r = first; r < end; r++) {
        if (!*at_sheet_words(s, r, remark))
            continue;
        fputs("<li class=\"note\">", f);
        put_name(s, r, f);
        fputs(". ", f);
        at_text_html(f, at_sheet_words(s, r, remark));
        fputs("</li>\n", f);
    }
    fputs("</ul>\n", f);
}

static void put_commands(const at_sheet *s, int first, int end, FILE *f)
{
    const int command = at_sheet_place(s, AT_COMMAND);
    if (command < 0 || !at_sheet_has(s, command, first, end))
        return;
    fputs("<details><summary>Commands that print these figures</summary>\n", f);
    for (int r = first; r < end; r++)
        if (is_new(s, r, first, command)) {
            fputs("<p><code>", f);
            at_text_html(f, at_sheet_words(s, r, command));
            fputs("</code></p>\n", f);
        }
    fputs("</details>\n", f);
}

static void put_block(const at_sheet *s, int first, int end, int with_table, FILE *f)
{
    const int heading = at_sheet_place(s, AT_HEADING), protocol = at_sheet_place(s, AT_PROTOCOL);
    if (with_table) {
        fputs("<h3>", f);
        at_text_html(f, heading < 0 ? NULL : at_sheet_words(s, first, heading));
        fputs("</h3>\n", f);
    }
    if (protocol >= 0 && with_table && *at_sheet_words(s, first, protocol)) {
        fputs("<p class=\"note\">", f);
        at_text_html(f, at_sheet_words(s, first, protocol));
        fputs("</p>\n", f);
    }
    if (with_table)
        put_table(s, first, end, f);
    put_remarks(s, first, end, f);
    put_commands(s, first, end, f);
}

/* ---- the page --------------------------------------------------------------------------------- */

static void put_experiment(const at_outcome_of *o, FILE *f)
{
    const at_sheet *s = &o->sheet;
    fprintf(f, "<section id=\"%s\">\n<h2>", s->name);
    at_text_html(f, s->title);
    fputs("</h2>\n<p>", f);
    at_text_html(f, o->experiment->paper);
    fputs("</p>\n", f);
    if (o->experiment->draw && s->rows)
        o->experiment->draw(s, f);
    for (int first = 0, end; first < s->rows; first = end) {
        end = at_sheet_end(s, first);
        put_block(s, first, end, !o->experiment->drawn_only, f);
    }
    for (int i = 0; i < s->notes; i++) {
        fputs("<p class=\"note\">", f);
        at_text_html(f, s->note[i]);
        fputs("</p>\n", f);
    }
    fprintf(f, "<p class=\"note\">The same in full: %s.csv.</p>\n</section>\n", s->name);
}

static void put_contents(const at_outcome_of *list, int n, FILE *f)
{
    fputs("<ul>\n", f);
    for (int i = 0; i < n; i++) {
        fprintf(f, "<li><a href=\"#%s\">", list[i].sheet.name);
        at_text_html(f, list[i].sheet.title);
        fputs("</a></li>\n", f);
    }
    fputs("</ul>\n", f);
}

static void put_head(const at_lab *lab, FILE *f)
{
    at_html_open(f, "the paper's tables and figures", 0, 0);
    fputs(
        "<p class=\"brand\">attune reproduce</p>\n<h1>The paper&#8217;s tables and figures, ours beside "
        "its own</h1>\n<p>Taiba et al. 2026, <i>Student Emotion Recognition from Low-Quality Videos "
        "Using Multimodal Deep Learning</i>. What was chosen where it is silent stands in "
        "docs/method.md. Validation parts only: no test part was looked at.</p>\n",
        f);
    if (lab->o->quick)
        fprintf(
            f,
            "<p class=\"warn\"><strong>A trial.</strong> At most %d samples of each set were "
            "learned from and judged, and networks were trained for %d epoch: the figures show that "
            "everything works, and say nothing of how well.</p>\n",
            lab->limit, lab->epochs);
    fprintf(f,
            "<p class=\"note\">attune %s, seed %llu, model with both streams: ", attune_version(),
            (unsigned long long)lab->o->seed);
    at_text_html(f, lab->whole);
    fputs(".</p>\n", f);
}

void at_page_write(const at_lab *lab, const at_outcome_of *list, int n, FILE *f)
{
    put_head(lab, f);
    put_contents(list, n, f);
    for (int i = 0; i < n; i++)
        put_experiment(&list[i], f);
    at_html_close(f);
}
