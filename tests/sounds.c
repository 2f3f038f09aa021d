/* sounds.c - see sounds.h. */
#include "sounds.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"

void add_tone(float *x, size_t n, double hz, double amplitude)
{
    for (size_t i = 0; i < n; i++)
        x[i] += (float)(amplitude * sin(2 * M_PI * hz * (double)i / AT_SAMPLE_RATE));
}

void add_white(float *x, size_t n, float deviation, uint64_t seed)
{
    at_rng rng;
    at_rng_seed(&rng, seed, 0);
    for (size_t i = 0; i < n; i++)
        x[i] += deviation * at_rng_normal(&rng);
}

void add_burst(float *x, size_t n, double pitch, float amplitude)
{
    double phase = 0;
    for (size_t i = 0; i < n; i++) {
        double t = (double)i / AT_SAMPLE_RATE, v = 0;
        phase += 2 * M_PI * pitch * (1 + 0.05 * sin(2 * M_PI * 3 * t)) / AT_SAMPLE_RATE;
        for (int k = 1; k * pitch < 4000; k++) {
            double a = (k * pitch - 600) / 300, b = (k * pitch - 1700) / 400;
            v += (exp(-a * a) + 0.4 * exp(-b * b) + 0.02) * sin(k * phase);
        }
        double edge = fmin(1, fmin((double)i, (double)(n - 1 - i)) / 320);
        x[i] += amplitude * (float)(edge * v);
    }
}

const size_t burst_start[BURSTS] = {1 * SECOND, SECOND * 5 / 2, 4 * SECOND};

double make_bursts(float *x)
{
    double sum = 0;
    memset(x, 0, LONG * sizeof *x);
    for (int b = 0; b < BURSTS; b++) {
        float *at = x + burst_start[b];
        add_burst(at, BURST, 120 + 40 * b, 0.05f);
        for (int i = 0; i < BURST; i++)
            sum += (double)at[i] * (double)at[i];
    }
    return sum / (BURSTS * BURST);
}
