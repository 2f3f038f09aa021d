/* face_pass.h - the face stream over a set's pictures as they are, seen both ways, on all threads. */
#ifndef AT_TRAIN_FACE_PASS_H
#define AT_TRAIN_FACE_PASS_H

#include "data/faces.h"
#include "model/visual.h"
#include "train/learn.h"

/* Calls take for each face once, with what net says of it, in any order and on several threads at once. The job's
 * stop ends it. */
int at_face_pass(const at_visual_net *net, const at_faces *faces, const at_job *job,
                 void (*take)(void *user, int face, const at_visual_result *said), void *user,
                 attune_error *err);

#endif
