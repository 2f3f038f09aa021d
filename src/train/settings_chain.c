#include "train/settings_shared.h"

static const at_field judged_list[] = {
    AT_NEEDED(at_judged_settings, dataset, "dataset", "as `attune eval --help` names it"),
    AT_TEXT(at_judged_settings, folder, "folder", NULL,
            "in the data folder; without: the dataset's name"),
    AT_NEEDED(at_judged_settings, split, "split", "the part"),
    AT_FIELDS_END,
};
static const at_fields judged_fields = {judged_list, sizeof(at_judged_settings), NULL};

static const at_field chain_list[] = {
    AT_HEAD(at_chain_settings, "`chain`: recipes one after the other"),
    AT_LIST(at_chain_settings, step, steps, "steps", NULL, 1,
            "recipes, in order; what is finished is not run again"),
    AT_TEXT(at_chain_settings, model, "model", NULL, "in the output folder, judged at the end"),
    AT_LIST(at_chain_settings, judged, judgements, "evaluate", &judged_fields, 0,
            "parts that the model is judged by, figures in `NAME.results.json`"),
    AT_FIELDS_END,
};

static const char *wrong_chain(const void *value)
{
    const at_chain_settings *s = value;
    return s->judgements && !s->model ? "evaluate needs model" : NULL;
}
const at_fields at_chain_fields = {chain_list, sizeof(at_chain_settings), wrong_chain};
