/* lexicon.h - the tables that lexicon.py makes of lexicon/: marks, which are everybody's, and languages. */
#ifndef AT_TEXT_LEXICON_H
#define AT_TEXT_LEXICON_H

#include <stddef.h>
#include <stdint.h>

enum {
    AT_PER_MILLE = 1000, /* weights are whole numbers of these */
    AT_SAYS_NOTHING = -1 /* in place of a class */
};

/* What a word may be, besides a part of phrases. */
enum {
    AT_ROLE_KNOWN = 1,      /* it tells that a message is of this language */
    AT_ROLE_SHARED = 2,     /* others have it as well: it tells half as much */
    AT_ROLE_NOT = 4,        /* denies what comes after */
    AT_ROLE_MORE = 8,       /* strengthens it */
    AT_ROLE_LESS = 16,      /* weakens it */
    AT_ROLE_FILLS = 32,     /* may stand between the words of a phrase */
    AT_ROLE_SELF = 64,      /* the writer */
    AT_ROLE_OTHER = 128,    /* somebody else */
    AT_ROLE_THIS = 256,     /* what is before the writer: "this", "it" */
    AT_ROLE_IF = 512,       /* it may not be so */
    AT_ROLE_BUT = 1024,     /* what comes after counts more */
    AT_ROLE_ARTICLE = 2048, /* what comes after is of a thing */
};

typedef struct at_lexicon_word {
    const char *text;
    uint16_t roles;
    uint16_t prefix; /* every word that begins with it */
} at_lexicon_word;

typedef struct at_lexicon_phrase {
    int8_t class_of; /* or AT_SAYS_NOTHING */
    uint8_t
        felt; /* it is its writer's only where they speak of themselves or of what is before them */
    uint16_t weight; /* per mille */
    uint16_t first;  /* its words: places in word, at phrase_word + first */
    uint16_t words;
} at_lexicon_phrase;

typedef struct at_lexicon_mark {
    const char *text;
    int8_t class_of;
    uint16_t weight;
} at_lexicon_mark;

typedef struct at_lexicon {
    const char *language;
    const at_lexicon_word
        *word; /* (words) whole ones in order, then (prefixes) those that are prefixes */
    int words, prefixes;
    const at_lexicon_phrase *phrase; /* (phrases) by their first word, the longest first */
    int phrases;
    const uint16_t *phrase_word;
} at_lexicon;

extern const at_lexicon at_lexicons[];
extern const int at_lexicons_count;
extern const at_lexicon_mark at_lexicon_marks[]; /* those of one beginning: the longest first */
extern const int at_lexicon_marks_count;
extern const char
    *const at_lexicon_others[]; /* everyday words of languages that are not here, in order */
extern const int at_lexicon_others_count;

/* The place of a word, and that of the longest prefix that it begins with; -1: none. */
int at_lexicon_word_at(const at_lexicon *l, const char *word);
int at_lexicon_prefix_at(const at_lexicon *l, const char *word);

/* Whether it is an everyday word of another language. */
int at_lexicon_is_others(const char *word);

/* The mark that the n bytes at s begin with; -1: none. */
int at_lexicon_mark_at(const char *s, size_t n);

#endif
