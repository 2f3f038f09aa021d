/* whole_picture.h - all of a picture, at its own size. */
#ifndef WHOLE_PICTURE_H
#define WHOLE_PICTURE_H

#include "vision/picture.h"

static inline int whole_picture(at_image *dst, at_picture_work *work, const attune_picture *p)
{
    at_rect all = {0};

    at_picture_size(p, &all.w, &all.h);
    return at_picture_part(dst, work, p, &all, all.w, all.h);
}

#endif
