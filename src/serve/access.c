#include "serve/access.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

int at_is_loopback(const char *address)
{
    return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

/* The port that browsers leave out. */
static const char *own_port(const at_access *a)
{
    return a->tls ? ":443" : ":80";
}

/* How long a host is without it. */
static size_t host_length(const at_access *a, const char *host)
{
    const size_t n = strlen(host), port = strlen(own_port(a));

    return n > port && strcmp(host + n - port, own_port(a)) == 0 ? n - port : n;
}

int at_access_add_host(at_access *a, const char *name, int port)
{
    const int six = strchr(name, ':') != NULL;
    char *host;
    int n;

    if (a->hosts == AT_HOSTS_MAX)
        return 0;
    host = a->host[a->hosts];
    n = snprintf(host, AT_HOST_SIZE, "%s%s%s:%d", six ? "[" : "", name, six ? "]" : "", port);
    if (n < 0 || n >= AT_HOST_SIZE)
        return 0;
    host[host_length(a, host)] = 0;
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

int at_cookies_hold(const char *cookies, const char *cookie, const char *secret)
{
    size_t name = strlen(cookie);
    int found = 0;

    while (cookies && *cookies) {
        size_t n;
        cookies += strspn(cookies, "; ,");
        n = strcspn(cookies, ";,");
        if (n > name && cookies[name] == '=' && memcmp(cookies, cookie, name) == 0)
            found |= same_secret(secret, cookies + name + 1, n - name - 1);
        cookies += n;
    }
    return found;
}

static int is_host(const at_access *a, const char *given, const char *ours)
{
    const size_t n = host_length(a, given);

    return n == strlen(ours) && strncasecmp(given, ours, n) == 0;
}

/* The host that a request names, of ours, or NULL. */
static const char *host_of(const at_access *a, const char *host)
{
    for (int i = 0; host && i < a->hosts; i++)
        if (is_host(a, host, a->host[i]))
            return a->host[i];
    return NULL;
}

static int is_same_origin(const at_access *a, const char *host, const char *origin)
{
    const char *scheme = a->tls ? "https://" : "http://";
    size_t n = strlen(scheme);

    return strncasecmp(origin, scheme, n) == 0 && is_host(a, origin + n, host);
}

at_verdict at_access_judge(const at_access *a, const at_request *r)
{
    const char *host = host_of(a, r->host);

    if (!host)
        return AT_WRONG_HOST;
    if (r->origin && !is_same_origin(a, host, r->origin))
        return AT_WRONG_ORIGIN;
    if (is_token(a, r->token) || is_bearer(a, r->authorization) ||
        at_cookies_hold(r->cookie, a->cookie, a->token))
        return AT_ALLOWED;
    return AT_WRONG_TOKEN;
}
