#include "base/rng.h"

#include <assert.h>
#include <math.h>

/* SplitMix64 (Steele, Lea & Flood 2014): spreads neighbouring seeds far apart. */
static uint64_t splitmix64(uint64_t *s)
{
    uint64_t z = *s += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void at_rng_seed(at_rng *r, uint64_t seed, uint64_t stream)
{
    uint64_t s = seed, t = stream;
    uint64_t start = splitmix64(&s);
    r->state = 0;
    r->stream = splitmix64(&t) | 1; /* PCG's increment must be odd */
    at_rng_u32(r);
    r->state += start;
    at_rng_u32(r);
}

/* PCG-XSH-RR 64/32 (O'Neill 2014, section 6.3.1). */
uint32_t at_rng_u32(at_rng *r)
{
    uint64_t old = r->state;
    r->state = old * UINT64_C(6364136223846793005) + r->stream;
    uint32_t x = (uint32_t)(((old >> 18) ^ old) >> 27);
    uint32_t rot = (uint32_t)(old >> 59);
    return (x >> rot) | (x << (-rot & 31));
}

/* Lemire 2019, "Fast random integer generation in an interval", algorithm 5. */
uint32_t at_rng_below(at_rng *r, uint32_t n)
{
    assert(n > 0);
    uint64_t m = (uint64_t)at_rng_u32(r) * n;
    if ((uint32_t)m < n) {
        uint32_t threshold = -n % n;
        while ((uint32_t)m < threshold)
            m = (uint64_t)at_rng_u32(r) * n;
    }
    return (uint32_t)(m >> 32);
}

float at_rng_float(at_rng *r)
{
    return (float)(at_rng_u32(r) >> 8) * 0x1p-24f;
}

float at_rng_range(at_rng *r, float lo, float hi)
{
    float x = lo + (hi - lo) * at_rng_float(r);
    return x < hi ? x : lo; /* rounding may reach hi */
}

float at_rng_normal(at_rng *r)
{
    const double two_pi = 6.283185307179586476925;
    double u = ((double)at_rng_u32(r) + 1.0) * 0x1p-32; /* (0, 1]: its logarithm is finite */
    double v = (double)at_rng_u32(r) * 0x1p-32;
    return (float)(sqrt(-2.0 * log(u)) * cos(two_pi * v));
}

void at_rng_shuffle(at_rng *r, int *v, int n)
{
    for (int i = n - 1; i > 0; i--) {
        int j = (int)at_rng_below(r, (uint32_t)i + 1);
        int swap = v[i];
        v[i] = v[j];
        v[j] = swap;
    }
}
