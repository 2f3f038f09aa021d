/* feed.h - decodes ahead in a thread of its own, so that decoding and analysing overlap. Private
 * to runtime.
 *
 * A few packets wait in a ring; the order is the reader's, so results do not depend on timing.
 */
#ifndef AT_RUNTIME_FEED_H
#define AT_RUNTIME_FEED_H

#include "runtime/feed_pair.h"

typedef struct at_feed at_feed;

/* path, sound (nullable) and o as at_pair_open, but o's interrupted and user: interrupted is asked on the caller's
 * thread, several times a second while the input keeps us waiting for its first bytes. */
int at_feed_open(at_feed **out, const char *path, const at_feed_sound *sound,
                 const at_media_options *o, attune_error *err);
/* Stops the thread, whatever it is at. */
void at_feed_free(at_feed **f);

/* As at_media_next; pointers are valid until the next call. AT_FEED_WAIT: nothing yet after a
 * tenth of a second (a camera): look whether to go on, and call again. */
enum { AT_FEED_WAIT = 2 };
int at_feed_next(at_feed *f, at_media_packet *out, attune_error *err);

/* As of the packet given out last, or of the end. */
void at_feed_info(at_feed *f, at_media_info *out);

#endif
