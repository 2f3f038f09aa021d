#include "train/run.h"
#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/mem.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NOTE_LIMIT = 1 << 20 };

typedef int (*run_fn)(const at_job *job, attune_error *err);

typedef struct kind {
    const char *name;
    run_fn run;
    int shared; /* among ranks; else the first runs it and the others wait */
} kind;

static const kind *find_kind(const char *name)
{
    static const kind kinds[] = {
        {"visual", at_learn_visual, 1},     {"hog", at_learn_hog, 0},
        {"audio", at_learn_audio, 1},       {"functionals", at_learn_functionals, 0},
        {"detector", at_learn_detector, 1}, {"temporal", at_learn_temporal, 1},
        {"fusion", at_learn_fusion, 1},     {"assemble", at_learn_assemble, 0},
        {"ranges", at_learn_ranges, 0},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(name, kinds[i].name) == 0)
            return &kinds[i];
    return NULL;
}

/* ---- the stamp: what a run's outputs depend on, data sets apart ------------------------------ */

typedef struct stamping {
    const at_job *job;
    uint64_t hash;
} stamping;

/* A recipe counts with its bases, anything else by its digest. */
static int add_file(void *user, const char *file, attune_error *err)
{
    stamping *s = user;
    char *path = NULL;
    size_t length = strlen(file);
    int status = at_job_find(s->job, file, &path, err);
    if (!status && length > 5 && strcmp(file + length - 5, ".json") == 0) {
        at_recipe r;
        status = at_recipe_load(&r, path, err);
        if (!status) {
            s->hash = at_hash_number(s->hash, r.hash);
            at_recipe_free(&r);
        }
    } else if (!status) {
        status = at_file_hash(path, &s->hash, err);
    }
    free(path);
    return status;
}

static int make_stamp(at_job *job, const at_fields *fields, attune_error *err)
{
    stamping s = {.job = job, .hash = AT_HASH_START};
    s.hash = at_hash_number(s.hash, job->recipe->hash);
    s.hash = at_hash_number(s.hash, (uint64_t)job->options->epochs);
    s.hash = at_hash_number(s.hash, (uint64_t)job->options->limit);
    int status = at_fields_files(fields, job->settings, add_file, &s, err);
    job->stamp = s.hash;
    return status;
}

/* ---- the note of a finished run --------------------------------------------------------------- */

static int is_there(const at_job *job, const char *name)
{
    char path[AT_TRAIN_PATH];
    const char *dir = job->options->out_dir ? job->options->out_dir : ".";
    return name && snprintf(path, sizeof path, "%s/%s", dir, name) < AT_TRAIN_PATH &&
           !access(path, R_OK);
}

static int is_done(const at_job *job)
{
    char stamp[24];
    json_t *note;
    at_json_read_file(&note, job->note, NOTE_LIMIT, 0, NULL);
    const json_t *outputs = json_object_get(note, "outputs");
    const char *found = json_string_value(json_object_get(note, "stamp"));
    snprintf(stamp, sizeof stamp, "%016" PRIx64, job->stamp);
    int done = found && strcmp(found, stamp) == 0 && json_array_size(outputs) > 0;
    for (size_t i = 0; i < json_array_size(outputs) && done; i++)
        done = is_there(job, json_string_value(json_array_get(outputs, i)));
    json_decref(note);
    return done;
}

static int write_note(const at_job *job, attune_error *err)
{
    at_outfile out;
    char *outputs = at_json_write(job->outputs, JSON_COMPACT);
    int status = outputs ? at_outfile_open(&out, job->note, err) : at_fail_nomem(err);
    if (!status) {
        fprintf(out.f, "{\"stamp\": \"%016" PRIx64 "\", \"outputs\": %s}\n", job->stamp, outputs);
        status = at_outfile_commit(&out, err);
    }
    free(outputs);
    return status;
}

/* ---- a run ---------------------------------------------------------------------------------- */

static void tell_cache(const at_job *job)
{
    char line[160];
    const at_cache_counts n = at_cache_count(job->cache);
    snprintf(line, sizeof line, "cache: %d found, %d made, %d of them not written", n.found, n.made,
             n.unwritten);
    at_job_tell(job, line);
}

static int run_job(at_job *job, const kind *k, attune_error *err)
{
    const int lead = at_ranks_lead(job->ranks);
    const char *cache = job->options->cache;
    int status = at_pool_create(&job->pool, job->options->threads, err);
    if (!status && cache)
        status = at_cache_open(&job->cache, cache, err);
    if (!status && (k->shared || lead))
        status = k->run(job, err);
    status = status || !lead ? status : write_note(job, err);
    if (job->cache)
        tell_cache(job);
    at_cache_free(&job->cache);
    at_pool_free(&job->pool);
    return at_ranks_agree(job->ranks, status, err);
}

static int unknown_kind(const at_recipe *r, attune_error *err)
{
    char kinds[128] = "";
    for (int i = 0; at_recipe_kind(i); i++) {
        const size_t used = strlen(kinds);
        snprintf(kinds + used, sizeof kinds - used, "%s%s", i ? ", " : "", at_recipe_kind(i));
    }
    return at_fail(err, ATTUNE_E_FORMAT, "%s: kind is \"%.40s\", must be one of %s", r->path,
                   r->kind, kinds);
}

/* The first rank's answer: it has the output folder. */
static int find_done(const at_job *job, int unless_done, int *done, attune_error *err)
{
    *done = unless_done && at_ranks_lead(job->ranks) && is_done(job);
    return at_ranks_share(job->ranks, done, sizeof *done, err);
}

int at_run_recipe(const at_recipe *r, const attune_train_options *o, at_ranks *ranks,
                  at_resume resume, int unless_done, int *ran, attune_error *err)
{
    const at_fields *fields = at_fields_of_kind(r->kind);
    const kind *k = find_kind(r->kind);
    if (!fields || !k)
        return unknown_kind(r, err);
    char note[AT_TRAIN_PATH];
    int done = 0;
    void *settings = at_alloc(1, fields->size);
    at_job job = {.recipe = r,
                  .settings = settings,
                  .options = o,
                  .ranks = ranks,
                  .resume = resume,
                  .note = note};
    job.outputs = json_array();
    int status = settings && job.outputs ? ATTUNE_OK : at_fail_nomem(err);
    status = status ? status : at_fields_read(fields, r->root, r->path, "", settings, err);
    status = status ? status : at_job_path(&job, ".done.json", note, err);
    status = status ? status : make_stamp(&job, fields, err);
    status = at_ranks_agree(ranks, status, err);
    status = status ? status : find_done(&job, unless_done, &done, err);
    if (ran)
        *ran = !done;
    if (!status && !done)
        status = run_job(&job, k, err);
    json_decref(job.outputs);
    at_free(settings);
    return status;
}
