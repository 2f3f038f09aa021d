#include "experiments/rows.h"

#include "base/error.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const at_column at_figure_columns[AT_FIGURE_COLUMNS] = {
    [AT_OF_PART] = {"part", NULL, AT_TEXT_COLUMN, AT_HEADING, 0},
    [AT_OF_WHAT] = {"what", "", AT_TEXT_COLUMN, AT_TABLE, 0},
    [AT_OF_CONDITION] = {"condition", "", AT_TEXT_COLUMN, AT_TABLE, 0},
    [AT_OF_SAMPLES] = {"n", "n", AT_COUNT, AT_TABLE, 0},
    [AT_OF_PEOPLE] = {"people", NULL, AT_COUNT, AT_CSV_ALONE, 0},
    [AT_OF_WITHHELD] = {"withheld", "withheld", AT_COUNT, AT_TABLE, 0},
    [AT_OF_ACCURACY] = {"accuracy", "accuracy %", AT_PERCENT, AT_TABLE, 1},
    [AT_OF_PRECISION] = {"macro_precision", "precision", AT_RATIO, AT_TABLE, 0},
    [AT_OF_RECALL] = {"macro_recall", "recall", AT_RATIO, AT_TABLE, 1},
    [AT_OF_F1] = {"macro_f1", "F1", AT_RATIO, AT_TABLE, 1},
    [AT_OF_CONSTANT] = {"constant_answer", NULL, AT_TEXT_COLUMN, AT_CSV_ALONE, 0},
    [AT_OF_CONSTANT_ACCURACY] = {"constant_accuracy", NULL, AT_PERCENT, AT_CSV_ALONE, 0},
    [AT_OF_CONSTANT_RECALL] = {"constant_mean_recall", NULL, AT_PERCENT, AT_CSV_ALONE, 0},
    [AT_OF_CONSTANT_F1] = {"constant_macro_f1", NULL, AT_RATIO, AT_CSV_ALONE, 0},
    [AT_OF_PAPER] = {"paper_accuracy", "paper: accuracy %", AT_PERCENT, AT_TABLE, 0},
    [AT_OF_PAPER_PRECISION] = {"paper_macro_precision", "precision", AT_RATIO, AT_TABLE, 0},
    [AT_OF_PAPER_RECALL] = {"paper_macro_recall", "recall", AT_RATIO, AT_TABLE, 0},
    [AT_OF_PAPER_F1] = {"paper_macro_f1", "F1", AT_RATIO, AT_TABLE, 0},
    [AT_OF_REMARK] = {"difference", NULL, AT_TEXT_COLUMN, AT_REMARK, 0},
    [AT_OF_PROTOCOL] = {"protocol", NULL, AT_TEXT_COLUMN, AT_PROTOCOL, 0},
    [AT_OF_SEED] = {"seed", NULL, AT_COUNT, AT_CSV_ALONE, 0},
    [AT_OF_COMMAND] = {"command", NULL, AT_TEXT_COLUMN, AT_COMMAND, 0},
};

const at_paper at_paper_is_silent = {NAN, NAN, NULL, 0, 0};
const int at_covers[AT_COVERS] = {0, 20, 40, 60};

/* ---- figures of a result --------------------------------------------------------------------- */

double at_result_figure(const json_t *result, const char *name)
{
    const char *dot = strchr(name, '.');
    char first[32];
    if (dot) {
        snprintf(first, sizeof first, "%.*s", (int)(dot - name), name);
        return at_result_figure(json_object_get(result, first), dot + 1);
    }
    const json_t *value = json_object_get(result, name);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

void at_result_interval(const json_t *result, const char *name, double *lo, double *hi)
{
    const json_t *two = json_object_get(json_object_get(result, "interval"), name);
    *lo = *hi = NAN;
    if (json_array_size(two) == 2) {
        *lo = json_number_value(json_array_get(two, 0));
        *hi = json_number_value(json_array_get(two, 1));
    }
}

int at_result_count(const json_t *result, const char *name)
{
    return (int)json_integer_value(json_object_get(result, name));
}

/* ---- words ----------------------------------------------------------------------------------- */

const char *at_difference(char out[400], const at_paper *paper, double ours, double lo, double hi)
{
    const double points = 100 * (ours - paper->accuracy);
    *out = '\0';
    if (!isfinite(points))
        return out;
    int at = fabs(points) < 0.05 ? snprintf(out, 400, "As the paper's")
                                 : snprintf(out, 400, "%.1f points %s the paper's", fabs(points),
                                            points > 0 ? "above" : "below");
    if (isfinite(lo) && isfinite(hi))
        at += snprintf(out + at, (size_t)(400 - at), ", which lies %s our interval",
                       paper->accuracy >= lo && paper->accuracy <= hi ? "inside" : "outside");
    if (paper->why)
        at += snprintf(out + at, (size_t)(400 - at), ": %s", paper->why);
    snprintf(out + at, (size_t)(400 - at), ".");
    return out;
}

/* "1429 samples of 19 people, none of whom is in training; seed 0" */
static void put_protocol(at_sheet *s, const at_lab *lab, const at_row_words *w,
                         const json_t *result)
{
    const int people = at_result_count(result, "people");
    const char *part = json_string_value(json_object_get(result, "split"));
    char of[32] = "";
    if (people)
        snprintf(of, sizeof of, " of %d people", people);
    at_sheet_text(
        s, AT_OF_PROTOCOL,
        "Part %s: %d samples%s, %s. Intervals: 95 %%, bootstrap over %s, seed %" PRIu64 ".",
        part ? part : "-", at_result_count(result, "n") + at_result_count(result, "withheld"), of,
        w->people, people ? "people" : "samples", lab->o->seed);
}

const char *at_cover_words(char out[32], int percent)
{
    snprintf(out, 32, percent ? "%d %% covered" : "as it is", percent);
    return out;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void put_figure(at_sheet *s, int column, const json_t *result, const char *name)
{
    double lo, hi;
    at_result_interval(result, name, &lo, &hi);
    at_sheet_interval(s, column, at_result_figure(result, name), lo, hi);
}

/* NaN for 0. */
static double some(double v)
{
    return v > 0 ? v : NAN;
}

/* Mean over the classes that are labels or answers; 0 of one that never is the answer. */
static double precision_of(const json_t *result)
{
    const json_t *one;
    double sum = 0;
    int classes = 0;
    size_t i;
    json_array_foreach(json_object_get(result, "per_class"), i, one)
    {
        const double precision = at_result_figure(one, "precision");
        sum += isfinite(precision) ? precision : 0;
        classes += isfinite(precision) || at_result_count(one, "n") > 0;
    }
    return classes ? sum / classes : NAN;
}

void at_row_put(at_sheet *s, const at_lab *lab, const at_row_words *w, const json_t *result)
{
    const char *constant =
        json_string_value(json_object_get(json_object_get(result, "constant"), "answer"));
    double lo, hi;
    char remark[400];
    at_sheet_row(s);
    at_sheet_text(s, AT_OF_PART, "%s", w->part);
    at_sheet_text(s, AT_OF_WHAT, "%s", w->what);
    at_sheet_text(s, AT_OF_CONDITION, "%s", w->condition);
    at_sheet_value(s, AT_OF_SAMPLES, at_result_count(result, "n"));
    at_sheet_value(s, AT_OF_PEOPLE, at_result_count(result, "people"));
    at_sheet_value(s, AT_OF_WITHHELD, some(at_result_count(result, "withheld")));
    put_figure(s, AT_OF_ACCURACY, result, "accuracy");
    at_sheet_value(s, AT_OF_PRECISION, precision_of(result));
    put_figure(s, AT_OF_RECALL, result, "balanced_accuracy");
    put_figure(s, AT_OF_F1, result, "macro_f1");
    at_sheet_text(s, AT_OF_CONSTANT, "%s", constant ? constant : "");
    at_sheet_value(s, AT_OF_CONSTANT_ACCURACY, at_result_figure(result, "constant.accuracy"));
    at_sheet_value(s, AT_OF_CONSTANT_RECALL,
                   at_result_figure(result, "constant.balanced_accuracy"));
    at_sheet_value(s, AT_OF_CONSTANT_F1, at_result_figure(result, "constant.macro_f1"));
    at_sheet_value(s, AT_OF_PAPER, w->paper->accuracy);
    at_sheet_value(s, AT_OF_PAPER_PRECISION, some(w->paper->precision));
    at_sheet_value(s, AT_OF_PAPER_RECALL, some(w->paper->recall));
    at_sheet_value(s, AT_OF_PAPER_F1, w->paper->f1);
    at_sheet_value(s, AT_OF_SEED, (double)lab->o->seed);
    at_result_interval(result, "accuracy", &lo, &hi);
    if (*at_difference(remark, w->paper, at_result_figure(result, "accuracy"), lo, hi))
        at_sheet_text(s, AT_OF_REMARK, "%s", remark);
    put_protocol(s, lab, w, result);
    at_sheet_text(s, AT_OF_COMMAND, "%s", w->command);
}

void at_row_constant(at_sheet *s)
{
    static const int from_to[][2] = {{AT_OF_SAMPLES, AT_OF_SAMPLES},
                                     {AT_OF_PEOPLE, AT_OF_PEOPLE},
                                     {AT_OF_CONSTANT_ACCURACY, AT_OF_ACCURACY},
                                     {AT_OF_CONSTANT_RECALL, AT_OF_RECALL},
                                     {AT_OF_CONSTANT_F1, AT_OF_F1}};
    const int row = s->rows - 1;
    if (s->status || row < 0)
        return;
    at_sheet_row(s);
    at_sheet_text(s, AT_OF_PART, "%s", at_sheet_words(s, row, AT_OF_PART));
    at_sheet_text(s, AT_OF_WHAT, "constant answer: %s", at_sheet_words(s, row, AT_OF_CONSTANT));
    for (size_t i = 0; i < sizeof from_to / sizeof *from_to; i++)
        at_sheet_value(s, from_to[i][1], at_sheet_cell(s, row, from_to[i][0])->value);
    at_sheet_text(s, AT_OF_COMMAND, "%s", at_sheet_words(s, row, AT_OF_COMMAND));
}

int at_row_judge(at_lab *lab, at_sheet *s, const at_question *q, const char *condition,
                 const at_paper *paper, attune_error *err)
{
    json_t *result = NULL;
    int status = at_lab_judge(lab, q, &result, err);
    char *command = status ? NULL : at_lab_command(lab, q);
    if (!status && !command)
        status = at_fail_nomem(err);
    if (!status) {
        const at_row_words w = {.part = q->part->title,
                                .people = q->part->people,
                                .what = q->what,
                                .condition = condition,
                                .paper = paper,
                                .command = command};
        at_row_put(s, lab, &w, result);
    }
    free(command);
    json_decref(result);
    return status;
}

int at_row_covered(at_lab *lab, at_sheet *s, const at_question *q, const at_paper *papers,
                   attune_error *err)
{
    int status = ATTUNE_OK;
    for (int i = 0; i < AT_COVERS && status == ATTUNE_OK; i++) {
        at_question covered = *q;
        char harm[32], words[32];
        snprintf(harm, sizeof harm, "patch=%d", at_covers[i]);
        covered.corrupt[0] = at_covers[i] ? harm : NULL;
        status = at_row_judge(lab, s, &covered, at_cover_words(words, at_covers[i]),
                              papers ? &papers[i] : &at_paper_is_silent, err);
    }
    at_row_constant(s);
    return status;
}
