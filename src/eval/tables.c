/* tables.c - what there is to name on a command line. */
#include "data/corpus.h"
#include "degrade/harms.h"

#include <attune/eval.h>

_Static_assert((int)ATTUNE_CORRUPTION_LEVELS == (int)AT_DEGRADE_LEVELS, "room for every level");

const char *attune_dataset_name(int i)
{
    return at_corpus_name(i);
}

const char *attune_dataset_help(int i)
{
    return at_corpus_help(i);
}

const char *attune_dataset_splits(int i)
{
    return at_corpus_splits(i);
}

const char *attune_exclusion_name(int i)
{
    return i >= 0 && i < AT_EXCLUSIONS ? at_exclusion_names[i] : NULL;
}

int attune_corruption_at(int i, attune_corruption *out)
{
    if (i < 0 || i >= AT_DEGRADE_KINDS)
        return 0;
    const at_degradation *d = &at_degradations[i];
    *out = (attune_corruption){.name = d->name,
                               .unit = d->unit,
                               .about = d->about,
                               .of_sound = i >= AT_DEGRADE_PICTURES,
                               .none = (double)d->none,
                               .most = (double)d->most,
                               .levels = d->levels};
    for (int k = 0; k < d->levels; k++)
        out->listed[k] = (double)d->listed[k];
    return 1;
}

int attune_corruption_check(const char *text, attune_error *err)
{
    at_harm harm;
    return at_harm_parse(&harm, text, err);
}
