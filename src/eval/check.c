/* check.c - published figures, computed again.
 *
 * The file is a JSON list. An entry with a dataset names a part of it (dataset, folder, split,
 * stream, task) and a metric of attune_eval_json's, with its value and interval; neighbours of the
 * same part are computed together. Entries without a dataset are for readers, not for this.
 */
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"

#include <attune/eval.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST_LIST = 1 << 20 };
/* Figures are quoted to a tenth of a percent, areas to three decimals. */
static const double tolerance = 0.0005 + 1e-9;
static const double most_figure = 1e9;

/* ---- one metric of a result ------------------------------------------------------------------- */

static double number_of(const json_t *value)
{
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static attune_interval interval_of(const json_t *pair)
{
    return (attune_interval){number_of(json_array_get(pair, 0)),
                             number_of(json_array_get(pair, 1))};
}

static const json_t *class_named(const json_t *result, const char *name)
{
    const json_t *classes = json_object_get(result, "per_class");
    for (size_t i = 0; i < json_array_size(classes); i++) {
        const json_t *c = json_array_get(classes, i);
        if (strcmp(json_string_value(json_object_get(c, "name")), name) == 0)
            return c;
    }
    return NULL;
}

/* "accuracy", "auc.boredom>=1", "recall.fear": into f. */
static void look_up(const json_t *result, attune_figure *f)
{
    const char *dot = strchr(f->metric, '.');
    char first[sizeof f->metric] = "";
    if (!dot) {
        f->computed = number_of(json_object_get(result, f->metric));
        f->computed_interval =
            interval_of(json_object_get(json_object_get(result, "interval"), f->metric));
        return;
    }
    snprintf(first, sizeof first, "%.*s", (int)(dot - f->metric), f->metric);
    if (strcmp(first, "auc") == 0) {
        f->computed = number_of(json_object_get(json_object_get(result, "auc"), dot + 1));
        f->computed_interval =
            interval_of(json_object_get(json_object_get(result, "auc_interval"), dot + 1));
        return;
    }
    f->computed = number_of(json_object_get(class_named(result, dot + 1), first));
    f->computed_interval = (attune_interval){NAN, NAN};
}

static int close_to(double published, double computed)
{
    return fabs(published - computed) <= tolerance || (isnan(published) && isnan(computed));
}

/* An interval that is not quoted is not compared. */
static int agrees(const attune_figure *f)
{
    return close_to(f->published, f->computed) &&
           (isnan(f->published_interval.lo) ||
            (close_to(f->published_interval.lo, f->computed_interval.lo) &&
             close_to(f->published_interval.hi, f->computed_interval.hi)));
}

/* ---- the list ---------------------------------------------------------------------------------- */

/* What attune_evaluate is asked for an entry; texts are the entry's. */
static const char *const part_keys[] = {"dataset", "folder", "split", "stream", "task"};
enum { PART_KEYS = sizeof part_keys / sizeof *part_keys };

typedef struct check {
    const char *path, *model;
    const attune_eval_options *options;
    int (*figure)(void *user, const attune_figure *f);
    void *user;
    json_t *result; /* of the part that was computed last */
    const json_t *part;
    int compared, differ;
} check;

static const char *text_of(const json_t *entry, const char *key)
{
    return json_string_value(json_object_get(entry, key));
}

static int same_part(const json_t *a, const json_t *b)
{
    for (int i = 0; i < PART_KEYS; i++) {
        const char *x = text_of(a, part_keys[i]), *y = text_of(b, part_keys[i]);
        if ((x || y) && !(x && y && strcmp(x, y) == 0))
            return 0;
    }
    return 1;
}

static int compute(check *c, const json_t *entry, attune_error *err)
{
    char root[4096];
    attune_eval_options o = *c->options;
    attune_eval_result result;
    const char *folder = text_of(entry, "folder");
    o.dataset = text_of(entry, "dataset");
    o.split = text_of(entry, "split");
    o.stream = text_of(entry, "stream");
    o.task = text_of(entry, "task");
    if (snprintf(root, sizeof root, "%s/%s", o.root, folder ? folder : o.dataset) >=
        (int)sizeof root)
        return at_fail(err, ATTUNE_E_ARG, "%s: path too long", o.root);
    o.root = root;
    int status = attune_evaluate(&result, c->model, &o, err);
    if (status < 0)
        return status;
    char *text = attune_eval_json(&result);
    json_decref(c->result);
    c->result = NULL;
    if (text)
        at_json_read(&c->result, text, strlen(text), 0, NULL);
    c->part = entry;
    attune_text_free(&text);
    return c->result ? ATTUNE_OK : at_fail_nomem(err);
}

/* A whole number is written as one; what could not be measured is null. */
static json_t *value_of(double v)
{
    if (!isfinite(v))
        return json_null();
    return v == floor(v) ? json_integer((json_int_t)v) : json_real(v);
}

/* Puts what was computed in the place of what was published. */
static int update(json_t *entry, const attune_figure *f)
{
    if (json_object_set_new(entry, "value", value_of(f->computed)))
        return ATTUNE_E_NOMEM;
    return !json_object_get(entry, "interval") ||
                   !json_object_set_new(entry, "interval",
                                        json_pack("[o,o]", value_of(f->computed_interval.lo),
                                                  value_of(f->computed_interval.hi)))
               ? ATTUNE_OK
               : ATTUNE_E_NOMEM;
}

/* What was published: numbers in range, or null, which could not be measured. */
static int is_figure(const json_t *v)
{
    return !v || json_is_null(v) ||
           (json_is_number(v) && fabs(json_number_value(v)) <= most_figure);
}

static int check_numbers(const check *c, const json_t *entry, const char *metric, attune_error *err)
{
    const json_t *interval = json_object_get(entry, "interval");
    if (!is_figure(json_object_get(entry, "value")))
        return at_fail(err, ATTUNE_E_FORMAT, "%s: value of %s must be a number from %g to %g",
                       c->path, metric, -most_figure, most_figure);
    if (interval && (json_array_size(interval) != 2 || !is_figure(json_array_get(interval, 0)) ||
                     !is_figure(json_array_get(interval, 1))))
        return at_fail(err, ATTUNE_E_FORMAT, "%s: interval of %s must be two numbers from %g to %g",
                       c->path, metric, -most_figure, most_figure);
    return ATTUNE_OK;
}

static int check_entry(check *c, json_t *entry, attune_error *err)
{
    attune_figure f = {0};
    const char *dataset = text_of(entry, "dataset"), *metric = text_of(entry, "metric");
    if (!dataset || (c->options->dataset && strcmp(c->options->dataset, dataset) != 0))
        return ATTUNE_OK;
    if (!metric)
        return at_fail(err, ATTUNE_E_FORMAT, "%s: a figure of %s has no metric", c->path, dataset);
    if (check_numbers(c, entry, metric, err) < 0)
        return ATTUNE_E_FORMAT;
    if (!c->part || !same_part(c->part, entry)) {
        int status = compute(c, entry, err);
        if (status < 0)
            return status;
    }
    const char *split = text_of(entry, "split"), *stream = text_of(entry, "stream");
    snprintf(f.dataset, sizeof f.dataset, "%s", dataset);
    snprintf(f.split, sizeof f.split, "%s", split ? split : "all");
    snprintf(f.stream, sizeof f.stream, "%s", stream ? stream : "both");
    snprintf(f.metric, sizeof f.metric, "%s", metric);
    f.published = number_of(json_object_get(entry, "value"));
    f.published_interval = interval_of(json_object_get(entry, "interval"));
    look_up(c->result, &f);
    f.agrees = agrees(&f);
    c->differ += !f.agrees;
    c->compared++;
    if (update(entry, &f) < 0)
        return at_fail_nomem(err);
    if (c->figure && c->figure(c->user, &f))
        return at_fail(err, ATTUNE_E_INTERRUPTED, "interrupted");
    return ATTUNE_OK;
}

static int read_list(json_t **out, const char *path, attune_error *err)
{
    const int status = at_json_read_file(out, path, LARGEST_LIST, 0, err);
    return status < 0 || json_is_array(*out)
               ? status
               : at_fail(err, ATTUNE_E_FORMAT, "%s: not a list of figures", path);
}

int attune_check_figures(const char *path, const char *model, const attune_eval_options *o,
                         int (*figure)(void *user, const attune_figure *f), void *user,
                         char **updated, attune_error *err)
{
    check c = {.path = path, .model = model, .options = o, .figure = figure, .user = user};
    json_t *list = NULL;
    if (!o->root)
        return at_fail(err, ATTUNE_E_ARG, "the folder of the data sets is needed");
    int status = read_list(&list, path, err);
    for (size_t i = 0; status == ATTUNE_OK && i < json_array_size(list); i++)
        status = check_entry(&c, json_array_get(list, i), err);
    if (status == ATTUNE_OK && !c.compared)
        status = o->dataset
                     ? at_fail(err, ATTUNE_E_ARG, "%s: no figure is there of %s", path, o->dataset)
                     : at_fail(err, ATTUNE_E_FORMAT, "%s: no figure is there", path);
    if (status == ATTUNE_OK && updated) {
        *updated = at_json_write(list, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
        status = *updated ? ATTUNE_OK : at_fail_nomem(err);
    }
    json_decref(c.result);
    json_decref(list);
    return status < 0 ? status : c.differ;
}
