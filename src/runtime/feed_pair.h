/* feed_pair.h - what a feed reads: a file, or the pictures of one and the sound of another, which was
 * recorded apart, in order of time. Private to runtime. */
#ifndef AT_RUNTIME_FEED_PAIR_H
#define AT_RUNTIME_FEED_PAIR_H

#include "media/media.h"

/* Sound that takes the place of a file's own. */
typedef struct at_feed_sound {
    const char *path;
    int64_t offset_us; /* when it begins, on the pictures' clock; what lies before 0 is left out */
} at_feed_sound;

typedef struct at_pair at_pair;

/* As the calls of media.h. sound NULL: path is all. With sound o chooses picture track, and sound track, of
 * either file. */
int at_pair_open(at_pair **out, const char *path, const at_feed_sound *sound,
                 const at_media_options *o, attune_error *err);
int at_pair_next(at_pair *p, at_media_packet *out, attune_error *err);
void at_pair_get_info(const at_pair *p, at_media_info *out);
void at_pair_free(at_pair **p);

#endif
