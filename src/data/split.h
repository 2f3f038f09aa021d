/* split.h - the words for a part of a corpus that mean the same for every corpus.
 *
 *   all, notest        everything; all but the official test part
 *   foldK, nofoldK     one of the set's own folds, its people in no other; the others
 *   random:PART        drawn by sample: the parts share people
 *   people:PART        the same with people apart, the twin to hold it to
 *
 * PART is train, valid or test (70, 15 and 15 in a hundred; several joined by commas), or foldK/N or
 * nofoldK/N of N folds. After it may follow, each after a colon, quality (a stratum besides the label)
 * and a number, the seed. Any other words, joined by +, say of what it is drawn: corpus=nemo+random:valid:7;
 * without, of all but the test part.
 *
 * The paper divides 70/15/15 by label (3.5) and into folds by label and quality (3.4). Here each sample, or
 * each person with all samples, goes in a drawn order to where the least is made of
 *     sum over strata and all (n - share N)^2 / (share N),
 * chi-square of the counts: of one stratum alone that is Webster's apportionment.
 */
#ifndef AT_DATA_SPLIT_H
#define AT_DATA_SPLIT_H

#include "data/corpus.h"

enum { AT_SPLIT_TEXT = 160, AT_MOST_FOLDS = 30 };

typedef struct at_split {
    int drawn;              /* 0: the corpus's own, and nothing else is set */
    char of[AT_SPLIT_TEXT]; /* what it is drawn of, "": all but the test part */
    int people;             /* stay together */
    int quality;            /* is a stratum */
    int folds;              /* 0: train, valid, test */
    unsigned wanted;        /* bit (1u << part) */
    uint64_t seed;
} at_split;

/* ATTUNE_E_ARG: a drawn one that is none, text longer than AT_SPLIT_TEXT. */
int at_split_parse(at_split *out, const char *text, attune_error *err);
/* Keeps the samples of the part. ATTUNE_E_ARG: the samples have no people, or no quality, to go by. */
int at_split_keep(at_corpus *c, const at_split *s, attune_error *err);
/* text with people: for random:, or of a part by name: into out (AT_SPLIT_TEXT). 0: it has no twin. */
int at_split_twin(char *out, const char *text);

/* Whether split takes the set's part of that name. */
int at_split_takes(const char *split, const char *part);
/* Whether it takes all of a set that has no test part. */
int at_split_is_whole(const char *split);
/* What lists call an official test part, with commas between. */
extern const char at_test_parts[];
/* Does a split in a corpus's own words name its test part, or all there is? */
int at_split_names_test(const char *split);
/* "fold3" or "nofold3" of so many: which, and whether the others are meant. length: of word. */
int at_split_fold(const char *word, size_t length, int folds, int *fold, int *inverted);

#endif
