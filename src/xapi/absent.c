/* absent.c - a build without SQLite or libcurl: nothing is ever sent. */
#include "base/error.h"

#include <attune/xapi.h>

static int absent(attune_error *err)
{
    return at_fail(err, ATTUNE_E_UNSUPPORTED,
                   "this attune was built without sending (SQLite and libcurl)");
}

int attune_xapi_address(char out[ATTUNE_XAPI_ADDRESS_BYTES], const char *address, attune_error *err)
{
    (void)address;
    *out = 0;
    return absent(err);
}

int attune_xapi_agree(attune_store *s, const attune_xapi_consent *c, int64_t *id, attune_error *err)
{
    (void)s, (void)c;
    *id = 0;
    return absent(err);
}

int attune_xapi_check(attune_store *s, const attune_xapi_consent *c, attune_xapi_consent *ends,
                      attune_error *err)
{
    (void)s, (void)c;
    if (ends)
        *ends = (attune_xapi_consent){0};
    return absent(err);
}

int attune_xapi_consents(attune_store *s, int (*fn)(void *user, const attune_xapi_consent *c),
                         void *user, attune_error *err)
{
    (void)s, (void)fn, (void)user;
    return absent(err);
}

int attune_xapi_withdraw(attune_store *s, int64_t id, attune_error *err)
{
    (void)s, (void)id;
    return absent(err);
}

int attune_xapi_statement(attune_store *s, int64_t consent, int64_t session, char **json,
                          attune_error *err)
{
    (void)s, (void)consent, (void)session;
    *json = NULL;
    return absent(err);
}

int attune_xapi_queue(attune_store *s, int64_t consent, int64_t session, attune_error *err)
{
    (void)s, (void)consent, (void)session;
    return absent(err);
}

int attune_xapi_look(attune_store *s, int64_t consent, int64_t session, attune_xapi_fate *out,
                     attune_error *err)
{
    (void)s, (void)consent, (void)session;
    *out = (attune_xapi_fate){0};
    return absent(err);
}

int attune_xapi_send(attune_store *s, const attune_xapi_sending *o, attune_xapi_sum *sum,
                     attune_error *err)
{
    (void)s, (void)o;
    *sum = (attune_xapi_sum){0};
    return absent(err);
}
