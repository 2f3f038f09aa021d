/* absent.c - a build without libjose: nobody is launched from anywhere. */
#include "base/error.h"
#include "lti/id_token.h"

int at_platforms_read(at_platforms *out, const char *path, attune_error *err)
{
    (void)path;
    *out = (at_platforms){0};
    return at_fail(err, ATTUNE_E_UNSUPPORTED, "this attune was built without LTI (libjose)");
}

void at_platforms_free(at_platforms *p)
{
    (void)p;
}

const at_platform *at_platforms_find(const at_platforms *p, const char *issuer,
                                     const char *client_id)
{
    (void)p, (void)issuer, (void)client_id;
    return NULL;
}

int at_platform_has_deployment(const at_platform *p, const char *deployment)
{
    (void)p, (void)deployment;
    return 0;
}

const char *at_id_token_judge(const char *token, const at_platform *p, const json_t *keys,
                              const char *nonce, int64_t now_s)
{
    (void)token, (void)p, (void)keys, (void)nonce, (void)now_s;
    return "there is no LTI in this build";
}
