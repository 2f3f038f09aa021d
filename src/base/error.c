#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

int at_fail(attune_error *err, attune_status status, const char *fmt, ...)
{
    if (err == NULL)
        return status;
    err->status = status;
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(err->text, sizeof err->text, fmt, args);
    va_end(args);
    if (n < 0)
        snprintf(err->text, sizeof err->text, "error %d", (int)status);

    /* Bytes over 0x7f pass: names are UTF-8. The C1 controls, which some terminals obey, are
     * 0xc2 0x80..0x9f there. */
    unsigned char *text = (unsigned char *)err->text;
    for (size_t i = 0; text[i] != 0; i++) {
        int c1 = i > 0 && text[i - 1] == 0xc2 && text[i] >= 0x80 && text[i] <= 0x9f;
        if (c1)
            text[i - 1] = '?';
        if (c1 || text[i] < 0x20 || text[i] == 0x7f)
            text[i] = '?';
    }
    return status;
}

int at_fail_nomem(attune_error *err)
{
    return at_fail(err, ATTUNE_E_NOMEM, "out of memory");
}
