/* hash.h - FNV-1a (Fowler, Noll & Vo; RFC 9923, 64 bits): what settings, and files by their digests, are told apart by. */
#ifndef AT_BASE_HASH_H
#define AT_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define AT_HASH_START UINT64_C(14695981039346656037)

/* Of n bytes, going on from hash; AT_HASH_START begins one. */
uint64_t at_hash(uint64_t hash, const void *bytes, size_t n);
/* Of a number's eight bytes, the lowest first. */
uint64_t at_hash_number(uint64_t hash, uint64_t x);

#endif
