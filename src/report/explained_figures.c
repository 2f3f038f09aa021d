/* explained_figures.c - what an explanation's overlays add up to. */
#include "report/explained.h"

#include <math.h>

at_activation at_explained_activation(const attune_explanation *x, int kind)
{
    at_activation a = {0};

    for (int i = 0; i < x->n; i++) {
        const attune_overlay *o = &x->list[i].overlay;
        if ((kind >= 0 && o->kind != kind) || isnan(o->share[0]))
            continue;
        a.overlays++;
        for (int k = 0; k < ATTUNE_REGIONS; k++) {
            a.share[k] += (double)o->share[k];
            a.area[k] += (double)o->area[k];
        }
    }
    for (int k = 0; k < ATTUNE_REGIONS; k++) {
        a.share[k] = a.overlays ? a.share[k] / a.overlays : NAN;
        a.area[k] = a.overlays ? a.area[k] / a.overlays : NAN;
    }
    return a;
}

int at_explained_answer(const attune_window *w)
{
    int best = 0;

    for (int k = 1; k < ATTUNE_EMOTIONS; k++)
        best = w->emotion7[k] > w->emotion7[best] ? k : best;
    return w->used ? best : -1;
}

int at_explained_movement(const attune_window *w, int i)
{
    const float clearly = 0.3F;
    float below = INFINITY;
    int unit = -1;

    for (; i >= 0; i--) {
        unit = -1;
        for (int u = 0; u < ATTUNE_UNITS; u++)
            if (w->unit[u] >= clearly && w->unit[u] < below &&
                (unit < 0 || w->unit[u] > w->unit[unit]))
                unit = u;
        if (unit < 0)
            return -1;
        below = w->unit[unit];
    }
    return unit;
}

at_outcome at_explained_outcome(const attune_explanation *x)
{
    return (at_outcome){.setup = &x->as_report,
                        .stats = &x->stats,
                        .info = &x->info,
                        .interrupted = x->interrupted,
                        .written = "",
                        .earlier = x->earlier};
}
