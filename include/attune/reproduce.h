/* reproduce.h - the paper's tables and figures, ours beside its own. May change between versions; attune.h
 * does not.
 *
 * Naming, errors and ownership as in attune.h.
 */
#ifndef ATTUNE_REPRODUCE_H
#define ATTUNE_REPRODUCE_H

#include <attune/attune.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How it is going. Callbacks run on the caller's thread; texts live for the call. */
typedef struct attune_reproduce_event {
    const char *experiment; /* "table1" */
    int step, steps;    /* of all experiments together, from 1; one more of training or judging */
    const char *doing;  /* nullable: what the step does, when it begins */
    const char *line;   /* nullable: a line of training worth keeping */
    double done, total; /* within the step; total 0: not known */
    const char *
        table; /* nullable: what the experiment came to, as lines for a terminal, when it is over */
} attune_reproduce_event;

/* Zero is the default for every field but data_dir and out_dir. */
typedef struct attune_reproduce_options {
    const char *const *names; /* (n) of experiments, see attune_experiment_name; n 0: all */
    int n;
    const char *data_dir;    /* holds the unpacked data sets, each in a folder of its own */
    const char *out_dir;     /* made if it is not there */
    const char *models_dir;  /* where the weights that training starts from are; nullable */
    const char *recipes_dir; /* NULL: the installed ones, or the source tree's */
    const char
        *model; /* "default" or a file: stands in for the network that recipes/paper.json would have
                        * to train; NULL: that is trained */
    int quick;  /* few samples and little training, for trying things out */
    int threads;   /* 0: all cores; but for the times of table5 results do not depend on it */
    int draws;     /* of the bootstrap; 0: 1000 */
    uint64_t seed; /* of the bootstrap, the degradations and the pairs; recipes have their own */
    int quiet;     /* no progress on stderr */
    void (*event)(void *user, const attune_reproduce_event *e); /* nullable */
    int (*stop)(void *user); /* nullable; non-zero ends with ATTUNE_E_INTERRUPTED */
    void *user;
} attune_reproduce_options;

/* Trains what is missing, judges it, and writes into out_dir report.html, one self-contained page, and
 * NAME.csv of each experiment, each whole or not at all. models/ and kept/ in it hold what was trained and
 * judged: what is there, of the same recipes, files and options, is not done again, and what was stopped goes
 * on. What lacks a data set or a file is left out, and the page says so. No picture of a data set is written
 * anywhere. */
int attune_reproduce(const attune_reproduce_options *o, attune_error *err);

/* The i-th experiment: "table1", with its title and what it needs (nullable); NULL past the end. Static
 * storage. */
const char *attune_experiment_name(int i, const char **title, const char **needs);

#ifdef __cplusplus
}
#endif
#endif
