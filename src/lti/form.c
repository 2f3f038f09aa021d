#include "lti/form.h"

#include <stdio.h>
#include <string.h>

static int digit(char c)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) % 16 : -1;
}

/* The character that begins at s, and how long it is there; -1: none that may be in a form. */
static int decode(const char *s, size_t n, size_t *length)
{
    int c = (unsigned char)*s;

    *length = 1;
    if (c == '+')
        return ' ';
    if (c == '%') {
        if (n < 3 || digit(s[1]) < 0 || digit(s[2]) < 0)
            return -1;
        c = digit(s[1]) * 16 + digit(s[2]);
        *length = 3;
    }
    return c < 0x20 || c == 0x7f ? -1 : c;
}

/* 0: it does not fit, or is not as it should be. */
static int take_value(const char *s, size_t n, char *out, size_t size)
{
    size_t used = 0, length;

    for (size_t i = 0; i < n; i += length) {
        const int c = decode(s + i, n - i, &length);
        if (c < 0 || used + 1 >= size)
            return 0;
        out[used++] = (char)c;
    }
    out[used] = 0;
    return 1;
}

static size_t until(const char *s, size_t n, char c)
{
    const char *at = memchr(s, c, n);

    return at ? (size_t)(at - s) : n;
}

int at_form_value(const char *form, size_t n, const char *name, char *out, size_t size)
{
    const size_t name_size = strlen(name);
    int found = 0;

    *out = 0;
    for (size_t i = 0; i < n;) {
        const size_t pair = until(form + i, n - i, '&'), key = until(form + i, pair, '=');
        if (key == name_size && !memcmp(form + i, name, key)) {
            const size_t from = i + key + (key < pair);
            if (found++ || !take_value(form + from, i + pair - from, out, size))
                return -1;
        }
        i += pair + 1;
    }
    return found;
}

static int is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("-._~", c));
}

int at_form_add(char *out, size_t size, const char *name, const char *value)
{
    const size_t before = strlen(out), n = strlen(name);
    size_t at = before + n + 2;

    if (at + 3 * strlen(value) >= size) /* at most */
        return 0;
    snprintf(out + before, size - before, "&%s=", name);
    for (; *value; value++)
        at += (size_t)snprintf(out + at, size - at, is_plain(*value) ? "%c" : "%%%02X",
                               (unsigned char)*value);
    return 1;
}
