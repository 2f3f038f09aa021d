/* job.c - where a run's files are. */
#include "base/error.h"
#include "data/protocol.h"
#include "train/learn.h"
#include "vision/detect.h"
#include <attune/attune.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *join(const char *dir, const char *file)
{
    size_t n = strlen(dir) + strlen(file) + 2;
    char *p = malloc(n);
    if (p)
        snprintf(p, n, "%s/%s", dir, file);
    return p;
}

/* A recipe makes the weights of its name. */
static char *recipe_of(const at_job *job, const char *file)
{
    static const char made[] = ".safetensors";
    const size_t n = strlen(file), ending = sizeof made - 1;
    char name[512], *path;

    if (n <= ending || strcmp(file + n - ending, made) != 0 ||
        snprintf(name, sizeof name, "%.*s.json", (int)(n - ending), file) >= (int)sizeof name)
        return NULL;
    path = at_path_beside(job->recipe->path, name);
    if (path && access(path, F_OK) == 0)
        return path;
    free(path);
    return NULL;
}

static int fail_missing(const at_job *job, const char *file, attune_error *err)
{
    if (strcmp(file, "default") == 0)
        return at_fail(err, ATTUNE_E_IO, "%s: no default model there", attune_default_model());
    char *recipe = recipe_of(job, file);
    const int status = at_fail(
        err, ATTUNE_E_IO,
        "%s: not found (looked beside %s, in the output, working, data and models folders)%s%s%s",
        file, job->recipe->path, recipe ? "; attune train " : "", recipe ? recipe : "",
        recipe ? " makes it" : "");

    free(recipe);
    return status;
}

char *at_file_of_recipe(const char *recipe, const char *file,
                        const char *const folders[AT_FILE_FOLDERS])
{
    const int is_default = strcmp(file, "default") == 0;
    char *path = is_default ? strdup(attune_default_model()) : at_path_beside(recipe, file);

    for (size_t i = 0; path && access(path, R_OK) && i < AT_FILE_FOLDERS; i++) {
        if (is_default || !folders[i] || file[0] == '/')
            continue;
        free(path);
        path = join(folders[i], file);
    }
    errno = path ? ENOENT : ENOMEM;
    if (path && !access(path, R_OK))
        return path;
    free(path);
    return NULL;
}

int at_job_find(const at_job *job, const char *file, char **out, attune_error *err)
{
    const attune_train_options *o = job->options;

    *out = at_file_of_recipe(
        job->recipe->path, file,
        (const char *const[AT_FILE_FOLDERS]){o->out_dir, ".", o->data_dir, o->models_dir});
    if (*out)
        return ATTUNE_OK;
    return errno == ENOMEM ? at_fail_nomem(err) : fail_missing(job, file, err);
}

int at_job_weights(const at_job *job, const char *file, at_weights **out, attune_error *err)
{
    char *path = NULL;
    int status = at_job_find(job, file, &path, err);
    status = status ? status : at_weights_load(out, path, err);
    free(path);
    return status;
}

int at_job_detector(const at_job *job, const char *file, at_params *p, at_weights **whole,
                    attune_error *err)
{
    attune_error why = {0};
    at_weights *w = NULL;
    int status = at_job_weights(job, file, &w, err);
    if (status)
        return status;
    status = at_detector_import(p, w, &why);
    if (whole)
        *whole = w;
    else
        at_weights_free(&w);
    return status ? at_fail(err, (attune_status)status, "%s: %s", file, why.text) : ATTUNE_OK;
}

int at_job_data(const at_job *job, const char *dataset, const char *folder, char **out,
                attune_error *err)
{
    const char *dir = job->options->data_dir ? job->options->data_dir : ".";
    int status = ATTUNE_OK;

    *out = join(dir, folder ? folder : dataset);
    if (*out && access(*out, R_OK)) {
        if (folder) /* not another's data */
            status = at_fail(err, ATTUNE_E_IO, "%s: not found", *out);
        free(*out);
        *out = folder ? NULL : strdup(dir);
    }
    return status < 0 || *out ? status : at_fail_nomem(err);
}

/* What is learned or judged by a drawn part is told with its protocol. */
static int tell_protocol(const at_job *job, const at_corpus *c, const char *root, const char *split,
                         attune_error *err)
{
    char line[400];
    at_split s;
    at_protocol p;
    int status = at_split_parse(&s, split, err);
    if (status || !s.drawn)
        return status;
    status = at_protocol_of(&p, c, root, split, err);
    if (status)
        return status;
    const int n = snprintf(line, sizeof line, "%s %s: %s", c->dataset, split, p.text);
    if (p.shared > 0)
        snprintf(line + n, sizeof line - (size_t)n, " (%d of %d)%s%s", p.shared, c->people,
                 *p.twin ? "; with people apart: " : "", p.twin);
    at_job_tell(job, line);
    return ATTUNE_OK;
}

int at_job_corpus(const at_job *job, const char *dataset, const char *folder, const char *split,
                  int limit, at_corpus *out, attune_error *err)
{
    char *root = NULL;
    int status = at_job_data(job, dataset, folder, &root, err);
    status = status ? status : at_corpus_read(out, dataset, root, split, err);
    status = status ? status : tell_protocol(job, out, root, split, err);
    free(root);
    if (!status) {
        at_corpus_thin(out, limit);
        out->cache = job->cache;
    }
    return status;
}

int at_job_path(const at_job *job, const char *suffix, char path[AT_TRAIN_PATH], attune_error *err)
{
    const char *dir = job->options->out_dir ? job->options->out_dir : ".";
    int n = snprintf(path, AT_TRAIN_PATH, "%s/%s%s", dir, job->recipe->name, suffix);
    return n < AT_TRAIN_PATH ? ATTUNE_OK : at_fail(err, ATTUNE_E_ARG, "%s: path too long", dir);
}

int at_job_will_write(const at_job *job, attune_error *err)
{
    if (!job->note || unlink(job->note) == 0 || errno == ENOENT)
        return ATTUNE_OK;
    return at_fail(err, ATTUNE_E_IO, "%s: %s", job->note, strerror(errno));
}

int at_job_wrote(const at_job *job, const char *suffix, attune_error *err)
{
    if (!job->outputs ||
        !json_array_append_new(job->outputs, json_sprintf("%s%s", job->recipe->name, suffix)))
        return ATTUNE_OK;
    return at_fail_nomem(err);
}

at_watcher at_job_watcher(const at_job *job)
{
    const attune_train_options *o = job->options;
    return (at_watcher){o->quiet, o->stop, o->user};
}

int at_job_each(const at_job *job, const char *label, int n,
                void (*fn)(void *arg, int i, int thread), void *arg, attune_error *err)
{
    const at_watcher watcher = at_job_watcher(job);
    return at_each(job->pool, label, n, fn, arg, &watcher, err);
}

void at_job_tell(const at_job *job, const char *line)
{
    attune_train_event e = {.line = line};
    if (job->options->event)
        job->options->event(job->options->user, &e);
}
