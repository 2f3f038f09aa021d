/* recipe.h - what a training run is told, read from a JSON file (docs/training.md lists the fields).
 *
 * Fields that a reader does not know are an error, so that a misspelt one cannot be silently ignored.
 */
#ifndef AT_TRAIN_RECIPE_H
#define AT_TRAIN_RECIPE_H

#include "tensor/tensor.h"
#include "tensor/weights.h"
#include <attune/train.h>
#include <jansson.h>
#include <stdint.h>

typedef struct at_recipe {
    json_t *root;
    char *path;
    const char *kind; /* "visual", "audio", "calibrate", "assemble"; lives with root */
    const char *name; /* of the files it writes */
} at_recipe;

int at_recipe_load(at_recipe *r, const char *path, attune_error *err);
void at_recipe_free(at_recipe *r);

/* Every key of object must be in the NULL-terminated list. where: for the message. */
int at_recipe_check(const at_recipe *r, const json_t *object, const char *where,
                    const char *const *known, attune_error *err);

/* Values with defaults; object may be NULL. A value of the wrong type is the default. */
double at_recipe_number(const json_t *object, const char *key, double def);
int64_t at_recipe_int(const json_t *object, const char *key, int64_t def);
const char *at_recipe_string(const json_t *object, const char *key, const char *def);

/* Finds a file that the recipe names: as it is, beside the recipe, in data_dir, out_dir, or in the
 * shared/models folder beside the source tree. *out (free) is the caller's. */
int at_recipe_find(const at_recipe *r, const char *file, const attune_train_options *o, char **out,
                   attune_error *err);

/* The weights in a file that the recipe names; *out is the caller's. */
int at_recipe_weights(const at_recipe *r, const char *file, const attune_train_options *o,
                      at_weights **out, attune_error *err);

/* The detector (vision/detect.h) in such a file, into p. whole: nullable, as above. */
int at_recipe_detector(const at_recipe *r, const char *file, const attune_train_options *o,
                       at_params *p, at_weights **whole, attune_error *err);

/* data_dir/folder if that is there, else data_dir; *out (free) is the caller's. */
int at_recipe_data_root(const attune_train_options *o, const char *folder, char **out,
                        attune_error *err);

/* FNV-1a of the recipe's canonical text: a checkpoint belongs to one recipe. */
uint64_t at_recipe_hash(const at_recipe *r);

#endif
