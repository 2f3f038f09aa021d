/* gunzip.h - what a gzip file (RFC 1952) holds. */
#ifndef AT_DATA_GUNZIP_H
#define AT_DATA_GUNZIP_H

#include <attune/attune.h>

/* Whether the data begin as a gzip file does. */
int at_is_gzip(const unsigned char *data, size_t size);

/* Unpacks all members into a fresh buffer (at_alloc; one NUL follows the data). ATTUNE_E_FORMAT when
 * it is damaged or cut short, ATTUNE_E_UNSUPPORTED when more than limit comes out. name is for the
 * message. */
int at_gunzip(const char *name, const unsigned char *data, size_t size, size_t limit,
              unsigned char **out, size_t *out_size, attune_error *err);

#endif
