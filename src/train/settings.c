#include "train/settings.h"
#include <string.h>

static const struct {
    const char *kind;
    const at_fields *fields;
} kinds[] = {
    {"visual", &at_visual_fields},     {"hog", &at_hog_fields},
    {"audio", &at_audio_fields},       {"functionals", &at_functionals_fields},
    {"detector", &at_detector_fields}, {"temporal", &at_temporal_fields},
    {"fusion", &at_fusion_fields},     {"assemble", &at_assemble_fields},
    {"ranges", &at_ranges_fields},     {"chain", &at_chain_fields},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

const char *at_recipe_kind(int i)
{
    return i >= 0 && i < KINDS ? kinds[i].kind : NULL;
}

const at_fields *at_fields_of_kind(const char *kind)
{
    for (int i = 0; i < KINDS; i++)
        if (strcmp(kinds[i].kind, kind) == 0)
            return kinds[i].fields;
    return NULL;
}
