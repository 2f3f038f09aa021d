/* eval.h - how well a model does on labelled data. May change between versions; attune.h does not.
 *
 * Naming, errors and ownership as in attune.h.
 */
#ifndef ATTUNE_EVAL_H
#define ATTUNE_EVAL_H

#include <attune/attune.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { ATTUNE_EVAL_CLASSES = 8, ATTUNE_EVAL_CURVES = 4 };

/* Zero is the default for every field but dataset and root. */
typedef struct attune_eval_options {
    const char *dataset;  /* see attune_dataset_name */
    const char *root;     /* folder in that data set's layout */
    const char *split;    /* NULL: "all" */
    const char *corrupt;  /* nullable, pictures only: a degradation, see attune_corruption_name */
    double corrupt_level; /* its level, in that degradation's unit */
    int threads;          /* 0: all cores; results do not depend on it */
    int draws;            /* of the bootstrap; 0: 1000 */
    uint64_t seed;        /* of the bootstrap and the corruption */
    int quiet;            /* no progress on stderr */
    int (*stop)(void *user); /* nullable; non-zero ends with ATTUNE_E_INTERRUPTED */
    void *user;
} attune_eval_options;

typedef struct attune_interval {
    double lo, hi; /* 95 %, percentile bootstrap over people where known, else samples */
} attune_interval;

typedef struct attune_eval_class {
    const char *name; /* static */
    double precision, recall, specificity, f1;
    int n;
} attune_eval_class;

/* Area under the ROC curve of one learning state at its published threshold. */
typedef struct attune_eval_curve {
    const char *name; /* static, "boredom>=1" */
    double auc;       /* NaN where a side is empty */
    attune_interval interval;
    int positives, n;
} attune_eval_curve;

typedef struct attune_eval_result {
    char dataset[32], split[64];
    int n;         /* samples judged */
    int people;    /* 0: not known */
    int excluded;  /* without a usable label (FER+: no majority), missing or unreadable */
    int not_found; /* pictures in which the detector found no face (judged all the same) */
    double accuracy, balanced_accuracy, macro_f1, weighted_f1, ece;
    attune_interval accuracy_interval, balanced_accuracy_interval, macro_f1_interval,
        weighted_f1_interval;
    int classes;
    attune_eval_class per_class[ATTUNE_EVAL_CLASSES];
    int confusion[ATTUNE_EVAL_CLASSES][ATTUNE_EVAL_CLASSES]; /* [label][answer] */
    int curves;
    attune_eval_curve curve[ATTUNE_EVAL_CURVES];
} attune_eval_result;

/* Evaluates the model file (NULL: the default model) in the set's own classes. */
int attune_evaluate(attune_eval_result *out, const char *model, const attune_eval_options *o,
                    attune_error *err);

/* The result as JSON text (free with attune_text_free); NULL when memory is out. Keys: dataset
 * split n people excluded not_found accuracy balanced_accuracy macro_f1 weighted_f1 ece auc{}
 * auc_interval{} per_class[] confusion[][] interval{}. A figure that could not be measured (NaN)
 * is null. */
char *attune_eval_json(const attune_eval_result *r);
void attune_text_free(char **text);
/* Writes text and a newline to path, whole or not at all. */
int attune_text_write(const char *path, const char *text, attune_error *err);

/* The i-th data set (and a line on its layout and splits) or degradation; NULL past the end. */
const char *attune_dataset_name(int i);
const char *attune_dataset_help(int i);
const char *attune_corruption_name(int i);

#ifdef __cplusplus
}
#endif
#endif
