#include "made_overlays.h"

#include <math.h>

enum { FACE = 4, OVERLAY = 8 };

attune_overlay made_overlay(int kind, const attune_window *w, int speaks)
{
    static uint8_t face[3 * FACE * FACE] = {1}, overlay[3 * OVERLAY * OVERLAY] = {2};
    attune_overlay o = {.kind = kind,
                        .window = *w,
                        .t_us = (w->start_us + w->end_us) / 2,
                        .class_name = attune_emotion_names[ATTUNE_HAPPY],
                        .probability = 0.25f,
                        .share = {0.25f, 0.5f, 0.125f, 0.125f},
                        .area = {0.125f, 0.125f, 0.25f, 0.5f},
                        .face_side = FACE,
                        .side = OVERLAY,
                        .face = face,
                        .overlay = overlay};
    for (int k = 0; k < ATTUNE_REGIONS && !speaks; k++)
        o.share[k] = NAN;
    return o;
}
