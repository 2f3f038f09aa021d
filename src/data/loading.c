#include "data/loading.h"

#include "base/error.h"

#include <unistd.h>

int at_loading_ends(const char *path, int status)
{
    return status == ATTUNE_E_NOMEM || (status == ATTUNE_E_IO && access(path, R_OK) == 0);
}

void at_loading_note(at_loading *l, int status, const attune_error *why)
{
    int none = ATTUNE_OK;

    if (status < 0 && atomic_compare_exchange_strong(&l->status, &none, status))
        l->why = *why;
}

int at_loading_status(const at_loading *l, attune_error *err)
{
    const int status = atomic_load(&l->status);

    if (status == ATTUNE_E_NOMEM)
        return at_fail_nomem(err);
    return status < 0 ? at_fail(err, (attune_status)status, "%s", l->why.text) : ATTUNE_OK;
}
