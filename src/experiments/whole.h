/* whole.h - model files made of others: a whole model with another fusion in it, so that kinds of fusion are
 * compared on the very same networks, calibration and reliabilities; a face network with the detector that
 * found the faces it learned from, so that it can be judged by itself.
 */
#ifndef AT_EXPERIMENTS_WHOLE_H
#define AT_EXPERIMENTS_WHOLE_H

#include <attune/attune.h>

/* Writes the face network in net, with the detector in that file (detector.h), to out. */
int at_whole_with_detector(const char *net, const char *detector, const char *out,
                           attune_error *err);

/* *both: whether the file has a face and a voice stream. */
int at_whole_check(const char *path, int *both, attune_error *err);

/* Writes model with that kind of fusion, whose arrays are in the file `learned` (NULL: it has none), to out. */
int at_whole_with_fusion(const char *model, const char *kind, const char *learned, const char *out,
                         attune_error *err);

#endif
