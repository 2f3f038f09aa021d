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

enum {
    ATTUNE_EVAL_CLASSES = 8,
    ATTUNE_EVAL_CURVES = 4,
    ATTUNE_EVAL_CONDITIONS = 3,
    ATTUNE_EXCLUSIONS = 6
};

/* Zero is the default for every field but dataset and root. */
typedef struct attune_eval_options {
    const char *dataset; /* see attune_dataset_name */
    const char *root;    /* folder in that data set's layout, or a manifest's file */
    const char *split;   /* the set's own words, or "notest", "random:PART", "people:PART" (see
                          * docs/evaluation.md); NULL: "all" */
    const char *task;    /* where there are several labels: "emotion7", "state4", "dominant4" or
                           * "engagement3"; NULL: the set's first */
    const char *stream;  /* "face" or "voice": that one alone; NULL: both */
    int crops;           /* every picture is the crop of a face, as FER2013's are: where the
                           * detector finds none, the whole is judged */
    const char *const *corrupt; /* (corrupts) degradations "KIND=LEVEL", in order, see
                                 * attune_corruption_at: of pictures the aligned face, a sound, of
                                 * clips every frame and the whole sound */
    int corrupts;               /* at most 16 */
    const char *noise;          /* nullable: folder of recordings for the degradation "noises" */
    const char *face; /* nullable: an ONNX file, a classifier of faces that judges in place of the
                       * model's own network, not calibrated; of sets of pictures alone (docs/onnx.md) */
    const char *face_input;   /* the values that it takes: "unit" [0,1] (NULL), "byte" [0,255],
                               * "signed" [-1,1], "imagenet"; with ",bgr" in that order of colours */
    const char *face_classes; /* its answers in their order, with commas between; NULL: FER+'s where
                               * they are eight, FER2013's where they are seven */
    int limit;                /* most samples, evenly spaced, for trying things out; 0: all */
    int threads;              /* 0: all cores; results do not depend on it */
    attune_precision precision; /* attune_model_set_precision */
    int draws;                  /* of the bootstrap; 0: 1000 */
    uint64_t seed;              /* of the bootstrap and the degradations */
    const char *answers;  /* nullable: a CSV to write, a row a sample: file, subject, label, answer,
                           * withheld (why, or empty), reliabilities, conditions, probabilities by class, levels
                           * of the states, logits */
    const char *excluded; /* nullable: a CSV to write, a row a sample left out: file, kind (see
                           * attune_exclusion_name), detail */
    const char *qualities; /* nullable: a CSV to write, a row a sample: file within root, quality
                            * (normal, low-quality, occluded); as qualities.csv in root, a split by
                            * quality goes by it */
    const char
        *cache; /* nullable: a folder in which decoded faces and features of voices are kept and
                        * found again, by content and settings; results do not depend on it. It shows
                        * people: docs/training.md */
    int quiet;  /* no progress on stderr */
    int (*stop)(void *user); /* nullable; non-zero ends with ATTUNE_E_INTERRUPTED */
    /* nullable; told of so many samples done of all, as it goes, on the caller's thread */
    void (*progress)(void *user, int done, int samples);
    void *user;
} attune_eval_options;

typedef struct attune_interval {
    double lo, hi; /* 95 %, percentile bootstrap over people where known, else samples; NaN: there
                    * are too few of them */
} attune_interval;

typedef struct attune_eval_class {
    const char *name;                          /* static */
    double precision, recall, specificity, f1; /* NaN: never an answer, never a label, always the
                                                * label, neither label nor answer */
    int n;
} attune_eval_class;

/* What the labels' most frequent class would have scored, were it the answer to everything. */
typedef struct attune_eval_constant {
    const char *answer; /* static; NULL: nothing was judged, and the figures are NaN */
    double accuracy, balanced_accuracy, macro_f1;
} attune_eval_constant;

/* The figures of the samples of one quality, as they were judged. */
typedef struct attune_eval_condition {
    const char *name; /* static: "normal", "low-quality", "occluded" */
    int n;
    double accuracy, balanced_accuracy, macro_f1; /* NaN: there is none */
    attune_interval accuracy_interval, balanced_accuracy_interval;
} attune_eval_condition;

/* Area under the ROC curve of one learning state at its published threshold. */
typedef struct attune_eval_curve {
    const char *name;         /* static, "boredom>=1" */
    double auc;               /* NaN where a side is empty */
    attune_interval interval; /* NaN where a side is of fewer than two people */
    int positives, n;
    int groups
        [2]; /* people, or where they are not known samples, of the negatives, the positives */
} attune_eval_curve;

/* Of an ordered label: whether the expected level of the answers moves as the labels do. Ratios are of a
 * deviation of the answers to the same of the labels; NaN: the labels do not vary, or of fewer than two people. */
typedef struct attune_eval_movement {
    const char *name; /* static, "boredom" */
    int n;
    double samples;     /* of all samples */
    double people;      /* of people's means */
    double time;        /* of samples around their person's mean */
    double correlation; /* of expected levels with labels */
    double
        confidence_auc; /* area under the ROC curve of the likeliest level's probability for its being right;
                            * NaN: all are, or none */
} attune_eval_movement;

/* Figures are over the samples judged; NaN when there is none. Accuracy and coverage go together: a
 * model that withholds what is hard is more often right about the rest. */
typedef struct attune_eval_result {
    char dataset[32], split[160], task[16];
    char stream[8];    /* "face", "voice" or "both" */
    char protocol[96]; /* how the part was chosen, and whether others share its people:
                         * "random 70/15/15 by label, shares people" */
    int shared_people; /* people of the part who are in the rest of the set too (where it is drawn:
                         * the official test part aside, unless that was named); -1: not known */
    char twin[160];    /* the split with people apart beside one that shares them, or "" */
    int n;             /* samples judged */
    int withheld;    /* labelled, but with nothing to judge: no face, a blank picture, no speech, a
                     * clip all of whose windows are withheld. Not an answer, right or wrong */
    double coverage; /* n / (n + withheld) */
    int people;      /* 0: not known */
    int groups;      /* people of the samples judged, or where they are not known samples: what
                      * intervals are over. Fewer than two: there is none */
    int excluded;    /* never asked: no such file, no label (FER+: no majority), ... */
    int excluded_by[ATTUNE_EXCLUSIONS]; /* the same by attune_exclusion_name */
    int not_found;     /* crops in which the detector found no face, judged as a whole */
    char note[200];    /* what a user should know of the reading, or "" */
    char corrupt[256]; /* "blur=3 hiss=10", or "" */
    double accuracy;
    double balanced_accuracy; /* mean recall over the classes that are labels */
    double macro_f1;    /* mean F1 over the classes that are labels or answers, as scikit-learn's
                      * f1_score(average='macro') has it */
    double weighted_f1; /* mean F1 weighted by the labels of each class */
    double ece;         /* expected calibration error, 15 bins of as many answers each */
    double
        ece_by_chance; /* what answers as sure, and right just as often as they say, have on average */
    double confidence_auc; /* area under the ROC curve of the top probability for a right answer */
    double kept_error;     /* share of wrong answers among the surest four fifths */
    attune_interval accuracy_interval, balanced_accuracy_interval, macro_f1_interval,
        weighted_f1_interval;
    attune_eval_constant constant;
    attune_eval_condition condition[ATTUNE_EVAL_CONDITIONS];
    int classes;
    attune_eval_class per_class[ATTUNE_EVAL_CLASSES];
    int confusion[ATTUNE_EVAL_CLASSES][ATTUNE_EVAL_CLASSES]; /* [label][answer] */
    int curves;
    attune_eval_curve curve[ATTUNE_EVAL_CURVES];
    int movements; /* of the learning states, or of the engagement in three classes */
    attune_eval_movement movement[ATTUNE_STATES];
} attune_eval_result;

/* Evaluates the model file (NULL: the default model) in the set's own classes. Without a label there
 * is nothing to evaluate, and that is an error, unless answers asks for the answers. */
int attune_evaluate(attune_eval_result *out, const char *model, const attune_eval_options *o,
                    attune_error *err);

/* The result as JSON text (free with attune_text_free); NULL when memory is out. Keys: dataset
 * split protocol shared_people twin task stream corrupt n withheld coverage people groups excluded excluded_by{} not_found
 * accuracy balanced_accuracy macro_f1 weighted_f1 ece ece_by_chance confidence_auc kept_error constant{} auc{} auc_interval{} movement{} per_class[]
 * conditions[] confusion[][] interval{}. movement has, by name, n samples people time correlation confidence_auc. A figure or an interval that could not be measured (NaN) is null. */
char *attune_eval_json(const attune_eval_result *r);
/* attune_evaluate, whose result is that text: for languages that would have to declare all of it. */
int attune_evaluate_json(char **out, const char *model, const attune_eval_options *o,
                         attune_error *err);
void attune_text_free(char **text);
/* Writes text and a newline to path, whole or not at all. */
int attune_text_write(const char *path, const char *text, attune_error *err);
/* Whether that could be done now: before what takes long is done in vain. NULL and "-" can. */
int attune_text_check(const char *path, attune_error *err);

/* ---- all degradations ------------------------------------------------------------------------ */

/* One of them at one of its levels. */
typedef struct attune_grid_cell {
    const char *kind, *unit; /* static; NULL: not degraded */
    double level;
    int of_sound;
    attune_eval_result result;
} attune_grid_cell;

/* Means of the figures over cells; those that could not be measured (NaN) are left out. */
typedef struct attune_grid_mean {
    const char
        *name; /* of a kind; "pictures", "sounds" or "all": the mean over the means of kinds */
    int cells; /* that an accuracy was measured in */
    double coverage, accuracy, balanced_accuracy, macro_f1, weighted_f1, ece;
} attune_grid_mean;

typedef struct attune_grid attune_grid;

/* Evaluates as it is, then with each degradation (attune_corruption_at) at each listed level, one at
 * a time; those are left out that nothing in the set would show, and "noises" without o->noise.
 * o->corrupt is not looked at; answers and excluded are written of what is not degraded. cell
 * (nullable) is told each as it comes; a non-zero return ends with ATTUNE_E_INTERRUPTED. */
int attune_evaluate_grid(attune_grid **out, const char *model, const attune_eval_options *o,
                         int (*cell)(void *user, const attune_grid_cell *c), void *user,
                         attune_error *err);
void attune_grid_free(attune_grid **g);
const attune_grid_cell *attune_grid_at(const attune_grid *g, int i); /* NULL past the end */
/* Fills *out with the i-th mean: of each kind, of pictures, of sounds, of all; 0: there is none. */
int attune_grid_mean_at(const attune_grid *g, int i, attune_grid_mean *out);
/* As JSON text (attune_text_free): cells[{kind unit level figures{}}], kind null where nothing was
 * degraded and figures as attune_eval_json has them; means{name: {cells coverage accuracy
 * balanced_accuracy macro_f1 weighted_f1 ece}}. */
char *attune_grid_json(const attune_grid *g);

/* ---- published figures ----------------------------------------------------------------------- */

/* A figure as it was published, and as it comes out now. */
typedef struct attune_figure {
    char dataset[32], split[160], stream[8];
    char metric[48]; /* a key of attune_eval_json, "auc.boredom>=1", or "recall.fear" of a class */
    double published, computed;
    attune_interval published_interval, computed_interval; /* NaN: none */
    int agrees; /* to half a tenth of a percent, its interval too */
} attune_figure;

/* Computes the figures that path lists again: a JSON list of objects with dataset, folder (in
 * o->root; default: the dataset's name), split, stream, task, metric, value and interval; entries
 * without a dataset are passed over. o->dataset (nullable): only that one's. figure (nullable) is
 * told each; a non-zero return ends with ATTUNE_E_INTERRUPTED. updated (nullable): the list with
 * what was computed (attune_text_free). Returns the number of figures that do not agree; where there
 * is none to compare, ATTUNE_E_ARG (of o->dataset) or ATTUNE_E_FORMAT. */
int attune_check_figures(const char *path, const char *model, const attune_eval_options *o,
                         int (*figure)(void *user, const attune_figure *f), void *user,
                         char **updated, attune_error *err);

enum { ATTUNE_CORRUPTION_LEVELS = 4 };

/* A degradation. */
typedef struct attune_corruption {
    const char *name, *unit, *about; /* static */
    int of_sound;                    /* else of pictures */
    double none, most; /* the level that leaves things be, the worst; either may be the
                                      * larger number */
    double listed[ATTUNE_CORRUPTION_LEVELS]; /* (levels) that attune_evaluate_grid takes */
    int levels;
} attune_corruption;

/* Fills *out with the i-th; 0: there is none. */
int attune_corruption_at(int i, attune_corruption *out);
/* Whether "KIND=LEVEL" names one and a level of it. ATTUNE_E_ARG: no; err has the kinds, or the
 * range. */
int attune_corruption_check(const char *text, attune_error *err);

/* Zero is the default for every field. */
typedef struct attune_degrade_options {
    const char *const *corrupt; /* (corrupts) "KIND=LEVEL", in order */
    int corrupts;
    const char *noise; /* nullable: folder of recordings for "noises" */
    uint64_t seed;
    const char
        *model;     /* whose detector finds the faces that something is put in front of; NULL: the
                        * default model */
    int overwrite;  /* a file that is there may go */
    int no_sandbox; /* as in attune_options */
    int (*progress)(void *user, double done_s, double total_s); /* nullable; non-zero ends with
                        * ATTUNE_E_INTERRUPTED. total_s 0: not known */
    void *user;
} attune_degrade_options;

/* Writes the clip, sound or picture in, degraded, to out, whole or not at all; the container follows
 * out's name. Sound becomes mono at 16 kHz, of at most an hour. */
int attune_degrade_file(const char *in, const char *out, const attune_degrade_options *o,
                        attune_error *err);

/* The i-th data set (with a line on its layout, and its splits besides "all"), or reason to leave a
 * sample out; NULL past the end. */
const char *attune_dataset_name(int i);
const char *attune_dataset_help(int i);
const char *attune_dataset_splits(int i);
const char *attune_exclusion_name(int i);

#ifdef __cplusplus
}
#endif
#endif
