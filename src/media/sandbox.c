/* sandbox.c - what of the sandbox is in force on this machine: a child is confined, tries what it should not be able
 * to, and ends with the answer. */
#include "media/confine.h"
#include "media/usher.h"

#include <attune/attune.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { USUAL = 0x7f000001 /* 127.0.0.1 */ };

/* In the order of the bits in confine.h. */
static const struct {
    const char *name, *what;
} layers[AT_HELD_LAYERS] = {
    {"process", "decoding is a process of its own, which dies with attune; its death is an error"},
    {"descriptors", "nothing of attune is open but the input, and the way back"},
    {"limits", "of memory, of open files, and of time without a sign of life"},
    {"privileges", "none can be gained; other processes of the user cannot look into it"},
    {"files", "Landlock: no file can be opened (live: those of libraries, and devices)"},
    {"calls", "seccomp: reading, computing, threads (live: all but starting programs and such)"},
    {"host", "seccomp: no host is talked to but the one that an address names"},
};

const char *at_held_name(int layer)
{
    return layers[layer].name;
}

/* Whether that address of this machine may be talked to: nobody listens there. */
static int may_connect(in_addr_t address)
{
    const struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(1), .sin_addr = {htonl(address)}};
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    return fd >= 0 &&
           (connect(fd, (const struct sockaddr *)&to, sizeof to) == 0 || errno != EACCES);
}

/* Claims are not enough. */
static unsigned try_out(at_confine_kind kind, unsigned held)
{
    if (kind == AT_CONFINE_FILE && open("/etc/passwd", O_RDONLY) >= 0)
        held &= ~(unsigned)(AT_HELD_LIMITS | AT_HELD_FILES | AT_HELD_CALLS);
    if (kind == AT_CONFINE_HOST && (!may_connect(USUAL) || may_connect(USUAL + 1)))
        held &= ~(unsigned)AT_HELD_HOST;
    return held;
}

static unsigned ask_child(at_confine_kind kind)
{
    at_usher usher = {0, -1};
    sigset_t all, before;
    int status = 0;
    if (kind == AT_CONFINE_HOST)
        at_usher_start(&usher, "tcp://127.0.0.1:1");
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    const pid_t pid = fork();
    if (pid == 0) {
        const int out = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        _exit((int)try_out(kind, at_confine(kind, out, usher.line)));
    }
    at_usher_leave(&usher);
    sigprocmask(SIG_SETMASK, &before, NULL);
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    at_usher_end(&usher);
    return pid > 0 && WIFEXITED(status) ? (unsigned)WEXITSTATUS(status) : 0;
}

int attune_sandbox_at(int i, attune_sandbox_layer *out)
{
    if (i < 0 || i >= AT_HELD_LAYERS)
        return 0;
    *out = (attune_sandbox_layer){.name = layers[i].name, .what = layers[i].what};
    if (at_confine_possible()) {
        out->files = (ask_child(AT_CONFINE_FILE) & 1U << i) != 0;
        out->live = (ask_child(AT_CONFINE_DEVICE) & ask_child(AT_CONFINE_HOST) & 1U << i) != 0;
    }
    return 1;
}
