/* corpus.h - lists of labelled pictures, voices and clips, read from the layouts that the data sets
 * come in. One file a family of corpora (corpus_*.c), one table of them (corpora.c).
 *
 * Nothing but paths and labels is read here; what a file holds is looked at later. What a corpus
 * names and cannot be used is listed with the reason, not fatal.
 */
#ifndef AT_DATA_CORPUS_H
#define AT_DATA_CORPUS_H

#include "data/cache.h"
#include "model/heads.h"

enum { AT_VOTES = AT_FACE_CLASSES, AT_LISTED_SIDE = 48 };

/* How good a sample is, as the paper grades them (3.4). */
typedef enum at_grade {
    AT_UNGRADED,
    AT_NORMAL,
    AT_LOW_QUALITY,
    AT_OCCLUDED, /* part of the face is hidden */
    AT_GRADES
} at_grade;

extern const char *const at_grade_names[AT_GRADES]; /* that of AT_UNGRADED is "" */
at_grade at_grade_by_name(const char *name);        /* AT_UNGRADED: none goes by it */

typedef struct at_sample {
    char *path;               /* owned by the corpus; of a picture in a list: LIST:LINE */
    char *signal, *chat;      /* likewise: files of what was recorded beside; NULL: nothing was */
    int line;                 /* of the list that names it; 0: no list does */
    int listed;               /* number of its picture in at_corpus.listed, from 1; 0: in a file */
    char person[64];          /* who (or which sitting), "" unknown */
    int expression;           /* class of the corpus's head, -1: none (a split vote, say) */
    float votes[AT_VOTES];    /* FACE8: annotators' shares, sum 1; all 0: none */
    int state[ATTUNE_STATES]; /* levels 0..3, -1: none */
    int engagement;           /* 0..2, -1: none */
    at_grade grade;           /* by a column quality, or the table AT_QUALITIES */
} at_sample;

/* Why a sample is not judged. */
typedef enum at_exclusion {
    AT_MISSING,       /* named in a list, not on the disk */
    AT_UNREADABLE,    /* no picture or sound came out of it */
    AT_POINTER,       /* Git LFS left a pointer where the file should be */
    AT_UNLABELLED,    /* no usable label */
    AT_UNKNOWN_CLASS, /* labelled with what the set's head has no class for */
    AT_DUPLICATE,     /* counted already */
    AT_EXCLUSIONS
} at_exclusion;

extern const char *const at_exclusion_names[AT_EXCLUSIONS];

typedef struct at_excluded {
    at_exclusion kind;
    char *path, *detail; /* owned */
} at_excluded;

typedef struct at_corpus {
    const char *dataset; /* static */
    at_head head;        /* what the labels are, and so what the set is judged by */
    unsigned heads;      /* bit (1u << head): there are labels for it */
    int crops;           /* the set says that each of its pictures is a crop of a face */
    at_sample *list;
    int count, capacity;
    int people; /* distinct persons; 0: not known */
    at_excluded *excluded;
    int excluded_count, excluded_capacity;
    unsigned char
        *listed; /* (listed_count x AT_LISTED_SIDE^2), grey: pictures that came in a list */
    int listed_count, listed_capacity;
    char note[200];  /* what a user should know of the reading, or "" */
    at_cache *cache; /* nullable, borrowed, set after reading: keeps what is made of its samples */
} at_corpus;

/* The names that at_corpus_read takes, what layout each reads, and its splits besides "all" (in the
 * words of a usage text). NULL past the end. Static storage. */
const char *at_corpus_name(int i);
const char *at_corpus_help(int i);
const char *at_corpus_splits(int i);

/* Where a split by quality finds it: a table in root with the columns file, from root, and quality. */
#define AT_QUALITIES "qualities.csv"

/* root: the folder of that layout, or one that holds it one level down; of a manifest the file
 * itself will do. split: in the corpus's own words or those of split.h. Underscores and hyphens in
 * dataset are the same. Fails when nothing is found, naming what was looked for; free out in any case:
 * what was excluded is in it. */
int at_corpus_read(at_corpus *out, const char *dataset, const char *root, const char *split,
                   attune_error *err);
void at_corpus_free(at_corpus *c);

/* Keeps limit samples, evenly spaced, for trying things out; 0: all. */
void at_corpus_thin(at_corpus *c, int limit);

/* What path is from root, which it begins with; else path. */
const char *at_corpus_path_within(const char *path, const char *root);

/* How many were excluded for that reason. */
int at_corpus_excluded(const at_corpus *c, at_exclusion kind);
/* The picture of a sample that came in a list, AT_LISTED_SIDE square, grey; NULL: it is in a file. */
const unsigned char *at_corpus_picture(const at_corpus *c, const at_sample *s);

/* The class that a sample is labelled with, -1: none. */
int at_label_of(const at_sample *s, at_head head);

typedef enum at_sample_kind { AT_PICTURE, AT_SOUND, AT_CLIP } at_sample_kind;
at_sample_kind at_sample_kind_of(const at_sample *s);
/* Whether annotators voted on its expression (FER+). */
int at_sample_has_votes(const at_sample *s);

/* For readers. Each copies what it is given and fails with ATTUNE_E_NOMEM alone.
 * Adds a sample, zeroed but for labels of -1; NULL: memory is out. */
at_sample *at_corpus_add(at_corpus *c, const char *path);
/* One with a picture (AT_LISTED_SIDE square, grey) of its own. */
at_sample *at_corpus_add_listed(at_corpus *c, const char *path, const unsigned char *grey);
/* What it owns. */
void at_sample_free(at_sample *s);
/* Lists what is left out, and why. */
int at_corpus_exclude(at_corpus *c, at_exclusion kind, const char *path, const char *detail);

#endif
