/* confine.c - limits, privileges; and the order of it all. */
#include "media/confine.h"

#include "base/sanitized.h"
#include "media/usher.h"

#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of address space, for what is not counted as data: memory that is shared, code, what is only reserved. */
#define SPACE_BYTES (INT64_C(3) << 29)

/* A thread's stack counts whole, however little of it is used. */
enum { STACK_BYTES = 1 << 20 };

enum { LIVE_DESCRIPTORS = 256 };

/* ---- limits ------------------------------------------------------------------------------- */

static int limit(int what, rlim_t most)
{
    struct rlimit now;
    if (getrlimit(what, &now) != 0)
        return 0;
    const rlim_t value = now.rlim_max < most ? now.rlim_max : most;
    /* an emulator may take a limit and not hold to it */
    return setrlimit(what, &(struct rlimit){value, value}) == 0 && getrlimit(what, &now) == 0 &&
           now.rlim_max == value;
}

/* In bytes; 0: not known. */
typedef struct taken {
    rlim_t space, data;
} taken;

static taken what_is_taken(void)
{
    const rlim_t page = (rlim_t)sysconf(_SC_PAGESIZE);
    char text[128] = "", *at = text; /* without memory of its own */
    rlim_t pages[6] = {0};           /* space, resident, shared, code, 0, data: proc(5) */
    const int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    const ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    for (int i = 0; n > 0 && i < 6; i++)
        pages[i] = (rlim_t)strtoull(at, &at, 10);
    return (taken){pages[0] * page, pages[5] * page};
}

static int make_stacks_small(void)
{
    pthread_attr_t attr;
    if (pthread_attr_init(&attr) != 0)
        return 0;
    const int ok = pthread_attr_setstacksize(&attr, STACK_BYTES) == 0 &&
                   pthread_setattr_default_np(&attr) == 0;
    pthread_attr_destroy(&attr);
    return ok;
}

/* Each heap of the C library would take 64 MB of address space for a start; the sanitizer takes
 * terabytes of it. */
static int limit_memory(taken now)
{
#if AT_ADDRESS_SANITIZED
    (void)now, (void)make_stacks_small;
    return 1;
#else
    return now.space > 0 && mallopt(M_ARENA_MAX, 2) == 1 && make_stacks_small() &&
           limit(RLIMIT_AS, now.space + SPACE_BYTES) &&
           limit(RLIMIT_DATA, now.data + ((rlim_t)AT_CONFINE_MB << 20));
#endif
}

/* A file's child has what it needs open already. */
static int limit_all(at_confine_kind kind, taken now)
{
    const int file = kind == AT_CONFINE_FILE;
    return limit_memory(now) && limit(RLIMIT_CORE, 0) && (!file || limit(RLIMIT_FSIZE, 0)) &&
           limit(RLIMIT_NOFILE, file ? 1 : LIVE_DESCRIPTORS);
}

static int drop_privileges(void)
{
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

int at_confine_possible(void)
{
#if AT_THREAD_SANITIZED
    return 0;
#elif AT_ADDRESS_SANITIZED
    struct stat tasks; /* a folder has two links, and one more for each folder in it */
    return stat("/proc/self/task", &tasks) == 0 && tasks.st_nlink == 3;
#else
    return 1;
#endif
}

/* Each step is one that the steps before it still allow. */
unsigned at_confine(at_confine_kind kind, int out, int in)
{
    unsigned held = AT_HELD_PROCESS;
    const taken now = what_is_taken();
    held |= at_confine_descriptors(out, in) ? AT_HELD_DESCRIPTORS : 0;
    if (kind == AT_CONFINE_HOST && !at_usher_show_memory(in))
        kind = AT_CONFINE_NETWORK;
    held |= drop_privileges() ? AT_HELD_PRIVILEGES : 0;
    held |= at_confine_files(kind);
    held |= limit_all(kind, now) ? AT_HELD_LIMITS : 0;
    held |= at_confine_calls(kind, in);
    return held;
}
