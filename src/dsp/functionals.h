/* functionals.h - a stretch of speech in one vector: what its feature rows are on average, how far they
 * spread, and how fast they change.
 *
 * Of each column of the rows (dsp/features.h, not normalised), over the frames with speech (pitch: over
 * those with a voice): mean, deviation, 5 %, 50 % and 95 % quantile, mean absolute step from frame to frame
 * (Eyben 2010, "openSMILE"; the term is Schuller's). How loud the recording is changes nothing: of columns
 * that say it (log-mel, c0, energy) quantiles are less the mean, and of the mean there is left what a
 * band has over the average band: the colour of the voice. Behind these stands how the stretch is spoken
 * (dsp/prosody.h).
 */
#ifndef AT_DSP_FUNCTIONALS_H
#define AT_DSP_FUNCTIONALS_H

#include "dsp/prosody.h"

enum {
    AT_FUNCTIONALS_A_COLUMN = 6,
    /* and the shares of frames with speech and with a voice, and how often a second it comes and goes */
    AT_FUNCTIONALS_COLUMNS = AT_FEATURE_COLS * AT_FUNCTIONALS_A_COLUMN + 3,
    AT_FUNCTIONALS = AT_FUNCTIONALS_COLUMNS + AT_PROSODY,
    AT_FUNCTIONALS_SCRATCH = AT_PROSODY_SCRATCH, /* floats a row */
};

/* x (n, AT_FEATURE_COLS), speech (n), from the first row with speech to the last (at_features_trim);
 * scratch (n x AT_FUNCTIONALS_SCRATCH). Columns of fewer than 3 such frames give zeros. */
void at_functionals(const float *x, size_t n, const unsigned char *speech, float *scratch,
                    float out[AT_FUNCTIONALS]);

#endif
