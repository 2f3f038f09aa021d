#include "report/thumbnails.h"

#include "base/error.h"
#include "base/mem.h"

#include <string.h>

static int find(const at_thumbnails *all, uint32_t track)
{
    int i = 0;

    while (i < all->n && all->list[i].track != track)
        i++;
    return i;
}

int at_thumbnails_add(at_thumbnails *all, const attune_thumbnail *t, attune_error *err)
{
    int i = find(all, t->track);
    size_t bytes;
    uint8_t *rgb;

    if (t->track == 0 || t->side < 1 || t->side > ATTUNE_MAX_THUMBNAIL || !t->rgb)
        return at_fail(err, ATTUNE_E_ARG, "a thumbnail is of no face, or has no size");
    if (i == AT_FACES)
        return ATTUNE_OK;
    bytes = 3 * (size_t)t->side * (size_t)t->side;
    rgb = at_alloc(bytes, 1);
    if (!rgb)
        return at_fail_nomem(err);
    memcpy(rgb, t->rgb, bytes);
    at_free(all->list[i].rgb);
    all->list[i] = (at_thumbnail){t->track, t->side, rgb};
    all->n += i == all->n;
    return ATTUNE_OK;
}

const at_thumbnail *at_thumbnail_of(const at_thumbnails *all, uint32_t track)
{
    int i = find(all, track);

    return i < all->n ? &all->list[i] : NULL;
}

void at_thumbnails_free(at_thumbnails *all)
{
    for (int i = 0; i < all->n; i++)
        at_free(all->list[i].rgb);
    memset(all, 0, sizeof *all);
}
