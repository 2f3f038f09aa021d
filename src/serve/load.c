/* load.c - how many learners a server serves: made-up ones, each with a WebSocket of its own, all in
 * one thread beside the server in this process. */
#include "base/tree.h"
#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"
#include "serve/learner.h"
#include "serve/load_clip.h"
#include "serve/load_usage.h"
#include "serve/now.h"

#include <attune/serve.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static const double usual_seconds = 20;
static const int64_t warm_us = 2000000;
enum { LEARNERS_MOST = 512 };

/* ---- the server ---------------------------------------------------------------------------- */

typedef struct at_running {
    attune_serve_options o;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int listens, ended; /* under the lock */
    char address[512];
    atomic_int stop;
    int rc;
    attune_error err;
} at_running;

static void listening(void *user, const char *address)
{
    at_running *r = user;

    pthread_mutex_lock(&r->lock);
    snprintf(r->address, sizeof r->address, "%s", address);
    r->listens = 1;
    pthread_cond_signal(&r->changed);
    pthread_mutex_unlock(&r->lock);
}

static int is_stopped(void *user)
{
    at_running *r = user;

    return atomic_load(&r->stop);
}

static void *run_server(void *arg)
{
    at_running *r = arg;
    int rc = attune_serve_run(&r->o, &r->err);

    pthread_mutex_lock(&r->lock);
    r->rc = rc;
    r->ended = 1;
    pthread_cond_signal(&r->changed);
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

static void stop_server(at_running *r)
{
    atomic_store(&r->stop, 1);
    pthread_join(r->thread, NULL);
    pthread_cond_destroy(&r->changed);
    pthread_mutex_destroy(&r->lock);
}

static int start_server(at_running *r, const attune_serve_bench_options *o, int learners,
                        attune_error *err)
{
    int ended;

    *r = (at_running){.o = {.port = -1,
                            .model = o->model,
                            .max_sessions = learners,
                            .threads = o->threads,
                            .listening = listening,
                            .stopped = is_stopped,
                            .user = r}};
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->changed, NULL);
    if (pthread_create(&r->thread, NULL, run_server, r) != 0)
        return at_fail_nomem(err);
    pthread_mutex_lock(&r->lock);
    while (!r->listens && !r->ended)
        pthread_cond_wait(&r->changed, &r->lock);
    ended = r->ended;
    pthread_mutex_unlock(&r->lock);
    if (!ended)
        return ATTUNE_OK;
    stop_server(r);
    return at_fail(err, (attune_status)r->rc, "%s", r->err.text);
}

/* ---- one learner --------------------------------------------------------------------------- */

typedef struct at_sender {
    at_learner learner;
    struct at_crowd *crowd;
    int64_t start_us; /* when its clip began */
    int next;         /* item */
    int64_t round_us; /* since its clip began for the first time, at the beginning of this round */
    int64_t dropped, dropped_sound_ms, lost;
} at_sender;

typedef struct at_crowd {
    const at_load_clip *clip;
    at_sender sender[LEARNERS_MOST];
    int n, refused;
    int64_t from_us; /* what comes before is not measured */
    double *lag_ms;
    size_t lags, room;
} at_crowd;

static void note_lag(at_crowd *c, double ms)
{
    if (c->lags == c->room) {
        size_t room = c->room ? 2 * c->room : 4096;
        double *more = realloc(c->lag_ms, room * sizeof *more);
        if (!more)
            return;
        c->lag_ms = more;
        c->room = room;
    }
    c->lag_ms[c->lags++] = ms;
}

/* Of a server that is ours: no more is looked at than is needed. */
static void said(void *user, const char *text, size_t size)
{
    at_sender *s = user;
    int64_t now = at_now_us();
    json_t *o;
    at_json_read(&o, text, size, 0, NULL);
    const char *type = json_string_value(json_object_get(o, "type"));

    if (type && strcmp(type, "window") == 0 && now >= s->crowd->from_us) {
        double end_us = 1e6 * json_number_value(json_object_get(o, "end_s"));
        note_lag(s->crowd, ((double)(now - s->start_us) - end_us) / 1000);
    } else if (type && strcmp(type, "state") == 0) {
        s->dropped = json_integer_value(json_object_get(o, "dropped_frames"));
        s->dropped_sound_ms = json_integer_value(json_object_get(o, "dropped_audio_ms"));
        s->lost = json_integer_value(json_object_get(o, "lost_windows"));
    }
    json_decref(o);
}

static void leave(at_sender *s)
{
    at_learner_leave(&s->learner);
    s->crowd->refused++;
}

static int64_t due_us(const at_sender *s)
{
    return s->start_us + s->round_us + s->crowd->clip->item[s->next].t_us;
}

static void send_what_is_due(at_sender *s)
{
    const at_load_clip *clip = s->crowd->clip;

    while (s->learner.fd >= 0 && due_us(s) <= at_now_us()) {
        const at_item *item = &clip->item[s->next];
        if (at_learner_send(&s->learner, item->stream, s->round_us + item->t_us, item->data,
                            item->size) < 0)
            leave(s);
        if (++s->next == clip->n) {
            s->next = 0;
            s->round_us += clip->length_us;
        }
    }
}

/* ---- all of them --------------------------------------------------------------------------- */

static int poll_until(at_crowd *c, int64_t until_us)
{
    struct pollfd fds[LEARNERS_MOST];
    int64_t wait_us = until_us - at_now_us();
    struct timespec wait = {.tv_sec = wait_us > 0 ? wait_us / 1000000 : 0,
                            .tv_nsec = wait_us > 0 ? wait_us % 1000000 * 1000 : 0};

    for (int i = 0; i < c->n; i++)
        fds[i] = (struct pollfd){.fd = c->sender[i].learner.fd, .events = POLLIN};
    if (ppoll(fds, (nfds_t)c->n, &wait, NULL) <= 0)
        return 0;
    for (int i = 0; i < c->n; i++)
        if (fds[i].revents && at_learner_listen(&c->sender[i].learner, said, &c->sender[i]) < 0)
            leave(&c->sender[i]);
    return 1;
}

/* Until then, or until the caller says so. */
static int run_until(at_crowd *c, int64_t end_us, const attune_serve_bench_options *o,
                     attune_error *err)
{
    while (at_now_us() < end_us) {
        int64_t next = at_now_us() + 100000;
        if (o->stopped && o->stopped(o->user))
            return at_fail(err, ATTUNE_E_INTERRUPTED, "interrupted");
        next = next < end_us ? next : end_us;
        for (int i = 0; i < c->n; i++) {
            at_sender *s = &c->sender[i];
            send_what_is_due(s);
            if (s->learner.fd >= 0 && due_us(s) < next)
                next = due_us(s);
        }
        poll_until(c, next);
    }
    return ATTUNE_OK;
}

/* They come one after the other, so that not all their pictures fall into the same moment. */
static int gather(at_crowd *c, const char *address, int n, attune_error *err)
{
    int64_t now = at_now_us();

    for (int i = 0; i < n; i++) {
        at_sender *s = &c->sender[i];
        int rc = at_learner_connect(&s->learner, address, err);
        if (rc < 0)
            return rc;
        s->crowd = c;
        s->start_us = now + (int64_t)i * 500000 / n;
        c->n++;
    }
    return ATTUNE_OK;
}

/* ---- measuring ----------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Of all learners since they came. */
static void count_losses(const at_crowd *c, attune_serve_load *out)
{
    out->refused = c->refused;
    out->dropped_frames = out->dropped_sound_ms = out->lost_windows = 0;
    for (int i = 0; i < c->n; i++) {
        out->dropped_frames += c->sender[i].dropped;
        out->dropped_sound_ms += c->sender[i].dropped_sound_ms;
        out->lost_windows += c->sender[i].lost;
    }
}

static void sum_up_lags(at_crowd *c, attune_serve_load *out)
{
    out->windows = (int64_t)c->lags;
    if (c->lags == 0)
        return;
    qsort(c->lag_ms, c->lags, sizeof *c->lag_ms, by_value);
    out->lag_p50_ms = c->lag_ms[c->lags / 2];
    out->lag_p99_ms = c->lag_ms[(size_t)(0.99 * (double)(c->lags - 1))];
    out->lag_max_ms = c->lag_ms[c->lags - 1];
}

/* The next `out->seconds` of a crowd that is there. */
static int measure_stretch(at_crowd *c, const attune_serve_bench_options *o, double memory_before,
                           attune_serve_load *out, attune_error *err)
{
    const int64_t wall_us = at_now_us();
    at_load_usage was, is;
    int64_t end_us = c->from_us + (int64_t)(1e6 * (out->since_s + out->seconds));
    attune_serve_load before;
    int rc;

    c->lags = 0;
    count_losses(c, &before);
    at_load_usage_now(&was);
    rc = run_until(c, end_us, o, err);
    if (rc < 0)
        return rc;
    out->since_s += out->seconds;
    at_load_usage_now(&is);
    out->cores = (is.seconds - was.seconds) / (1e-6 * (double)(at_now_us() - wall_us));
    out->mb_each = (is.mb - memory_before) / out->learners;
    out->descriptors = is.descriptors;
    count_losses(c, out);
    out->dropped_frames -= before.dropped_frames;
    out->dropped_sound_ms -= before.dropped_sound_ms;
    out->lost_windows -= before.lost_windows;
    sum_up_lags(c, out);
    return ATTUNE_OK;
}

/* A row for each stretch. 1: the caller wants no more. */
static int measure(at_crowd *c, const char *address, int learners,
                   const attune_serve_bench_options *o, attune_error *err)
{
    double seconds = o->seconds > 0 ? o->seconds : usual_seconds;
    double every = o->every > 0 && o->every < seconds ? o->every : seconds;
    attune_serve_load row = {.learners = learners};
    at_load_usage alone;
    at_load_usage_now(&alone);
    int rc = gather(c, address, learners, err);

    c->from_us = at_now_us() + warm_us;
    rc = rc < 0 ? rc : run_until(c, c->from_us, o, err);
    while (rc == ATTUNE_OK && row.since_s < seconds - 1e-6) {
        row.seconds = every < seconds - row.since_s ? every : seconds - row.since_s;
        rc = measure_stretch(c, o, alone.mb, &row, err);
        if (rc == ATTUNE_OK && o->row(o->user, &row))
            rc = 1;
    }
    return rc;
}

static int serve_load(const at_load_clip *clip, int learners, const attune_serve_bench_options *o,
                      attune_error *err)
{
    at_running *r = at_calloc(1, sizeof *r);
    at_crowd *c = at_calloc(1, sizeof *c);
    int rc = r && c ? start_server(r, o, learners, err) : at_fail_nomem(err);

    if (rc == ATTUNE_OK) {
        c->clip = clip;
        rc = measure(c, r->address, learners, o, err);
        for (int i = 0; i < c->n; i++)
            at_learner_leave(&c->sender[i].learner);
        stop_server(r);
    }
    if (c)
        free(c->lag_ms);
    at_free(c);
    at_free(r);
    return rc;
}

int attune_serve_bench(const attune_serve_bench_options *o, attune_error *err)
{
    static const int usual[] = {1, 2, 4, 8, 12, 16};
    const int *learners = o->learners ? o->learners : usual;
    int n = o->learners ? o->n : (int)(sizeof usual / sizeof *usual);
    char demo[4096];
    at_load_clip clip;
    int rc;

    for (int i = 0; i < n; i++)
        if (learners[i] < 1 || learners[i] > LEARNERS_MOST)
            return at_fail(err, ATTUNE_E_ARG, "%d learners are not from 1 to %d", learners[i],
                           LEARNERS_MOST);
    at_tree_find(demo, sizeof demo, "demo/talking_head.mp4");
    rc = at_load_clip_read(&clip, o->clip ? o->clip : demo, ATTUNE_DEFAULT_RATE, err);
    if (rc < 0)
        return rc;
    for (int i = 0; rc == ATTUNE_OK && i < n; i++)
        rc = serve_load(&clip, learners[i], o, err);
    at_load_clip_free(&clip);
    return rc < 0 ? rc : ATTUNE_OK;
}
