/* av_ahead.c - a decoder's child that is there before its input is known. */
#include "media/av_box.h"

#include "base/mem.h"

#include <pthread.h>
#include <unistd.h>

struct at_media_ahead {
    pthread_mutex_t lock;
    at_box *box; /* NULL: taken */
    pid_t owner; /* a process that was forked since has it not */
};

at_media_ahead *at_media_ahead_start(void)
{
    at_media_ahead *a = at_confine_possible() ? at_calloc(1, sizeof *a) : NULL;
    if (!a)
        return NULL;
    pthread_mutex_init(&a->lock, NULL);
    a->owner = getpid();
    if (at_box_open_ahead(&a->box, NULL) < 0)
        at_media_ahead_free(&a);
    return a;
}

static at_box *take(at_media_ahead *a)
{
    pthread_mutex_lock(&a->lock);
    at_box *box = getpid() == a->owner ? a->box : NULL;
    if (box)
        a->box = NULL;
    pthread_mutex_unlock(&a->lock);
    return box;
}

at_box *at_box_take_ahead(const at_media_options *o)
{
    if (!o || !o->ahead || o->live || o->no_sandbox ||
        (o->max_pixels > 0 && o->max_pixels != AT_MEDIA_MAX_PIXELS))
        return NULL;
    return take(o->ahead);
}

void at_media_ahead_free(at_media_ahead **a)
{
    if (!a || !*a)
        return;
    at_box *box = take(*a);
    at_box_free(&box);
    pthread_mutex_destroy(&(*a)->lock);
    at_free(*a);
    *a = NULL;
}
