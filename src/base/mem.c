#include "base/mem.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef __linux__
#include <sys/mman.h>
#endif

#define ARENA_BLOCK ((size_t)1 << 20)
/* Blocks from two huge pages on ask for such: a training step walks hundreds of megabytes, and
 * would else miss the address cache, and fault, at every 4 KiB of them. */
#define HUGE_PAGE ((size_t)2 << 20)

/* Bytes for count * size, rounded up to whole cache lines and never 0; 0 when that overflows. */
static size_t checked_bytes(size_t count, size_t size)
{
    if (size != 0 && count > (PTRDIFF_MAX - HUGE_PAGE) / size)
        return 0;
    size_t bytes = count * size;
    if (bytes == 0)
        bytes = 1;
    return (bytes + AT_ALIGN - 1) / AT_ALIGN * AT_ALIGN;
}

/* The bytes after the last whole huge page stay on small ones: none is wasted. */
static void *alloc_big(size_t bytes)
{
    void *p = NULL;
    if (posix_memalign(&p, HUGE_PAGE, bytes) != 0)
        return NULL;
#ifdef MADV_HUGEPAGE
    (void)madvise(p, bytes / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE); /* refused: pages are small */
#endif
    return p;
}

void *at_alloc(size_t count, size_t size)
{
    size_t bytes = checked_bytes(count, size);
    if (bytes == 0)
        return NULL;
    return bytes < 2 * HUGE_PAGE ? aligned_alloc(AT_ALIGN, bytes) : alloc_big(bytes);
}

void *at_calloc(size_t count, size_t size)
{
    void *p = at_alloc(count, size);
    if (p != NULL)
        memset(p, 0, count * size);
    return p;
}

void at_free(void *p)
{
    free(p);
}

/* A block is its header, filling one cache line, then the bytes that it hands out. The list runs
 * from the newest block to the oldest. A reset leaves one block of all the bytes that the last
 * round took, so that the next round of the same size needs no other. */
struct at_arena_block {
    struct at_arena_block *next;
    size_t size, used; /* of the bytes after the header */
};

static_assert(sizeof(struct at_arena_block) <= AT_ALIGN, "the header has one line");

static struct at_arena_block *add_block(at_arena *a, size_t bytes)
{
    size_t size = a->block_bytes != 0 ? a->block_bytes : ARENA_BLOCK;
    if (size < bytes)
        size = bytes;
    if (size > PTRDIFF_MAX - 2 * AT_ALIGN)
        return NULL;
    size = (size + AT_ALIGN - 1) / AT_ALIGN * AT_ALIGN;
    struct at_arena_block *b = at_alloc(AT_ALIGN + size, 1);
    if (b == NULL)
        return NULL;
    *b = (struct at_arena_block){.next = a->head, .size = size};
    a->head = b;
    return b;
}

void *at_arena_alloc(at_arena *a, size_t count, size_t size)
{
    size_t bytes = checked_bytes(count, size);
    if (bytes == 0)
        return NULL;
    struct at_arena_block *b = a->head;
    if (b == NULL || b->size - b->used < bytes)
        b = add_block(a, bytes);
    if (b == NULL)
        return NULL;
    unsigned char *p = (unsigned char *)b + AT_ALIGN + b->used;
    b->used += bytes;
    a->used_bytes += bytes;
    return p;
}

void at_arena_reset(at_arena *a)
{
    struct at_arena_block *b = a->head;
    a->used_bytes = 0;
    if (b == NULL)
        return;
    if (b->next == NULL) {
        b->used = 0;
        return;
    }
    size_t total = 0;
    for (; b != NULL; b = b->next)
        total += b->size;
    at_arena_free(a);
    add_block(a, total); /* should it fail, the next allocation tries again */
}

void at_arena_free(at_arena *a)
{
    while (a->head != NULL) {
        struct at_arena_block *next = a->head->next;
        at_free(a->head);
        a->head = next;
    }
    a->used_bytes = 0;
}
