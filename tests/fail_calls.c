/* System calls that fail (fail.h), those inside the C library too, by a seccomp filter whose trap is caught here.
 *
 * The standard streams are left alone: there the program says what went wrong. */
#include "fail.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

enum { NUMBERS = 4 };

typedef struct call {
    const char *name;
    int number[NUMBERS]; /* -1: no more */
} call;

#ifdef SYS_open /* what newer architectures have no longer */
#define OLD(number) number
#else
#define OLD(number) -1
#endif

static const call calls[] = {
    {"read", {SYS_read, SYS_pread64, -1}},
    {"write", {SYS_write, SYS_pwrite64, -1}},
    {"open", {SYS_openat, OLD(SYS_open), -1}},
    {"close", {SYS_close, -1}},
    {"fsync", {SYS_fsync, SYS_fdatasync, -1}},
    {"rename", {SYS_renameat, SYS_renameat2, OLD(SYS_rename), -1}},
    {"link", {SYS_linkat, OLD(SYS_link), -1}},
    {"mkdir", {SYS_mkdirat, OLD(SYS_mkdir), -1}},
    {"unlink", {SYS_unlinkat, OLD(SYS_unlink), OLD(SYS_rmdir), -1}},
    {"mmap", {SYS_mmap, -1}},
    {"space", {SYS_write, SYS_pwrite64, -1}},
};

static const call *chosen;

/* The one place whose calls the filter lets pass. Returns the result, or -errno. */
long fail_pass(long number, const long a[6]);
extern const char fail_passed[];
__asm__(".text\n"
        ".local fail_pass, fail_passed\n"
        "fail_pass:\n"
#if defined(__x86_64__)
        "mov %rdi, %rax\n"
        "mov 40(%rsi), %r9\n"
        "mov 32(%rsi), %r8\n"
        "mov 24(%rsi), %r10\n"
        "mov 16(%rsi), %rdx\n"
        "mov (%rsi), %rdi\n"
        "mov 8(%rsi), %rsi\n"
        "syscall\n"
#elif defined(__aarch64__)
        "mov x8, x0\n"
        "mov x9, x1\n"
        "ldp x0, x1, [x9]\n"
        "ldp x2, x3, [x9, 16]\n"
        "ldp x4, x5, [x9, 32]\n"
        "svc 0\n"
#endif
        "fail_passed: ret\n");

static int is(const char *name)
{
    return strcmp(chosen->name, name) == 0;
}

/* A disk with so much room, less what was written. */
static long write_what_fits(long number, const long a[6])
{
    struct stat st;
    long part[6];

    if (fstat((int)a[0], &st) != 0 || !S_ISREG(st.st_mode))
        return fail_pass(number, a);
    const long before = __atomic_fetch_add(&fail_seen->made, a[2], __ATOMIC_SEQ_CST);
    const long room = before < fail_wanted.at ? fail_wanted.at - before : 0;
    memcpy(part, a, sizeof part);
    if (fail_wanted.at > 0 && room < a[2]) {
        __atomic_add_fetch(&fail_seen->failed, 1, __ATOMIC_SEQ_CST);
        part[2] = room;
    }
    return part[2] > 0 || a[2] == 0 ? fail_pass(number, part) : -fail_wanted.error;
}

/* What the program gets: the call's result, or -errno. */
static long answer(long number, const long a[6])
{
    if ((is("write") || is("close") || is("space")) && a[0] <= STDERR_FILENO)
        return fail_pass(number, a);
    if (is("space"))
        return write_what_fits(number, a);
    if (!fail_now())
        return fail_pass(number, a);
    if (is("close")) /* it is closed all the same */
        fail_pass(number, a);
    return -fail_wanted.error;
}

static void on_trap(int sig, siginfo_t *info, void *context)
{
    ucontext_t *u = context;
    const int saved = errno;

    (void)sig;
#if defined(__x86_64__)
    const greg_t *r = u->uc_mcontext.gregs;
    const long a[6] = {r[REG_RDI], r[REG_RSI], r[REG_RDX], r[REG_R10], r[REG_R8], r[REG_R9]};
    u->uc_mcontext.gregs[REG_RAX] = answer(info->si_syscall, a);
#elif defined(__aarch64__)
    const unsigned long long *r = u->uc_mcontext.regs;
    const long a[6] = {(long)r[0], (long)r[1], (long)r[2], (long)r[3], (long)r[4], (long)r[5]};
    u->uc_mcontext.regs[0] = (unsigned long long)answer(info->si_syscall, a);
#endif
    errno = saved;
}

static int trap(void)
{
    const uint64_t from = (uint64_t)(uintptr_t)fail_passed;
    const unsigned at = offsetof(struct seccomp_data, instruction_pointer);
    struct sock_filter code[8 + 2 * NUMBERS] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)from, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at + 4),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(from >> 32), 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    };
    unsigned short n = 6;

    for (int i = 0; i < NUMBERS && chosen->number[i] >= 0; i++) {
        code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
                                                 (unsigned)chosen->number[i], 0, 1);
        code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP);
    }
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    const struct sock_fprog program = {n, code};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* Threads that leave signals to others must still have this one: it is their own. */
int pthread_sigmask(int how, const sigset_t *set, sigset_t *before)
{
    sigset_t without;

    if (set && how != SIG_UNBLOCK) {
        without = *set;
        sigdelset(&without, SIGSYS);
        set = &without;
    }
    return sigprocmask(how, set, before) == 0 ? 0 : errno;
}

int fail_calls_begin(void)
{
    struct sigaction action = {.sa_sigaction = on_trap,
                               .sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESTART};

    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (strcmp(calls[i].name, fail_wanted.kind) == 0)
            chosen = &calls[i];
    return chosen && (sigaction(SIGSYS, &action, NULL) != 0 || trap() != 0);
}
