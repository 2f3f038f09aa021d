#include "text/reading.h"

#include <string.h>

/* Chosen on tests/chat/dev.tsv. */
enum {
    KNOWN_PERCENT = 35, /* of the words, at least, for the language to be known */
    SKIPS = 2,          /* that fill, between two words of a phrase */
};

const char *at_reading_spelling(const at_reading *r, int i, int once)
{
    const at_piece *p = &r->words.piece[i];

    return r->words.letters + (once ? p->once : p->text);
}

int at_reading_is_spelt(const at_piece *p)
{
    return p->kind == AT_PIECE_WORD || p->kind == AT_PIECE_ASKS || p->kind == AT_PIECE_CALLS;
}

static int find(const at_reading *r, int i, int (*at)(const at_lexicon *, const char *))
{
    int found = at(r->lexicon, at_reading_spelling(r, i, 0));

    if (found < 0 && r->words.piece[i].drawn)
        found = at(r->lexicon, at_reading_spelling(r, i, 1));
    return found;
}

static unsigned roles_of(const at_reading *r, int i)
{
    const at_lexicon_word *w = r->lexicon->word;

    if (r->word[i] >= 0 && w[r->word[i]].roles)
        return w[r->word[i]].roles;
    return r->prefix[i] >= 0 ? w[r->prefix[i]].roles : 0;
}

/* A letter by itself names a thing, or is a word of many languages. */
static int is_letter(const at_reading *r, int i)
{
    return strlen(at_reading_spelling(r, i, 0)) == 1;
}

static int has_other_letters(const char *word)
{
    for (; *word; word++)
        if ((unsigned char)*word >= 0x80)
            return 1;
    return 0;
}

/* How far a word tells that a message is of the language: 2 of 2, or that it is not. What has letters that
 * neither language has is another's. */
static int halves_of(const at_reading *r, int i)
{
    const char *word = at_reading_spelling(r, i, 0);

    if (r->roles[i])
        return r->roles[i] & AT_ROLE_SHARED ? 1 : 2;
    return has_other_letters(word) || at_lexicon_is_others(word) ? -2 : 0;
}

/* Finds the message's words in a language: how many of a hundred it has. -1: none is surely its own. */
static int look_up(at_reading *r, const at_lexicon *lexicon)
{
    int halves = 0, sure = 0;

    r->lexicon = lexicon;
    r->counted = 0;
    for (int i = 0; i < r->words.n; i++) {
        const int is_word = at_reading_is_spelt(&r->words.piece[i]);
        r->word[i] = (int16_t)(is_word ? find(r, i, at_lexicon_word_at) : -1);
        r->prefix[i] = (int16_t)(is_word ? find(r, i, at_lexicon_prefix_at) : -1);
        r->roles[i] = (uint16_t)roles_of(r, i);
        if (r->words.piece[i].kind != AT_PIECE_WORD || is_letter(r, i))
            continue;
        r->counted++;
        sure += !!(r->roles[i] & AT_ROLE_KNOWN);
        halves += halves_of(r, i);
    }
    r->known_percent = halves > 0 ? 50 * halves / r->counted : 0;
    return sure ? r->known_percent : -1;
}

int at_reading_find_language(at_reading *r)
{
    int best = -1, chosen = 0;

    for (int i = 0; i < at_lexicons_count; i++) {
        const int percent = look_up(r, &at_lexicons[i]);
        if (percent > best) {
            best = percent;
            chosen = i;
        }
    }
    look_up(r, &at_lexicons[chosen]);
    return !r->counted || best >= KNOWN_PERCENT;
}

/* The pieces from i that are the phrase: their number, 0 if they are not. */
static int matches(const at_reading *r, int i, const at_lexicon_phrase *p)
{
    const uint16_t *word = r->lexicon->phrase_word + p->first;
    int at = i;

    for (int k = 0; k < p->words; k++) {
        int skipped = 0;
        while (k && at < r->words.n && r->word[at] != word[k] && r->prefix[at] != word[k] &&
               r->roles[at] & (AT_ROLE_FILLS | AT_ROLE_MORE) && skipped < SKIPS) {
            skipped++;
            at++;
        }
        if (at >= r->words.n || (r->word[at] != word[k] && r->prefix[at] != word[k]))
            return 0;
        at++;
    }
    return at - i;
}

/* The first phrase of those that begin with a word. */
static int first_phrase(const at_lexicon *l, int word)
{
    int low = 0, high = l->phrases;

    while (low < high) {
        const int middle = (low + high) / 2;
        if (l->phrase_word[l->phrase[middle].first] < word)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The longest phrase that begins with that word and stands at i; NULL: none. */
static const at_lexicon_phrase *phrase_with(const at_reading *r, int i, int word, int *pieces)
{
    const at_lexicon *l = r->lexicon;

    if (word < 0)
        return NULL;
    for (int p = first_phrase(l, word);
         p < l->phrases && l->phrase_word[l->phrase[p].first] == word; p++)
        if ((*pieces = matches(r, i, &l->phrase[p])))
            return &l->phrase[p];
    return NULL;
}

const at_lexicon_phrase *at_reading_phrase(const at_reading *r, int i, int *pieces)
{
    int by_word, by_prefix;
    const at_lexicon_phrase *word = phrase_with(r, i, r->word[i], &by_word);
    const at_lexicon_phrase *prefix = phrase_with(r, i, r->prefix[i], &by_prefix);

    if (!word || (prefix && prefix->words > word->words)) {
        *pieces = by_prefix;
        return prefix;
    }
    *pieces = by_word;
    return word;
}
