#include "base/endpoint.h"

#include "base/error.h"

#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS  "0123456789"
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

/* Past a port, if there is one. */
static const char *skip_port(const char *text)
{
    const size_t n = *text == ':' ? strspn(text + 1, DIGITS) : 0;

    return n > 0 && n <= 5 ? text + 1 + n : text;
}

static int fail(attune_error *err, const char *address, const char *why)
{
    /* what stands before an '@' may be a password */
    if (strchr(address, '@'))
        return at_fail(err, ATTUNE_E_ARG, "an address holds no login: %s", why);
    return at_fail(err, ATTUNE_E_ARG, "'%.200s' is no address: %s", address, why);
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
    if (size >= AT_ENDPOINT_BYTES)
        return fail(err, address, "it is too long");
    memcpy(out, address, size);
    out[size] = 0;
    return ATTUNE_OK;
}
