#include "base/visible.h"

#include "base/utf8.h"

#include <string.h>

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
        uint32_t c = 0;
        const size_t n = at_utf8_read((const char *)p, AT_UTF8_MOST, &c);
        if (n < 2 || !is_hidden(c))
            return n > 1;
        if (!is_of_a_script(c))
            return 0;
    }
    return 0;
}

int at_visible_char(const char *start, const char *s, size_t *length)
{
    uint32_t c = 0;
    const size_t n = at_utf8_read(s, AT_UTF8_MOST, &c);

    *length = n ? n : 1;
    if (!n)
        return 0;
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
