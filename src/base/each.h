/* each.h - a long loop that somebody waits for: progress is shown on the way, and a stop ends it.
 *
 * Threads: stop is called on the caller's thread alone.
 */
#ifndef AT_BASE_EACH_H
#define AT_BASE_EACH_H

#include "base/pool.h"

/* Who waits. Where one is taken NULL may stand for who sees nothing and stays to the end. */
typedef struct at_watcher {
    int quiet;               /* no progress on stderr */
    int (*stop)(void *user); /* nullable; non-zero: leave off */
    void *user;
} at_watcher;

/* ATTUNE_OK, or ATTUNE_E_INTERRUPTED where the watcher asks to stop. */
int at_watcher_stays(const at_watcher *w, attune_error *err);

/* fn(arg, i, thread) for i in [0, n), as at_pool_run runs it; label: of the progress. ATTUNE_E_INTERRUPTED: for
 * some of the first of them only. */
int at_each(at_pool *pool, const char *label, int n, void (*fn)(void *arg, int i, int thread),
            void *arg, const at_watcher *watcher, attune_error *err);

#endif
