/* thumbnails.h - small pictures of faces that a report was given, by number: at most AT_FACES. */
#ifndef AT_REPORT_THUMBNAILS_H
#define AT_REPORT_THUMBNAILS_H

#include "report/stats.h"

typedef struct at_thumbnail {
    uint32_t track;
    int side;
    uint8_t *rgb; /* (side x side x 3) */
} at_thumbnail;

/* Zero-initialised is empty. */
typedef struct at_thumbnails {
    at_thumbnail list[AT_FACES];
    int n;
} at_thumbnails;

/* Copies t; a second one of a face takes the place of the first. One too many is left out. */
int at_thumbnails_add(at_thumbnails *all, const attune_thumbnail *t, attune_error *err);
/* NULL: there is none of that face. */
const at_thumbnail *at_thumbnail_of(const at_thumbnails *all, uint32_t track);
void at_thumbnails_free(at_thumbnails *all);

#endif
