#include "report/habit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TOLD = 3 };

static int largest(const float offset[ATTUNE_EMOTIONS], unsigned told)
{
    int most = -1;

    for (int e = 0; e < ATTUNE_EMOTIONS; e++)
        if (!(told & 1u << e) && (most < 0 || fabsf(offset[e]) > fabsf(offset[most])))
            most = e;
    return most;
}

void at_habit_add(at_habit *h, const attune_window *w)
{
    if (!w->used || !(w->baseline_s > 0))
        return;
    h->windows++;
    h->seconds = w->baseline_s;
    for (int e = 0; e < ATTUNE_EMOTIONS; e++)
        h->offset[e] += (w->offset[e] - h->offset[e]) / (float)h->windows;
}

const char *at_habit_words(char text[AT_HABIT_SIZE], const float offset[ATTUNE_EMOTIONS])
{
    unsigned told = 0;
    size_t n = 0;

    for (int i = 0; i < TOLD; i++) {
        int e = largest(offset, told);
        if (!(fabsf(offset[e]) >= AT_HABIT_LEAST))
            break;
        n += (size_t)snprintf(text + n, AT_HABIT_SIZE - n, "%s%s %s (%.1f)", i ? ", " : "",
                              offset[e] > 0 ? "more" : "less", attune_emotion_names[e],
                              fabs((double)offset[e]));
        told |= 1u << e;
    }
    return told ? text : NULL;
}
