/* keep.h - what an object is made of, put into memory and taken out again by one and the same function.
 *
 *     void at_thing_keep(at_keep *k, at_thing *t)
 *     {
 *         at_keep_int(k, &t->count, 0, AT_THINGS);
 *         for (int i = 0; i < t->count; i++)
 *             at_keep_time(k, &t->seen_us[i]);
 *     }
 *
 * writes t where k does, and fills it where k reads; so the two cannot disagree. What is read comes out of a file
 * that may be damaged, or somebody else's: whole numbers have a range, and what is outside makes the status
 * ATTUNE_E_FORMAT. From then on all that is read is zeros, so that loops over what was counted end. Numbers are as
 * they lie in memory, for the program and the machine that wrote them. */
#ifndef AT_BASE_KEEP_H
#define AT_BASE_KEEP_H

#include <attune/attune.h>

/* Zero-initialised writes; at_keep_free. With data (size) and reads set it reads; they stay the caller's. */
typedef struct at_keep {
    unsigned char *data;
    size_t size, capacity;
    size_t at; /* read so far */
    int reads;
    attune_status status; /* of all so far: ATTUNE_OK, ATTUNE_E_NOMEM, ATTUNE_E_FORMAT */
} at_keep;

void at_keep_bytes(at_keep *k, void *p, size_t n); /* anything will do */
void at_keep_floats(at_keep *k, float *x, size_t n);
/* Pixels, or these a second: numbers that an int has room for. */
void at_keep_places(at_keep *k, float *x, size_t n);
void at_keep_shares(at_keep *k, float *x, size_t n); /* 0 to 1 */
void at_keep_int(at_keep *k, int *x, int least, int most);
void at_keep_number(at_keep *k, uint32_t *x);
void at_keep_count(at_keep *k, int64_t *x); /* 0 to 2^53 */
void at_keep_time(at_keep *k, int64_t *t);  /* us, as sessions count: sums of a few fit */
void at_keep_start(at_keep *k, int64_t *t); /* a time, or INT64_MIN, before all of them */
/* Whether all of it was read, and well. */
int at_keep_is_read(const at_keep *k);
void at_keep_free(at_keep *k); /* of one that writes */

#endif
