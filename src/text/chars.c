#include "text/chars.h"

#include "base/utf8.h"

#include <string.h>

typedef struct range {
    unsigned first, last;
} range;

/* German's letters that are not ASCII, and the ASCII that East Asian fonts have. */
static const struct {
    unsigned code;
    const char *letters;
} german[] = {{0xc4, "A"}, {0xd6, "O"}, {0xdc, "U"}, {0xdf, "ss"},
              {0xe4, "a"}, {0xf6, "o"}, {0xfc, "u"}, {0x1e9e, "SS"}};
enum {
    GERMAN = sizeof german / sizeof *german,
    WIDE = 0xff01,
    WIDE_END = 0xff5e,
    NO_UTF8 = 0xfffd
};

/* Nobody sees them; the first of them that sits upon a letter is an umlaut's dots. In order. */
static const range unseen[] = {
    {0xad, 0xad},     {0x308, 0x308},     {0x61c, 0x61c},     {0x180b, 0x180f}, {0x200b, 0x200f},
    {0x202a, 0x202e}, {0x2060, 0x206f},   {0x20e3, 0x20e3},   {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f},
    {0xfeff, 0xfeff}, {0x1f3fb, 0x1f3ff}, {0xe0000, 0xe0fff},
};

/* No letters: what stands between the alphabets' blocks. In order. */
static const range signs[] = {
    {0x80, 0xa9},     {0xab, 0xb4},     {0xb6, 0xb9},       {0xbb, 0xbf},
    {0xd7, 0xd7},     {0xf7, 0xf7},     {0x2000, 0x2bff},   {0x3000, 0x3004},
    {0x3008, 0x3020}, {0xe000, 0xf8ff}, {0xff00, 0xff20},   {0xff3b, 0xff40},
    {0xff5b, 0xff65}, {0xfff0, 0xffff}, {0x1f000, 0x1faff}, {0xf0000, 0x10ffff},
};

static int lies_in(const range *ranges, size_t n, unsigned c)
{
    for (size_t i = 0; i < n && ranges[i].first <= c; i++)
        if (c <= ranges[i].last)
            return 1;
    return 0;
}

static int is_space(unsigned c)
{
    return c <= ' ' || c == 0x7f || (c >= 0x80 && c <= 0xa0) || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
           c == 0x205f || c == 0x3000 || c == NO_UTF8;
}

static at_char_kind kind_of(unsigned c)
{
    if (is_space(c))
        return AT_CHAR_SPACE;
    if (lies_in(unseen, sizeof unseen / sizeof *unseen, c))
        return AT_CHAR_UNSEEN;
    if (c < 0x80) {
        if (c >= '0' && c <= '9')
            return AT_CHAR_DIGIT;
        return (c | 32) >= 'a' && (c | 32) <= 'z' ? AT_CHAR_LETTER : AT_CHAR_SIGN;
    }
    return lies_in(signs, sizeof signs / sizeof *signs, c) ? AT_CHAR_SIGN : AT_CHAR_LETTER;
}

static int is_capital(char c)
{
    return c >= 'A' && c <= 'Z';
}

static void plain_of(at_char *c, const char *letters, size_t n)
{
    c->capital = is_capital(letters[0]);
    for (size_t i = 0; i < n; i++)
        c->plain[i] = is_capital(letters[i]) ? (char)(letters[i] | 32) : letters[i];
}

at_char at_char_read(const char *s, size_t n)
{
    at_char c = {0};
    uint32_t code = NO_UTF8;
    const int bytes = (int)at_utf8_read(s, n, &code);
    char ascii;

    c.bytes = bytes ? bytes : 1;
    if (code >= WIDE && code <= WIDE_END)
        code -= WIDE - '!';
    ascii = (char)code;
    c.kind = kind_of(code);
    if (code < 0x80)
        plain_of(&c, &ascii, 1);
    else
        memcpy(c.plain, s, (size_t)c.bytes);
    for (int i = 0; i < GERMAN; i++)
        if (german[i].code == code) {
            memset(c.plain, 0, sizeof c.plain);
            plain_of(&c, german[i].letters, strlen(german[i].letters));
        }
    return c;
}
