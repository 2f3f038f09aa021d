/* testimony.h - what one stream of a model says of each sample of a corpus, before it is fused: so that many
 * fusions can be asked about the same evidence.
 */
#ifndef AT_EXPERIMENTS_TESTIMONY_H
#define AT_EXPERIMENTS_TESTIMONY_H

#include "experiments/lab.h"
#include "fusion/fusion.h"

typedef struct at_testimony {
    int samples;
    at_evidence *list; /* (samples); absent where there was no face or too little speech */
    float **room;      /* (samples) numbers that list points into */
    int64_t **times;
} at_testimony;

/* Of all of c's samples, pictures or sounds, by the model at path. harm: "KIND=LEVEL" that is done to them
 * first; nullable. */
int at_testimony_take(at_testimony *out, const at_lab *lab, const char *path, const at_corpus *c,
                      const char *harm, attune_error *err);
void at_testimony_free(at_testimony *t);

#endif
