/* cache.h - what was made of files once, kept in a folder by all that it was made of: their content, the
 * settings, the code (a digest of its sources), the kernels.
 *
 * A hit gives the very bytes that were put in. An entry has its length and digest in it: one that is damaged,
 * cut short or of something else is none, and is written again. Entries appear whole or not at all, so that
 * several processes may share a folder. One that cannot be written is done without. Nothing is ever removed.
 *
 * What is kept of faces shows people, and of voices says how they sound: the folder and its files are for
 * their owner's eyes (0700, 0600). Threads: any number at once.
 */
#ifndef AT_DATA_CACHE_H
#define AT_DATA_CACHE_H

#include "base/digest.h"

#include <attune/attune.h>

typedef struct at_cache at_cache;

/* Makes the folder where it is not there. */
int at_cache_open(at_cache **out, const char *dir, attune_error *err);
void at_cache_free(at_cache **c); /* NULL is fine; leaves NULL */

/* 128 bits of everything that is added. */
typedef struct at_cache_key {
    at_digest a, b;
} at_cache_key;

/* kind: of what is kept. The code and the kernels are added by itself. */
void at_cache_key_begin(at_cache_key *k, const char *kind);
void at_cache_key_add(at_cache_key *k, const void *bytes, size_t n);

/* 1: *data (n), at_free, is what was put; 0: there is none; ATTUNE_E_NOMEM. */
int at_cache_get(at_cache *c, const at_cache_key *k, unsigned char **data, size_t *n);
/* head and body (nullable) one after the other. */
void at_cache_put(at_cache *c, const at_cache_key *k, const void *head, size_t head_n,
                  const void *body, size_t body_n);

/* So far. */
typedef struct at_cache_counts {
    int found, made, unwritten;
} at_cache_counts;
at_cache_counts at_cache_count(at_cache *c);

extern const char at_code_digest[]; /* of the sources; tools/code_digest.py */

#endif
