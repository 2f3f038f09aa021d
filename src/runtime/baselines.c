#include "runtime/baselines.h"

#include <stddef.h>

const at_acquaintance *at_baselines_find(const at_baselines *b, uint32_t subject)
{
    for (int i = 0; i < b->n; i++)
        if (b->list[i].subject == subject)
            return &b->list[i];
    return NULL;
}

at_acquaintance *at_baselines_meet(at_baselines *b, uint32_t subject, int64_t now_us)
{
    at_acquaintance *oldest = &b->list[0];

    for (int i = 0; i < b->n; i++) {
        at_acquaintance *p = &b->list[i];
        if (p->subject == subject) {
            p->met_us = now_us;
            return p;
        }
        oldest = p->met_us < oldest->met_us ? p : oldest;
    }
    if (b->n < AT_BASELINES)
        oldest = &b->list[b->n++];
    *oldest = (at_acquaintance){.subject = subject, .met_us = now_us};
    return oldest;
}

void at_baselines_keep(at_keep *k, at_baselines *b)
{
    at_keep_int(k, &b->n, 0, AT_BASELINES);
    for (int i = 0; i < b->n; i++) {
        at_acquaintance *p = &b->list[i];
        at_keep_number(k, &p->subject);
        at_keep_time(k, &p->met_us);
        for (int m = 0; m < ATTUNE_MODALITIES; m++) {
            at_keep_floats(k, p->of[m].offset, AT_MOST_CLASSES);
            at_keep_floats(k, &p->of[m].seconds, 1);
        }
    }
}
