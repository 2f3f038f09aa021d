#include "base/error.h"

#include "base/visible.h"

#include <stdarg.h>
#include <stdio.h>

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

int at_fail_nomem(attune_error *err)
{
    return at_fail(err, ATTUNE_E_NOMEM, nomem);
}
