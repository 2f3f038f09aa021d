#include "runtime/feed.h"

#include "base/error.h"
#include "base/mem.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

/* Enough to ride out a slow frame. Of large pictures fewer wait: one of 4K takes 12 MB of the
 * decoder's memory. */
enum { SLOTS = 4, SLOT_BYTES = 64 << 20 };

typedef struct at_slot {
    at_media_kept kept;
    at_media_info info; /* when it was read */
} at_slot;

struct at_feed {
    at_pair *input;
    const char *path;           /* of the caller, until it is open */
    const at_feed_sound *sound; /* likewise; nullable */
    at_media_options options;
    pthread_t thread;
    int running;
    atomic_int stop;

    pthread_mutex_t lock;
    pthread_cond_t filled, emptied;
    at_slot slot[SLOTS];
    int first, count;
    size_t bytes; /* of the pictures in the ring */
    int taken;    /* the first slot is in the caller's hands */
    int opened;   /* media is there, and so is info */
    int finished; /* the reader has ended with status */
    int status;
    attune_error err;
    at_media_info info; /* of what was given out last */
};

static int stopped(void *user)
{
    at_feed *f = user;

    return atomic_load(&f->stop);
}

/* Roughly: 4:2:0 and what is kept beside it; 0 for sound. */
static size_t picture_bytes(const at_media_packet *p)
{
    return (size_t)p->picture.w * (size_t)p->picture.h * 2;
}

/* A slot to fill, or NULL when the feed stops. Only the reader's thread adds to the ring. */
static at_slot *free_slot(at_feed *f, size_t bytes)
{
    at_slot *slot = NULL;

    pthread_mutex_lock(&f->lock);
    while ((f->count == SLOTS || (f->count > 0 && f->bytes + bytes > SLOT_BYTES)) &&
           !atomic_load(&f->stop))
        pthread_cond_wait(&f->emptied, &f->lock);
    if (!atomic_load(&f->stop))
        slot = &f->slot[(f->first + f->count) % SLOTS];
    pthread_mutex_unlock(&f->lock);
    return slot;
}

static int open_media(at_feed *f)
{
    int rc = at_pair_open(&f->input, f->path, f->sound, &f->options, &f->err);

    if (rc == ATTUNE_OK) {
        pthread_mutex_lock(&f->lock);
        at_pair_get_info(f->input, &f->info);
        f->opened = 1;
        pthread_cond_signal(&f->filled);
        pthread_mutex_unlock(&f->lock);
    }
    return rc;
}

static int read_media(at_feed *f)
{
    at_media_packet packet;
    at_slot *slot;
    int rc;

    while ((rc = at_pair_next(f->input, &packet, &f->err)) == 1) {
        slot = free_slot(f, picture_bytes(&packet));
        if (!slot)
            return at_fail(&f->err, ATTUNE_E_INTERRUPTED, "interrupted");
        if (at_media_keep(&slot->kept, &packet) < 0)
            return at_fail_nomem(&f->err);
        at_pair_get_info(f->input, &slot->info);
        pthread_mutex_lock(&f->lock);
        f->count++;
        f->bytes += picture_bytes(&packet);
        pthread_cond_signal(&f->filled);
        pthread_mutex_unlock(&f->lock);
    }
    return rc;
}

static void *read_ahead(void *arg)
{
    at_feed *f = arg;
    int rc = open_media(f);

    if (rc == ATTUNE_OK)
        rc = read_media(f);
    pthread_mutex_lock(&f->lock);
    f->status = rc;
    f->finished = 1;
    pthread_cond_signal(&f->filled);
    pthread_mutex_unlock(&f->lock);
    return NULL;
}

/* The program's signals are its main thread's. */
static int start_thread(at_feed *f)
{
    sigset_t all, before;
    int rc;

    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    rc = pthread_create(&f->thread, NULL, read_ahead, f);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    f->running = rc == 0;
    return rc;
}

/* Waits a tenth of a second at most for the opening, a packet or the end. */
static void wait_filled(at_feed *f)
{
    struct timespec until;
    int opened = f->opened;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += 100000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    while (f->count == 0 && !f->finished && f->opened == opened)
        if (pthread_cond_timedwait(&f->filled, &f->lock, &until) != 0)
            return;
}

/* Whether the input is open; else why not. */
static int wait_opened(at_feed *f, const at_media_options *o, attune_error *err)
{
    int rc = AT_FEED_WAIT;

    while (rc == AT_FEED_WAIT) {
        pthread_mutex_lock(&f->lock);
        if (!f->opened)
            wait_filled(f);
        if (f->opened) {
            rc = ATTUNE_OK;
        } else if (f->finished) {
            rc = f->status;
            if (err)
                *err = f->err;
        }
        pthread_mutex_unlock(&f->lock);
        if (rc == AT_FEED_WAIT && o->interrupted && o->interrupted(o->user))
            rc = at_fail(err, ATTUNE_E_INTERRUPTED, "%s: stopped", f->path);
    }
    return rc;
}

int at_feed_open(at_feed **out, const char *path, const at_feed_sound *sound,
                 const at_media_options *o, attune_error *err)
{
    at_feed *f = at_calloc(1, sizeof *f);
    pthread_condattr_t attr;
    int rc;

    *out = NULL;
    if (!f)
        return at_fail_nomem(err);
    f->path = path;
    f->sound = sound;
    f->options = *o;
    f->options.interrupted = stopped;
    f->options.user = f;
    pthread_mutex_init(&f->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&f->filled, &attr);
    pthread_cond_init(&f->emptied, NULL);
    pthread_condattr_destroy(&attr);
    if (start_thread(f) != 0)
        rc = at_fail(err, ATTUNE_E_NOMEM, "a thread could not be started");
    else
        rc = wait_opened(f, o, err);
    if (rc < 0) {
        at_feed_free(&f);
        return rc;
    }
    *out = f;
    return ATTUNE_OK;
}

static void stop_thread(at_feed *f)
{
    if (!f->running)
        return;
    pthread_mutex_lock(&f->lock);
    atomic_store(&f->stop, 1);
    pthread_cond_signal(&f->emptied);
    pthread_mutex_unlock(&f->lock);
    pthread_join(f->thread, NULL);
    f->running = 0;
}

void at_feed_free(at_feed **out)
{
    at_feed *f = *out;

    if (!f)
        return;
    stop_thread(f);
    at_pair_free(&f->input);
    for (int i = 0; i < SLOTS; i++)
        at_media_let_go(&f->slot[i].kept);
    pthread_cond_destroy(&f->filled);
    pthread_cond_destroy(&f->emptied);
    pthread_mutex_destroy(&f->lock);
    at_free(f);
    *out = NULL;
}

int at_feed_next(at_feed *f, at_media_packet *out, attune_error *err)
{
    int rc = AT_FEED_WAIT;

    pthread_mutex_lock(&f->lock);
    if (f->taken) {
        f->taken = 0;
        f->bytes -= picture_bytes(&f->slot[f->first].kept.packet);
        at_media_let_go_picture(&f->slot[f->first].kept);
        f->first = (f->first + 1) % SLOTS;
        f->count--;
        pthread_cond_signal(&f->emptied);
    }
    wait_filled(f);
    if (f->count > 0) {
        *out = f->slot[f->first].kept.packet;
        f->info = f->slot[f->first].info;
        f->taken = 1;
        rc = 1;
    } else if (f->finished) {
        rc = f->status;
        if (rc < 0 && err)
            *err = f->err;
    }
    pthread_mutex_unlock(&f->lock);
    if (rc == 0) {
        stop_thread(f);
        at_pair_get_info(f->input, &f->info);
    }
    return rc;
}

void at_feed_info(at_feed *f, at_media_info *out)
{
    *out = f->info;
}
