/* platforms.h - the learning platforms that learners may be launched from, out of a file (docs/lti.md). */
#ifndef AT_LTI_PLATFORMS_H
#define AT_LTI_PLATFORMS_H

#include <attune/attune.h>
#include <jansson.h>

/* All of it lies in the file's tree. */
typedef struct at_platform {
    const char *issuer, *client_id;
    const char *login;         /* where a login goes on: its OIDC authorisation endpoint */
    const json_t *deployments; /* texts */
    json_t *keys;              /* a JWK set; NULL: it is fetched */
    const char *keys_url;      /* from here; NULL: it is not */
} at_platform;

typedef struct at_platforms {
    json_t *root;
    at_platform *platform; /* (n) */
    int n;
} at_platforms;

/* Reads the file and the key sets that it names, relative to it. */
int at_platforms_read(at_platforms *out, const char *path, attune_error *err);
void at_platforms_free(at_platforms *p);

/* client_id: NULL if the request did not say, and then the issuer must have one alone. NULL: there is none. */
const at_platform *at_platforms_find(const at_platforms *p, const char *issuer,
                                     const char *client_id);
int at_platform_has_deployment(const at_platform *p, const char *deployment);

#endif
