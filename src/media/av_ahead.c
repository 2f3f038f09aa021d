/* av_ahead.c - a decoder's child that is there before its reader. */
#include "media/av_box.h"

#include "base/mem.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct at_media_ahead {
    pthread_mutex_t lock;
    at_box *box; /* NULL: taken */
    pid_t owner; /* a process that was forked since has it not */
    char *path;
    at_media_options o;
};

/* Its child has not what cameras and addresses take. */
static int is_for(const char *path, const at_media_options *o)
{
    return at_confine_possible() && !o->live && !o->no_sandbox && !at_av_is_camera(path);
}

at_media_ahead *at_media_ahead_start(const char *path, const at_media_options *o)
{
    at_media m = {0};
    at_media_ahead *a = is_for(path, o) ? at_calloc(1, sizeof *a) : NULL;
    if (!a)
        return NULL;
    pthread_mutex_init(&a->lock, NULL);
    a->owner = getpid();
    a->o = *o;
    a->path = strdup(path);
    if (!a->path || at_av_set(&m, path, o, NULL) < 0 || at_box_start(&a->box, &m, path, NULL) < 0)
        at_media_ahead_free(&a);
    at_free(m.path);
    return a;
}

/* Whether readers with a and b give out the same. */
static int are_same(const at_media_options *a, const at_media_options *b)
{
    return a->no_video == b->no_video && a->no_audio == b->no_audio && a->rate == b->rate &&
           a->max_pixels == b->max_pixels && a->threads == b->threads &&
           a->video_track == b->video_track && a->audio_track == b->audio_track &&
           a->speech_s == b->speech_s && a->pcm_rate == b->pcm_rate && a->live == b->live &&
           a->no_sandbox == b->no_sandbox && a->restart == b->restart &&
           a->restart_us == b->restart_us;
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

at_box *at_box_take_ahead(const char *path, const at_media_options *o)
{
    at_media_ahead *a = o ? o->ahead : NULL;
    return a && strcmp(path, a->path) == 0 && are_same(o, &a->o) ? take(a) : NULL;
}

void at_media_ahead_free(at_media_ahead **a)
{
    if (!a || !*a)
        return;
    at_box *box = take(*a);
    at_box_free(&box);
    pthread_mutex_destroy(&(*a)->lock);
    free((*a)->path);
    at_free(*a);
    *a = NULL;
}
