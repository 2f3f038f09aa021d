#include "runtime/feed.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/progress.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

/* Enough to ride out a slow frame. Of large pictures fewer wait: one of 4K takes 12 MB of the
 * decoder's memory. */
enum { SLOTS = 4, SLOT_BYTES = 64 << 20 };

/* Pictures that are older than that before they wait at all are of no use to somebody who looks on. */
static const double late_s = 0.5;
static const double lately_s = 2; /* a stream that something came of */

enum { PICTURES, SOUND, SIDES }; /* SOUND: what is read apart, if anything */

typedef struct at_slot {
    at_media_kept kept;
    at_media_info info; /* when it was read */
    int side;
} at_slot;

typedef struct at_side {
    at_feed *feed;
    at_pair *input;
    const char *path;           /* of the caller */
    const at_feed_sound *sound; /* likewise, until it is open; nullable */
    at_media_options options;
    pthread_t thread;
    int running;
    int opened;   /* input is there, and so is info */
    int finished; /* the reader has ended with status */
    int status;
    attune_error err;
    at_media_info info; /* of what was given out last */
    int64_t shift_us;   /* from its clock to the feed's */
    int64_t end_us;     /* of what was given out */
    double ahead_s;     /* how far it was before the host's clock at most */
    at_live_state live;
} at_side;

struct at_feed {
    at_side side[SIDES];
    int sides;
    int64_t origin_us; /* live: when time 0 was, on the clock of at_now */
    double patience_s;
    atomic_int stop;

    pthread_mutex_t lock;
    pthread_cond_t filled, emptied;
    at_slot slot[SLOTS];
    int first, count;
    size_t bytes; /* of the pictures in the ring */
    int taken;    /* the first slot is in the caller's hands */
    int64_t dropped;
    double lag_s;
    double came_s[2]; /* of each at_media_kind: when it came last (at_now); 0: never */
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

static int full(const at_feed *f, size_t bytes)
{
    return f->count == SLOTS || (f->count > 0 && f->bytes + bytes > SLOT_BYTES);
}

/* How old a packet of a live input is. Only devices tell the time; of others what comes is compared with the
 * earliest. */
static double age_s(at_side *s, const at_media_packet *p)
{
    double age = at_now() - (double)(s->feed->origin_us + p->t_us) / 1e6;

    if (!s->info.device) {
        s->ahead_s = fmax(s->ahead_s, -age);
        age += s->ahead_s;
    }
    return age;
}

static int is_useless(at_side *s, const at_media_packet *p)
{
    return s->info.live && !s->info.waits && p->kind == AT_MEDIA_VIDEO && age_s(s, p) > late_s;
}

/* Puts p into the ring, when there is room: 1; 0 when the feed stops. With the lock held. */
static int add(at_side *s, const at_media_packet *p, const at_media_info *info)
{
    at_feed *f = s->feed;
    size_t bytes = picture_bytes(p);
    at_slot *slot;

    while (full(f, bytes) && !atomic_load(&f->stop)) {
        if (is_useless(s, p)) {
            f->dropped++;
            return 1;
        }
        pthread_cond_wait(&f->emptied, &f->lock);
    }
    if (atomic_load(&f->stop))
        return 0;
    slot = &f->slot[(f->first + f->count) % SLOTS];
    if (at_media_keep(&slot->kept, p) < 0)
        return ATTUNE_E_NOMEM;
    slot->info = *info;
    slot->side = (int)(s - f->side);
    f->count++;
    f->bytes += bytes;
    pthread_cond_signal(&f->filled);
    return 1;
}

/* Onto the feed's clock; 0: it lies before its beginning. */
static int shift(const at_side *s, at_media_packet *p)
{
    if (s->shift_us == 0)
        return 1;
    if (p->kind == AT_MEDIA_AUDIO)
        return at_pair_shift(p, s->shift_us);
    p->t_us += s->shift_us;
    return p->t_us >= 0;
}

static void on_state(void *user, const at_live_state *state)
{
    at_side *s = user;

    pthread_mutex_lock(&s->feed->lock);
    s->live = *state;
    pthread_mutex_unlock(&s->feed->lock);
}

static int open_media(at_side *s)
{
    at_feed *f = s->feed;
    const at_live_watch watch = {f->patience_s, on_state, s};
    int rc = at_pair_open(&s->input, s->path, s->sound, &s->options, &watch, &s->err);

    if (rc == ATTUNE_OK) {
        pthread_mutex_lock(&f->lock);
        at_pair_get_info(s->input, &s->info);
        if (s == f->side)
            f->origin_us = s->info.origin_us;
        s->shift_us = s->info.origin_us - f->origin_us;
        s->opened = 1;
        pthread_cond_signal(&f->filled);
        pthread_mutex_unlock(&f->lock);
    }
    return rc;
}

static int read_media(at_side *s)
{
    at_feed *f = s->feed;
    at_media_packet packet;
    at_media_info info;
    int rc;

    while ((rc = at_pair_next(s->input, &packet, &s->err)) == 1) {
        if (!shift(s, &packet))
            continue;
        at_pair_get_info(s->input, &info);
        pthread_mutex_lock(&f->lock);
        rc = add(s, &packet, &info);
        pthread_mutex_unlock(&f->lock);
        if (rc == 0)
            return at_fail(&s->err, ATTUNE_E_INTERRUPTED, "interrupted");
        if (rc < 0)
            return at_fail_nomem(&s->err);
    }
    return rc;
}

static void *read_ahead(void *arg)
{
    at_side *s = arg;
    int rc = open_media(s);

    if (rc == ATTUNE_OK)
        rc = read_media(s);
    pthread_mutex_lock(&s->feed->lock);
    s->status = rc;
    s->finished = 1;
    pthread_cond_signal(&s->feed->filled);
    pthread_mutex_unlock(&s->feed->lock);
    return NULL;
}

/* The program's signals are its main thread's. */
static int start_thread(at_side *s)
{
    sigset_t all, before;
    int rc;

    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    rc = pthread_create(&s->thread, NULL, read_ahead, s);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    s->running = rc == 0;
    return rc;
}

static int all_finished(const at_feed *f)
{
    return f->side[PICTURES].finished && (f->sides == 1 || f->side[SOUND].finished);
}

static struct timespec tenth_from_now(void)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += 100000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    return until;
}

/* Waits a tenth of a second at most for a packet or the end. */
static void wait_filled(at_feed *f)
{
    const struct timespec until = tenth_from_now();

    while (f->count == 0 && !all_finished(f))
        if (pthread_cond_timedwait(&f->filled, &f->lock, &until) != 0)
            return;
}

/* The same for the opening. */
static void wait_side(at_side *s)
{
    const struct timespec until = tenth_from_now();

    while (!s->opened && !s->finished)
        if (pthread_cond_timedwait(&s->feed->filled, &s->feed->lock, &until) != 0)
            return;
}

/* Whether the input is open; else why not. */
static int wait_opened(at_side *s, const at_media_options *o, attune_error *err)
{
    int rc = AT_FEED_WAIT;

    while (rc == AT_FEED_WAIT) {
        pthread_mutex_lock(&s->feed->lock);
        wait_side(s);
        if (s->opened) {
            rc = ATTUNE_OK;
        } else if (s->finished) {
            rc = s->status;
            if (err)
                *err = s->err;
        }
        pthread_mutex_unlock(&s->feed->lock);
        if (rc == AT_FEED_WAIT && o->interrupted && o->interrupted(o->user))
            rc = at_fail(err, ATTUNE_E_INTERRUPTED, "%s: stopped", s->path);
    }
    return rc;
}

static int open_side(at_feed *f, const at_side *setup, const at_media_options *o, attune_error *err)
{
    at_side *s = &f->side[f->sides++];

    *s = *setup;
    s->feed = f;
    s->ahead_s = -INFINITY;
    s->options.interrupted = stopped;
    s->options.user = f;
    if (start_thread(s) != 0)
        return at_fail(err, ATTUNE_E_NOMEM, "a thread could not be started");
    return wait_opened(s, o, err);
}

static int open_sides(at_feed *f, const char *path, const at_feed_sound *sound,
                      const at_media_options *o, attune_error *err)
{
    const int apart = sound && sound->live;
    at_side pictures = {.path = path, .sound = apart ? NULL : sound, .options = *o};
    at_side microphone = {.path = sound ? sound->path : NULL, .options = *o};
    int rc;

    pictures.options.no_audio |= apart;
    pictures.options.audio_track = apart ? 0 : o->audio_track;
    rc = open_side(f, &pictures, o, err);
    if (rc < 0 || !apart)
        return rc;
    microphone.options.no_video = 1;
    microphone.options.video_track = microphone.options.pcm_rate = 0;
    return open_side(f, &microphone, o, err);
}

int at_feed_open(at_feed **out, const char *path, const at_feed_sound *sound,
                 const at_media_options *o, double patience_s, attune_error *err)
{
    at_feed *f = at_calloc(1, sizeof *f);
    pthread_condattr_t attr;
    int rc;

    *out = NULL;
    if (!f)
        return at_fail_nomem(err);
    f->patience_s = patience_s;
    pthread_mutex_init(&f->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&f->filled, &attr);
    pthread_cond_init(&f->emptied, NULL);
    pthread_condattr_destroy(&attr);
    rc = open_sides(f, path, sound, o, err);
    if (rc < 0) {
        at_feed_free(&f);
        return rc;
    }
    *out = f;
    return ATTUNE_OK;
}

static void stop_threads(at_feed *f)
{
    pthread_mutex_lock(&f->lock);
    atomic_store(&f->stop, 1);
    pthread_cond_broadcast(&f->emptied);
    pthread_mutex_unlock(&f->lock);
    for (int i = 0; i < f->sides; i++) {
        if (f->side[i].running)
            pthread_join(f->side[i].thread, NULL);
        f->side[i].running = 0;
    }
}

void at_feed_free(at_feed **out)
{
    at_feed *f = *out;

    if (!f)
        return;
    stop_threads(f);
    for (int i = 0; i < f->sides; i++)
        at_pair_free(&f->side[i].input);
    for (int i = 0; i < SLOTS; i++)
        at_media_let_go(&f->slot[i].kept);
    pthread_cond_destroy(&f->filled);
    pthread_cond_destroy(&f->emptied);
    pthread_mutex_destroy(&f->lock);
    at_free(f);
    *out = NULL;
}

/* ---- what is given out ---------------------------------------------------------------------- */

static void let_go_taken(at_feed *f)
{
    if (!f->taken)
        return;
    f->taken = 0;
    f->bytes -= picture_bytes(&f->slot[f->first].kept.packet);
    at_media_let_go_picture(&f->slot[f->first].kept);
    f->first = (f->first + 1) % SLOTS;
    f->count--;
    pthread_cond_broadcast(&f->emptied);
}

static void take_first(at_feed *f, at_media_packet *out)
{
    const at_slot *slot = &f->slot[f->first];
    at_side *s = &f->side[slot->side];
    int64_t end;

    *out = slot->kept.packet;
    end = out->t_us + (int64_t)out->n * 1000000 / AT_MEDIA_AUDIO_RATE;
    s->info = slot->info;
    s->end_us = end > s->end_us ? end : s->end_us;
    f->came_s[out->kind] = at_now();
    f->lag_s = s->info.live ? age_s(s, out) : 0;
    f->taken = 1;
}

/* What the sides ended with: the first of what is no regular end. */
static int end_status(const at_feed *f, attune_error *err)
{
    for (int i = 0; i < f->sides; i++)
        if (f->side[i].status < 0) {
            if (err)
                *err = f->side[i].err;
            return f->side[i].status;
        }
    return 0;
}

int at_feed_next(at_feed *f, at_media_packet *out, attune_error *err)
{
    int rc = AT_FEED_WAIT;

    pthread_mutex_lock(&f->lock);
    let_go_taken(f);
    wait_filled(f);
    if (f->count > 0) {
        take_first(f, out);
        rc = 1;
    } else if (all_finished(f)) {
        rc = end_status(f, err);
    }
    pthread_mutex_unlock(&f->lock);
    if (rc == 0) {
        stop_threads(f);
        for (int i = 0; i < f->sides; i++)
            at_pair_get_info(f->side[i].input, &f->side[i].info);
    }
    return rc;
}

void at_feed_info(at_feed *f, at_media_info *out)
{
    *out = f->side[PICTURES].info;
    if (f->sides > 1)
        at_pair_join_info(out, &f->side[SOUND].info, f->side[SOUND].end_us, 0);
}

void at_feed_get_state(at_feed *f, at_feed_state *out)
{
    double now = at_now();

    *out = (at_feed_state){0};
    pthread_mutex_lock(&f->lock);
    for (int i = 0; i < f->sides; i++)
        out->live[i] = f->side[i].live;
    out->dropped = f->dropped;
    out->lag_s = f->lag_s;
    out->has_video = now - f->came_s[AT_MEDIA_VIDEO] < lately_s;
    out->has_audio = now - f->came_s[AT_MEDIA_AUDIO] < lately_s;
    pthread_mutex_unlock(&f->lock);
}
