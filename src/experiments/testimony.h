/* testimony.h - what the streams of a model say of each sample of a corpus, before they are fused: so that many
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
/* Of clips, each stream's: of the window that has most of both, what is usual for the person taken out. */
int at_testimony_take_clips(at_testimony out[ATTUNE_MODALITIES], const at_lab *lab,
                            const char *path, const at_corpus *c, const char *const harm[2],
                            attune_error *err);
void at_testimony_free(at_testimony *t);

#endif
