/* loop_inside.h - what the loop's files share: loop.c, a run from its start to its end; loop_step.c, one step of it;
 * loop_files.c, what it writes and tells. Private to these. */
#ifndef AT_TRAIN_LOOP_INSIDE_H
#define AT_TRAIN_LOOP_INSIDE_H

#include "base/error.h"
#include "base/progress.h"
#include "train/checkpoint.h"
#include "train/learn.h"
#include "train/prefetch.h"
#include "train/shards.h"
#include <stdio.h>

enum { AT_LOOP_LINE = 1024 }; /* of the log, at most */

typedef struct at_loop {
    const at_learner *l;
    at_learning *task;
    const at_job *job;
    const at_loop_plan *plan;
    at_ranks *ranks; /* nullable */
    const at_kernels *kn;
    at_graph *graph;
    at_prefetch *prefetch;
    at_shards *shards; /* NULL: steps of one */
    at_adamw adamw;
    at_progress_state state;
    int64_t steps_per_epoch;
    int batch;
    FILE *log; /* the first rank's */
    char checkpoint[AT_TRAIN_PATH], model[AT_TRAIN_PATH], best[AT_TRAIN_PATH],
        metrics[AT_TRAIN_PATH];
    double started, saved; /* clock: this call; last checkpoint */
    int64_t first;         /* step this call began at */
    double norm;           /* gradient norm, running mean */
} at_loop;

/* ---- a step (loop_step.c) ------------------------------------------------------------------- */

/* Begins to prepare the batches from the present step on. */
int at_loop_prefetch(at_loop *s, attune_error *err);
/* Through a whole batch: forwards, backwards, and the parameters a step on. */
int at_loop_step(at_loop *s, attune_error *err);
/* Who has other samples, or whose arithmetic is another, comes to another loss: all ranks try the same shard. */
int at_loop_compare(at_loop *s, attune_error *err);

/* ---- what is told and written (loop_files.c); files are the first rank's -------------------- */

#define AT_LOOP_CHECKPOINT ".checkpoint.safetensors"

/* To the caller, how far the run is; line: nullable. */
void at_loop_tell(at_loop *s, const char *line);
/* Whether the caller wants the run to end. */
int at_loop_stopped(const at_loop *s);
/* Into the log; show: to the caller too. */
void at_loop_log(at_loop *s, int show, const char *fmt, ...) AT_PRINTF(3, 4);

/* Names the files and opens the log, which locks them. */
int at_loop_open_files(at_loop *s, attune_error *err);
/* What a run goes on from: saves it, loads it. */
int at_loop_save(at_loop *s, attune_error *err);
int at_loop_resume(at_loop *s, attune_error *err);
/* The model as it was evaluated, and as the best one where it is. */
int at_loop_keep_model(at_loop *s, const json_t *metrics, double score, attune_error *err);
int at_loop_add_metrics(const at_loop *s, const json_t *metrics, attune_error *err);

#endif
