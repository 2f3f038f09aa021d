/* memory.c - the program's memory held to a limit while strangers' files are read. */
#include "cli/cli.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

static struct rlimit before;

/* A sanitizer's own memory is many times ours. */
static int may_be_limited(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return 0;
#elif defined(__has_feature)
    return !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer);
#else
    return 1;
#endif
}

/* Stacks count whole, however little of them is used: so they are made smaller. */
static void limit_stacks(size_t bytes)
{
    pthread_attr_t attr;

    if (pthread_attr_init(&attr) != 0)
        return;
    if (pthread_attr_setstacksize(&attr, bytes) == 0)
        pthread_setattr_default_np(&attr);
    pthread_attr_destroy(&attr);
}

/* Decoders have as many threads as there are processors at most, and so has the session. */
void at_hold_memory(void)
{
    const rlim_t stack = 2 << 20, threads = 2 * (rlim_t)sysconf(_SC_NPROCESSORS_ONLN) + 8;
    const rlim_t most = ((rlim_t)AT_MEMORY_MB << 20) + threads * stack;
    struct rlimit limit;

    if (getrlimit(RLIMIT_DATA, &before) != 0 || !may_be_limited())
        return;
    limit = before;
    limit.rlim_cur = limit.rlim_cur < most ? limit.rlim_cur : most;
    limit_stacks(stack);
    setrlimit(RLIMIT_DATA, &limit);
}

void at_free_memory(void)
{
    setrlimit(RLIMIT_DATA, &before);
}
