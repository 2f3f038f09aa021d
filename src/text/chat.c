/* One pass: pieces (words.h), the language that most of its words are of, then phrases from the left, the longest
 * first (reading.h), and what stands about each in its clause (context.h). */
#include "text/chat.h"

#include "text/context.h"

#include <string.h>

/* Chosen on tests/chat/dev.tsv. */
enum {
    LEAST = 500, /* per mille that is said of a class, for an answer */
    BEFORE = 3,  /* of what was said before a "but", one part in so many counts */
};

typedef struct hit {
    at_place place;
    int class_of;
    int weight; /* per mille */
    int denied;
} hit;

typedef struct message {
    at_reading reading;
    hit hit[AT_TEXT_PIECES];
    int hits;
} message;

_Static_assert((int)AT_TEXT_MOST == (int)AT_WORDS_MOST, "all that is read is cut into words");

const char *at_text_class_name(int class_of)
{
    return class_of < ATTUNE_EMOTIONS ? attune_emotion_names[class_of]
                                      : attune_state_names[class_of - ATTUNE_EMOTIONS];
}

static int take_phrase(message *m, int i)
{
    at_reading *r = &m->reading;
    int pieces;
    const at_lexicon_phrase *p = at_reading_phrase(r, i, &pieces);
    hit *h = &m->hit[m->hits];

    if (!p)
        return 0;
    *h = (hit){.place = {i, i + pieces}, .class_of = p->class_of};
    if (p->class_of != AT_SAYS_NOTHING && at_context_is_writers(r, h->place, p->kind)) {
        h->weight = at_context_weigh(r, h->place, p->weight);
        h->denied = at_context_is_denied(r, h->place);
        m->hits += h->weight > 0;
    }
    memset(r->taken + i, 1, (size_t)pieces);
    return pieces;
}

/* A message of marks alone is answered by them. */
static void take_mark(message *m, int i)
{
    const at_piece *p = &m->reading.words.piece[i];
    const at_lexicon_mark *mark = &at_lexicon_marks[p->mark];
    const int again = i && p[-1].kind == AT_PIECE_MARK && p[-1].mark == p->mark;
    const int weight = m->reading.counted ? mark->weight : at_context_stronger(mark->weight, 4);

    if (!again && mark->class_of != AT_SAYS_NOTHING)
        m->hit[m->hits++] =
            (hit){.place = {i, i + 1}, .class_of = mark->class_of, .weight = weight};
}

/* What was said before a "but" counts less, if something was said after it. */
static void turn(message *m)
{
    const at_reading *r = &m->reading;
    int but = r->words.n - 1;

    while (but >= 0 && (r->taken[but] || !(r->roles[but] & AT_ROLE_BUT)))
        but--;
    if (!m->hits || m->hit[m->hits - 1].place.first < but)
        return;
    for (int i = 0; i < m->hits && m->hit[i].place.first < but; i++)
        m->hit[i].weight /= BEFORE;
}

static void find_hits(message *m)
{
    at_reading *r = &m->reading;

    memset(r->taken, 0, sizeof r->taken);
    m->hits = 0;
    for (int i = 0; i < r->words.n;) {
        const int pieces = at_reading_is_spelt(&r->words.piece[i]) ? take_phrase(m, i) : 0;
        if (r->words.piece[i].kind == AT_PIECE_MARK)
            take_mark(m, i);
        i += pieces ? pieces : 1;
    }
    turn(m);
}

/* Independent signs of one thing: 1 - (1 - a)(1 - b)... */
static void add_up(const message *m, int denied, int *sum)
{
    for (int c = 0; c < AT_TEXT_CLASSES; c++)
        sum[c] = 0;
    for (int i = 0; i < m->hits; i++) {
        const hit *h = &m->hit[i];
        if (h->denied == denied)
            sum[h->class_of] += h->weight * (AT_PER_MILLE - sum[h->class_of]) / AT_PER_MILLE;
    }
}

static float share(int n, int of)
{
    return n >= of ? 1 : (float)n / (float)of;
}

static void answer_class(at_text_answer *out, const message *m)
{
    int says[AT_TEXT_CLASSES], denied[AT_TEXT_CLASSES], best = 0;

    add_up(m, 0, says);
    add_up(m, 1, denied);
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
static void answer_cues(at_text_answer *out, const message *m)
{
    for (int i = 0; i < m->hits; i++) {
        const hit *h = &m->hit[i];
        const at_piece *first = &m->reading.words.piece[h->place.first],
                       *last = &m->reading.words.piece[h->place.end - 1];
        int heavier = 0;
        for (int k = 0; k < m->hits && heavier < AT_TEXT_CUES; k++)
            heavier += is_heavier(&m->hit[k], h);
        if (heavier < AT_TEXT_CUES)
            out->cue[out->cues++] = (at_text_cue){.at = first->at,
                                                  .bytes = last->at + last->bytes - first->at,
                                                  .class_of = h->class_of,
                                                  .denied = h->denied,
                                                  .weight = share(h->weight, AT_PER_MILLE)};
    }
}

static void answer_manner(at_text_answer *out, const at_reading *r)
{
    int asks = 0, calls = 0, loud = 0, drawn = 0, marks = 0, words = 0, self = 0;

    for (int i = 0; i < r->words.n; i++) {
        const at_piece *p = &r->words.piece[i];
        const char *text = at_reading_is_spelt(p) ? at_reading_spelling(r, i, 0) : "";
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
    message m;
    at_reading *r = &m.reading;
    const size_t most = n < AT_TEXT_MOST ? n : AT_TEXT_MOST;

    *out = (at_text_answer){.told = AT_TEXT_NOTHING, .language = "", .likeliest = -1};
    at_words_read(&r->words, utf8, most);
    out->cut = n > most || r->words.cut;
    if (at_reading_find_language(r)) {
        out->language = r->counted ? r->lexicon->language : "";
        find_hits(&m);
        answer_class(out, &m);
        answer_cues(out, &m);
    } else {
        out->told = AT_TEXT_CANNOT_TELL;
    }
    answer_manner(out, r);
}

void at_text_embed(const at_text_answer *a, float *x)
{
    const float says = a->told == AT_TEXT_SAYS, cannot_tell = a->told == AT_TEXT_CANNOT_TELL;
    const float manner[] = {says,    cannot_tell, a->known, a->asks, a->calls,
                            a->loud, a->drawn,    a->emoji, a->self, a->length};

    _Static_assert(2 * AT_TEXT_CLASSES + sizeof manner / sizeof *manner == AT_TEXT_DIMS,
                   "chat.h lists them");
    memcpy(x, a->says, sizeof a->says);
    memcpy(x + AT_TEXT_CLASSES, a->denied, sizeof a->denied);
    memcpy(x + 2 * AT_TEXT_CLASSES, manner, sizeof manner);
}
