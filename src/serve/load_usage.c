#include "serve/load_usage.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static double seconds_of(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double resident_mb(void)
{
    long all = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");

    if (f && fscanf(f, "%ld %ld", &all, &resident) != 2)
        resident = 0;
    if (f)
        fclose(f);
    return (double)resident * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

static int open_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int n = -3; /* this folder's own, "." and ".." */

    while (folder && readdir(folder))
        n++;
    if (folder)
        closedir(folder);
    return n > 0 ? n : 0;
}

/* ---- children ------------------------------------------------------------------------------ */

/* proc(5), fields 14 and 15, behind a name that may hold anything. */
static double child_seconds(const char *pid)
{
    char path[64], line[1024];
    unsigned long user = 0, system = 0;
    snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
    FILE *f = fopen(path, "r");
    const char *rest = f && fgets(line, sizeof line, f) ? strrchr(line, ')') : NULL;

    if (rest &&
        sscanf(rest, ") %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %lu %lu", &user, &system) != 2)
        user = system = 0;
    if (f)
        fclose(f);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static double child_mb(const char *pid)
{
    char path[64], line[256];
    long kb, all = 0;
    snprintf(path, sizeof path, "/proc/%.20s/smaps_rollup", pid);
    FILE *f = fopen(path, "r");

    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "Private_Clean: %ld", &kb) == 1 ||
            sscanf(line, "Private_Dirty: %ld", &kb) == 1)
            all += kb;
    if (f)
        fclose(f);
    return (double)all * 1024 / 1e6;
}

/* Of the thread with that number. */
static void add_children(at_load_usage *u, const char *thread)
{
    char path[64], pid[24];
    snprintf(path, sizeof path, "/proc/self/task/%.20s/children", thread);
    FILE *f = fopen(path, "r");

    while (f && fscanf(f, "%23s", pid) == 1) {
        u->seconds += child_seconds(pid);
        u->mb += child_mb(pid);
    }
    if (f)
        fclose(f);
}

void at_load_usage_now(at_load_usage *out)
{
    DIR *threads = opendir("/proc/self/task");
    struct dirent *thread;

    *out = (at_load_usage){.seconds = seconds_of(CLOCK_PROCESS_CPUTIME_ID) -
                                      seconds_of(CLOCK_THREAD_CPUTIME_ID),
                           .mb = resident_mb(),
                           .descriptors = open_descriptors()};
    while (threads && (thread = readdir(threads)))
        if (thread->d_name[0] != '.')
            add_children(out, thread->d_name);
    if (threads)
        closedir(threads);
}
