/* one_thread.c - in the programs that are not among those with threads (tests/meson.build), which alone the thread
 * sanitizer runs: what starts one, a library too, ends there. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg)
{
    (void)thread, (void)attr, (void)start, (void)arg;
    fputs("one_thread.c: it starts a thread: name it among those that do in tests/meson.build\n",
          stderr);
    abort();
}
