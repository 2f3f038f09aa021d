/* weights_digest.h - how a weight file tells that it was damaged.
 *
 * The metadata's "xxh64" has sixteen hexadecimal digits: the digest (base/digest.h) of all that
 * follows the file's first eight bytes, header, padding and tensors, these digits left out. In the
 * header's text they stand as "xxh64":"DIGITS", without white space. It is looked at last, when what
 * the header says has been found to make sense.
 */
#ifndef AT_TENSOR_WEIGHTS_DIGEST_H
#define AT_TENSOR_WEIGHTS_DIGEST_H

#include "base/digest.h"

#define AT_WEIGHTS_DIGEST "xxh64"

enum { AT_WEIGHTS_DIGITS = 16 };

/* Where the digits stand in a header of length bytes; NULL: nowhere. */
const char *at_weights_digits(const char *header, size_t length);
/* Begins d with the header; the data is for the caller to add. digits: as found in it. */
void at_weights_digest_header(at_digest *d, const char *header, size_t length, const char *digits);
/* The digest as text. */
void at_weights_digest_text(const at_digest *d, char text[AT_WEIGHTS_DIGITS + 1]);

#endif
