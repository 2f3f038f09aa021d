/* teachers.h - trained face streams that soften the labels a smaller one is taught with.
 *
 * A label is one person's word, or ten's; networks that have seen all pictures of its kind say what
 * else the picture looks like. The student's target is a blend of both (Hinton 2015 at temperature
 * 1), computed on the very picture that the student sees, degraded and mixed as it may be.
 */
#ifndef AT_TRAIN_TEACHERS_H
#define AT_TRAIN_TEACHERS_H

#include "base/pool.h"
#include "train/face_set.h"
#include "train/recipe.h"

typedef struct at_teachers at_teachers; /* one thread at a time */

/* From the recipe's "teachers": {"models": [file ...], "share": of their word in the target}. *out is
 * NULL without that field. */
int at_teachers_load(at_teachers **out, const at_recipe *r, const attune_train_options *o,
                     at_pool *pool, attune_error *err);
void at_teachers_free(at_teachers **t);

/* x (n, side, side, 3): blends the mean of the teachers' probabilities into the votes and FER2013's
 * labels of the rows that have them. ATTUNE_OK or ATTUNE_E_NOMEM. */
int at_teachers_soften(at_teachers *t, const float *x, int n, int side, at_face_labels *l);

#endif
