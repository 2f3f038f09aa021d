/* room.c - reverberation: the voice itself, and what comes back from the walls of a room.
 *
 * The walls are a network of delays that feed one another through a lossless mixer (Jot & Chaigne
 * 1991): with a gain of 10^(-3 m / (T rate)) behind a delay of m samples everything in it falls by
 * 60 dB in T seconds. How much comes back follows from the room: what its walls return over what
 * comes straight is (distance / critical distance)^2, and the critical distance is
 * 0.057 sqrt(volume / T) (Kuttruff, Room Acoustics, 5.44).
 */
#include "degrade/parts.h"

#include "base/mem.h"
#include "dsp/features.h"

#include <math.h>
#include <string.h>

enum { LINES = 8, SHORTEST = AT_SAMPLE_RATE / 100, LONGEST = AT_SAMPLE_RATE / 12 };

static const float volume_m3 = 100, distance_m = 1;

typedef struct room {
    float *line[LINES]; /* (length) rings */
    int length[LINES], at[LINES];
    float gain[LINES];
} room;

static void room_free(room *r)
{
    for (int k = 0; k < LINES; k++)
        at_free(r->line[k]);
}

/* Delays spread evenly on a logarithmic scale, each somewhere in its part. */
static int room_build(room *r, float seconds, at_rng *rng)
{
    memset(r, 0, sizeof *r);
    for (int k = 0; k < LINES; k++) {
        const float part = ((float)k + at_rng_float(rng)) / LINES;
        r->length[k] = (int)(SHORTEST * powf((float)LONGEST / SHORTEST, part)) | 1;
        r->gain[k] = powf(10, -3 * (float)r->length[k] / (seconds * AT_SAMPLE_RATE));
        r->line[k] = at_calloc((size_t)r->length[k], sizeof *r->line[k]);
        if (!r->line[k])
            return ATTUNE_E_NOMEM;
    }
    return ATTUNE_OK;
}

/* What the walls return now; x goes in. The mixer is Householder's I - 2/N 1 1^T. */
static float room_step(room *r, float x)
{
    float out[LINES], sum = 0, returned = 0;
    for (int k = 0; k < LINES; k++) {
        out[k] = r->gain[k] * r->line[k][r->at[k]];
        sum += out[k];
        returned += k & 1 ? -out[k] : out[k];
    }
    for (int k = 0; k < LINES; k++) {
        r->line[k][r->at[k]] = x + out[k] - 2 * sum / LINES;
        r->at[k] = r->at[k] + 1 < r->length[k] ? r->at[k] + 1 : 0;
    }
    return returned;
}

/* Energy that comes back of a single sample of 1; leaves the room silent. */
static float room_energy(room *r, float seconds)
{
    const int n = (int)(seconds * AT_SAMPLE_RATE);
    double sum = 0;
    for (int i = 0; i < n; i++) {
        const double back = (double)room_step(r, i == 0);
        sum += back * back;
    }
    for (int k = 0; k < LINES; k++)
        memset(r->line[k], 0, (size_t)r->length[k] * sizeof *r->line[k]);
    return (float)sum;
}

int at_degrade_reverberation(float *pcm, size_t n, float seconds, const at_sound_sources *from,
                             at_rng *rng)
{
    room r;
    (void)from;
    int status = room_build(&r, seconds, rng);
    if (status == ATTUNE_OK) {
        const float critical_m = 0.057F * sqrtf(volume_m3 / seconds);
        const float energy = room_energy(&r, seconds);
        const float share = energy > 0 ? distance_m / critical_m / sqrtf(energy) : 0;
        for (size_t i = 0; i < n; i++)
            pcm[i] += share * room_step(&r, pcm[i]);
        at_sound_keep_within(pcm, n);
    }
    room_free(&r);
    return status;
}
