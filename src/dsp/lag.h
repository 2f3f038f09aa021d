/* lag.h - by how much one course of something lies behind another of the same: a voice in two microphones, or
 * a voice and a mouth.
 *
 * Envelopes are correlated (Knapp & Carter 1976, The generalized correlation method for estimation of time
 * delay), not the sound itself: two microphones in a room agree in when somebody speaks and how loud, and
 * hardly in phase. What is slower than a second, as a gain that follows the level, is taken off first. Of all
 * lags the one counts whose correlation is the least likely to be chance, r sqrt(n) of n rows that overlap. It
 * must be unlikely by itself (Fisher's z of r), and stand out from the best of the others: of two recordings of
 * different things some lag always fits best.
 */
#ifndef AT_DSP_LAG_H
#define AT_DSP_LAG_H

#include <stddef.h>

enum { AT_LAG_RATE = 100 }; /* rows a second */

typedef struct at_lag {
    int known;       /* it stands out: else nothing can be said */
    double rows;     /* b[i] goes with a[i + rows] */
    float agreement; /* correlation there, [-1, 1]; 0: there was nothing to correlate */
    float surprise;  /* Fisher's z of it, in deviations */
    float distinct;  /* r sqrt(n) there over that of the best lag at least 0.3 s away */
    size_t overlap;  /* rows */
} at_lag;

/* The course of a sound's level: energy (n), sums of squares of a row's samples, is overwritten with the
 * logarithm of what stands over the quiet rows. ATTUNE_OK or ATTUNE_E_NOMEM. */
int at_lag_level(float *energy, size_t n);
/* Finds it. a, b: (na), (nb) rows of AT_LAG_RATE a second, overwritten. ATTUNE_OK or ATTUNE_E_NOMEM. */
int at_lag_find(at_lag *out, float *a, size_t na, float *b, size_t nb);

#endif
