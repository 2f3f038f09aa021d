/* level.c - see level.h. */
#include "dsp/level.h"

#include <math.h>
#include <string.h>

#define SILENCE     1e-16 /* power, -160 dBFS: no sound at all */
#define OVER_NOISE  1e3f  /* 30 dB: how far a voice is over a room's noise, unless one is heard */
#define STEP        2.0f  /* 3 dB: the gain follows changes over this */
#define OFFSET_POLE 0.995f

/* y_n = x_n - x_{n-1} + a y_{n-1}. It begins with the first sample for its past, or an offset would
 * begin with a bang. */
static void remove_offset(at_level *l, const float *pcm, float *steady)
{
    if (!l->running) {
        l->last = pcm[0];
        l->alike = 0;
        l->running = 1;
    }
    for (int i = 0; i < AT_FRAME_HOP; i++) {
        l->alike = pcm[i] - l->last + OFFSET_POLE * l->alike;
        l->last = pcm[i];
        steady[i] = l->alike;
    }
}

static double mean_square(const float *x)
{
    double sum = 0;
    for (int i = 0; i < AT_FRAME_HOP; i++)
        sum += (double)x[i] * (double)x[i];
    return sum / AT_FRAME_HOP;
}

static float smoothed(at_level *l, float power)
{
    float sum = 0;
    l->recent[l->next] = power;
    l->next = (l->next + 1) % AT_LEVEL_SMOOTH;
    l->used += l->used < AT_LEVEL_SMOOTH;
    for (int i = 0; i < l->used; i++)
        sum += l->recent[i];
    return sum / (float)l->used;
}

static void remember(at_level *l, float power)
{
    if (l->slots == 0 || l->hops == AT_LEVEL_SLOT_HOPS) {
        memmove(l->most + 1, l->most, sizeof l->most - sizeof *l->most);
        memmove(l->least + 1, l->least, sizeof l->least - sizeof *l->least);
        l->most[0] = l->least[0] = power;
        l->slots += l->slots < AT_LEVEL_SLOTS;
        l->hops = 0;
    }
    l->hops++;
    l->most[0] = fmaxf(l->most[0], power);
    l->least[0] = fminf(l->least[0], power);
}

static float loudness(const at_level *l)
{
    float most = l->most[0], least = l->least[0];
    for (int s = 1; s < l->slots; s++) {
        most = fmaxf(most, l->most[s]);
        least = fminf(least, l->least[s]);
    }
    return fmaxf(most, OVER_NOISE * least);
}

float at_level_push(at_level *l, const float *pcm, float *steady)
{
    remove_offset(l, pcm, steady);
    double power = mean_square(steady);
    if (power > SILENCE) {
        remember(l, smoothed(l, (float)power));
        float now = loudness(l);
        if (now > STEP * l->reference || STEP * now < l->reference)
            l->reference = now;
    }
    return l->reference > 0 ? sqrtf(powf(10, AT_LEVEL_DB / 10) / l->reference) : 1;
}

void at_level_break(at_level *l)
{
    l->running = 0;
}
