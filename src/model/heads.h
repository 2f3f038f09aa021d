/* heads.h - label sets: what each head answers, and how its classes fold into the shared seven.
 *
 * Faces are learned in FER+'s eight classes (Barsoum 2016), voices in RAVDESS's eight
 * (Livingstone & Russo 2018). emotion7 is what both share: contempt is left out and the rest
 * renormalised; calm adds to neutral.
 */
#ifndef AT_MODEL_HEADS_H
#define AT_MODEL_HEADS_H

#include <attune/attune.h>

enum {
    AT_FACE_CLASSES = 8,
    AT_VOICE_CLASSES = 8,
    AT_BASIC_CLASSES = 7,
    AT_MOST_CLASSES = 8, /* of any head */
    AT_THRESHOLDS = ATTUNE_LEVELS - 1,
    AT_POSE_AXES = 3,
    AT_POSE_DEGREES = 30,  /* what 1 means in the pose head */
    AT_UNIT_JAW_OPEN = 24, /* attune_units' */
};

/* A data set is labelled for one of these, and a network has some of them. */
typedef enum at_head {
    AT_HEAD_FACE8,  /* FER+: neutral happiness surprise sadness anger disgust fear contempt */
    AT_HEAD_FACE7,  /* FER2013's own labels, which disagree with FER+'s on every third picture:
                    * angry disgust fear happy neutral sad surprise */
    AT_HEAD_STATE4, /* four ordered levels; its classes are the states */
    AT_HEAD_ENGAGEMENT3,
    AT_HEAD_COVERED, /* the share of a face that something hides */
    AT_HEAD_UNITS,   /* how far each facial movement is made */
    AT_HEAD_POSE,    /* yaw, pitch, roll of the aligned face, in AT_POSE_DEGREES */
    AT_HEAD_DOMINANT4, /* which of the four states is the highest (paper, section 4.1): one of four, where
                        * STATE4 has levels; of states as high as each other engagement, then the rarer */
    AT_FACE_HEADS,                  /* those above are the face network's, in this order */
    AT_HEAD_VOICE8 = AT_FACE_HEADS, /* RAVDESS: neutral calm happy sad angry fearful disgust
                                     * surprised */
    AT_HEAD_EMOTION7,               /* what both streams share; nobody's parameters */
    AT_HEADS
} at_head;

typedef struct at_head_info {
    const char *name;       /* "face8" */
    const char *parameters; /* in a model file: parameters.weight, parameters.bias;
                                     * NULL: none, or named by the network itself */
    int outputs;            /* logits */
    int optional;           /* its answers are NaN where a model lacks it. 1: older models do;
                                     * 2: all do but those that were taught it */
    int classes;            /* 0: it answers a number */
    const char *const *class_names; /* (classes) */
    const int *emotion;             /* (classes) emotion7's index, -1: none of them; or NULL */
} at_head_info;

extern const at_head_info at_heads[AT_HEADS];

/* The head of that name; AT_HEADS: none. */
at_head at_head_find(const char *name);
/* The head's class that word means, in any case and under the names that data sets use (happy,
 * happiness, joy, ...); -1: none of them. */
int at_class_by_name(at_head head, const char *word);

/* Native probabilities to emotion7 (7), renormalised; uniform when nothing is left. The head has
 * emotions. */
void at_fold(at_head head, const float *native, float *emotion7);

/* p (n): softmax(scale x). Nothing overflows; n > 0. */
void at_probabilities(const float *x, int n, float scale, float *p);

/* The index of the largest of p (n > 0), the first of several. */
int at_likeliest(const float *p, int n);

/* The movement that unit i is in the mirror. */
int at_unit_mirrored(int i);

/* Cumulative logits P(level > k), k = 0..2, to level probabilities (4). Enforces that the cumulative
 * probabilities do not increase. */
void at_ordinal_to_levels(const float *logit, float *level);

#endif
