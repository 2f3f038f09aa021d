/* chain.c - recipes one after the other, from data to a judged model. */
#include "base/error.h"
#include "base/json.h"
#include "train/run.h"
#include <attune/eval.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int run_step(const at_job *chain, const char *file, attune_error *err)
{
    at_recipe r = {0};
    char *path = at_path_beside(chain->recipe->path, file), line[300];
    int ran = 0;
    int status = path ? at_recipe_load(&r, path, err) : at_fail_nomem(err);
    if (!status && strcmp(r.kind, "chain") == 0)
        status = at_fail(err, ATTUNE_E_FORMAT, "%s: steps names %s, which is a chain itself",
                         chain->recipe->path, file);
    if (!status)
        status = at_run_recipe(&r, chain->options, chain->ranks, AT_RESUME_IF_ANY, 1, &ran, err);
    if (!status) {
        snprintf(line, sizeof line, "%.200s: %s", file, ran ? "done" : "was done");
        at_job_tell(chain, line);
    }
    at_recipe_free(&r);
    free(path);
    return status;
}

/* ---- the end: how good the model is -------------------------------------------------------- */

/* The figure that a set is usually quoted by, in one line. */
static void tell_result(const at_job *job, const attune_eval_result *r)
{
    char line[400];
    snprintf(line, sizeof line, "%s, %s (%s): %d samples, accuracy %.4f, balanced %.4f", r->dataset,
             r->split, r->protocol, r->n, r->accuracy, r->balanced_accuracy);
    at_job_tell(job, line);
}

static int judge(const at_job *job, const char *model, const at_judged_settings *s, json_t *results,
                 attune_error *err)
{
    char *root = NULL;
    int status = at_job_data(job, s->dataset, s->folder, &root, err);
    if (status)
        return status;
    attune_eval_result r;
    attune_eval_options o = {
        .dataset = s->dataset,
        .root = root,
        .split = s->split,
        .threads = job->options->threads,
        .quiet = job->options->quiet,
        .cache = job->options->cache,
        .stop = job->options->stop,
        .user = job->options->user,
    };
    status = attune_evaluate(&r, model, &o, err);
    free(root);
    if (status)
        return status;
    tell_result(job, &r);
    char *text = attune_eval_json(&r);
    json_t *one = NULL;
    if (text)
        at_json_read(&one, text, strlen(text), 0, NULL);
    attune_text_free(&text);
    return json_array_append_new(results, one) ? at_fail_nomem(err) : ATTUNE_OK;
}

static int write_results(const at_job *job, const json_t *results, attune_error *err)
{
    char path[AT_TRAIN_PATH];
    char *text = at_json_write(results, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
    int status = text ? at_job_path(job, ".results.json", path, err) : at_fail_nomem(err);
    status = status ? status : attune_text_write(path, text, err);
    free(text);
    return status;
}

static int judge_all(const at_job *job, const at_chain_settings *s, attune_error *err)
{
    char *model = NULL;
    json_t *results = json_array();
    int status = results ? at_job_find(job, s->model, &model, err) : at_fail_nomem(err);
    for (int i = 0; i < s->judgements && !status; i++)
        status = judge(job, model, &s->judged[i], results, err);
    status = status ? status : write_results(job, results, err);
    json_decref(results);
    free(model);
    return status;
}

int at_run_chain(const at_recipe *r, const attune_train_options *o, at_ranks *ranks,
                 attune_error *err)
{
    at_chain_settings s;
    at_job job = {.recipe = r, .settings = &s, .options = o, .ranks = ranks};
    int status = at_fields_read(&at_chain_fields, r->root, r->path, "", &s, err);
    for (int i = 0; i < s.steps && !status; i++)
        status = run_step(&job, s.step[i], err);
    return status || !s.judgements || !at_ranks_lead(ranks) ? status : judge_all(&job, &s, err);
}
