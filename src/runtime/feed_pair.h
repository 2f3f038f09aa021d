/* feed_pair.h - what a feed reads: a file, or the pictures of one and the sound of another, which was
 * recorded apart, in order of time. Private to runtime. */
#ifndef AT_RUNTIME_FEED_PAIR_H
#define AT_RUNTIME_FEED_PAIR_H

#include "runtime/feed_live.h"

/* Sound that takes the place of a file's own. */
typedef struct at_feed_sound {
    const char *path;
    int64_t offset_us; /* when it begins, on the pictures' clock; what lies before 0 is left out */
    int live;          /* it is live, as the pictures are: both clocks say when it begins */
} at_feed_sound;

typedef struct at_pair at_pair;

/* As the calls of media.h. sound NULL: path is all. With sound, which is not live, o chooses picture track,
 * and sound track, of either file. watch: nullable, of path. */
int at_pair_open(at_pair **out, const char *path, const at_feed_sound *sound,
                 const at_media_options *o, const at_live_watch *watch, attune_error *err);
int at_pair_next(at_pair *p, at_media_packet *out, attune_error *err);
void at_pair_get_info(const at_pair *p, at_media_info *out);
void at_pair_free(at_pair **p);

/* Adds to what is known of pictures what is known of sound that comes from elsewhere. end_us: of the sound,
 * and offset_us, on the pictures' clock. */
void at_pair_join_info(at_media_info *out, const at_media_info *sound, int64_t end_us,
                       int64_t offset_us);

/* Puts sound on another clock, offset_us later; 0: all of it lies before that clock's beginning. */
int at_pair_shift(at_media_packet *sound, int64_t offset_us);

#endif
