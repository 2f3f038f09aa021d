#include "wrap_alloc.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>

static atomic_int countdown = -1; /* < 0: off */
static atomic_int failed;
static atomic_long live;

/* What the linker's --wrap makes of the names. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
void *__real_aligned_alloc(size_t align, size_t size);
int __real_posix_memalign(void **out, size_t align, size_t size);
char *__real_strdup(const char *s);
char *__real_strndup(const char *s, size_t n);
void __real_free(void *p);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);
int __wrap_posix_memalign(void **out, size_t align, size_t size);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);
void __wrap_free(void *p);

void wrap_alloc_fail_at(int n)
{
    failed = 0;
    countdown = n;
}

void wrap_alloc_off(void)
{
    countdown = -1;
}

int wrap_alloc_failed(void)
{
    return failed;
}

long wrap_alloc_live(void)
{
    return live;
}

static int fails_now(void)
{
    if (countdown < 0 || countdown-- != 0)
        return 0;
    failed = 1;
    errno = ENOMEM;
    return 1;
}

static void *counted(void *p)
{
    live += p != NULL;
    return p;
}

void *__wrap_malloc(size_t size)
{
    return fails_now() ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails_now() ? NULL : counted(__real_calloc(count, size));
}

void *__wrap_realloc(void *p, size_t size)
{
    if (fails_now())
        return NULL;
    void *q = __real_realloc(p, size);
    live += p == NULL && q != NULL;
    return q;
}

void *__wrap_aligned_alloc(size_t align, size_t size)
{
    return fails_now() ? NULL : counted(__real_aligned_alloc(align, size));
}

int __wrap_posix_memalign(void **out, size_t align, size_t size)
{
    if (fails_now())
        return ENOMEM;
    int status = __real_posix_memalign(out, align, size);
    live += status == 0;
    return status;
}

char *__wrap_strdup(const char *s)
{
    return fails_now() ? NULL : counted(__real_strdup(s));
}

char *__wrap_strndup(const char *s, size_t n)
{
    return fails_now() ? NULL : counted(__real_strndup(s, n));
}

void __wrap_free(void *p)
{
    live -= p != NULL;
    __real_free(p);
}
