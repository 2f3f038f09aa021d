/* face_set.h - the pictures of a recipe's corpora, and the labels of a batch of them.
 *
 * Pictures of several sets train together; what a set does not label is masked in its rows.
 */
#ifndef AT_TRAIN_FACE_SET_H
#define AT_TRAIN_FACE_SET_H

#include "data/faces.h"
#include "model/visual.h"
#include "train/draw.h"
#include "train/ensemble.h"
#include "train/learn.h"
#include "train/teacher.h"

typedef struct at_face_set {
    at_faces faces;
    int sets;
    double share[AT_MAX_SETS]; /* of each set in an epoch: 0.5 half of it, 2 twice */
    int *set_of;               /* (faces.count) */
    signed char *basic;        /* (faces.count) FER2013's own label, -1 none */
    const at_taught **taught;  /* (faces.count) what the teacher saw, NULL: nothing */
    float
        unit_weight[ATTUNE_UNITS]; /* of each movement in the loss: rare ones weigh more, mean 1 */
    at_teacher *teacher;
    at_ensemble ensemble; /* of all faces; zero: none */
    float ensemble_share; /* of FER+'s and FER2013's labels */
} at_face_set;

/* Reads one part of each set of data, at most limit samples of each (0: all). detector: finds and aligns
 * the faces; NULL: pictures are not searched, their whole is taken. teacher: a file
 * that the recipe names; nullable. */
int at_face_set_load(at_face_set *out, const at_job *job, const at_pictures_settings *data,
                     at_part part, int limit, const at_params *detector, const char *teacher,
                     attune_error *err);
void at_face_set_free(at_face_set *s);

/* Lets the recipe's networks say what they see; share: of the labels that this counts for. */
int at_face_set_advise(at_face_set *s, const at_job *job, const at_model_settings *model,
                       int models, float share, attune_error *err);

/* The set as what epochs are drawn from. */
at_draw at_face_set_draw(const at_face_set *s);

/* Labels of n rows; what is missing has row weight 0 or level -1. */
typedef struct at_face_labels {
    float *votes, *votes_row;           /* (n, 8), (n) */
    float *basic, *basic_row;           /* (n, 7), (n) */
    float *engagement, *engagement_row; /* (n, 3), (n) */
    float *dominant, *dominant_row;     /* (n, 4), (n) */
    int *level[ATTUNE_STATES];          /* (n) each */
    float *units, *units_weight;        /* (n, 51) both */
    float *pose, *pose_weight;          /* (n, 3) both; in AT_POSE_DEGREES */
    int votes_n, basic_n, engagement_n, state_n, dominant_n, taught_n; /* rows that are labelled */
} at_face_labels;

int at_face_labels_create(at_face_labels *l, int n, attune_error *err);
void at_face_labels_free(at_face_labels *l);
/* drawn (n): what was made of the pictures; NULL: nothing. */
void at_face_labels_fill(at_face_labels *l, const at_face_set *s, const int *index,
                         const at_face_drawn *drawn, int n);

/* Counts over the training part, for class weights. */
typedef struct at_face_counts {
    double votes[AT_FACE_CLASSES], basic[AT_BASIC_CLASSES], engagement[ATTUNE_ENGAGEMENTS];
    double dominant[ATTUNE_STATES];
    double above[ATTUNE_STATES][AT_THRESHOLDS], states; /* levels over each threshold */
    double rows_votes, rows_basic, rows_engagement, rows_state, rows_dominant,
        rows_taught; /* labelled rows of
                                                                            * an epoch */
} at_face_counts;
void at_face_set_counts(const at_face_set *s, at_face_counts *out);

#endif
