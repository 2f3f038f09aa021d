#include "base/error.h"

#include "base/visible.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char nomem[] = "out of memory";

int at_fail(attune_error *err, attune_status status, const char *fmt, ...)
{
    if (err == NULL)
        return status;
    err->status = status;
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(err->text, sizeof err->text, status == ATTUNE_E_NOMEM ? nomem : fmt, args);
    va_end(args);
    if (n < 0)
        snprintf(err->text, sizeof err->text, "error %d", (int)status);
    at_visible_copy(err->text, sizeof err->text, err->text);
    return status;
}

int at_fail_unmade(int status, const char *path, const char *how, attune_error *err)
{
    const size_t said = err ? strlen(err->text) : 0;

    if (err && status == ATTUNE_E_IO && access(path, F_OK) != 0 && errno == ENOENT)
        snprintf(err->text + said, sizeof err->text - said, "; %s", how);
    return status;
}

int at_fail_nomem(attune_error *err)
{
    return at_fail(err, ATTUNE_E_NOMEM, nomem);
}
