#include "media/av_box.h"

#include "base/error.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

double at_box_patience_s = 60;

enum { WAIT_MS = 100, STRETCHES = 512 };

struct at_box {
    const char *path; /* the reader's */
    int (*interrupted)(void *user);
    void *user;
    pid_t pid; /* 0: there is none (any more) */
    int pipe;
    at_box_page *page;
    at_wire_state state;
    at_media_info info;
    at_av_picture picture;
    float pcm[AT_AV_PIECE];
    int ended, result; /* result: what every later call returns */
    attune_error failure;
};

/* ---- the end of a child ------------------------------------------------------------------- */

/* How it ended, as waitpid tells it; -1: somebody else was told. */
static int reap(at_box *b)
{
    int status = -1;
    if (b->pid > 0) {
        kill(b->pid, SIGKILL);
        while (waitpid(b->pid, &status, 0) < 0 && errno == EINTR)
            continue;
    }
    b->pid = 0;
    return status;
}

static int fail_for_good(at_box *b, const attune_error *why, attune_error *err)
{
    b->ended = 1;
    b->failure = *why;
    b->result = (int)why->status;
    if (err)
        *err = *why;
    return b->result;
}

static int give_up(at_box *b, const char *what, attune_error *err)
{
    attune_error why;
    reap(b);
    at_fail(&why, ATTUNE_E_FORMAT, "%s: %s", b->path, what);
    return fail_for_good(b, &why, err);
}

static int say_fault(at_box *b, const char *fault, attune_error *err)
{
    attune_error why;
    reap(b);
    at_fail(&why, ATTUNE_E_FORMAT, "%s: the decoder said what makes no sense (%s)", b->path, fault);
    return fail_for_good(b, &why, err);
}

/* The pipe has ended, and not with a message that says so. */
static int say_death(at_box *b, attune_error *err)
{
    attune_error why;
    int status = -1;
    while (b->pid > 0 && waitpid(b->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    b->pid = 0;
    if (status != -1 && WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
        at_fail(&why, ATTUNE_E_FORMAT, "%s: the decoder did something that it must not (SIGSYS)",
                b->path);
    else if (status != -1 && WIFSIGNALED(status))
        at_fail(&why, ATTUNE_E_FORMAT, "%s: the decoder broke down (signal %d)", b->path,
                WTERMSIG(status));
    else
        at_fail(&why, ATTUNE_E_FORMAT, "%s: the decoder ended without a word", b->path);
    return fail_for_good(b, &why, err);
}

/* ---- hearing ------------------------------------------------------------------------------ */

/* Until there is something to read. */
static int await(at_box *b, attune_error *err)
{
    struct pollfd wait = {.fd = b->pipe, .events = POLLIN};
    unsigned beat = atomic_load(&b->page->beat);
    double silent_s = 0; /* while we looked: a laptop may have slept */
    for (;;) {
        if (b->interrupted && b->interrupted(b->user))
            return at_fail(err, ATTUNE_E_INTERRUPTED, "%s: interrupted", b->path);
        const int ready = poll(&wait, 1, WAIT_MS);
        if (ready > 0)
            return 1;
        if (ready < 0 && errno != EINTR)
            return at_fail(err, ATTUNE_E_IO, "%s: %s", b->path, strerror(errno));
        const unsigned now = atomic_load(&b->page->beat);
        silent_s = now != beat ? 0 : silent_s + (ready == 0 ? WAIT_MS / 1e3 : 0);
        beat = now;
        if (silent_s >= at_box_patience_s)
            return give_up(b, "the decoder takes too long", err);
    }
}

/* 1: *n is what came, of what was asked for. Once something was heard, what is to follow has to come: there
 * is no coming back to the middle of a message. */
static int hear(at_box *b, const struct iovec *stretch, int stretches, size_t *n, attune_error *err)
{
    attune_error why = {0};
    for (;;) {
        int ret = await(b, &why);
        if (ret < 0 && !b->ended)
            return reap(b), fail_for_good(b, &why, err);
        if (ret < 0)
            return fail_for_good(b, &why, err);
        const ssize_t got = readv(b->pipe, stretch, stretches);
        if (got == 0)
            return say_death(b, err);
        if (got < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (got < 0)
            return give_up(b, strerror(errno), err);
        *n = (size_t)got;
        return 1;
    }
}

static int hear_bytes(at_box *b, void *data, size_t size, attune_error *err)
{
    for (size_t done = 0, n = 0; done < size; done += n) {
        struct iovec rest = {(char *)data + done, size - done};
        int ret = hear(b, &rest, 1, &n, err);
        if (ret < 0)
            return ret;
    }
    return 1;
}

static int hear_rows(at_box *b, AVFrame *f, attune_error *err)
{
    struct iovec stretch[STRETCHES];
    at_wire_rows rows = {.frame = f};
    for (int n; (n = at_wire_rows_at(&rows, stretch, STRETCHES)) > 0;) {
        size_t got = 0;
        int ret = hear(b, stretch, n, &got, err);
        if (ret < 0)
            return ret;
        at_wire_rows_pass(&rows, got);
    }
    return 1;
}

/* The next message, which makes sense. An interruption before its first byte leaves everything as it
 * is. */
static int hear_message(at_box *b, at_wire_message *m, attune_error *err)
{
    attune_error why = {0};
    int ret = await(b, &why);
    if (ret < 0) {
        if (err)
            *err = why;
        return ret;
    }
    ret = hear_bytes(b, m, sizeof *m, err);
    const char *fault = ret < 0 ? NULL : at_wire_fault(&b->state, m);
    return fault ? say_fault(b, fault, err) : ret;
}

/* ---- what it comes to --------------------------------------------------------------------- */

static int take_picture(at_box *b, const at_wire_message *m, at_media_packet *out,
                        attune_error *err)
{
    const at_wire_picture *p = &m->picture;
    if (!at_av_picture_renew(&b->picture, p->format, p->w, p->h)) {
        attune_error why;
        at_fail_nomem(&why);
        reap(b);
        return fail_for_good(b, &why, err);
    }
    AVFrame *f = b->picture.converted;
    int ret = hear_rows(b, f, err);
    if (ret < 0)
        return ret;
    f->color_range = p->range;
    f->colorspace = p->space;
    *out = (at_media_packet){.kind = AT_MEDIA_VIDEO, .t_us = m->t_us};
    ret = at_av_picture_lend(&b->picture, f, (AVRational){p->aspect_num, p->aspect_den},
                             at_turn_of(p->orientation), b->path, out, err);
    return ret < 0 ? ret : 1;
}

static int take_sound(at_box *b, const at_wire_message *m, at_media_packet *out, attune_error *err)
{
    const size_t n = (size_t)m->samples;
    int ret = hear_bytes(b, b->pcm, n * sizeof *b->pcm, err);
    if (ret < 0)
        return ret;
    const char *fault = at_wire_sound_fault(b->pcm, m->samples);
    if (fault)
        return say_fault(b, fault, err);
    *out = (at_media_packet){.kind = AT_MEDIA_AUDIO, .t_us = m->t_us, .pcm = b->pcm, .n = n};
    return 1;
}

static int take_failure(at_box *b, const at_wire_message *m, attune_error *err)
{
    attune_error why;
    reap(b);
    at_fail(&why, m->status, "%s", m->text);
    return fail_for_good(b, &why, err);
}

int at_box_next(at_box *b, at_media_packet *out, attune_error *err)
{
    at_wire_message m;
    if (b->ended) {
        if (b->result < 0 && err)
            *err = b->failure;
        return b->result;
    }
    int ret = hear_message(b, &m, err);
    if (ret < 0)
        return ret;
    b->info = m.info;
    switch (m.kind) {
    case AT_WIRE_PICTURE: return take_picture(b, &m, out, err);
    case AT_WIRE_SOUND: return take_sound(b, &m, out, err);
    case AT_WIRE_FAILED: return take_failure(b, &m, err);
    default:
        reap(b);
        b->ended = 1;
        return b->result = 0;
    }
}

void at_box_get_info(const at_box *b, at_media_info *out)
{
    *out = b->info;
}

/* ---- its beginning ------------------------------------------------------------------------ */

/* HELD, then OPENED, or FAILED. */
static int hear_beginning(at_box *b, attune_error *err)
{
    at_wire_message m;
    do {
        int ret = hear_message(b, &m, err);
        if (ret < 0)
            return ret;
        if (m.kind == AT_WIRE_FAILED)
            return take_failure(b, &m, err);
    } while (m.kind != AT_WIRE_OPENED);
    b->info = m.info;
    return 0;
}

/* Signals are the program's, whose handlers must not run in the child. */
static int fork_child(at_box *b, const at_media *m, const char *path, attune_error *err)
{
    const pid_t parent = getpid();
    sigset_t all, before;
    int end[2];
    if (pipe2(end, O_CLOEXEC) != 0)
        return at_fail(err, ATTUNE_E_IO, "%s: no pipe to a decoder: %s", b->path, strerror(errno));
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    b->pid = fork();
    if (b->pid == 0) {
        at_media own = {.path = m->path, .o = m->o};
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == parent)
            at_box_child(&own, path, b->page, end[1], parent);
        raise(SIGKILL);
    }
    const int why = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(end[1]);
    b->pipe = end[0];
    if (b->pid > 0)
        return 0;
    b->pid = 0;
    return at_fail(err, ATTUNE_E_IO, "%s: no process for a decoder: %s", b->path, strerror(why));
}

int at_box_open(at_box **out, const at_media *m, const char *path, attune_error *err)
{
    at_box *b = *out = at_calloc(1, sizeof *b);
    if (!b)
        return at_fail_nomem(err);
    *b = (at_box){.path = m->path,
                  .interrupted = m->o.interrupted,
                  .user = m->o.user,
                  .pipe = -1,
                  .state = {.last_frame_us = -1, .max_pixels = m->o.max_pixels}};
    b->page =
        mmap(NULL, sizeof *b->page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (b->page == MAP_FAILED) {
        b->page = NULL;
        return at_fail_nomem(err);
    }
    int ret = fork_child(b, m, path, err);
    return ret < 0 ? ret : hear_beginning(b, err);
}

void at_box_free(at_box **box)
{
    at_box *b = *box;
    if (!b)
        return;
    reap(b);
    if (b->pipe >= 0)
        close(b->pipe);
    if (b->page)
        munmap(b->page, sizeof *b->page);
    at_av_picture_free(&b->picture);
    at_free(b);
    *box = NULL;
}
