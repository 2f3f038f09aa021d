#include "train/recipe.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "at_config.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RECIPE_LIMIT = 1 << 20 };

int at_recipe_load(at_recipe *r, const char *path, attune_error *err)
{
    unsigned char *text = NULL;
    size_t size = 0;
    json_error_t je;
    memset(r, 0, sizeof *r);
    int status = at_file_read(path, RECIPE_LIMIT, &text, &size, err);
    if (status)
        return status;
    r->root = json_loadb((const char *)text, size, JSON_REJECT_DUPLICATES, &je);
    at_free(text);
    if (!r->root)
        return at_fail(err, ATTUNE_E_FORMAT, "%s:%d: %s", path, je.line, je.text);
    r->path = strdup(path);
    r->kind = at_recipe_string(r->root, "kind", NULL);
    r->name = at_recipe_string(r->root, "name", NULL);
    if (!r->path) {
        status = at_fail_nomem(err);
    } else if (!r->kind || !r->name || !*r->name || strchr(r->name, '/')) {
        status =
            at_fail(err, ATTUNE_E_FORMAT, "%s: needs \"kind\" and \"name\" (a file name)", path);
    }
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

int at_recipe_check(const at_recipe *r, const json_t *object, const char *where,
                    const char *const *known, attune_error *err)
{
    const char *key;
    json_t *value;
    if (object && !json_is_object(object))
        return at_fail(err, ATTUNE_E_FORMAT, "%s: %s must be an object", r->path, where);
    json_object_foreach((json_t *)object, key, value)
    {
        int found = 0;
        for (int i = 0; known[i] && !found; i++)
            found = !strcmp(known[i], key);
        if (!found)
            return at_fail(err, ATTUNE_E_FORMAT, "%s: unknown field \"%s\" in %s", r->path, key,
                           where);
    }
    return ATTUNE_OK;
}

double at_recipe_number(const json_t *object, const char *key, double def)
{
    const json_t *v = json_object_get(object, key);
    return json_is_number(v) ? json_number_value(v) : def;
}

int64_t at_recipe_int(const json_t *object, const char *key, int64_t def)
{
    const json_t *v = json_object_get(object, key);
    return json_is_integer(v) ? (int64_t)json_integer_value(v) : def;
}

const char *at_recipe_string(const json_t *object, const char *key, const char *def)
{
    const json_t *v = json_object_get(object, key);
    return json_is_string(v) ? json_string_value(v) : def;
}

static char *join(const char *dir, const char *file)
{
    size_t n = strlen(dir) + strlen(file) + 2;
    char *p = malloc(n);
    if (p)
        snprintf(p, n, "%s/%s", dir, file);
    return p;
}

int at_recipe_find(const at_recipe *r, const char *file, const attune_train_options *o, char **out,
                   attune_error *err)
{
    const char *slash = strrchr(r->path, '/');
    char *beside = slash ? strndup(r->path, (size_t)(slash - r->path)) : strdup(".");
    const char *dirs[] = {".", beside, o->data_dir, o->out_dir, AT_SOURCE_ROOT "/../shared/models"};
    *out = NULL;
    if (file[0] == '/')
        *out = access(file, R_OK) ? NULL : strdup(file);
    for (size_t i = 0; file[0] != '/' && !*out && i < sizeof dirs / sizeof dirs[0]; i++) {
        char *path = dirs[i] ? join(dirs[i], file) : NULL;
        if (path && !access(path, R_OK))
            *out = path;
        else
            free(path);
    }
    free(beside);
    return *out ? ATTUNE_OK
                : at_fail(err, ATTUNE_E_IO,
                          "%s: not found (looked beside %s, in the data folder and "
                          "in the output folder)",
                          file, r->path);
}

int at_recipe_data_root(const attune_train_options *o, const char *folder, char **out,
                        attune_error *err)
{
    const char *dir = o->data_dir ? o->data_dir : ".";
    *out = join(dir, folder);
    if (*out && access(*out, R_OK)) {
        free(*out);
        *out = strdup(dir);
    }
    return *out ? ATTUNE_OK : at_fail_nomem(err);
}

uint64_t at_recipe_hash(const at_recipe *r)
{
    char *text = json_dumps(r->root, JSON_SORT_KEYS | JSON_COMPACT);
    uint64_t h = 14695981039346656037u;
    for (const char *p = text; p && *p; p++)
        h = (h ^ (unsigned char)*p) * 1099511628211u;
    free(text);
    return h;
}
