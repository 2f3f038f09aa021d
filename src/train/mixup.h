/* mixup.h - pairs of training samples blended into each other (Zhang et al. 2018, eq. 1). */
#ifndef AT_TRAIN_MIXUP_H
#define AT_TRAIN_MIXUP_H

#include "train/face_set.h"

/* Blends neighbouring rows that have both FER+'s and FER2013's labels: one becomes keep a +
 * (1 - keep) b, the other the reverse, keep from Beta(alpha, alpha), alpha in (0, 1]; pictures,
 * labels, what a teacher saw and covered shares alike. Other rows, and a last one without a partner, stay as they are.
 * x (n, pixels), covered (n). Deterministic for a seed. */
void at_mix_faces(float *x, size_t pixels, at_face_labels *l, float *covered, int n, float alpha,
                  uint64_t seed);

/* The same for rows 0 and 1, 2 and 3, ... of voices: x (n, floats) zero past each one's length,
 * lengths (n) become the longer one's, target (n, classes). */
void at_mix_voices(float *x, size_t floats, int *lengths, float *target, int classes, int n,
                   float alpha, uint64_t seed);

#endif
