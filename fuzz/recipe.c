/* Hostile recipes: an error in words, or settings of which each number lies in its range. What follows a NUL is
 * base.json, which they may go out from. */
#include "folder.h"
#include "fuzz.h"

#include "train/recipe.h"
#include "train/settings.h"

#include <math.h>
#include <string.h>

static double number_at(const at_field *f, const char *at)
{
    switch (f->type) {
    case AT_FIELD_FLOAT: return (double)*(const float *)(const void *)at;
    case AT_FIELD_DOUBLE: return *(const double *)(const void *)at;
    case AT_FIELD_INT: return *(const int *)(const void *)at;
    default: return (double)*(const int64_t *)(const void *)at;
    }
}

/* A float may lie a rounding beyond the range's end. */
static void check_number(const at_field *f, double x)
{
    double room = f->type == AT_FIELD_FLOAT ? 1e-6 * fmax(fabs(f->least), fabs(f->most)) : 0;
    FUZZ_CHECK(x >= f->least - room && x <= f->most + room);
}

static void check_settings(const at_fields *fields, const char *value)
{
    for (const at_field *f = fields->list; f->name; f++) {
        const char *at = value + f->at;
        int n = 1;
        if (f->type <= AT_FIELD_INT64)
            check_number(f, number_at(f, at));
        if ((f->type == AT_FIELD_TEXT || f->type == AT_FIELD_FILE) && f->least > 0)
            FUZZ_CHECK(**(const char *const *)(const void *)at);
        if (f->type == AT_FIELD_LIST) {
            n = *(const int *)(const void *)(value + f->count_at);
            FUZZ_CHECK(n >= f->least && n <= f->most);
        }
        for (int i = 0; f->of && i < n; i++)
            check_settings(f->of, at + (size_t)i * f->of->size);
    }
}

static uint64_t hash_of(at_recipe *r)
{
    FUZZ_CHECK(at_recipe_take_hash(r, NULL) == ATTUNE_OK);
    return r->hash;
}

/* The hash is of what the recipe says: the same for the same text in another order and layout, and
 * another once a field is added. */
static void check_hash(at_recipe *r)
{
    const uint64_t hash = r->hash;
    char *text = json_dumps(r->root, JSON_INDENT(3));
    json_t *same = text ? json_loads(text, 0, NULL) : NULL, *reversed = json_object();
    const char *key;
    json_t *value;
    free(text);
    FUZZ_CHECK(same != NULL && reversed != NULL);
    json_object_foreach(r->root, key, value)
    {
        json_t *later = json_object();
        json_object_set(later, key, value);
        json_object_update(later, reversed);
        json_decref(reversed);
        reversed = later;
    }
    at_recipe other = {.root = same}, turned = {.root = reversed};
    FUZZ_CHECK(hash_of(&other) == hash && hash_of(&turned) == hash);
    json_object_set_new(same, "a field that no recipe has", json_integer(1));
    FUZZ_CHECK(hash_of(&other) != hash);
    json_decref(same);
    json_decref(reversed);
}

/* The path of what is read. */
static const char *put_recipe(const uint8_t *data, size_t size)
{
    static char path[FUZZ_PATH];
    const uint8_t *end = size ? memchr(data, 0, size) : NULL;

    fuzz_folder();
    fuzz_folder_empty();
    FUZZ_CHECK(fuzz_folder_put("recipe.json", data, end ? (size_t)(end - data) : size));
    if (end)
        FUZZ_CHECK(fuzz_folder_put("base.json", end + 1, (size_t)(data + size - end - 1)));
    snprintf(path, sizeof path, "%s/recipe.json", fuzz_folder());
    return path;
}

static int check_file(void *user, const char *file, attune_error *err)
{
    (void)user, (void)err;
    FUZZ_CHECK(*file);
    return ATTUNE_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char settings[16384];
    at_recipe r;
    attune_error err = {0};
    int status = at_recipe_load(&r, put_recipe(data, size), &err);
    if (status != ATTUNE_OK) {
        FUZZ_CHECK(status == (int)err.status && err.text[0] != '\0');
        FUZZ_CHECK(r.root == NULL && r.path == NULL);
        return 0;
    }
    FUZZ_CHECK(r.kind != NULL && *r.name != '\0' && strchr(r.name, '/') == NULL);
    check_hash(&r);
    /* whatever kind it says it is of, it may be read as any */
    for (int k = 0; at_recipe_kind(k); k++) {
        const at_fields *fields = at_fields_of_kind(at_recipe_kind(k));
        FUZZ_CHECK(fields != NULL && fields->size <= sizeof settings);
        err = (attune_error){0};
        status = at_fields_read(fields, r.root, r.path, "", settings, &err);
        FUZZ_CHECK(status == ATTUNE_OK || (status == ATTUNE_E_FORMAT && err.text[0] != '\0'));
        if (status != ATTUNE_OK)
            continue;
        check_settings(fields, settings);
        FUZZ_CHECK(at_fields_files(fields, settings, check_file, NULL, NULL) == ATTUNE_OK);
    }
    at_recipe_free(&r);
    return 0;
}
