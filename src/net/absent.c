/* absent.c - a build without libcurl: nothing is fetched. */
#include "base/error.h"
#include "net/fetch.h"

int at_fetch(const char *address, unsigned char **out, size_t *size, int (*stop)(void *user),
             void *user, attune_error *err)
{
    (void)stop, (void)user;
    *out = NULL;
    *size = 0;
    return at_fail(err, ATTUNE_E_UNSUPPORTED, "%s: this attune was built without libcurl", address);
}
