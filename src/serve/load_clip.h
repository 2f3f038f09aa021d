/* load_clip.h - a clip as learners send it: JPEGs and pieces of sound in order of time. For measuring. */
#ifndef AT_SERVE_LOAD_CLIP_H
#define AT_SERVE_LOAD_CLIP_H

#include "serve/mailbox.h"

typedef struct at_load_clip {
    at_item *item; /* (n), in order of t_us */
    int n, room;
    int64_t length_us; /* after which it begins again */
} at_load_clip;

/* rate: pictures a second. */
int at_load_clip_read(at_load_clip *c, const char *path, double rate, attune_error *err);
void at_load_clip_free(at_load_clip *c);

#endif
