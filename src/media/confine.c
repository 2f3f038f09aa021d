/* confine.c - descriptors, limits, privileges; and the order of it all. */
#include "media/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Beyond what the program that was forked takes: the decoder's 400 MB of pictures, 64 MB of packets, the
 * stacks of 64 threads, and room. */
#define MEMORY_BYTES (INT64_C(3) << 29)

enum { LIVE_DESCRIPTORS = 256, MOST_DESCRIPTORS = 65536 };

/* ---- descriptors -------------------------------------------------------------------------- */

static int close_from(unsigned first, unsigned last)
{
    if (first > last)
        return 1;
#ifdef SYS_close_range
    if (syscall(SYS_close_range, first, last, 0) == 0)
        return 1;
#endif
    last = last < MOST_DESCRIPTORS ? last : MOST_DESCRIPTORS;
    for (unsigned fd = first; fd <= last; fd++)
        close((int)fd);
    return 1;
}

/* Standard streams that lead nowhere, but for what in is; a sanitizer's report has to come out. */
static int replace_standard(int in)
{
    const int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    int ok = nowhere >= 0;
    for (int fd = 0; ok && fd <= 2; fd++) {
#ifdef AT_CONFINE_ADDRESSES
        if (fd == STDERR_FILENO)
            continue;
#endif
        if (fd != in)
            ok = dup2(nowhere, fd) == fd;
    }
    return ok;
}

static int close_others(int out, int in)
{
    const unsigned low = (unsigned)(out < in || in <= 2 ? out : in);
    const unsigned high = (unsigned)(out > in ? out : in);
    if (!replace_standard(in))
        return 0;
    return close_from(3, low - 1) && close_from(low + 1, high - 1) && close_from(high + 1, ~0U);
}

/* ---- limits ------------------------------------------------------------------------------- */

static int limit(int what, rlim_t most)
{
    struct rlimit now;
    if (getrlimit(what, &now) != 0)
        return 0;
    const rlim_t value = now.rlim_max < most ? now.rlim_max : most;
    return setrlimit(what, &(struct rlimit){value, value}) == 0;
}

/* Of address space, in bytes; 0: not known. */
static rlim_t space_taken(void)
{
    char text[32] = ""; /* without memory of its own */
    const int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    const ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    return n > 0 ? (rlim_t)strtoull(text, NULL, 10) * (rlim_t)sysconf(_SC_PAGESIZE) : 0;
}

/* Each heap of the C library would take 64 MB of address space for a start; the sanitizer takes
 * terabytes of it. */
static int limit_memory(rlim_t taken)
{
#ifdef AT_CONFINE_ADDRESSES
    (void)taken;
    return 1;
#else
    return taken > 0 && mallopt(M_ARENA_MAX, 2) == 1 && limit(RLIMIT_AS, taken + MEMORY_BYTES);
#endif
}

/* A file's child has what it needs open already. */
static int limit_all(at_confine_kind kind, rlim_t taken)
{
    const int file = kind == AT_CONFINE_FILE;
    return limit_memory(taken) && limit(RLIMIT_CORE, 0) && (!file || limit(RLIMIT_FSIZE, 0)) &&
           limit(RLIMIT_NOFILE, file ? 1 : LIVE_DESCRIPTORS);
}

static int drop_privileges(void)
{
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

int at_confine_possible(void)
{
#if defined AT_CONFINE_RACES
    return 0;
#elif defined AT_CONFINE_ADDRESSES
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
    const rlim_t taken = space_taken();
    held |= close_others(out, in) ? AT_HELD_DESCRIPTORS : 0;
    held |= drop_privileges() ? AT_HELD_PRIVILEGES : 0;
    held |= at_confine_files(kind) ? AT_HELD_FILES : 0;
    held |= limit_all(kind, taken) ? AT_HELD_LIMITS : 0;
    held |= at_confine_calls(kind) ? AT_HELD_CALLS : 0;
    return held;
}
