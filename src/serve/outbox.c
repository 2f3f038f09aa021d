#include "serve/outbox.h"

#include <stdlib.h>
#include <string.h>

static char *remove_at(at_outbox *o, int i)
{
    char *text = o->out[i].text;

    o->n--;
    o->windows -= o->out[i].window;
    memmove(&o->out[i], &o->out[i + 1], (size_t)(o->n - i) * sizeof *o->out);
    return text;
}

static void lose_oldest(at_outbox *o, int window)
{
    int i = 0;

    while (i < o->n && o->out[i].window != window)
        i++;
    if (i < o->n)
        free(remove_at(o, i));
    o->lost_windows += window;
}

void at_outbox_put(at_outbox *o, char *text, int window)
{
    int full = window ? o->windows == AT_OUTBOX_WINDOWS : o->n - o->windows == AT_OUTBOX_OTHERS;

    if (!text) {
        o->lost_windows += window;
        return;
    }
    if (full)
        lose_oldest(o, window);
    o->out[o->n++] = (at_outgoing){text, window};
    o->windows += window;
}

char *at_outbox_take(at_outbox *o)
{
    return o->n > 0 ? remove_at(o, 0) : NULL;
}

void at_outbox_clear(at_outbox *o)
{
    while (o->n > 0)
        free(remove_at(o, 0));
}
