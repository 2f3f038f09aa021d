/* teacher.h - facial movements and head poses that a teacher saw in training pictures.
 *
 * A CSV, packed with gzip or not, a row a picture: set (the data set's folder), file (in it), found (0: no
 * face), yaw, pitch, roll in degrees (yaw > 0 to the picture's right as seen, pitch > 0 up, roll > 0
 * clockwise), and a column of each movement by its name, 0..255.
 */
#ifndef AT_TRAIN_TEACHER_H
#define AT_TRAIN_TEACHER_H

#include "model/heads.h"

/* What it saw in one picture. */
typedef struct at_taught {
    float pose[AT_POSE_AXES]; /* degrees, of the picture */
    float unit[ATTUNE_UNITS]; /* [0,1] */
} at_taught;

typedef struct at_teacher at_teacher;

int at_teacher_load(at_teacher **out, const char *path, attune_error *err);
void at_teacher_free(at_teacher **t);

/* Of the picture whose path ends in SET/FILE; NULL: it knows none, or saw no face there. Lives with
 * t. */
const at_taught *at_teacher_find(const at_teacher *t, const char *path);

#endif
