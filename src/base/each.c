#include "base/each.h"

#include "base/error.h"
#include "base/progress.h"

enum { STRETCH = 32 }; /* of a thread, between two looks at who waits */

typedef struct stretch {
    void (*fn)(void *arg, int i, int thread);
    void *arg;
    int first;
} stretch;

static void run_task(void *arg, int task, int thread)
{
    const stretch *s = arg;
    s->fn(s->arg, s->first + task, thread);
}

int at_watcher_stays(const at_watcher *w, attune_error *err)
{
    return w && w->stop && w->stop(w->user) ? at_fail(err, ATTUNE_E_INTERRUPTED, "interrupted")
                                            : ATTUNE_OK;
}

int at_each(at_pool *pool, const char *label, int n, void (*fn)(void *arg, int i, int thread),
            void *arg, const at_watcher *watcher, attune_error *err)
{
    const int most = STRETCH * at_pool_threads(pool);
    stretch s = {fn, arg, 0};
    at_progress progress;
    int status = ATTUNE_OK;

    at_progress_start(&progress, label, !watcher || watcher->quiet);
    for (; s.first < n && !(status = at_watcher_stays(watcher, err)); s.first += most) {
        const int left = n - s.first;
        at_progress_update(&progress, s.first, n, NULL);
        at_pool_run(pool, left < most ? left : most, run_task, &s);
    }
    at_progress_end(&progress);
    return status;
}
