/* lab_train.c - networks that experiments need, trained on what there is by the recipes in the tree. */
#include "experiments/lab.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "experiments/whole.h"
#include "fusion/kind.h"
#include "train/learn.h"
#include "train/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- what of a recipe there is --------------------------------------------------------------- */

static const char *folder_of(const json_t *set)
{
    const char *folder = json_string_value(json_object_get(set, "folder"));
    return folder ? folder : json_string_value(json_object_get(set, "dataset"));
}

/* Removes the sets whose folder is missing from the recipe's data. 1: there is enough left to learn from;
 * 0: there is not, and the sheet says so. */
static int keep_sets(const at_lab *lab, json_t *recipe, at_sheet *s, int *changed)
{
    json_t *data = json_object_get(recipe, "data");
    const char *name = json_string_value(json_object_get(recipe, "name"));
    char root[AT_TRAIN_PATH];
    for (size_t i = json_array_size(data); i-- > 0;) {
        const char *folder = folder_of(json_array_get(data, i));
        if (!folder || at_lab_root(lab, folder, root))
            continue;
        at_sheet_note(s, "%s is not learned from %s: there is no such folder in %s.", name, folder,
                      lab->o->data_dir);
        json_array_remove(data, i);
        *changed = 1;
    }
    static const char *const sides[] = {"faces", "voices"};
    int enough = !data || json_array_size(data) > 0;
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
        const json_t *side = json_object_get(recipe, sides[i]);
        if (!side || !folder_of(side) || at_lab_root(lab, folder_of(side), root))
            continue;
        at_sheet_note(s, "Left out: %s, which needs %s: there is no such folder in %s.", name,
                      folder_of(side), lab->o->data_dir);
        enough = 0;
    }
    if (data && !json_array_size(data))
        at_sheet_note(s, "Left out: %s, for want of anything to learn from.", name);
    return enough;
}

/* The experiments' networks lie where a run's output would. */
static char *find(const at_lab *lab, const char *recipe, const char *file)
{
    return at_file_of_recipe(recipe, file,
                             (const char *const[AT_FILE_FOLDERS]){
                                 lab->models, ".", lab->o->data_dir, lab->o->models_dir});
}

/* Are the files that it starts from there? */
static int has_files(const at_lab *lab, const at_recipe *r, at_sheet *s)
{
    static const char *const keys[] = {"init", "detector"};
    int all = 1;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const char *file = json_string_value(json_object_get(r->root, keys[i]));
        char *found = file ? find(lab, r->path, file) : NULL;
        free(found);
        if (!file || found)
            continue;
        at_sheet_note(s,
                      "Left out: %s, which would have to be trained, and that starts from %s; "
                      "--models names the folder that has it%s.",
                      r->name, file,
                      strncmp(r->name, "paper", 5) == 0
                          ? ", --model default puts the default model in its place"
                          : "");
        all = 0;
    }
    return all;
}

/* ---- training -------------------------------------------------------------------------------- */

static void tell(void *user, const attune_train_event *e)
{
    at_lab *lab = user;
    const attune_reproduce_event ours = {.experiment = lab->experiment,
                                         .step = lab->step,
                                         .steps = lab->steps,
                                         .line = e->line,
                                         .done = (double)e->step,
                                         .total = (double)e->steps};
    if (lab->o->event)
        lab->o->event(lab->o->user, &ours);
}

static int stop(void *user)
{
    const at_lab *lab = user;
    return lab->o->stop && lab->o->stop(lab->o->user);
}

static int train(at_lab *lab, const char *path, attune_error *err)
{
    const attune_train_options options = {
        .data_dir = lab->o->data_dir,
        .out_dir = lab->models,
        .models_dir = lab->o->models_dir,
        .threads = lab->o->threads,
        .epochs = lab->epochs,
        .limit = lab->limit,
        .quiet = lab->o->quiet,
        .user = lab,
        .event = tell,
        .stop = stop,
    };
    at_recipe r;
    int status = at_recipe_load(&r, path, err);
    if (status)
        return status;
    status = at_run_recipe(&r, &options, NULL, AT_RESUME_IF_ANY, 1, NULL, err);
    at_recipe_free(&r);
    return status;
}

/* What is to be otherwise than in the recipe, as a recipe in models with that one for its base: path. */
static int write_own(const at_lab *lab, const at_recipe *r, char path[AT_TRAIN_PATH],
                     attune_error *err)
{
    char *base = realpath(r->path, NULL), *text = NULL;
    json_t *own = base ? json_pack("{s:s}", "base", base) : NULL;
    static const char *const keys[] = {"data", "model"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys && own; i++) {
        json_t *value = json_object_get(r->root, keys[i]);
        if (value && json_object_set(own, keys[i], value)) {
            json_decref(own);
            own = NULL;
        }
    }
    text = at_json_write(own, JSON_INDENT(2));
    int status = text ? ATTUNE_OK : at_fail_nomem(err);
    if (!status &&
        snprintf(path, AT_TRAIN_PATH, "%s/%s.json", lab->models, r->name) >= AT_TRAIN_PATH)
        status = at_fail(err, ATTUNE_E_ARG, "%s: path too long", lab->models);
    status = status ? status : attune_text_write(path, text, err);
    json_decref(own);
    free(text);
    free(base);
    return status;
}

static char *result_of(const at_lab *lab, const char *name, at_which which)
{
    char path[AT_TRAIN_PATH];
    for (int best = which == AT_BEST_EPOCH; best >= 0; best--)
        if (snprintf(path, sizeof path, "%s/%s%s.safetensors", lab->models, name,
                     best ? ".best" : "") < AT_TRAIN_PATH &&
            (!best || access(path, R_OK) == 0))
            return strdup(path);
    return NULL;
}

/* Fusions are learned for the networks at hand, whatever the recipe says. */
static int adapt(const at_lab *lab, at_recipe *r, int changed, char path[AT_TRAIN_PATH],
                 attune_error *err)
{
    if (strcmp(r->kind, "fusion") == 0) {
        char *whole = realpath(lab->whole, NULL);
        if (!whole)
            return at_fail(err, ATTUNE_E_IO, "%s: not found", lab->whole);
        changed = 1;
        const int failed = json_object_set_new(r->root, "model", json_string(whole));
        free(whole);
        if (failed)
            return at_fail_nomem(err);
    }
    if (changed)
        return write_own(lab, r, path, err);
    snprintf(path, AT_TRAIN_PATH, "%s", r->path);
    return ATTUNE_OK;
}

/* A face network's file lacks the detector; *out, the network's, becomes that of one that has it. */
static int add_detector(const at_lab *lab, const at_recipe *r, char **out, attune_error *err)
{
    const char *file = json_string_value(json_object_get(r->root, "detector"));
    char *found = find(lab, r->path, file ? file : "yunet_n.safetensors"), path[AT_TRAIN_PATH];
    int status = found ? ATTUNE_OK : at_fail(err, ATTUNE_E_IO, "%s: no detector", r->name);
    if (!status && snprintf(path, sizeof path, "%s/with_detector_%s.safetensors", lab->models,
                            r->name) >= AT_TRAIN_PATH)
        status = at_fail(err, ATTUNE_E_ARG, "%s: path too long", lab->models);
    status = status ? status : at_whole_with_detector(*out, found, path, err);
    if (!status) {
        free(*out);
        *out = strdup(path);
        status = *out ? ATTUNE_OK : at_fail_nomem(err);
    }
    free(found);
    return status;
}

static int make(at_lab *lab, at_recipe *r, int changed, at_which which, char **out,
                attune_error *err)
{
    char path[AT_TRAIN_PATH];
    int status = at_lab_step(lab, err, "training %s, unless that is done", r->name);
    if (status > 0) {
        status = adapt(lab, r, changed, path, err);
        status = status ? status : train(lab, path, err);
    }
    if (status == ATTUNE_OK && !(*out = result_of(lab, r->name, which)))
        status = at_fail_nomem(err);
    if (status == ATTUNE_OK && !lab->planning && strcmp(r->kind, "visual") == 0)
        status = add_detector(lab, r, out, err);
    return status;
}

int at_lab_model(at_lab *lab, const char *recipe, at_which which, at_sheet *s, char **out,
                 attune_error *err)
{
    char path[AT_TRAIN_PATH];
    at_recipe r;
    int changed = 0;
    *out = NULL;
    if (snprintf(path, sizeof path, "%s%s.json", lab->recipes, recipe) >= AT_TRAIN_PATH)
        return at_fail(err, ATTUNE_E_ARG, "%s: path too long", lab->recipes);
    if (access(path, R_OK) != 0) {
        at_sheet_note(s, "Left out: %s, for which there is no recipe (%s).", recipe, path);
        return ATTUNE_OK;
    }
    int status = at_recipe_load(&r, path, err);
    if (status)
        return status;
    if (keep_sets(lab, r.root, s, &changed) && has_files(lab, &r, s))
        status = make(lab, &r, changed, which, out, err);
    at_recipe_free(&r);
    return status;
}

int at_lab_deep(at_lab *lab, int weighted, at_sheet *s, char **out, const char **what,
                attune_error *err)
{
    const char *named = lab->o->model;
    *what = weighted ? "MobileNetV2, class weights" : "MobileNetV2";
    if (!named)
        return at_lab_model(lab, weighted ? "paper" : "paper_unweighted", AT_BEST_EPOCH, s, out,
                            err);
    *what = strcmp(named, "default") == 0 ? "MobileNetV2 of the default model"
                                          : "MobileNetV2 of the given model";
    at_sheet_note(
        s,
        "In the place of the network that the paper's training makes stands %s: it was taught "
        "other data, and DAiSEE's levels rather than the dominant state, which it tells by "
        "them.",
        strcmp(named, "default") == 0 ? "the default model" : named);
    *out = strdup(strcmp(named, "default") == 0 ? attune_default_model() : named);
    return *out ? ATTUNE_OK : at_fail_nomem(err);
}

int at_lab_fusion(at_lab *lab, const char *kind, at_sheet *s, char **out, attune_error *err)
{
    char recipe[64], path[AT_TRAIN_PATH], *learned = NULL;
    *out = NULL;
    const at_fusion_kind *known = at_fusion_kind_find(kind);
    int status = ATTUNE_OK;
    if (known && at_fusion_is_learned(known)) {
        snprintf(recipe, sizeof recipe, "fusion_%s", kind);
        status = at_lab_model(lab, recipe, AT_LAST_EPOCH, s, &learned, err);
        if (status || !learned)
            return status;
    }
    if (snprintf(path, sizeof path, "%s/with_%s.safetensors", lab->models, kind) >= AT_TRAIN_PATH)
        status = at_fail(err, ATTUNE_E_ARG, "%s: path too long", lab->models);
    if (!status && !lab->planning)
        status = at_whole_with_fusion(lab->whole, kind, learned, path, err);
    if (!status && !(*out = strdup(path)))
        status = at_fail_nomem(err);
    free(learned);
    return status;
}
