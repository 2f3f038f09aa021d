/* feed.h - decodes ahead in threads of their own, so that decoding and analysing overlap. Private to
 * runtime.
 *
 * A few packets wait in a ring. Of one input the order is the reader's, so that results do not depend
 * on timing. Live sound from elsewhere (a microphone beside a camera) has a reader of its own, and comes as
 * it comes, on the pictures' clock. Who does not wait for us (a device, an address) loses the pictures that
 * would be late, which are counted.
 */
#ifndef AT_RUNTIME_FEED_H
#define AT_RUNTIME_FEED_H

#include "runtime/feed_pair.h"

typedef struct at_feed at_feed;

/* path, sound (nullable) and o as at_pair_open, but o's interrupted and user: interrupted is asked on the caller's
 * thread, several times a second while the input keeps us waiting for its first bytes. patience_s: as
 * at_live_watch has it. */
int at_feed_open(at_feed **out, const char *path, const at_feed_sound *sound,
                 const at_media_options *o, double patience_s, attune_error *err);
/* Stops the threads, whatever they are at. */
void at_feed_free(at_feed **f);

/* As at_media_next; pointers are valid until the next call. AT_FEED_WAIT: nothing yet after a
 * tenth of a second (a camera): look whether to go on, and call again. */
enum { AT_FEED_WAIT = 2 };
int at_feed_next(at_feed *f, at_media_packet *out, attune_error *err);

/* As of the packet given out last, or of the end. */
void at_feed_info(at_feed *f, at_media_info *out);

/* Of live input. */
typedef struct at_feed_state {
    at_live_state live[2];    /* of path, and of live sound from elsewhere */
    int64_t dropped;          /* pictures */
    double lag_s;             /* how long ago what was given out last was seen or heard */
    int has_video, has_audio; /* something came in the last 2 s */
} at_feed_state;
void at_feed_get_state(at_feed *f, at_feed_state *out);

#endif
