#include <attune/train.h>
#include "base/error.h"
#include "base/pool.h"
#include "train/learn.h"
#include <string.h>

static const struct {
    const char *kind;
    at_recipe_fn run;
} kinds[] = {
    {"visual", at_learn_visual},
    {"audio", at_learn_audio},
    {"assemble", at_learn_assemble},
    {"detector", at_learn_detector},
};

int attune_train(const char *recipe, const attune_train_options *options, attune_error *err)
{
    attune_train_options none = {0};
    const attune_train_options *o = options ? options : &none;
    attune_error own;
    at_recipe r;
    at_pool *pool = NULL;
    if (!err)
        err = &own;
    int status = at_recipe_load(&r, recipe, err);
    if (status)
        return status;
    at_recipe_fn run = NULL;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (!strcmp(r.kind, kinds[i].kind))
            run = kinds[i].run;
    if (!run)
        status = at_fail(err, ATTUNE_E_FORMAT, "%s: unknown kind \"%s\"", recipe, r.kind);
    status = status ? status : at_pool_create(&pool, o->threads, err);
    status = status ? status : run(&r, o, pool, err);
    at_pool_free(&pool);
    at_recipe_free(&r);
    return status;
}
