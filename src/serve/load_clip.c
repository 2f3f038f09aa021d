#include "serve/load_clip.h"

#include "base/error.h"
#include "base/mem.h"
#include "media/media.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE = AT_WIRE_SOUND_RATE / 10 }; /* samples in a message */
static const double jpeg_quality = 4;     /* as browsers make them at 0.8, about */

static int add(at_load_clip *c, const at_item *item, attune_error *err)
{
    if (c->n == c->room) {
        int room = c->room ? 2 * c->room : 256;
        at_item *more = realloc(c->item, (size_t)room * sizeof *more);
        if (!more) {
            at_free(item->data);
            return at_fail_nomem(err);
        }
        c->item = more;
        c->room = room;
    }
    c->item[c->n++] = *item;
    return ATTUNE_OK;
}

static int add_pictures(at_load_clip *c, const char *path, double rate, attune_error *err)
{
    at_media *m = NULL;
    at_media_packet p;
    int rc = at_media_open(&m, path, &(at_media_options){.no_audio = 1, .rate = rate, .threads = 1},
                           err);

    while (rc >= 0 && (rc = at_media_next(m, &p, err)) > 0) {
        at_item item = {.stream = AT_STREAM_VIDEO, .t_us = p.t_us};
        rc = at_media_make_jpeg(&p, jpeg_quality, &item.data, &item.size, err);
        rc = rc < 0 ? rc : add(c, &item, err);
    }
    at_media_free(&m);
    return rc;
}

static int add_piece(at_load_clip *c, const float *pcm, size_t at, attune_error *err)
{
    at_item item = {.stream = AT_STREAM_AUDIO,
                    .t_us = (int64_t)at * 1000000 / AT_WIRE_SOUND_RATE,
                    .data = at_alloc(PIECE, 2),
                    .size = (size_t)2 * PIECE};

    if (!item.data)
        return at_fail_nomem(err);
    for (size_t i = 0; i < PIECE; i++) {
        uint16_t v = (uint16_t)(int16_t)lrintf(32767 * fmaxf(-1, fminf(1, pcm[at + i])));
        item.data[2 * i] = (uint8_t)v;
        item.data[2 * i + 1] = (uint8_t)(v >> 8);
    }
    return add(c, &item, err);
}

/* Whole pieces only: their number is the clip's length. */
static int add_sound(at_load_clip *c, const char *path, attune_error *err)
{
    float *pcm = NULL;
    size_t n = 0, at;
    int rc = at_media_load_audio(path, 600, &pcm, &n, err);

    for (at = 0; rc == ATTUNE_OK && at + PIECE <= n; at += PIECE)
        rc = add_piece(c, pcm, at, err);
    c->length_us = rc == ATTUNE_OK ? (int64_t)at * 1000000 / AT_WIRE_SOUND_RATE : 0;
    at_free(pcm);
    return rc;
}

static int by_time(const void *a, const void *b)
{
    const at_item *x = a, *y = b;

    return x->t_us != y->t_us ? (x->t_us > y->t_us) - (x->t_us < y->t_us)
                              : (x->stream > y->stream) - (x->stream < y->stream);
}

int at_load_clip_read(at_load_clip *c, const char *path, double rate, attune_error *err)
{
    int rc;

    *c = (at_load_clip){0};
    rc = add_pictures(c, path, rate, err);
    rc = rc < 0 ? rc : add_sound(c, path, err);
    if (rc >= 0)
        qsort(c->item, (size_t)c->n, sizeof *c->item, by_time);
    while (rc >= 0 && c->n > 0 && c->item[c->n - 1].t_us >= c->length_us)
        at_free(c->item[--c->n].data);
    if (rc >= 0 && c->n == 0)
        rc = at_fail(err, ATTUNE_E_FORMAT, "%s: too short", path);
    if (rc < 0)
        at_load_clip_free(c);
    return rc;
}

void at_load_clip_free(at_load_clip *c)
{
    while (c->n > 0)
        at_free(c->item[--c->n].data);
    free(c->item);
    *c = (at_load_clip){0};
}
