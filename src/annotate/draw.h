/* draw.h - boxes, bands and weights on a picture, with cairo. */
#ifndef AT_ANNOTATE_DRAW_H
#define AT_ANNOTATE_DRAW_H

#include "annotate/marks.h"
#include "vision/image.h"

/* Keeps its canvas from picture to picture. */
typedef struct at_drawer at_drawer;

int at_drawer_create(at_drawer **out, attune_error *err); /* ATTUNE_E_UNSUPPORTED without cairo */
void at_drawer_free(at_drawer **d);
/* Draws what m says of t_us onto the RGB picture. */
int at_drawer_draw(at_drawer *d, at_image *picture, const at_marks *m, int64_t t_us,
                   attune_error *err);

#endif
