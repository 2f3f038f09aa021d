/* confine_files.c - Landlock: which files may be opened. None; or of live input what libraries read, and of
 * devices these. Linux 5.13 has the first of it, later ones more (landlock(7)). */
#include "media/confine.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef SYS_landlock_create_ruleset

/* The kernel's numbers, some of which Debian 12's headers do not have yet. */
enum {
    VERSION = 1 << 0,
    PATH_BENEATH = 1,
    WRITE_FILE = 1 << 1,
    READ_FILE = 1 << 2,
    READ_DIR = 1 << 3,
    FIRST_RIGHTS = (1 << 13) - 1,
    REFER = 1 << 13,
    TRUNCATE = 1 << 14,
    IOCTL_DEV = 1 << 15,
    BIND_AND_CONNECT_TCP = 3,
    SCOPE_ABSTRACT_SOCKETS = 1 << 0,
    SCOPE_SIGNALS = 1 << 1,
};

typedef struct ruleset_attr {
    uint64_t files, network, scoped;
} ruleset_attr;

typedef struct beneath_attr {
    uint64_t allowed;
    int32_t parent;
} __attribute__((packed)) beneath_attr;

static ruleset_attr all_of(at_confine_kind kind, int version, size_t *size)
{
    const int file = kind == AT_CONFINE_FILE, device = kind == AT_CONFINE_DEVICE;
    ruleset_attr a = {.files = FIRST_RIGHTS};
    a.files |= version >= 2 ? REFER : 0;
    a.files |= version >= 3 ? TRUNCATE : 0;
    a.files |= version >= 5 ? IOCTL_DEV : 0;
    a.network = (file || device) && version >= 4 ? BIND_AND_CONNECT_TCP : 0;
    a.scoped = version < 6 ? 0 : device ? SCOPE_SIGNALS : SCOPE_ABSTRACT_SOCKETS | SCOPE_SIGNALS;
    *size = (version >= 6 ? 3 : version >= 4 ? 2 : 1) * sizeof(uint64_t);
    return a;
}

/* What is not there needs no leave. */
static void allow(int rules, const ruleset_attr *all, const char *path, uint64_t rights)
{
    const int fd = open(path, O_PATH | O_CLOEXEC);
    beneath_attr rule = {rights & all->files, fd};
    if (fd < 0)
        return;
    if (syscall(SYS_landlock_add_rule, rules, PATH_BENEATH, &rule, 0) != 0) {
        rule.allowed &= ~(uint64_t)READ_DIR; /* of a file */
        syscall(SYS_landlock_add_rule, rules, PATH_BENEATH, &rule, 0);
    }
    close(fd);
}

/* Libraries and what they are set up by: names of hosts, certificates. */
static void allow_libraries(int rules, const ruleset_attr *all)
{
    static const char *const read[] = {
        "/usr", "/lib",       "/lib64",     "/etc",
        "/run", "/nix/store", "/gnu/store", "/var/lib/ca-certificates"};
    for (size_t i = 0; i < sizeof read / sizeof *read; i++)
        allow(rules, all, read[i], READ_FILE | READ_DIR);
}

/* Cameras, sound cards; sound servers and their cookies. */
static void allow_devices(int rules, const ruleset_attr *all)
{
    static const char *const own[] = {".config/pulse", ".pulse-cookie", ".asoundrc"};
    const char *home = getenv("HOME");
    allow(rules, all, "/proc", READ_FILE | READ_DIR);
    allow(rules, all, "/sys", READ_FILE | READ_DIR);
    allow(rules, all, "/dev", READ_FILE | READ_DIR | WRITE_FILE | IOCTL_DEV);
    for (size_t i = 0; home && i < sizeof own / sizeof *own; i++) {
        char path[4096];
        if (snprintf(path, sizeof path, "%s/%s", home, own[i]) < (int)sizeof path)
            allow(rules, all, path, READ_FILE | READ_DIR);
    }
}

unsigned at_confine_files(at_confine_kind kind)
{
    const int version = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, VERSION);
    size_t size;
    if (version < 1)
        return 0;
    const ruleset_attr all = all_of(kind, version, &size);
    const int rules = (int)syscall(SYS_landlock_create_ruleset, &all, size, 0);
    if (rules < 0)
        return 0;
    if (kind != AT_CONFINE_FILE)
        allow_libraries(rules, &all);
    if (kind == AT_CONFINE_DEVICE)
        allow_devices(rules, &all);
    const int ok = syscall(SYS_landlock_restrict_self, rules, 0) == 0;
    close(rules);
    return ok ? AT_HELD_FILES : 0;
}

#else

unsigned at_confine_files(at_confine_kind kind)
{
    (void)kind;
    return 0;
}

#endif
