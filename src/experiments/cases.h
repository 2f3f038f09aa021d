/* cases.h - labelled samples with the evidence of the streams that they have, to be judged in many ways.
 */
#ifndef AT_EXPERIMENTS_CASES_H
#define AT_EXPERIMENTS_CASES_H

#include "experiments/testimony.h"

typedef struct at_case {
    at_evidence of[ATTUNE_STREAMS]; /* absent, or it points into somebody's testimony */
    int emotion;                    /* of the seven */
    int person[ATTUNE_MODALITIES];  /* whose face, whose voice, from 0; -1: not known */
    int group;                      /* that it is drawn with in a bootstrap */
} at_case;

typedef struct at_cases {
    int n, people;
    at_case *list;
    at_testimony said[ATTUNE_MODALITIES]; /* empty where the evidence is somebody else's */
} at_cases;

/* Of a part's pictures, sounds or clips that are labelled with one of the seven emotions and have evidence.
 * harm: "KIND=LEVEL", NULL: nothing more. */
int at_cases_of_part(at_cases *out, const at_lab *lab, const at_part_of *part,
                     const char *const harm[2], attune_error *err);
void at_cases_free(at_cases *c);

/* The part's samples; most: as many at most, evenly spaced; 0: the lab's limit. */
int at_cases_corpus(at_corpus *c, const at_lab *lab, const at_part_of *part, int most,
                    attune_error *err);

#endif
