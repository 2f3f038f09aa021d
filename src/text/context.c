#include "text/context.h"

/* Chosen on tests/chat/dev.tsv. */
enum {
    REACH = 6,   /* pieces before a phrase that may deny it */
    NEAR = 2,    /* that may strengthen or weaken it */
    SHORT = 3,   /* words of a clause that needs no subject */
    BESIDES = 2, /* words that may stand about one that has to be alone */
    LONG = 10,   /* words of a clause that still needs no "I" */
};

static int ends_sentence(const at_reading *r, int i)
{
    const at_piece_kind kind = r->words.piece[i].kind;

    return kind == AT_PIECE_BREAK || kind == AT_PIECE_ASKS || kind == AT_PIECE_CALLS;
}

static int ends_clause(const at_reading *r, int i)
{
    return ends_sentence(r, i) || r->words.piece[i].kind == AT_PIECE_PAUSE ||
           r->roles[i] & AT_ROLE_BUT;
}

/* Where what i is in begins. */
static int start_of(const at_reading *r, int i, int (*ends)(const at_reading *, int))
{
    while (i > 0 && !ends(r, i - 1))
        i--;
    return i;
}

static int clause_start(const at_reading *r, int i)
{
    return start_of(r, i, ends_clause);
}

static int clause_end(const at_reading *r, int i)
{
    while (i < r->words.n && !ends_clause(r, i))
        i++;
    return i;
}

/* The nearest piece from i back to first that has one of the roles and is no phrase's; first - 1: none. */
static int back_to(const at_reading *r, int i, int first, unsigned roles)
{
    while (i >= first && (r->taken[i] || !(r->roles[i] & roles)))
        i--;
    return i;
}

/* A word of what is spoken about: of no use in telling who feels what. */
static int is_matter(const at_reading *r, int i)
{
    return r->words.piece[i].kind <= AT_PIECE_OTHER &&
           (!r->roles[i] || r->roles[i] & AT_ROLE_THING);
}

static int any_matter(const at_reading *r, int first, int end)
{
    for (int i = first; i < end; i++)
        if (is_matter(r, i))
            return 1;
    return 0;
}

/* Words of a clause that are more than manner. */
static int weighty(const at_reading *r, int first, int end)
{
    int n = 0;

    for (int i = first; i < end; i++)
        n += r->words.piece[i].kind <= AT_PIECE_OTHER &&
             !(r->roles[i] & (AT_ROLE_FILLS | AT_ROLE_MORE | AT_ROLE_LESS));
    return n;
}

/* What comes after is not what is felt, but who or what is so. */
static int qualifies(const at_reading *r, int end, int last)
{
    return end < last && (is_matter(r, end) || r->roles[end] & AT_ROLE_OTHER);
}

/* Who is spoken of: the nearest before the phrase in its clause; first - 1: nobody is named. */
static int subject(const at_reading *r, at_place p, int first)
{
    return back_to(r, p.first - 1, first, AT_ROLE_SELF | AT_ROLE_OTHER);
}

/* The phrase is said of "this", with one word in between for what it is. */
static int is_of_this(const at_reading *r, at_place p, int first)
{
    const int at = back_to(r, p.first - 1, first, AT_ROLE_THIS);

    return at >= first && !any_matter(r, at + 2, p.first);
}

/* They speak of themselves, of what is before them, or in so few words that it goes without saying. */
static int is_felt(const at_reading *r, at_place p, int first, int last)
{
    const int who = subject(r, p, first);
    const int asked = last < r->words.n && r->words.piece[last].kind == AT_PIECE_ASKS;

    if (p.first > first && r->roles[p.first - 1] & AT_ROLE_ARTICLE && qualifies(r, p.end, last))
        return 0;
    if (who >= first)
        return !any_matter(r, who, p.first);
    if (asked || qualifies(r, p.end, last))
        return 0;
    if (is_of_this(r, p, first))
        return 1;
    if (any_matter(r, start_of(r, p.first, ends_sentence), p.first))
        return 0;
    return !weighty(r, first, p.first) ||
           (weighty(r, first, last) <= SHORT && !any_matter(r, p.end, last));
}

/* Whether a piece has one of the roles. */
static int any_role(const at_reading *r, int first, int end, unsigned roles)
{
    for (int i = first; i < end; i++)
        if (r->roles[i] & roles)
            return 1;
    return 0;
}

/* Whether a phrase is of its writer (lexicon.p). */
int at_context_is_writers(const at_reading *r, at_place p, at_phrase_kind kind)
{
    const int first = clause_start(r, p.first), last = clause_end(r, p.end);
    const int who = subject(r, p, first);

    if (who >= first && r->roles[who] & AT_ROLE_OTHER)
        return 0;
    if (kind == AT_PHRASE_FELT)
        return is_felt(r, p, first, last);
    if (kind == AT_PHRASE_ALONE)
        return weighty(r, first, p.first) + weighty(r, p.end, last) <= BESIDES;
    return any_role(r, first, last, AT_ROLE_SELF) || weighty(r, first, last) <= LONG;
}

int at_context_is_denied(const at_reading *r, at_place p)
{
    const int start = clause_start(r, p.first);
    const int first = p.first - REACH > start ? p.first - REACH : start;

    return back_to(r, p.first - 1, first, AT_ROLE_NOT) >= first;
}

int at_context_stronger(int weight, int parts)
{
    return weight + (AT_PER_MILLE - weight) / parts;
}

int at_context_weigh(const at_reading *r, at_place p, int weight)
{
    const int start = clause_start(r, p.first), last = clause_end(r, p.end);
    const int near = p.first - NEAR > start ? p.first - NEAR : start;
    int loud = 0;

    if (back_to(r, p.first - 1, start, AT_ROLE_IF) >= start)
        return 0;
    if (any_role(r, near, p.first, AT_ROLE_LESS))
        weight = weight * 3 / 4;
    else if (any_role(r, near, p.end, AT_ROLE_MORE))
        weight = at_context_stronger(weight, 4);
    for (int i = p.first; i < p.end; i++)
        loud |= r->words.piece[i].loud | r->words.piece[i].drawn;
    loud |= last < r->words.n && r->words.piece[last].kind == AT_PIECE_CALLS;
    return loud ? at_context_stronger(weight, 8) : weight;
}
