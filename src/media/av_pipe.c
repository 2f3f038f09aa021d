#include "media/av.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER = 32768, WAIT_MS = 100 };

int at_av_pipe_wanted(const char *path)
{
    struct stat st;
    return strcmp(path, "-") == 0 || (stat(path, &st) == 0 && S_ISFIFO(st.st_mode));
}

static int read_pipe(void *opaque, uint8_t *buf, int size)
{
    const at_av_pipe *p = opaque;
    struct pollfd wait = {.fd = p->fd, .events = POLLIN};
    for (;;) {
        if (p->interrupted && p->interrupted(p->user))
            return AVERROR_EXIT;
        int ready = poll(&wait, 1, WAIT_MS);
        if (ready == 0 || (ready < 0 && errno == EINTR))
            continue;
        ssize_t n = ready < 0 ? -1 : read(p->fd, buf, (size_t)size);
        if (n > 0)
            return (int)n;
        if (n == 0)
            return AVERROR_EOF;
        if (errno != EAGAIN && errno != EINTR)
            return AVERROR(errno);
    }
}

/* Standard input may well be a file. */
static int64_t seek_pipe(void *opaque, int64_t offset, int whence)
{
    const at_av_pipe *p = opaque;
    struct stat st;
    if (whence == AVSEEK_SIZE)
        return fstat(p->fd, &st) == 0 ? (int64_t)st.st_size : AVERROR(errno);
    off_t at = lseek(p->fd, (off_t)offset, whence & ~AVSEEK_FORCE);
    return at < 0 ? AVERROR(errno) : (int64_t)at;
}

int at_av_pipe_open(at_av_pipe *p, const char *path, int (*interrupted)(void *), void *user,
                    attune_error *err)
{
    struct stat st;
    int standard = strcmp(path, "-") == 0;
    /* Without O_NONBLOCK, opening would wait for a writer. */
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0)
        return at_fail(err, ATTUNE_E_IO, "%s: %s", path, strerror(errno));
    *p = (at_av_pipe){.fd = fd, .owned = !standard, .interrupted = interrupted, .user = user};
    uint8_t *buffer = av_malloc(BUFFER);
    if (buffer)
        p->io = avio_alloc_context(buffer, BUFFER, 0, p, read_pipe, NULL,
                                   S_ISREG(st.st_mode) ? seek_pipe : NULL);
    if (!p->io) {
        av_free(buffer);
        at_av_pipe_close(p);
        return at_fail_nomem(err);
    }
    return 0;
}

void at_av_pipe_close(at_av_pipe *p)
{
    if (p->io)
        av_freep(&p->io->buffer); /* FFmpeg may have replaced ours */
    avio_context_free(&p->io);
    if (p->owned)
        close(p->fd);
    *p = (at_av_pipe){0};
}
