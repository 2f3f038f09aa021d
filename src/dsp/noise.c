/* noise.c - see noise.h. */
#include "dsp/noise.h"

#include <string.h>

/* Mean over minimum, in two seconds, of steady noise smoothed so (measured: 3.6 dB). */
#define BIAS 2.3f

void at_noise_push(at_noise *n, const float *band)
{
    float mean[AT_MEL_BANDS] = {0}, least[AT_MEL_BANDS];
    int starting = n->used < AT_NOISE_SMOOTH;
    memcpy(n->recent[n->next], band, sizeof n->recent[0]);
    n->next = (n->next + 1) % AT_NOISE_SMOOTH;
    n->used += starting;
    for (int f = 0; f < n->used; f++)
        for (int b = 0; b < AT_MEL_BANDS; b++)
            mean[b] += n->recent[f][b] / (float)n->used;
    /* The first means are of too few frames to be remembered as minima. */
    at_minima_push(&n->minima, AT_MINIMA_SLOTS, starting, mean, least);
    for (int b = 0; b < AT_MEL_BANDS; b++)
        n->floor[b] = (starting ? 1 : BIAS) * least[b];
}
