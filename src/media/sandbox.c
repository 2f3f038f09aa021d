/* sandbox.c - what of the sandbox is in force on this machine: a child is confined, tries what it should not be able
 * to, and ends with the answer. */
#include "media/confine.h"

#include <attune/attune.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

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
};

const char *at_held_name(int layer)
{
    return layers[layer].name;
}

/* Claims are not enough. */
static unsigned try_out(unsigned held)
{
    if (open("/etc/passwd", O_RDONLY) >= 0)
        held &= ~(unsigned)(AT_HELD_LIMITS | AT_HELD_FILES | AT_HELD_CALLS);
    return held;
}

static unsigned ask_child(at_confine_kind kind)
{
    sigset_t all, before;
    int status = 0;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    const pid_t pid = fork();
    if (pid == 0) {
        const int out = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        const unsigned held = at_confine(kind, out, -1);
        _exit((int)(kind == AT_CONFINE_FILE ? try_out(held) : held));
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return pid > 0 && WIFEXITED(status) ? (unsigned)WEXITSTATUS(status) : 0;
}

int attune_sandbox_at(int i, attune_sandbox_layer *out)
{
    if (i < 0 || i >= AT_HELD_LAYERS)
        return 0;
    *out = (attune_sandbox_layer){.name = layers[i].name, .what = layers[i].what};
    if (at_confine_possible()) {
        out->files = (ask_child(AT_CONFINE_FILE) & 1U << i) != 0;
        out->live = (ask_child(AT_CONFINE_LIVE) & 1U << i) != 0;
    }
    return 1;
}
