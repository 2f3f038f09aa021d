/* confine_descriptors.c - which descriptors stay open. */
#include "media/confine.h"

#include "base/sanitized.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MOST_DESCRIPTORS = 65536 };

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
#if AT_ADDRESS_SANITIZED
        if (fd == STDERR_FILENO)
            continue;
#endif
        if (fd != in)
            ok = dup2(nowhere, fd) == fd;
    }
    return ok;
}

int at_confine_descriptors(int out, int in)
{
    const unsigned low = (unsigned)(out < in || in <= 2 ? out : in);
    const unsigned high = (unsigned)(out > in ? out : in);
    if (!replace_standard(in))
        return 0;
    return close_from(3, low - 1) && close_from(low + 1, high - 1) && close_from(high + 1, ~0U);
}
