#include "base/json.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

int at_json_read(json_t **out, const char *text, size_t size, size_t flags, json_error_t *why)
{
    errno = 0;
    *out = json_loadb(text, size, flags, why);
    if (*out)
        return ATTUNE_OK;
    return errno == ENOMEM ? ATTUNE_E_NOMEM : ATTUNE_E_FORMAT;
}

char *at_json_write(const json_t *v, size_t flags)
{
    errno = 0;
    char *text = v ? json_dumps(v, flags) : NULL;

    if (text && errno == ENOMEM) {
        free(text);
        text = NULL;
    }
    return text;
}

json_t *at_json_number(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

static void settle(json_t **whole, json_t *part, int failed)
{
    if (!*whole)
        json_decref(part); /* which the call did not take */
    if (!*whole || !failed)
        return;
    json_decref(*whole);
    *whole = NULL;
}

void at_json_put(json_t **object, const char *key, json_t *part)
{
    settle(object, part, *object && json_object_set_new(*object, key, part) != 0);
}

void at_json_append(json_t **array, json_t *part)
{
    settle(array, part, *array && json_array_append_new(*array, part) != 0);
}

void at_json_put_real(json_t **object, const char *key, double v)
{
    if (isfinite(v))
        at_json_put(object, key, json_real(v));
}
