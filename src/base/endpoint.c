#include "base/endpoint.h"

#include "base/error.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS  "0123456789"
#define HEX     DIGITS "abcdefABCDEF"
#define HOST    LETTERS DIGITS "-."
#define PATH    LETTERS DIGITS "-._~/%+"

static const char tls[] = "https://", plain[] = "http://";

int at_endpoint_is_plain(const char *endpoint)
{
    return !strncmp(endpoint, plain, sizeof plain - 1);
}

/* Bytes of the host at text; 0: there is none. */
static size_t host_size(const char *text)
{
    static const char six[] = "[::1]";

    if (!strncmp(text, six, sizeof six - 1))
        return sizeof six - 1;
    return *text == '-' || *text == '.' ? 0 : strspn(text, HOST);
}

static int is_this_computer(const char *host, size_t n)
{
    static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (n == strlen(names[i]) && !strncmp(host, names[i], n))
            return 1;
    return 0;
}

/* A host whose last label is a number is an address of four, written as everybody writes it: 0x7f.1, 127.1 and
 * 2130706433 are this computer to some readers. */
static int is_fit_host(const char *host, size_t n)
{
    const char *label = host, *end = host + n;
    int labels = 0, numbers = 0, is_number = 0;

    if (*host == '[')
        return 1;
    for (; label < end; label++, labels++) {
        const size_t size = strcspn(label, ".:/");
        const size_t digits = strspn(label, DIGITS);
        if (!size)
            return 0;
        is_number = digits == size || (*label == '0' && (label[1] | 32) == 'x');
        numbers += digits == size && size <= 3 && (*label != '0' || size == 1) &&
                   strtol(label, NULL, 10) <= 255;
        label += size;
    }
    return end[-1] != '.' && (!is_number || (labels == 4 && numbers == 4));
}

/* Past a port, if there is one that can be. */
static const char *skip_port(const char *text)
{
    const size_t n = *text == ':' ? strspn(text + 1, DIGITS) : 0;
    const long port = n > 0 && n <= 5 ? strtol(text + 1, NULL, 10) : 0;

    return port > 0 && port <= 65535 && text[1] != '0' ? text + 1 + n : text;
}

/* So that one server is one text: its host in small letters, and no port that is meant anyway. Its port is at
 * [port, path). */
static void make_usual(char *address, size_t host, size_t port, size_t path)
{
    const char *usual = at_endpoint_is_plain(address) ? ":80" : ":443";

    for (char *p = address + host; p < address + port; p++)
        *p = (char)tolower((unsigned char)*p);
    if (path - port == strlen(usual) && !strncmp(address + port, usual, path - port))
        memmove(address + port, address + path, strlen(address + path) + 1);
}

static int is_escape(const char *text)
{
    const char *written[] = {"2e", "2E", "2f", "2F", "5c", "5C", "7f", "7F"};

    if (strspn(text + 1, HEX) < 2 || text[1] < '2')
        return 0;
    for (size_t i = 0; i < sizeof written / sizeof *written; i++)
        if (!strncmp(text + 1, written[i], 2))
            return 0;
    return 1;
}

/* Without what is squashed on the way: empty segments, '.' and '..', in whatever letters. */
static int is_fit_path(const char *path, const char *end)
{
    while (path < end) {
        const size_t n = strcspn(path + 1, "/");
        if (n == 0 || (n == 1 && path[1] == '.') || (n == 2 && path[1] == '.' && path[2] == '.'))
            return 0;
        for (const char *p = path; p < path + 1 + n; p++)
            if (*p == '%' && !is_escape(p))
                return 0;
        path += 1 + n;
    }
    return 1;
}

static int fail(attune_error *err, const char *address, const char *why)
{
    const int n = (int)strcspn(address, "?#");

    /* what stands before an '@' or behind a '?' may be a secret */
    if (strchr(address, '@'))
        return at_fail(err, ATTUNE_E_ARG, "an address holds no login: %s", why);
    return at_fail(err, ATTUNE_E_ARG, "'%.*s' is no address: %s", n > 200 ? 200 : n, address, why);
}

int at_endpoint_take(char out[AT_ENDPOINT_BYTES], const char *address, attune_error *err)
{
    const int is_plain = at_endpoint_is_plain(address);
    const size_t scheme = is_plain ? sizeof plain - 1 : sizeof tls - 1;
    const char *host = address + scheme, *rest;
    size_t n, size = strlen(address);

    if (!is_plain && strncmp(address, tls, scheme) != 0)
        return fail(err, address, "it begins with https://");
    n = host_size(host);
    rest = skip_port(host + n);
    if (!n || (*rest && *rest != '/') || rest[strspn(rest, PATH)])
        return fail(err, address, "it is https://HOST[:PORT][/PATH]");
    if (is_plain && !is_this_computer(host, n))
        return fail(err, address, "without TLS only this computer is spoken to (127.0.0.1)");
    while (size > 0 && address[size - 1] == '/')
        size--;
    if (!is_fit_host(host, n))
        return fail(err, address, "its host is no name, and no address as 192.0.2.7");
    if (!is_fit_path(rest, address + size))
        return fail(err, address,
                    "its path has a segment that is empty, '.' or '..', or an escape of such");
    if (size >= AT_ENDPOINT_BYTES)
        return fail(err, address, "it is too long");
    memcpy(out, address, size);
    out[size] = 0;
    make_usual(out, scheme, scheme + n, (size_t)(rest - address));
    return ATTUNE_OK;
}
