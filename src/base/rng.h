/* rng.h - reproducible random numbers (PCG32, O'Neill 2014, and SplitMix64 to seed it).
 *
 * Not for secrets. Not thread-safe: give each task its own, seeded from (seed, task number),
 * so that results do not depend on scheduling.
 */
#ifndef AT_BASE_RNG_H
#define AT_BASE_RNG_H

#include <stdint.h>

typedef struct at_rng {
    uint64_t state, stream;
} at_rng;

void at_rng_seed(at_rng *r, uint64_t seed, uint64_t stream);
uint32_t at_rng_u32(at_rng *r);
uint32_t at_rng_below(at_rng *r, uint32_t n);      /* uniform in [0, n), n > 0, unbiased */
float at_rng_float(at_rng *r);                     /* uniform in [0, 1) */
float at_rng_range(at_rng *r, float lo, float hi); /* uniform in [lo, hi) */
float at_rng_normal(at_rng *r);                    /* mean 0, deviation 1 (Box-Muller) */
void at_rng_shuffle(at_rng *r, int *v, int n);     /* Fisher-Yates */

#endif
