/* words.h - a chat message in pieces: words, marks that have a meaning of their own, and where a clause ends. What its
 * writer may only be showing (quotations, code, addresses) is left out. Languages differ in their words alone, so
 * this knows none. */
#ifndef AT_TEXT_WORDS_H
#define AT_TEXT_WORDS_H

#include <stddef.h>
#include <stdint.h>

enum {
    AT_TEXT_PIECES = 1024,     /* of a message, at most */
    AT_TEXT_LONGEST_WORD = 48, /* letters; what is longer is no word */
};

typedef enum at_piece_kind {
    AT_PIECE_WORD,  /* letters; apostrophes inside are left out: "dont" */
    AT_PIECE_OTHER, /* a number, a name with digits, something long: no word */
    AT_PIECE_MARK,  /* an emoji or emoticon that marks.txt has: its place there */
    AT_PIECE_ASKS,  /* '?', as often as it stands there; with '!' among them */
    AT_PIECE_CALLS, /* '!' */
    AT_PIECE_BREAK, /* another end of a clause */
} at_piece_kind;

typedef struct at_piece {
    at_piece_kind kind;
    uint16_t at, bytes; /* in the message */
    uint16_t text,
        once; /* a word's spelling in letters, ended by 0, with letters that are drawn out
                          * twice, and once; of '?' and '!' "?", "??" (several), "?!", "!", "!!" */
    uint16_t mark;
    uint8_t drawn; /* a letter stands three times or more */
    uint8_t loud;  /* two letters or more, all capitals */
} at_piece;

typedef struct at_words {
    int n, cut; /* cut: there were more */
    at_piece piece[AT_TEXT_PIECES];
    char letters[2 * (4096 + AT_TEXT_PIECES)];
    int used; /* of letters */
} at_words;

/* n <= 4096. */
void at_words_read(at_words *out, const char *utf8, size_t n);

#endif
