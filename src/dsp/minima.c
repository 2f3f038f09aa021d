/* minima.c - see minima.h. */
#include "dsp/minima.h"

#include <math.h>
#include <string.h>

/* The newest sub-window makes room for another one. */
static void next_slot(at_minima *m, int most)
{
    memmove(m->slot[1], m->slot[0], sizeof m->slot - sizeof m->slot[0]);
    for (int b = 0; b < AT_MEL_BANDS; b++)
        m->slot[0][b] = INFINITY;
    if (m->slots < most)
        m->slots++;
    m->frames = 0;
}

void at_minima_push(at_minima *m, int most, int restart, const float *x, float *least)
{
    if (m->slots == 0 || m->frames == AT_MINIMA_FRAMES)
        next_slot(m, most);
    if (restart)
        m->slots = 1;
    m->frames++;
    for (int b = 0; b < AT_MEL_BANDS; b++) {
        m->slot[0][b] = restart ? x[b] : fminf(m->slot[0][b], x[b]);
        least[b] = m->slot[0][b];
        for (int s = 1; s < m->slots; s++)
            least[b] = fminf(least[b], m->slot[s][b]);
    }
}
