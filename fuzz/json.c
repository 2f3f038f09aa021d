/* How JSON is changed so that it stays JSON: a value somewhere in one of its lines becomes an odd one, another's,
 * or goes; else as bytes. */
#include "fuzz.h"

#include "base/rng.h"

#include <jansson.h>
#include <string.h>

/* libFuzzer's; not there when files are only run again. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max) __attribute__((weak));
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

static json_t *odd(at_rng *r)
{
    static const double reals[] = {-1, -0.0, 1e-9, 0.5, 1.0000001, 3, 1e9, 1e300};
    static const json_int_t whole[] = {-1,  0,      1,         2,         3,        7,
                                       100, 100001, INT32_MAX, INT64_MAX, INT64_MIN};
    static const char *const texts[] = {"",        "a",   "../a",      "/",           "trunk",
                                        "network", "all", "base.json", "recipe.json", "blur",
                                        "noise",   "none"};

    switch (at_rng_below(r, 8)) {
    case 0: return json_null();
    case 1: return json_boolean(at_rng_below(r, 2));
    case 2: return json_real(reals[at_rng_below(r, sizeof reals / sizeof *reals)]);
    case 3: return json_array();
    case 4: return json_object();
    case 5: return json_string(texts[at_rng_below(r, sizeof texts / sizeof *texts)]);
    default: return json_integer(whole[at_rng_below(r, sizeof whole / sizeof *whole)]);
    }
}

static void change_object(json_t *o, at_rng *r);

/* Deeper, or what is put in a value's place. NULL: nothing is. */
static json_t *change(json_t *v, at_rng *r)
{
    const uint32_t how = at_rng_below(r, 3);

    if (json_is_object(v) && json_object_size(v) && how) {
        change_object(v, r);
        return NULL;
    }
    if (json_is_array(v) && json_array_size(v) && how) {
        const size_t i = at_rng_below(r, (uint32_t)json_array_size(v));
        json_t *other = change(json_array_get(v, i), r);
        if (other)
            json_array_set_new(v, i, other);
        else if (at_rng_below(r, 4) == 0)
            json_array_append(v, json_array_get(v, i));
        return NULL;
    }
    return odd(r);
}

static void change_object(json_t *o, at_rng *r)
{
    uint32_t i = at_rng_below(r, (uint32_t)json_object_size(o));
    void *at = json_object_iter(o);

    while (i-- > 0)
        at = json_object_iter_next(o, at);
    const char *key = json_object_iter_key(at);
    if (at_rng_below(r, 6) == 0) {
        json_object_del(o, key);
        return;
    }
    json_t *other = change(json_object_iter_value(at), r);
    if (other)
        json_object_set_new(o, key, other);
}

/* text (n): of one line's bytes; what they become (free), NULL: they are no object. */
static char *changed(const uint8_t *line, size_t n, at_rng *r)
{
    json_t *root = json_loadb((const char *)line, n, 0, NULL);
    char *text = NULL;

    if (json_is_object(root) && json_object_size(root)) {
        for (uint32_t i = 1 + at_rng_below(r, 3); i > 0 && json_object_size(root); i--)
            change_object(root, r);
        text = json_dumps(root, JSON_COMPACT);
    }
    json_decref(root);
    return text;
}

/* Where the document at some place of data begins and ends: they are apart by newlines or NULs, unless all
 * is one. */
static void find(const uint8_t *data, size_t size, at_rng *r, size_t *from, size_t *to)
{
    *from = *to = at_rng_below(r, (uint32_t)size);
    while (*from > 0 && !(data[*from - 1] == 0 || (data[*from - 1] == '\n' && data[*from] == '{')))
        --*from;
    while (*to < size &&
           !(data[*to] == 0 || (data[*to] == '\n' && *to + 1 < size && data[*to + 1] == '{')))
        ++*to;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    size_t from, to;
    at_rng r;

    at_rng_seed(&r, seed, 0);
    if (size == 0 || at_rng_below(&r, 4) == 0)
        return LLVMFuzzerMutate(data, size, max);
    find(data, size, &r, &from, &to);
    char *text = changed(data + from, to - from, &r);
    const size_t n = text ? strlen(text) : 0;
    if (!text || size - (to - from) + n > max) {
        free(text);
        return LLVMFuzzerMutate(data, size, max);
    }
    memmove(data + from + n, data + to, size - to);
    memcpy(data + from, text, n);
    free(text);
    return size - (to - from) + n;
}
