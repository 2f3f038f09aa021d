/* The program's main, once a request (fail.h). */
#include "fail.h"

#include <dlfcn.h>
#include <libavformat/version.h>
#include <libavutil/macros.h>
#include <libswscale/version.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

typedef int main_fn(int argc, char **argv, char **env);
typedef int start_fn(main_fn *main, int argc, char **argv, void (*init)(void), void (*fini)(void),
                     void (*rtld_fini)(void), void *stack_end);
start_fn __libc_start_main;

fail_plan fail_wanted;
fail_counts *fail_seen;
static main_fn *program;
static int requests, answers;

int fail_now(void)
{
    const long nth = __atomic_add_fetch(&fail_seen->made, 1, __ATOMIC_SEQ_CST);
    const fail_plan *p = &fail_wanted;

    if (p->how == FAIL_WAYS)
        fail_ways_note(nth);
    if (p->at == 0 || nth < p->at || (nth > p->at && p->how != FAIL_ALL))
        return 0;
    __atomic_add_fetch(&fail_seen->failed, 1, __ATOMIC_SEQ_CST);
    if (p->how == FAIL_KILL)
        kill(getpid(), SIGKILL);
    return 1;
}

/* No stdio: buffers that are full when a child is forked would be read, or written, twice. */
static int read_line(char *line, size_t size)
{
    size_t n = 0;

    while (n + 1 < size && read(requests, line + n, 1) == 1 && line[n] != '\n')
        n++;
    line[n] = 0;
    return n > 0;
}

static int read_request(fail_plan *p)
{
    char line[128], how[8];

    if (!read_line(line, sizeof line) ||
        sscanf(line, "%15s %ld %d %7s", p->kind, &p->at, &p->error, how) != 4)
        return 0;
    p->how = how[0] == 'k'   ? FAIL_KILL
             : how[0] == 'a' ? FAIL_ALL
             : how[0] == 'w' ? FAIL_WAYS
                             : FAIL_ONCE;
    return 1;
}

static int run(int argc, char **argv, char **env)
{
    close(requests);
    close(answers);
    if (fail_calls_begin() != 0)
        _exit(99);
    return program(argc, argv, env);
}

/* What the program loads when it needs it, here once for all children. */
static void load_libraries(void)
{
    if (!dlopen("libavformat.so." AV_STRINGIFY(LIBAVFORMAT_VERSION_MAJOR), RTLD_LAZY) ||
        !dlopen("libswscale.so." AV_STRINGIFY(LIBSWSCALE_VERSION_MAJOR), RTLD_LAZY))
        _exit(99);
    dlopen("libcairo.so.2", RTLD_LAZY); /* not in every build */
}

static int serve(int argc, char **argv, char **env)
{
    fail_plan next;

    unsetenv("LD_PRELOAD"); /* of what the program starts */
    load_libraries();
    while (read_request(&next)) {
        int status = 0;
        *fail_seen = (fail_counts){0};
        if (next.how == FAIL_WAYS)
            fail_ways_forget();
        const pid_t child = fork();
        if (child == 0) {
            fail_wanted = next;
            return run(argc, argv, env);
        }
        dprintf(answers, "%d\n", (int)child);
        waitpid(child, &status, 0);
        dprintf(answers, "%d %ld %ld\n", status, fail_seen->made, fail_seen->failed);
        if (next.how == FAIL_WAYS)
            fail_ways_tell(answers);
    }
    _exit(0);
}

int __libc_start_main(main_fn *main, int argc, char **argv, void (*init)(void), void (*fini)(void),
                      void (*rtld_fini)(void), void *stack_end)
{
    const char *from = getenv("FAIL_REQUESTS"), *to = getenv("FAIL_ANSWERS");
    start_fn *start;

    *(void **)&start = dlsym(RTLD_NEXT, "__libc_start_main");
    fail_seen =
        mmap(NULL, sizeof *fail_seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (!start || fail_seen == MAP_FAILED || !from || !to || fail_ways_begin() != 0)
        _exit(99);
    fail_alloc_begin();
    requests = atoi(from);
    answers = atoi(to);
    program = main;
    return start(serve, argc, argv, init, fini, rtld_fini, stack_end);
}
