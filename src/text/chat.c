/* One pass: pieces (words.h), the language that most of its words are of, then phrases from the left, the longest
 * first, and what stands about each in its clause. */
#include "text/chat.h"

#include "text/lexicon.h"
#include "text/words.h"

#include <string.h>

/* Chosen on tests/chat/dev.tsv. */
enum {
    KNOWN_PERCENT = 35, /* of the words, at least, for the language to be known */
    LEAST = 500,        /* per mille that is said of a class, for an answer */
    REACH = 4,          /* pieces before a phrase that may deny it */
    SHORT = 3,          /* words of a clause that needs no subject */
    SKIPS = 2,          /* that fill, between two words of a phrase */
};

typedef struct hit {
    int first, end; /* its pieces */
    int class_of;
    int weight; /* per mille */
    int denied;
} hit;

typedef struct reading {
    at_words words;
    const at_lexicon *lexicon;
    int16_t word[AT_TEXT_PIECES], prefix[AT_TEXT_PIECES]; /* in the lexicon; -1: none */
    uint16_t roles[AT_TEXT_PIECES];
    uint8_t taken[AT_TEXT_PIECES]; /* by a phrase */
    hit hit[AT_TEXT_PIECES];
    int hits, counted, known_percent;
} reading;

const char *at_text_class_name(int class_of)
{
    return class_of < ATTUNE_EMOTIONS ? attune_emotion_names[class_of]
                                      : attune_state_names[class_of - ATTUNE_EMOTIONS];
}

static const char *spelling(const reading *r, int i, int once)
{
    const at_piece *p = &r->words.piece[i];

    return r->words.letters + (once ? p->once : p->text);
}

static int is_in_words(const at_piece *p)
{
    return p->kind == AT_PIECE_WORD || p->kind == AT_PIECE_ASKS || p->kind == AT_PIECE_CALLS;
}

static int find(const reading *r, int i, int (*at)(const at_lexicon *, const char *))
{
    int found = at(r->lexicon, spelling(r, i, 0));

    if (found < 0 && r->words.piece[i].drawn)
        found = at(r->lexicon, spelling(r, i, 1));
    return found;
}

static unsigned roles_of(const reading *r, int i)
{
    const at_lexicon_word *w = r->lexicon->word;

    if (r->word[i] >= 0 && w[r->word[i]].roles)
        return w[r->word[i]].roles;
    return r->prefix[i] >= 0 ? w[r->prefix[i]].roles : 0;
}

/* A letter by itself names a thing, unless it is a word. */
static int is_label(const reading *r, int i)
{
    return !r->roles[i] && strlen(spelling(r, i, 0)) < 2;
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
static int halves_of(const reading *r, int i)
{
    const char *word = spelling(r, i, 0);

    if (r->roles[i])
        return r->roles[i] & AT_ROLE_SHARED ? 1 : 2;
    return has_other_letters(word) || at_lexicon_is_others(word) ? -2 : 0;
}

/* Finds the message's words in a language: how many of a hundred it has. -1: none is surely its own. */
static int look_up(reading *r, const at_lexicon *lexicon)
{
    int halves = 0, sure = 0;

    r->lexicon = lexicon;
    r->counted = 0;
    for (int i = 0; i < r->words.n; i++) {
        const int is_word = is_in_words(&r->words.piece[i]);
        r->word[i] = (int16_t)(is_word ? find(r, i, at_lexicon_word_at) : -1);
        r->prefix[i] = (int16_t)(is_word ? find(r, i, at_lexicon_prefix_at) : -1);
        r->roles[i] = (uint16_t)roles_of(r, i);
        if (r->words.piece[i].kind != AT_PIECE_WORD || is_label(r, i))
            continue;
        r->counted++;
        sure += !!(r->roles[i] & AT_ROLE_KNOWN);
        halves += halves_of(r, i);
    }
    r->known_percent = halves > 0 ? 50 * halves / r->counted : 0;
    return sure ? r->known_percent : -1;
}

/* Whether there are words, and none that are known. */
static int is_foreign(reading *r)
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
    return r->counted > 0 && best < KNOWN_PERCENT;
}

/* --- phrases --- */

/* The pieces from i that are the phrase: their number, 0 if they are not. */
static int matches(const reading *r, int i, const at_lexicon_phrase *p)
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
static const at_lexicon_phrase *phrase_with(const reading *r, int i, int word, int *pieces)
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

static const at_lexicon_phrase *phrase_at(const reading *r, int i, int *pieces)
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

/* --- what stands about a phrase --- */

static int ends_clause(const reading *r, int i)
{
    const at_piece_kind kind = r->words.piece[i].kind;

    return kind == AT_PIECE_BREAK || kind == AT_PIECE_ASKS || kind == AT_PIECE_CALLS ||
           r->roles[i] & AT_ROLE_BUT;
}

static int clause_start(const reading *r, int i)
{
    while (i > 0 && !ends_clause(r, i - 1))
        i--;
    return i;
}

static int clause_end(const reading *r, int i)
{
    while (i < r->words.n && !ends_clause(r, i))
        i++;
    return i;
}

/* The nearest piece from i back to first that has one of the roles and is no phrase's; first - 1: none. */
static int back_to(const reading *r, int i, int first, unsigned roles)
{
    while (i >= first && (r->taken[i] || !(r->roles[i] & roles)))
        i--;
    return i;
}

static int is_unknown(const reading *r, int i)
{
    return r->words.piece[i].kind <= AT_PIECE_OTHER && !r->roles[i];
}

static int any_unknown(const reading *r, int first, int end)
{
    for (int i = first; i < end; i++)
        if (is_unknown(r, i))
            return 1;
    return 0;
}

/* Words of a clause that are more than manner. */
static int weighty(const reading *r, int first, int end)
{
    int n = 0;

    for (int i = first; i < end; i++)
        n += r->words.piece[i].kind <= AT_PIECE_OTHER &&
             !(r->roles[i] & (AT_ROLE_FILLS | AT_ROLE_MORE | AT_ROLE_LESS));
    return n;
}

/* What comes after is not what is felt, but who or what is so. */
static int qualifies(const reading *r, int end, int last)
{
    return end < last && (is_unknown(r, end) || r->roles[end] & AT_ROLE_OTHER);
}

/* Whether a felt phrase is its writer's: they speak of themselves, of what is before them, or in so few words that it
 * goes without saying. */
static int is_writers(const reading *r, const hit *h)
{
    const int first = clause_start(r, h->first), last = clause_end(r, h->end);
    const int who = back_to(r, h->first - 1, first, AT_ROLE_SELF | AT_ROLE_OTHER);
    const int asked = last < r->words.n && r->words.piece[last].kind == AT_PIECE_ASKS;

    if (h->first > first && r->roles[h->first - 1] & AT_ROLE_ARTICLE && qualifies(r, h->end, last))
        return 0;
    if (who >= first)
        return !(r->roles[who] & AT_ROLE_OTHER) && !any_unknown(r, who, h->first);
    if (asked || qualifies(r, h->end, last))
        return 0;
    if (back_to(r, h->first - 1, first, AT_ROLE_THIS) >= first)
        return 1;
    return !weighty(r, first, h->first) ||
           (weighty(r, first, last) <= SHORT && !any_unknown(r, first, last));
}

static int is_denied(const reading *r, const hit *h)
{
    const int start = clause_start(r, h->first);
    const int first = h->first - REACH > start ? h->first - REACH : start;

    return back_to(r, h->first - 1, first, AT_ROLE_NOT) >= first;
}

static int stronger(int weight, int parts)
{
    return weight + (AT_PER_MILLE - weight) / parts;
}

static int weigh(const reading *r, const hit *h, int weight)
{
    const int start = clause_start(r, h->first), last = clause_end(r, h->end);
    const int near = h->first - 2 > start ? h->first - 2 : start;
    int loud = 0;

    if (back_to(r, h->first - 1, start, AT_ROLE_IF) >= start)
        return 0;
    if (back_to(r, h->first - 1, near, AT_ROLE_LESS) >= near)
        weight = weight * 3 / 4;
    else if (back_to(r, h->first - 1, near, AT_ROLE_MORE) >= near)
        weight = stronger(weight, 4);
    for (int i = h->first; i < h->end; i++)
        loud |= r->words.piece[i].loud | r->words.piece[i].drawn;
    loud |= last < r->words.n && r->words.piece[last].kind == AT_PIECE_CALLS;
    return loud ? stronger(weight, 8) : weight;
}

/* --- all of a message --- */

static int take_phrase(reading *r, int i)
{
    int pieces;
    const at_lexicon_phrase *p = phrase_at(r, i, &pieces);
    hit *h = &r->hit[r->hits];

    if (!p)
        return 0;
    *h = (hit){.first = i, .end = i + pieces, .class_of = p->class_of};
    if (p->class_of != AT_SAYS_NOTHING && (!p->felt || is_writers(r, h))) {
        h->weight = weigh(r, h, p->weight);
        h->denied = is_denied(r, h);
        r->hits += h->weight > 0;
    }
    memset(r->taken + i, 1, (size_t)pieces);
    return pieces;
}

static void take_mark(reading *r, int i)
{
    const at_piece *p = &r->words.piece[i];
    const at_lexicon_mark *m = &at_lexicon_marks[p->mark];
    const int again = i && p[-1].kind == AT_PIECE_MARK && p[-1].mark == p->mark;

    if (!again && m->class_of != AT_SAYS_NOTHING)
        r->hit[r->hits++] =
            (hit){.first = i, .end = i + 1, .class_of = m->class_of, .weight = m->weight};
}

/* What was said before a "but" counts a third, if something was said after it. */
static void turn(reading *r)
{
    int but = r->words.n - 1;

    while (but >= 0 && (r->taken[but] || !(r->roles[but] & AT_ROLE_BUT)))
        but--;
    if (!r->hits || r->hit[r->hits - 1].first < but)
        return;
    for (int i = 0; i < r->hits && r->hit[i].first < but; i++)
        r->hit[i].weight /= 3;
}

static void find_hits(reading *r)
{
    memset(r->taken, 0, sizeof r->taken);
    r->hits = 0;
    for (int i = 0; i < r->words.n;) {
        const int pieces = is_in_words(&r->words.piece[i]) ? take_phrase(r, i) : 0;
        if (r->words.piece[i].kind == AT_PIECE_MARK)
            take_mark(r, i);
        i += pieces ? pieces : 1;
    }
    turn(r);
}

/* Independent signs of one thing: 1 - (1 - a)(1 - b)... */
static void add_up(const reading *r, int denied, int *sum)
{
    for (int c = 0; c < AT_TEXT_CLASSES; c++)
        sum[c] = 0;
    for (int i = 0; i < r->hits; i++) {
        const hit *h = &r->hit[i];
        if (h->denied == denied)
            sum[h->class_of] += h->weight * (AT_PER_MILLE - sum[h->class_of]) / AT_PER_MILLE;
    }
}

static float share(int n, int of)
{
    return n >= of ? 1 : (float)n / (float)of;
}

static void answer_class(at_text_answer *out, const reading *r)
{
    int says[AT_TEXT_CLASSES], denied[AT_TEXT_CLASSES], best = 0;

    add_up(r, 0, says);
    add_up(r, 1, denied);
    for (int c = 0; c < AT_TEXT_CLASSES; c++) {
        out->denied[c] = share(denied[c], AT_PER_MILLE);
        best = says[c] > says[best] ? c : best;
    }
    if (says[best] < LEAST)
        return;
    out->told = AT_TEXT_SAYS;
    out->likeliest = best;
    for (int c = 0; c < AT_TEXT_CLASSES; c++)
        out->says[c] = share(says[c], AT_PER_MILLE);
}

static int is_heavier(const hit *a, const hit *b)
{
    return a->weight > b->weight || (a->weight == b->weight && a < b);
}

/* The heaviest hits, in their order. */
static void answer_cues(at_text_answer *out, const reading *r)
{
    for (int i = 0; i < r->hits; i++) {
        const hit *h = &r->hit[i];
        const at_piece *first = &r->words.piece[h->first], *last = &r->words.piece[h->end - 1];
        int heavier = 0;
        for (int k = 0; k < r->hits && heavier < AT_TEXT_CUES; k++)
            heavier += is_heavier(&r->hit[k], h);
        if (heavier < AT_TEXT_CUES)
            out->cue[out->cues++] = (at_text_cue){.at = first->at,
                                                  .bytes = last->at + last->bytes - first->at,
                                                  .class_of = h->class_of,
                                                  .denied = h->denied,
                                                  .weight = share(h->weight, AT_PER_MILLE)};
    }
}

static void answer_manner(at_text_answer *out, const reading *r)
{
    int asks = 0, calls = 0, loud = 0, drawn = 0, marks = 0, words = 0, self = 0;

    for (int i = 0; i < r->words.n; i++) {
        const at_piece *p = &r->words.piece[i];
        const char *text = is_in_words(p) ? spelling(r, i, 0) : "";
        asks += p->kind == AT_PIECE_ASKS ? (int)strlen(text) : 0;
        calls += p->kind == AT_PIECE_CALLS ? (int)strlen(text) : 0;
        marks += p->kind == AT_PIECE_MARK;
        words += p->kind == AT_PIECE_WORD;
        drawn += p->drawn;
        loud += p->loud;
        self |= r->roles[i] & AT_ROLE_SELF;
    }
    out->asks = share(asks, 3);
    out->calls = share(calls, 3);
    out->loud = words ? share(loud, words) : 0;
    out->drawn = words ? share(drawn, words) : 0;
    out->emoji = share(marks, 3);
    out->self = self ? 1 : 0;
    out->length = share(words, 32);
    out->known = share(r->known_percent, 100);
}

void at_text_read(at_text_answer *out, const char *utf8, size_t n)
{
    reading r;
    const size_t most = n < AT_TEXT_MOST ? n : AT_TEXT_MOST;

    *out = (at_text_answer){.told = AT_TEXT_NOTHING, .language = "", .likeliest = -1};
    at_words_read(&r.words, utf8, most);
    out->cut = n > most || r.words.cut;
    if (is_foreign(&r)) {
        out->told = AT_TEXT_CANNOT_TELL;
        answer_manner(out, &r);
        return;
    }
    out->language = r.counted ? r.lexicon->language : "";
    find_hits(&r);
    answer_class(out, &r);
    answer_cues(out, &r);
    answer_manner(out, &r);
}

void at_text_embed(const at_text_answer *a, float *x)
{
    const float manner[] = {a->told == AT_TEXT_SAYS,
                            a->told == AT_TEXT_CANNOT_TELL,
                            a->known,
                            a->asks,
                            a->calls,
                            a->loud,
                            a->drawn,
                            a->emoji,
                            a->self,
                            a->length};

    _Static_assert(2 * AT_TEXT_CLASSES + sizeof manner / sizeof *manner == AT_TEXT_DIMS,
                   "chat.h lists them");
    memcpy(x, a->says, sizeof a->says);
    memcpy(x + AT_TEXT_CLASSES, a->denied, sizeof a->denied);
    memcpy(x + 2 * AT_TEXT_CLASSES, manner, sizeof manner);
}
