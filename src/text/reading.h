/* reading.h - a message's words in a language: which language it is, and which of its phrases stands where. Private to
 * text. */
#ifndef AT_TEXT_READING_H
#define AT_TEXT_READING_H

#include "text/lexicon.h"
#include "text/words.h"

typedef struct at_reading {
    at_words words;
    const at_lexicon *lexicon;
    int16_t word[AT_TEXT_PIECES], prefix[AT_TEXT_PIECES]; /* in the lexicon; -1: none */
    uint16_t roles[AT_TEXT_PIECES];
    uint8_t taken[AT_TEXT_PIECES]; /* a phrase has it; the caller's */
    int counted;                   /* words that tell a language */
    int known_percent;             /* of them */
} at_reading;

/* Finds r->words in the language that most of them are of. 0: there are words, and none of the languages here is theirs. */
int at_reading_find_language(at_reading *r);

/* A word's letters, or "?", "!!" and the like; once: without those that are drawn out. */
const char *at_reading_spelling(const at_reading *r, int piece, int once);

/* Whether a piece has a spelling. */
int at_reading_is_spelt(const at_piece *p);

/* The longest phrase that begins at a piece, and how many it has; NULL: none. */
const at_lexicon_phrase *at_reading_phrase(const at_reading *r, int piece, int *pieces);

#endif
