/* confine_calls.c - seccomp: which system calls are made. Of a file's child those of decoding with threads and
 * no others; of a live one all but those that start programs or reach into the system. Devices have sockets of this
 * machine alone; what would reach a host is asked of an usher. Of attune itself, where it talks to nobody, all but
 * sockets, programs and the system.
 *
 * Opening is refused rather than punished, since libraries look for files that they can do without. What
 * no decoder has a reason to do ends it (SIGSYS). Calls that are newer than this file are answered as an older
 * kernel would, so that a newer C library falls back on what it did before. */
#include "media/confine.h"

#include "base/sanitized.h"
#include "media/usher.h"

#include <attune/attune.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined __x86_64__ && !defined __ILP32__
#define ARCH AUDIT_ARCH_X86_64
#elif defined __aarch64__ && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ARCH AUDIT_ARCH_AARCH64
#endif

#ifdef ARCH

enum { ROOM = 512, NEWEST_KNOWN = 462, FOREIGN = 0x40000000 /* x86-64's x32 */ };

typedef struct program {
    struct sock_filter code[ROOM];
    int n;
} program;

#define OFFSET(field)  offsetof(struct seccomp_data, field)
#define LOW(argument)  (OFFSET(args) + 8 * (argument)) /* both machines are little-endian */
#define HIGH(argument) (LOW(argument) + 4)

/* ---- calls ------------------------------------------------------------------------------- */

/* The most frequent first. */
static const int decoding[] = {
    SYS_futex,
    SYS_read,
    SYS_write,
    SYS_writev,
    SYS_getppid,
    SYS_lseek,
    SYS_ppoll,
    SYS_munmap,
    SYS_madvise,
    SYS_brk,
    SYS_mremap,
    SYS_clock_gettime,
    SYS_readv,
    SYS_pread64,
    SYS_fstat,
    SYS_close,
    SYS_clock_nanosleep,
    SYS_nanosleep,
    SYS_clock_getres,
    SYS_gettimeofday,
    SYS_sched_yield,
    SYS_sched_getaffinity,
    SYS_sched_getparam,
    SYS_sched_getscheduler,
    SYS_sched_get_priority_max,
    SYS_sched_get_priority_min,
    SYS_getpriority,
    SYS_getcpu,
    SYS_getrusage,
    SYS_times,
    SYS_sysinfo,
    SYS_uname,
    SYS_getrandom,
    SYS_gettid,
    SYS_getpid,
    SYS_getuid,
    SYS_geteuid,
    SYS_getgid,
    SYS_getegid,
    SYS_set_robust_list,
    SYS_get_robust_list,
    SYS_set_tid_address,
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_sigaltstack,
    SYS_restart_syscall,
    SYS_exit,
    SYS_exit_group,
    SYS_membarrier,
#ifdef SYS_rseq
    SYS_rseq,
#endif
#ifdef SYS_poll
    SYS_poll,
#endif
#ifdef SYS_time
    SYS_time,
#endif
#ifdef SYS_arch_prctl
    SYS_arch_prctl,
#endif
};

/* Looked for by libraries that go on without. */
static const int refused[] = {
    SYS_openat,
    SYS_faccessat,
    SYS_newfstatat,
    SYS_readlinkat,
    SYS_statfs,
    SYS_fstatfs,
    SYS_ioctl,
    SYS_fcntl,
    SYS_getcwd,
    SYS_getdents64,
    SYS_sched_setaffinity,
    SYS_sched_setscheduler,
    SYS_setpriority,
#ifdef SYS_openat2
    SYS_openat2,
#endif
#ifdef SYS_faccessat2
    SYS_faccessat2,
#endif
#ifdef SYS_statx
    SYS_statx,
#endif
#ifdef SYS_open
    SYS_open,
    SYS_access,
    SYS_stat,
    SYS_lstat,
    SYS_readlink,
#endif
};

/* Programs, what is others', the system. */
static const int reaching[] = {
    SYS_execve,
    SYS_execveat,
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_setns,
    SYS_unshare,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_add_key,
    SYS_request_key,
    SYS_keyctl,
    SYS_setuid,
    SYS_setgid,
    SYS_setreuid,
    SYS_setregid,
    SYS_setresuid,
    SYS_setresgid,
    SYS_setgroups,
    SYS_setfsuid,
    SYS_setfsgid,
    SYS_capset,
    SYS_personality,
    SYS_reboot,
    SYS_swapon,
    SYS_swapoff,
    SYS_acct,
    SYS_quotactl,
    SYS_open_by_handle_at,
    SYS_name_to_handle_at,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_adjtimex,
    SYS_syslog,
    SYS_vhangup,
    SYS_kcmp,
    SYS_migrate_pages,
    SYS_move_pages,
#ifdef SYS_io_uring_setup
    SYS_io_uring_setup,
    SYS_io_uring_enter,
    SYS_io_uring_register,
#endif
#ifdef SYS_pidfd_getfd
    SYS_pidfd_getfd,
#endif
};

/* Other processes, by whoever has none. */
static const int ruling[] = {
    SYS_kill,
    SYS_tkill,
    SYS_rt_sigqueueinfo,
    SYS_rt_tgsigqueueinfo,
#ifdef SYS_pidfd_open
    SYS_pidfd_open,
    SYS_pidfd_send_signal,
#endif
#ifdef SYS_fork
    SYS_fork,
    SYS_vfork,
#endif
};

/* Answered by the usher, and what would go past it. */
static const int asked[] = {SYS_socket, SYS_connect, SYS_sendmsg, SYS_openat, SYS_close};
static const int past[] = {SYS_listen, SYS_accept, SYS_accept4};

/* ---- the filter --------------------------------------------------------------------------- */

static void add(program *p, unsigned code, unsigned k, int yes, int no)
{
    p->code[p->n++] =
        (struct sock_filter){(unsigned short)code, (unsigned char)yes, (unsigned char)no, k};
}

static void load(program *p, size_t offset)
{
    add(p, BPF_LD | BPF_W | BPF_ABS, (unsigned)offset, 0, 0);
}

static void answer(program *p, unsigned what)
{
    add(p, BPF_RET | BPF_K, what, 0, 0);
}

static unsigned error_of(int number)
{
    return SECCOMP_RET_ERRNO | (unsigned)number;
}

/* The number is loaded, and stays so. */
static void answer_each(program *p, const int *call, size_t n, unsigned what)
{
    for (size_t i = 0; i < n; i++) {
        add(p, BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call[i], 0, 1);
        answer(p, what);
    }
}

#define ANSWER_EACH(p, calls, what) answer_each(p, calls, sizeof(calls) / sizeof *(calls), what)

/* Where the call is that one, answers by whether the bits of mask in an argument are value. */
static void answer_by(program *p, int call, size_t offset, unsigned mask, unsigned value,
                      unsigned if_so, unsigned if_not)
{
    add(p, BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, 5);
    load(p, offset);
    add(p, BPF_ALU | BPF_AND | BPF_K, mask, 0, 0);
    add(p, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
    answer(p, if_so);
    answer(p, if_not);
}

/* Where the call is that one, answers by whether an argument is no pointer. */
static void answer_null(program *p, int call, int argument, unsigned if_so, unsigned if_not)
{
    add(p, BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, 6);
    load(p, LOW(argument));
    add(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 3);
    load(p, HIGH(argument));
    add(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1);
    answer(p, if_so);
    answer(p, if_not);
}

/* Of this machine's kind, and not of another's with other numbers. */
static void begin(program *p)
{
    load(p, OFFSET(arch));
    add(p, BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
    answer(p, SECCOMP_RET_KILL_PROCESS);
    load(p, OFFSET(nr));
    add(p, BPF_JMP | BPF_JGE | BPF_K, FOREIGN, 0, 1);
    answer(p, SECCOMP_RET_KILL_PROCESS);
}

/* Threads are no new processes; by clone3, whose flags lie in memory, they cannot be told apart. */
static void allow_threads(program *p, unsigned otherwise)
{
    const unsigned thread = CLONE_THREAD | CLONE_VM;
    answer_by(p, SYS_clone, LOW(0), thread, thread, SECCOMP_RET_ALLOW, otherwise);
#ifdef SYS_clone3
    answer_each(p, (const int[]){SYS_clone3}, 1, error_of(ENOSYS));
#endif
    answer_by(p, SYS_tgkill, LOW(0), ~0U, (unsigned)getpid(), SECCOMP_RET_ALLOW, otherwise);
}

static void write_file(program *p)
{
    begin(p);
    ANSWER_EACH(p, decoding, SECCOMP_RET_ALLOW);
    answer_by(p, SYS_mmap, LOW(2), PROT_EXEC, 0, SECCOMP_RET_ALLOW, error_of(EACCES));
    answer_by(p, SYS_mprotect, LOW(2), PROT_EXEC, 0, SECCOMP_RET_ALLOW, error_of(EACCES));
    allow_threads(p, SECCOMP_RET_KILL_PROCESS);
    answer_by(p, SYS_prctl, LOW(0), ~0U, PR_SET_NAME, SECCOMP_RET_ALLOW, error_of(EPERM));
    /* limits may be asked for, not set */
    answer_null(p, SYS_prlimit64, 2, SECCOMP_RET_ALLOW, error_of(EPERM));
    ANSWER_EACH(p, refused, error_of(EACCES));
    add(p, BPF_JMP | BPF_JGT | BPF_K, NEWEST_KNOWN, 0, 1);
    answer(p, error_of(ENOSYS));
    answer(p, SECCOMP_RET_KILL_PROCESS);
}

/* Sockets of this machine, and those by which the kernel tells of devices. */
static void keep_local(program *p)
{
    add(p, BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 5);
    load(p, LOW(0));
    add(p, BPF_JMP | BPF_JEQ | BPF_K, AF_UNIX, 2, 0);
    add(p, BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 1, 0);
    answer(p, error_of(EACCES));
    answer(p, SECCOMP_RET_ALLOW);
}

/* A sound server's library may want to start it: it is told that it may not. */
static void write_live(program *p, at_confine_kind kind)
{
    begin(p);
    allow_threads(p, error_of(EPERM));
    ANSWER_EACH(p, reaching, error_of(EPERM));
    ANSWER_EACH(p, ruling, error_of(EPERM));
    if (kind == AT_CONFINE_DEVICE)
        keep_local(p);
    if (kind == AT_CONFINE_HOST) {
        ANSWER_EACH(p, asked, SECCOMP_RET_USER_NOTIF);
        ANSWER_EACH(p, past, error_of(EPERM));
        /* who names no address sends to where the socket is connected */
        answer_null(p, SYS_sendto, 4, SECCOMP_RET_ALLOW, SECCOMP_RET_USER_NOTIF);
    }
    answer(p, SECCOMP_RET_ALLOW);
}

/* Its children may be talked to, by the pairs of sockets that they were made with. */
static void write_alone(program *p)
{
    begin(p);
    ANSWER_EACH(p, reaching, error_of(EPERM));
    answer_each(p, (const int[]){SYS_socket}, 1, error_of(EACCES));
    answer(p, SECCOMP_RET_ALLOW);
}

/* After the listener has gone to the usher by it. */
static void write_end_of_sendmmsg(program *p)
{
    begin(p);
    answer_each(p, (const int[]){SYS_sendmmsg}, 1, error_of(ENOSYS));
    answer(p, SECCOMP_RET_ALLOW);
}

/* Kernels before 5.16 would slow all of a filtered process down, against what another reads that shares its
 * memory; nobody does. -1, or what the kernel gives for those flags. */
static int install(program *p, unsigned flags)
{
    const struct sock_fprog filter = {(unsigned short)p->n, p->code};
#ifdef SECCOMP_FILTER_FLAG_SPEC_ALLOW
    const int ret = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                                 flags | SECCOMP_FILTER_FLAG_SPEC_ALLOW, &filter);
    if (ret >= 0)
        return ret;
#endif
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter);
}

/* A process with questions that nobody answers would wait for ever. */
static unsigned ask_usher(int line)
{
#ifdef SECCOMP_FILTER_FLAG_NEW_LISTENER
    program asks = {.n = 0}, ends = {.n = 0};
    write_live(&asks, AT_CONFINE_HOST);
    write_end_of_sendmmsg(&ends);
    const int questions = install(&asks, SECCOMP_FILTER_FLAG_NEW_LISTENER);
    if (questions < 0)
        return 0;
    if (!at_usher_hand_over(line, questions) || install(&ends, 0) < 0)
        _exit(1);
    close(questions);
    close(line);
    return AT_HELD_CALLS | AT_HELD_HOST;
#else
    (void)line;
    return 0;
#endif
}

unsigned at_confine_calls(at_confine_kind kind, int line)
{
    program p = {.n = 0};
    unsigned held = kind == AT_CONFINE_HOST ? ask_usher(line) : 0;
    if (held)
        return held;
    if (kind == AT_CONFINE_FILE)
        write_file(&p);
    else
        write_live(&p, kind == AT_CONFINE_HOST ? AT_CONFINE_NETWORK : kind);
    held = install(&p, 0) >= 0 ? AT_HELD_CALLS : 0;
    return held && kind <= AT_CONFINE_DEVICE ? held | AT_HELD_HOST : held;
}

#if AT_ADDRESS_SANITIZED /* looks for leaks by tracing itself */

int attune_confine(void)
{
    (void)write_alone;
    return 0;
}

#else

int attune_confine(void)
{
    program p = {.n = 0};
    write_alone(&p);
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && install(&p, 0) >= 0;
}

#endif

#else

int attune_confine(void)
{
    return 0;
}

unsigned at_confine_calls(at_confine_kind kind, int line)
{
    (void)kind, (void)line;
    return 0;
}

#endif
