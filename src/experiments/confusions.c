/* confusions.c - Figure 3: which answers each label gets. */
#include "experiments/experiment.h"
#include "experiments/page.h"
#include "experiments/rows.h"

#include "base/error.h"
#include "report/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PART, WHAT, LABEL, ANSWER, COUNT, SHARE, REMARK, PROTOCOL, COMMAND };
_Static_assert(COMMAND + 1 == AT_CONFUSION_COLUMNS, "a column each");

const at_column at_confusion_columns[AT_CONFUSION_COLUMNS] = {
    [PART] = {"part", NULL, AT_TEXT_COLUMN, AT_HEADING, 0},
    [WHAT] = {"what", "", AT_TEXT_COLUMN, AT_TABLE, 0},
    [LABEL] = {"label", NULL, AT_TEXT_COLUMN, AT_CSV_ALONE, 0},
    [ANSWER] = {"answer", NULL, AT_TEXT_COLUMN, AT_CSV_ALONE, 0},
    [COUNT] = {"n", "n", AT_COUNT, AT_TABLE, 0},
    [SHARE] = {"share_of_label", "of the label %", AT_PERCENT, AT_TABLE, 0},
    [REMARK] = {"difference", NULL, AT_TEXT_COLUMN, AT_REMARK, 0},
    [PROTOCOL] = {"protocol", NULL, AT_TEXT_COLUMN, AT_PROTOCOL, 0},
    [COMMAND] = {"command", NULL, AT_TEXT_COLUMN, AT_COMMAND, 0},
};

/* ---- rows ------------------------------------------------------------------------------------- */

static int count_at(const json_t *matrix, size_t label, size_t answer)
{
    return (int)json_integer_value(json_array_get(json_array_get(matrix, label), answer));
}

static const char *class_name(const json_t *result, size_t k)
{
    const json_t *one = json_array_get(json_object_get(result, "per_class"), k);
    const char *name = json_string_value(json_object_get(one, "name"));
    return name ? name : "";
}

/* What the paper says of its matrix in words. */
static void put_remark(at_sheet *s, const at_question *q, const json_t *result)
{
    const json_t *matrix = json_object_get(result, "confusion");
    const size_t classes = json_array_size(matrix);
    int most = 0, all = 0;
    size_t best = 0;
    for (size_t k = 0; k < classes; k++) {
        int of = 0;
        for (size_t label = 0; label < classes; label++)
            of += count_at(matrix, label, k);
        all += of;
        best = of > most ? k : best;
        most = of > most ? of : most;
    }
    if (all && q->part == &at_daisee)
        at_sheet_text(
            s, REMARK,
            "The answer is %s in %.1f %% of the samples; the paper says of its network that "
            "most were predicted to be engagement, without figures.",
            class_name(result, best), 100.0 * most / all);
}

static void put_cell(at_sheet *s, const at_lab *lab, const at_question *q, const json_t *result,
                     size_t label, size_t answer)
{
    const json_t *one = json_array_get(json_object_get(result, "per_class"), label);
    const int count = count_at(json_object_get(result, "confusion"), label, answer),
              n = at_result_count(one, "n");
    at_sheet_row(s);
    at_sheet_text(s, PART, "%s", q->part->title);
    at_sheet_text(s, WHAT, "%s", q->what);
    at_sheet_text(s, LABEL, "%s", class_name(result, label));
    at_sheet_text(s, ANSWER, "%s", class_name(result, answer));
    at_sheet_value(s, COUNT, count);
    at_sheet_value(s, SHARE, n ? (double)count / n : NAN);
    at_sheet_text(s, PROTOCOL, "Part %s: %d samples, %s; seed %" PRIu64 ".", q->part->split,
                  at_result_count(result, "n"), q->part->people, lab->o->seed);
    char *command = at_lab_command(lab, q);
    if (command)
        at_sheet_text(s, COMMAND, "%s", command);
    free(command);
}

/* model: nullable, then there is none. */
static int put_matrix(at_lab *lab, at_sheet *s, const at_part_of *part, const char *model,
                      const char *what, attune_error *err)
{
    const at_question q = {.part = part, .model = model, .what = what};
    json_t *result = NULL;
    const int status = model ? at_lab_judge(lab, &q, &result, err) : ATTUNE_OK;
    const size_t classes = json_array_size(json_object_get(result, "confusion"));
    for (size_t label = 0; label < classes; label++)
        for (size_t answer = 0; answer < classes; answer++) {
            put_cell(s, lab, &q, result, label, answer);
            if (!label && !answer)
                put_remark(s, &q, result);
        }
    json_decref(result);
    return status;
}

int at_fig3(at_lab *lab, at_sheet *s, attune_error *err)
{
    char *hog = NULL, *deep = NULL, *weighted = NULL;
    const char *what = NULL, *weighted_what = NULL;
    int status = at_lab_model(lab, "hog", AT_LAST_EPOCH, s, &hog, err);
    status = status ? status : at_lab_deep(lab, 0, s, &deep, &what, err);
    if (!lab->o->model && !status)
        status = at_lab_deep(lab, 1, s, &weighted, &weighted_what, err);
    if (!status && at_lab_part(lab, &at_daisee, s)) {
        status = put_matrix(lab, s, &at_daisee, deep, what, err);
        status = status ? status : put_matrix(lab, s, &at_daisee, weighted, weighted_what, err);
        status = status ? status
                        : put_matrix(lab, s, &at_daisee, hog, "HOG + logistic regression", err);
    }
    if (!status && at_lab_part(lab, &at_fer2013, s))
        status = put_matrix(lab, s, &at_fer2013, lab->whole, "model with both streams: face", err);
    if (!status && at_lab_part(lab, &at_ravdess, s))
        status = put_matrix(lab, s, &at_ravdess, lab->whole, "model with both streams: voice", err);
    free(hog);
    free(deep);
    free(weighted);
    return status;
}

/* ---- drawing ---------------------------------------------------------------------------------- */

enum { LEFT = 110, TOP = 44, CELL_W = 84, CELL_H = 30 };

/* Rows of the matrix that begins there. */
static int matrix_end(const at_sheet *s, int first)
{
    int end = first + 1;
    while (end < s->rows && !at_sheet_begins(s, end) &&
           strcmp(at_sheet_words(s, end, WHAT), at_sheet_words(s, first, WHAT)) == 0)
        end++;
    return end;
}

static void put_text(int x, int y, const char *anchor, const char *words, FILE *f)
{
    fprintf(f, "<text x=\"%d\" y=\"%d\" font-size=\"13\" fill=\"currentColor\" text-anchor=\"%s\">",
            x, y, anchor);
    at_text_html(f, words);
    fputs("</text>\n", f);
}

static void draw_cell(const at_sheet *s, int row, int x, int y, FILE *f)
{
    char count[16];
    const double share = at_sheet_cell(s, row, SHARE)->value;
    snprintf(count, sizeof count, "%.0f", at_sheet_cell(s, row, COUNT)->value);
    fprintf(
        f,
        "<rect class=\"cs\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill-opacity=\"%.3f\"/>\n",
        x, y, CELL_W - 2, CELL_H - 2, isfinite(share) ? share : 0);
    put_text(x + CELL_W / 2, y + 20, "middle", count, f);
}

static void draw_matrix(const at_sheet *s, int first, int end, FILE *f)
{
    const int classes = (int)lround(sqrt(end - first));
    fputs("<h3>", f);
    at_text_html(f, at_sheet_words(s, first, WHAT));
    fputs("</h3><p class=\"note\">", f);
    at_text_html(f, at_sheet_words(s, first, PART));
    fputs(". ", f);
    at_text_html(f, at_sheet_words(s, first, PROTOCOL));
    fprintf(f,
            "</p>\n<div class=\"wide\"><svg width=\"%d\" height=\"%d\" role=\"img\" "
            "aria-label=\"rows: label, columns: answer\">\n",
            LEFT + classes * CELL_W, TOP + classes * CELL_H);
    put_text(0, 16, "start", "label \\ answer", f);
    for (int k = 0; k < classes; k++) {
        put_text(LEFT + k * CELL_W + CELL_W / 2, TOP - 10, "middle",
                 at_sheet_words(s, first + k, ANSWER), f);
        put_text(0, TOP + k * CELL_H + 20, "start", at_sheet_words(s, first + k * classes, LABEL),
                 f);
    }
    for (int i = 0; i < classes * classes; i++)
        draw_cell(s, first + i, LEFT + i % classes * CELL_W, TOP + i / classes * CELL_H, f);
    fputs("</svg></div>\n", f);
}

void at_draw_confusions(const at_sheet *s, FILE *f)
{
    fputs(
        "<p class=\"note\">Rows are labels, columns answers; the darker, the larger the share of the "
        "label.</p>\n",
        f);
    for (int first = 0, end; first < s->rows; first = end) {
        end = matrix_end(s, first);
        draw_matrix(s, first, end, f);
    }
}
