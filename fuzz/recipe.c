/* Hostile recipes: an error in words, or a recipe with a kind and a name that is a file name. */
#include "fuzz.h"

#include "train/recipe.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const known[] = {"kind", "name", "epochs", "data", NULL};
    at_recipe r;
    attune_error err = {0};
    const char *key;
    json_t *value;

    int status = at_recipe_load(&r, fuzz_file(data, size), &err);
    if (status != ATTUNE_OK) {
        FUZZ_CHECK(status == (int)err.status && err.text[0] != '\0');
        FUZZ_CHECK(r.root == NULL && r.path == NULL);
        return 0;
    }
    FUZZ_CHECK(r.kind != NULL && *r.name != '\0' && strchr(r.name, '/') == NULL);
    FUZZ_CHECK(at_recipe_hash(&r) == at_recipe_hash(&r));
    at_recipe_check(&r, r.root, "the recipe", known, &err);
    json_object_foreach(r.root, key, value)
    {
        double number = at_recipe_number(r.root, key, 7);
        FUZZ_CHECK(json_is_number(value) || number == 7);
        FUZZ_CHECK(json_is_integer(value) || at_recipe_int(r.root, key, 7) == 7);
        FUZZ_CHECK(json_is_string(value) == (at_recipe_string(r.root, key, NULL) != NULL));
        at_recipe_check(&r, value, key, known, &err);
    }
    at_recipe_free(&r);
    return 0;
}
