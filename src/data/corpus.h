/* corpus.h - lists of labelled pictures, voices and clips, read from the layouts that the data sets
 * come in. One file a family of corpora (corpus_*.c), one table of readers.
 *
 * Nothing but paths and labels is read here; what a file holds is looked at later. Files that a
 * list names but the disk lacks are counted, not fatal.
 */
#ifndef AT_DATA_CORPUS_H
#define AT_DATA_CORPUS_H

#include <attune/attune.h>

/* What a sample's label is, and so which head and which class names it is judged by. */
typedef enum at_task {
    AT_TASK_FACE8,       /* FER+: neutral .. contempt (model/heads.h order) */
    AT_TASK_FACE7,       /* FER2013: angry disgust fear happy neutral sad surprise */
    AT_TASK_VOICE8,      /* RAVDESS: neutral calm .. surprised */
    AT_TASK_STATE4,      /* four levels 0..3 */
    AT_TASK_ENGAGEMENT3, /* disengaged, partial, engaged */
    AT_TASK_EMOTION7,    /* the shared seven, of a folder of pictures or clips */
} at_task;

enum { AT_VOTES = 8 };

typedef struct at_sample {
    char *path;               /* owned by the corpus */
    char person[24];          /* who (or which sitting), "" unknown */
    int expression;           /* class of the corpus's task, -1: none (a split vote, say) */
    float votes[AT_VOTES];    /* FACE8: annotators' shares, sum 1; all 0: none */
    int state[ATTUNE_STATES]; /* levels 0..3, -1: none */
    int engagement;           /* 0..2, -1: none */
} at_sample;

typedef struct at_corpus {
    const char *dataset; /* static */
    at_task task;
    at_sample *list;
    int count, capacity;
    int people;  /* distinct persons; 0: not known */
    int missing; /* named in a list, not on the disk */
} at_corpus;

/* The names that at_corpus_read takes, NULL past the end. Static storage. */
const char *at_corpus_name(int i);
/* One line on a data set: its layout and splits. */
const char *at_corpus_help(int i);

/* dataset: ferplus fer2013 ravdess daisee-frames daisee wacv-engagement crema-d folder.
 * root: the folder of that layout, or one that holds it one level down.
 * split: "all" or what the set names:
 *   ferplus, fer2013        train valid test (FER2013's Training, PublicTest, PrivateTest parts)
 *   daisee-frames, daisee   train val test
 *   ravdess                 fold0..fold4 (the actors of that fold), nofold0.. (all the others), or
 *                           "actors=1,2,3"
 *   wacv-engagement         fold0..fold3, nofold0.. (by person, see corpus_wacv.c), or "people=.."
 *   crema-d, folder         all
 * Fails when nothing is found, naming what was looked for. */
int at_corpus_read(at_corpus *out, const char *dataset, const char *root, const char *split,
                   attune_error *err);
void at_corpus_free(at_corpus *c);

/* Class names of a task and their number (4 states for STATE4). Static storage. */
const char *const *at_task_classes(at_task task, int *count);

/* By its extension; else a clip or a sound. */
int at_is_picture(const char *path);

/* Adds a zeroed sample (labels -1); NULL when memory is out. path is copied. For readers. */
at_sample *at_corpus_add(at_corpus *c, const char *path);

#endif
