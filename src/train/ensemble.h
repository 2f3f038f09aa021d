/* ensemble.h - what other networks say of training pictures, in place of a share of their labels
 * (distillation: Hinton, Vinyals & Dean 2015; of networks that learned the same, Furlanello et al. 2018).
 *
 * Each is asked once for every picture as it is; what it says holds for all that is made of the picture, so
 * that a covered or blurred face is learned from those who saw it whole.
 */
#ifndef AT_TRAIN_ENSEMBLE_H
#define AT_TRAIN_ENSEMBLE_H

#include "data/faces.h"
#include "model/heads.h"
#include "train/learn.h"

/* The mean of the networks' probabilities, of each face. */
typedef struct at_ensemble {
    float *votes; /* (faces, AT_FACE_CLASSES); NULL: no networks */
    float *basic; /* (faces, AT_BASIC_CLASSES) */
} at_ensemble;

/* Asks the models (files that the recipe names; none: nothing) for all faces. */
int at_ensemble_ask(at_ensemble *out, const at_job *job, const at_model_settings *model, int models,
                    const at_faces *faces, attune_error *err);
void at_ensemble_free(at_ensemble *e);

#endif
