/* chars.h - the characters of a text from strangers, as words are compared by: small letters without their marks. */
#ifndef AT_TEXT_CHARS_H
#define AT_TEXT_CHARS_H

#include <stddef.h>

typedef enum at_char_kind {
    AT_CHAR_SPACE,  /* controls and bytes that are no UTF-8 are spaces as well */
    AT_CHAR_LETTER, /* of any script */
    AT_CHAR_DIGIT,
    AT_CHAR_SIGN,   /* any other */
    AT_CHAR_UNSEEN, /* marks upon a letter, joiners, what turns the direction: as if not there */
} at_char_kind;

typedef struct at_char {
    at_char_kind kind;
    int bytes;   /* in the text, >= 1 */
    int capital; /* a Latin letter that is one */
    char plain
        [5]; /* as it is compared: "u" for U+00DC, "ss" for U+00DF, itself; ends with 0, no longer than bytes */
} at_char;

/* The first character of s (n > 0 bytes). */
at_char at_char_read(const char *s, size_t n);

#endif
