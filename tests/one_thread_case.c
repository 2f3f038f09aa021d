#include "one_thread_case.h"

#include "sanitized.h"

#include <dlfcn.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static atomic_int forbidden;

int forbid_threads(void **state)
{
    (void)state;
    atomic_store(&forbidden, 1);
    return 0;
}

int allow_threads(void **state)
{
    (void)state;
    atomic_store(&forbidden, 0);
    return 0;
}

#if THREAD_SANITIZED

__attribute__((constructor)) static void leave_them_out(void)
{
    cmocka_set_skip_filter("*" ONE_THREAD);
}

#elif !SANITIZED /* sanitizers have their own */

int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg)
{
    int (*create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

    if (atomic_load(&forbidden)) {
        fputs("one_thread_case.c: it starts a thread: make it an ordinary case\n", stderr);
        abort();
    }
    *(void **)&create = dlsym(RTLD_NEXT, "pthread_create");
    return create(thread, attr, start, arg);
}

#endif
