#include "train/recipe.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RECIPE_LIMIT = 1 << 20, BASES_LIMIT = 8 };

char *at_path_beside(const char *path, const char *file)
{
    const char *slash = strrchr(path, '/');
    size_t dir = slash && file[0] != '/' ? (size_t)(slash - path) + 1 : 0;
    char *out = malloc(dir + strlen(file) + 1);
    if (out) {
        memcpy(out, path, dir);
        strcpy(out + dir, file);
    }
    return out;
}

static int read_json(const char *path, json_t **out, attune_error *err)
{
    const int status = at_json_read_file(out, path, RECIPE_LIMIT, JSON_REJECT_DUPLICATES, err);
    if (status || json_is_object(*out))
        return status;
    json_decref(*out);
    *out = NULL;
    return at_fail(err, ATTUNE_E_FORMAT, "%s: a recipe must be an object", path);
}

/* ---- bases -------------------------------------------------------------------------------- */

/* base := base with patch applied (RFC 7396). -1: out of memory. */
static int merge(json_t *base, const json_t *patch)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)patch, key, value)
    {
        json_t *old = json_object_get(base, key);
        int failed = 0;
        if (json_is_null(value)) {
            if (old)
                json_object_del(base, key);
        } else if (json_is_object(value)) {
            if (!json_is_object(old)) {
                failed = json_object_set_new(base, key, json_object());
                old = json_object_get(base, key);
            }
            failed = failed || merge(old, value);
        } else {
            failed = json_object_set(base, key, value);
        }
        if (failed)
            return -1;
    }
    return 0;
}

/* The recipes that led here, innermost first. */
typedef struct heir {
    const char *path; /* resolved */
    const struct heir *next;
} heir;

static int refuse_circle(const char *path, const char *resolved, const heir *heirs,
                         attune_error *err)
{
    int depth = 0;
    for (const heir *h = heirs; h; h = h->next, depth++)
        if (strcmp(h->path, resolved) == 0)
            return at_fail(err, ATTUNE_E_FORMAT, "%s: goes out from itself", path);
    return depth > BASES_LIMIT
               ? at_fail(err, ATTUNE_E_FORMAT, "%s: over %d bases deep", path, BASES_LIMIT)
               : ATTUNE_OK;
}

static int load_merged(const char *path, const heir *heirs, json_t **out, attune_error *err);

/* own is used up; *out: its bases with it on top. */
static int put_on_base(const char *path, json_t *own, const heir *heirs, json_t **out,
                       attune_error *err)
{
    const char *name = json_string_value(json_object_get(own, "base"));
    char *file = name ? at_path_beside(path, name) : NULL;
    int status = !name   ? at_fail(err, ATTUNE_E_FORMAT, "%s: base must be a file's name", path)
                 : !file ? at_fail_nomem(err)
                         : load_merged(file, heirs, out, err);
    json_object_del(own, "base");
    if (!status && merge(*out, own)) {
        json_decref(*out);
        *out = NULL;
        status = at_fail_nomem(err);
    }
    json_decref(own);
    free(file);
    return status;
}

static int load_merged(const char *path, const heir *heirs, json_t **out, attune_error *err)
{
    json_t *own = NULL;
    int status = read_json(path, &own, err);
    if (status)
        return status;
    if (!json_object_get(own, "base")) {
        *out = own;
        return ATTUNE_OK;
    }
    char *resolved = realpath(path, NULL);
    heir here = {.path = resolved ? resolved : path, .next = heirs};
    status = refuse_circle(path, here.path, heirs, err);
    if (status)
        json_decref(own);
    else
        status = put_on_base(path, own, &here, out, err);
    free(resolved);
    return status;
}

/* ---- recipes ------------------------------------------------------------------------------ */

int at_recipe_take_hash(at_recipe *r, attune_error *err)
{
    char *text = at_json_write(r->root, JSON_SORT_KEYS | JSON_COMPACT);
    if (!text)
        return at_fail_nomem(err);
    r->hash = at_hash(AT_HASH_START, text, strlen(text));
    free(text);
    return ATTUNE_OK;
}

int at_recipe_load(at_recipe *r, const char *path, attune_error *err)
{
    memset(r, 0, sizeof *r);
    int status = load_merged(path, NULL, &r->root, err);
    if (status)
        return status;
    r->path = strdup(path);
    r->kind = json_string_value(json_object_get(r->root, "kind"));
    r->name = json_string_value(json_object_get(r->root, "name"));
    if (!r->path)
        status = at_fail_nomem(err);
    else if (!r->kind)
        status = at_fail(err, ATTUNE_E_FORMAT, "%s: kind must be a text in quotes", path);
    else if (!r->name || !*r->name || strchr(r->name, '/'))
        status = at_fail(err, ATTUNE_E_FORMAT,
                         "%s: name must be a text in quotes without '/': files are named after it",
                         path);
    status = status ? status : at_recipe_take_hash(r, err);
    if (status)
        at_recipe_free(r);
    return status;
}

void at_recipe_free(at_recipe *r)
{
    json_decref(r->root);
    free(r->path);
    memset(r, 0, sizeof *r);
}
