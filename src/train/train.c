/* train.c - the public face of training. */
#include <attune/train.h>
#include "base/error.h"
#include "base/json.h"
#include "train/run.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int run_file(const char *recipe, const attune_train_options *o, at_ranks *ranks,
                    attune_error *err)
{
    at_recipe r;
    int status = at_recipe_load(&r, recipe, err);
    if (status)
        return status;
    status = strcmp(r.kind, "chain") == 0
                 ? at_run_chain(&r, o, ranks, err)
                 : at_run_recipe(&r, o, ranks, o->resume ? AT_RESUME : AT_AFRESH, 0, NULL, err);
    at_recipe_free(&r);
    return status;
}

static int run_among(const char *recipe, attune_train_options o, attune_error *err)
{
    at_ranks ranks = {.calls = o.ranks, .rank = o.ranks->rank, .count = o.ranks->count};
    if (!at_ranks_lead(&ranks)) {
        o.event = NULL;
        o.quiet = 1;
    }
    return at_ranks_agree(&ranks, run_file(recipe, &o, &ranks, err), err);
}

int attune_train(const char *recipe, const attune_train_options *options, attune_error *err)
{
    attune_train_options none = {0};
    const attune_train_options *o = options ? options : &none;
    attune_error own;
    if (!err)
        err = &own;
    return o->ranks && o->ranks->count > 1 ? run_among(recipe, *o, err)
                                           : run_file(recipe, o, NULL, err);
}

int attune_recipe_text(const char *recipe, char **out, attune_error *err)
{
    at_recipe r;
    int status = at_recipe_load(&r, recipe, err);
    if (status)
        return status;
    *out = at_json_write(r.root, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
    at_recipe_free(&r);
    return *out ? ATTUNE_OK : at_fail_nomem(err);
}

/* ---- what recipes may say --------------------------------------------------------------------- */

const char *attune_recipe_kind(int i)
{
    return at_recipe_kind(i);
}

static const char *type_name(const at_field *f)
{
    switch (f->type) {
    case AT_FIELD_INT:
    case AT_FIELD_INT64: return "whole number";
    case AT_FIELD_TEXT: return "text";
    case AT_FIELD_FILE: return "file";
    case AT_FIELD_OBJECT:
    case AT_FIELD_ANY: return "object";
    case AT_FIELD_LIST: return f->of ? "list" : "list of texts";
    default: return "number";
    }
}

static int is_number(const at_field *f)
{
    return f->type == AT_FIELD_FLOAT || f->type == AT_FIELD_DOUBLE || f->type == AT_FIELD_INT ||
           f->type == AT_FIELD_INT64;
}

int attune_recipe_field_at(const char *kind, int i, attune_recipe_field *out)
{
    const at_fields *fields = at_fields_of_kind(kind);
    memset(out, 0, sizeof *out);
    const at_field *f = fields ? at_fields_at(fields, i, out->name, sizeof out->name) : NULL;
    if (!f)
        return 0;
    out->type = type_name(f);
    out->help = f->help;
    if (is_number(f)) {
        snprintf(out->def, sizeof out->def, "%.9g", f->def);
        snprintf(out->range, sizeof out->range, "%.9g to %.9g", f->least, f->most);
    } else if (f->type == AT_FIELD_LIST) {
        snprintf(out->range, sizeof out->range, "%g to %g of them", f->least, f->most);
    } else if (f->text) {
        snprintf(out->def, sizeof out->def, "%s", f->text);
    } else if (f->least > 0) {
        snprintf(out->range, sizeof out->range, "needed");
    }
    return 1;
}
