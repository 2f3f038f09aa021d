/* fusion_corpora.h - what a fusion learns from and is judged by: both parts of every stream's corpus. They
 * are read together, since nobody whom one stream learns from may be in a part that judges, of whichever
 * stream.
 */
#ifndef AT_TRAIN_FUSION_CORPORA_H
#define AT_TRAIN_FUSION_CORPORA_H

#include "train/learn.h"

typedef struct at_fusion_corpora {
    at_corpus train[ATTUNE_STREAMS],
        valid[ATTUNE_STREAMS];          /* without samples: none for the stream */
    const char *folder[ATTUNE_STREAMS]; /* the recipe's */
} at_fusion_corpora;

/* Free out in any case. */
int at_fusion_corpora_read(at_fusion_corpora *out, const at_job *job, attune_error *err);
void at_fusion_corpora_free(at_fusion_corpora *c);

#endif
