#include "serve/access.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

int at_is_loopback(const char *address)
{
    return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

int at_access_add_host(at_access *a, const char *name, int port)
{
    const char *shape = strchr(name, ':') ? "[%s]:%d" : "%s:%d";
    int n;

    if (a->hosts == AT_HOSTS_MAX)
        return 0;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    n = snprintf(a->host[a->hosts], AT_HOST_SIZE, shape, name, port);
#pragma GCC diagnostic pop
    if (n < 0 || n >= AT_HOST_SIZE)
        return 0;
    a->hosts++;
    return 1;
}

void at_access_serve(at_access *a, const char *address, int port, int tls)
{
    static const char *const loopback[] = {"127.0.0.1", "localhost", "::1"};

    a->tls = tls;
    snprintf(a->cookie, sizeof a->cookie, "attune_%d", port);
    at_access_add_host(a, address, port);
    for (int i = 0; at_is_loopback(address) && i < 3; i++)
        if (strcmp(address, loopback[i]) != 0)
            at_access_add_host(a, loopback[i], port);
}

int at_token_is_fit(const char *text)
{
    size_t n = strlen(text);
    size_t plain =
        strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");

    return plain == n && n >= AT_TOKEN_LEAST && n <= AT_TOKEN_MOST;
}

/* How long it takes says nothing of where they differ: only of how long what was sent is. */
static int same_secret(const char *secret, const char *given, size_t n)
{
    size_t length = strlen(secret);
    unsigned differ = n != length;

    for (size_t i = 0; i < n; i++)
        differ |= (unsigned)(uint8_t)given[i] ^ (uint8_t)secret[length ? i % length : 0];
    return length > 0 && !differ;
}

static int is_token(const at_access *a, const char *given)
{
    return given && same_secret(a->token, given, strlen(given));
}

static int is_bearer(const at_access *a, const char *authorization)
{
    static const char scheme[] = "Bearer ";

    return authorization && strncasecmp(authorization, scheme, sizeof scheme - 1) == 0 &&
           is_token(a, authorization + sizeof scheme - 1);
}

/* Of "a=1; attune_8765=...; b=2". There may be several of a name, from paths or older runs. */
static int is_in_cookies(const at_access *a, const char *cookies)
{
    size_t name = strlen(a->cookie);
    int found = 0;

    while (cookies && *cookies) {
        size_t n;
        cookies += strspn(cookies, "; ,");
        n = strcspn(cookies, ";,");
        if (n > name && cookies[name] == '=' && memcmp(cookies, a->cookie, name) == 0)
            found |= same_secret(a->token, cookies + name + 1, n - name - 1);
        cookies += n;
    }
    return found;
}

/* The host that a request names, of ours, or NULL. */
static const char *host_of(const at_access *a, const char *host)
{
    for (int i = 0; host && i < a->hosts; i++)
        if (strcasecmp(host, a->host[i]) == 0)
            return a->host[i];
    return NULL;
}

static int is_same_origin(const at_access *a, const char *host, const char *origin)
{
    const char *scheme = a->tls ? "https://" : "http://";
    size_t n = strlen(scheme);

    return strncasecmp(origin, scheme, n) == 0 && strcasecmp(origin + n, host) == 0;
}

at_verdict at_access_judge(const at_access *a, const at_request *r)
{
    const char *host = host_of(a, r->host);

    if (!host)
        return AT_WRONG_HOST;
    if (r->origin && !is_same_origin(a, host, r->origin))
        return AT_WRONG_ORIGIN;
    if (is_token(a, r->token) || is_bearer(a, r->authorization) || is_in_cookies(a, r->cookie))
        return AT_ALLOWED;
    return AT_WRONG_TOKEN;
}
