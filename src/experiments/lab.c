#include "experiments/lab.h"

#include "at_config.h"
#include "base/error.h"
#include "base/file.h"
#include "base/tree.h"
#include "experiments/whole.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { QUICK_LIMIT = 120, QUICK_EPOCHS = 1 };

static int put_path(char out[AT_TRAIN_PATH], const char *dir, const char *name, attune_error *err)
{
    return snprintf(out, AT_TRAIN_PATH, "%s/%s", dir, name) < AT_TRAIN_PATH
               ? ATTUNE_OK
               : at_fail(err, ATTUNE_E_ARG, "%s: path too long", dir);
}

/* Installed, or where this was built. */
static const char *find_recipes(const char *named, char built[AT_TRAIN_PATH])
{
    static const char installed[] = AT_DATADIR "/recipes";
    if (named)
        return named;
    return access(installed, R_OK) != 0 && at_tree_find(built, AT_TRAIN_PATH, "recipes")
               ? built
               : installed;
}

/* A file with one stream cannot tell what two are worth: then the default model does. */
static int find_whole(at_lab *lab, attune_error *err)
{
    const char *named = lab->o->model;
    int has_both = 0;
    lab->whole = attune_default_model();
    if (!named || strcmp(named, "default") == 0)
        return ATTUNE_OK;
    const int status = at_whole_check(named, &has_both, err);
    if (status == ATTUNE_OK && has_both)
        lab->whole = named;
    return status;
}

int at_lab_open(at_lab *lab, const attune_reproduce_options *o, attune_error *err)
{
    char built[AT_TRAIN_PATH];
    *lab = (at_lab){.o = o};
    if (!o->data_dir || !o->out_dir)
        return at_fail(err, ATTUNE_E_ARG,
                       "a folder of data sets and one for the results are needed");
    if (access(o->data_dir, R_OK) != 0)
        return at_fail(err, ATTUNE_E_IO, "%s: no such folder", o->data_dir);
    if (o->quick) {
        lab->limit = QUICK_LIMIT;
        lab->epochs = QUICK_EPOCHS;
    }
    int status = put_path(lab->models, o->out_dir, "models", err);
    status = status ? status : put_path(lab->kept, o->out_dir, "kept", err);
    status = status ? status : put_path(lab->recipes, find_recipes(o->recipes_dir, built), "", err);
    status = status ? status : find_whole(lab, err);
    status = status ? status : at_mkdirs(lab->models, err);
    return status ? status : at_mkdirs(lab->kept, err);
}

int at_lab_step(at_lab *lab, attune_error *err, const char *fmt, ...)
{
    char doing[256];
    va_list args;
    lab->step++;
    if (lab->planning)
        return 0;
    va_start(args, fmt);
    vsnprintf(doing, sizeof doing, fmt, args);
    va_end(args);
    if (lab->o->stop && lab->o->stop(lab->o->user))
        return at_fail(err, ATTUNE_E_INTERRUPTED, "interrupted");
    const attune_reproduce_event e = {
        .experiment = lab->experiment, .step = lab->step, .steps = lab->steps, .doing = doing};
    if (lab->o->event)
        lab->o->event(lab->o->user, &e);
    return 1;
}

int at_lab_progress(at_lab *lab, double done, double total)
{
    const attune_reproduce_event e = {.experiment = lab->experiment,
                                      .step = lab->step,
                                      .steps = lab->steps,
                                      .done = done,
                                      .total = total};
    if (lab->o->event)
        lab->o->event(lab->o->user, &e);
    return lab->o->stop && lab->o->stop(lab->o->user);
}

int at_lab_root(const at_lab *lab, const char *folder, char root[AT_TRAIN_PATH])
{
    return put_path(root, lab->o->data_dir, folder, NULL) == ATTUNE_OK && access(root, R_OK) == 0;
}
