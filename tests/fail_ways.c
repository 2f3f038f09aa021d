/* Of many allocations those that differ in how the program came to them (fail.h): a run of training makes tens of
 * thousands, nearly all of them again and again by the same way. */
#include "fail.h"

#include <execinfo.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

enum { WAYS = 1 << 15, DEEP = 48 };

typedef struct way {
    uint64_t hash; /* 0: free */
    long first, last;
} way;

typedef struct ways {
    way at[WAYS];
    int count, lock;
} ways;

static ways *seen; /* shared with children */
static _Thread_local int looking;

int fail_ways_begin(void)
{
    void *frame[1];

    backtrace(frame, 1); /* what it loads, it loads now */
    seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return seen == MAP_FAILED;
}

void fail_ways_forget(void)
{
    memset(seen, 0, sizeof *seen);
}

static uint64_t hash_of(void *const *frames, int n)
{
    uint64_t h = 0xcbf29ce484222325u;

    for (int i = 0; i < n; i++)
        h = (h ^ (uint64_t)(uintptr_t)frames[i]) * 0x100000001b3u;
    return h ? h : 1;
}

static void keep(uint64_t hash, long nth)
{
    way *w = &seen->at[(hash >> 32) % WAYS];

    while (w->hash && w->hash != hash)
        w = w + 1 < seen->at + WAYS ? w + 1 : seen->at;
    if (!w->hash) {
        if (seen->count == WAYS - 1)
            return; /* one stays free, so that the search ends */
        seen->count++;
        *w = (way){hash, nth, nth};
    }
    w->last = nth;
}

void fail_ways_note(long nth)
{
    void *frames[DEEP];

    if (looking)
        return;
    looking = 1;
    const uint64_t hash = hash_of(frames, backtrace(frames, DEEP));
    while (__atomic_exchange_n(&seen->lock, 1, __ATOMIC_ACQUIRE))
        ;
    keep(hash, nth);
    __atomic_store_n(&seen->lock, 0, __ATOMIC_RELEASE);
    looking = 0;
}

void fail_ways_tell(int to)
{
    if (seen->count == WAYS - 1) {
        dprintf(to, "-1\n");
        return;
    }
    for (const way *w = seen->at; w < seen->at + WAYS; w++)
        if (w->hash)
            dprintf(to, w->first == w->last ? "%ld " : "%ld %ld ", w->first, w->last);
    dprintf(to, "\n");
}
