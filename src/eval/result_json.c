#include "base/error.h"
#include "base/file.h"

#include <attune/eval.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* JSON has no NaN: what could not be measured is null. */
static json_t *number(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

static json_t *interval(attune_interval i)
{
    if (!isfinite(i.lo) || !isfinite(i.hi))
        return json_null();
    return json_pack("[o,o]", number(i.lo), number(i.hi));
}

static json_t *class_list(const attune_eval_result *r)
{
    json_t *list = json_array();
    for (int k = 0; k < r->classes; k++) {
        const attune_eval_class *c = &r->per_class[k];
        json_array_append_new(
            list, json_pack("{s:s,s:o,s:o,s:o,s:o,s:i}", "name", c->name, "precision",
                            number(c->precision), "recall", number(c->recall), "specificity",
                            number(c->specificity), "f1", number(c->f1), "n", c->n));
    }
    return list;
}

static json_t *confusion(const attune_eval_result *r)
{
    json_t *rows = json_array();
    for (int k = 0; k < r->classes; k++) {
        json_t *row = json_array();
        for (int j = 0; j < r->classes; j++)
            json_array_append_new(row, json_integer(r->confusion[k][j]));
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *movements(const attune_eval_result *r)
{
    json_t *all = json_object();
    for (int i = 0; i < r->movements; i++) {
        const attune_eval_movement *m = &r->movement[i];
        json_object_set_new(all, m->name,
                            json_pack("{s:i,s:o,s:o,s:o,s:o,s:o}", "n", m->n, "samples",
                                      number(m->samples), "people", number(m->people), "time",
                                      number(m->time), "correlation", number(m->correlation),
                                      "confidence_auc", number(m->confidence_auc)));
    }
    return all;
}

static json_t *constant(const attune_eval_constant *c)
{
    return json_pack("{s:s?,s:o,s:o,s:o}", "answer", c->answer, "accuracy", number(c->accuracy),
                     "balanced_accuracy", number(c->balanced_accuracy), "macro_f1",
                     number(c->macro_f1));
}

static json_t *excluded_by(const attune_eval_result *r)
{
    json_t *counts = json_object();
    for (int k = 0; k < ATTUNE_EXCLUSIONS; k++)
        json_object_set_new(counts, attune_exclusion_name(k), json_integer(r->excluded_by[k]));
    return counts;
}

static json_t *condition_list(const attune_eval_result *r)
{
    json_t *list = json_array();
    for (int k = 0; k < ATTUNE_EVAL_CONDITIONS; k++) {
        const attune_eval_condition *c = &r->condition[k];
        if (c->name)
            json_array_append_new(
                list, json_pack("{s:s,s:i,s:o,s:o,s:o,s:{s:o,s:o}}", "name", c->name, "n", c->n,
                                "accuracy", number(c->accuracy), "balanced_accuracy",
                                number(c->balanced_accuracy), "macro_f1", number(c->macro_f1),
                                "interval", "accuracy", interval(c->accuracy_interval),
                                "balanced_accuracy", interval(c->balanced_accuracy_interval)));
    }
    return list;
}

/* By what protocol the part was chosen. */
static int add_protocol(json_t *root, const attune_eval_result *r)
{
    json_t *shared = r->shared_people < 0 ? json_null() : json_integer(r->shared_people);
    int bad = json_object_set_new(root, "protocol", json_string(r->protocol));
    bad |= json_object_set_new(root, "shared_people", shared);
    bad |= json_object_set_new(root, "twin", *r->twin ? json_string(r->twin) : json_null());
    return bad | json_object_set_new(root, "conditions", condition_list(r));
}

char *attune_eval_json(const attune_eval_result *r)
{
    json_t *auc = json_object(), *auc_interval = json_object();
    for (int c = 0; c < r->curves; c++) {
        json_object_set_new(auc, r->curve[c].name, number(r->curve[c].auc));
        json_object_set_new(auc_interval, r->curve[c].name, interval(r->curve[c].interval));
    }
    json_t *intervals = json_pack("{s:o,s:o,s:o,s:o}", "accuracy", interval(r->accuracy_interval),
                                  "balanced_accuracy", interval(r->balanced_accuracy_interval),
                                  "macro_f1", interval(r->macro_f1_interval), "weighted_f1",
                                  interval(r->weighted_f1_interval));
    json_t *root = json_pack(
        "{s:s,s:s,s:s,s:s,s:s,s:i,s:i,s:o,s:i,s:i,s:i,s:o,s:i,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}",
        "dataset", r->dataset, "split", r->split, "task", r->task, "stream", r->stream, "corrupt",
        r->corrupt, "n", r->n, "withheld", r->withheld, "coverage", number(r->coverage), "people",
        r->people, "groups", r->groups, "excluded", r->excluded, "excluded_by", excluded_by(r),
        "not_found", r->not_found, "accuracy", number(r->accuracy), "balanced_accuracy",
        number(r->balanced_accuracy), "macro_f1", number(r->macro_f1), "weighted_f1",
        number(r->weighted_f1), "ece", number(r->ece), "ece_by_chance", number(r->ece_by_chance),
        "confidence_auc", number(r->confidence_auc), "kept_error", number(r->kept_error),
        "constant", constant(&r->constant), "auc", auc, "auc_interval", auc_interval, "movement",
        movements(r), "per_class", class_list(r), "confusion", confusion(r), "interval", intervals);
    const int bad = !root || add_protocol(root, r);
    char *text = bad ? NULL : json_dumps(root, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
    json_decref(root);
    return text;
}

int attune_evaluate_json(char **out, const char *model, const attune_eval_options *o,
                         attune_error *err)
{
    attune_eval_result result;
    const int status = attune_evaluate(&result, model, o, err);

    *out = status < 0 ? NULL : attune_eval_json(&result);
    return status < 0 || *out ? status : at_fail_nomem(err);
}

void attune_text_free(char **text)
{
    free(*text);
    *text = NULL;
}

int attune_text_check(const char *path, attune_error *err)
{
    return path && strcmp(path, "-") != 0 ? at_outfile_check(path, err) : ATTUNE_OK;
}

int attune_text_write(const char *path, const char *text, attune_error *err)
{
    at_outfile out;
    int status = at_outfile_open(&out, path, err);
    if (status < 0)
        return status;
    fprintf(out.f, "%s\n", text);
    return at_outfile_commit(&out, err);
}
