#include "runtime/feed_live.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/progress.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const double first_wait_s = 0.25,
                    longest_wait_s = 8; /* between two tries; doubled each time */
enum { NAP_US = 50000 };

struct at_live {
    at_media *media; /* NULL while it is away */
    const char *path;
    at_media_options o;
    at_live_watch watch;
    at_live_state state;
    at_media_info info; /* of what was read before the latest break */
    int64_t origin_us;  /* of the first opening: time 0 */
    int64_t shift_us;   /* from the media's times to ours */
    int64_t end_us;     /* of what was given out */
};

int at_live_open(at_live **out, const char *path, const at_media_options *o,
                 const at_live_watch *watch, attune_error *err)
{
    at_live *l = *out = at_calloc(1, sizeof *l);
    int rc;

    if (!l)
        return at_fail_nomem(err);
    l->path = path;
    l->o = *o;
    if (watch)
        l->watch = *watch;
    rc = at_media_open(&l->media, path, o, err);
    if (rc < 0) {
        at_live_free(out);
        return rc;
    }
    at_media_get_info(l->media, &l->info);
    l->origin_us = l->info.origin_us;
    /* the session is made for what it has now */
    l->o.no_video = !l->info.has_video;
    l->o.no_audio = !l->info.has_audio;
    return ATTUNE_OK;
}

void at_live_free(at_live **l)
{
    if (!*l)
        return;
    at_media_free(&(*l)->media);
    at_free(*l);
    *l = NULL;
}

void at_live_get_info(const at_live *l, at_media_info *out)
{
    if (!l->media) {
        *out = l->info;
        return;
    }
    at_media_get_info(l->media, out);
    if (l->state.breaks == 0)
        return;
    out->origin_us = l->origin_us;
    out->duration_us = l->end_us;
    out->errors += l->info.errors;
    out->frames += l->info.frames;
}

static void tell(at_live *l)
{
    if (l->watch.told)
        l->watch.told(l->watch.user, &l->state);
}

/* ---- breaks ------------------------------------------------------------------------------- */

/* Whether nothing stops us for so long. */
static int rest(const at_live *l, double seconds)
{
    double until = at_now() + seconds;

    while (at_now() < until) {
        if (l->o.interrupted && l->o.interrupted(l->o.user))
            return 0;
        usleep(NAP_US);
    }
    return 1;
}

/* The error without the path that it begins with, which everybody knows. */
static void note_why(at_live *l, const char *text)
{
    const char *reason = strstr(text, ": ");

    snprintf(l->state.why, sizeof l->state.why, "%.150s", reason ? reason + 2 : text);
}

static void note_back(at_live *l, double gone_s)
{
    at_media_info now;

    at_media_get_info(l->media, &now);
    l->shift_us = now.origin_us - l->origin_us;
    if (l->shift_us <= l->end_us) /* the input was ahead of the clock */
        l->shift_us = l->end_us + 1;
    l->state.away = 0;
    l->state.away_s += at_now() - gone_s;
    tell(l);
}

/* 1: it is back; 0: it is not, and has been tried for long enough; < 0: no. */
static int come_back(at_live *l, attune_error *err)
{
    double gone_s = at_now(), wait_s = first_wait_s;

    while (at_now() + wait_s <= gone_s + l->watch.patience_s) {
        attune_error why = {0};
        int rc;
        if (!rest(l, wait_s))
            return at_fail(err, ATTUNE_E_INTERRUPTED, "%s: interrupted", l->path);
        rc = at_media_open(&l->media, l->path, &l->o, &why);
        if (rc == ATTUNE_OK) {
            note_back(l, gone_s);
            return 1;
        }
        if (rc == ATTUNE_E_INTERRUPTED || rc == ATTUNE_E_NOMEM) {
            if (err)
                *err = why;
            return rc;
        }
        note_why(l, why.text);
        tell(l);
        wait_s = fmin(2 * wait_s, longest_wait_s);
    }
    l->state.away = 0;
    l->state.ended = 1;
    tell(l);
    return 0;
}

/* Puts down what is known of what has broken off. why: nullable. */
static void leave(at_live *l, const attune_error *why)
{
    at_media_info info;

    at_live_get_info(l, &info);
    if (why)
        note_why(l, why->text);
    else
        snprintf(l->state.why, sizeof l->state.why, "%s", info.lost_reason);
    l->info = info;
    l->info.duration_us = l->end_us;
    at_media_free(&l->media);
    l->state.breaks++;
    l->state.away = 1;
    tell(l);
}

/* ---- reading ------------------------------------------------------------------------------ */

static void place(at_live *l, at_media_packet *p)
{
    int64_t end;

    p->t_us += l->shift_us;
    end = p->t_us + (int64_t)p->n * 1000000 / AT_MEDIA_AUDIO_RATE;
    l->end_us = end > l->end_us ? end : l->end_us;
}

/* Whether what next gave (rc, not 1) is a break that may pass. */
static int broke(const at_live *l, int rc)
{
    at_media_info info;

    if (rc < 0) /* opened again, and nothing came */
        return l->state.breaks > 0 && rc != ATTUNE_E_INTERRUPTED && rc != ATTUNE_E_NOMEM;
    at_media_get_info(l->media, &info);
    return info.lost;
}

int at_live_next(at_live *l, at_media_packet *out, attune_error *err)
{
    for (;;) {
        attune_error why = {0};
        int rc = l->media ? at_media_next(l->media, out, &why) : 0;
        if (rc == 1) {
            place(l, out);
            return 1;
        }
        if (!l->media || !broke(l, rc)) {
            if (rc < 0 && err)
                *err = why;
            return rc;
        }
        leave(l, rc < 0 ? &why : NULL);
        rc = come_back(l, err);
        if (rc <= 0)
            return rc;
    }
}
