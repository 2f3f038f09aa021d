#include "train/draw.h"

#include "base/rng.h"

#include <stdlib.h>

/* How many of set k an epoch has. */
static int drawn(const at_draw *d, int k)
{
    int n = 0;
    for (int i = 0; i < d->n; i++)
        n += d->set_of[i] == k;
    return (int)(d->share[k] * n + 0.5);
}

int at_draw_count(const at_draw *d)
{
    int n = 0;
    for (int k = 0; k < d->sets; k++)
        n += drawn(d, k);
    return n;
}

int at_draw_order(const at_draw *d, int64_t seed, int64_t epoch, int *order)
{
    at_rng rng;
    int total = 0, *of_set = malloc(((size_t)d->n + 1) * sizeof *of_set);
    if (!of_set)
        return ATTUNE_E_NOMEM;
    at_rng_seed(&rng, (uint64_t)seed, (uint64_t)epoch);
    for (int set = 0; set < d->sets; set++) {
        int n = 0, want = drawn(d, set);
        for (int i = 0; i < d->n; i++)
            if (d->set_of[i] == set)
                of_set[n++] = i;
        for (int k = 0; k < want; k++) {
            if (k % n == 0)
                at_rng_shuffle(&rng, of_set, n);
            order[total++] = of_set[k % n];
        }
    }
    at_rng_shuffle(&rng, order, total);
    free(of_set);
    return ATTUNE_OK;
}
