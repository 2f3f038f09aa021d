/* fuzz.h - what the entry points share. Each is a libFuzzer program: LLVMFuzzerTestOneInput is
 * called with made-up file contents and must come back whatever they are.
 *
 * Readers take paths, so the bytes are put into a file without a name.
 */
#ifndef AT_FUZZ_FUZZ_H
#define AT_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the program when a promise of a header is broken, which libFuzzer reports with the input. */
#define FUZZ_CHECK(condition)                                                       \
    do {                                                                            \
        if (!(condition)) {                                                         \
            fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                \
        }                                                                           \
    } while (0)

/* A file without a name, empty at each call, and its path. */
static inline int fuzz_file_open(const char **path)
{
    static char name[64];
    static int fd = -1;

    if (fd < 0) {
        fd = memfd_create("fuzz", MFD_CLOEXEC);
        snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    }
    FUZZ_CHECK(fd >= 0 && ftruncate(fd, 0) == 0);
    *path = name;
    return fd;
}

/* A path whose file holds the bytes, until the next call. */
static inline const char *fuzz_file(const uint8_t *data, size_t size)
{
    const char *path;
    const int fd = fuzz_file_open(&path);

    FUZZ_CHECK(pwrite(fd, data, size, 0) == (ssize_t)size);
    return path;
}

#endif
