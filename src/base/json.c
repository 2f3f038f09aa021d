#include "base/json.h"

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* What a tree takes at most: "[]," is a list with room for eight. */
enum { BYTES_A_LETTER = 64, BYTES_AT_LEAST = 64 << 10 };

static int there_is_room(size_t size)
{
    void *room = at_alloc(size + BYTES_AT_LEAST / BYTES_A_LETTER, BYTES_A_LETTER);

    at_free(room);
    return room != NULL;
}

int at_json_read(json_t **out, const char *text, size_t size, size_t flags, json_error_t *why)
{
    *out = NULL;
    if (!there_is_room(size))
        return ATTUNE_E_NOMEM;
    errno = 0;
    *out = json_loadb(text, size, flags, why);
    if (errno == ENOMEM) {
        json_decref(*out);
        *out = NULL;
        return ATTUNE_E_NOMEM;
    }
    return *out ? ATTUNE_OK : ATTUNE_E_FORMAT;
}

int at_json_read_file(json_t **out, const char *path, size_t limit, size_t flags, attune_error *err)
{
    unsigned char *text;
    size_t size;
    json_error_t why;
    int rc = at_file_read(path, limit, &text, &size, err);

    *out = NULL;
    if (rc < 0)
        return rc;
    rc = at_json_read(out, (const char *)text, size, flags, &why);
    at_free(text);
    if (rc == ATTUNE_E_NOMEM)
        return at_fail_nomem(err);
    return rc < 0 ? at_fail(err, ATTUNE_E_FORMAT, "%s:%d: %s", path, why.line, why.text) : rc;
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

json_t *at_json_real(double v)
{
    return at_json_number(round(v * 1e6) / 1e6);
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
