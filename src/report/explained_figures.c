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

const at_movement_sums *at_explained_usual(const attune_explanation *x, const attune_window *w)
{
    const at_subject *face = at_stats_face(&x->stats, w->track);

    return face ? &face->movements : NULL;
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
