/* utf8.h - characters of UTF-8, in text from anywhere. */
#ifndef AT_BASE_UTF8_H
#define AT_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

enum { AT_UTF8_MOST = 4 }; /* bytes of a character; as n, of text that ends with a zero */

/* Bytes of the character that the n bytes at text begin with, and its code point (nullable). 0: they begin with none,
 * and *code stays. Nothing is read behind the first byte that belongs to none. */
size_t at_utf8_read(const char *text, size_t n, uint32_t *code);
/* Whether text is of such characters alone. */
int at_utf8_is(const char *text);

#endif
