/* chat.h - what one chat message says of its writer: how far it speaks of each of the seven basic expressions
 * and the four learning states, and by which words.
 *
 * A lexicon of our own (lexicon/, one file a language: English, German) and a few rules of how people
 * write: negation, words that strengthen and weaken, drawn out letters, marks, emoticons and emoji, who is spoken of, what is
 * quoted, what came before a "but" (docs/text.md has the method, its figures and what it is not for). There is no network
 * and nothing is learned. Most messages say nothing of how anybody is, and that is the ordinary answer; it is not "neutral",
 * which somebody says of themselves ("I'm fine"). What is written in no language that the lexicon has cannot be told,
 * not even by its emoji: a word may deny them.
 *
 * Text comes from strangers. It may hold anything: bytes that are no UTF-8, zeros, controls, marks without a letter. No
 * message fails. The first AT_TEXT_MOST bytes are looked at, so the cost of one is bounded.
 *
 * For a fusion: at_text_embed gives a message AT_TEXT_DIMS numbers, in [0,1], for its moment's token; the mean
 * over a window's messages is the window's embedding, and no message is an absent modality, not zeros. A
 * decision by rule looks at says, of the messages that told something and are still recent.
 *
 * Functions are pure: no allocation, no state, any number of threads; whole numbers inside, so the same
 * bits everywhere. Reading takes some 70 kB of stack.
 */
#ifndef AT_TEXT_CHAT_H
#define AT_TEXT_CHAT_H

#include <attune/attune.h>

enum {
    AT_TEXT_CLASSES = ATTUNE_EMOTIONS + ATTUNE_STATES, /* emotion7, then the states */
    AT_TEXT_MOST = 4096,                               /* bytes of a message that are looked at */
    AT_TEXT_CUES = 8,                                  /* that are told of a message, at most */
    AT_TEXT_DIMS = 32,
    AT_TEXT_TOKENS = 16, /* of a window, for a fusion: its latest messages */
};

typedef enum at_text_told {
    AT_TEXT_NOTHING,     /* of its writer's state: the ordinary answer */
    AT_TEXT_SAYS,        /* something: likeliest is a class */
    AT_TEXT_CANNOT_TELL, /* no language that is known here */
} at_text_told;

/* Words that an answer rests on. */
typedef struct at_text_cue {
    int at, bytes; /* where in the message: whole characters of it, on which no other cue lies */
    int class_of;  /* (0 .. AT_TEXT_CLASSES-1) */
    int denied;    /* it is said not to be so */
    float weight;  /* [0,1] what it counted, after all rules */
} at_text_cue;

typedef struct at_text_answer {
    at_text_told told;
    const char *language; /* "en", "de"; "" without words, or without such as are known. Static */
    int likeliest;        /* the class that it says the most of, the first of several; -1: none */
    int cut;              /* there was more than AT_TEXT_MOST */
    /* [0,1] How far it speaks of each; all 0 unless AT_TEXT_SAYS. No probabilities: a message may say
     * two things. */
    float says[AT_TEXT_CLASSES];
    int cues; /* the heaviest, in order of the message; none if it cannot be told */
    at_text_cue cue[AT_TEXT_CUES]; /* (cues) */
    /* How it is written, as at_text_embed gives it. */
    float denied[AT_TEXT_CLASSES]; /* [0,1] how far each is said not to be so */
    float known;                   /* [0,1] the share of its words that the language's lists have */
    /* [0,1] '?', '!', capitals, letters drawn out, emoji, "I", words of 32. */
    float asks, calls, loud, drawn, emoji, self, length;
} at_text_answer;

/* "boredom", "angry", ... of a class. */
const char *at_text_class_name(int class_of);

/* utf8 (n bytes; no final zero is needed, zeros are characters like others; NULL with n 0 is fine). */
void at_text_read(at_text_answer *out, const char *utf8, size_t n);

/* x (AT_TEXT_DIMS): says (11), denied (11), says anything, cannot tell, known, asks, calls, loud, drawn, emoji, self,
 * length. */
void at_text_embed(const at_text_answer *a, float *x);

#endif
