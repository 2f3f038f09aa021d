/* av_box_child.c - the child that reads: it is confined before it looks at the input, and then sends what
 * the reader gives. */
#include "media/av_box.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void (*at_box_misbehave)(int pipe);

enum { PIPE_BYTES = 1 << 20, STRETCHES = 512 };

/* One child has one reader, and FFmpeg's threads ask through it whether to go on. */
typedef struct at_child {
    at_box_page *page;
    int pipe;
    pid_t parent;
} at_child;

static int beat(void *user)
{
    const at_child *c = user;
    atomic_fetch_add_explicit(&c->page->beat, 1, memory_order_relaxed);
    return getppid() != c->parent;
}

/* ---- sending ------------------------------------------------------------------------------ */

/* Whoever should read is gone: so is the reason to go on. */
static size_t written(ssize_t n)
{
    if (n < 0 && errno != EINTR && errno != EAGAIN)
        _exit(1);
    return n < 0 ? 0 : (size_t)n;
}

static void send_bytes(const at_child *c, const void *data, size_t n)
{
    for (size_t done = 0; done < n;)
        done += written(write(c->pipe, (const char *)data + done, n - done));
}

static void send_rows(const at_child *c, const AVFrame *f)
{
    struct iovec stretch[STRETCHES];
    at_wire_rows rows = {.frame = f};
    for (int n; (n = at_wire_rows_at(&rows, stretch, STRETCHES)) > 0;)
        at_wire_rows_pass(&rows, written(writev(c->pipe, stretch, n)));
}

static void send_packet(const at_child *c, const at_media *m, const at_media_packet *p)
{
    at_wire_message say = {.t_us = p->t_us};
    at_av_get_info(m, &say.info);
    if (p->kind == AT_MEDIA_AUDIO) {
        say.kind = AT_WIRE_SOUND;
        say.samples = (int64_t)p->n;
        send_bytes(c, &say, sizeof say);
        send_bytes(c, p->pcm, p->n * sizeof *p->pcm);
        return;
    }
    say.kind = AT_WIRE_PICTURE;
    say.picture = (at_wire_picture){.format = p->frame->format,
                                    .w = p->frame->width,
                                    .h = p->frame->height,
                                    .range = p->frame->color_range,
                                    .space = p->frame->colorspace,
                                    .aspect_num = p->picture.aspect_num,
                                    .aspect_den = p->picture.aspect_den,
                                    .orientation = p->picture.orientation};
    send_bytes(c, &say, sizeof say);
    send_rows(c, p->frame);
}

static void send_failure(const at_child *c, const at_media *m, const attune_error *err)
{
    at_wire_message say = {.kind = AT_WIRE_FAILED, .status = err->status};
    at_av_get_info(m, &say.info);
    snprintf(say.text, sizeof say.text, "%s", err->text);
    send_bytes(c, &say, sizeof say);
}

static void send_info(const at_child *c, const at_media *m, at_wire_kind kind)
{
    at_wire_message say = {.kind = kind};
    at_av_get_info(m, &say.info);
    send_bytes(c, &say, sizeof say);
}

/* ---- its life ----------------------------------------------------------------------------- */

static void confine(at_media *m)
{
    const at_child *c = m->o.user;
    const int file = m->source.io != NULL;
    at_wire_message say = {.kind = AT_WIRE_HELD};
    if (file) /* what comes late from others should not wait in here */
        fcntl(c->pipe, F_SETPIPE_SZ, PIPE_BYTES);
    say.held =
        at_confine(file ? AT_CONFINE_FILE : AT_CONFINE_LIVE, c->pipe, file ? m->source.fd : -1);
    send_bytes(c, &say, sizeof say);
    if (at_box_misbehave)
        at_box_misbehave(c->pipe);
}

static int read_all(const at_child *c, at_media *m, const char *path, attune_error *err)
{
    at_media_packet p;
    int ret = at_av_open(m, path, err);
    if (ret < 0)
        return ret;
    send_info(c, m, AT_WIRE_OPENED);
    while ((ret = at_av_next(m, &p, err)) == 1)
        send_packet(c, m, &p);
    return ret;
}

_Noreturn void at_box_child(at_media *m, const char *path, at_box_page *page, int pipe,
                            pid_t parent)
{
    /* standard streams may have been closed, and their numbers taken; see at_confine */
    at_child c = {page, fcntl(pipe, F_DUPFD_CLOEXEC, STDERR_FILENO + 1), parent};
    attune_error err = {0};
    m->o.interrupted = beat;
    m->o.user = &c;
    m->confine = confine;
    if (read_all(&c, m, path, &err) < 0)
        send_failure(&c, m, &err);
    else
        send_info(&c, m, AT_WIRE_END);
    _exit(0);
}
