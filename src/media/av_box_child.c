/* av_box_child.c - the child that reads: it is confined before it looks at the input, and then sends what
 * the reader gives. */
#include "media/av_box.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

void (*at_box_misbehave)(const at_box_ends *ends);

enum { WAIT_MS = 100, LITTLE_BYTES = 32 << 20 };

/* One child has one reader, and FFmpeg's threads ask through it whether to go on. */
typedef struct at_child {
    at_box_ends ends;
    size_t slot_bytes;
    size_t weighed; /* bytes of slots that stand in the limit of memory */
    int slots;
    unsigned busy; /* bits of the slots that the parent has */
    int fed;       /* something was given, and not yet taken */
} at_child;

static int beat(void *user)
{
    const at_child *c = user;
    atomic_fetch_add_explicit(&c->ends.shared->beat, 1, memory_order_relaxed);
    return getppid() != c->ends.parent;
}

/* Whoever should hear it is gone: so is the reason to go on. */
static size_t moved(ssize_t n)
{
    if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
        _exit(1);
    return n < 0 ? 0 : (size_t)n;
}

static void send_bytes(const at_child *c, const void *data, size_t n)
{
    for (size_t done = 0; done < n;)
        done += moved(write(c->ends.socket, (const char *)data + done, n - done));
}

/* ---- slots -------------------------------------------------------------------------------- */

/* The parent says the number of each slot that it is done with, and when it has given something. */
static void hear_of_slots(at_child *c)
{
    struct pollfd wait = {.fd = c->ends.socket, .events = POLLIN};
    unsigned char said[AT_WIRE_SLOTS];
    while (poll(&wait, 1, WAIT_MS) <= 0)
        if (beat(c))
            _exit(1);
    const size_t n = moved(read(c->ends.socket, said, sizeof said));
    for (size_t i = 0; i < n; i++)
        if (said[i] == AT_BOX_FED)
            c->fed = 1;
        else
            c->busy &= ~(1U << said[i]);
}

/* The limit of memory does not count what is shared: so many bytes of it that nobody touches stand for the slots. */
static int weigh_slots(at_child *c, size_t bytes)
{
    if (bytes <= c->weighed)
        return 1;
    if (mmap(NULL, bytes - c->weighed, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) == MAP_FAILED)
        return 0;
    c->weighed = bytes;
    return 1;
}

static int free_slot(at_child *c, size_t bytes)
{
    int slot = 0;
    while (c->slot_bytes != bytes && c->busy)
        hear_of_slots(c);
    c->slot_bytes = bytes;
    c->slots = at_wire_slots(bytes, c->ends.bytes);
    while (c->busy == (1U << c->slots) - 1)
        hear_of_slots(c);
    while (c->busy & 1U << slot)
        slot++;
    c->busy |= 1U << slot;
    return slot;
}

/* Copies f, which is the decoder's, into a slot. 0: that would be too much memory. */
static int place_picture(at_child *c, const AVFrame *f, at_wire_picture *out)
{
    const size_t bytes = at_wire_slot_bytes(f->format, f->width, f->height);
    AVFrame to = {.format = f->format, .width = f->width, .height = f->height};
    out->slot = free_slot(c, bytes);
    out->slots = c->slots;
    if (!weigh_slots(c, bytes * (size_t)c->slots))
        return 0;
    out->offset = (int64_t)bytes * out->slot;
    at_wire_place(&to, (uint8_t *)c->ends.shared + AT_BOX_HEAD + out->offset);
    av_image_copy(to.data, to.linesize, (const uint8_t **)(void *)f->data, f->linesize, f->format,
                  f->width, f->height);
    return 1;
}

/* ---- sending ------------------------------------------------------------------------------ */

static int send_sound(const at_child *c, at_wire_message *say, const at_media_packet *p)
{
    say->kind = AT_WIRE_SOUND;
    say->samples = (int64_t)p->n;
    send_bytes(c, say, sizeof *say);
    send_bytes(c, p->pcm, p->n * sizeof *p->pcm);
    return 0;
}

static int send_picture(at_child *c, at_wire_message *say, const at_media_packet *p)
{
    say->kind = AT_WIRE_PICTURE;
    say->picture = (at_wire_picture){.format = p->frame->format,
                                     .w = p->frame->width,
                                     .h = p->frame->height,
                                     .range = p->frame->color_range,
                                     .space = p->frame->colorspace,
                                     .aspect_num = p->picture.aspect_num,
                                     .aspect_den = p->picture.aspect_den,
                                     .orientation = p->picture.orientation};
    if (!place_picture(c, p->frame, &say->picture))
        return ATTUNE_E_NOMEM;
    send_bytes(c, say, sizeof *say);
    return 0;
}

static int send_packet(at_child *c, const at_media *m, const at_media_packet *p)
{
    at_wire_message say = {.t_us = p->t_us};
    at_av_get_info(m, &say.info);
    return p->kind == AT_MEDIA_AUDIO ? send_sound(c, &say, p) : send_picture(c, &say, p);
}

/* Whether the limit may be why: FFmpeg then takes what it has no room for as damaged. */
static int is_full(void)
{
    void *p = mmap(NULL, LITTLE_BYTES, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        return 1;
    munmap(p, LITTLE_BYTES);
    return 0;
}

static void send_failure(const at_child *c, const at_media *m, const attune_error *err)
{
    at_wire_message say = {.kind = AT_WIRE_FAILED, .status = err->status};
    at_av_get_info(m, &say.info);
    if (err->status == ATTUNE_E_NOMEM || (err->status == ATTUNE_E_FORMAT && is_full()))
        snprintf(
            say.text, sizeof say.text,
            "%s: out of memory: decoding it takes more memory than the %d MB that an input may "
            "have, or than there is",
            m->path, AT_CONFINE_MB);
    else
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
    at_wire_message say = {.kind = AT_WIRE_HELD};
    if (c->ends.given)
        say.held = at_confine(AT_CONFINE_FILE, c->ends.socket, -1);
    else if (m->source.io)
        say.held = at_confine(AT_CONFINE_FILE, c->ends.socket, m->source.fd);
    else if (m->device)
        say.held = at_confine(AT_CONFINE_DEVICE, c->ends.socket, -1);
    else
        say.held = at_confine(c->ends.line >= 0 ? AT_CONFINE_HOST : AT_CONFINE_NETWORK,
                              c->ends.socket, c->ends.line);
    send_bytes(c, &say, sizeof say);
    if (at_box_misbehave)
        at_box_misbehave(&c->ends);
}

static int read_all(at_child *c, at_media *m, const char *path, attune_error *err)
{
    at_media_packet p;
    int ret = at_av_open(m, path, err);
    if (ret < 0)
        return ret;
    send_info(c, m, AT_WIRE_OPENED);
    while ((ret = at_av_next(m, &p, err)) == 1)
        if (send_packet(c, m, &p) < 0)
            return at_fail_nomem(err);
    return ret;
}

/* One JPEG of those that are given. */
static int send_given(at_child *c, at_media *m, int64_t t_us, attune_error *err)
{
    const at_box_given *g = c->ends.given;
    at_media_packet p = {.kind = AT_MEDIA_VIDEO, .t_us = t_us};
    AVFrame *frame = av_frame_alloc();
    int ret = frame ? at_av_load_jpeg(g->data, g->size, g->max_w, g->max_h, frame, err)
                    : at_fail_nomem(err);
    if (ret >= 0)
        ret = at_av_lend_jpeg(&m->picture, frame, &p, err);
    if (ret >= 0 && send_packet(c, m, &p) < 0)
        ret = at_fail_nomem(err);
    av_frame_free(&frame);
    return ret;
}

/* Until the parent goes. */
static int decode_given(at_child *c, at_media *m, attune_error *err)
{
    int ret = 0;
    confine(m);
    send_info(c, m, AT_WIRE_OPENED);
    for (int64_t t_us = 0; ret >= 0; t_us++) {
        while (!c->fed)
            hear_of_slots(c);
        c->fed = 0;
        ret = send_given(c, m, t_us, err);
    }
    return ret;
}

_Noreturn void at_box_child(at_media *m, const char *path, const at_box_ends *ends)
{
    at_child c = {.ends = *ends};
    attune_error err = {0};
    /* standard streams may have been closed, and their numbers taken; see at_confine */
    c.ends.socket = fcntl(ends->socket, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (ends->line >= 0)
        c.ends.line = fcntl(ends->line, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    m->o.interrupted = beat;
    m->o.user = &c;
    m->confine = confine;
    const int ret = ends->given ? decode_given(&c, m, &err) : read_all(&c, m, path, &err);
    if (ret < 0)
        send_failure(&c, m, &err);
    else
        send_info(&c, m, AT_WIRE_END);
    _exit(0);
}

_Noreturn void at_box_child_ahead(at_media *m, const char *path, const at_box_ends *ends)
{
    attune_error err = {0};
    if (at_av_enter_to_decode(&err) >= 0)
        at_box_child(m, path, ends);
    send_failure(&(at_child){.ends = *ends}, m, &err);
    _exit(0);
}
