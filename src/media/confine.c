/* confine.c - limits, privileges; and the order of it all. */
#include "media/confine.h"

#include "media/usher.h"

#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* Beyond what the program that was forked takes: the decoder's 400 MB of pictures, 64 MB of packets, the
 * stacks of 64 threads, and room. */
#define MEMORY_BYTES (INT64_C(3) << 29)

enum { LIVE_DESCRIPTORS = 256 };

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
    long long pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (f && fscanf(f, "%lld", &pages) != 1)
        pages = 0;
    if (f)
        fclose(f);
    return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
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
    held |= at_confine_descriptors(out, in) ? AT_HELD_DESCRIPTORS : 0;
    if (kind == AT_CONFINE_HOST && !at_usher_show_memory(in))
        kind = AT_CONFINE_NETWORK;
    held |= drop_privileges() ? AT_HELD_PRIVILEGES : 0;
    held |= at_confine_files(kind);
    held |= limit_all(kind, taken) ? AT_HELD_LIMITS : 0;
    held |= at_confine_calls(kind, in);
    return held;
}
