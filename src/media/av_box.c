#include "media/av_box.h"

#include "base/error.h"
#include "base/mem.h"
#include "media/usher.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

double at_box_patience_s = 60;

enum { WAIT_MS = 100 };

typedef struct at_lease {
    struct at_lent *lent;
    unsigned char slot;
} at_lease;

/* The shared memory and the socket, for as long as the reader or a picture of its needs them. */
typedef struct at_lent {
    pthread_mutex_t lock;
    at_box_shared *shared;
    size_t bytes; /* with the head */
    int socket;   /* -1: the reader is gone */
    int users;    /* the reader, and each picture that is out */
    int slots;    /* as the latest picture says */
    at_lease lease[AT_WIRE_SLOTS];
} at_lent;

struct at_box {
    const char *path; /* the reader's */
    int (*interrupted)(void *user);
    void *user;
    at_box_given *given; /* or NULL */
    size_t given_bytes;  /* with its head */
    pid_t pid;           /* 0: there is none (any more) */
    at_usher usher;
    at_lent *lent;
    at_wire_state state;
    unsigned held;
    at_media_info info;
    at_av_picture picture;
    AVFrame *frame;
    float pcm[AT_AV_PIECE];
    int ended, result; /* result: what every later call returns */
    attune_error failure;
};

/* ---- slots that are lent ------------------------------------------------------------------ */

static void lent_free(at_lent *l)
{
    if (l->shared)
        munmap(l->shared, l->bytes);
    pthread_mutex_destroy(&l->lock);
    at_free(l);
}

static void lent_leave(at_lent *l)
{
    pthread_mutex_lock(&l->lock);
    const int users = --l->users;
    pthread_mutex_unlock(&l->lock);
    if (users == 0)
        lent_free(l);
}

/* Called where the last reference goes, on any thread. The child has it again, if there is one that listens. */
static void release(void *opaque, uint8_t *data)
{
    const at_lease *lease = opaque;
    at_lent *l = lease->lent;
    (void)data;
    pthread_mutex_lock(&l->lock);
    if (l->socket >= 0)
        send(l->socket, &lease->slot, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    pthread_mutex_unlock(&l->lock);
    lent_leave(l);
}

/* f over a slot, of which at_wire_fault said nothing. */
static int lend(at_lent *l, const at_wire_picture *p, AVFrame *f)
{
    uint8_t *slot = (uint8_t *)l->shared + AT_BOX_HEAD + p->offset;
    const size_t bytes = at_wire_slot_bytes(p->format, p->w, p->h);
    f->format = p->format;
    f->width = p->w;
    f->height = p->h;
    f->color_range = p->range;
    f->colorspace = p->space;
    f->opaque = l;
    at_wire_place(f, slot);
    f->buf[0] = av_buffer_create(slot, bytes, release, &l->lease[p->slot], AV_BUFFER_FLAG_READONLY);
    if (!f->buf[0])
        return 0;
    pthread_mutex_lock(&l->lock);
    l->users++;
    l->slots = p->slots;
    pthread_mutex_unlock(&l->lock);
    return 1;
}

int at_box_is_last(const AVFrame *f)
{
    at_lent *l = f->opaque;
    if (!l)
        return 0;
    pthread_mutex_lock(&l->lock);
    const int last = l->slots > 1 && l->users - 1 >= l->slots;
    pthread_mutex_unlock(&l->lock);
    return last;
}

/* Memory of this process and its child; NULL: none. */
static void *share(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

static at_lent *lent_new(size_t bytes)
{
    at_lent *l = at_calloc(1, sizeof *l);
    if (!l)
        return NULL;
    pthread_mutex_init(&l->lock, NULL);
    l->users = 1;
    l->socket = -1;
    for (int i = 0; i < AT_WIRE_SLOTS; i++)
        l->lease[i] = (at_lease){l, (unsigned char)i};
    l->bytes = AT_BOX_HEAD + bytes;
    l->shared = share(l->bytes);
    if (l->shared)
        return l;
    lent_free(l);
    return NULL;
}

/* From now on it is the child's to write, and no other child's to see. */
static int lent_close_to_others(const at_lent *l)
{
    return madvise(l->shared, l->bytes, MADV_DONTFORK) == 0 &&
           mprotect(l->shared, l->bytes, PROT_READ) == 0;
}

static void lent_hang_up(at_lent *l)
{
    pthread_mutex_lock(&l->lock);
    if (l->socket >= 0)
        close(l->socket);
    l->socket = -1;
    pthread_mutex_unlock(&l->lock);
}

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

/* The socket has ended, and not with a message that says so. */
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
    struct pollfd wait = {.fd = b->lent->socket, .events = POLLIN};
    unsigned beat = atomic_load(&b->lent->shared->beat);
    double silent_s = 0; /* while we looked: a laptop may have slept */
    for (;;) {
        if (b->interrupted && b->interrupted(b->user))
            return at_fail(err, ATTUNE_E_INTERRUPTED, "%s: interrupted", b->path);
        const int ready = poll(&wait, 1, WAIT_MS);
        if (ready > 0)
            return 1;
        if (ready < 0 && errno != EINTR)
            return at_fail(err, ATTUNE_E_IO, "%s: %s", b->path, strerror(errno));
        const unsigned now = atomic_load(&b->lent->shared->beat);
        silent_s = now != beat ? 0 : silent_s + (ready == 0 ? WAIT_MS / 1e3 : 0);
        beat = now;
        if (silent_s >= at_box_patience_s)
            return give_up(b, "the decoder takes too long", err);
    }
}

/* All of it: once a message has begun there is no way back before it. */
static int hear_bytes(at_box *b, void *data, size_t size, attune_error *err)
{
    attune_error why = {0};
    for (size_t done = 0; done < size;) {
        int ret = await(b, &why);
        if (ret < 0)
            return reap(b), fail_for_good(b, &why, err);
        const ssize_t n = read(b->lent->socket, (char *)data + done, size - done);
        if (n == 0 || (n < 0 && errno == ECONNRESET))
            return say_death(b, err);
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            return give_up(b, strerror(errno), err);
        done += n > 0 ? (size_t)n : 0;
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
    if (!lend(b->lent, p, b->frame)) {
        attune_error why;
        at_fail_nomem(&why);
        reap(b);
        return fail_for_good(b, &why, err);
    }
    *out = (at_media_packet){.kind = AT_MEDIA_VIDEO, .t_us = m->t_us};
    int ret = at_av_picture_lend(&b->picture, b->frame, (AVRational){p->aspect_num, p->aspect_den},
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
    attune_error why = {.status = m->status}; /* in its words, even where it had no memory */
    reap(b);
    snprintf(why.text, sizeof why.text, "%s", m->text);
    return fail_for_good(b, &why, err);
}

/* What holds it the child told before it looked at anything. */
static void note_info(at_box *b, const at_wire_message *m)
{
    b->info = m->info;
    b->info.held = b->held;
}

int at_box_next(at_box *b, at_media_packet *out, attune_error *err)
{
    at_wire_message m;
    if (b->ended) {
        if (b->result < 0 && err)
            *err = b->failure;
        return b->result;
    }
    av_frame_unref(b->frame);
    int ret = hear_message(b, &m, err);
    if (ret < 0)
        return ret;
    note_info(b, &m);
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
        if (m.kind == AT_WIRE_HELD)
            b->held = m.held & AT_HELD_ALL;
    } while (m.kind != AT_WIRE_OPENED);
    note_info(b, &m);
    return 0;
}

typedef void at_box_life(at_media *m, const char *path, const at_box_ends *ends);

/* Signals are the program's, whose handlers must not run in the child. */
static int fork_child(at_box *b, const at_media *m, const char *path, at_box_life *life,
                      attune_error *err)
{
    const pid_t parent = getpid();
    sigset_t all, before;
    int end[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, end) != 0)
        return at_fail(err, ATTUNE_E_IO, "%s: no socket to a decoder: %s", b->path,
                       strerror(errno));
    b->lent->socket = end[0];
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    b->pid = at_av_fork();
    if (b->pid == 0) {
        at_media own = {.path = m->path, .o = m->o};
        const at_box_ends ends = {.shared = b->lent->shared,
                                  .given = b->given,
                                  .bytes = b->state.shared_bytes,
                                  .socket = end[1],
                                  .line = b->usher.line,
                                  .parent = parent};
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(end[0]);
        if (getppid() == parent)
            life(&own, path, &ends);
        raise(SIGKILL);
    }
    const int why = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(end[1]);
    if (b->pid > 0 && lent_close_to_others(b->lent))
        return 0;
    b->pid = b->pid > 0 ? b->pid : 0;
    return at_fail(err, ATTUNE_E_IO, "%s: no process for a decoder: %s", b->path, strerror(why));
}

static int prepare(at_box **out, int64_t max_pixels, attune_error *err)
{
    at_box *b = *out = at_calloc(1, sizeof *b);
    if (!b)
        return at_fail_nomem(err);
    const size_t bytes = at_wire_shared_bytes(max_pixels);
    *b = (at_box){.path = "",
                  .usher = {0, -1},
                  .state = {.last_frame_us = -1, .max_pixels = max_pixels, .shared_bytes = bytes}};
    b->lent = lent_new(bytes);
    return b->lent ? 0 : at_fail_nomem(err);
}

static int prepare_for(at_box *b, const at_media *m, attune_error *err)
{
    b->path = m->path;
    b->interrupted = m->o.interrupted;
    b->user = m->o.user;
    b->frame = av_frame_alloc();
    return b->frame ? 0 : at_fail_nomem(err);
}

int at_box_open(at_box **out, const at_media *m, const char *path, attune_error *err)
{
    int ret = prepare(out, m->o.max_pixels, err);
    at_box *b = *out;
    ret = ret < 0 ? ret : prepare_for(b, m, err);
    if (ret < 0)
        return ret;
    if (m->o.live)
        at_usher_start(&b->usher, path);
    ret = fork_child(b, m, path, at_box_child, err);
    at_usher_leave(&b->usher);
    return ret < 0 ? ret : hear_beginning(b, err);
}

int at_box_start(at_box **out, const at_media *m, const char *path, attune_error *err)
{
    const int ret = prepare(out, m->o.max_pixels, err);
    return ret < 0 ? ret : fork_child(*out, m, path, at_box_child_ahead, err);
}

/* Not by a fault of its own: it has run out of memory that others took, or of the thread that it is of. */
static int was_killed(const at_box *b)
{
    siginfo_t end = {0};
    return waitid(P_PID, (id_t)b->pid, &end, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           end.si_pid == b->pid && end.si_code == CLD_KILLED && end.si_status == SIGKILL;
}

int at_box_begin(at_box *b, const at_media *m, attune_error *err)
{
    const int ret = prepare_for(b, m, err);
    if (ret < 0)
        return ret;
    if (was_killed(b))
        return at_fail(err, ATTUNE_E_STATE, "%s: the decoder was killed", b->path);
    return hear_beginning(b, err);
}

int at_box_open_fed(at_box **out, const at_media *m, const at_media_jpegs_options *o,
                    attune_error *err)
{
    int ret = prepare(out, m->o.max_pixels, err);
    at_box *b = *out;
    ret = ret < 0 ? ret : prepare_for(b, m, err);
    if (ret < 0)
        return ret;
    b->given_bytes = sizeof *b->given + o->max_bytes;
    b->given = share(b->given_bytes);
    if (!b->given)
        return at_fail_nomem(err);
    b->given->max_w = o->max_w;
    b->given->max_h = o->max_h;
    ret = fork_child(b, m, NULL, at_box_child, err);
    if (ret == 0 && madvise(b->given, b->given_bytes, MADV_DONTFORK) != 0)
        ret = at_fail(err, ATTUNE_E_IO, "%s: no memory of its own: %s", b->path, strerror(errno));
    return ret < 0 ? ret : hear_beginning(b, err);
}

int at_box_feed(at_box *b, const void *data, size_t size, attune_error *err)
{
    const unsigned char fed = AT_BOX_FED;
    if (b->ended || size > b->given_bytes - sizeof *b->given)
        return at_fail(err, ATTUNE_E_STATE, "%s: nothing more is taken", b->path);
    memcpy(b->given->data, data, size);
    b->given->size = (uint32_t)size;
    while (send(b->lent->socket, &fed, 1, MSG_NOSIGNAL) < 0)
        if (errno != EINTR)
            return say_death(b, err);
    return 0;
}

void at_box_free(at_box **box)
{
    at_box *b = *box;
    if (!b)
        return;
    reap(b);
    at_usher_end(&b->usher);
    if (b->frame) { /* else FFmpeg may not have been loaded */
        av_frame_free(&b->frame);
        at_av_picture_free(&b->picture);
    }
    if (b->lent) {
        lent_hang_up(b->lent);
        lent_leave(b->lent);
    }
    if (b->given)
        munmap(b->given, b->given_bytes);
    at_free(b);
    *box = NULL;
}
