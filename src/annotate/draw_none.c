/* draw_none.c - in the place of draw.c, in builds without cairo. */
#include "annotate/draw.h"

#include "base/error.h"

int at_drawer_create(at_drawer **out, attune_error *err)
{
    *out = NULL;
    return at_fail(err, ATTUNE_E_UNSUPPORTED, "this build cannot draw: it lacks cairo");
}

void at_drawer_free(at_drawer **d)
{
    *d = NULL;
}

int at_drawer_draw(at_drawer *d, at_image *picture, const at_marks *m, int64_t t_us,
                   attune_error *err)
{
    (void)d, (void)picture, (void)m, (void)t_us;
    return at_fail(err, ATTUNE_E_UNSUPPORTED, "this build cannot draw: it lacks cairo");
}
