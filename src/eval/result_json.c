#include "base/error.h"
#include "base/file.h"
#include "base/json.h"

#include <attune/eval.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static json_t *interval(attune_interval i)
{
    if (!isfinite(i.lo) || !isfinite(i.hi))
        return json_null();
    return json_pack("[o,o]", at_json_number(i.lo), at_json_number(i.hi));
}

static json_t *class_list(const attune_eval_result *r)
{
    json_t *list = json_array();
    for (int k = 0; k < r->classes; k++) {
        const attune_eval_class *c = &r->per_class[k];
        at_json_append(&list,
                       json_pack("{s:s,s:o,s:o,s:o,s:o,s:i}", "name", c->name, "precision",
                                 at_json_number(c->precision), "recall", at_json_number(c->recall),
                                 "specificity", at_json_number(c->specificity), "f1",
                                 at_json_number(c->f1), "n", c->n));
    }
    return list;
}

static json_t *confusion(const attune_eval_result *r)
{
    json_t *rows = json_array();
    for (int k = 0; k < r->classes; k++) {
        json_t *row = json_array();
        for (int j = 0; j < r->classes; j++)
            at_json_append(&row, json_integer(r->confusion[k][j]));
        at_json_append(&rows, row);
    }
    return rows;
}

static json_t *movements(const attune_eval_result *r)
{
    json_t *all = json_object();
    for (int i = 0; i < r->movements; i++) {
        const attune_eval_movement *m = &r->movement[i];
        at_json_put(&all, m->name,
                    json_pack("{s:i,s:o,s:o,s:o,s:o,s:o}", "n", m->n, "samples",
                              at_json_number(m->samples), "people", at_json_number(m->people),
                              "time", at_json_number(m->time), "correlation",
                              at_json_number(m->correlation), "confidence_auc",
                              at_json_number(m->confidence_auc)));
    }
    return all;
}

static json_t *constant(const attune_eval_constant *c)
{
    return json_pack("{s:s?,s:o,s:o,s:o}", "answer", c->answer, "accuracy",
                     at_json_number(c->accuracy), "balanced_accuracy",
                     at_json_number(c->balanced_accuracy), "macro_f1", at_json_number(c->macro_f1));
}

static json_t *excluded_by(const attune_eval_result *r)
{
    json_t *counts = json_object();
    for (int k = 0; k < ATTUNE_EXCLUSIONS; k++)
        at_json_put(&counts, attune_exclusion_name(k), json_integer(r->excluded_by[k]));
    return counts;
}

static json_t *condition_list(const attune_eval_result *r)
{
    json_t *list = json_array();
    for (int k = 0; k < ATTUNE_EVAL_CONDITIONS; k++) {
        const attune_eval_condition *c = &r->condition[k];
        if (c->name)
            at_json_append(&list,
                           json_pack("{s:s,s:i,s:o,s:o,s:o,s:{s:o,s:o}}", "name", c->name, "n",
                                     c->n, "accuracy", at_json_number(c->accuracy),
                                     "balanced_accuracy", at_json_number(c->balanced_accuracy),
                                     "macro_f1", at_json_number(c->macro_f1), "interval",
                                     "accuracy", interval(c->accuracy_interval),
                                     "balanced_accuracy", interval(c->balanced_accuracy_interval)));
    }
    return list;
}

/* By what protocol the part was chosen. */
static void add_protocol(json_t **root, const attune_eval_result *r)
{
    json_t *shared = r->shared_people < 0 ? json_null() : json_integer(r->shared_people);
    at_json_put(root, "protocol", json_string(r->protocol));
    at_json_put(root, "shared_people", shared);
    at_json_put(root, "twin", *r->twin ? json_string(r->twin) : json_null());
    at_json_put(root, "conditions", condition_list(r));
}

char *attune_eval_json(const attune_eval_result *r)
{
    json_t *auc = json_object(), *auc_interval = json_object();
    for (int c = 0; c < r->curves; c++) {
        at_json_put(&auc, r->curve[c].name, at_json_number(r->curve[c].auc));
        at_json_put(&auc_interval, r->curve[c].name, interval(r->curve[c].interval));
    }
    json_t *intervals = json_pack("{s:o,s:o,s:o,s:o}", "accuracy", interval(r->accuracy_interval),
                                  "balanced_accuracy", interval(r->balanced_accuracy_interval),
                                  "macro_f1", interval(r->macro_f1_interval), "weighted_f1",
                                  interval(r->weighted_f1_interval));
    json_t *root = json_pack(
        "{s:s,s:s,s:s,s:s,s:s,s:i,s:i,s:o,s:i,s:i,s:i,s:o,s:i,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}",
        "dataset", r->dataset, "split", r->split, "task", r->task, "stream", r->stream, "corrupt",
        r->corrupt, "n", r->n, "withheld", r->withheld, "coverage", at_json_number(r->coverage),
        "people", r->people, "groups", r->groups, "excluded", r->excluded, "excluded_by",
        excluded_by(r), "not_found", r->not_found, "accuracy", at_json_number(r->accuracy),
        "balanced_accuracy", at_json_number(r->balanced_accuracy), "macro_f1",
        at_json_number(r->macro_f1), "weighted_f1", at_json_number(r->weighted_f1), "ece",
        at_json_number(r->ece), "ece_by_chance", at_json_number(r->ece_by_chance), "confidence_auc",
        at_json_number(r->confidence_auc), "kept_error", at_json_number(r->kept_error), "constant",
        constant(&r->constant), "auc", auc, "auc_interval", auc_interval, "movement", movements(r),
        "per_class", class_list(r), "confusion", confusion(r), "interval", intervals);
    add_protocol(&root, r);
    char *text = at_json_write(root, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
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
