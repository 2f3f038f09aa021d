/* words.h - a chat message in pieces: words, marks that have a meaning of their own, and where a clause ends. What its
 * writer may only be showing (quotations, code, addresses) is left out. Languages differ in their words alone, so
 * this knows none. */
#ifndef AT_TEXT_WORDS_H
#define AT_TEXT_WORDS_H

#include <stddef.h>
#include <stdint.h>

enum {
    AT_WORDS_MOST = 4096,  /* bytes of a message */
    AT_TEXT_PIECES = 1024, /* of a message, at most */
};

typedef enum at_piece_kind {
    AT_PIECE_WORD,  /* letters; apostrophes inside are left out: "dont" */
    AT_PIECE_OTHER, /* a number, a name with digits, what is shown: no word */
    AT_PIECE_MARK,  /* an emoji or emoticon that marks.txt has: its place there */
    AT_PIECE_ASKS,  /* '?', as often as it stands there; with '!' among them */
    AT_PIECE_CALLS, /* '!' */
    AT_PIECE_BREAK, /* another end of a sentence */
    AT_PIECE_PAUSE, /* the end of a clause within one */
} at_piece_kind;

typedef struct at_piece {
    at_piece_kind kind;
    uint16_t at, bytes; /* in the message */
    /* Its spelling, in letters, ended by 0: a word's with letters that are drawn out twice, and once; of marks "?",
     * "??" (several), "?!", "!", "!!". */
    uint16_t text, once;
    uint16_t mark;
    uint8_t drawn; /* a letter stands three times or more */
    uint8_t loud;  /* two letters or more, all capitals */
} at_piece;

typedef struct at_words {
    int n, cut; /* cut: there were more */
    at_piece piece[AT_TEXT_PIECES];
    char letters[2 * (AT_WORDS_MOST + AT_TEXT_PIECES)];
    int used; /* of letters */
} at_words;

/* n <= AT_WORDS_MOST. */
void at_words_read(at_words *out, const char *utf8, size_t n);

#endif
