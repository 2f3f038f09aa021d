#include "runtime/analyze_taken.h"

#include <string.h>

enum { ROWS = 8 }; /* of a picture every so-manieth is looked at */

void at_taken_begin(at_taken *t)
{
    *t = (at_taken){.picture_us = -1};
    at_digest_begin(&t->heard);
    at_digest_begin(&t->heard_again);
}

void at_taken_keep(at_keep *k, at_taken *t)
{
    at_keep_count(k, &t->pieces);
    at_keep_bytes(k, &t->heard, sizeof t->heard);
    at_keep_time(k, &t->picture_us);
    at_keep_time(k, &t->reached_us);
    at_keep_int(k, &t->marks, 0, AT_TAKEN_MARKS);
    for (int i = 0; i < t->marks; i++) {
        at_keep_time(k, &t->mark[i].t_us);
        at_keep_bytes(k, &t->mark[i].digest, sizeof t->mark[i].digest);
        at_keep_count(k, &t->mark[i].restart);
        at_keep_time(k, &t->mark[i].restart_us);
    }
    t->catches_up |= k->reads;
}

/* ---- pictures ------------------------------------------------------------------------------- */

static void add_plane(at_digest *d, const attune_picture *p, int plane, size_t bytes, int rows)
{
    for (int y = 0; y < rows; y += ROWS)
        at_digest_add(d, p->plane[plane] + y * p->stride[plane], bytes);
}

static int64_t digest_of(const attune_picture *p)
{
    static const int bytes[ATTUNE_FORMATS] = {3, 3, 4, 4, 1, 1, 1, 1, 1};
    const int halved = p->format == ATTUNE_I420 || p->format == ATTUNE_NV12;
    const size_t w = (size_t)p->w, half = (w + 1) / 2;
    const size_t chroma = p->format == ATTUNE_NV12 ? 2 * half : p->format == ATTUNE_I444 ? w : half;
    at_digest d;

    at_digest_begin(&d);
    for (int i = 0; i < 3 && p->plane[i]; i++)
        add_plane(&d, p, i, i ? chroma : w * (size_t)bytes[p->format],
                  i && halved ? (p->h + 1) / 2 : p->h);
    return (int64_t)at_digest_of(&d);
}

static void mark(at_taken *t, const at_media_packet *p, const at_media_info *info)
{
    if (t->marks == AT_TAKEN_MARKS)
        memmove(t->mark, t->mark + 1, (AT_TAKEN_MARKS - 1) * sizeof *t->mark);
    else
        t->marks++;
    t->mark[t->marks - 1] = (at_taken_mark){.t_us = p->t_us,
                                            .digest = digest_of(&p->picture),
                                            .restart = info->restart,
                                            .restart_us = info->restart_us};
    t->picture_us = p->t_us;
}

/* Those of which nothing is known may be anything. */
static int is_as_it_was(at_taken *t, const at_media_packet *p)
{
    int i = 0;

    while (i < t->marks && t->mark[i].t_us != p->t_us)
        i++;
    if (i == t->marks)
        return 1;
    const int same = t->mark[i].digest == digest_of(&p->picture);
    t->proven |= same && i == t->marks - 1;
    return same;
}

/* ---- once more ------------------------------------------------------------------------------ */

static int is_decoded_whole(const at_taken *t)
{
    return t->whole || t->marks == 0 || t->mark[0].restart == 0;
}

void at_taken_restart(const at_taken *t, at_media_options *o)
{
    if (!t->catches_up || is_decoded_whole(t))
        return;
    o->restart = t->mark[0].restart;
    o->restart_us = t->mark[0].restart_us;
}

/* It is not what it was. */
static at_taken_is mistake(at_taken *t)
{
    if (is_decoded_whole(t))
        return AT_TAKEN_ANOTHER;
    t->whole = 1;
    t->proven = 0;
    t->pieces_again = 0;
    at_digest_begin(&t->heard_again);
    return AT_TAKEN_ANEW;
}

static at_taken_is hear_again(at_taken *t, const at_media_packet *p)
{
    at_digest_add(&t->heard_again, p->pcm, p->n * sizeof *p->pcm);
    if (++t->pieces_again == t->pieces && at_digest_of(&t->heard_again) != at_digest_of(&t->heard))
        return mistake(t);
    return AT_TAKEN_BEFORE;
}

/* At the first that is new, or the end. */
static at_taken_is arrive(at_taken *t, const at_media_info *info)
{
    if (t->pieces_again < t->pieces || (t->marks > 0 && !t->proven) ||
        (!is_decoded_whole(t) && info->errors))
        return mistake(t);
    t->catches_up = 0;
    return AT_TAKEN_NEW;
}

static void take_new(at_taken *t, const at_media_packet *p, const at_media_info *info)
{
    t->reached_us = p->t_us > t->reached_us ? p->t_us : t->reached_us;
    if (p->kind == AT_MEDIA_VIDEO) {
        mark(t, p, info);
    } else {
        at_digest_add(&t->heard, p->pcm, p->n * sizeof *p->pcm);
        t->pieces++;
    }
}

at_taken_is at_taken_take(at_taken *t, const at_media_packet *p, const at_media_info *info)
{
    if (p && t->catches_up && p->kind == AT_MEDIA_VIDEO && p->t_us <= t->picture_us)
        return is_as_it_was(t, p) ? AT_TAKEN_BEFORE : mistake(t);
    if (p && t->catches_up && p->kind == AT_MEDIA_AUDIO && t->pieces_again < t->pieces)
        return hear_again(t, p);
    const at_taken_is is = t->catches_up ? arrive(t, info) : AT_TAKEN_NEW;
    if (is == AT_TAKEN_NEW && p)
        take_new(t, p, info);
    return is;
}
