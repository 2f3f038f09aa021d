/* whole.h - a whole model's file with another fusion in it: so that kinds of fusion are compared on the very
 * same networks, calibration and reliabilities.
 */
#ifndef AT_EXPERIMENTS_WHOLE_H
#define AT_EXPERIMENTS_WHOLE_H

#include <attune/attune.h>

/* *both: whether the file has a face and a voice stream. */
int at_whole_check(const char *path, int *both, attune_error *err);

/* Writes model with that kind of fusion, whose arrays are in the file `learned` (NULL: it has none), to out. */
int at_whole_with_fusion(const char *model, const char *kind, const char *learned, const char *out,
                         attune_error *err);

#endif
