#include "base/utf8.h"

/* Unicode 15, table 3-7. */
size_t at_utf8_read(const char *text, size_t n, uint32_t *code)
{
    const unsigned char *s = (const unsigned char *)text;
    const unsigned first = n ? s[0] : 0xff;
    const size_t length = first < 0x80   ? 1
                          : first < 0xc2 ? 0
                          : first < 0xe0 ? 2
                          : first < 0xf0 ? 3
                          : first < 0xf5 ? 4
                                         : 0;
    const unsigned least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    const unsigned most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    uint32_t c = length < 2 ? first : first & (0xffu >> (length + 1));

    for (size_t i = 1; i < length; i++) {
        if (i >= n || s[i] < (i > 1 ? 0x80 : least) || s[i] > (i > 1 ? 0xbf : most))
            return 0;
        c = c << 6 | (s[i] & 0x3f);
    }
    if (length && code)
        *code = c;
    return length;
}

int at_utf8_is(const char *text)
{
    size_t n = 1;

    for (; *text && n; text += n)
        n = at_utf8_read(text, AT_UTF8_MOST, NULL);
    return n > 0;
}
