/* openface_columns.h - what OpenFace's scripts look for in a row, as far as attune knows it (OpenFace 2:
 * Baltrusaitis 2018; names, units and signs as its recorder and RotationHelpers.h have them).
 *
 * As in OpenFace, numbers of a row without success are 0 and mean nothing. Our own columns follow
 * behind them, NaN where there is no value.
 */
#ifndef AT_REPORT_OPENFACE_COLUMNS_H
#define AT_REPORT_OPENFACE_COLUMNS_H

#include <attune/attune.h>
#include <stdio.h>

/* "frame,face_id,...,AU45_r": no comma, no end of line. */
void at_openface_head(FILE *f);
/* q, unit: not looked at unless seen. */
void at_openface_row(FILE *f, int64_t frame, uint32_t face, int64_t t_us, int seen,
                     const attune_quality *q, const float *unit);
/* A number of ours behind a comma. */
void at_openface_own(FILE *f, double value, int there, int decimals);

#endif
