/* vad.c - see vad.h. */
#include "dsp/vad.h"

#include <math.h>
#include <string.h>

#define SMOOTHING   0.85f /* of the power whose minimum is the floor */
#define MIN_BIAS    2.0f  /* mean over minimum of noise smoothed so, in 1.5 s */
#define BAND_MAX_DB 20.0f /* no band counts for more */

#define SCORE_DB     5.0f
#define SCORE_SLOPE  0.8f
#define PERIODICITY  0.4f
#define PERIOD_SLOPE 6.0f
#define PROB_SMOOTH  0.6f
#define PROB_ON      0.5f

static void track_floor(at_vad *v, const float *now)
{
    if (v->slots == 0 || v->slot_frames == AT_VAD_SLOT_FRAMES) {
        if (v->slots == 0)
            memcpy(v->smooth, now, sizeof v->smooth);
        memmove(v->minimum[1], v->minimum[0], sizeof v->minimum - sizeof v->minimum[0]);
        for (int i = 0; i < AT_VAD_TRACKS; i++)
            v->minimum[0][i] = INFINITY;
        if (v->slots < AT_VAD_SLOTS)
            v->slots++;
        v->slot_frames = 0;
    }
    v->slot_frames++;
    for (int i = 0; i < AT_VAD_TRACKS; i++) {
        v->smooth[i] = SMOOTHING * v->smooth[i] + (1 - SMOOTHING) * now[i];
        v->minimum[0][i] = fminf(v->minimum[0][i], v->smooth[i]);
        float least = v->minimum[0][i];
        for (int s = 1; s < v->slots; s++)
            least = fminf(least, v->minimum[s][i]);
        v->floor[i] = fmaxf(MIN_BIAS * least, AT_POWER_FLOOR);
    }
}

/* Mean over the bands of how far they stand out, in dB. */
static float score_db(const at_vad *v, const float *band)
{
    float sum = 0;
    for (int b = 0; b < AT_MEL_BANDS; b++) {
        float ratio = band[b] / v->floor[b];
        if (ratio > 1)
            sum += fminf(10 * log10f(ratio), BAND_MAX_DB);
    }
    return sum / AT_MEL_BANDS;
}

int at_vad_push(at_vad *v, const float *band, float power, float periodicity, float *probability)
{
    float now[AT_VAD_TRACKS], p = 0;
    memcpy(now, band, AT_MEL_BANDS * sizeof *now);
    now[AT_MEL_BANDS] = power;
    if (power > AT_POWER_FLOOR) {
        track_floor(v, now);
        float z = SCORE_SLOPE * (score_db(v, band) - SCORE_DB) +
                  PERIOD_SLOPE * (periodicity - PERIODICITY);
        p = 1 / (1 + expf(-z));
    }
    if (probability)
        *probability = p;
    v->probability = PROB_SMOOTH * v->probability + (1 - PROB_SMOOTH) * p;
    if (v->probability >= PROB_ON)
        v->hold = AT_VAD_HANGOVER + 1;
    if (v->hold > 0)
        v->hold--;
    return v->hold > 0;
}

float at_vad_noise(const at_vad *v)
{
    return fmaxf(v->floor[AT_MEL_BANDS], AT_POWER_FLOOR);
}
