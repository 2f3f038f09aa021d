/* pool.h - a small thread pool for loops whose results must not depend on the thread count.
 *
 * A loop is cut into n tasks by the caller from the problem's size alone, never from the number
 * of threads; which thread runs a task is left to chance. So any reduction that is written per
 * task and combined in task order is bit-identical for every pool size. Workers spin briefly,
 * then block, so a busy neighbour on the same core costs little.
 */
#ifndef AT_BASE_POOL_H
#define AT_BASE_POOL_H

#include <attune/attune.h>

typedef struct at_pool at_pool;

/* threads: including the caller's, at most ATTUNE_MAX_THREADS; 0 = number of online cores. */
int at_pool_create(at_pool **out, int threads, attune_error *err);
void at_pool_free(at_pool **p);
int at_pool_threads(const at_pool *p); /* 1 for NULL */

/* Runs fn(arg, task, thread) for task in [0, tasks), returns when all are done. thread in
 * [0, at_pool_threads) names the worker, for scratch memory only. p NULL runs them in order
 * on the caller. One caller at a time; a call from inside a task runs in line (thread 0 scratch
 * must then not be shared with the outer loop: do not nest loops that use scratch). */
void at_pool_run(at_pool *p, int tasks, void (*fn)(void *arg, int task, int thread), void *arg);

#endif
