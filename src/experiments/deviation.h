/* deviation.h - the paper's measures of how far an embedding lies from a reference (section 3.4), each by
 * itself: distance by a diagonal and by a low-rank covariance, inflation of the variance, scale adjustment and
 * adaptive normalisation.
 */
#ifndef AT_EXPERIMENTS_DEVIATION_H
#define AT_EXPERIMENTS_DEVIATION_H

#include "fusion/fusion.h"

enum { AT_FACTORS = 16 };

/* Of one stream's embeddings on normal data. */
typedef struct at_normal {
    int dims, token;                /* token: of these the first are what tokens are on average */
    const float *mean;              /* (dims) */
    const float *inv_deviation;     /* (dims) */
    float *factor;                  /* (AT_FACTORS x dims) orthonormal; NULL: not fitted */
    float spread[AT_FACTORS], rest; /* variance along each, and in any other direction */
} at_normal;

/* Takes mean and 1 / deviation, which stay the caller's, and fits the factors to x (n of dims), n > 0: the
 * AT_FACTORS largest principal components of the standardised embeddings (Tipping & Bishop 1999,
 * "Probabilistic principal component analysis", eq. 7). ATTUNE_OK or ATTUNE_E_NOMEM. */
int at_normal_fit(at_normal *out, const float *mean, const float *inv_deviation, int dims,
                  int token, const float *const *x, int n);
void at_normal_free(at_normal *r);

/* sqrt of the mean squared standardised deviation: by the diagonal, by the factors. */
float at_normal_distance(const at_normal *r, const float *x);
float at_normal_distance_low_rank(const at_normal *r, const float *x);
/* Variance over a window's tokens to that of the reference, mean over the dimensions of a token; NaN: fewer
 * than two tokens. */
float at_normal_inflation(const at_normal *r, const at_tokens *t);

/* y (dims): x drawn to the distance `near` where it lies further off (scale adjustment). */
void at_normal_adjust(const at_normal *r, float near, const float *x, float *y);
/* y (dims): x with a person's mean and deviation brought to the reference's (adaptive normalisation). */
void at_normal_adapt(const at_normal *r, const float *mean, const float *deviation, const float *x,
                     float *y);

#endif
