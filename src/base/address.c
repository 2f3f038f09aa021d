#include "base/address.h"

#include <stdio.h>
#include <string.h>

/* RFC 3986: a letter, then letters, digits, '+', '-', '.'. */
static size_t scheme_length(const char *path)
{
    size_t n = strspn(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");

    return n > 0 && strncmp(path + n, "://", 3) == 0 ? n + 3 : 0;
}

int at_address_is(const char *path)
{
    return scheme_length(path) > 0;
}

char *at_address_name(char *out, size_t size, const char *path)
{
    size_t scheme = scheme_length(path), host, end;
    const char *at = NULL;

    if (!scheme) {
        snprintf(out, size, "%s", path);
        return out;
    }
    end = scheme + strcspn(path + scheme, "?#");
    host = scheme + strcspn(path + scheme, "/?#");
    for (const char *p = path + scheme; p < path + host; p++)
        at = *p == '@' ? p : at;
    const char *rest = at ? at + 1 : path + scheme;
    snprintf(out, size, "%.*s%.*s", (int)scheme, path, (int)(path + end - rest), rest);
    return out;
}
