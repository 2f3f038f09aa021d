/* feed_live.h - one input as it goes on: a file to its end; a device or an address over its breaks, which
 * it is opened again after, and on one clock. Private to runtime.
 *
 * What breaks off is tried again at once and then more and more seldom, for as long as it may take. Its
 * times go on where the host's clock says that it came back, so that the gap is as long as it was.
 */
#ifndef AT_RUNTIME_FEED_LIVE_H
#define AT_RUNTIME_FEED_LIVE_H

#include "media/media.h"

/* How an input's connection stands. */
typedef struct at_live_state {
    int away;      /* it is gone, and tried again */
    int ended;     /* gone for good: that took too long */
    int breaks;    /* so far */
    double away_s; /* in all, without the break that lasts */
    char why[160]; /* the latest, or what the latest try met */
} at_live_state;

/* Zero-initialised: nobody is told, and nothing is tried again. */
typedef struct at_live_watch {
    double patience_s;                                /* how long it is tried again */
    void (*told)(void *user, const at_live_state *s); /* nullable; on the reading thread */
    void *user;
} at_live_watch;

typedef struct at_live at_live;

/* As the calls of media.h. path lives as long. */
int at_live_open(at_live **out, const char *path, const at_media_options *o,
                 const at_live_watch *watch /* nullable */, attune_error *err);
int at_live_next(at_live *l, at_media_packet *out, attune_error *err);
void at_live_get_info(const at_live *l, at_media_info *out);
void at_live_free(at_live **l);

#endif
