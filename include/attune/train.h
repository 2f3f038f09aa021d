/* train.h - training and evaluation. May change between versions; attune.h does not.
 *
 * Naming, errors and ownership as in attune.h.
 */
#ifndef ATTUNE_TRAIN_H
#define ATTUNE_TRAIN_H

#include <attune/attune.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How a run is going. Callbacks run on the caller's thread. */
typedef struct attune_train_event {
    int epoch, epochs;   /* from 0 */
    int64_t step, steps; /* of the whole run */
    double loss;         /* running mean */
    double rate;         /* samples a second */
    const char *line;    /* nullable: one line worth keeping (an epoch's figures), no newline */
} attune_train_event;

/* Processes that train one model together, each on shards of every batch (docs/training.md, "Many machines"). How
 * they reach one another is the caller's business; the program's own way is Open MPI.
 *
 * Both calls are made by all ranks in the same order, on attune_train's thread, and return an attune_status:
 * ATTUNE_E_INTERRUPTED where the wait for another was given up, after which no more calls are made. */
typedef struct attune_ranks {
    int rank, count; /* 0 <= rank < count */
    void *user;
    /* Each rank's bytes (sizes[rank] of them), one after the other, to all ranks. sizes (count), the same everywhere. */
    int (*gather)(void *user, const void *mine, void *all, const size_t *sizes, attune_error *err);
    /* To each rank its part of `send`, from each its part into `recv`, in rank order. Sizes in bytes, (count) each. */
    int (*exchange)(void *user, const void *send, const size_t *send_sizes, void *recv,
                    const size_t *recv_sizes, attune_error *err);
} attune_ranks;

/* Zero is the default for every field. */
typedef struct attune_train_options {
    const char *data_dir;   /* holds the unpacked corpora; NULL: the working folder */
    const char *out_dir;    /* where models, logs and checkpoints go; NULL: the working folder */
    const char *models_dir; /* where starting weights are looked for as well; nullable */
    int resume;             /* go on from the checkpoint in out_dir, to the bit */
    int threads;            /* 0: all cores; results do not depend on it */
    int epochs;             /* 0: the recipe's */
    int limit;              /* most samples of each set, for trying things out; 0: all */
    int quiet;              /* no progress of loading */
    const char *cache; /* nullable: a folder in which decoded faces and features of voices are kept
                             * and found again, by content and settings; results do not depend on it. It
                             * shows people: docs/training.md */
    void *user;
    void (*event)(void *user, const attune_train_event *e); /* nullable */
    int (*stop)(void *user);                                /* nullable; non-zero: save and leave */
    const attune_ranks
        *ranks; /* nullable: this process trains by itself. The first rank alone writes, calls
                                * event and needs out_dir; all need the recipe, the data and the files that it names */
} attune_train_options;

/* Runs a recipe (docs/training.md). Writes NAME.safetensors (the model), NAME.log,
 * NAME.metrics.jsonl (a line an epoch), NAME.checkpoint.safetensors and, at the end, NAME.done.json
 * into out_dir; all but the log whole or not at all. ATTUNE_E_INTERRUPTED after a stop: the
 * checkpoint is there.
 * A chain runs its recipes in order, goes on where one was stopped and leaves out those whose outputs
 * are there and of the same recipe, options and files; at the end NAME.results.json says how the
 * model does.
 * With ranks, all return the same status and text, but for ATTUNE_E_INTERRUPTED: the others are then still
 * waiting, and the caller has to end them. */
int attune_train(const char *recipe, const attune_train_options *o, attune_error *err);

/* The recipe as it is run, with its bases merged in, as JSON text (free). */
int attune_recipe_text(const char *recipe, char **out, attune_error *err);

/* The i-th kind of recipe, NULL past the end. Static storage. */
const char *attune_recipe_kind(int i);

/* A field that recipes of a kind may have. */
typedef struct attune_recipe_field {
    char name[96];           /* "augment.flip", "data[].share" */
    char def[40];            /* its default, "": none */
    char range[48];          /* "0 to 1", "needed", "" */
    const char *type, *help; /* static */
} attune_recipe_field;

/* The i-th field of that kind: 1, or 0 past the end. */
int attune_recipe_field_at(const char *kind, int i, attune_recipe_field *out);

#ifdef __cplusplus
}
#endif
#endif
