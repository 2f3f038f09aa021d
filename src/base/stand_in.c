#include "base/stand_in.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

/* From Linux 6.3 on; where memory may not be executed, nothing else is allowed. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U
#endif

static void *loaded[AT_STAND_INS];
static int count;

/* Such a file has no name that could be found or changed. -1: there is none. */
static int put_into_memory(const at_stand_in *s)
{
    int fd = memfd_create("stand-in", MFD_CLOEXEC | MFD_NOEXEC_SEAL);

    if (fd < 0 && errno == EINVAL)
        fd = memfd_create("stand-in", MFD_CLOEXEC);
    if (fd >= 0 && write(fd, s->image, s->bytes) != (ssize_t)s->bytes) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static int is_loaded(const char *soname)
{
    void *library = dlopen(soname, RTLD_LAZY | RTLD_LOCAL | RTLD_NOLOAD);

    if (library)
        dlclose(library);
    return library != NULL;
}

void at_stand_in_load(const at_stand_in *s, int n)
{
    int fd[AT_STAND_INS], missing = 0;
    char path[64];

    for (int i = 0; i < n; i++) {
        fd[i] = -1;
        if (missing || is_loaded(s[i].soname))
            continue;
        fd[i] = count < AT_STAND_INS ? put_into_memory(&s[i]) : -1;
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd[i]);
        if (fd[i] >= 0 && (loaded[count] = dlopen(path, RTLD_LAZY | RTLD_LOCAL)))
            count++;
        else
            missing = 1;
    }
    for (int i = 0; i < n; i++) /* no sooner: the loader knows them by these numbers */
        if (fd[i] >= 0)
            close(fd[i]);
    if (missing)
        at_stand_in_unload();
}

void at_stand_in_unload(void)
{
    while (count > 0)
        dlclose(loaded[--count]);
}

int at_stand_in_count(void)
{
    return count;
}
