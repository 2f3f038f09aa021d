/* late.h - libraries that are loaded when they are first needed, not when the program starts.
 *
 * Linked in, FFmpeg brings 139 libraries along, and binding them takes longer than all that most commands do. Code
 * that calls such a library is written as if it were linked. late.py looks for what it calls, and makes of it a
 * table and, under each function's own name, a jump through the table's place. Who comes in by a module's front
 * doors has the table filled first (at_late_<module>); behind them everything is there. A function that is called
 * before that is a mistake of ours, and ends the program.
 *
 * The names are this library's own, hidden from others. But who links libattune.a and calls FFmpeg too calls it
 * through the same jumps, and so no sooner than attune does; the shared library leaves theirs alone.
 *
 * Such a child as the decoder's, which may open no file, is forked after that.
 */
#ifndef AT_BASE_LATE_H
#define AT_BASE_LATE_H

#include "base/error.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

/* The table has pages of its own, which can only be read once it is filled: it would be a good place to write to
 * for who has found a fault. */
#ifdef __aarch64__
enum { AT_LATE_PAGE = 1 << 16 }; /* bytes; pages may be of 4, 16 or 64 KiB */
#else
enum { AT_LATE_PAGE = 1 << 12 };
#endif

typedef void (*at_late_call)(void);

typedef struct at_late_name {
    const char *name;
    int library; /* index */
} at_late_name;

typedef struct at_late {
    /* (n_first) what libraries load that binds many names, loaded before them: by itself it has less to search. What is
     * not there any more is left out; all of it where others stand in (base/stand_in.h) */
    const char *const *first;
    const char *const *libraries; /* (n_libraries) as the loader knows them */
    const at_late_name *names;    /* (n) */
    at_late_call *calls;          /* (n), in pages of their own of that many bytes */
    size_t bytes;
    int n_first, n_libraries, n;
    pthread_mutex_t lock;
    atomic_int loaded;
} at_late;

/* Fills the table, once; at no cost then. Thread-safe. what: for the message. */
int at_late_load(at_late *l, const char *what, attune_error *err);

/* What stands in the table until then. */
_Noreturn void at_late_uncalled(void);

#endif
