#include "report/text.h"

#include "base/address.h"

#include <math.h>
#include <string.h>

/* Length of the UTF-8 character at s, 0 if it is none (Unicode 15, table 3-7). */
static size_t utf8_length(const unsigned char *s)
{
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

/* The code point of the n bytes at u. */
static unsigned code_of(const unsigned char *u, size_t n)
{
    static const unsigned char lead[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    unsigned code = u[0] & lead[n];

    for (size_t i = 1; i < n; i++)
        code = code << 6 | (u[i] & 0x3fu);
    return code;
}

/* What a terminal or a page obeys instead of showing it, turns the order of what is round it, or shows
 * as nothing, so that a name looks like another. Joiners (U+200C, U+200D) are letters' own: they stay. */
static int is_hidden(unsigned code)
{
    static const struct {
        unsigned first, last;
    } hidden[] = {
        {0, 0x1f},        {0x7f, 0x9f},     {0xad, 0xad},       {0x34f, 0x34f},   {0x61c, 0x61c},
        {0x115f, 0x1160}, {0x17b4, 0x17b5}, {0x180b, 0x180f},   {0x200b, 0x200b}, {0x200e, 0x200f},
        {0x2028, 0x202e}, {0x2060, 0x206f}, {0x3164, 0x3164},   {0xfeff, 0xfeff}, {0xffa0, 0xffa0},
        {0xfff0, 0xfffb}, {0xfffe, 0xffff}, {0xe0000, 0xe0fff},
    };

    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
        if (code >= hidden[i].first && code <= hidden[i].last)
            return 1;
    return 0;
}

/* What stands for the character at s: itself, or "?". */
static const char *clean_char(const char *s, size_t *in, size_t *out)
{
    const unsigned char *u = (const unsigned char *)s;
    size_t n = utf8_length(u);

    *in = n ? n : 1;
    if (!n || is_hidden(code_of(u, n))) {
        *out = 1;
        return "?";
    }
    *out = n;
    return s;
}

char *at_text_clean(char *dst, size_t size, const char *s)
{
    size_t used = 0, in, out;

    for (; s && *s; s += in) {
        const char *c = clean_char(s, &in, &out);
        if (used + out >= size)
            break;
        memcpy(dst + used, c, out);
        used += out;
    }
    dst[used] = 0;
    return dst;
}

void at_text_html(FILE *f, const char *s)
{
    size_t in, out;

    for (; s && *s; s += in) {
        const char *c = clean_char(s, &in, &out);
        switch (*c) {
        case '&': fputs("&amp;", f); break;
        case '<': fputs("&lt;", f); break;
        case '>': fputs("&gt;", f); break;
        case '"': fputs("&quot;", f); break;
        case '\'': fputs("&#39;", f); break;
        default: fwrite(c, 1, out, f); break;
        }
    }
}

char *at_text_basename(char *dst, size_t size, const char *path)
{
    char part[512], name[4096];
    size_t end, start;

    path = at_address_name(name, sizeof name, path);
    end = strlen(path);

    while (end > 1 && path[end - 1] == '/')
        end--;
    for (start = end; start > 0 && path[start - 1] != '/'; start--) {
    }
    if (start == end)
        start = 0; /* "/" */
    if (end - start >= sizeof part)
        end = start + sizeof part - 1;
    memcpy(part, path + start, end - start);
    part[end - start] = 0;
    return at_text_clean(dst, size, part);
}

const char *at_text_clock(char text[AT_CLOCK_SIZE], double seconds, int tenths)
{
    long t = lround(10 * fmin(fmax(seconds, 0), 1e8));
    long s;

    if (!tenths)
        t = (t + 5) / 10 * 10;
    s = t / 10;
    if (s >= 3600)
        snprintf(text, AT_CLOCK_SIZE, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
    else
        snprintf(text, AT_CLOCK_SIZE, "%ld:%02ld", s / 60, s % 60);
    if (t % 10) {
        size_t n = strlen(text);
        snprintf(text + n, AT_CLOCK_SIZE - n, ".%ld", t % 10);
    }
    return text;
}

const char *at_text_duration(char text[AT_CLOCK_SIZE], double seconds)
{
    double s = fmin(fmax(seconds, 0), 1e8);
    long whole = lround(s);

    if (whole >= 3600 && whole / 60 % 60)
        snprintf(text, AT_CLOCK_SIZE, "%ld h %ld min", whole / 3600, whole / 60 % 60);
    else if (whole >= 3600)
        snprintf(text, AT_CLOCK_SIZE, "%ld h", whole / 3600);
    else if (whole >= 60 && whole % 60)
        snprintf(text, AT_CLOCK_SIZE, "%ld min %ld s", whole / 60, whole % 60);
    else if (whole >= 60)
        snprintf(text, AT_CLOCK_SIZE, "%ld min", whole / 60);
    else
        snprintf(text, AT_CLOCK_SIZE, "%.*f s", fabs(s - (double)whole) < 0.05 ? 0 : 1, s);
    return text;
}

const char *at_text_percent(char text[AT_CLOCK_SIZE], double share)
{
    double percent = round(100 * share);

    if (share > 0 && percent < 1)
        snprintf(text, AT_CLOCK_SIZE, "under 1 %%");
    else if (share < 1 && percent > 99)
        snprintf(text, AT_CLOCK_SIZE, "over 99 %%");
    else
        snprintf(text, AT_CLOCK_SIZE, "%.0f %%", percent);
    return text;
}

const char *at_text_count(char text[AT_CLOCK_SIZE], int64_t n, const char *one)
{
    snprintf(text, AT_CLOCK_SIZE, "%lld %s%s", (long long)n, one, n == 1 ? "" : "s");
    return text;
}

const char *at_text_factor(char text[AT_CLOCK_SIZE], double factor)
{
    double f = fmin(fmax(factor, 0), 1e8);

    if (f > 0 && f < 0.05)
        snprintf(text, AT_CLOCK_SIZE, "under 0.1");
    else
        snprintf(text, AT_CLOCK_SIZE, "%.*f", f < 9.95 ? 1 : 0, f);
    return text;
}
