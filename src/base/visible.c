#include "base/visible.h"

#include <stdint.h>
#include <string.h>

/* Unicode 15, table 3-7. */
size_t at_utf8_length(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    unsigned lo = 0x80, hi = 0xbf;
    size_t n;

    if (s[0] < 0x80)
        return 1;
    if (s[0] >= 0xc2 && s[0] <= 0xdf) {
        n = 2;
    } else if (s[0] >= 0xe0 && s[0] <= 0xef) {
        n = 3;
        lo = s[0] == 0xe0 ? 0xa0 : lo;
        hi = s[0] == 0xed ? 0x9f : hi;
    } else if (s[0] >= 0xf0 && s[0] <= 0xf4) {
        n = 4;
        lo = s[0] == 0xf0 ? 0x90 : lo;
        hi = s[0] == 0xf4 ? 0x8f : hi;
    } else {
        return 0;
    }
    if (s[1] < lo || s[1] > hi)
        return 0;
    for (size_t i = 2; i < n; i++)
        if (s[i] < 0x80 || s[i] > 0xbf)
            return 0;
    return n;
}

/* Of a well-formed character of n bytes. */
static uint32_t code_point(const unsigned char *s, size_t n)
{
    uint32_t c = n < 2 ? s[0] : s[0] & (0xffu >> (n + 1));

    for (size_t i = 1; i < n; i++)
        c = c << 6 | (s[i] & 0x3f);
    return c;
}

enum { MOST_JOINERS = 4 }; /* behind one character */

typedef struct range {
    uint32_t first, last;
} range;

static int is_among(const range *list, size_t n, uint32_t c)
{
    for (size_t i = 0; i < n; i++)
        if (c >= list[i].first && c <= list[i].last)
            return 1;
    return 0;
}

/* Unicode 15: controls, Default_Ignorable_Code_Point, separators of lines, formats of music and of
 * hieroglyphs, blanks that are letters, and what is no character of XML. */
static int is_hidden(uint32_t c)
{
    static const range hidden[] = {
        {0x0000, 0x001f},   {0x007f, 0x009f},   {0x00ad, 0x00ad},   {0x034f, 0x034f},
        {0x061c, 0x061c},   {0x115f, 0x1160},   {0x17b4, 0x17b5},   {0x180b, 0x180f},
        {0x200b, 0x200f},   {0x2028, 0x202e},   {0x2060, 0x206f},   {0x2800, 0x2800},
        {0x3164, 0x3164},   {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},   {0xffa0, 0xffa0},
        {0xfff0, 0xfffb},   {0xfffe, 0xffff},   {0x13430, 0x1345f}, {0x1bca0, 0x1bca3},
        {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
    };

    return is_among(hidden, sizeof hidden / sizeof *hidden, c);
}

static int is_of_a_script(uint32_t c)
{
    static const range joins[] = {
        {0x200c, 0x200d}, {0x180b, 0x180f}, {0xfe00, 0xfe0f}, {0xe0100, 0xe01ef}};

    return is_among(joins, sizeof joins / sizeof *joins, c);
}

/* Whether what the joiners before s follow is a character of a script that has them. */
static int is_joined(const char *start, const char *s)
{
    const unsigned char *p = (const unsigned char *)s, *first = (const unsigned char *)start;

    for (int i = 0; i < MOST_JOINERS && p > first; i++) {
        do
            p--;
        while (p > first && (*p & 0xc0) == 0x80);
        const size_t n = at_utf8_length((const char *)p);
        const uint32_t c = code_point(p, n);
        if (n < 2 || !is_hidden(c))
            return n > 1;
        if (!is_of_a_script(c))
            return 0;
    }
    return 0;
}

int at_visible_char(const char *start, const char *s, size_t *length)
{
    const unsigned char *u = (const unsigned char *)s;
    const size_t n = at_utf8_length((const char *)u);

    *length = n ? n : 1;
    if (!n)
        return 0;
    const uint32_t c = code_point(u, n);
    return !is_hidden(c) || (is_of_a_script(c) && is_joined(start, s));
}

char *at_visible_copy(char *dst, size_t size, const char *s)
{
    const char *start = s;
    size_t used = 0, n;

    for (; s && *s; s += n) {
        const int shown = at_visible_char(start, s, &n);
        const size_t out = shown ? n : 1;
        if (used + out >= size)
            break;
        memmove(dst + used, shown ? s : "?", out);
        used += out;
    }
    dst[used] = 0;
    return dst;
}
