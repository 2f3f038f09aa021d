/* recipe.h - what a training run is told, read from a JSON file (docs/recipes.md lists the fields).
 *
 * "base" names another recipe, beside this one, that it goes out from: what this one says is a merge
 * patch on that (RFC 7396): objects are merged, null takes a field away, all else replaces.
 */
#ifndef AT_TRAIN_RECIPE_H
#define AT_TRAIN_RECIPE_H

#include <attune/attune.h>
#include <jansson.h>
#include <stdint.h>

typedef struct at_recipe {
    json_t *root; /* with its bases merged in */
    char *path;
    const char *kind; /* lives with root */
    const char *name; /* of the files it writes */
    uint64_t hash;    /* of its canonical text: the same for the same fields, however written */
} at_recipe;

int at_recipe_load(at_recipe *r, const char *path, attune_error *err);
/* Of what root says now, as at_recipe_load does. */
int at_recipe_take_hash(at_recipe *r, attune_error *err);
void at_recipe_free(at_recipe *r);

/* file beside the file that path names, or file itself if that begins with '/'. free. */
char *at_path_beside(const char *path, const char *file);

#endif
