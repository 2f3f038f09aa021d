/* av_source.c - the bytes of a file, a pipe or standard input, read by us.
 *
 * FFmpeg is given these bytes and opens nothing itself, so no input can make it open a second
 * file. Its own reader would also sit in read() until something comes; this one asks interrupted
 * ten times a second.
 */
#include "media/av.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER = 32768, WAIT_MS = 100 };

static int wait_readable(const at_av_source *s)
{
    struct pollfd wait = {.fd = s->fd, .events = POLLIN};
    for (;;) {
        if (s->interrupted && s->interrupted(s->user))
            return AVERROR_EXIT;
        int ready = poll(&wait, 1, WAIT_MS);
        if (ready > 0)
            return 0;
        if (ready < 0 && errno != EINTR)
            return AVERROR(errno);
    }
}

/* Keeps the first bytes for at_av_source_head, and counts all. */
static void note_read(at_av_source *s, const uint8_t *buf, size_t n)
{
    if (s->at < (int64_t)sizeof s->first) {
        size_t at = (size_t)s->at, room = sizeof s->first - at;
        size_t part = n < room ? n : room;
        memcpy(s->first + at, buf, part);
        s->first_bytes = at + part > s->first_bytes ? at + part : s->first_bytes;
    }
    s->at += (int64_t)n;
    s->size = s->at > s->size ? s->at : s->size;
}

static int read_source(void *opaque, uint8_t *buf, int size)
{
    at_av_source *s = opaque;
    for (;;) {
        int ret = wait_readable(s);
        if (ret < 0)
            return ret;
        ssize_t n = read(s->fd, buf, (size_t)size);
        if (n > 0) {
            note_read(s, buf, (size_t)n);
            return (int)n;
        }
        if (n == 0) {
            s->ended = 1;
            return AVERROR_EOF;
        }
        if (errno != EAGAIN && errno != EINTR)
            return AVERROR(errno);
    }
}

/* By seeking, since a sandbox refuses fstat, which may be asked about other files. */
static int64_t size_of(int fd)
{
    off_t here = lseek(fd, 0, SEEK_CUR), end = lseek(fd, 0, SEEK_END);
    return here < 0 || end < 0 || lseek(fd, here, SEEK_SET) < 0 ? AVERROR(errno) : end;
}

/* Standard input may well be a file. */
static int64_t seek_source(void *opaque, int64_t offset, int whence)
{
    at_av_source *s = opaque;
    if (whence == AVSEEK_SIZE)
        return size_of(s->fd);
    off_t at = lseek(s->fd, (off_t)offset, whence & ~AVSEEK_FORCE);
    if (at < 0)
        return AVERROR(errno);
    return s->at = at;
}

int at_av_source_open(at_av_source *s, const char *path, int (*interrupted)(void *), void *user,
                      attune_error *err)
{
    struct stat st;
    int standard = strcmp(path, "-") == 0;
    /* Without O_NONBLOCK, opening a named pipe would wait for a writer. */
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0)
        return at_fail(err, ATTUNE_E_IO, "%s: %s", path, strerror(errno));
    *s = (at_av_source){.fd = fd, .owned = !standard, .interrupted = interrupted, .user = user};
    uint8_t *buffer = av_malloc(BUFFER);
    s->is_file = S_ISREG(st.st_mode);
    if (buffer)
        s->io = avio_alloc_context(buffer, BUFFER, 0, s, read_source, NULL,
                                   s->is_file ? seek_source : NULL);
    if (!s->io) {
        av_free(buffer);
        at_av_source_close(s);
        return at_fail_nomem(err);
    }
    return 0;
}

void at_av_source_close(at_av_source *s)
{
    if (s->io)
        av_freep(&s->io->buffer); /* FFmpeg may have replaced ours */
    avio_context_free(&s->io);
    if (s->owned)
        close(s->fd);
    *s = (at_av_source){0};
}

at_av_head at_av_source_head(const at_av_source *s)
{
    int64_t size = s->is_file ? avio_size(s->io) : s->size;
    return at_av_head_of(s->first, s->first_bytes, size);
}

const char at_av_index_unreachable[] =
    "an MP4 file whose index (moov) comes at its end, or not at all, cannot be read from a pipe: "
    "give the file by name";
