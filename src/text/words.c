#include "text/words.h"

#include "text/chars.h"
#include "text/lexicon.h"

#include <string.h>

typedef struct scan {
    const char *s;
    size_t n, at;
    unsigned
        unclosed; /* quotation marks, by their place in quotes, that nothing closes from here on */
    at_words *out;
} scan;

/* What opens a quotation or code, and what closes it. */
static const char *const quotes[][2] = {
    {"\"", "\""},         {"`", "`"},           {"\u201c", "\u201d"}, {"\u201e", "\u201c"},
    {"\u201e", "\u201d"}, {"\u00ab", "\u00bb"}, {"\u00bb", "\u00ab"},
};
enum { QUOTES = sizeof quotes / sizeof *quotes };

static int starts_with(const scan *z, size_t at, const char *text)
{
    const size_t length = strlen(text);

    return length <= z->n - at && !memcmp(z->s + at, text, length);
}

static int is_space_at(const scan *z, size_t at)
{
    return at >= z->n || at_char_read(z->s + at, z->n - at).kind == AT_CHAR_SPACE;
}

/* A word, or what stands in its place, begins here. */
static int is_first(const scan *z)
{
    return z->at == 0 || z->s[z->at - 1] == ' ' || (unsigned char)z->s[z->at - 1] < ' ';
}

static at_piece *add(scan *z, at_piece_kind kind, size_t end)
{
    at_words *out = z->out;
    at_piece *p = &out->piece[out->n];

    if (out->n == AT_TEXT_PIECES) {
        out->cut = 1;
        z->at = z->n;
        return NULL;
    }
    out->n++;
    *p = (at_piece){.kind = kind, .at = (uint16_t)z->at, .bytes = (uint16_t)(end - z->at)};
    p->text = p->once = (uint16_t)out->used;
    z->at = end;
    return p;
}

static void put(at_words *out, const char *text)
{
    const size_t length = strlen(text);

    memcpy(out->letters + out->used, text, length);
    out->used += (int)length;
}

static void put_end(at_words *out)
{
    out->letters[out->used++] = 0;
}

/* The end of a run up to a space. */
static size_t end_of_run(const scan *z)
{
    size_t end = z->at;

    while (end < z->n && !is_space_at(z, end))
        end++;
    return end;
}

/* "https://...", "www....": 1, and it is passed. */
static int take_address(scan *z)
{
    const size_t end = end_of_run(z);
    int is_address = starts_with(z, z->at, "www.");

    for (size_t i = z->at; i + 3 <= end && !is_address; i++)
        is_address = starts_with(z, i, "://");
    if (is_address)
        add(z, AT_PIECE_OTHER, end);
    return is_address;
}

/* "> what somebody wrote", a line. */
static int take_quoted_line(scan *z)
{
    const int first = z->at == 0 || z->s[z->at - 1] == '\n';
    const char *end;

    if (!first || z->s[z->at] != '>' || !is_space_at(z, z->at + 1))
        return 0;
    end = memchr(z->s + z->at, '\n', z->n - z->at);
    add(z, AT_PIECE_BREAK, end ? (size_t)(end - z->s) : z->n);
    return 1;
}

static int take_quotation(scan *z)
{
    for (int q = 0; q < QUOTES; q++) {
        size_t end = z->at + strlen(quotes[q][0]);
        if (z->unclosed & 1u << q || !starts_with(z, z->at, quotes[q][0]))
            continue;
        while (end < z->n && !starts_with(z, end, quotes[q][1]))
            end++;
        if (end < z->n) {
            add(z, AT_PIECE_OTHER, end + strlen(quotes[q][1]));
            return 1;
        }
        z->unclosed |= 1u << q;
    }
    return 0;
}

/* An emoticon stands apart, or behind a word and before a space; an emoji anywhere. */
static int stands_apart(const scan *z, size_t end)
{
    const char before = z->at ? z->s[z->at - 1] : ' ', first = z->s[z->at];
    const int is_letter = (first | 32) >= 'a' && (first | 32) <= 'z';

    if ((unsigned char)first >= 0x80)
        return 1;
    if (!is_space_at(z, end) && !strchr(".,!?", z->s[end]))
        return 0;
    return before == ' ' || before == '\n' ||
           (!is_letter && (before | 32) >= 'a' && (before | 32) <= 'z') ||
           (!is_letter && (before == '!' || before == '?' || before == '.'));
}

static int take_mark(scan *z)
{
    const int mark = at_lexicon_mark_at(z->s + z->at, z->n - z->at);
    size_t end = z->at, length;
    at_piece *p;

    if (mark < 0)
        return 0;
    length = strlen(at_lexicon_marks[mark].text);
    end += length;
    if ((unsigned char)z->s[z->at] < 0x80)
        while (end < z->n && z->s[end] == z->s[end - 1]) /* ":)))" */
            end++;
    if (!stands_apart(z, end))
        return 0;
    length += z->at;
    if ((p = add(z, AT_PIECE_MARK, end))) {
        p->mark = (uint16_t)mark;
        p->drawn = end > length;
    }
    return 1;
}

/* '?' and '!' in any order and number. */
static int take_call(scan *z)
{
    size_t end = z->at, asks = 0;
    const char *text;
    at_piece *p;

    for (; end < z->n && (z->s[end] == '?' || z->s[end] == '!'); end++)
        asks += z->s[end] == '?';
    if (end == z->at)
        return 0;
    text = !asks                ? (end > z->at + 1 ? "!!" : "!")
           : asks < end - z->at ? "?!"
           : asks > 1           ? "??"
                                : "?";
    if ((p = add(z, asks ? AT_PIECE_ASKS : AT_PIECE_CALLS, end))) {
        put(z->out, text);
        put_end(z->out);
    }
    return 1;
}

typedef struct run {
    size_t end;
    int letters, capitals, others; /* others: digits and '_' */
    int longest;                   /* the same letter on end */
    int called;                    /* "print(" */
} run;

static int is_apostrophe(const scan *z, size_t at, size_t *length)
{
    static const char *const marks[] = {"'", "\u2019", "\u02bc", "\u00b4"};

    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (starts_with(z, at, marks[i])) {
            *length = strlen(marks[i]);
            return 1;
        }
    return 0;
}

/* How the word at z->at goes on; puts its letters, those on end at most as often as that, if out is there. */
static run spell(const scan *z, at_words *out, int most)
{
    run r = {.end = z->at};
    char last[5] = "";
    int same = 0;

    for (size_t at = z->at; at < z->n;) {
        const at_char c = at_char_read(z->s + at, z->n - at);
        size_t length = 0;
        if (c.kind == AT_CHAR_SPACE)
            break;
        if (c.kind == AT_CHAR_LETTER) {
            same = strcmp(c.plain, last) ? 1 : same + 1;
            memcpy(last, c.plain, sizeof last);
            r.longest = same > r.longest ? same : r.longest;
            r.letters++;
            r.capitals += c.capital;
            if (out && same <= most)
                put(out, c.plain);
        } else if (c.kind == AT_CHAR_DIGIT || z->s[at] == '_') {
            r.others++;
        } else if (is_apostrophe(z, at, &length) && r.letters) {
            at += length;
            continue; /* it is the word's if a letter follows */
        } else if (c.kind != AT_CHAR_UNSEEN) {
            break;
        }
        at += (size_t)c.bytes;
        if (c.kind != AT_CHAR_UNSEEN || r.letters)
            r.end = at;
    }
    r.called = r.end < z->n && z->s[r.end] == '(' && !is_space_at(z, r.end + 1);
    return r;
}

static int take_word(scan *z)
{
    const scan here = *z;
    const run r = spell(z, NULL, 0);
    at_piece *p;

    if (!r.letters && !r.others)
        return 0;
    p = add(z, r.others || r.called ? AT_PIECE_OTHER : AT_PIECE_WORD, r.end);
    if (!p || p->kind == AT_PIECE_OTHER)
        return 1;
    p->drawn = r.longest > 2;
    p->loud = r.letters > 1 && r.capitals == r.letters;
    if (r.letters <= AT_TEXT_LONGEST_WORD)
        spell(&here, z->out, 2);
    put_end(z->out);
    p->once = (uint16_t)z->out->used;
    if (r.letters <= AT_TEXT_LONGEST_WORD)
        spell(&here, z->out, 1);
    put_end(z->out);
    return 1;
}

static int ends_clause(const scan *z)
{
    static const char *const others[] = {"\u2026", "\u2014", "\u2013", "\u3002", "\uff0c"};

    if (strchr(".,;:()\n", z->s[z->at]))
        return z->s[z->at] != 0;
    if (z->s[z->at] == '-')
        return is_first(z) && is_space_at(z, z->at + 1);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (starts_with(z, z->at, others[i]))
            return 1;
    return 0;
}

/* A space, an unseen character or a sign that means nothing here, or the end of a clause. */
static void pass(scan *z)
{
    const at_char c = at_char_read(z->s + z->at, z->n - z->at);
    const int n = z->out->n;

    if (!ends_clause(z) || (n && z->out->piece[n - 1].kind == AT_PIECE_BREAK))
        z->at += (size_t)c.bytes;
    else
        add(z, AT_PIECE_BREAK, z->at + (size_t)c.bytes);
}

void at_words_read(at_words *out, const char *utf8, size_t n)
{
    scan z = {.s = utf8, .n = n, .out = out};

    out->n = out->cut = out->used = 0;
    while (z.at < n)
        if (!(is_first(&z) && (take_address(&z) || take_quoted_line(&z))) && !take_quotation(&z) &&
            !take_mark(&z) && !take_call(&z) && !take_word(&z))
            pass(&z);
}
