/* Makes the n-th call of one kind fail, of a program that this is preloaded into: every system call, those inside the C
 * library too, by a seccomp filter whose trap is caught here.
 *
 *   FAIL_CALLS  write open close fsync rename link mkdir unlink read
 *   FAIL_AT     1: the first of them
 *   FAIL_ERRNO  a number
 *   FAIL_ON     set: all that follow fail too
 *   FAIL_KILL   set: instead the program dies there, before the call
 *   FAIL_TOLD   a file that is made when one failed
 *
 * The standard streams are left alone: there the program says what went wrong.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

enum { MOST = 8, OURS = 0x0a77bee5 }; /* of a sixth argument: a call made here, which passes */

typedef struct call {
    const char *name;
    int number[4]; /* -1: no more */
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
};

static const call *chosen;
static int at, wanted, from_there_on, kills;
static volatile int count;
static const char *told;

static long pass(const long a[6], long number)
{
    return syscall(number, a[0], a[1], a[2], a[3], a[4], (long)OURS);
}

static void tell(void)
{
    const long a[6] = {AT_FDCWD, (long)(intptr_t)told, O_WRONLY | O_CREAT, 0666};

    if (told)
        pass((const long[6]){pass(a, SYS_openat)}, SYS_close);
}

/* What the program gets: the call's result, or -errno. */
static long answer(const long a[6], long number)
{
    const int standard = (!strcmp(chosen->name, "write") || !strcmp(chosen->name, "close")) &&
                         a[0] <= 2;
    const int nth = standard ? 0 : __atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST);
    const int fails = nth == at || (nth > at && from_there_on);

    if (fails) {
        tell();
        if (kills)
            kill(getpid(), SIGKILL);
        if (!strcmp(chosen->name, "close")) /* it is closed all the same */
            pass(a, number);
        return -wanted;
    }
    const long result = pass(a, number);
    return result < 0 ? -errno : result;
}

static void on_trap(int sig, siginfo_t *info, void *context)
{
    ucontext_t *u = context;
    const int saved = errno;

    (void)sig;
#if defined(__x86_64__)
    const greg_t *r = u->uc_mcontext.gregs;
    const long a[6] = {r[REG_RDI], r[REG_RSI], r[REG_RDX], r[REG_R10], r[REG_R8], r[REG_R9]};
    u->uc_mcontext.gregs[REG_RAX] = answer(a, info->si_syscall);
#elif defined(__aarch64__)
    const unsigned long long *r = u->uc_mcontext.regs;
    const long a[6] = {(long)r[0], (long)r[1], (long)r[2], (long)r[3], (long)r[4], (long)r[5]};
    u->uc_mcontext.regs[0] = (unsigned long long)answer(a, info->si_syscall);
#endif
    errno = saved;
}

static int trap(void)
{
    struct sock_filter code[4 + 2 * MOST] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[5])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OURS, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    };
    unsigned short n = 4;

    for (int i = 0; i < 4 && chosen->number[i] >= 0; i++) {
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

__attribute__((constructor)) static void begin(void)
{
    const char *name = getenv("FAIL_CALLS");
    struct sigaction action = {.sa_sigaction = on_trap,
                               .sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESTART};

    for (size_t i = 0; name && i < sizeof calls / sizeof *calls; i++)
        chosen = strcmp(calls[i].name, name) == 0 ? &calls[i] : chosen;
    if (!chosen)
        return;
    at = atoi(getenv("FAIL_AT"));
    wanted = getenv("FAIL_ERRNO") ? atoi(getenv("FAIL_ERRNO")) : EIO;
    from_there_on = getenv("FAIL_ON") != NULL;
    kills = getenv("FAIL_KILL") != NULL;
    told = getenv("FAIL_TOLD");
    sigaction(SIGSYS, &action, NULL);
    if (trap() != 0)
        _exit(99);
}
