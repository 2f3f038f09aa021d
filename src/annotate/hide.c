#include "annotate/hide.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FIELDS = 4, FIRST_ROOM = 256 };

static const float reach = 0.75f; /* of a face's larger side, to each side of its middle */
static const int64_t hold_us = 600000;

/* ---- who was where -------------------------------------------------------------------------- */

int at_sighted_add(at_sighted_faces *all, int64_t t_us, const float box[4])
{
    if (all->n == all->room) {
        const size_t room = all->room ? 2 * all->room : FIRST_ROOM;
        at_sighted *more = at_alloc(room, sizeof *more);
        if (!more)
            return ATTUNE_E_NOMEM;
        if (all->n)
            memcpy(more, all->list, all->n * sizeof *more);
        at_free(all->list);
        all->list = more;
        all->room = room;
    }
    all->list[all->n].t_us = t_us;
    memcpy(all->list[all->n++].box, box, 4 * sizeof *box);
    return ATTUNE_OK;
}

static int by_time(const void *a, const void *b)
{
    const int64_t x = ((const at_sighted *)a)->t_us, y = ((const at_sighted *)b)->t_us;

    return (x > y) - (x < y);
}

void at_sighted_sort(at_sighted_faces *all)
{
    if (all->n)
        qsort(all->list, all->n, sizeof *all->list, by_time);
}

void at_sighted_free(at_sighted_faces *all)
{
    at_free(all->list);
    all->list = NULL;
    all->n = all->room = 0;
}

/* The first that was sighted at t_us or later. */
static size_t first_from(const at_sighted_faces *all, int64_t t_us)
{
    size_t lo = 0, hi = all->n;

    while (lo < hi) {
        const size_t middle = lo + (hi - lo) / 2;
        if (all->list[middle].t_us < t_us)
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo;
}

/* ---- the mosaic ----------------------------------------------------------------------------- */

static void fill_field(at_image *picture, int x0, int y0, int x1, int y1)
{
    uint64_t sum[3] = {0};
    const uint64_t pixels = (uint64_t)(x1 - x0) * (uint64_t)(y1 - y0);

    for (int y = y0; y < y1; y++)
        for (int x = x0; x < x1; x++)
            for (int c = 0; c < 3; c++)
                sum[c] += at_image_at(picture, x, y)[c];
    for (int y = y0; y < y1; y++)
        for (int x = x0; x < x1; x++)
            for (int c = 0; c < 3; c++)
                at_image_at(picture, x, y)[c] = (uint8_t)(sum[c] / pixels);
}

static int within(float v, int most)
{
    return (int)fminf(fmaxf(v, 0), (float)most);
}

static void hide(at_image *picture, const float box[4])
{
    const float half = reach * fmaxf(box[2], box[3]);
    const float left = box[0] + box[2] / 2 - half, top = box[1] + box[3] / 2 - half;

    if (!(half > 0))
        return;
    for (int i = 0; i < FIELDS * FIELDS; i++) {
        const float x = left + half / 2 * (float)(i % FIELDS);
        const float y = top + half / 2 * (float)(i / FIELDS);
        const int x0 = within(floorf(x), picture->w), x1 = within(ceilf(x + half / 2), picture->w);
        const int y0 = within(floorf(y), picture->h), y1 = within(ceilf(y + half / 2), picture->h);
        if (x1 > x0 && y1 > y0)
            fill_field(picture, x0, y0, x1, y1);
    }
}

void at_hide_faces(at_image *picture, int64_t t_us, const at_sighted_faces *all)
{
    for (size_t i = first_from(all, t_us - hold_us); i < all->n; i++) {
        if (all->list[i].t_us > t_us + hold_us)
            break;
        hide(picture, all->list[i].box);
    }
}
