/* kinds.c - the table of fusions. */
#include "fusion/kind.h"
#include <stdio.h>
#include <string.h>

/* The first is what a model gets that does not say, and holds none that is learned. */
const at_fusion_kind *const at_fusion_kinds[] = {
    &at_fusion_late,   &at_fusion_mean,      &at_fusion_product, &at_fusion_concat,
    &at_fusion_tensor, &at_fusion_attention, &at_fusion_hybrid,  NULL,
};

const at_fusion_kind *at_fusion_kind_find(const char *name)
{
    for (int i = 0; at_fusion_kinds[i]; i++)
        if (!strcmp(at_fusion_kinds[i]->name, name))
            return at_fusion_kinds[i];
    return NULL;
}

const at_fusion_kind *at_fusion_kind_in(const at_weights *w)
{
    for (int i = 0; at_fusion_kinds[i]; i++) {
        char name[64];
        snprintf(name, sizeof name, "fusion.%s.temperature", at_fusion_kinds[i]->name);
        if (at_fusion_is_learned(at_fusion_kinds[i]) && at_weights_find(w, name))
            return at_fusion_kinds[i];
    }
    return NULL;
}
