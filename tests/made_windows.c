#include "made_windows.h"

#include <math.h>

attune_window made_window(int n, int emotion, uint32_t track)
{
    attune_window w = {
        .end_us = n * (int64_t)MADE_HOP_US, .track = track, .used = 3, .has_state = track != 0};
    w.start_us = w.end_us > 6 * MADE_HOP_US ? w.end_us - 6 * MADE_HOP_US : 0;
    for (int i = 0; i < ATTUNE_EMOTIONS; i++)
        w.emotion7[i] = i == emotion ? 0.7f : 0.05f;
    for (int m = 0; m < ATTUNE_MODALITIES; m++) {
        w.reliability[m] = 0.8f;
        w.weight[m] = 0.5f;
        w.condition[m] = 0.9f;
    }
    w.seen[ATTUNE_FACE] = w.any_face = track != 0;
    w.seen[ATTUNE_VOICE] = 1;
    w.state4[ATTUNE_BOREDOM][0] = 1;
    w.state4[ATTUNE_ENGAGEMENT][2] = w.state4[ATTUNE_ENGAGEMENT][3] = 0.5f;
    w.state4[ATTUNE_CONFUSION][1] = 1;
    w.state4[ATTUNE_FRUSTRATION][0] = 1;
    w.engagement3[ATTUNE_ENGAGED] = 1;
    w.quality.sharpness = 0.5f;
    w.quality.snr_db = NAN;
    return w;
}

attune_window made_nothing(int n)
{
    attune_window w = made_window(n, ATTUNE_NEUTRAL, 0);
    w.used = 0;
    w.abstain = 1;
    w.reliability[0] = w.reliability[1] = w.weight[0] = w.weight[1] = 0;
    w.condition[0] = w.condition[1] = 0;
    w.seen[0] = w.seen[1] = w.any_face = 0;
    w.quality.sharpness = NAN;
    return w;
}

attune_window made_voice(int n, int emotion)
{
    attune_window w = made_window(n, emotion, 0);
    w.used = 1u << ATTUNE_VOICE;
    w.reliability[ATTUNE_FACE] = w.weight[ATTUNE_FACE] = w.condition[ATTUNE_FACE] = 0;
    w.weight[ATTUNE_VOICE] = 1;
    return w;
}
