/* access.h - who may ask: the right place, no other site's page, the token. Pure.
 *
 * A page of another site can make a browser send requests here, and a name that is made to point
 * here (DNS rebinding) makes such a page of the same origin. So three things are asked of every
 * request: that it names this server (Host), that no page of another origin sent it (Origin), and the
 * token, 128 random bits that only the opened address, a cookie of it or a program has.
 */
#ifndef AT_SERVE_ACCESS_H
#define AT_SERVE_ACCESS_H

#include <stddef.h>

enum {
    AT_TOKEN_BYTES = 16, /* random ones; as text: two digits each */
    AT_TOKEN_LEAST = 16, /* characters of a token that someone else made */
    AT_TOKEN_MOST = 128,
    AT_HOSTS_MAX = 8,
    AT_HOST_SIZE = 280, /* a name with its port */
};

typedef struct at_access {
    char token[AT_TOKEN_MOST + 1];
    char host[AT_HOSTS_MAX][AT_HOST_SIZE]; /* "127.0.0.1:8765": what a Host header may say. Without
                                              the port where it is the scheme's own, 80 or 443 */
    int hosts;
    int tls;
    char cookie[24]; /* its name: "attune_8765" */
} at_access;

/* What a request says of itself; all nullable. Header values without leading or trailing blanks. */
typedef struct at_request {
    const char *host, *origin, *authorization, *cookie;
    const char *token; /* of the address: ?token= */
} at_request;

typedef enum at_verdict {
    AT_ALLOWED,
    AT_WRONG_HOST,
    AT_WRONG_ORIGIN,
    AT_WRONG_TOKEN, /* or none */
} at_verdict;

/* Whose names and port are as served: address as numbers, without brackets ("::1"). The names of
 * loopback go with every address of it. */
void at_access_serve(at_access *a, const char *address, int port, int tls);
/* One more name that it is reached by; without a port. 0: there are too many, or it is too long. */
int at_access_add_host(at_access *a, const char *name, int port);

at_verdict at_access_judge(const at_access *a, const at_request *r);

/* Whether a Cookie header, nullable, has a secret under a name: "a=1; attune_8765=...; b=2". There may be several
 * of a name, from paths or older runs. */
int at_cookies_hold(const char *cookies, const char *cookie, const char *secret);

/* Whether text is fit to be a token: of letters, digits, '-', '_', '.', long enough. */
int at_token_is_fit(const char *text);

/* Whether address, as numbers, is loopback. */
int at_is_loopback(const char *address);

#endif
