/* A loop is offered as one share of neighbouring tasks a thread. A thread takes its own share from
 * the front; when that is used up it helps out at the back of the others'. So the same part of the
 * data stays with the same core from loop to loop: cores need not have a cache in common. Nobody
 * is waited for but the tasks themselves: when the caller has done them all before a sleeping
 * worker is awake, the worker finds nothing left and goes back to sleep.
 *
 * fn and arg are read only by a thread that holds a task. The loop cannot end before that
 * task does, so the caller cannot be writing them for the next loop. For the same reason a
 * worker that is late and takes a task of the loop after the one it saw is right to do so.
 */
#include "base/pool.h"

#include "base/error.h"
#include "base/mem.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <unistd.h>

#if defined(__x86_64__) || defined(__i386__)
#define RELAX() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define RELAX() __asm__ __volatile__("yield")
#else
#define RELAX() ((void)0)
#endif

/* Some 100 us: longer than the gap between two loops of a network, far less than a time slice. */
#define SPINS 4000

/* Tasks [from, to) in one word: to in the upper half. */
typedef struct share {
    _Alignas(AT_ALIGN) _Atomic uint64_t range;
} share;

struct worker {
    at_pool *pool;
    pthread_t handle;
    int thread;
};

struct at_pool {
    int threads;            /* the caller's included */
    struct worker *workers; /* (threads - 1) */
    share *shares;          /* (threads) */

    void (*fn)(void *arg, int task, int thread);
    void *arg;

    _Alignas(AT_ALIGN) atomic_int left;    /* not yet taken: goes down after a task is, so that 0
                                            * says that all shares are used up */
    _Alignas(AT_ALIGN) atomic_int pending; /* not yet finished */

    /* Who blocks says so first and looks again then; who brings news first publishes it and then
     * looks for sleepers. All four steps are sequentially consistent, so one sees the other. */
    _Alignas(AT_ALIGN) atomic_int sleepers;
    atomic_int caller_sleeps;
    atomic_int stop;
    pthread_mutex_t lock;
    pthread_cond_t work, finished;
};

/* Set while this thread runs a task of any pool: loops inside are run in line. */
static _Thread_local int inside_task;

/* The first task of a share (the last, with `last` set), or -1 when it is used up. */
static int take(share *s, int last)
{
    uint64_t range = atomic_load(&s->range);
    for (;;) {
        uint32_t from = (uint32_t)range, to = (uint32_t)(range >> 32);
        if (from >= to)
            return -1;
        uint64_t rest = last ? (uint64_t)(to - 1) << 32 | from : (uint64_t)to << 32 | (from + 1);
        if (atomic_compare_exchange_weak(&s->range, &range, rest))
            return (int)(last ? to - 1 : from);
    }
}

/* A task for this thread: of its own share, else of one after it; -1: none is left. */
static int next_task(at_pool *p, int thread)
{
    int task = take(&p->shares[thread], 0);
    for (int i = 1; task < 0 && i < p->threads; i++)
        task = take(&p->shares[(thread + i) % p->threads], 1);
    return task;
}

/* Takes and runs tasks until none is left. */
static void work_off(at_pool *p, int thread)
{
    inside_task = 1;
    for (int task; (task = next_task(p, thread)) >= 0;) {
        atomic_fetch_sub(&p->left, 1);
        p->fn(p->arg, task, thread);
        if (atomic_fetch_sub(&p->pending, 1) == 1 && atomic_load(&p->caller_sleeps)) {
            pthread_mutex_lock(&p->lock);
            pthread_cond_signal(&p->finished);
            pthread_mutex_unlock(&p->lock);
        }
    }
    inside_task = 0;
}

static void *worker_main(void *arg)
{
    const struct worker *w = arg;
    at_pool *p = w->pool;
    while (!atomic_load(&p->stop)) {
        int spin = 0;
        while (spin < SPINS && atomic_load_explicit(&p->left, memory_order_acquire) == 0) {
            RELAX();
            spin++;
        }
        if (spin == SPINS) {
            pthread_mutex_lock(&p->lock);
            atomic_fetch_add(&p->sleepers, 1);
            while (atomic_load(&p->left) == 0 && !atomic_load(&p->stop))
                pthread_cond_wait(&p->work, &p->lock);
            atomic_fetch_sub(&p->sleepers, 1);
            pthread_mutex_unlock(&p->lock);
        }
        work_off(p, w->thread);
    }
    return NULL;
}

static void run_in_line(int tasks, void (*fn)(void *arg, int task, int thread), void *arg)
{
    for (int task = 0; task < tasks; task++)
        fn(arg, task, 0);
}

void at_pool_run(at_pool *p, int tasks, void (*fn)(void *arg, int task, int thread), void *arg)
{
    if (p == NULL || p->threads == 1 || tasks <= 1 || inside_task) {
        run_in_line(tasks, fn, arg);
        return;
    }
    p->fn = fn;
    p->arg = arg;
    atomic_store(&p->pending, tasks);
    atomic_store(&p->left, tasks);
    for (int i = 0; i < p->threads; i++) {
        uint64_t from = (uint64_t)tasks * (uint64_t)i / (uint64_t)p->threads;
        uint64_t to = (uint64_t)tasks * (uint64_t)(i + 1) / (uint64_t)p->threads;
        atomic_store(&p->shares[i].range, to << 32 | from);
    }
    if (atomic_load(&p->sleepers) > 0) {
        pthread_mutex_lock(&p->lock);
        pthread_cond_broadcast(&p->work);
        pthread_mutex_unlock(&p->lock);
    }
    work_off(p, 0);

    for (int spin = 0; spin < SPINS && atomic_load(&p->pending) > 0; spin++)
        RELAX();
    if (atomic_load(&p->pending) > 0) {
        pthread_mutex_lock(&p->lock);
        atomic_store(&p->caller_sleeps, 1);
        while (atomic_load(&p->pending) > 0)
            pthread_cond_wait(&p->finished, &p->lock);
        atomic_store(&p->caller_sleeps, 0);
        pthread_mutex_unlock(&p->lock);
    }
}

int at_pool_threads(const at_pool *p)
{
    return p == NULL ? 1 : p->threads;
}

/* Cores that this process may use: fewer than there are under taskset or in a container. */
static int available_cores(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        return CPU_COUNT(&set);
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 && n < ATTUNE_MAX_THREADS ? (int)n : 1;
}

/* Starts up to `count` workers; where the system gives fewer, the pool is that much smaller. */
static void start_workers(at_pool *p, int count)
{
    /* Signals are the program's business: none is delivered on a worker. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (int i = 0; i < count; i++) {
        struct worker *w = &p->workers[i];
        *w = (struct worker){.pool = p, .thread = i + 1};
        if (pthread_create(&w->handle, NULL, worker_main, w) != 0)
            break;
        p->threads++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

int at_pool_create(at_pool **out, int threads, attune_error *err)
{
    *out = NULL;
    if (threads < 0 || threads > ATTUNE_MAX_THREADS)
        return at_fail(err, ATTUNE_E_ARG, "%d threads: not in 0..%d", threads, ATTUNE_MAX_THREADS);
    if (threads == 0)
        threads = available_cores();
    at_pool *p = at_calloc(1, sizeof *p);
    if (p == NULL)
        return at_fail_nomem(err);
    p->workers = at_calloc((size_t)threads, sizeof *p->workers);
    p->shares = at_calloc((size_t)threads, sizeof *p->shares);
    if (p->workers == NULL || p->shares == NULL) {
        at_free(p->workers);
        at_free(p->shares);
        at_free(p);
        return at_fail_nomem(err);
    }
    pthread_mutex_init(&p->lock, NULL); /* neither kind can fail with default attributes */
    pthread_cond_init(&p->work, NULL);
    pthread_cond_init(&p->finished, NULL);
    p->threads = 1;
    start_workers(p, threads - 1);
    *out = p;
    return ATTUNE_OK;
}

void at_pool_free(at_pool **pool)
{
    at_pool *p = *pool;
    if (p == NULL)
        return;
    pthread_mutex_lock(&p->lock);
    atomic_store(&p->stop, 1);
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    for (int i = 0; i < p->threads - 1; i++)
        pthread_join(p->workers[i].handle, NULL);
    pthread_cond_destroy(&p->finished);
    pthread_cond_destroy(&p->work);
    pthread_mutex_destroy(&p->lock);
    at_free(p->workers);
    at_free(p->shares);
    at_free(p);
    *pool = NULL;
}
