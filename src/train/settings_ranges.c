#include "train/settings_shared.h"

static const at_field ranges_list[] = {
    AT_HEAD(at_ranges_settings,
            "`ranges`: how far a model's activations go, for `--precision int8`"),
    AT_NEEDED_FILE(at_ranges_settings, model, "model", "a whole model"),
    AT_SHARED(at_ranges_settings, data, at_pictures_fields),
    AT_NUMBER(at_ranges_settings, pictures, "pictures", 1000, 1, 1000000,
              "most of each set, evenly spaced; of its training part only"),
    AT_NUMBER(at_ranges_settings, scenes, "scenes", 300, 1, 1000000,
              "made of them, which the detector is watched on"),
    AT_NUMBER(at_ranges_settings, side, "side", 256, 64, 1024, "of scenes, a multiple of 32"),
    AT_NUMBER(at_ranges_settings, seed, "seed", 1, -1e15, 1e15, "of scenes"),
    AT_FIELDS_END,
};

static const char *wrong_ranges(const void *value)
{
    const at_ranges_settings *s = value;
    return s->side % 32 ? "side must be a multiple of 32" : at_wrong_share(&s->data);
}
const at_fields at_ranges_fields = {ranges_list, sizeof(at_ranges_settings), wrong_ranges};
