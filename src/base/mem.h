/* mem.h - aligned allocation with checked sizes, and a growing arena.
 *
 * Every buffer that a kernel reads or writes comes from here: 64-byte aligned.
 */
#ifndef AT_BASE_MEM_H
#define AT_BASE_MEM_H

#include <stddef.h>

#define AT_ALIGN 64

/* count * size bytes, 64-byte aligned; NULL when that overflows or memory is out.
 * Free with at_free. A zero count gives a valid pointer. */
void *at_alloc(size_t count, size_t size);
void *at_calloc(size_t count, size_t size); /* zeroed */
void at_free(void *p);                      /* NULL is fine */

/* Chained blocks; everything given out is 64-byte aligned and lives until reset or free.
 * Not thread-safe. A zero-initialised arena is ready for use. */
typedef struct at_arena {
    struct at_arena_block *head;
    size_t block_bytes; /* size of the next block; 0: 1 MiB */
    size_t used_bytes;  /* given out since the last reset */
} at_arena;

void *at_arena_alloc(at_arena *a, size_t count, size_t size); /* NULL on failure */
/* Keeps the memory: after the first pass of a training step no more system calls are made. */
void at_arena_reset(at_arena *a);
void at_arena_free(at_arena *a);

#endif
