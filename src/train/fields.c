#include "train/fields.h"
#include "base/error.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { NAME_SIZE = 128 };

/* Where a value is read from, for messages. */
typedef struct place {
    const char *path;     /* of the file */
    char name[NAME_SIZE]; /* "data[0].share" */
} place;

static place below(const place *p, const char *name)
{
    place q = {.path = p->path};
    snprintf(q.name, sizeof q.name, "%.80s%s%.40s", p->name, *p->name ? "." : "", name);
    return q;
}

static place element(const place *p, size_t i)
{
    place q = {.path = p->path};
    snprintf(q.name, sizeof q.name, "%.100s[%zu]", p->name, i);
    return q;
}

static int read_object(const at_fields *fields, const json_t *object, const place *p, char *value,
                       attune_error *err);

/* ---- numbers ------------------------------------------------------------------------------ */

static int is_whole(at_field_type type)
{
    return type == AT_FIELD_INT || type == AT_FIELD_INT64;
}

static void store(at_field_type type, double v, char *to)
{
    switch (type) {
    case AT_FIELD_FLOAT: *(float *)(void *)to = (float)v; break;
    case AT_FIELD_DOUBLE: *(double *)(void *)to = v; break;
    case AT_FIELD_INT: *(int *)(void *)to = (int)v; break;
    default: *(int64_t *)(void *)to = (int64_t)v; break;
    }
}

static int read_number(const at_field *f, const json_t *v, const place *p, char *to,
                       attune_error *err)
{
    if (!v) {
        store(f->type, f->def, to);
        return ATTUNE_OK;
    }
    if (is_whole(f->type) ? !json_is_integer(v) : !json_is_number(v))
        return at_fail(err, ATTUNE_E_FORMAT, "%s: %s must be a %snumber from %.9g to %.9g", p->path,
                       p->name, is_whole(f->type) ? "whole " : "", f->least, f->most);
    double x = json_number_value(v);
    if (!(x >= f->least && x <= f->most))
        return at_fail(err, ATTUNE_E_FORMAT, "%s: %s is %.9g, must be from %.9g to %.9g", p->path,
                       p->name, x, f->least, f->most);
    store(f->type, x, to);
    return ATTUNE_OK;
}

/* ---- texts, lists ------------------------------------------------------------------------- */

static int read_text(const at_field *f, const json_t *v, const place *p, char *to,
                     attune_error *err)
{
    if (v && !json_is_string(v))
        return at_fail(err, ATTUNE_E_FORMAT, "%s: %s must be a text in quotes", p->path, p->name);
    if (v && !*json_string_value(v))
        return at_fail(err, ATTUNE_E_FORMAT, "%s: %s is empty", p->path, p->name);
    if (!v && !f->text && f->least > 0)
        return at_fail(err, ATTUNE_E_FORMAT, "%s: %s is missing", p->path, p->name);
    *(const char **)(void *)to = v ? json_string_value(v) : f->text;
    return ATTUNE_OK;
}

static int read_list(const at_field *f, const json_t *v, const place *p, char *to, int *count,
                     attune_error *err)
{
    size_t n = json_array_size(v), size = f->of ? f->of->size : sizeof(const char *);
    static const at_field text = {.least = 1};
    int status = ATTUNE_OK;
    if (v && !json_is_array(v))
        return at_fail(err, ATTUNE_E_FORMAT, "%s: %s must be a list", p->path, p->name);
    if ((double)n < f->least || (double)n > f->most)
        return at_fail(err, ATTUNE_E_FORMAT, "%s: %s must list %g to %g, not %zu", p->path, p->name,
                       f->least, f->most, n);
    for (size_t i = 0; i < n && !status; i++) {
        const json_t *e = json_array_get(v, i);
        place q = element(p, i);
        status = f->of ? read_object(f->of, e, &q, to + i * size, err)
                       : read_text(&text, e, &q, to + i * size, err);
    }
    *count = (int)n;
    return status;
}

/* ---- objects ------------------------------------------------------------------------------ */

static int known(const at_fields *fields, const char *key)
{
    if (strcmp(key, "comment") == 0)
        return 1;
    for (const at_field *f = fields->list; f->name; f++)
        if (f->type == AT_FIELD_SHARED ? known(f->of, key) : strcmp(f->name, key) == 0)
            return 1;
    return 0;
}

static int read_field(const at_field *f, const json_t *object, const place *p, char *value,
                      attune_error *err)
{
    const json_t *v = json_object_get(object, f->name);
    place q = below(p, f->name);
    char *to = value + f->at;
    switch (f->type) {
    case AT_FIELD_TEXT:
    case AT_FIELD_FILE: return read_text(f, v, &q, to, err);
    case AT_FIELD_OBJECT: return read_object(f->of, v, &q, to, err);
    case AT_FIELD_LIST: return read_list(f, v, &q, to, (int *)(void *)(value + f->count_at), err);
    case AT_FIELD_ANY:
        if (v && !json_is_object(v))
            return at_fail(err, ATTUNE_E_FORMAT, "%s: %s must be an object", q.path, q.name);
        *(const json_t **)(void *)to = v;
        return ATTUNE_OK;
    default: return read_number(f, v, &q, to, err);
    }
}

/* Without the check for unknown fields, which SHARED tables cannot make alone. */
static int read_fields(const at_fields *fields, const json_t *object, const place *p, char *value,
                       attune_error *err)
{
    int status = ATTUNE_OK;
    for (const at_field *f = fields->list; f->name && !status; f++)
        status = f->type == AT_FIELD_SHARED ? read_fields(f->of, object, p, value + f->at, err)
                                            : read_field(f, object, p, value, err);
    const char *wrong = !status && fields->wrong ? fields->wrong(value) : NULL;
    return wrong ? at_fail(err, ATTUNE_E_FORMAT, "%s: %s%s%s", p->path, p->name,
                           *p->name ? ": " : "", wrong)
                 : status;
}

static int read_object(const at_fields *fields, const json_t *object, const place *p, char *value,
                       attune_error *err)
{
    const char *key;
    json_t *v;
    if (object && !json_is_object(object))
        return at_fail(err, ATTUNE_E_FORMAT, "%s: %s must be an object", p->path,
                       *p->name ? p->name : "a recipe");
    json_object_foreach((json_t *)object, key, v)
    {
        place q = below(p, key);
        if (!known(fields, key))
            return at_fail(err, ATTUNE_E_FORMAT, "%s: unknown field \"%s\"", p->path, q.name);
    }
    return read_fields(fields, object, p, value, err);
}

int at_fields_read(const at_fields *fields, const json_t *object, const char *path,
                   const char *where, void *value, attune_error *err)
{
    place p = {.path = path};
    snprintf(p.name, sizeof p.name, "%.100s", where);
    memset(value, 0, fields->size);
    return read_object(fields, object, &p, value, err);
}

/* ---- what a struct names, and what a table says -------------------------------------------- */

int at_fields_files(const at_fields *fields, const void *value,
                    int (*fn)(void *user, const char *file, attune_error *err), void *user,
                    attune_error *err)
{
    int status = ATTUNE_OK;
    for (const at_field *f = fields->list; f->name && !status; f++) {
        const char *at = (const char *)value + f->at;
        if (f->type == AT_FIELD_FILE) {
            const char *file = *(const char *const *)(const void *)at;
            status = file ? fn(user, file, err) : ATTUNE_OK;
        } else if (f->type == AT_FIELD_OBJECT || f->type == AT_FIELD_SHARED) {
            status = at_fields_files(f->of, at, fn, user, err);
        } else if (f->type == AT_FIELD_LIST && f->of) {
            int n = *(const int *)(const void *)((const char *)value + f->count_at);
            for (int i = 0; i < n && !status; i++)
                status = at_fields_files(f->of, at + (size_t)i * f->of->size, fn, user, err);
        }
    }
    return status;
}

/* *i counts down to 0 at the field that is wanted. */
static const at_field *find_at(const at_fields *fields, int *i, const char *prefix, char *name,
                               size_t size)
{
    for (const at_field *f = fields->list; f->name; f++) {
        char full[NAME_SIZE];
        const at_field *found = NULL;
        snprintf(full, sizeof full, "%.60s%s%.40s", prefix, *prefix && *f->name ? "." : "",
                 f->name);
        if (f->type != AT_FIELD_SHARED && (*i)-- == 0) {
            snprintf(name, size, "%s", full);
            return f;
        }
        if (f->type == AT_FIELD_LIST)
            strcat(full, "[]");
        if (f->of)
            found = find_at(f->of, i, full, name, size);
        if (found)
            return found;
    }
    return NULL;
}

const at_field *at_fields_at(const at_fields *fields, int i, char *name, size_t size)
{
    return i < 0 ? NULL : find_at(fields, &i, "", name, size);
}
