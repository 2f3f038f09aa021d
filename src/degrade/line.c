/* line.c - what microphones and lines do to a voice. */
#include "degrade/parts.h"
#include "degrade/sound.h"

#include <math.h>
#include <string.h>

enum { PACKET = AT_SAMPLE_RATE / 50 };

static float limited(float v)
{
    return fminf(fmaxf(v, -1), 1);
}

void at_sound_keep_within(float *pcm, size_t n)
{
    float peak = 1;
    for (size_t i = 0; i < n; i++)
        peak = fmaxf(peak, fabsf(pcm[i]));
    for (size_t i = 0; i < n && peak > 1; i++)
        pcm[i] = limited(pcm[i] / peak);
}

int at_degrade_quiet(float *pcm, size_t n, float db, const at_sound_sources *from, at_rng *rng)
{
    (void)from, (void)rng;
    at_augment_gain(pcm, n, -db);
    for (size_t i = 0; i < n; i++)
        pcm[i] = roundf(pcm[i] * 32768) / 32768;
    return ATTUNE_OK;
}

int at_degrade_clipping(float *pcm, size_t n, float db, const at_sound_sources *from, at_rng *rng)
{
    float peak = 0;
    (void)from, (void)rng;
    for (size_t i = 0; i < n; i++)
        peak = fmaxf(peak, fabsf(pcm[i]));
    if (peak == 0)
        return ATTUNE_OK;
    const float gain = powf(10, db / 20) / peak;
    for (size_t i = 0; i < n; i++)
        pcm[i] = limited(pcm[i] * gain);
    return ATTUNE_OK;
}

int at_degrade_telephone(float *pcm, size_t n, float level, const at_sound_sources *from,
                         at_rng *rng)
{
    (void)level, (void)from, (void)rng;
    const int status = at_augment_band(pcm, n, 300, 3400);
    for (size_t i = 0; i < n; i++)
        pcm[i] = limited(pcm[i]);
    return status;
}

/* Two states, after Gilbert 1960 ("Capacity of a burst-noise channel"): in the bad one packets are
 * silence. A burst is three packets on average; the good state lasts as long as the share asks. Beyond three
 * quarters that would be less than a packet: it is one, and bursts are longer. */
int at_degrade_loss(float *pcm, size_t n, float percent, const at_sound_sources *from, at_rng *rng)
{
    (void)from;
    const float share = percent / 100, leave_bad = share > 0.75F ? (1 - share) / share : 1 / 3.0F;
    const float leave_good = share < 1 ? fminf(share * leave_bad / (1 - share), 1) : 1;
    int bad = at_rng_float(rng) < share;

    for (size_t at = 0; at < n; at += PACKET) {
        if (bad || share >= 1)
            memset(pcm + at, 0, (n - at < PACKET ? n - at : PACKET) * sizeof *pcm);
        if (at_rng_float(rng) < (bad ? leave_bad : leave_good))
            bad = !bad;
    }
    return ATTUNE_OK;
}

int at_degrade_silence(float *pcm, size_t n, float level, const at_sound_sources *from, at_rng *rng)
{
    (void)level, (void)from, (void)rng;
    memset(pcm, 0, n * sizeof *pcm);
    return ATTUNE_OK;
}
