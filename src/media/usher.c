/* usher.c - the process that answers for a confined one, what it answers, and how it is asked. */
#include "media/usher.h"

#include "media/av.h"
#include "media/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef SECCOMP_IOCTL_NOTIF_ADDFD

enum { SOCKETS = 1024, PARTS = 16, PIECE = 65536 };

typedef struct desk {
    at_hosts hosts;
    int memory, questions; /* the confined process's */
    int copy[SOCKETS];     /* of its socket with that number, or 0 */
    char piece[PIECE];     /* what it wants to send */
} desk;

/* ---- what stands in its memory ------------------------------------------------------------ */

static int copy_in(const desk *d, void *to, uint64_t from, size_t bytes)
{
    return pread(d->memory, to, bytes, (off_t)from) == (ssize_t)bytes;
}

/* Whether it is an address that may be talked to. */
static int copy_address(const desk *d, struct sockaddr_storage *to, uint64_t from, uint64_t bytes)
{
    *to = (struct sockaddr_storage){0};
    return bytes <= sizeof *to && copy_in(d, to, from, bytes) &&
           at_hosts_has(&d->hosts, (const struct sockaddr *)to, bytes);
}

/* ---- sockets ------------------------------------------------------------------------------ */

static int copy_of(const desk *d, uint64_t fd)
{
    return fd < SOCKETS && d->copy[fd] > 0 ? d->copy[fd] : -1;
}

static void forget(desk *d, uint64_t fd)
{
    if (copy_of(d, fd) < 0)
        return;
    close(d->copy[fd]);
    d->copy[fd] = 0;
}

/* Gives fd to who asked, under a number of its own: that, or a negative errno. */
static int give(const desk *d, uint64_t id, int fd, int close_on_exec)
{
    struct seccomp_notif_addfd add = {
        .id = id, .srcfd = (unsigned)fd, .newfd_flags = close_on_exec ? O_CLOEXEC : 0};
    const int number = ioctl(d->questions, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
    return number < 0 ? -errno : number;
}

static int64_t make_socket(desk *d, const struct seccomp_notif *q)
{
    const int family = (int)q->data.args[0], type = (int)q->data.args[1];
    const int kind = type & ~(SOCK_CLOEXEC | SOCK_NONBLOCK);
    if ((family != AF_INET && family != AF_INET6) || (kind != SOCK_STREAM && kind != SOCK_DGRAM))
        return -EACCES;
    const int own = socket(family, type | SOCK_CLOEXEC, (int)q->data.args[2]);
    if (own < 0)
        return -errno;
    const int number = give(d, q->id, own, type & SOCK_CLOEXEC);
    if (number < 0 || number >= SOCKETS) {
        close(own);
        return number < 0 ? number : -EMFILE;
    }
    forget(d, (uint64_t)number);
    d->copy[number] = own;
    return number;
}

static int64_t connect_socket(const desk *d, const struct seccomp_notif *q)
{
    struct sockaddr_storage to;
    const int own = copy_of(d, q->data.args[0]);
    if (own < 0)
        return -EBADF;
    if (!copy_address(d, &to, q->data.args[1], q->data.args[2]))
        return -EACCES;
    return connect(own, (const struct sockaddr *)&to, (socklen_t)q->data.args[2]) == 0 ? 0 : -errno;
}

/* ---- sending ------------------------------------------------------------------------------ */

/* bytes of d->piece. to: a name in its memory, or 0. */
static int64_t send_piece(const desk *d, uint64_t fd, size_t bytes, int flags, uint64_t to,
                          uint64_t to_bytes)
{
    struct sockaddr_storage name;
    const int own = copy_of(d, fd);
    if (own < 0)
        return -EBADF;
    if (to && !copy_address(d, &name, to, to_bytes))
        return -EACCES;
    const ssize_t n = sendto(own, d->piece, bytes, flags | MSG_NOSIGNAL,
                             to ? (const struct sockaddr *)&name : NULL,
                             to ? (socklen_t)to_bytes : 0);
    return n < 0 ? -errno : n;
}

static int64_t send_to(desk *d, const struct seccomp_notif *q)
{
    const __u64 *a = q->data.args;
    if (a[2] > sizeof d->piece)
        return -EMSGSIZE;
    if (!copy_in(d, d->piece, a[1], a[2]))
        return -EFAULT;
    return send_piece(d, a[0], a[2], (int)a[3], a[4], a[5]);
}

/* What is said beside the bytes (descriptors, addresses of its own) is left out. */
static int64_t send_message(desk *d, const struct seccomp_notif *q)
{
    struct msghdr m;
    struct iovec part[PARTS];
    size_t bytes = 0;
    if (!copy_in(d, &m, q->data.args[1], sizeof m))
        return -EFAULT;
    if (m.msg_iovlen > PARTS)
        return -EMSGSIZE;
    if (!copy_in(d, part, (uintptr_t)m.msg_iov, m.msg_iovlen * sizeof *part))
        return -EFAULT;
    for (size_t i = 0; i < m.msg_iovlen; i++) {
        if (part[i].iov_len > sizeof d->piece - bytes)
            return -EMSGSIZE;
        if (!copy_in(d, d->piece + bytes, (uintptr_t)part[i].iov_base, part[i].iov_len))
            return -EFAULT;
        bytes += part[i].iov_len;
    }
    return send_piece(d, q->data.args[0], bytes, (int)q->data.args[2], (uintptr_t)m.msg_name,
                      m.msg_namelen);
}

/* ---- questions ---------------------------------------------------------------------------- */

static const char hosts_path[] = "/etc/hosts";

/* A number, or a negative errno; goes_on: the kernel may do what was asked, since others watch over files. */
static int64_t open_file(const desk *d, const struct seccomp_notif *q, int *goes_on)
{
    char path[sizeof hosts_path];
    *goes_on = !copy_in(d, path, q->data.args[1], sizeof path) ||
               memcmp(path, hosts_path, sizeof path) != 0;
    if (*goes_on)
        return 0;
    const int file = at_hosts_file(&d->hosts);
    if (file < 0)
        return -errno;
    const int number = give(d, q->id, file, 1);
    close(file);
    return number;
}

static int64_t answer_call(desk *d, const struct seccomp_notif *q, int *goes_on)
{
    switch (q->data.nr) {
    case SYS_socket: return make_socket(d, q);
    case SYS_connect: return connect_socket(d, q);
    case SYS_sendto: return send_to(d, q);
    case SYS_sendmsg: return send_message(d, q);
    case SYS_openat: return open_file(d, q, goes_on);
    case SYS_close:
        forget(d, q->data.args[0]);
        *goes_on = 1;
        return 0;
    default: return -EPERM;
    }
}

/* The kernel's are larger than ours where it is newer. */
typedef union question {
    struct seccomp_notif q;
    char room[1024];
} question;

typedef union reply {
    struct seccomp_notif_resp r;
    char room[1024];
} reply;

static void answer_one(desk *d)
{
    question ask = {.room = {0}};
    reply say = {.room = {0}};
    int goes_on = 0;
    if (ioctl(d->questions, SECCOMP_IOCTL_NOTIF_RECV, &ask) != 0)
        return; /* who asked was killed meanwhile */
    const int64_t value = answer_call(d, &ask.q, &goes_on);
    say.r.id = ask.q.id;
    say.r.error = value < 0 ? (int)value : 0;
    say.r.val = value < 0 ? 0 : value;
    say.r.flags = goes_on ? SECCOMP_USER_NOTIF_FLAG_CONTINUE : 0;
    ioctl(d->questions, SECCOMP_IOCTL_NOTIF_SEND, &say);
}

/* Until the confined process is gone. */
static void answer_all(desk *d)
{
    struct pollfd wait = {.fd = d->questions, .events = POLLIN};
    while (poll(&wait, 1, -1) > 0 && !(wait.revents & (POLLHUP | POLLERR | POLLNVAL)))
        answer_one(d);
}

/* ---- the line ----------------------------------------------------------------------------- */

typedef union parcel {
    struct cmsghdr head;
    char room[CMSG_SPACE(sizeof(int))];
} parcel;

static int hear_descriptor(int line)
{
    char byte;
    parcel p;
    int fd = -1;
    struct iovec part = {&byte, 1};
    struct msghdr m = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &p, .msg_controllen = sizeof p};
    ssize_t n;
    do
        n = recvmsg(line, &m, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n == 1 && m.msg_controllen >= sizeof p && p.head.cmsg_type == SCM_RIGHTS)
        memcpy(&fd, CMSG_DATA(&p.head), sizeof fd);
    return fd;
}

int at_usher_hand_over(int line, int fd)
{
    char byte = 0;
    parcel p = {.head = {.cmsg_level = SOL_SOCKET,
                         .cmsg_type = SCM_RIGHTS,
                         .cmsg_len = CMSG_LEN(sizeof fd)}};
    struct iovec part = {&byte, 1};
    struct mmsghdr m = {
        .msg_hdr = {
            .msg_iov = &part, .msg_iovlen = 1, .msg_control = &p, .msg_controllen = sizeof p}};
    memcpy(CMSG_DATA(&p.head), &fd, sizeof fd);
    return fd >= 0 && sendmmsg(line, &m, 1, MSG_NOSIGNAL) == 1;
}

int at_usher_show_memory(int line)
{
    const int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    const int ok = at_usher_hand_over(line, memory);
    if (memory >= 0)
        close(memory);
    return ok;
}

/* ---- its life ----------------------------------------------------------------------------- */

static _Noreturn void work(const char *name, int line)
{
    static desk d;
    line = fcntl(line, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    at_confine_descriptors(line, -1);
    strcpy(d.hosts.name, name); /* of the same size */
    d.memory = hear_descriptor(line);
    d.questions = d.memory < 0 ? -1 : hear_descriptor(line);
    if (d.questions >= 0) {
        at_hosts_find(&d.hosts);
        answer_all(&d);
    }
    _exit(0);
}

static pid_t fork_usher(const char *name, const int end[2])
{
    const pid_t parent = getpid();
    const pid_t pid = at_av_fork();
    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(end[1]);
    if (getppid() == parent)
        work(name, end[0]);
    raise(SIGKILL);
    _exit(1);
}

void at_usher_start(at_usher *u, const char *address)
{
    char name[AT_USHER_NAME] = "";
    sigset_t all, before;
    int end[2];
    *u = (at_usher){0, -1};
    if (!at_hosts_name(name, address) ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, end) != 0)
        return;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    const pid_t pid = fork_usher(name, end);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(end[0]);
    *u = (at_usher){pid > 0 ? pid : 0, end[1]};
    if (pid < 0)
        at_usher_leave(u);
}

#else /* headers before Linux 5.9 */

void at_usher_start(at_usher *u, const char *address)
{
    (void)address;
    *u = (at_usher){0, -1};
}

int at_usher_show_memory(int line)
{
    (void)line;
    return 0;
}

int at_usher_hand_over(int line, int questions)
{
    (void)line, (void)questions;
    return 0;
}

#endif

void at_usher_leave(at_usher *u)
{
    if (u->line >= 0)
        close(u->line);
    u->line = -1;
}

void at_usher_end(at_usher *u)
{
    at_usher_leave(u);
    if (u->pid > 0) {
        kill(u->pid, SIGKILL);
        while (waitpid(u->pid, NULL, 0) < 0 && errno == EINTR)
            continue;
    }
    u->pid = 0;
}
