/* chars.h - the characters of a text from strangers, as words are compared by: small letters, umlauts without
 * their dots. Any other letter with a mark is another letter, and no word that English or German has. */
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
    int capital; /* one of English or German */
    char plain
        [5]; /* as it is compared: "u" for U+00DC, "ss" for U+00DF, or itself; at most bytes long */
} at_char;

/* The first character of s (n > 0 bytes). */
at_char at_char_read(const char *s, size_t n);

#endif
