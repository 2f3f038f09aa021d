/* learn.h - one run of a recipe: what it is given, and what all learners do alike.
 *
 * A kind of recipe is a table of fields (settings.h) and a function; what trains is an at_learner,
 * whose parameters, batches and loss at_learn (loop.c) drives.
 */
#ifndef AT_TRAIN_LEARN_H
#define AT_TRAIN_LEARN_H

#include "base/each.h"
#include "data/corpus.h"
#include "tensor/ops.h"
#include "tensor/weights.h"
#include "train/ranks.h"
#include "train/recipe.h"
#include "train/settings.h"
#include <attune/train.h>

enum { AT_TRAIN_PATH = 4096 };

/* Of a recipe's data. */
typedef enum at_part { AT_PART_TRAIN, AT_PART_VALID } at_part;

typedef enum at_resume {
    AT_AFRESH,
    AT_RESUME,        /* from the checkpoint, which must be there and of this run */
    AT_RESUME_IF_ANY, /* from a checkpoint of this run, else afresh */
} at_resume;

typedef struct at_job {
    const at_recipe *recipe;
    const void *settings; /* at_NAME_settings of its kind */
    const attune_train_options *options;
    at_ranks *ranks; /* nullable */
    at_pool *pool;
    at_resume resume;
    uint64_t
        stamp; /* of recipe, options and the files that it names: what a checkpoint belongs to */
    at_cache *cache;  /* nullable */
    json_t *outputs;  /* names of the files written that the next runs need; nullable */
    const char *note; /* path of the file that says so when all is done; nullable */
} at_job;

/* One function a kind. */
int at_learn_visual(const at_job *job, attune_error *err);
int at_learn_hog(const at_job *job, attune_error *err);
int at_learn_audio(const at_job *job, attune_error *err);
int at_learn_functionals(const at_job *job, attune_error *err);
int at_learn_detector(const at_job *job, attune_error *err);
int at_learn_temporal(const at_job *job, attune_error *err);
int at_learn_fusion(const at_job *job, attune_error *err);
int at_learn_assemble(const at_job *job, attune_error *err);
int at_learn_ranges(const at_job *job, attune_error *err);

/* ---- files (job.c) -------------------------------------------------------------------------- */

enum { AT_FILE_FOLDERS = 4 };
/* Where a file is that the recipe of that path names: beside it, else in the first of the folders (NULL: none) that has
 * it; "default" is the default model, wherever that is. Free. NULL with errno: ENOENT, ENOMEM. */
char *at_file_of_recipe(const char *recipe, const char *file,
                        const char *const folders[AT_FILE_FOLDERS]);
/* Finds such a file of the job's: the folders are the output, working, data and models folder. *out: free. */
int at_job_find(const at_job *job, const char *file, char **out, attune_error *err);
int at_job_weights(const at_job *job, const char *file, at_weights **out, attune_error *err);
/* The detector (vision/detect.h) in such a file, into p. whole: nullable, the caller's. */
int at_job_detector(const at_job *job, const char *file, at_params *p, at_weights **whole,
                    attune_error *err);
/* DATA/folder if that is there, else DATA. folder NULL: dataset. *out: free. */
int at_job_data(const at_job *job, const char *dataset, const char *folder, char **out,
                attune_error *err);
/* Its samples in that split, at most limit, evenly spaced (0: all). */
int at_job_corpus(const at_job *job, const char *dataset, const char *folder, const char *split,
                  int limit, at_corpus *out, attune_error *err);
/* OUT/NAME and suffix. */
int at_job_path(const at_job *job, const char *suffix, char path[AT_TRAIN_PATH], attune_error *err);
/* Before the first of the outputs is replaced: what an earlier run noted as done no longer is. */
int at_job_will_write(const at_job *job, attune_error *err);
/* Notes that NAME and suffix is there. */
int at_job_wrote(const at_job *job, const char *suffix, attune_error *err);

/* Who waits for it. */
at_watcher at_job_watcher(const at_job *job);
/* at_each on the job's pool, with who waits for it. */
int at_job_each(const at_job *job, const char *label, int n,
                void (*fn)(void *arg, int i, int thread), void *arg, attune_error *err);
/* One line to the caller's event. */
void at_job_tell(const at_job *job, const char *line);

/* ---- what trains (loop.c) ------------------------------------------------------------------- */

/* A step is of plan.shards shards (shards.h); to a learner each is a batch of its own, and `shard` counts all of a
 * run. With one shard a step, as recipes have unless they say otherwise, the two are the same.
 *
 * What the loop knows of a task. A learner's own struct begins with it. */
typedef struct at_learning {
    const at_job *job;
    at_loop_plan plan; /* with the options' epochs */
    int resumed; /* params come from a checkpoint, or from the first rank: no need to start from anything */
    at_params params; /* freed by the loop */
    int64_t shards_per_epoch;
    int batch; /* samples a shard */
    const char *
        meta[5]; /* key, value, ..., NULL: what the model's file says besides; live with the task */
} at_learning;

/* One thing to be trained. All callbacks get the task; err is never NULL. */
typedef struct at_learner {
    size_t size; /* of the task, zeroed but for job, plan and resumed before set_up */
    /* Makes params, loads the parts, sets shards_per_epoch (rounded down to whole steps by the loop) and batch. */
    int (*set_up)(void *task, attune_error *err);
    void (*clean_up)(void *task); /* nullable; after a failed set_up as well */
    /* On the prefetch thread: that shard's samples into slot 0 or 1, from (seed, shard) alone. */
    int (*prepare)(void *task, int64_t shard, int slot);
    /* Forward pass of what was prepared; the graph has begun. Returns the scalar loss. */
    at_tensor *(*loss)(void *task, at_graph *g, int64_t shard, int slot);
    /* After so many shards; the first rank's alone. On the averaged weights, which it may finish (batch norm statistics). Adds figures to metrics
     * (key: number; NULL where memory was out, base/json.h) and sets score, by which the best epoch is known. */
    int (*evaluate)(void *task, at_graph *g, int64_t shards, json_t **metrics, double *score,
                    attune_error *err);
    const char *record; /* metadata key of the model's file that holds the metrics */
} at_learner;

/* Sets up, trains and cleans up. score: nullable, that of the last evaluation. */
int at_learn(const at_learner *l, const at_job *job, const at_loop_plan *plan, double *score,
             attune_error *err);

/* The seed of one shard's randomness (SplitMix64 over both). */
uint64_t at_step_seed(int64_t seed, int64_t shard);

#endif
