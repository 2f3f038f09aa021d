/* classes.c - Table 3: which of DAiSEE's states are told, class by class. */
#include "experiments/experiment.h"
#include "experiments/rows.h"

#include "base/error.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Table 3 ---------------------------------------------------------------------------------- */

enum {
    PART,
    WHAT,
    CLASS,
    SAMPLES,
    PRECISION,
    RECALL,
    F1,
    ACCURACY,
    AUC,
    PAPER_PRECISION,
    PAPER_RECALL,
    PAPER_F1,
    REMARK,
    PROTOCOL,
    COMMAND,
};
_Static_assert(COMMAND + 1 == AT_CLASS_COLUMNS, "a column each");

const at_column at_class_columns[AT_CLASS_COLUMNS] = {
    [PART] = {"part", NULL, AT_TEXT_COLUMN, AT_HEADING, 0},
    [WHAT] = {"what", "", AT_TEXT_COLUMN, AT_TABLE, 0},
    [CLASS] = {"class", "class", AT_TEXT_COLUMN, AT_TABLE, 0},
    [SAMPLES] = {"n", "n", AT_COUNT, AT_TABLE, 0},
    [PRECISION] = {"precision", "precision", AT_RATIO, AT_TABLE, 0},
    [RECALL] = {"recall", "recall", AT_RATIO, AT_TABLE, 1},
    [F1] = {"f1", "F1", AT_RATIO, AT_TABLE, 1},
    [ACCURACY] = {"accuracy", "accuracy %", AT_PERCENT, AT_TABLE, 1},
    [AUC] = {"auc", "area under ROC", AT_RATIO, AT_TABLE, 1},
    [PAPER_PRECISION] = {"paper_precision", "paper: precision", AT_RATIO, AT_TABLE, 0},
    [PAPER_RECALL] = {"paper_recall", "recall", AT_RATIO, AT_TABLE, 0},
    [PAPER_F1] = {"paper_f1", "F1", AT_RATIO, AT_TABLE, 0},
    [REMARK] = {"difference", NULL, AT_TEXT_COLUMN, AT_REMARK, 0},
    [PROTOCOL] = {"protocol", NULL, AT_TEXT_COLUMN, AT_PROTOCOL, 0},
    [COMMAND] = {"command", NULL, AT_TEXT_COLUMN, AT_COMMAND, 0},
};

/* Table 3 of the paper: precision, recall, F1. */
static const struct {
    const char *class;
    double precision, recall, f1;
} weighted[] = {
    {"boredom", 0.77, 0.63, 0.69},
    {"engagement", 0.86, 0.49, 0.63},
    {"confusion", 0.54, 0.94, 0.69},
    {"frustration", 0.35, 0.99, 0.51},
};
static const at_paper weighted_whole = {
    0.6445, 0.63,
    "its classes must have been sampled more evenly than DAiSEE has them, since a recall of 0.49 in the "
    "nine tenths of samples that are engagement cannot leave 64 % right",
    0.63, 0.76};

/* A row with its texts. */
static void begin_row(at_sheet *s, const at_lab *lab, const at_question *q, const char *class,
                      const json_t *result)
{
    at_sheet_row(s);
    at_sheet_text(s, PART, "%s", q->part->title);
    at_sheet_text(s, WHAT, "%s", q->what);
    at_sheet_text(s, CLASS, "%s", class);
    at_sheet_text(
        s, PROTOCOL,
        "Part %s: %d samples of %d people, %s. Intervals: 95 %%, bootstrap over people, seed "
        "%" PRIu64 ".",
        q->part->split, at_result_count(result, "n"), at_result_count(result, "people"),
        q->part->people, lab->o->seed);
    char *command = at_lab_command(lab, q);
    if (command)
        at_sheet_text(s, COMMAND, "%s", command);
    else
        s->status = ATTUNE_E_NOMEM;
    free(command);
}

static void put_class(at_sheet *s, const at_lab *lab, const at_question *q, const json_t *result,
                      const json_t *one)
{
    const char *name = json_string_value(json_object_get(one, "name"));
    begin_row(s, lab, q, name ? name : "", result);
    at_sheet_value(s, SAMPLES, at_result_count(one, "n"));
    at_sheet_value(s, PRECISION, at_result_figure(one, "precision"));
    at_sheet_value(s, RECALL, at_result_figure(one, "recall"));
    at_sheet_value(s, F1, at_result_figure(one, "f1"));
    for (size_t i = 0; i < sizeof weighted / sizeof *weighted; i++)
        if (name && strcmp(name, weighted[i].class) == 0) {
            at_sheet_value(s, PAPER_PRECISION, weighted[i].precision);
            at_sheet_value(s, PAPER_RECALL, weighted[i].recall);
            at_sheet_value(s, PAPER_F1, weighted[i].f1);
        }
}

static void put_figure(at_sheet *s, int column, const json_t *result, const char *name)
{
    double lo, hi;
    at_result_interval(result, name, &lo, &hi);
    at_sheet_interval(s, column, at_result_figure(result, name), lo, hi);
}

static void put_whole(at_sheet *s, const at_lab *lab, const at_question *q, const json_t *result)
{
    double lo, hi;
    char remark[400];
    begin_row(s, lab, q, "all", result);
    at_sheet_value(s, SAMPLES, at_result_count(result, "n"));
    put_figure(s, RECALL, result, "balanced_accuracy");
    put_figure(s, F1, result, "macro_f1");
    put_figure(s, ACCURACY, result, "accuracy");
    at_sheet_value(s, PAPER_PRECISION, weighted_whole.precision);
    at_sheet_value(s, PAPER_RECALL, weighted_whole.recall);
    at_sheet_value(s, PAPER_F1, weighted_whole.f1);
    at_result_interval(result, "accuracy", &lo, &hi);
    if (*at_difference(remark, &weighted_whole, at_result_figure(result, "accuracy"), lo, hi))
        at_sheet_text(s, REMARK, "%s", remark);
}

static void put_constant(at_sheet *s, const at_lab *lab, const at_question *q, const json_t *result)
{
    const json_t *constant = json_object_get(result, "constant");
    at_question of = *q;
    const char *answer = json_string_value(json_object_get(constant, "answer"));
    of.what = "constant answer";
    begin_row(s, lab, &of, answer ? answer : "-", result);
    at_sheet_value(s, SAMPLES, at_result_count(result, "n"));
    at_sheet_value(s, RECALL, at_result_figure(constant, "balanced_accuracy"));
    at_sheet_value(s, F1, at_result_figure(constant, "macro_f1"));
    at_sheet_value(s, ACCURACY, at_result_figure(constant, "accuracy"));
}

static void put_levels(at_sheet *s, const at_lab *lab, const at_question *q, const json_t *result)
{
    const json_t *areas = json_object_get(result, "auc"),
                 *intervals = json_object_get(result, "auc_interval");
    const char *name;
    json_t *area;
    json_object_foreach((json_t *)areas, name, area)
    {
        const json_t *two = json_object_get(intervals, name);
        const int known = json_array_size(two) == 2;
        begin_row(s, lab, q, name, result);
        at_sheet_value(s, SAMPLES, at_result_count(result, "n"));
        at_sheet_interval(s, AUC, json_is_number(area) ? json_number_value(area) : NAN,
                          known ? json_number_value(json_array_get(two, 0)) : NAN,
                          known ? json_number_value(json_array_get(two, 1)) : NAN);
    }
}

static int put_states(at_lab *lab, at_sheet *s, const at_question *q, int with_constant,
                      attune_error *err)
{
    json_t *result = NULL, *one;
    size_t i;
    const int status = q->model ? at_lab_judge(lab, q, &result, err) : ATTUNE_OK;
    json_array_foreach(json_object_get(result, "per_class"), i, one)
        put_class(s, lab, q, result, one);
    if (!status && result)
        put_whole(s, lab, q, result);
    if (!status && result && with_constant)
        put_constant(s, lab, q, result);
    json_decref(result);
    return status;
}

int at_table3(at_lab *lab, at_sheet *s, attune_error *err)
{
    at_question q = {.part = &at_daisee};
    char *deep = NULL, *hog = NULL;
    json_t *levels = NULL;
    if (!at_lab_part(lab, &at_daisee, s))
        return ATTUNE_OK;
    int status = at_lab_deep(lab, 1, s, &deep, &q.what, err);
    status = status ? status : at_lab_model(lab, "hog_weighted", AT_LAST_EPOCH, s, &hog, err);
    q.model = deep;
    status = status ? status : put_states(lab, s, &q, 0, err);
    q = (at_question){
        .part = &at_daisee, .model = hog, .what = "HOG + logistic regression, weighted"};
    status = status ? status : put_states(lab, s, &q, 1, err);
    q = (at_question){
        .part = &at_daisee_levels, .model = lab->whole, .what = "model with both streams"};
    status = status ? status : at_lab_judge(lab, &q, &levels, err);
    if (!status)
        put_levels(s, lab, &q, levels);
    at_sheet_note(s,
                  "Mean recall and macro F1 of a constant answer are those of any model that has "
                  "learned nothing but the classes' shares.");
    json_decref(levels);
    free(deep);
    free(hog);
    return status;
}
