/* judge_faces.h - how well a face stream in training does on the recipe's validation pictures. */
#ifndef AT_TRAIN_JUDGE_FACES_H
#define AT_TRAIN_JUDGE_FACES_H

#include "base/pool.h"
#include "tensor/ops.h"
#include "train/face_set.h"
#include <jansson.h>

/* Runs params, with batch norm's statistics as they are, on all of valid at side x side pixels, and
 * puts the figures of each head that has labels there into metrics: accuracy, recall, F1 and ECE of
 * the classes, AUC of the states at their published thresholds, correlation of the covered share.
 * *score: FER+'s accuracy, without it FER2013's, without
 * both the macro F1 of the dominant state, else 0. */
int at_judge_faces(const at_face_set *valid, at_params *params, at_pool *pool, at_graph *g,
                   int side, json_t **metrics, double *score, attune_error *err);

#endif
