/* sha1.h - SHA-1 (FIPS 180-4, section 6.1): for numbers that a standard makes of it (RFC 4122, version 5). Not
 * against malice: collisions can be made. */
#ifndef AT_BASE_SHA1_H
#define AT_BASE_SHA1_H

#include <stddef.h>

enum { AT_SHA1_BYTES = 20 };

/* Of head and then body, which may be empty. */
void at_sha1(unsigned char out[AT_SHA1_BYTES], const void *head, size_t head_size, const void *body,
             size_t body_size);

#endif
