/* analyze.h - attune_analyze_file with something done to the input on its way, as evaluation does
 * that wants to know what a bad camera or line costs; with sound that was recorded apart; or with
 * somebody watching.
 */
#ifndef AT_RUNTIME_ANALYZE_H
#define AT_RUNTIME_ANALYZE_H

#include "runtime/feed_pair.h"
#include "runtime/watch.h"

/* All calls are nullable. */
typedef struct at_analyze_change {
    /* Called once, when path is open; o: as it is read. */
    int (*open)(void *user, const char *path, const at_media_options *o, attune_error *err);
    /* May put another picture or other sound in p's place, of the same time and length. */
    int (*packet)(void *user, at_media_packet *p, attune_error *err);
    void *user;
    const at_feed_sound *sound; /* in the place of the input's own */
    at_watch watch;
} at_analyze_change;

/* As attune_analyze_file. change: nullable. */
int at_analyze_changed(const attune_model *m, const char *path, const attune_options *o,
                       const attune_sink *sink, const at_analyze_change *change,
                       attune_input_info *info, attune_error *err);

#endif
