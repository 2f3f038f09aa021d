/* mixup.h - pairs of training faces blended into each other (Zhang et al. 2018, eq. 1). */
#ifndef AT_TRAIN_MIXUP_H
#define AT_TRAIN_MIXUP_H

#include "train/face_set.h"

/* Blends neighbouring rows that have both FER+'s and FER2013's labels: one becomes keep a +
 * (1 - keep) b, the other the reverse, keep from Beta(alpha, alpha), alpha in (0, 1]; pictures,
 * labels and covered shares alike. Other rows, and a last one without a partner, stay as they are.
 * x (n, pixels), covered (n). Deterministic for a seed. */
void at_mix_faces(float *x, size_t pixels, at_face_labels *l, float *covered, int n, float alpha,
                  uint64_t seed);

#endif
