/* recipe_weights.c - the trained files that a recipe names. */
#include "base/error.h"
#include "train/recipe.h"
#include "vision/detect.h"
#include <stdlib.h>

int at_recipe_weights(const at_recipe *r, const char *file, const attune_train_options *o,
                      at_weights **out, attune_error *err)
{
    char *path = NULL;
    int status = at_recipe_find(r, file, o, &path, err);
    status = status ? status : at_weights_load(out, path, err);
    free(path);
    return status;
}

int at_recipe_detector(const at_recipe *r, const char *file, const attune_train_options *o,
                       at_params *p, at_weights **whole, attune_error *err)
{
    attune_error why = {0};
    at_weights *w = NULL;
    int status = at_recipe_weights(r, file, o, &w, err);
    if (status)
        return status;
    status = at_detector_import(p, w, &why);
    if (whole)
        *whole = w;
    else
        at_weights_free(&w);
    return status ? at_fail(err, (attune_status)status, "%s: %s", file, why.text) : ATTUNE_OK;
}
