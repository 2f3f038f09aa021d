/* digest.h - XXH64 (Yann Collet's xxHash, 64 bits, seed 0; github.com/Cyan4973/xxHash,
 * doc/xxhash_spec.md), piece by piece.
 *
 * Against damage, not against malice. Damage within one aligned group of eight bytes always changes
 * the digest: each step is a bijection of what it takes in. Several times as fast as memory is
 * read; the same on every machine.
 */
#ifndef AT_BASE_DIGEST_H
#define AT_BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

typedef struct at_digest {
    uint64_t lane[4];
    uint64_t bytes;         /* taken in so far */
    unsigned char rest[32]; /* the last bytes % 32 of them */
} at_digest;

void at_digest_begin(at_digest *d);
void at_digest_add(at_digest *d, const void *bytes, size_t n);
uint64_t at_digest_of(const at_digest *d); /* of all so far; more may be added after it */

#endif
