#include "train/prefetch.h"
#include "base/error.h"
#include "base/mem.h"
#include <pthread.h>

struct at_prefetch {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    at_prepare_fn fn;
    void *user;
    int64_t first, end;
    int64_t ready; /* batches [first, ready) are prepared */
    int64_t taken; /* the caller holds batch taken - 1 */
    int status, stop;
};

static void *work(void *arg)
{
    at_prefetch *p = arg;
    for (int64_t step = p->first; step < p->end; step++) {
        pthread_mutex_lock(&p->lock);
        /* The slot of step is that of step - 2: free once the caller has taken step - 1. */
        while (!p->stop && p->taken < step)
            pthread_cond_wait(&p->changed, &p->lock);
        int stop = p->stop;
        pthread_mutex_unlock(&p->lock);
        if (stop)
            break;
        int status = p->fn(p->user, step, (int)(step & 1));
        pthread_mutex_lock(&p->lock);
        if (status < 0)
            p->status = status;
        else
            p->ready = step + 1;
        pthread_cond_broadcast(&p->changed);
        pthread_mutex_unlock(&p->lock);
        if (status < 0)
            break;
    }
    return NULL;
}

int at_prefetch_start(at_prefetch **out, at_prepare_fn fn, void *user, int64_t first, int64_t end,
                      attune_error *err)
{
    at_prefetch *p = at_calloc(1, sizeof *p);
    if (!p)
        return at_fail_nomem(err);
    p->fn = fn;
    p->user = user;
    p->first = p->ready = p->taken = first;
    p->end = end;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->changed, NULL);
    if (pthread_create(&p->thread, NULL, work, p)) {
        pthread_cond_destroy(&p->changed);
        pthread_mutex_destroy(&p->lock);
        at_free(p);
        return at_fail(err, ATTUNE_E_NOMEM, "cannot start a thread");
    }
    *out = p;
    return ATTUNE_OK;
}

int at_prefetch_next(at_prefetch *p)
{
    pthread_mutex_lock(&p->lock);
    int64_t step = p->taken;
    while (!p->status && p->ready <= step)
        pthread_cond_wait(&p->changed, &p->lock);
    int result = p->ready > step ? (int)(step & 1) : p->status;
    if (result >= 0)
        p->taken++;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    return result;
}

void at_prefetch_stop(at_prefetch **pp)
{
    if (!pp || !*pp)
        return;
    at_prefetch *p = *pp;
    pthread_mutex_lock(&p->lock);
    p->stop = 1;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    pthread_join(p->thread, NULL);
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->lock);
    at_free(p);
    *pp = NULL;
}
